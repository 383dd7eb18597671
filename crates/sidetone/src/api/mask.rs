//! Telephone numbers in answers, for whoever may not see them.
//!
//! Every text of an answer is looked at, whatever its name: a field that is added some day is masked
//! before anybody thinks of it. What is surely none is let through: identifiers, times, addresses of
//! machines, our own URLs. Parties are masked whole, also those that are called by a name.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use sidetone_core::id::ReportId;
use sidetone_core::time::{TimeUs, parse_day};

/// What stands for a digit that is not shown, and three of it for a name.
const DOT: char = '•';
/// Fields that hold a party, or are one.
const PARTIES: [&str; 10] = [
    "caller",
    "callee",
    "called",
    "from",
    "to",
    "uri",
    "handle",
    "number",
    "phone_number",
    // What a masked number does not show of it would be one digit less to guess.
    "number_prefix",
];
/// Fields that hold what was sent between machines, whole.
const RAW: &str = "raw";
/// What URIs of parties begin with.
const SCHEMES: [&str; 6] = ["sips:", "sip:", "tel:", "client:", "whatsapp:", "user:"];
/// Digits in a text that are a number: so many side by side, or so many with separators.
const TOGETHER_MIN: usize = 6;
const APART_MIN: usize = 7;
/// Most separators between two digits of a number.
const SEPARATORS_MAX: usize = 3;

/// Where in a JSON document a text stands.
#[derive(Debug, Clone, Default)]
struct Place {
    /// The name that it is the value of, or that its array is.
    name: String,
    /// The name of the object around it.
    within: String,
}

/// JSON with every number in it masked, else byte for byte as it was. `base`: what our own URLs
/// begin with. `None`: it is no JSON.
#[must_use]
pub fn json(json: &[u8], base: &str) -> Option<Vec<u8>> {
    json_with(json, base, &|text| Some(party(text)))
}

/// The same with something else in the place of parties. `None` of it: nothing.
pub fn json_with(
    json: &[u8],
    base: &str,
    instead: &dyn Fn(&str) -> Option<String>,
) -> Option<Vec<u8>> {
    let mut masked = Vec::with_capacity(json.len());
    let mut around: Vec<Place> = Vec::new();
    let mut place = Place::default();
    let mut rest = json;
    while let [byte, tail @ ..] = rest {
        let token = match byte {
            b'"' => string(rest)?,
            b'-' | b'0'..=b'9' => number(rest),
            _ => {
                match byte {
                    b'{' | b'[' => {
                        around.push(place.clone());
                        if *byte == b'{' {
                            place.within = std::mem::take(&mut place.name);
                        }
                    }
                    b'}' | b']' => place = around.pop()?,
                    _ => {}
                }
                masked.push(*byte);
                rest = tail;
                continue;
            }
        };
        rest = &rest[token.len()..];
        if *byte != b'"' {
            // No party is a JSON number, unless another system told it so.
            match is_party(&place.name.to_lowercase()) {
                true => write_party(&mut masked, instead(std::str::from_utf8(token).ok()?)),
                false => masked.extend_from_slice(token),
            }
            continue;
        }
        let text: String = serde_json::from_slice(token).ok()?;
        let is_name = rest.trim_ascii_start().first() == Some(&b':');
        let shown = if is_name {
            Some(in_text(&text))
        } else {
            value(&place, &text, base)
        };
        match &shown {
            Some(Cow::Borrowed(same)) if *same == text => masked.extend_from_slice(token),
            Some(other) => write(&mut masked, other),
            None => write_party(&mut masked, instead(&text)),
        }
        if is_name {
            place.name = text;
        }
    }
    around.is_empty().then_some(masked)
}

fn write_party(json: &mut Vec<u8>, party: Option<String>) {
    match party {
        Some(party) => write(json, &party),
        None => json.extend_from_slice(b"null"),
    }
}

fn write(json: &mut Vec<u8>, text: &str) {
    // A string is always JSON.
    let _ = serde_json::to_writer(json, text);
}

/// The string that begins here, with its quotes.
fn string(json: &[u8]) -> Option<&[u8]> {
    let mut at = 1;
    loop {
        match json.get(at)? {
            b'"' => return json.get(..=at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The number that begins here.
fn number(json: &[u8]) -> &[u8] {
    let is_of = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let end = json.iter().position(|byte| !is_of(byte));
    &json[..end.unwrap_or(json.len())]
}

/// What is shown of a text. `None`: it is a party.
fn value<'a>(place: &Place, text: &'a str, base: &str) -> Option<Cow<'a, str>> {
    let name = place.name.to_lowercase();
    let is_link = name == "url" || name.ends_with("_url") || place.within == "links";
    let is_ours = is_link && !base.is_empty() && text.starts_with(base);
    let is_cursor = name == "cursor" && text.starts_with("PT");
    let is_day = (name == "day" || name.ends_with("_date")) && parse_day(text).is_some();
    if is_ours || is_cursor || is_day || is_no_number(text) {
        Some(text.into())
    } else if name == RAW {
        Some(DOT.to_string().repeat(3).into())
    } else if is_party(&name) {
        None
    } else {
        Some(in_text(text))
    }
}

fn is_party(name: &str) -> bool {
    PARTIES.contains(&name)
}

/// Whether a text is as a whole something else than a number.
fn is_no_number(text: &str) -> bool {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    // Identifiers: 128 bits or more in hexadecimal, with two letters before them.
    let is_sid = text.len() == 34
        && text.is_char_boundary(2)
        && text[..2].bytes().all(|byte| byte.is_ascii_uppercase())
        && is_hex(&text[2..]);
    // Without a letter it could be numbers, one after another.
    let has_letter = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_digest = text.len() >= 32 && has_letter && is_hex(text);
    let is_uuid = text.len() == 36
        && has_letter
        && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && text.split('-').all(is_hex);
    is_sid
        || is_digest
        || is_uuid
        || text.parse::<IpAddr>().is_ok()
        || text.parse::<SocketAddr>().is_ok()
        || TimeUs::parse_rfc3339(text).is_some()
        || text.parse::<ReportId>().is_ok()
}

/// A party: a number, a URI or a name.
#[must_use]
pub fn party(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let scheme = SCHEMES.iter().find(|scheme| lower.starts_with(*scheme));
    let (scheme, rest) = text.split_at(scheme.map_or(0, |scheme| scheme.len()));
    // Parameters may repeat the number.
    let rest = rest.split([';', '?']).next().unwrap_or_default();
    let (user, host) = match rest.rsplit_once('@') {
        Some((user, host)) => (user, Some(host)),
        None => (rest, None),
    };
    let is_number = user.chars().any(char::is_numeric)
        && user
            .chars()
            .all(|char| char.is_numeric() || "+-.()/*# \u{a0}".contains(char));
    let user = if is_number {
        digits(user)
    } else {
        let mut name: String = user
            .chars()
            .take(1)
            .filter(|char| !char.is_numeric())
            .collect();
        if !user.is_empty() {
            name.extend([DOT; 3]);
        }
        name
    };
    match host {
        Some(host) => format!("{scheme}{user}@{}", in_text(host)),
        None => format!("{scheme}{user}"),
    }
}

/// A number: its country and a little more, and the last two digits; of a short one less or nothing.
fn digits(number: &str) -> String {
    let all: Vec<char> = number.chars().filter(|char| char.is_numeric()).collect();
    let last = if all.len() >= APART_MIN { 2 } else { 0 };
    let first = all.len().saturating_sub(APART_MIN).min(4);
    let mut masked = String::from(if number.trim_start().starts_with('+') {
        "+"
    } else {
        ""
    });
    masked.extend(&all[..first]);
    masked.extend(std::iter::repeat_n(DOT, all.len() - first - last));
    masked.extend(&all[all.len() - last..]);
    masked
}

/// A text of which nothing is known: as a whole it may be something else than a number.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    if is_no_number(text) {
        text.into()
    } else {
        in_text(text)
    }
}

/// A text with the numbers and the URIs of parties in it masked.
#[must_use]
pub fn in_text(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    let next = |from: usize| {
        let found = SCHEMES
            .iter()
            .filter_map(|scheme| lower[from..].find(scheme));
        found.min().map(|at| from + at)
    };
    let Some(mut begin) = next(0) else {
        return numbers(text);
    };
    let (mut masked, mut at) = (String::new(), 0);
    loop {
        masked.push_str(&numbers(&text[at..begin]));
        let ends = |char: char| char.is_whitespace() || "<>\"',".contains(char);
        let end = text[begin..]
            .find(ends)
            .map_or(text.len(), |length| begin + length);
        masked.push_str(&party(&text[begin..end]));
        at = end;
        match next(at) {
            Some(next) => begin = next,
            None => break,
        }
    }
    masked.push_str(&numbers(&text[at..]));
    masked.into()
}

fn numbers(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find(char::is_numeric) {
        let run = run(&rest[begin..]);
        let begin = begin - usize::from(rest[..begin].ends_with('+'));
        let (before, found) = rest.split_at(begin);
        let (found, after) = found.split_at(run + usize::from(found.starts_with('+')));
        masked.push_str(before);
        if is_number(found) {
            masked.push_str(&digits(found));
        } else {
            masked.push_str(found);
        }
        rest = after;
    }
    if masked.is_empty() {
        return rest.into();
    }
    masked.push_str(rest);
    masked.into()
}

/// How long the digits that a text begins with are, with what separates them.
fn run(text: &str) -> usize {
    let (mut end, mut separators) = (0, 0);
    for (at, char) in text.char_indices() {
        if char.is_numeric() {
            (end, separators) = (at + char.len_utf8(), 0);
        } else if separates(char) && separators < SEPARATORS_MAX {
            separators += 1;
        } else {
            break;
        }
    }
    end
}

/// Whether people write a character between the digits of a number: spaces and dashes of all lengths.
fn separates(char: char) -> bool {
    matches!(
        char,
        '-' | '.' | '(' | ')' | '/' | '_' | '~' | '·' | '\u{2010}'..='\u{2015}' | '\u{2212}'
    ) || char.is_whitespace()
}

fn is_number(run: &str) -> bool {
    let all = run.chars().filter(|char| char.is_numeric()).count();
    let parts = run.split(|char: char| !char.is_numeric());
    let together = parts.map(|part| part.chars().count()).max();
    all >= APART_MIN || together >= Some(TOGETHER_MIN)
}

#[cfg(test)]
mod tests;
