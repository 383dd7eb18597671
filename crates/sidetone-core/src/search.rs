//! What a call can be searched by that is no single value of it: the names that SIP gave it, its user agents, who spoke
//! on our side, what was measured at its worst.

use std::collections::BTreeSet;

use crate::correlate::sip_call_sid;
use crate::id::CallSid;
use crate::media::{Counters, Stat};
use crate::summary::CallSummary;
use crate::vocabulary::CallDirection;

/// Characters of a user agent that count. Longer ones are no products' names but somebody's play.
pub const USER_AGENT_CHARS: usize = 255;

/// A user agent, or a fragment of one, as it is compared: in lower case, with spaces for control
/// characters, and cut.
#[must_use]
pub fn user_agent(text: &str) -> String {
    // Character by character, so that a fragment becomes what it becomes within the whole.
    text.chars()
        .take(USER_AGENT_CHARS)
        .flat_map(char::to_lowercase)
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

/// The user agents at a call's edges, each once, as they are compared.
#[must_use]
pub fn user_agents(summary: &CallSummary) -> BTreeSet<String> {
    let edges = summary.edges.values();
    edges
        .filter_map(|edge| edge.facts.user_agent.as_deref())
        .filter(|agent| !agent.is_empty())
        .map(user_agent)
        .collect()
}

/// Text as it is searched for a fragment of it: in lower case, with spaces for control characters.
#[must_use]
pub fn lowercase(text: &str) -> String {
    user_agent(text)
}

/// What an address names somebody by: a number without its plus, the user of a SIP URI, else the address itself.
#[must_use]
pub fn identity(address: &str) -> &str {
    let bare = match address.split_once(':') {
        Some((scheme, rest))
            if ["sip", "sips", "tel"]
                .iter()
                .any(|known| scheme.eq_ignore_ascii_case(known)) =>
        {
            rest.split(['@', ';', '?']).next().unwrap_or(rest)
        }
        _ => address,
    };
    bare.strip_prefix('+').unwrap_or(bare)
}

/// The digits of a number, however it is written: with or without its plus or `00`, with spaces,
/// hyphens, brackets, dots and slashes, in a SIP or tel URI, or of a channel such as `whatsapp:`.
/// `None`: it is another address.
#[must_use]
pub fn digits(address: &str) -> Option<String> {
    let name = identity(address.trim());
    let name = match name.split_once(':') {
        Some((channel, name)) if channel != "client" => identity(name),
        _ => name,
    };
    let is_between = |char: char| " ()-./\u{a0}".contains(char);
    let digits: String = name.chars().filter(|char| !is_between(*char)).collect();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return None;
    }
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    (!digits.is_empty()).then(|| digits.to_owned())
}

/// Digits from which on a number is one of the telephone network, not of a telephone in the house.
const NUMBER_DIGITS: usize = 7;
/// What stands for a caller who does not want to be known.
const NOBODY: [&str; 5] = [
    "anonymous",
    "restricted",
    "unavailable",
    "unknown",
    "private",
];

/// Whether an address names a client, a SIP user or an extension, rather than a number of the telephone network.
fn is_of_agent(address: &str) -> bool {
    let identity = identity(address);
    let is_number =
        identity.len() >= NUMBER_DIGITS && identity.bytes().all(|byte| byte.is_ascii_digit());
    let is_nobody = NOBODY
        .iter()
        .any(|nobody| identity.eq_ignore_ascii_case(nobody));
    !identity.is_empty() && !is_number && !is_nobody && !address.starts_with("whatsapp:")
}

/// Whether the calling and the called party are agents: who spoke on our own side of the call. A client is one on either
/// side, as Twilio has calls of clients come in; else it is the side of ours by the call's direction; else, where that
/// one only has a number, the other.
#[must_use]
pub fn agents(summary: &CallSummary) -> [bool; 2] {
    let facts = &summary.facts;
    let addresses = [&facts.from.address, &facts.to.address];
    let named = addresses.map(|address| address.as_deref().is_some_and(is_of_agent));
    let own = match facts.direction {
        Some(CallDirection::Inbound | CallDirection::TrunkingTerminating) => 1,
        Some(
            CallDirection::OutboundApi
            | CallDirection::OutboundDial
            | CallDirection::TrunkingOriginating,
        ) => 0,
        None => return named,
    };
    let is_client = |address: &Option<String>| {
        address
            .as_deref()
            .is_some_and(|address| address.starts_with("client:"))
    };
    let mut agents = addresses.map(is_client);
    agents[own] |= named[own];
    if agents == [false, false] {
        return named;
    }
    agents
}

/// Whether anything was measured of a call's media.
#[must_use]
pub fn is_measured(summary: &CallSummary) -> bool {
    streams(summary).next().is_some()
}

fn streams(summary: &CallSummary) -> impl Iterator<Item = &Counters> {
    let edges = summary.edges.values();
    edges.flat_map(|edge| edge.inbound.iter().chain(&edge.outbound))
}

/// The names of a call's codecs, each once, in lower case.
#[must_use]
pub fn codecs(summary: &CallSummary) -> BTreeSet<String> {
    streams(summary)
        .filter_map(|stream| stream.codec_name.as_deref())
        .filter(|name| !name.is_empty())
        .map(user_agent)
        .collect()
}

/// The largest share of packets lost of any stream, in hundredths of a percent.
#[must_use]
pub fn loss(summary: &CallSummary) -> Option<u32> {
    let of_streams = streams(summary).filter_map(|stream| hundredths(stream.loss_percent?));
    of_streams.max()
}

/// The largest mean jitter of any stream, in hundredths of a millisecond.
#[must_use]
pub fn jitter(summary: &CallSummary) -> Option<u32> {
    let mean = |jitter: Stat| hundredths(jitter.mean().or(jitter.max)?);
    streams(summary)
        .filter_map(|stream| mean(stream.jitter_ms?))
        .max()
}

/// The lowest mean opinion score of any stream, in hundredths.
#[must_use]
pub fn mos(summary: &CallSummary) -> Option<u32> {
    let mean = |mos: Stat| hundredths(mos.mean().or(mos.min)?);
    streams(summary)
        .filter_map(|stream| mean(stream.mos?))
        .min()
}

/// Hundredths of a number, rounded, as figures are compared; `None` of what is no number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a conversion that saturates is meant"
)]
fn hundredths(value: f64) -> Option<u32> {
    let hundredths = (value * 100.0).round();
    (!hundredths.is_nan()).then_some(hundredths as u32)
}

/// The `CallSid`s that a call's SIP Call-IDs would have given it, where something else gave it another.
#[must_use]
pub fn other_sids(summary: &CallSummary) -> BTreeSet<CallSid> {
    let edges = summary.edges.values();
    let of_edges = edges.filter_map(|edge| edge.facts.sip_call_id.as_ref());
    let of_messages = summary.sip.iter().flat_map(|sip| &sip.call_ids);
    of_edges
        .chain(of_messages)
        .map(|call_id| sip_call_sid(summary.call.account, call_id))
        .filter(|sid| *sid != summary.call.sid)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agents_are_compared_in_lower_case_and_cut() {
        assert_eq!(user_agent("LinphoneÄ/5.2\r\n (x)"), "linphoneä/5.2   (x)");
        assert_eq!(user_agent(&"É".repeat(400)), "é".repeat(USER_AGENT_CHARS));
    }

    #[test]
    fn a_piece_becomes_what_it_becomes_within_the_whole() {
        // In lower case the last sigma of a word has a form of its own.
        assert!(user_agent("ΟΔΟΣ 1").contains(&user_agent("ΟΔΟΣ")));
        assert!(user_agent("ΟΔΟΣΟΣ").contains(&user_agent("ΟΔΟΣ")));
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for address in [
            "+4917012345678",
            "4917012345678",
            "004917012345678",
            "+49 170 1234-5678",
            "+49 (170) 1234.5678",
            "sip:+4917012345678@example.com;user=phone",
            "SIPS:4917012345678@example.com",
            "tel:+49-170-1234-5678",
            "whatsapp:+4917012345678",
        ] {
            assert_eq!(
                digits(address).as_deref(),
                Some("4917012345678"),
                "{address}"
            );
        }
        for address in [
            "",
            "+",
            "00",
            "client:1001",
            "alice",
            "sip:alice@example.com",
            "+49x",
        ] {
            assert_eq!(digits(address), None, "{address}");
        }
        assert_eq!(digits("0170 123").as_deref(), Some("0170123"));
    }

    #[test]
    fn addresses_name_somebody() {
        for (address, expected) in [
            ("+15551234567", "15551234567"),
            ("15551234567", "15551234567"),
            ("sip:1001@pbx.example.com;transport=udp", "1001"),
            ("SIPS:+4930123@example.org;user=phone", "4930123"),
            ("sip:alice;x=y@example.org", "alice"),
            ("tel:+15551234567;ext=3", "15551234567"),
            ("client:alice", "client:alice"),
            ("1001", "1001"),
            ("", ""),
            ("+", ""),
        ] {
            assert_eq!(identity(address), expected, "{address}");
        }
    }

    #[test]
    fn agents_are_on_our_own_side() {
        use CallDirection::{Inbound, OutboundDial, TrunkingOriginating};
        #[track_caller]
        fn check(direction: Option<CallDirection>, from: &str, to: &str, expected: [bool; 2]) {
            let json = serde_json::json!({
                "processing": "complete", "fold_version": 1, "last_event_at": "2026-06-01T00:00:00Z",
                "facts": {"from": {"address": from}, "to": {"address": to}},
            });
            let mut summary: CallSummary = serde_json::from_value(json).unwrap();
            summary.facts.direction = direction;
            assert_eq!(agents(&summary), expected, "{from} to {to}");
        }
        check(Some(Inbound), "+15551234567", "client:alice", [false, true]);
        check(Some(Inbound), "client:alice", "+15551234567", [true, false]);
        check(Some(Inbound), "client:alice", "client:bob", [true, true]);
        check(
            Some(Inbound),
            "sip:carol@example.org",
            "sip:1001@pbx",
            [false, true],
        );
        check(Some(Inbound), "sip:1001@pbx", "+15551234567", [true, false]);
        check(Some(OutboundDial), "1001", "sip:carol@x", [true, false]);
        check(
            Some(TrunkingOriginating),
            "sip:+15550100123@pbx",
            "+15551234567",
            [false, false],
        );
        check(None, "sip:alice@x", "anonymous", [true, false]);
        check(None, "whatsapp:+1555", "sip:anonymous@x", [false, false]);
    }

    #[test]
    fn figures_are_hundredths() {
        for (value, expected) in [
            (0.0, Some(0)),
            (1.005, Some(100)),
            (4.376, Some(438)),
            (-1.0, Some(0)),
            (f64::INFINITY, Some(u32::MAX)),
            (f64::NAN, None),
        ] {
            assert_eq!(hundredths(value), expected, "{value}");
        }
    }
}
