//! A receiver that says nothing of a stream: when that is silence, and whose.

use super::*;

#[test]
fn a_receiver_to_whom_nothing_was_due_is_not_silent() {
    // All the same it fills in zeros of the source it was told.
    for (direction, is_sent, is_silent) in [
        ("sendonly", false, false),
        ("sendonly", true, false),
        ("inactive", false, false),
        ("recvonly", false, true),
        ("", false, true),
    ] {
        let mut talk = Talk(Story::default());
        talk.0.sip(0, A, S, "INVITE", |message| {
            let direction = direction.to_owned();
            message.media = vec![Media {
                direction,
                ..audio(PHONE)
            }];
        });
        talk.0.media(ANSWER_MS, S, A, "200 INVITE", PLATFORM);
        for number in 1..=5_u32 {
            let tenths = i64::from(number) * 50;
            if is_sent {
                talk.sent(tenths, 250 * number);
            }
            talk.heard(tenths + 1, 0, 0);
        }
        let edge = talk.edge();
        let what = (direction, is_sent);
        let silence = is_silent.then_some(Tag::Silence);
        assert_eq!(edge.tags, Vec::from_iter(silence), "{what:?}");
        assert_eq!(edge.unheard, [], "{what:?}");
        let received = is_silent.then_some(0);
        assert_eq!(
            edge.outbound.unwrap().packets_received,
            received,
            "{what:?}"
        );
        let mut slots = talk.slots().into_iter();
        assert!(
            slots.all(|it| is_silent || it.packets_received.is_none()),
            "{what:?}"
        );
    }
}

#[test]
fn another_systems_figures_of_a_stream_stand_without_our_silence() {
    let figures = || Some(Counters::default());
    for (inbound, outbound, expected) in [
        (None, None, &["heard nothing"][..]),
        (figures(), None, &["heard nothing"]),
        (None, figures(), &[]),
    ] {
        let mut talk = reports(5, |talk, _, tenths| {
            talk.heard(tenths, 0, 1);
        });
        let told = EdgeFacts {
            inbound,
            outbound,
            ..EdgeFacts::default()
        };
        let facts = CallFacts {
            edges: [(EdgeKind::Sip, told)].into(),
            ..CallFacts::default()
        };
        let import = imported(60_000, ImportStage::Complete, 1, facts);
        talk.0.events.push(import);
        let reasons = talk.edge().unheard.into_iter().map(|it| it.reason());
        assert_eq!(reasons.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_receiver_is_the_same_under_another_source() {
    let mut talk = reports(3, |talk, number, tenths| {
        talk.heard(tenths, BASE + 250 * number, 4);
    });
    for number in 4..=6_u32 {
        let tenths = i64::from(number) * 50;
        talk.sent(tenths, 250 * number);
        // It counts on, or it begins anew.
        for (reporter, lost) in [(REPORTER - 1, 6), (REPORTER + 1, 6)] {
            let block = block(STREAM, lost, BASE + 250 * number);
            let at = ms(tenths + 1);
            talk.0.rtcp(at, PHONE, PLATFORM, reporter, None, block);
        }
    }
    talk.check(1_494, 6, &[]);
}

#[test]
fn who_reports_of_nobody_speaks_of_its_own_session_only() {
    const OWN_PORTS: (&str, &str) = ("192.0.2.10:5001", "192.0.2.1:5003");
    const SAME_PORTS: (&str, &str) = (PHONE, PLATFORM);
    // The peer's camera is off: nobody sends what the telephone's camera reports of.
    for (what, ports, camera_reports) in [
        ("before the first word of the sound", OWN_PORTS, &[25][..]),
        ("after the last", OWN_PORTS, &[599]),
        ("all the time", OWN_PORTS, &[25, 75, 300, 599]),
        ("all the time, at one port", SAME_PORTS, &[25, 75, 300, 599]),
    ] {
        let mut talk = Talk(Story::default());
        for (at, from, to, start, audio_at, video_at) in [
            (0, A, S, "INVITE", PHONE, ports.0),
            (ANSWER_MS, S, A, "200 INVITE", PLATFORM, ports.1),
        ] {
            talk.0.sip(at, from, to, start, |message| {
                let kind = "video".to_owned();
                let video = Media {
                    kind,
                    ..audio(video_at)
                };
                message.media = vec![audio(audio_at), video];
            });
        }
        for number in 1..=12_u32 {
            let tenths = i64::from(number) * 50;
            talk.sent(tenths, 250 * number);
            // The sound is told of before its sender's last word.
            let heard = if number == 12 { 580 } else { tenths + 1 };
            let came = u32::try_from(heard * 5).unwrap();
            talk.heard(heard, BASE + came, 0);
        }
        for tenths in camera_reports {
            talk.silent_as(*tenths, REPORTER + 1, ports);
        }
        talk.0.plain(ms(610), A, S, "BYE");
        let edge = talk.edge();
        let lost = edge.outbound.unwrap().packets_lost;
        assert_eq!((lost, edge.unheard), (Some(0), vec![]), "{what}");
    }
    // Who reports as another source from some time on is the same.
    let talk = reports(5, |talk, number, tenths| match number {
        1..=2 => hears_all(talk, number, tenths),
        _ => {
            talk.silent_as(tenths, REPORTER + 1, SAME_PORTS);
        }
    });
    talk.check(505, 745, &["heard nothing since 00:10"]);
}

#[test]
fn silence_after_a_transfer_is_about_the_stream_that_came_last() {
    // The first party goes on to send to nobody; the second, from 10 s on, is heard until 20 s.
    let mut talk = reports(2, hears_all);
    for number in 1..=6_u32 {
        let tenths = 100 + i64::from(number) * 50;
        let came = 250 * number;
        talk.sent(tenths, 500 + came);
        let second = STREAM + 1;
        talk.0
            .rtcp(ms(tenths), PLATFORM, PHONE, second, Some(came), None);
        if number > 2 {
            talk.silent(tenths + 1);
            continue;
        }
        let block = block(second, 0, BASE + came);
        talk.0
            .rtcp(ms(tenths + 1), PHONE, PLATFORM, REPORTER, None, block);
    }
    let told: Vec<String> = talk.edge().unheard.iter().map(|it| it.reason()).collect();
    assert_eq!(told, ["heard nothing since 00:20"]);
    let lost = talk.outbound().packets_lost.unwrap();
    assert!((950..=1_000).contains(&lost), "{lost}");
}

#[test]
fn streams_that_nobody_sends_are_told_apart_no_further_than_anything_else() {
    // Each report names more sources that nobody had named before.
    let mut talk = reports(40, hears_all);
    let reports = || (1..=40_u32).map(|number| (number, i64::from(number) * 50 + 2));
    for (number, tenths) in reports() {
        let made_up = (0..60).map(|second| 1_000 * number + second);
        let blocks = made_up.filter_map(|stream| block(stream, 0, BASE + number));
        let report = RtcpReport {
            blocks: blocks.collect(),
            ..says_nothing(PHONE, PLATFORM, REPORTER)
        };
        talk.0.report(ms(tenths), report);
    }
    let mut state = FoldState::default();
    for event in &talk.0.events {
        state.add(event);
    }
    let signalling = sip::signalling(&state.dialogs, &state.reports).unwrap();
    let media_ends = MediaEnds::of(&signalling.legs);
    let sources = Sources::of(&state.reports, &signalling, &media_ends);
    let receivers = sources.receivers();
    let streams = receivers.values().map(|receiver| receiver.streams.len());
    assert_eq!(streams.max(), Some(KEYS_MAX));
    let counters = talk.outbound();
    assert_eq!(counters.packets_sent, Some(10_000));
}

#[test]
fn silence_that_was_agreed_on_is_no_loss() {
    let changes: [(&str, Change); 5] = [
        ("hold", |media| media.direction = "sendonly".to_owned()),
        ("inactive", |media| media.direction = "inactive".to_owned()),
        ("over", |media| media.is_refused = true),
        ("fax", |media| media.kind = "image".to_owned()),
        ("nothing", |_| ()),
    ];
    // The answers to both changes are mirrored or not.
    let cases = changes.iter().flat_map(|it| [(it, false), (it, true)]);
    for (&(what, change), is_missed) in cases {
        // The platform sends all the same.
        let mut talk = reports(8, |talk, number, tenths| match number {
            4..=6 => {
                talk.silent(tenths);
            }
            _ => {
                talk.heard(tenths, BASE + 250 * number, 0);
            }
        });
        talk.asks(155, 2, change);
        if is_missed {
            talk.0.events.pop();
        }
        talk.asks(305, 3, |_| ());
        if is_missed {
            talk.0.events.pop();
        }
        let lost = talk.outbound().packets_lost;
        let told: Vec<String> = talk.edge().unheard.iter().map(|it| it.reason()).collect();
        if what == "nothing" {
            // The receiver does not count it, and yet nobody hands over 15 s at once.
            assert_eq!(
                (lost, told),
                (
                    Some(750),
                    vec!["heard nothing from 00:15 to 00:30".to_owned()]
                )
            );
        } else {
            assert_eq!((lost, told), (Some(0), vec![]), "{what}");
        }
    }
}

#[test]
fn a_call_that_ends_on_hold_has_lost_nothing() {
    let silent = |talk: &mut Talk, number: u32, tenths: i64| match number {
        1..=3 => hears_all(talk, number, tenths),
        _ => {
            talk.silent(tenths);
        }
    };
    let mut held = reports(8, silent);
    held.asks(155, 2, |media| media.direction = "sendonly".to_owned());
    assert_eq!(held.outbound().packets_lost, Some(0));
    // The same when no agent mirrored the answer.
    held.0.events.pop();
    assert_eq!(held.outbound().packets_lost, Some(0));
    // One that was turned down is none.
    let mut refused = reports(8, silent);
    refused.0.sip(ms(155), A, S, "INVITE", |message| {
        message.cseq = 2;
        message.to.tag = Some("callee".to_owned());
        message.media = vec![Media {
            direction: "sendonly".to_owned(),
            ..audio(PHONE)
        }];
    });
    refused
        .0
        .sip(ms(156), S, A, "488 INVITE", |message| message.cseq = 2);
    refused.check(755, 1_245, &["heard nothing since 00:15"]);
    // After the end nobody listens.
    let mut over = reports(8, silent);
    over.0.plain(ms(152), A, S, "BYE");
    assert_eq!(over.outbound().packets_lost, Some(0));
}

#[test]
fn a_receiver_that_never_names_the_stream_is_not_measured() {
    let talk = reports(5, |talk, _, tenths| {
        talk.silent(tenths);
    });
    let edge = talk.edge();
    assert_eq!(edge.outbound, None);
    let reasons: Vec<String> = edge.unheard.iter().map(|it| it.reason()).collect();
    assert_eq!(reasons, ["no report says what was heard"]);
    // Unless it says otherwise what it heard.
    let mut told = talk;
    let metrics = crate::rtcp::VoipMetrics {
        ssrc: STREAM,
        mos_lq: Some(4.1),
        ..Default::default()
    };
    told.0.report(
        ms(252),
        RtcpReport {
            voip_metrics: vec![metrics],
            ..says_nothing(PHONE, PLATFORM, REPORTER)
        },
    );
    assert_eq!(told.outbound().mos.unwrap().avg, Some(4.1));
    assert_eq!(told.edge().unheard, []);
    // Nobody sent anything: there was nothing to name.
    let mut talk = self::talk();
    talk.sent(50, 0).sent(100, 0).silent(51).silent(101);
    assert_eq!(talk.edge().unheard, []);
}
