//! What the original does not have.

use super::*;

#[test]
fn several_values_and_what_is_not_wanted() {
    let without = |narrow: fn(&mut SummaryFilter)| {
        let mut unwanted = SummaryFilter::all(account());
        narrow(&mut unwanted);
        unwanted
    };
    check(
        "Direction=inbound&Direction=!outbound-api,!outbound_dial&CallType=sip&CallType=client",
        SummaryFilter {
            direction: vec![CallDirection::Inbound],
            call_type: vec![CallType::Sip, CallType::Client],
            unwanted: vec![without(|not| {
                not.direction = vec![CallDirection::OutboundApi, CallDirection::OutboundDial];
            })],
            ..defaults()
        },
    );
    check(
        "From=!+15551234567&From=a&From=b,c&ToCarrier=!AT%26T&ToCarrier=%5C!x",
        SummaryFilter {
            from: vec!["a".to_owned(), "b,c".to_owned()],
            to_carrier: vec!["!x".to_owned()],
            unwanted: vec![
                without(|not| not.from = vec!["+15551234567".to_owned()]),
                without(|not| not.to_carrier = vec!["AT&T".to_owned()]),
            ],
            ..defaults()
        },
    );
    check(
        "Number=!15551234567&QualityIssue=!echo&ConnectivityIssueAnnotation=owa",
        SummaryFilter {
            quality_issue: vec![QualityIssue::OneWayAudio],
            unwanted: vec![
                without(|not| {
                    not.number = vec!["+15551234567".to_owned(), "15551234567".to_owned()];
                }),
                without(|not| not.quality_issue = vec![QualityIssue::Echo]),
            ],
            ..defaults()
        },
    );
}

#[test]
fn a_start_may_have_a_latest_too() {
    for (text, before) in [
        ("2h", now().plus_us(-2 * 3_600 * 1_000_000)),
        ("2026-06-08", now().plus_us(-12 * 3_600 * 1_000_000)),
        ("2026-06-08T12:00:00Z", now()),
    ] {
        let expected = SummaryFilter {
            started_before: before,
            ..defaults()
        };
        check(&format!("StartedBefore={text}"), expected);
    }
    refused(
        "StartedBefore=later",
        "Invalid StartedBefore 'later'. Expected a number of minutes, hours, days or weeks ago (30m, 4h, 7d, 4w) or an \
         ISO 8601 time (2026-06-01T00:00:00Z).",
    );
}

#[test]
fn one_box_for_everything() {
    #[track_caller]
    fn check_clue(text: &str, parties: &[&str], call_id: Option<&str>, words: Option<&str>) {
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let needle = Needle {
            parties: parties.iter().map(|party| (*party).to_owned()).collect(),
            calls: call_id
                .map(|id| call_sid(account(), id))
                .into_iter()
                .collect(),
            incident: Some(text.to_owned()),
            comment: words.map(str::to_owned),
        };
        let expected = SummaryFilter {
            needle: Some(needle),
            ..SummaryFilter::all(account())
        };
        check(&format!("Q={encoded}"), expected);
    }
    let number = "+1 (555) 123-4567";
    check_clue(
        number,
        &["15551234567", "client:+1 (555) 123-4567"],
        None,
        Some(number),
    );
    check_clue("1001", &["1001", "client:1001"], Some("1001"), Some("1001"));
    check_clue("a@b", &["a@b", "client:a@b"], Some("a@b"), Some("a@b"));
    check_clue(
        "sip:bob@pbx",
        &["bob"],
        Some("sip:bob@pbx"),
        Some("sip:bob@pbx"),
    );
    check_clue(
        "no sound",
        &["no sound", "client:no sound"],
        None,
        Some("no sound"),
    );
    check_clue("no", &["no", "client:no"], Some("no"), None);
    let sid = "CA00000000000000000000000000000001";
    let named = SummaryFilter {
        needle: Some(Needle {
            calls: vec![sid.parse().unwrap()],
            ..Needle::default()
        }),
        ..SummaryFilter::all(account())
    };
    check(&format!("Q={sid}"), named);
    check("Q=", defaults());
}

#[test]
fn what_the_original_does_not_have() {
    check(
        "Tag=silence,high_pdd&Tag=low_mos&MinDuration=60&MaxDuration=3600&MinPdd=4000&SipResponse=486,503&MinPacketLoss=2.5\
         &MinJitter=30&MaxMos=3.5&Codec=PCMU&Codec=opus&Edge=sip,sdk_edge&Measured=true&Annotated=False",
        SummaryFilter {
            tag: vec![Tag::Silence, Tag::HighPdd, Tag::LowMos],
            min_duration_s: Some(60),
            max_duration_s: Some(3600),
            min_pdd_ms: Some(4000),
            sip_response: vec![486, 503],
            min_loss: Some(250),
            min_jitter: Some(3000),
            max_mos: Some(350),
            codec: vec!["pcmu".to_owned(), "opus".to_owned()],
            edge: vec![EdgeKind::Sip, EdgeKind::Sdk],
            measured: Some(true),
            annotated: Some(false),
            ..defaults()
        },
    );
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    check(
        "Agent=client:alice&Agent=1001&Agent=sip:bob%40pbx.example.com&Agent=carol%40example.org\
         &Comment=no+sound,+at+all&Incident=INC-1&Incident=INC,2",
        SummaryFilter {
            agent: texts(&[
                "client:alice",
                "1001",
                "client:1001",
                "bob",
                "carol",
                "client:carol@example.org",
            ]),
            comment: texts(&["no sound, at all"]),
            incident: texts(&["INC-1", "INC,2"]),
            ..defaults()
        },
    );
    let sids = [
        "CA00000000000000000000000000000001",
        "CA000000000000000000000000000000ff",
    ];
    let named = SummaryFilter {
        call_sid: sids.iter().map(|sid| sid.parse().unwrap()).collect(),
        ..SummaryFilter::all(account())
    };
    check(&format!("CallSids={}", sids.join(",")), named.clone());
    check(&format!("CallSids={}&CallSids={}", sids[0], sids[1]), named);
}

#[test]
fn wrong_values_are_named() {
    for (query, expected) in [
        (
            "Tag=loud",
            "Invalid Tag 'loud'. Expected one of silence, high_jitter, high_packet_loss, high_pdd, high_latency, low_mos, ice_failure, pstn_short_duration.",
        ),
        (
            "MinDuration=-1",
            "Invalid MinDuration '-1'. Expected an integer from 0 to 4294967295.",
        ),
        (
            "MaxMos=6",
            "Invalid MaxMos '6'. Expected a number from 1 to 5 with at most two decimals.",
        ),
        (
            "SipResponse=busy",
            "Invalid SipResponse 'busy'. Expected an integer from 100 to 699, or a class such as 4xx.",
        ),
        (
            "Edge=cloud",
            "Invalid Edge 'cloud'. Expected one of carrier_edge, sip_edge, client_edge, sdk_edge, unknown_edge.",
        ),
        (
            "CallSids=CA1",
            "Invalid CallSids 'CA1'. Expected CA and 32 hexadecimal digits.",
        ),
        (
            "Direction=!",
            "Invalid Direction '!'. Expected a value after the exclamation mark.",
        ),
        (
            "Measured=!true",
            "Invalid Measured '!true'. Expected true or false.",
        ),
    ] {
        refused(query, expected);
    }
    refused(
        "CallType=sip,pstn",
        "Invalid CallType 'pstn'. Expected one of carrier, sip, trunking, client, whatsapp.",
    );
    refused("HasTag=1", "Invalid HasTag '1'. Expected true or false.");
    refused(
        "CallScoreAnnotation=1,7",
        "Invalid CallScoreAnnotation '7'. Expected an integer from 1 to 5.",
    );
    refused(
        "FromCountryCode=USA",
        "Invalid FromCountryCode 'USA'. Expected a country code of two letters (ISO 3166-1 alpha-2).",
    );
    refused(
        "Direction=up-and-away",
        "Invalid Direction 'up-and-away'. Expected one of outbound_api, outbound_dial, inbound, trunking_originating, \
         trunking_terminating.",
    );
    refused(
        "ProcessingState=done",
        "Invalid ProcessingState 'done'. Expected one of completed, started, partial, all.",
    );
    refused(
        "SortBy=duration",
        "Invalid SortBy 'duration'. Expected one of start_time, end_time.",
    );
    refused(
        "SipCallId=a%01b",
        "Invalid SipCallId 'a\u{fffd}b'. Expected text without control characters.",
    );
    refused(
        "Number=%1b",
        "Invalid Number '\u{fffd}'. Expected text without control characters.",
    );
    let long = "x".repeat(256);
    let message = selection(&format!("UserAgent={long}")).unwrap_err().message;
    assert!(message.starts_with("Invalid UserAgent 'xxx"), "{message}");
    for query in [
        "ConnectivityIssueAnnotation=nonsense",
        "ConnectivityIssueAnnotation=echo,caller_id",
    ] {
        let message = selection(query).unwrap_err().message;
        assert!(
            message.contains("Expected one of unknown_connectivity_issue, no_connectivity_issue"),
            "{message}"
        );
    }
    assert!(selection("StartTime=yesterday").is_err());
}
