//! Any bytes are a message, several or none; a message can be asked everything, and what is kept of
//! it comes back from storage.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_core::capture::Capture;
use sidetone_core::sip::SipMessage;
use sidetone_wire::sip::{Message, Messages, NameAddr, StartLine, redacted, text, user_number};
use sidetone_wire::translate;

fuzz_target!(|bytes: &[u8]| {
    for is_stream in [false, true] {
        let several = Messages::new(bytes, is_stream).filter_map(Result::ok);
        assert!(several.map(|message| message.bytes().len()).sum::<usize>() <= bytes.len());
    }
    let shown = redacted(bytes);
    let Ok(message) = Message::parse(bytes) else {
        return;
    };
    // What is shown is the same message, without its secrets.
    assert!(Message::parse(shown.as_bytes()).is_ok());

    if let StartLine::Request { uri, .. } = message.start() {
        party(NameAddr::of_uri(uri));
    }
    let parties = [message.from(), message.to(), message.contact()];
    parties.into_iter().flatten().for_each(party);
    message.asserted_identities().for_each(party);
    message.calling_parties().for_each(party);
    message.diversions().for_each(party);

    message.call_id().map(text);
    message.cseq();
    message.via_branches().for_each(drop);
    message.user_agent();
    message.record_route_count();
    assert_eq!(message.via_count(), message.values("v").count());
    for reason in message.reasons() {
        reason.q850();
    }
    for identity in message.identities() {
        identity.signing_input();
        identity.signature();
        let _ = identity.passport();
    }
    for name in ["i", "Subject", "X-Call", ""] {
        message.headers(name).count();
    }

    let body = message.body();
    assert!(bytes.ends_with(body) || message.header("l").is_some());
    for part in [message.sdp_body(), message.body_of_type("application/vq-rtcpxr")] {
        assert!(part.is_none_or(|part| part.len() <= body.len()));
    }
    message.history_diversions().into_iter().for_each(party);

    let address = ([192, 0, 2, 1], 5060).into();
    let capture = Capture { agent: 1, source: address, destination: address };
    if let Ok(kept) = translate::sip::message(&message, capture) {
        let json = serde_json::to_vec(&kept).expect("a message is JSON");
        let again: SipMessage = serde_json::from_slice(&json).expect("a kept message can be read");
        assert_eq!(again, kept);
    }
});

fn party(party: NameAddr<'_>) {
    party.tag();
    party.verstat();
    party.uri_header("Reason");
    if let Some(number) = party.user.and_then(user_number) {
        assert_eq!(user_number(number.as_bytes()), Some(number));
    }
}
