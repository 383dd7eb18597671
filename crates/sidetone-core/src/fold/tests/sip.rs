//! Signalling that captures of real calls do not hold: challenges, forks, platforms that hang up.

use super::at;
use super::packets::{A, B, C, S, Story, answered, audio};
use crate::sides::{SideEdge, SideRule, Sides};
use crate::sip::{IpLocation, Media, Reason, SipMessage};
use crate::vocabulary::{CallState, CallType, EdgeKind};

#[test]
fn a_challenge_is_no_refusal() {
    let mut story = Story::default();
    story.plain(0, A, S, "INVITE");
    story.plain(10, S, A, "407 INVITE");
    story.sip(50, A, S, "INVITE", |message| message.cseq = 2);
    story.sip(60, S, B, "INVITE", |message| message.cseq = 2);
    let summary = story.summary();
    assert_eq!(summary.facts.state, Some(CallState::Undialed));
    story.sip(300, B, S, "180 INVITE", |message| message.cseq = 2);
    story.sip(310, S, A, "180 INVITE", |message| message.cseq = 2);
    story.sip(900, S, A, "200 INVITE", |message| message.cseq = 2);
    let summary = story.summary();
    assert_eq!(summary.facts.state, Some(CallState::Answered));
    assert_eq!(summary.facts.pdd_ms, Some(310));
    assert_eq!(summary.facts.last_sip_response, Some(200));
    assert!(summary.sip.unwrap().challenged);
}

#[test]
fn a_caller_who_does_not_answer_the_challenge_has_failed() {
    let mut story = Story::default();
    story.plain(0, A, S, "INVITE");
    story.plain(10, S, A, "401 INVITE");
    let summary = story.summary();
    assert_eq!(summary.facts.state, Some(CallState::Fail));
    assert_eq!(summary.facts.q850_cause, Some(21));
    assert_eq!(summary.facts.ended_at, Some(at(10)));
    assert_eq!(summary.facts.call_type, Some(CallType::Sip));
}

#[test]
fn of_a_fork_the_branch_that_answered_is_the_callee() {
    for winner in [B, C] {
        let mut story = Story::default();
        story.plain(0, A, S, "INVITE");
        for branch in [B, C] {
            story.plain(5, S, branch, "INVITE");
        }
        for branch in [B, C] {
            let answer = if branch == winner {
                "200 INVITE"
            } else {
                "487 INVITE"
            };
            story.sip(500, branch, S, answer, |message| {
                message.user_agent = Some(branch.to_owned())
            });
        }
        story.plain(510, S, A, "200 INVITE");
        let summary = story.summary();
        assert_eq!(summary.facts.state, Some(CallState::Answered), "{winner}");
        let callee = &summary.edges[&EdgeKind::Carrier].facts;
        assert_eq!(callee.user_agent.as_deref(), Some(winner));
        assert_eq!(summary.sip.unwrap().forks, 1);
    }
}

#[test]
fn a_branch_that_answered_is_the_callee_although_another_went_further() {
    const D: &str = "198.51.100.40:5060";
    let mut story = Story::default();
    story.plain(0, A, S, "INVITE");
    story.plain(5, S, B, "INVITE");
    story.plain(5, S, C, "INVITE");
    story.sip(10, C, D, "INVITE", |message| message.hops = 3);
    story.sip(500, B, S, "200 INVITE", |message| {
        message.user_agent = Some("phone".to_owned());
    });
    story.plain(505, S, A, "200 INVITE");
    story.sip(520, D, C, "487 INVITE", |message| message.hops = 3);
    story.plain(525, C, S, "487 INVITE");
    let summary = story.summary();
    let callee = &summary.edges[&EdgeKind::Carrier].facts;
    assert_eq!(callee.user_agent.as_deref(), Some("phone"));
    let sip = summary.sip.unwrap();
    assert_eq!((sip.callee_response, sip.forks), (Some(200), 1));
}

#[test]
fn the_cause_is_nearest_to_the_callee() {
    let mut story = Story::default();
    story.plain(0, A, S, "INVITE");
    story.plain(5, S, B, "INVITE");
    story.sip(100, B, S, "503 INVITE", |message| {
        message.reasons = vec![Reason {
            protocol: "Q.850".to_owned(),
            cause: Some(34),
            text: None,
        }];
    });
    story.plain(110, S, A, "500 INVITE");
    let summary = story.summary();
    assert_eq!(summary.facts.state, Some(CallState::Fail));
    assert_eq!(summary.facts.last_sip_response, Some(500));
    assert_eq!(summary.facts.q850_cause, Some(34));
    let sip = summary.sip.unwrap();
    assert_eq!(
        (sip.caller_response, sip.callee_response),
        (Some(500), Some(503))
    );
}

#[test]
fn who_hung_up_is_told_by_tags_and_a_platform_that_ends_both_sides_is_neither() {
    let by_caller = |message: &mut SipMessage| message.from.tag = Some("caller".to_owned());
    let by_callee = |message: &mut SipMessage| {
        message.from.tag = Some("callee".to_owned());
        message.to.tag = Some("caller".to_owned());
    };
    let mut story = answered();
    story.sip(5_000, A, S, "BYE", by_caller);
    story.sip(5_005, S, B, "BYE", by_caller);
    assert_eq!(
        story.summary().facts.disconnected_by.as_deref(),
        Some("caller")
    );
    // The callee's BYE comes by another connection, and the far leg's agent is half a second ahead.
    let mut story = answered();
    story.sip(5_500, "198.51.100.20:40000", S, "BYE", by_callee);
    story.sip(5_000, S, A, "BYE", by_callee);
    assert_eq!(
        story.summary().facts.disconnected_by.as_deref(),
        Some("callee")
    );
    let mut story = answered();
    story.sip(5_000, S, A, "BYE", by_callee);
    story.sip(5_001, S, B, "BYE", by_caller);
    let summary = story.summary();
    assert_eq!(summary.facts.disconnected_by.as_deref(), Some("platform"));
    assert_eq!(summary.facts.state, Some(CallState::Completed));
    assert_eq!(summary.facts.connect_duration_s, Some(3));
}

#[test]
fn a_hold_that_is_kept_up_is_one() {
    let mut story = answered();
    let mut again = |ms, cseq, direction: &str| {
        story.sip(ms, A, S, "INVITE", |message| {
            message.cseq = cseq;
            message.to.tag = Some("callee".to_owned());
            message.media = vec![Media {
                direction: direction.to_owned(),
                ..audio("192.0.2.10:4001")
            }];
        });
    };
    again(2_000, 2, "sendonly");
    again(3_000, 3, "sendonly");
    again(4_000, 4, "");
    again(5_000, 5, "inactive");
    let sip = story.summary().sip.unwrap();
    assert_eq!((sip.reinvites, sip.holds), (4, 2));
}

#[test]
fn operators_say_which_side_is_which() {
    let rule = |network: &str, edge, carrier: &str| SideRule {
        networks: vec![network.parse().unwrap()],
        edge: Some(edge),
        carrier: Some(carrier.to_owned()),
        ..SideRule::default()
    };
    let mut story = answered();
    story.rules = Sides(vec![
        rule("192.0.2.10", SideEdge::Carrier, "Near"),
        rule("198.51.100.0/24", SideEdge::Sip, "Far"),
    ]);
    let summary = story.summary();
    assert_eq!(summary.facts.from.carrier.as_deref(), Some("Near"));
    assert_eq!(summary.facts.to.carrier.as_deref(), Some("Far"));
    let far = |kind: &EdgeKind| summary.edges[kind].facts.external_signaling_ip.clone();
    assert_eq!(far(&EdgeKind::Carrier).as_deref(), Some("192.0.2.10"));
    assert_eq!(far(&EdgeKind::Sip).as_deref(), Some("198.51.100.20"));
    assert_eq!(summary.facts.call_type, Some(CallType::Trunking));
    assert!(summary.sides_digest.is_some());
    story.rules = Sides(vec![SideRule {
        domains: vec!["Trunk.example.com".to_owned()],
        carrier: Some("By domain".to_owned()),
        ..SideRule::default()
    }]);
    let facts = story.summary().facts;
    assert_eq!(facts.from.carrier, None);
    assert_eq!(facts.to.carrier.as_deref(), Some("By domain"));
    // Both of the same kind: a platform has one edge of each.
    story.rules = Sides(vec![SideRule {
        edge: Some(SideEdge::Carrier),
        ..SideRule::default()
    }]);
    let kinds: Vec<EdgeKind> = story.summary().edges.into_keys().collect();
    assert_eq!(kinds, [EdgeKind::Carrier, EdgeKind::Sip]);
}

#[test]
fn a_database_says_where_a_side_is_unless_somebody_knows_better() {
    let told = |text: Option<&str>| {
        let (country_code, city) = text?.split_once(' ').unwrap();
        Some((country_code.to_owned(), city.to_owned()))
    };
    let us = "+12025550100";
    let nobody = "sip:alice@example.com";
    for (address, database, rule, expected) in [
        (nobody, Some("AT Wien"), None, Some("AT Wien")),
        (nobody, Some("AT -"), None, Some("AT -")),
        (nobody, None, None, None),
        (us, None, None, Some("US -")),
        (us, Some("US Boston"), None, Some("US Boston")),
        // Somebody from Boston is on a journey.
        (us, Some("AT Wien"), None, Some("US -")),
        (nobody, Some("AT Wien"), Some("DE Köln"), Some("DE Köln")),
        (nobody, Some("AT Wien"), Some("DE -"), Some("DE -")),
        (nobody, Some("AT Wien"), Some("AT -"), Some("AT Wien")),
        (nobody, Some("AT Wien"), Some("- Köln"), Some("- Köln")),
        (us, Some("US Boston"), Some("AT -"), Some("AT -")),
    ] {
        let given = |text: String| (text != "-").then_some(text);
        let location = told(database).map(|(country_code, city)| IpLocation {
            country_code,
            city: given(city),
        });
        let mut story = Story::default();
        story.sip(0, A, S, "INVITE", |message| {
            message.from.address = address.to_owned();
            message.to.address = address.to_owned();
            message.source_location = location.clone();
        });
        story.sip(5, S, B, "INVITE", |message| {
            message.destination_location = location.clone();
        });
        story.rules = Sides(
            told(rule)
                .into_iter()
                .map(|(country_code, city)| SideRule {
                    country_code: given(country_code),
                    city: given(city),
                    ..SideRule::default()
                })
                .collect(),
        );
        let facts = story.summary().facts;
        for party in [facts.from, facts.to] {
            let found = (party.country_code, party.city);
            let expected = told(expected).map_or((None, None), |(country, city)| {
                (given(country), given(city))
            });
            assert_eq!(found, expected, "{address} {database:?} {rule:?}");
        }
    }
}

#[test]
fn the_platform_is_not_where_a_callee_is() {
    let mut story = Story::default();
    story.sip(0, A, S, "INVITE", |message| {
        message.to.address = "sip:bob@example.com".to_owned();
        message.destination_location = Some(IpLocation {
            country_code: "AT".to_owned(),
            city: None,
        });
    });
    assert_eq!(story.summary().facts.to.country_code, None);
}

#[test]
fn only_the_dialogs_that_were_answered_are_ended() {
    let tagged = |from: &'static str, to: &'static str| {
        move |message: &mut SipMessage| {
            message.from.tag = Some(from.to_owned());
            message.to.tag = Some(to.to_owned());
        }
    };
    // Two branches answered; the caller drops one of them and talks with the other.
    let mut story = answered();
    story.sip(1_100, S, A, "200 INVITE", tagged("caller", "second"));
    for tag in ["callee", "second"] {
        story.sip(1_110, A, S, "ACK", tagged("caller", tag));
    }
    story.sip(2_000, A, S, "BYE", tagged("caller", "callee"));
    let state = |story: &Story| story.summary().facts.state;
    assert_eq!(state(&story), Some(CallState::Answered));
    // Somebody's BYE of a dialog that is none.
    story.sip(3_000, S, A, "BYE", tagged("stranger", "caller"));
    assert_eq!(state(&story), Some(CallState::Answered));
    story.sip(21_000, S, A, "BYE", tagged("second", "caller"));
    let summary = story.summary();
    assert_eq!(summary.facts.state, Some(CallState::Completed));
    assert_eq!(summary.facts.connect_duration_s, Some(19));
    assert_eq!(summary.facts.disconnected_by.as_deref(), Some("callee"));
}

/// A switch calls on by a name of its own.
#[test]
fn the_first_leg_is_named_before_the_others() {
    let named = |call_id: &'static str| {
        move |message: &mut SipMessage| message.call_id = call_id.to_owned()
    };
    let mut story = Story::default();
    story.sip(0, A, S, "INVITE", named("z1@pbx"));
    story.sip(100, S, B, "INVITE", named("a2@switch"));
    story.sip(900, B, S, "200 INVITE", named("a2@switch"));
    story.sip(1_000, S, A, "200 INVITE", named("z1@pbx"));
    let call_ids = story.summary().sip.unwrap().call_ids;
    assert_eq!(call_ids, ["z1@pbx", "a2@switch"]);
}
