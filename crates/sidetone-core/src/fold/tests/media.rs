//! What reports about streams make of the figures, the score and the tags.

use super::*;

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
    // Nothing came in one of two intervals: nobody counted what should have come, so both weigh the
    // same.
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
fn each_stream_is_held_to_limits_alone() {
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
