mod beyond;

use sidetone_core::annotation::AnsweredByHeard;
use sidetone_core::correlate::call_sid;
use sidetone_core::filter::{Needle, SortBy};
use sidetone_core::vocabulary::{AnsweredBy, CallType, Tag};

use super::*;

fn now() -> TimeUs {
    TimeUs::parse_rfc3339("2026-06-08T12:00:00Z").unwrap()
}

fn account() -> AccountSid {
    AccountSid::from_bytes([1; 16])
}

fn selection(query: &str) -> Result<Selection, Invalid> {
    let params = Params::decode(query.as_bytes()).unwrap();
    read(&alias::canonical(&params)?, account(), now())
}

fn defaults() -> SummaryFilter {
    SummaryFilter {
        started_from: now().plus_us(-4 * 3_600 * 1_000_000),
        ended_until: now(),
        processing: ProcessingFilter::Completed,
        ..SummaryFilter::all(account())
    }
}

#[track_caller]
fn check(query: &str, expected: SummaryFilter) {
    assert_eq!(selection(query).unwrap().filter, expected, "{query}");
}

#[track_caller]
fn refused(query: &str, expected: &str) {
    assert_eq!(selection(query).unwrap_err().message, expected, "{query}");
}

#[test]
fn four_hours_of_complete_summaries_unless_told_otherwise() {
    check("", defaults());
    check(
        "From=&CallType=&StartTime=&ProcessingState=+&HasTag=",
        defaults(),
    );
    check("Unknown=1&callType=x", defaults());
}

#[test]
fn running_calls_are_in_range_until_now() {
    for (query, include_running) in [
        ("EndTime=0m", true),
        ("EndTime=0h", true),
        ("EndTime=2026-06-08T12:00:00Z", true),
        ("EndTime=2027-01-01", true),
        ("EndTime=1m", false),
    ] {
        assert_eq!(
            selection(query).unwrap().filter.include_running,
            include_running,
            "{query}"
        );
    }
}

#[test]
fn states_in_every_spelling() {
    let with = |processing| SummaryFilter {
        processing,
        ..defaults()
    };
    check(
        "ProcessingState=complete",
        with(ProcessingFilter::Completed),
    );
    check(
        "ProcessingState=completed",
        with(ProcessingFilter::Completed),
    );
    check("ProcessingState=started", with(ProcessingFilter::Started));
    check("ProcessingState=partial", with(ProcessingFilter::Partial));
    check("ProcessingState=all", with(ProcessingFilter::All));
    check(
        "CallState=completed,failed,no-answer,noanswer,fail",
        SummaryFilter {
            call_state: vec![CallState::Completed, CallState::Fail, CallState::NoAnswer],
            ..defaults()
        },
    );
    check(
        "Direction=outbound-api,outbound_dial,trunking-originating",
        SummaryFilter {
            direction: vec![
                CallDirection::OutboundApi,
                CallDirection::OutboundDial,
                CallDirection::TrunkingOriginating,
            ],
            ..defaults()
        },
    );
    check(
        "SortBy=start_time",
        SummaryFilter {
            sort_by: SortBy::StartTime,
            ..defaults()
        },
    );
}

#[test]
fn parties_and_their_lost_plus() {
    for (query, expected) in [
        ("From=%2B15551234567", "+15551234567"),
        ("From=+15551234567", "+15551234567"),
        ("From=%20%2B15551234567", "+15551234567"),
        ("From=sip:alice%40example.org", "sip:alice@example.org"),
        ("From=+alice", "alice"),
        ("From=15551234567+", "15551234567"),
        ("From=a,b", "a,b"),
    ] {
        check(
            query,
            SummaryFilter {
                from: vec![expected.to_owned()],
                ..defaults()
            },
        );
    }
    check(
        "To=+49301234",
        SummaryFilter {
            to: vec!["+49301234".to_owned()],
            ..defaults()
        },
    );
}

#[test]
fn a_number_is_sought_with_and_without_its_plus() {
    let both = SummaryFilter {
        number: vec!["+15551234567".to_owned(), "15551234567".to_owned()],
        ..defaults()
    };
    for query in [
        "Number=%2B15551234567",
        "Number=+15551234567",
        "Number=15551234567",
    ] {
        check(query, both.clone());
    }
    for address in ["sip:alice@example.org", "alice", "1a", "+"] {
        let encoded: String = form_urlencoded::byte_serialize(address.as_bytes()).collect();
        check(
            &format!("Number={encoded}"),
            SummaryFilter {
                number: vec![address.to_owned()],
                ..defaults()
            },
        );
    }
}

#[test]
fn a_piece_of_a_user_agent() {
    check(
        "UserAgent=+Linphone/5+",
        SummaryFilter {
            user_agent: vec!["Linphone/5".to_owned()],
            ..defaults()
        },
    );
    check("UserAgent=&Number=&SipCallId=", defaults());
}

#[test]
fn one_call_is_found_whatever_its_time_and_state() {
    let one = SummaryFilter {
        sip_call: vec![call_sid(account(), "a+b@192.0.2.1")],
        ..SummaryFilter::all(account())
    };
    check("SipCallId=a%2Bb%40192.0.2.1", one.clone());
    check("SipCallId=a+b@192.0.2.1", one.clone());
    let selection = selection("SipCallId=a+b@192.0.2.1").unwrap();
    assert!(!selection.start_by_default && !selection.processing_by_default);
    check(
        "SipCallId=a+b@192.0.2.1&StartTime=4h&EndTime=1h&ProcessingState=completed",
        SummaryFilter {
            started_from: now().plus_us(-4 * 3_600 * 1_000_000),
            ended_until: now().plus_us(-3_600 * 1_000_000),
            include_running: false,
            processing: ProcessingFilter::Completed,
            ..one
        },
    );
}

#[test]
fn texts_are_exact_and_countries_upper_case() {
    let one = |text: &str| vec![text.to_owned()];
    check(
        "FromCarrier=T-Mobile+USA%2C+Inc.&ToCarrier=AT%26T+Wireless&FromCountryCode=us&ToCountryCode=DE",
        SummaryFilter {
            from_carrier: one("T-Mobile USA, Inc."),
            to_carrier: one("AT&T Wireless"),
            from_country: one("US"),
            to_country: one("DE"),
            ..defaults()
        },
    );
    check(
        "BrandedBundleSid=a&BrandedType=b&BrandedUseCase=c&BrandedCallReason=d&VoiceIntegrityBundleSid=e\
         &VoiceIntegrityUseCase=f&BusinessProfileBundleSid=g&BusinessProfileIdentity=h&BusinessProfileIndustry=i\
         &BusinessProfileType=j",
        SummaryFilter {
            branded_bundle_sid: one("a"),
            branded_type: one("b"),
            branded_use_case: one("c"),
            branded_call_reason: one("d"),
            voice_integrity_bundle_sid: one("e"),
            voice_integrity_use_case: one("f"),
            business_bundle_sid: one("g"),
            business_identity: one("h"),
            business_industry: one("i"),
            business_type: one("j"),
            ..defaults()
        },
    );
}

#[test]
fn flags_in_any_case() {
    check(
        "VerifiedCaller=True&HasTag=false&AbnormalSession=TRUE&SpamAnnotation=False&Branded=True&BrandedLogo=false\
         &VoiceIntegrityEnabled=true",
        SummaryFilter {
            verified_caller: Some(true),
            has_tag: Some(false),
            abnormal_session: Some(true),
            spam: Some(false),
            branded_enabled: Some(true),
            branded_logo: Some(false),
            voice_integrity_enabled: Some(true),
            ..defaults()
        },
    );
}

#[test]
fn annotations_and_lists() {
    check(
        "AnsweredBy=machine_start,fax&AnsweredByAnnotation=human&ConnectivityIssueAnnotation=invalid_number,dropped_call\
         &QualityIssueAnnotation=choppy_robotic,echo&CallScoreAnnotation=1,2,1&CallType=sip%2Ctrunking",
        SummaryFilter {
            answered_by: vec![AnsweredBy::MachineStart, AnsweredBy::Fax],
            answered_by_heard: vec![AnsweredByHeard::Human],
            connectivity_issue: vec![
                ConnectivityIssue::InvalidNumber,
                ConnectivityIssue::DroppedCall,
            ],
            quality_issue: vec![QualityIssue::ChoppyRobotic, QualityIssue::Echo],
            call_score: vec![1, 2],
            call_type: vec![CallType::Sip, CallType::Trunking],
            ..defaults()
        },
    );
    let echo = SummaryFilter {
        quality_issue: vec![QualityIssue::Echo],
        ..defaults()
    };
    for query in [
        "Annotations=QualityIssue%3Decho",
        "QualityIssue=echo",
        "QualityIssues=echo",
        "QualityIssuesAnnotation=echo",
    ] {
        check(query, echo.clone());
        assert!(!selection(query).unwrap().quality_for_connectivity);
    }
    check("ConnectivityIssueAnnotation=echo", echo);
    assert!(
        selection("ConnectivityIssueAnnotation=echo")
            .unwrap()
            .quality_for_connectivity
    );
}
