//! What several signatures and verification services say of one caller.

use super::packets::{A, B, C, S, Story};
use crate::facts::TrustFacts;
use crate::sip::Passport;

#[test]
fn a_caller_is_verified_when_nobody_says_otherwise() {
    let verified = |verstat: Option<&str>, signature| {
        let mut story = Story::default();
        story.sip(0, A, S, "INVITE", |message| {
            message.verstat = verstat.map(str::to_owned);
            message.passports = vec![Passport {
                verified: signature,
                ..Passport::default()
            }];
        });
        story.summary().facts.trust.verified_caller
    };
    let passed = Some("TN-Validation-Passed");
    assert_eq!(verified(passed, Some(true)), Some(true));
    assert_eq!(verified(passed, None), Some(true));
    assert_eq!(verified(passed, Some(false)), Some(false));
    assert_eq!(
        verified(Some("TN-Validation-Failed"), Some(true)),
        Some(false)
    );
    assert_eq!(verified(Some("No-TN-Validation"), None), None);
}

/// A statement by its level: each of its own caller, origin and signer.
fn passport(level: &str, verified: Option<bool>) -> Passport {
    Passport {
        kind: Some("shaken".to_owned()),
        attestation: Some(level.to_owned()),
        caller: Some(format!("caller of {level}")),
        origin_id: Some(format!("origin of {level}")),
        certificate: Some(format!("https://{level}.example.com/")),
        verified,
    }
}

/// Of a call whose hops carry these statements, seen from the last hop to the first.
fn told(hops: &[&[Passport]]) -> TrustFacts {
    const WAY: [&str; 4] = [A, S, B, C];
    let mut story = Story::default();
    let ways = WAY.windows(2).zip(hops).zip(1_u8..);
    for ((way, passports), hop) in ways.collect::<Vec<_>>().into_iter().rev() {
        // Numbers of agents are no order of hops.
        story.sip(hop.into(), way[0], way[1], "INVITE", |message| {
            message.capture.agent = u32::from(10 - hop);
            message.hops = hop;
            message.passports = passports.to_vec();
        });
    }
    story.summary().facts.trust
}

#[test]
fn what_is_told_of_a_statement_is_of_one() {
    let (good, bad) = (Some(true), Some(false));
    let a = |verified| passport("A", verified);
    let b = |verified| passport("B", verified);
    let c = |verified| passport("C", verified);
    let unread = |verified| Passport {
        verified,
        ..Passport::default()
    };
    for (hops, level, verified) in [
        // The first one on its way.
        (&[&[a(None)][..], &[b(None)], &[c(None)]][..], "A", None),
        (&[&[], &[b(None), a(None)]], "B", None),
        // What is known to be good, wherever it came in.
        (&[&[a(None)], &[b(good)]], "B", good),
        (&[&[a(bad), b(good)]], "B", good),
        // What is known to be bad is not hidden.
        (&[&[a(None)], &[b(bad)]], "B", bad),
        // The same on two hops: where it was checked counts, and no check makes up for another.
        (&[&[a(None)], &[a(good)]], "A", good),
        (&[&[a(good)], &[a(bad), c(None)]], "A", bad),
    ] {
        let trust = told(hops);
        assert_eq!(trust.attestation.as_deref(), Some(level), "{hops:?}");
        assert_eq!(trust.attested_caller, Some(format!("caller of {level}")));
        assert_eq!(trust.attestation_origin, Some(format!("origin of {level}")));
        assert_eq!(trust.attestation_verified, verified, "{hops:?}");
        assert_eq!(trust.verified_caller, verified, "{hops:?}");
    }
    // What the one does not say the other does not add; one that says nothing of the caller hides
    // none.
    let trust = told(&[&[unread(good)], &[a(None)]]);
    assert_eq!(trust.attestation, None);
    assert_eq!(trust.attestation_verified, good);
    let trust = told(&[&[unread(None)], &[a(None)]]);
    assert_eq!(trust.attestation.as_deref(), Some("A"));
}

#[test]
fn the_last_word_of_verification_services_counts() {
    let told = |words: [Option<&str>; 2]| {
        let mut story = Story::default();
        for (word, (from, to)) in words.into_iter().zip([(A, S), (S, B)]) {
            story.sip(0, from, to, "INVITE", |message| {
                message.verstat = word.map(str::to_owned);
            });
        }
        story.summary().facts.trust.verified_caller
    };
    let (passed, failed) = (Some("TN-Validation-Passed"), Some("TN-Validation-Failed"));
    assert_eq!(told([passed, failed]), Some(false));
    assert_eq!(told([failed, passed]), Some(true));
    assert_eq!(told([passed, None]), Some(true));
}
