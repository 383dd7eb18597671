//! What is known of a call: a sparse record, and the same record with a rank on every field.
//!
//! Sources tell different parts of a call, sometimes the same part differently. Each field is
//! settled on its own: the claim of the highest [`Rank`] wins. Taking a maximum is commutative,
//! associative and idempotent, and that is all the fold needs to give the same result for any
//! order, any duplicates and any split of the events.

mod bounds;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::id::{AccountSid, CallSid, EventKey};
use crate::media::Counters;
use crate::time::TimeUs;
use crate::vocabulary::{
    AnsweredBy, CallDirection, CallState, CallType, EdgeKind, StreamDirection, Tag,
};

/// Which of two claims about the same field holds: the greater one.
///
/// Written as a list, because a state of the fold holds one for every field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(i64, u32, EventKey)", into = "(i64, u32, EventKey)")]
pub struct Rank {
    /// When it was said: the later word corrects the earlier one.
    pub at: TimeUs,
    /// The source's own count of its messages, 0 when not said. Times of callbacks are whole
    /// seconds, and several come within one.
    pub sequence: u32,
    /// Decides between words said at the same time, so that the order is total.
    pub key: EventKey,
}

impl From<Rank> for (i64, u32, EventKey) {
    fn from(rank: Rank) -> Self {
        (rank.at.micros(), rank.sequence, rank.key)
    }
}

impl From<(i64, u32, EventKey)> for Rank {
    fn from((at_us, sequence, key): (i64, u32, EventKey)) -> Self {
        Self {
            at: TimeUs::from_micros(at_us),
            sequence,
            key,
        }
    }
}

/// A value and the rank of whoever said it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim<T> {
    /// Who said it.
    pub rank: Rank,
    /// What was said.
    pub value: T,
}

/// Settles one field, keeping the claim of higher rank.
pub(crate) fn settle<T>(held: &mut Option<Claim<T>>, claim: Option<Claim<T>>) {
    if let Some(claim) = claim
        && held.as_ref().is_none_or(|held| held.rank < claim.rank)
    {
        *held = Some(claim);
    }
}

/// Declares a sparse record and its ranked twin.
macro_rules! facts {
    (
        $(#[$doc:meta])*
        $name:ident, $claims:ident {
            $($(#[$fdoc:meta])* $field:ident: $kind:ty,)*
        }
        nested {
            $($(#[$ndoc:meta])* $nested:ident: $nkind:ident / $nclaims:ident,)*
        }
        maps {
            $($(#[$mdoc:meta])* $map:ident: $mkey:ty => $mkind:ident / $mclaims:ident,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$fdoc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$kind>,)*
            $($(#[$ndoc])* #[serde(deserialize_with = "crate::facts::or_default", skip_serializing_if = "is_default")]
            pub $nested: $nkind,)*
            $($(#[$mdoc])* #[serde(deserialize_with = "crate::facts::or_default", skip_serializing_if = "BTreeMap::is_empty")]
            pub $map: BTreeMap<$mkey, $mkind>,)*
        }

        #[doc = concat!("The settled claims about each field of [`", stringify!($name), "`].")]
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $claims {
            $(#[serde(skip_serializing_if = "Option::is_none")] pub(crate) $field: Option<Claim<$kind>>,)*
            $(#[serde(skip_serializing_if = "is_default")] pub(crate) $nested: $nclaims,)*
            $(#[serde(skip_serializing_if = "BTreeMap::is_empty")] pub(crate) $map: BTreeMap<$mkey, $mclaims>,)*
        }

        impl $name {
            /// This record, with what it leaves open taken from another.
            #[must_use]
            pub fn or(mut self, other: Self) -> Self {
                $(self.$field = self.$field.or(other.$field);)*
                $(self.$nested = self.$nested.or(other.$nested);)*
                $(for (key, facts) in other.$map {
                    let held = self.$map.remove(&key).unwrap_or_default();
                    self.$map.insert(key, held.or(facts));
                })*
                self
            }
        }

        impl $crate::bounds::Bounded for $name {
            fn check(&self) -> Result<(), $crate::bounds::OutOfBounds> {
                $(self.$field.check().map_err(|error| error.within(stringify!($field)))?;)*
                $(self.$nested.check().map_err(|error| error.within(stringify!($nested)))?;)*
                $(self.$map.check().map_err(|error| error.within(stringify!($map)))?;)*
                Ok(())
            }
        }

        impl $claims {
            /// Adds what one source says.
            pub fn add(&mut self, rank: Rank, facts: &$name) {
                $($crate::facts::settle(&mut self.$field, facts.$field.clone().map(|value| Claim { rank, value }));)*
                $(self.$nested.add(rank, &facts.$nested);)*
                $(for (key, facts) in &facts.$map {
                    self.$map.entry(key.clone()).or_default().add(rank, facts);
                })*
                let _ = (rank, facts);
            }

            /// Adds everything settled elsewhere.
            pub fn merge(&mut self, other: Self) {
                $($crate::facts::settle(&mut self.$field, other.$field);)*
                $(self.$nested.merge(other.$nested);)*
                $(for (key, claims) in other.$map {
                    self.$map.entry(key).or_default().merge(claims);
                })*
            }

            /// The record as settled so far.
            #[must_use]
            pub fn facts(&self) -> $name {
                $name {
                    $($field: self.$field.as_ref().map(|claim| claim.value.clone()),)*
                    $($nested: self.$nested.facts(),)*
                    $($map: self.$map.iter().map(|(key, claims)| (key.clone(), claims.facts())).collect(),)*
                }
            }
        }
    };
}

pub(crate) use facts;

/// In JSON, null is none, of whatever.
pub(crate) fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

facts! {
    /// Everything that can be known of a call as a whole.
    CallFacts, CallClaims {
        /// The call that dialled this one.
        parent: CallSid,
        /// The parent's account, where it differs.
        parent_account: AccountSid,
        /// What kind of call it is.
        call_type: CallType,
        /// How far it got. Reported; what progress shows is derived by the fold.
        state: CallState,
        /// Which way it went.
        direction: CallDirection,
        /// What answering machine detection found.
        answered_by: AnsweredBy,
        /// When the call was asked for; before `started_at` when it had to wait.
        created_at: TimeUs,
        /// When signalling began.
        started_at: TimeUs,
        /// When it was answered.
        answered_at: TimeUs,
        /// When it ended.
        ended_at: TimeUs,
        /// Start to end, whole seconds.
        duration_s: u64,
        /// Answer to end, whole seconds.
        connect_duration_s: u64,
        /// Post-dial delay: first INVITE to first 18x, ms.
        pdd_ms: u64,
        /// Last SIP response code, 100–699.
        last_sip_response: u16,
        /// ITU-T Q.850 cause, 0–127.
        q850_cause: u8,
        /// Who hung up: `caller`, `callee`; a source's own word otherwise.
        disconnected_by: String,
        /// Time spent waiting to be dialled, ms.
        queue_time_ms: u64,
        /// Whether its media came mainly from a conference.
        conference_participant: bool,
        /// Tags found elsewhere (an imported summary).
        tags: Vec<Tag>,
        /// Voice-agent sessions, as reported.
        agent_sessions: Value,
    }
    nested {
        /// The calling side.
        from: PartyFacts / PartyClaims,
        /// The called side.
        to: PartyFacts / PartyClaims,
        /// What is known of the caller's identity and its presentation.
        trust: TrustFacts / TrustClaims,
    }
    maps {
        /// What each edge said of itself.
        edges: EdgeKind => EdgeFacts / EdgeClaims,
    }
}

facts! {
    /// One side of a call.
    PartyFacts, PartyClaims {
        /// Number in E.164, SIP URI or client name.
        address: String,
        /// Name of the carrier.
        carrier: String,
        /// `landline`, `mobile`, `voip`, `sip_interface`, … An open set.
        connection: String,
        /// ISO 3166-1 alpha-2, upper case.
        country_code: String,
        /// Region of a country.
        country_subdivision: String,
        /// City.
        city: String,
        /// Degrees north, −90 to 90.
        latitude: f64,
        /// Degrees east, −180 to 180.
        longitude: f64,
        /// Where the media or signalling came from.
        ip_address: String,
        /// Country calling code and three more digits, no `+`.
        number_prefix: String,
        /// The SDK: type, version, platform, browser, os, device, engine.
        sdk: Value,
    }
    nested {}
    maps {}
}

facts! {
    /// Caller verification, branding and registration.
    TrustFacts, TrustClaims {
        /// A verification service vouched for the caller (STIR/SHAKEN), or the signature of an
        /// attestation was checked.
        verified_caller: bool,
        /// `A`, `B` or `C` (RFC 8588): what the signer of the call claims. Seen, which is not
        /// verified.
        attestation: String,
        /// The caller's number in that claim.
        attested_caller: String,
        /// Where the call entered the signer's network.
        attestation_origin: String,
        /// Whether its signature holds by a configured certificate.
        attestation_verified: bool,
        /// What a verification service found, in its own word (`TN-Validation-Passed`, …).
        verstat: String,
        /// The call was branded.
        branded_enabled: bool,
        /// Name shown.
        branded_display_name: String,
        /// Long name shown.
        branded_long_display_name: String,
        /// Its bundle.
        branded_bundle_sid: String,
        /// A logo was shown.
        branded_logo: bool,
        /// `in_band` or `out_of_band`.
        branded_type: String,
        /// What the brand uses calls for.
        branded_use_case: String,
        /// Why it called.
        branded_call_reason: String,
        /// Older shape: the branded caller.
        branded_caller: String,
        /// Older shape: channel.
        branded_channel_sid: String,
        /// Older shape: business.
        branded_business_sid: String,
        /// Older shape: brand.
        branded_brand_sid: String,
        /// Business profile.
        business_bundle_sid: String,
        /// `direct_customer` or `isv_reseller_or_partner`.
        business_identity: String,
        /// Industry.
        business_industry: String,
        /// `primary`, `secondary`, …
        business_type: String,
        /// The number is registered with analytics providers.
        voice_integrity_enabled: bool,
        /// Its bundle.
        voice_integrity_bundle_sid: String,
        /// Its use case.
        voice_integrity_use_case: String,
    }
    nested {}
    maps {}
}

facts! {
    /// One edge: what it is, and totals it reports for the whole call.
    EdgeFacts, EdgeClaims {
        /// Which way the call went, seen from the edge.
        direction: StreamDirection,
        /// Where media ran.
        media_region: String,
        /// Where signalling ran.
        signaling_region: String,
        /// City of the edge.
        edge_location: String,
        /// ITU-T Q.850 cause at this edge.
        q850_cause: u8,
        /// The edge's own media address.
        media_ip: String,
        /// The edge's own signalling address.
        signaling_ip: String,
        /// The other side's media address.
        external_media_ip: String,
        /// The other side's signalling address.
        external_signaling_ip: String,
        /// SIP Call-ID.
        sip_call_id: String,
        /// Final SIP response at this edge, 200–699.
        sip_response: u16,
        /// SIP User-Agent.
        user_agent: String,
        /// The trunk.
        trunk_sid: String,
        /// Region asked for.
        selected_region: String,
        /// Region used.
        region: String,
        /// Who hung up, as this edge saw it.
        disconnected_by: String,
        /// SDK settings (`dscp`, `ice_restart_enabled`, `edge`, `selected_edges`).
        settings: Value,
        /// Totals of the inbound stream, reported whole.
        inbound: Counters,
        /// Totals of the outbound stream, reported whole.
        outbound: Counters,
        /// SDK event counts, reported whole (`levels`, `groups`, `errors`, `feedback`).
        events: Value,
        /// Tags of the edge, reported whole.
        tags: Vec<Tag>,
    }
    nested {}
    maps {}
}
