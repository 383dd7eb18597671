use super::*;
use serde_json::{Value, json};
use sidetone_core::event::Observation;
use sidetone_core::media::MediaSample;

const NOW: TimeUs = TimeUs::from_micros(1_780_310_000_000_000);

fn with(more: Value) -> Result<Vec<Observed>, DecodeError> {
    let mut row = json!({"uniqueid": "1.1", "disposition": "ANSWERED"});
    for (key, value) in more.as_object().unwrap() {
        row[key] = value.clone();
    }
    decode(row.to_string().as_bytes(), NOW).map(|decoded| decoded.observed)
}

#[track_caller]
fn check_step(more: Value, expected: Step) {
    let observed = with(more.clone()).unwrap();
    let steps: Vec<_> = observed.iter().filter_map(step).collect();
    assert_eq!(steps.last(), Some(&expected), "{more}");
}

fn step(observed: &Observed) -> Option<Step> {
    match observed.observation {
        Observation::Progress { step, .. } => Some(step),
        _ => None,
    }
}

#[test]
fn the_disposition_tells_how_it_ended_or_else_the_cause() {
    for (word, step) in DISPOSITIONS {
        check_step(json!({"disposition": word}), *step);
    }
    check_step(json!({"disposition": "no answer"}), Step::NoAnswer);
    for (cause, step) in [
        ("16", Step::Canceled),
        ("17", Step::Busy),
        ("19", Step::NoAnswer),
        ("34", Step::Failed),
    ] {
        check_step(json!({"disposition": "", "hangupcause": cause}), step);
    }
    let answered = json!({"disposition": null, "hangupcause": 16, "answer": "2026-06-01 10:00:00"});
    check_step(answered, Step::Completed);
}

#[track_caller]
fn check_refused(more: Value, message: &str) {
    assert_eq!(with(more).unwrap_err().to_string(), message);
}

#[test]
fn names_the_field_that_is_wrong() {
    check_refused(
        json!({"uniqueid": null}),
        "Missing uniqueid. Expected the id of the channel, or its SIP Call-ID in callid.",
    );
    check_refused(
        json!({"disposition": "MAYBE"}),
        "Invalid disposition 'MAYBE'. Expected one of ANSWERED, NO ANSWER, BUSY, FAILED, CONGESTION, CANCEL.",
    );
    check_refused(
        json!({"disposition": null}),
        "Missing disposition. Expected one of ANSWERED, NO ANSWER, BUSY, FAILED, CONGESTION, CANCEL.",
    );
    check_refused(
        json!({"start": "yesterday"}),
        "Invalid start 'yesterday'. Expected a time like 2026-06-01 00:00:00 (UTC), or seconds since 1970.",
    );
}

#[track_caller]
fn check_time(text: &str, expected: Option<&str>) {
    let observed = with(json!({"end": text})).unwrap();
    let at = observed[0].at;
    let expected = expected.map_or(NOW, |text| TimeUs::parse_rfc3339(text).unwrap());
    assert_eq!(at, expected, "{text}");
}

#[test]
fn times_come_in_several_forms() {
    check_time("2026-06-01 10:00:45", Some("2026-06-01T10:00:45Z"));
    check_time("1780308045.22", Some("2026-06-01T10:00:45.22Z"));
    check_time("1780308045", Some("2026-06-01T10:00:45Z"));
    check_time("1780308045.1234567", Some("2026-06-01T10:00:45.123456Z"));
    for never in ["", "0", "0.000000", "0000-00-00 00:00:00"] {
        check_time(never, None);
    }
}

#[test]
fn a_record_sent_twice_makes_the_same_events() {
    let row = json!({"start": "1780308000.5", "RTPAUDIOQOS": "rxcount=1"});
    let again = decode(
        json!({"uniqueid": "1.1", "disposition": "ANSWERED", "start": "1780308000.5", "RTPAUDIOQOS": "rxcount=1"})
            .to_string()
            .as_bytes(),
        NOW.plus_us(60_000_000),
    );
    let ids = |observed: Vec<Observed>| -> Vec<String> {
        observed.into_iter().map(|it| it.id.to_string()).collect()
    };
    let first = ids(with(row).unwrap());
    assert_eq!(
        first,
        [
            "asterisk:1.1:initiated",
            "asterisk:1.1:completed",
            "asterisk:1.1:inbound"
        ]
    );
    assert_eq!(first, ids(again.unwrap().observed));
}

fn samples(observed: &[Observed]) -> Vec<&MediaSample> {
    observed
        .iter()
        .filter_map(|it| match &it.observation {
            Observation::Media(sample) => Some(sample.as_ref()),
            _ => None,
        })
        .collect()
}

#[test]
fn seconds_become_ms_and_zeros_nothing() {
    let qos = "ssrc=5;themssrc=0;lp=2;rxjitter=0.0125;rxcount=98;txjitter=0.000000;txcount=100;rlp=0;rtt=0.000000";
    let observed = with(json!({"RTPAUDIOQOS": qos})).unwrap();
    let samples = samples(&observed);
    let [received, sent] = samples[..] else {
        panic!("{samples:?}");
    };
    assert_eq!((received.ssrc, sent.ssrc), (None, Some(5)));
    let counters = &received.cumulative;
    assert_eq!(
        (counters.packets_received, counters.packets_lost),
        (Some(98), Some(2))
    );
    assert_eq!(counters.jitter_ms.and_then(|it| it.value), Some(12.5));
    assert_eq!(counters.rtt_ms, None);
    let counters = &sent.cumulative;
    assert_eq!(
        (counters.packets_sent, counters.packets_lost),
        (Some(100), Some(0))
    );
    assert_eq!((counters.jitter_ms, counters.mos), (None, None));
}

#[test]
fn the_range_of_jitter_has_two_names() {
    for jitter in [
        "minrxjitter=0.001;mintxjitter=0.002;maxtxjitter=0.004;avgtxjitter=0.003",
        "minrxjitter=0.001;reported_minjitter=0.002;reported_maxjitter=0.004;reported_avgjitter=0.003",
    ] {
        let observed = with(json!({"RTPAUDIOQOSJITTER": jitter})).unwrap();
        let samples = samples(&observed);
        let stat = samples[1].cumulative.jitter_ms.unwrap();
        let expected = (Some(2.0), Some(4.0), Some(3.0));
        assert_eq!((stat.min, stat.max, stat.avg), expected, "{jitter}");
    }
}

#[test]
fn a_channel_that_another_dialled_has_a_parent() {
    for (more, expected) in [
        (json!({"linkedid": "1.1"}), None),
        (json!({"linkedid": "1.0"}), Some("1.0")),
        (
            json!({"linkedid": "1.0", "parentcallid": "a@b"}),
            Some("a@b"),
        ),
        (json!({"callid": "a@b", "parentcallid": "a@b"}), None),
    ] {
        let observed = with(more.clone()).unwrap();
        let parent = observed[0].parent.as_ref().map(ToString::to_string);
        assert_eq!(parent.as_deref(), expected, "{more}");
    }
}
