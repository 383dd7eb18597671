//! What a callback's `From` and `To` tell.

use sidetone_core::facts::PartyFacts;
use sidetone_core::vocabulary::{CallDirection, CallType};

/// The address as it was meant. A space before digits is a `+` that was not escaped; empty says
/// nothing.
pub(super) fn clean(raw: &str) -> Option<String> {
    let text = raw.trim();
    let unescaped_plus =
        raw.starts_with(' ') && text.starts_with(|first: char| first.is_ascii_digit());
    if text.is_empty() {
        None
    } else if unescaped_plus {
        Some(format!("+{text}"))
    } else {
        Some(text.to_owned())
    }
}

/// The kind of call: what the far side is, the caller of an inbound call, the callee of any other.
pub(super) fn call_type(
    direction: Option<CallDirection>,
    from: &PartyFacts,
    to: &PartyFacts,
) -> Option<CallType> {
    let far = match direction? {
        CallDirection::TrunkingOriginating | CallDirection::TrunkingTerminating => {
            return Some(CallType::Trunking);
        }
        CallDirection::Inbound => from,
        CallDirection::OutboundApi | CallDirection::OutboundDial => to,
    };
    let address = far.address.as_deref()?;
    let scheme = address.split_once(':').map(|(scheme, _)| scheme);
    match scheme {
        Some("client") => Some(CallType::Client),
        Some("sip" | "sips") => Some(CallType::Sip),
        Some("whatsapp") => Some(CallType::Whatsapp),
        Some(_) => None,
        None => is_of_the_network(address).then_some(CallType::Carrier),
    }
}

/// Whether only the telephone network has such addresses: a number, a short code, a number kept
/// back.
fn is_of_the_network(address: &str) -> bool {
    let digits = address.strip_prefix('+').unwrap_or(address);
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let kept_back = ["anonymous", "restricted", "unavailable", "unknown"];
    number
        || kept_back
            .iter()
            .any(|word| address.eq_ignore_ascii_case(word))
}
