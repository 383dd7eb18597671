//! Records of legs by `mod_json_cdr` of `FreeSWITCH`: one each, posted when the leg ends.
//!
//! The leg is the call that its SIP Call-ID names, so that it is the same call a capture agent saw;
//! without one (verto, loopback) its own UUID names it. The leg that dialled it is its parent: by
//! the Call-ID that the dialplan exported as `sidetone_parent_call_id`, else by its UUID.

use std::net::IpAddr;

use serde_json::Value;
use sidetone_core::bounds::{NAME_MAX_CHARS, TEXT_MAX_CHARS};
use sidetone_core::event::{SourceKind, Step};
use sidetone_core::facts::{CallFacts, EdgeFacts, PartyFacts};
use sidetone_core::media::{Counters, Stat};
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{CallDirection, CallType, EdgeKind, MosMethod, StreamDirection};

use super::{Decoded, Record, checked, epoch_us, mos, reading};
use crate::cdr::freeswitch::Record as Body;
use crate::error::DecodeError;
use crate::identity::CallName;
use crate::loose::Object;
use crate::observed::Observed;
use crate::translate::{cut, source};

/// Reads and translates a body.
///
/// # Errors
/// When it is no record, or names no call.
pub fn decode(body: &[u8], received_at: TimeUs) -> Result<Decoded, DecodeError> {
    let record = Body::decode(body)?;
    Ok(Decoded {
        observed: translate(&record, received_at)?,
        repairs: record.repairs(),
    })
}

/// Translates a record: at least the step that ended the leg. What has no time happened when it was
/// received.
///
/// # Errors
/// When it names no call, or something is out of bounds.
pub fn translate(body: &Body, received_at: TimeUs) -> Result<Vec<Observed>, DecodeError> {
    let leg = Leg::of(body)?;
    let mut observed = Vec::new();
    for (step, at) in [
        (Step::Initiated, leg.time("start_uepoch")),
        (Step::Ringing, leg.ringing_at()),
        (Step::Answered, leg.time("answer_uepoch")),
    ] {
        if let Some(at) = at {
            observed.push(leg.record.progress(step, at, CallFacts::default()));
        }
    }
    let ended_at = leg.time("end_uepoch").unwrap_or(received_at);
    let step = leg.ending();
    observed.push(leg.record.progress(step, ended_at, leg.facts()));
    for (direction, counters) in [
        (StreamDirection::Inbound, leg.received()),
        (StreamDirection::Outbound, leg.sent()),
    ] {
        if let Some(counters) = counters {
            observed.push(leg.record.media(direction, None, counters, ended_at));
        }
    }
    checked(observed)
}

/// A leg whose name is known.
struct Leg<'a> {
    record: Record,
    whole: Object<'a>,
    variables: Object<'a>,
    /// How the leg was last seen by the dialplan (`callflow` begins with the latest).
    profile: Object<'a>,
}

impl<'a> Leg<'a> {
    fn of(body: &'a Body) -> Result<Self, DecodeError> {
        const EXPECTED: &str = "the UUID of the leg, or its SIP Call-ID";
        let whole = Object::of_members(body.members());
        let variables = whole.object("variables");
        let profile = whole
            .value("callflow")
            .and_then(Value::as_array)
            .map_or(Object::of(None), |flow| Object::of(flow.first()))
            .object("caller_profile");
        let named = |key: &str| variables.str(key).and_then(CallName::parse);
        let uuid = variables.str("uuid").or_else(|| profile.str("uuid"));
        let by_call_id = |key: &str| variables.str(key).and_then(CallName::of_call_id);
        let call = by_call_id("sip_call_id")
            .or_else(|| uuid.and_then(CallName::parse))
            .ok_or_else(|| DecodeError::missing("variables.uuid", EXPECTED))?;
        let name = uuid.map_or_else(|| call.to_string(), str::to_owned);
        let parent =
            by_call_id("sidetone_parent_call_id").or_else(|| named("originating_leg_uuid"));
        let agent = whole
            .text("switchname")
            .map(|name| cut(name, NAME_MAX_CHARS));
        Ok(Self {
            record: Record {
                parent: parent.filter(|parent| *parent != call),
                call,
                name,
                source: source(SourceKind::FreeSwitch, agent),
            },
            whole,
            variables,
            profile,
        })
    }

    fn time(&self, key: &str) -> Option<TimeUs> {
        self.variables.whole(key).and_then(epoch_us)
    }

    /// The first 18x: without a body, or with one.
    fn ringing_at(&self) -> Option<TimeUs> {
        let ringing = self.time("progress_uepoch");
        let early_media = self.time("progress_media_uepoch");
        ringing.into_iter().chain(early_media).min()
    }

    fn text(&self, key: &str) -> Option<String> {
        let text = self.variables.text(key)?;
        Some(cut(text, TEXT_MAX_CHARS))
    }

    /// The first of some variables that is there.
    fn any(&self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| self.text(key))
    }

    fn profiled(&self, key: &str) -> Option<String> {
        let text = self.profile.text(key)?;
        Some(cut(text, TEXT_MAX_CHARS))
    }

    /// Whether the telephone at this leg is the caller.
    fn is_inbound(&self) -> Option<bool> {
        match self.variables.str("direction")? {
            "inbound" => Some(true),
            "outbound" => Some(false),
            _ => None,
        }
    }

    fn direction(&self) -> Option<CallDirection> {
        Some(match (self.is_inbound()?, &self.record.parent) {
            (true, _) => CallDirection::Inbound,
            (false, Some(_)) => CallDirection::OutboundDial,
            (false, None) => CallDirection::OutboundApi,
        })
    }

    /// The step that ended the leg.
    fn ending(&self) -> Step {
        if self.time("answer_uepoch").is_some() {
            return Step::Completed;
        }
        match self.variables.str("hangup_cause").unwrap_or_default() {
            "USER_BUSY" => Step::Busy,
            "NO_ANSWER" | "NO_USER_RESPONSE" | "ALLOTTED_TIMEOUT" | "PROGRESS_TIMEOUT"
            | "MEDIA_TIMEOUT" => Step::NoAnswer,
            // Of several telephones that rang, another was answered.
            "ORIGINATOR_CANCEL" | "LOSE_RACE" | "PICKED_OFF" => Step::Canceled,
            _ => match self.sip_response() {
                Some(486 | 600) => Step::Busy,
                Some(408 | 480) => Step::NoAnswer,
                Some(487) => Step::Canceled,
                _ => Step::Failed,
            },
        }
    }

    fn sip_response(&self) -> Option<u16> {
        let variables = self.variables;
        let cause = variables
            .str("proto_specific_hangup_cause")
            .and_then(|cause| cause.strip_prefix("sip:")?.parse().ok());
        variables
            .narrow("sip_term_status")
            .or(cause)
            .or_else(|| variables.narrow("sip_invite_failure_status"))
            .filter(|code| (100..=699).contains(code))
    }

    /// Who ended it: the telephone at this leg (`recv_…`), or whoever is beyond the switch, or the
    /// switch (`send_…`).
    fn disconnected_by(&self) -> Option<String> {
        let by_telephone = match self.variables.str("sip_hangup_disposition")? {
            "recv_bye" | "recv_cancel" | "recv_refuse" => true,
            "send_bye" | "send_cancel" | "send_refuse" => false,
            _ => return None,
        };
        let by_caller = by_telephone == self.is_inbound()?;
        Some(if by_caller { "caller" } else { "callee" }.to_owned())
    }

    fn facts(&self) -> CallFacts {
        let mut facts = CallFacts {
            call_type: Some(CallType::Sip),
            direction: self.direction(),
            started_at: self.time("start_uepoch"),
            answered_at: self.time("answer_uepoch"),
            ended_at: self.time("end_uepoch"),
            last_sip_response: self.sip_response(),
            q850_cause: self
                .variables
                .narrow("hangup_cause_q850")
                .filter(|cause| (1..=127).contains(cause)),
            disconnected_by: self.disconnected_by(),
            from: self.party(self.caller()),
            to: self.party(self.callee()),
            ..CallFacts::default()
        };
        let telephone = match self.is_inbound() {
            Some(true) => Some(&mut facts.from),
            Some(false) => Some(&mut facts.to),
            None => None,
        };
        if let Some(telephone) = telephone {
            telephone.ip_address = self.address("sip_network_ip");
        }
        facts.edges.insert(EdgeKind::Sip, self.edge());
        facts
    }

    fn caller(&self) -> Option<String> {
        if self.is_inbound() == Some(false) {
            // The user part of From may be that of a gateway's registration.
            return self
                .any(&["origination_caller_id_number", "caller_id_number"])
                .or_else(|| self.profiled("caller_id_number"))
                .or_else(|| self.text("sip_from_user"));
        }
        self.any(&["caller_id_number", "sip_from_user"])
            .or_else(|| self.profiled("caller_id_number"))
    }

    fn callee(&self) -> Option<String> {
        self.any(&["sip_req_user", "sip_to_user", "destination_number"])
            .or_else(|| self.profiled("destination_number"))
    }

    fn party(&self, address: Option<String>) -> PartyFacts {
        PartyFacts {
            address,
            ..PartyFacts::default()
        }
    }

    /// An address that is one.
    fn address(&self, key: &str) -> Option<String> {
        let address: IpAddr = self.variables.str(key)?.parse().ok()?;
        Some(address.to_canonical().to_string())
    }

    fn edge(&self) -> EdgeFacts {
        EdgeFacts {
            direction: self.is_inbound().map(|inbound| match inbound {
                true => StreamDirection::Inbound,
                false => StreamDirection::Outbound,
            }),
            sip_call_id: self.text("sip_call_id"),
            user_agent: self.text("sip_user_agent"),
            media_ip: self.address("local_media_ip"),
            external_media_ip: self.address("remote_media_ip"),
            external_signaling_ip: self.address("sip_network_ip"),
            ..EdgeFacts::default()
        }
    }

    /// A figure of the audio: among the variables, else in `callStats`.
    fn audio(&self, way: Way, figure: &str) -> Option<f64> {
        let (prefix, name) = match way {
            Way::In => ("rtp_audio_in_", "inbound"),
            Way::Out => ("rtp_audio_out_", "outbound"),
        };
        let stats = self.whole.object("callStats").object("audio").object(name);
        self.variables
            .number(&format!("{prefix}{figure}"))
            .or_else(|| stats.number(figure))
    }

    fn count(&self, way: Way, figure: &str) -> Option<u64> {
        self.audio(way, figure).and_then(crate::loose::rounded)
    }

    fn codec(&self, keys: &[&str]) -> Option<String> {
        let name = self.any(keys)?;
        Some(cut(name, NAME_MAX_CHARS).to_ascii_lowercase())
    }

    /// What the switch received. Without a single packet it reports a perfect score, and counts as
    /// skipped every moment it waited for one: those are no measurements.
    fn received(&self) -> Option<Counters> {
        let packets = self.count(Way::In, "packet_count")?;
        if packets == 0 {
            return self.was_answered().then(|| Counters {
                packets_received: Some(0),
                ..Counters::default()
            });
        }
        let score = self.audio(Way::In, "mos").and_then(mos);
        // A variance of arrivals, in ms²: its root is comparable with other sources' jitter, if not
        // the same.
        let jitter = |figure: &str| self.audio(Way::In, figure).map(f64::sqrt).and_then(reading);
        let jitter = Stat {
            min: jitter("jitter_min_variance"),
            max: jitter("jitter_max_variance"),
            ..Stat::default()
        };
        Some(Counters {
            codec_name: self.codec(&["read_codec", "rtp_use_codec_name"]),
            packets_received: Some(packets),
            packets_lost: self
                .count(Way::In, "skip_packet_count")
                .and_then(|lost| i64::try_from(lost).ok()),
            bytes_received: self.count(Way::In, "media_bytes"),
            jitter_ms: (jitter != Stat::default()).then_some(jitter),
            mos: score.map(|score| Stat {
                value: Some(score),
                ..Stat::default()
            }),
            mos_method: score.map(|_| MosMethod::Reported),
            ..Counters::default()
        })
    }

    fn sent(&self) -> Option<Counters> {
        let packets = self.count(Way::Out, "packet_count")?;
        if packets == 0 && !self.was_answered() {
            return None;
        }
        Some(Counters {
            codec_name: self.codec(&["write_codec", "rtp_use_codec_name"]),
            packets_sent: Some(packets),
            bytes_sent: self.count(Way::Out, "media_bytes"),
            ..Counters::default()
        })
    }

    fn was_answered(&self) -> bool {
        self.time("answer_uepoch").is_some()
    }
}

/// Which way media went, seen from the switch.
#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}
