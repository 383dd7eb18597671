use super::*;
use crate::event::{EdgeEvent, EventId, Source, SourceKind, Step};
use crate::facts::{CallFacts, EdgeFacts, PartyFacts};
use crate::id::{AccountSid, CallSid};
use crate::media::{Counters, MediaSample, Stat};
use crate::vocabulary::{
    CallDirection, CallState, CallType, EdgeKind, MosMethod, ProcessingState, StreamDirection, Tag,
};

const CALL: CallRef = CallRef {
    account: AccountSid::from_bytes([1; 16]),
    sid: CallSid::from_bytes([2; 16]),
};

fn at(ms: i64) -> TimeUs {
    TimeUs::parse_rfc3339("2026-06-01T09:00:00Z")
        .unwrap()
        .plus_us(ms * 1_000)
}

fn event(id: &str, ms: i64, kind: SourceKind, observation: Observation) -> CallEvent {
    CallEvent {
        id: EventId::try_from(id.to_owned()).unwrap(),
        call: CALL,
        at: at(ms),
        source: Source {
            kind,
            agent: None,
            translator: 1,
        },
        observation,
    }
}

fn native(ms: i64, observation: Observation) -> CallEvent {
    let id = format!("{ms}:{:?}", observation.kind());
    event(&id, ms, SourceKind::Native, observation)
}

fn step(ms: i64, step: Step) -> CallEvent {
    native(
        ms,
        Observation::Progress {
            step,
            sequence: None,
            facts: Box::default(),
        },
    )
}

fn said(ms: i64, facts: CallFacts) -> CallEvent {
    native(
        ms,
        Observation::Facts {
            facts: Box::new(facts),
        },
    )
}

fn timer(ms: i64, timer: Timer) -> CallEvent {
    native(ms, Observation::Timer { timer })
}

fn imported(ms: i64, stage: ImportStage, version: u32, facts: CallFacts) -> CallEvent {
    native(
        ms,
        Observation::Imported(Box::new(ImportedSummary {
            stage,
            version,
            facts: Box::new(facts),
            raw: serde_json::json!({ "version": version }),
        })),
    )
}

fn media(
    ms: i64,
    edge: EdgeKind,
    direction: StreamDirection,
    interval: Counters,
    cumulative: Counters,
) -> CallEvent {
    native(
        ms,
        Observation::Media(Box::new(MediaSample {
            edge,
            direction,
            ssrc: None,
            interval,
            cumulative,
            metadata: None,
        })),
    )
}

fn state(state: CallState) -> CallFacts {
    CallFacts {
        state: Some(state),
        ..CallFacts::default()
    }
}

fn summary(events: &[CallEvent]) -> CallSummary {
    fold(CALL, events, &Rules::built_in())
}

#[test]
fn the_state_is_how_far_the_steps_went() {
    for (steps, expected) in [
        (&[][..], None),
        (&[Step::Queued], Some(CallState::Undialed)),
        (&[Step::Queued, Step::Initiated], Some(CallState::Undialed)),
        (&[Step::Initiated, Step::Ringing], Some(CallState::Ringing)),
        (&[Step::Ringing, Step::Answered], Some(CallState::Answered)),
        (
            &[Step::Answered, Step::Completed],
            Some(CallState::Completed),
        ),
        (&[Step::Ringing, Step::Busy], Some(CallState::Busy)),
        (&[Step::Initiated, Step::Failed], Some(CallState::Fail)),
        (&[Step::Ringing, Step::NoAnswer], Some(CallState::NoAnswer)),
        (&[Step::Ringing, Step::Canceled], Some(CallState::Canceled)),
        // The later word on the end holds.
        (&[Step::Busy, Step::Failed], Some(CallState::Fail)),
        // A step that comes after the end does not take it back.
        (
            &[Step::Completed, Step::Ringing],
            Some(CallState::Completed),
        ),
    ] {
        let events: Vec<CallEvent> = (0_i64..)
            .zip(steps)
            .map(|(second, word)| step(second * 1_000, *word))
            .collect();
        assert_eq!(summary(&events).facts.state, expected, "{steps:?}");
    }
}

#[test]
fn a_reported_state_holds_until_the_call_goes_on() {
    let ringing = step(0, Step::Ringing);
    let busy = step(9_000, Step::Busy);
    for (events, expected) in [
        (
            vec![ringing.clone(), said(1_000, state(CallState::Answered))],
            CallState::Answered,
        ),
        (
            vec![busy.clone(), said(1_000, state(CallState::Answered))],
            CallState::Busy,
        ),
        (
            vec![busy.clone(), said(1_000, state(CallState::Fail))],
            CallState::Fail,
        ),
        (
            vec![
                busy.clone(),
                imported(1_000, ImportStage::Partial, 1, state(CallState::Ringing)),
            ],
            CallState::Busy,
        ),
        (
            vec![
                busy,
                imported(1_000, ImportStage::Complete, 1, state(CallState::NoAnswer)),
            ],
            CallState::NoAnswer,
        ),
    ] {
        assert_eq!(summary(&events).facts.state, Some(expected), "{events:?}");
    }
}

#[test]
fn a_call_without_an_end_ends_with_its_last_event() {
    for (steps, expected) in [
        (&[Step::Initiated][..], CallState::Undialed),
        (&[Step::Initiated, Step::Ringing], CallState::NoAnswer),
        (&[Step::Ringing, Step::Answered], CallState::Completed),
    ] {
        let mut events: Vec<CallEvent> = (0_i64..)
            .zip(steps)
            .map(|(second, word)| step(second * 1_000, *word))
            .collect();
        let last = events.last().unwrap().at;
        events.push(timer(99_000, Timer::EndNotSeen));
        let ended = summary(&events);
        assert!(ended.end_not_seen);
        assert_eq!(ended.facts.state, Some(expected));
        assert_eq!(ended.facts.ended_at, Some(last));
        assert_eq!(ended.last_event_at, last);

        // An end that comes after all is the end.
        events.push(step(5_000, Step::Completed));
        let ended = summary(&events);
        assert!(!ended.end_not_seen);
        assert_eq!(ended.facts.ended_at, Some(at(5_000)));
    }
}

#[test]
fn whatever_is_over_has_an_end_and_whatever_was_seen_has_a_start() {
    let only_state = summary(&[said(7_000, state(CallState::Completed))]);
    assert_eq!(only_state.facts.ended_at, Some(at(7_000)));
    assert_eq!(only_state.facts.started_at, Some(at(7_000)));

    let with_duration = summary(&[said(
        60_000,
        CallFacts {
            duration_s: Some(20),
            ..state(CallState::Completed)
        },
    )]);
    assert_eq!(with_duration.facts.started_at, Some(at(40_000)));
    assert_eq!(with_duration.facts.duration_s, Some(20));
}

#[test]
fn reported_durations_hold() {
    let facts = CallFacts {
        duration_s: Some(9),
        connect_duration_s: Some(3),
        ..CallFacts::default()
    };
    let call = summary(&[
        step(0, Step::Initiated),
        step(4_999, Step::Answered),
        step(10_000, Step::Completed),
    ]);
    assert_eq!(call.facts.duration_s, Some(10));
    assert_eq!(call.facts.connect_duration_s, Some(5));
    let call = summary(&[
        step(0, Step::Initiated),
        step(4_999, Step::Answered),
        step(10_000, Step::Completed),
        said(1, facts),
    ]);
    assert_eq!(call.facts.duration_s, Some(9));
    assert_eq!(call.facts.connect_duration_s, Some(3));
}

#[test]
fn delay_is_measured_on_one_exact_clock() {
    let seen_by = |kind, ms, step| {
        let observation = Observation::Progress {
            step,
            sequence: None,
            facts: Box::default(),
        };
        event(&format!("{kind}:{step}"), ms, kind, observation)
    };
    let pdd = |events: &[CallEvent]| summary(events).facts.pdd_ms;
    let native = SourceKind::Native;
    let callback = SourceKind::StatusCallback;
    assert_eq!(
        pdd(&[
            seen_by(native, 0, Step::Initiated),
            seen_by(native, 2_345, Step::Ringing)
        ]),
        Some(2_345)
    );
    assert_eq!(
        pdd(&[
            seen_by(native, 0, Step::Initiated),
            seen_by(native, 900, Step::Busy)
        ]),
        Some(900)
    );
    assert_eq!(
        pdd(&[
            seen_by(callback, 0, Step::Initiated),
            seen_by(callback, 2_000, Step::Ringing)
        ]),
        None
    );
    assert_eq!(
        pdd(&[
            seen_by(callback, 0, Step::Initiated),
            seen_by(native, 2_000, Step::Ringing)
        ]),
        None
    );
    assert_eq!(
        pdd(&[
            seen_by(native, 2_000, Step::Initiated),
            seen_by(native, 0, Step::Ringing)
        ]),
        None
    );
}

#[test]
fn delay_ends_with_ringing_or_refusal_as_seen_most_finely() {
    let seen_by = |agent: &str, ms, step: Step| {
        let observation = Observation::Progress {
            step,
            sequence: None,
            facts: Box::default(),
        };
        let mut event = event(
            &format!("{agent}:{step}"),
            ms,
            SourceKind::Native,
            observation,
        );
        event.source.agent = Some(agent.to_owned());
        event
    };
    let pdd = |events: &[CallEvent]| summary(events).facts.pdd_ms;
    let answered = [
        seen_by("a", 0, Step::Initiated),
        seen_by("a", 7_500, Step::Answered),
        seen_by("a", 9_500, Step::Failed),
    ];
    assert_eq!(pdd(&answered), None);
    let coarse_and_fine = [
        seen_by("a", 0, Step::Initiated),
        seen_by("a", 3_000, Step::Ringing),
        seen_by("b", 100, Step::Initiated),
        seen_by("b", 2_345, Step::Ringing),
    ];
    assert_eq!(pdd(&coarse_and_fine), Some(2_245));
}

#[test]
fn a_call_of_which_nothing_is_known_was_when_it_was_seen() {
    let unknown = native(
        5_000,
        Observation::Unknown(serde_json::json!({ "kind": "weather" })),
    );
    for (events, expected) in [
        (vec![timer(9_000, Timer::EndNotSeen)], at(9_000)),
        (vec![timer(9_000, Timer::EndNotSeen), unknown], at(5_000)),
    ] {
        let call = summary(&events);
        assert_eq!(call.facts.started_at, Some(expected));
        assert_eq!(call.facts.ended_at, Some(expected));
        assert_eq!(call.last_event_at, expected);
        assert!(call.end_not_seen);
    }
}

#[test]
fn words_of_one_time_are_ordered_by_their_sequence() {
    let word = |sequence, step: Step| {
        let observation = Observation::Progress {
            step,
            sequence: Some(sequence),
            facts: Box::default(),
        };
        event(
            &format!("{sequence}"),
            0,
            SourceKind::StatusCallback,
            observation,
        )
    };
    for first in 0..20 {
        let events = [word(first, Step::Busy), word(first + 1, Step::Failed)];
        assert_eq!(
            summary(&events).facts.state,
            Some(CallState::Fail),
            "{first}"
        );
    }
}

#[test]
fn an_outage_weighs_as_many_packets_as_it_cost() {
    let report = |ms, received, lost, loss_percent| {
        let interval = Counters {
            packets_received: Some(received),
            packets_lost: lost,
            loss_percent,
            ..Counters::default()
        };
        media(
            ms,
            EdgeKind::Sip,
            StreamDirection::Inbound,
            interval,
            Counters::default(),
        )
    };
    let loss = |events: &[CallEvent]| {
        let edge = summary(events).edges.remove(&EdgeKind::Sip).unwrap();
        edge.inbound.unwrap().loss_percent.unwrap()
    };
    // Nothing came in one of two intervals: nobody counted what should have come, so both weigh the same.
    let outage = [
        report(1, 500, None, Some(0.0)),
        report(2, 0, None, Some(100.0)),
    ];
    assert_eq!(loss(&outage), 50.0);
    // 100 of 400 expected, and none of 400.
    let partly = [
        report(1, 300, None, Some(25.0)),
        report(2, 400, None, Some(0.0)),
    ];
    assert_eq!(loss(&partly), 12.5);
    let counted = [report(1, 500, Some(0), None), report(2, 0, Some(500), None)];
    assert_eq!(loss(&counted), 50.0);
}

#[test]
fn an_extreme_is_no_mean() {
    let jitter_ms = Some(Stat {
        max: Some(80.0),
        ..Stat::default()
    });
    let interval = Counters {
        jitter_ms,
        ..Counters::default()
    };
    let sample = media(
        0,
        EdgeKind::Sip,
        StreamDirection::Inbound,
        interval,
        Counters::default(),
    );
    let edge = summary(&[sample]).edges.remove(&EdgeKind::Sip).unwrap();
    assert_eq!(edge.inbound.unwrap().jitter_ms, jitter_ms);
    assert_eq!(edge.tags, []);
}

#[test]
fn what_another_system_has_judged_is_not_judged_again() {
    let lossy = EdgeFacts {
        inbound: Some(Counters {
            loss_percent: Some(50.0),
            ..Counters::default()
        }),
        ..EdgeFacts::default()
    };
    let facts = |call: Option<Vec<Tag>>, edge: Option<Vec<Tag>>| CallFacts {
        tags: call,
        edges: [(
            EdgeKind::Sip,
            EdgeFacts {
                tags: edge,
                ..lossy.clone()
            },
        )]
        .into(),
        ..CallFacts::default()
    };
    for (call, edge, expected) in [
        (
            None,
            None,
            (vec![Tag::HighPacketLoss], vec![Tag::HighPacketLoss]),
        ),
        (Some(vec![]), None, (vec![], vec![Tag::HighPacketLoss])),
        (
            None,
            Some(vec![Tag::Silence]),
            (vec![Tag::Silence], vec![Tag::Silence]),
        ),
    ] {
        let import = imported(0, ImportStage::Complete, 1, facts(call, edge));
        let summary = summary(&[import]);
        let edge = &summary.edges[&EdgeKind::Sip];
        assert_eq!((summary.tags.clone(), edge.tags.clone()), expected);
    }
}

#[test]
fn a_state_does_not_grow_with_made_up_names() {
    let muted = |number: usize| {
        let event = EdgeEvent {
            edge: Some(EdgeKind::Sdk),
            group: format!("group {number}"),
            name: "muted".to_owned(),
            level: None,
            data: Some(serde_json::json!({ "error": { "code": number } })),
            conversation_relay: None,
        };
        let id = format!("e{number}");
        self::event(
            &id,
            0,
            SourceKind::Native,
            Observation::Edge(Box::new(event)),
        )
    };
    let events: Vec<CallEvent> = (100..300).map(muted).collect();
    let call = summary(&events);
    let counts = call.edges[&EdgeKind::Sdk].events.clone().unwrap();
    for what in ["groups", "errors"] {
        let counts = counts[what].as_object().unwrap();
        assert_eq!(counts.len(), cap::KEYS_MAX + 1);
        assert_eq!(counts["other"], 200 - cap::KEYS_MAX);
    }
    let state = |events: &[CallEvent]| {
        let mut state = FoldState::default();
        for event in events.iter().rev() {
            state.add(event);
        }
        state
    };
    let mut merged = state(&events[90..]);
    merged.merge(state(&events[..120]));
    assert_eq!(merged, state(&events));
    assert_eq!(merged.summary(CALL, &Rules::built_in()), call);
}

#[test]
fn the_most_final_import_holds_and_silence_is_filled() {
    let duration = |seconds| CallFacts {
        duration_s: Some(seconds),
        ..CallFacts::default()
    };
    let own = CallFacts {
        last_sip_response: Some(200),
        duration_s: Some(1),
        ..CallFacts::default()
    };
    let call = summary(&[
        imported(9_000, ImportStage::Partial, 9, duration(9)),
        imported(2_000, ImportStage::Complete, 2, duration(22)),
        imported(8_000, ImportStage::Complete, 1, duration(21)),
        said(9_999, own),
    ]);
    assert_eq!(call.facts.duration_s, Some(22));
    assert_eq!(call.facts.last_sip_response, Some(200));
    assert_eq!(call.imported, Some(serde_json::json!({ "version": 2 })));
    assert_eq!(call.processing, ProcessingState::Complete);
}

#[test]
fn kind_and_direction_are_told_only_where_nobody_said_them() {
    let facts = CallFacts {
        to: PartyFacts {
            address: Some("sip:+14155550100@example.com".to_owned()),
            country_code: Some("CA".to_owned()),
            ..PartyFacts::default()
        },
        parent: Some(CallSid::from_bytes([3; 16])),
        ..CallFacts::default()
    };
    let told = summary(&[said(0, facts.clone())]).facts;
    assert_eq!(told.call_type, Some(CallType::Sip));
    assert_eq!(told.direction, Some(CallDirection::OutboundDial));
    assert_eq!(told.to.country_code.as_deref(), Some("CA"));
    assert_eq!(told.to.number_prefix.as_deref(), Some("1415"));

    let reported = summary(&[said(
        0,
        CallFacts {
            call_type: Some(CallType::Carrier),
            direction: Some(CallDirection::Inbound),
            ..facts
        },
    )])
    .facts;
    assert_eq!(reported.call_type, Some(CallType::Carrier));
    assert_eq!(reported.direction, Some(CallDirection::Inbound));
}

#[test]
fn figures_of_the_whole_go_before_sums() {
    let interval = |received, lost| Counters {
        packets_received: Some(received),
        packets_lost: Some(lost),
        ..Counters::default()
    };
    let inbound = |events: &[CallEvent]| {
        summary(events)
            .edges
            .remove(&EdgeKind::Sip)
            .unwrap()
            .inbound
            .unwrap()
    };
    let edge = EdgeKind::Sip;
    let side = StreamDirection::Inbound;
    let first = media(1_000, edge, side, interval(90, 10), Counters::default());
    let second = media(2_000, edge, side, interval(100, 0), Counters::default());
    let total = inbound(&[first.clone(), second.clone(), first.clone()]);
    assert_eq!(total.packets_received, Some(190));
    assert_eq!(total.loss_percent, Some(5.0));

    // Counts since the stream began, of the latest report that has them.
    let third = media(3_000, edge, side, interval(50, 0), interval(300, 10));
    let total = inbound(&[third.clone(), first.clone(), second.clone()]);
    assert_eq!(total.packets_received, Some(300));
    assert_eq!(total.packets_lost, Some(10));

    // What the edge says of the whole call; what it does not say is filled.
    let reported = said(
        0,
        CallFacts {
            edges: [(
                edge,
                EdgeFacts {
                    inbound: Some(Counters {
                        packets_received: Some(1_000),
                        ..Counters::default()
                    }),
                    ..EdgeFacts::default()
                },
            )]
            .into(),
            ..CallFacts::default()
        },
    );
    let total = inbound(&[reported, third, first, second]);
    assert_eq!(total.packets_received, Some(1_000));
    assert_eq!(total.packets_lost, Some(10));
}

#[test]
fn jitter_is_weighted_by_packets_where_all_are_counted() {
    let report = |ms, jitter, packets_received| {
        let interval = Counters {
            packets_received,
            jitter_ms: Some(Stat {
                value: Some(jitter),
                ..Stat::default()
            }),
            ..Counters::default()
        };
        media(
            ms,
            EdgeKind::Sip,
            StreamDirection::Inbound,
            interval,
            Counters::default(),
        )
    };
    let jitter = |events: &[CallEvent]| {
        let edge = summary(events).edges.remove(&EdgeKind::Sip).unwrap();
        let jitter = edge.inbound.unwrap().jitter_ms.unwrap();
        (jitter.avg.unwrap(), jitter.max.unwrap())
    };
    assert_eq!(
        jitter(&[report(1, 2.0, Some(300)), report(2, 6.0, Some(100))]),
        (3.0, 6.0)
    );
    assert_eq!(
        jitter(&[report(1, 2.0, Some(300)), report(2, 6.0, None)]),
        (4.0, 6.0)
    );
    assert_eq!(
        jitter(&[report(1, 2.0, None), report(2, 6.0, None)]),
        (4.0, 6.0)
    );
}

#[test]
fn a_score_needs_every_input_and_says_its_method() {
    let full = Counters {
        codec: Some(0),
        packets_received: Some(500),
        packets_lost: Some(0),
        jitter_ms: Some(Stat {
            value: Some(1.0),
            ..Stat::default()
        }),
        rtt_ms: Some(Stat {
            value: Some(40.0),
            ..Stat::default()
        }),
        ..Counters::default()
    };
    let method = |cumulative: Counters, mos: Option<f64>| {
        let interval = Counters {
            mos: mos.map(|mos| Stat {
                value: Some(mos),
                ..Stat::default()
            }),
            ..Counters::default()
        };
        let edge = EdgeKind::Carrier;
        let sample = media(0, edge, StreamDirection::Inbound, interval, cumulative);
        let inbound = summary(&[sample])
            .edges
            .remove(&edge)
            .unwrap()
            .inbound
            .unwrap();
        assert_eq!(inbound.mos.is_some(), inbound.mos_method.is_some());
        inbound.mos_method
    };
    assert_eq!(method(full.clone(), None), Some(MosMethod::EModel));
    assert_eq!(method(full.clone(), Some(4.0)), Some(MosMethod::Reported));
    for missing in [
        Counters {
            codec: None,
            ..full.clone()
        },
        Counters {
            packets_lost: None,
            ..full.clone()
        },
        Counters {
            jitter_ms: None,
            ..full.clone()
        },
        Counters {
            rtt_ms: None,
            ..full
        },
    ] {
        assert_eq!(method(missing, None), None);
    }
}

#[test]
fn each_stream_is_judged_alone() {
    let stream = |id: &str, ssrc, received, lost| {
        let sample = MediaSample {
            edge: EdgeKind::Carrier,
            direction: StreamDirection::Inbound,
            ssrc: Some(ssrc),
            interval: Counters::default(),
            cumulative: Counters {
                packets_received: Some(received),
                packets_lost: Some(lost),
                ..Counters::default()
            },
            metadata: None,
        };
        event(
            id,
            0,
            SourceKind::Native,
            Observation::Media(Box::new(sample)),
        )
    };
    let call = summary(&[stream("a", 1, 9_990, 10), stream("b", 2, 90, 10)]);
    let edge = &call.edges[&EdgeKind::Carrier];
    assert!(edge.inbound.as_ref().unwrap().loss_percent.unwrap() < 1.0);
    assert_eq!(edge.tags, [Tag::HighPacketLoss]);
    assert_eq!(call.tags, [Tag::HighPacketLoss]);
}

#[test]
fn a_side_that_carried_nothing_is_silent_and_one_without_report_is_not() {
    let carried = |packets| {
        let counted = Counters {
            packets_received: Some(packets),
            ..Counters::default()
        };
        let edge = EdgeKind::Carrier;
        media(
            5_000,
            edge,
            StreamDirection::Inbound,
            Counters::default(),
            counted,
        )
    };
    let answered = step(0, Step::Answered);
    assert_eq!(
        summary(&[answered.clone(), carried(0)]).tags,
        [Tag::Silence]
    );
    assert!(summary(&[answered.clone(), carried(1)]).tags.is_empty());
    assert!(summary(&[answered]).tags.is_empty());
    assert!(summary(&[carried(0)]).tags.is_empty());
}
