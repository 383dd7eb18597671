//! A SIP message as an event of its call.

use serde_json::json;
use sidetone_core::event::{CallEvent, EdgeEvent, EventId, Observation, Source, SourceKind};
use sidetone_core::fold::Route;
use sidetone_core::fold::ladder::{Content, Rung, SipLine};
use sidetone_core::id::CallRef;
use sidetone_core::vocabulary::Level;

/// The event. `None` for rungs that are no SIP messages.
#[must_use]
pub fn of(call: CallRef, rung: &Rung, route: &Route) -> Option<CallEvent> {
    let Content::Sip(line) = &rung.content else {
        return None;
    };
    let (from, to) = rung.between?;
    let name = line
        .status()
        .map_or_else(|| line.method.clone(), |status| status.to_string());
    let hop = rung.spot.and_then(|spot| route.hop(spot, from, to));
    let metadata = hop.map(|hop| {
        let (platform, party) = (hop.platform.ip(), hop.party.ip());
        json!({ "twilio_ip": platform, "external_ip": party })
    });
    let data = json!({
        "metadata": metadata.unwrap_or_else(|| json!({})),
        "sip": {
            "cseq": line.cseq,
            "method": line.method,
            "status": line.status(),
            "reason": line.reason,
            "from_ip": from.ip(),
            "to_ip": to.ip(),
            "call_id": line.call_id,
            "retransmission": rung.is_retransmission,
            "agent": rung.agent,
            "seen_by": rung.seen_by,
        },
    });
    Some(CallEvent {
        id: EventId::try_from(format!("sip:{}", rung.position)).ok()?,
        call,
        at: rung.at,
        source: Source {
            kind: SourceKind::Hep,
            agent: None,
            translator: 1,
        },
        observation: Observation::Edge(Box::new(EdgeEvent {
            edge: rung.spot.map(|spot| spot.edge),
            group: "sip".to_owned(),
            name,
            level: Some(level(line)),
            data: Some(data),
            conversation_relay: None,
        })),
    })
}

/// A refusal is worth a look, unless it asks for credentials or was asked for.
fn level(line: &SipLine) -> Level {
    match line.status() {
        None | Some(..=399 | 401 | 407 | 487) => Level::Info,
        Some(_) => Level::Warning,
    }
}
