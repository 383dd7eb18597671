use sidetone_core::id::AccountSid;
use sidetone_core::vocabulary::CallType;

use super::*;

const CALL: &str =
    "CallSid=CA00112233445566778899aabbccddeeff&AccountSid=AC00000000000000000000000000000001";

fn received() -> TimeUs {
    TimeUs::parse_rfc3339("2026-06-01T10:00:05Z").unwrap()
}

fn one(rest: &str) -> Observed {
    let body = format!("{CALL}&{rest}");
    let mut observed = decode(body.as_bytes(), received()).unwrap();
    assert_eq!(observed.len(), 1, "{rest}");
    observed.remove(0)
}

fn facts(rest: &str) -> CallFacts {
    let mut observed = one(rest);
    crate::observed::facts_of(&mut observed.observation)
        .unwrap()
        .clone()
}

fn refusal(rest: &str) -> String {
    let body = format!("{CALL}&{rest}");
    decode(body.as_bytes(), received()).unwrap_err().to_string()
}

#[test]
fn every_status_is_a_step() {
    for (status, step) in STATUSES {
        let observed = one(&format!("CallStatus={status}"));
        assert!(
            matches!(observed.observation, Observation::Progress { step: seen, .. } if seen == *step),
            "{status}"
        );
    }
}

#[test]
fn says_what_is_allowed() {
    for (rest, message) in [
        (
            "CallStatus=ended",
            "Invalid CallStatus 'ended'. Expected one of queued, created, initiated, trying, ringing, early-media, \
             in-progress, answered, completed, busy, failed, no-answer, canceled.",
        ),
        (
            "From=%2B15550100",
            "Missing CallStatus. Expected one of queued, created, initiated, trying, ringing, early-media, \
             in-progress, answered, completed, busy, failed, no-answer, canceled.",
        ),
        (
            "CallStatus=ringing&FromCountry=USA",
            "Invalid FromCountry 'USA'. Expected a country of two letters, such as US.",
        ),
        (
            "CallStatus=ringing&ToCountry=1",
            "Invalid ToCountry '1'. Expected a country of two letters, such as US.",
        ),
        (
            "CallStatus=ringing&Direction=sideways",
            "Invalid Direction 'sideways'. Expected one of inbound, outbound-api, outbound-dial, trunking-originating, \
             trunking-terminating.",
        ),
        (
            "CallStatus=busy&SipResponseCode=99",
            "Invalid SipResponseCode '99'. Expected an integer from 100 to 699.",
        ),
        (
            "CallStatus=ringing&Timestamp=noon",
            "Invalid Timestamp 'noon'. Expected a time like 2026-06-01T00:00:00Z or Mon, 01 Jun 2026 00:00:00 +0000.",
        ),
    ] {
        assert_eq!(refusal(rest), message);
    }
    let error = decode(b"CallStatus=ringing", received()).unwrap_err();
    assert!(error.to_string().starts_with("Missing CallSid."), "{error}");
}

#[test]
fn the_same_callback_has_the_same_id_whenever_it_comes() {
    let later = received().plus_us(60_000_000);
    for rest in [
        "CallStatus=ringing&SequenceNumber=1",
        "CallStatus=ringing&Timestamp=Mon%2C+01+Jun+2026+10%3A00%3A00+%2B0000",
        "CallStatus=ringing",
        "AnsweredBy=human",
        "RecordingSid=RE1&RecordingStatus=completed",
    ] {
        let body = format!("{CALL}&{rest}");
        let again = decode(body.as_bytes(), later).unwrap();
        assert_eq!(one(rest).id, again[0].id, "{rest}");
    }
    assert_ne!(
        one("CallStatus=ringing").id,
        one("CallStatus=ringing&To=b").id
    );
    assert_ne!(
        one("CallStatus=ringing&SequenceNumber=1").id,
        one("CallStatus=ringing&SequenceNumber=2").id
    );
}

#[test]
fn the_far_side_tells_the_kind_of_call() {
    for (rest, kind) in [
        (
            "Direction=inbound&From=%2B15550100&To=client:a",
            Some(CallType::Carrier),
        ),
        (
            "Direction=inbound&From=client:a&To=%2B15550100",
            Some(CallType::Client),
        ),
        (
            "Direction=outbound-api&To=sip:a@example.com",
            Some(CallType::Sip),
        ),
        (
            "Direction=outbound-dial&To=whatsapp:%2B15550100",
            Some(CallType::Whatsapp),
        ),
        (
            "Direction=trunking-originating&To=%2B15550100",
            Some(CallType::Trunking),
        ),
        ("Direction=inbound&From=anonymous", Some(CallType::Carrier)),
        ("Direction=inbound&From=1294", Some(CallType::Carrier)),
        ("Direction=inbound&From=alice", None),
        ("To=%2B15550100", None),
    ] {
        assert_eq!(
            facts(&format!("CallStatus=ringing&{rest}")).call_type,
            kind,
            "{rest}"
        );
    }
}

#[test]
fn an_outbound_call_within_another_was_dialled() {
    let uuid = "00112233-4455-6677-8899-aabbccddeeff";
    let alone = facts("CallStatus=ringing&Direction=outbound").direction;
    assert_eq!(alone, Some(CallDirection::OutboundApi));
    let child = one(&format!(
        "CallStatus=ringing&Direction=outbound&ParentCallSid={uuid}"
    ));
    let event = child.place(AccountSid::from_bytes([1; 16]));
    let Observation::Progress { facts, .. } = event.observation else {
        panic!("progress");
    };
    assert_eq!(facts.direction, Some(CallDirection::OutboundDial));
    assert_eq!(
        facts.parent.map(|sid| sid.to_string()).as_deref(),
        Some("CA00112233445566778899aabbccddeeff")
    );
}

#[test]
fn empty_and_blank_values_say_nothing() {
    let facts =
        facts("CallStatus=+ringing+&From=&To=+15550100&CallDuration=&FromCity=+&AnsweredBy=");
    assert_eq!(facts.from.address, None);
    assert_eq!(facts.to.address.as_deref(), Some("+15550100"));
    assert_eq!(facts.connect_duration_s, None);
    assert_eq!(facts.from.city, None);
    assert_eq!(facts.answered_by, None);
}

#[test]
fn only_a_passed_validation_verifies_a_caller() {
    for (verdict, verified) in [
        ("TN-Validation-Passed-A", Some(true)),
        ("TN-Validation-Passed-C", Some(true)),
        ("TN-Validation-Failed-A", Some(false)),
        ("No-TN-Validation", Some(false)),
        ("", None),
    ] {
        let facts = facts(&format!("CallStatus=ringing&StirVerstat={verdict}"));
        assert_eq!(facts.trust.verified_caller, verified, "{verdict}");
    }
}

#[test]
fn a_recording_keeps_its_address_to_itself() {
    let observed = one(
        "RecordingSid=RE1&RecordingStatus=completed&RecordingDuration=17&RecordingUrl=https%3A%2F%2Fexample.com%2Fsecret",
    );
    let text = format!("{observed:?}");
    assert!(!text.contains("secret"), "{text}");
    assert!(text.contains("17"), "{text}");
}
