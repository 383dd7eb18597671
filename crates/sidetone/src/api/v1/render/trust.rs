//! `trust`, in its newest shape and in the older one (`branded_call`), both where they are known.

use serde::Serialize;
use sidetone_core::facts::TrustFacts;

/// Caller verification, branding and registration.
#[derive(Debug, Serialize)]
pub struct Trust<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_caller: Option<VerifiedCaller>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attestation: Option<Attestation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branded: Option<Branded<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branded_call: Option<BrandedCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    business_profile: Option<BusinessProfile<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice_integrity: Option<VoiceIntegrity<'a>>,
}

#[derive(Debug, Serialize)]
struct VerifiedCaller {
    verified: bool,
}

/// What the signer of the call claims of the caller (RFC 8588), and what became of the claim. Ours.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Attestation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verstat: Option<&'a str>,
}

#[derive(Debug, Default, PartialEq, Serialize)]
struct Branded<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    long_display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle_sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<bool>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_case: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_reason: Option<&'a str>,
}

#[derive(Debug, Default, PartialEq, Serialize)]
struct BrandedCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    branded: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_case: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branded_channel_sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    business_sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand_sid: Option<&'a str>,
}

#[derive(Debug, Default, PartialEq, Serialize)]
struct BusinessProfile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle_sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    industry: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
}

#[derive(Debug, Default, PartialEq, Serialize)]
struct VoiceIntegrity<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle_sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_case: Option<&'a str>,
}

impl<'a> Trust<'a> {
    /// `None` when nothing is known.
    #[must_use]
    pub fn of(facts: &'a TrustFacts) -> Option<Self> {
        if *facts == TrustFacts::default() {
            return None;
        }
        Some(Self {
            verified_caller: facts
                .verified_caller
                .map(|verified| VerifiedCaller { verified }),
            attestation: known(Attestation {
                level: facts.attestation.as_deref(),
                caller: facts.attested_caller.as_deref(),
                origin_id: facts.attestation_origin.as_deref(),
                verified: facts.attestation_verified,
                verstat: facts.verstat.as_deref(),
            }),
            branded: known(Branded {
                enabled: facts.branded_enabled,
                display_name: facts.branded_display_name.as_deref(),
                long_display_name: facts.branded_long_display_name.as_deref(),
                bundle_sid: facts.branded_bundle_sid.as_deref(),
                logo: facts.branded_logo,
                kind: facts.branded_type.as_deref(),
                use_case: facts.branded_use_case.as_deref(),
                call_reason: facts.branded_call_reason.as_deref(),
            }),
            branded_call: known(BrandedCall {
                branded: facts.branded_enabled,
                caller: facts.branded_caller.as_deref(),
                use_case: facts.branded_use_case.as_deref(),
                branded_channel_sid: facts.branded_channel_sid.as_deref(),
                business_sid: facts.branded_business_sid.as_deref(),
                brand_sid: facts.branded_brand_sid.as_deref(),
            }),
            business_profile: known(BusinessProfile {
                bundle_sid: facts.business_bundle_sid.as_deref(),
                identity: facts.business_identity.as_deref(),
                industry: facts.business_industry.as_deref(),
                kind: facts.business_type.as_deref(),
            }),
            voice_integrity: known(VoiceIntegrity {
                enabled: facts.voice_integrity_enabled,
                bundle_sid: facts.voice_integrity_bundle_sid.as_deref(),
                use_case: facts.voice_integrity_use_case.as_deref(),
            }),
        })
    }
}

/// The part, unless nothing of it is known.
fn known<T: Default + PartialEq>(part: T) -> Option<T> {
    (part != T::default()).then_some(part)
}
