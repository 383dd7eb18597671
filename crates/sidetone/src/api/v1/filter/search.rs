//! Parameters beyond the original's, to look for calls by what people have in hand: a Call-ID from
//! a trace, somebody's number, the name of a phone, an incident.

use sidetone_core::annotation;
use sidetone_core::bounds::TEXT_MAX_CHARS;
use sidetone_core::correlate::sip_call_sid;
use sidetone_core::filter::{Needle, SummaryFilter};
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::search::{USER_AGENT_CHARS, identity};

use super::choice::Choice;
use crate::web::form::{Invalid, Params, Value};

/// Reads what is looked for.
///
/// # Errors
/// When a value cannot be found.
pub(super) fn read(params: &Params, filter: &mut SummaryFilter) -> Result<(), Invalid> {
    let account = filter.account;
    // There is no white space in a Call-ID: a space is a plus that was not escaped.
    let call_id = |value: Value<'_>| {
        let call_id = text_up_to(value, TEXT_MAX_CHARS)?.replace(' ', "+");
        Ok(vec![sip_call_sid(account, &call_id)])
    };
    Choice::of_texts(params, "SipCallId", call_id)?.put(filter, |filter| &mut filter.sip_call);
    Choice::of_lists(params, "CallSids", call_sid)?.put(filter, |filter| &mut filter.call_sid);
    Choice::of_lists(params, "ParentCallSid", call_sid)?.put(filter, |filter| &mut filter.parent);
    let party = |value: Value<'_>| Ok(vec![party(value)]);
    Choice::of_untrimmed(params, "From", party)?.put(filter, |filter| &mut filter.from);
    Choice::of_untrimmed(params, "To", party)?.put(filter, |filter| &mut filter.to);
    Choice::of_untrimmed(params, "Number", number)?.put(filter, |filter| &mut filter.number);
    Choice::of_texts(params, "Agent", agent)?.put(filter, |filter| &mut filter.agent);
    let up_to = |chars| move |value: Value<'_>| Ok(vec![text_up_to(value, chars)?]);
    Choice::of_texts(params, "UserAgent", up_to(USER_AGENT_CHARS))?
        .put(filter, |filter| &mut filter.user_agent);
    let said = || up_to(annotation::TEXT_MAX_CHARS);
    Choice::of_texts(params, "Comment", said())?.put(filter, |filter| &mut filter.comment);
    Choice::of_texts(params, "Incident", said())?.put(filter, |filter| &mut filter.incident);
    Choice::of_texts(params, "Codec", |value| {
        Ok(vec![text_up_to(value, TEXT_MAX_CHARS)?.to_lowercase()])
    })?
    .put(filter, |filter| &mut filter.codec);
    if let Some(value) = params.filled("Q") {
        let text = text_up_to(value, TEXT_MAX_CHARS)?;
        filter.needle = Some(needle(&text, account));
    }
    Ok(())
}

/// What a text can be that somebody has in hand: the name of one call, else a number or another
/// party, a Call-ID, an incident or words of a comment, whichever there is.
fn needle(text: &str, account: AccountSid) -> Needle {
    if let Ok(sid) = text.parse() {
        let calls = vec![sid];
        return Needle {
            calls,
            ..Needle::default()
        };
    }
    // As people write numbers.
    let bare = text.replace([' ', '-', '(', ')', '.', '/'], "");
    let digits = bare.strip_prefix('+').unwrap_or(&bare);
    let is_number = digits.len() >= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let mut parties = vec![if is_number { digits } else { identity(text) }.to_owned()];
    if !text.contains(':') {
        parties.push(format!("client:{text}"));
    }
    let is_word = !text.contains(char::is_whitespace);
    let is_fragment = (3..=annotation::TEXT_MAX_CHARS).contains(&text.chars().count());
    Needle {
        parties,
        calls: is_word
            .then(|| sip_call_sid(account, text))
            .into_iter()
            .collect(),
        incident: Some(text.to_owned()),
        comment: is_fragment.then(|| text.to_owned()),
    }
}

fn call_sid(value: Value<'_>) -> Result<CallSid, Invalid> {
    let sid = value.text.parse();
    sid.map_err(|_| value.invalid("CA and 32 hexadecimal digits"))
}

/// A number with and without its plus: networks write it both ways. Any other address is only what
/// it is.
fn number(value: Value<'_>) -> Result<Vec<String>, Invalid> {
    text_up_to(value, TEXT_MAX_CHARS)?;
    let address = party(value);
    let digits = address.strip_prefix('+').unwrap_or(&address);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(vec![format!("+{digits}"), digits.to_owned()]);
    }
    Ok(vec![address])
}

/// A party's address. `From=+1555…` with an unescaped plus arrives with a space in its place.
fn party(value: Value<'_>) -> String {
    let address = value.text.trim();
    let lost_plus =
        value.text.starts_with(' ') && address.starts_with(|first: char| first.is_ascii_digit());
    if lost_plus {
        format!("+{address}")
    } else {
        address.to_owned()
    }
}

/// Whom an address names. A bare name is that of a SIP user, an extension or a client.
fn agent(value: Value<'_>) -> Result<Vec<String>, Invalid> {
    let text = text_up_to(value, TEXT_MAX_CHARS)?;
    Ok(if text.contains(':') {
        vec![identity(&text).to_owned()]
    } else {
        let user = text.split_once('@').map_or(&*text, |(user, _)| user);
        vec![identity(user).to_owned(), format!("client:{text}")]
    })
}

fn text_up_to(value: Value<'_>, chars: usize) -> Result<String, Invalid> {
    let text = value.text_up_to(chars)?;
    if text.contains(char::is_control) {
        return Err(value.invalid("text without control characters"));
    }
    Ok(text)
}
