//! SIP messages as they are kept.

use sidetone_core::bounds::TEXT_MAX_CHARS;
use sidetone_core::capture::Capture;
use sidetone_core::sip::{Codec, Media, Party, Passport, Reason, SipMessage, StartLine};

use crate::malformed::Malformed;
use crate::sdp::{self, Direction};
use crate::sip::{self, Identity, Message, NameAddr, redacted, user_number, without_passwords};

/// The most that is kept of anything that can be repeated: more than calls have, and few enough
/// that a packet of nothing but separators grows to no more than itself.
const MAX_REPEATED: usize = 16;

/// A message as it is kept. Its `parent` is left to those who know which header names it, its
/// locations to those who have a database of them.
///
/// # Errors
///
/// [`Malformed`] when it has no Call-ID, one that is longer than any text that is kept, or no
/// readable `CSeq`: then nobody can say what it belongs to.
pub fn message(view: &Message<'_>, capture: Capture) -> Result<SipMessage, Malformed> {
    let malformed = |what| Malformed::new(what, 0);
    let call_id = view
        .call_id()
        .ok_or(malformed("SIP message without Call-ID"))?;
    if call_id.len() > TEXT_MAX_CHARS {
        return Err(malformed("SIP Call-ID is too long"));
    }
    let (cseq, _) = view.cseq().ok_or(malformed("SIP message without CSeq"))?;
    let asserted: Vec<_> = view.asserted_identities().take(MAX_REPEATED).collect();
    let verstat = asserted.iter().copied().chain(view.from());
    let calling: Vec<_> = view.calling_parties().take(MAX_REPEATED).collect();
    Ok(SipMessage {
        capture,
        start: match view.start() {
            sip::StartLine::Request { uri, .. } => StartLine::Request(without_passwords(text(uri))),
            sip::StartLine::Response { status, .. } => StartLine::Response(status),
        },
        call_id: text(call_id),
        cseq,
        method: view
            .method()
            .map(text)
            .unwrap_or_default()
            .to_ascii_uppercase(),
        hops: u8::try_from(view.via_count()).unwrap_or(u8::MAX),
        branches: view.via_branches().take(MAX_REPEATED).map(text).collect(),
        from: party(view.from()),
        to: party(view.to()),
        asserted: best_address(&asserted).or_else(|| best_address(&calling)),
        verstat: verstat.filter_map(|party| party.verstat()).map(text).next(),
        diverted_by: diverted_by(view),
        user_agent: view.user_agent().map(text),
        reasons: view.reasons().take(MAX_REPEATED).map(reason).collect(),
        passports: view.identities().take(MAX_REPEATED).map(passport).collect(),
        media: view
            .sdp_body()
            .map(|description| {
                sdp::media(description)
                    .take(MAX_REPEATED)
                    .map(|stream| media(&stream))
                    .collect()
            })
            .unwrap_or_default(),
        source_location: None,
        destination_location: None,
        parent: None,
        text: redacted(view.bytes()),
    })
}

/// As much of a value as is kept of any text: callers write what they like.
fn text(value: &[u8]) -> String {
    cut(sip::text(value).into_owned())
}

fn cut(text: String) -> String {
    super::cut(text, TEXT_MAX_CHARS)
}

/// A number, or else the URI.
fn address(party: &NameAddr<'_>) -> String {
    party
        .user
        .and_then(user_number)
        .map_or_else(|| without_passwords(text(party.uri)), cut)
}

/// The first address that is a number, or else the first.
fn best_address(parties: &[NameAddr<'_>]) -> Option<String> {
    parties
        .iter()
        .find_map(|party| user_number(party.user?))
        .map(cut)
        .or_else(|| parties.first().map(address))
        .filter(|address| !address.is_empty())
}

fn party(party: Option<NameAddr<'_>>) -> Party {
    party.map_or_else(Party::default, |party| Party {
        address: address(&party),
        host: party.host.map(text),
        tag: party.tag().map(text),
    })
}

fn diverted_by(view: &Message<'_>) -> Vec<String> {
    let diversions: Vec<_> = view.diversions().take(MAX_REPEATED).collect();
    let by = if diversions.is_empty() {
        view.history_diversions()
    } else {
        diversions
    };
    by.iter().take(MAX_REPEATED).map(address).collect()
}

fn reason(reason: sip::Reason<'_>) -> Reason {
    Reason {
        protocol: text(reason.protocol),
        cause: reason.cause,
        text: reason.text.map(text),
    }
}

/// What a statement says; of one that cannot be read, what stands beside it.
fn passport(identity: Identity<'_>) -> Passport {
    match identity.passport() {
        Ok(passport) => Passport {
            kind: passport.ppt.map(cut),
            attestation: passport.attest.map(String::from),
            caller: passport.orig_tn.map(cut),
            origin_id: passport.origid.map(cut),
            certificate: passport.info.map(cut),
            verified: None,
        },
        Err(_) => Passport {
            kind: identity.ppt.map(text),
            certificate: identity.info.map(text),
            ..Passport::default()
        },
    }
}

fn media(stream: &sdp::Media<'_>) -> Media {
    let mut ssrcs: Vec<u32> = stream.ssrcs().collect();
    // A source has a line for each of its attributes.
    ssrcs.dedup();
    ssrcs.truncate(MAX_REPEATED);
    Media {
        kind: text(stream.kind),
        rtp: stream.rtp,
        rtcp: stream.rtcp,
        direction: match stream.direction {
            Direction::SendRecv => "",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
        .to_owned(),
        is_refused: stream.port == 0,
        is_encrypted: stream.is_encrypted(),
        ssrcs,
        codec: stream.codec().map(|codec| Codec {
            payload_type: codec.payload_type,
            name: text(codec.name).to_ascii_lowercase(),
            clock_hz: codec.clock_rate,
        }),
    }
}

#[cfg(test)]
mod tests;
