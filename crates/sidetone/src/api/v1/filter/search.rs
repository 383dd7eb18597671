//! Parameters beyond the original's, to look for calls by what people have in hand: a Call-ID from
//! a trace, somebody's number, the name of a phone.

use sidetone_core::bounds::TEXT_MAX_CHARS;
use sidetone_core::correlate::sip_call_sid;
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::search::USER_AGENT_CHARS;

use crate::web::form::{Invalid, Params};

/// The call that a SIP Call-ID names. There is no white space in a Call-ID: a space is a plus that
/// was not escaped.
pub(super) fn sip_call(params: &Params, account: AccountSid) -> Result<Option<CallSid>, Invalid> {
    let call_id = text_up_to(params, "SipCallId", TEXT_MAX_CHARS)?;
    Ok(call_id.map(|call_id| sip_call_sid(account, &call_id.replace(' ', "+"))))
}

/// A piece of a user agent.
pub(super) fn user_agent(params: &Params) -> Result<Option<String>, Invalid> {
    text_up_to(params, "UserAgent", USER_AGENT_CHARS)
}

/// A number with and without its plus: networks write it both ways. Any other address is only what
/// it is.
pub(super) fn number(params: &Params) -> Result<Vec<String>, Invalid> {
    text_up_to(params, "Number", TEXT_MAX_CHARS)?;
    let mut numbers = party(params, "Number");
    if let [address] = &numbers[..] {
        let digits = address.strip_prefix('+').unwrap_or(address);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            numbers = vec![format!("+{digits}"), digits.to_owned()];
        }
    }
    Ok(numbers)
}

/// A party's address. `From=+1555…` with an unescaped plus arrives with a space in its place.
pub(super) fn party(params: &Params, name: &str) -> Vec<String> {
    let sent = params.untrimmed(name).unwrap_or_default();
    let address = sent.trim();
    if address.is_empty() {
        return Vec::new();
    }
    let lost_plus =
        sent.starts_with(' ') && address.starts_with(|first: char| first.is_ascii_digit());
    vec![if lost_plus {
        format!("+{address}")
    } else {
        address.to_owned()
    }]
}

fn text_up_to(params: &Params, name: &str, chars: usize) -> Result<Option<String>, Invalid> {
    let Some(value) = params.filled(name) else {
        return Ok(None);
    };
    let text = value.text_up_to(chars)?;
    if text.contains(char::is_control) {
        return Err(value.invalid("text without control characters"));
    }
    Ok(Some(text))
}
