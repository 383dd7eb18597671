//! Calls that were seen on a SIP network, as clients read them.

use std::path::Path;

use serde_json::{Value, json};
use sidetone::config::Settings;
use sidetone_core::correlate::{Correlator, Fate, Limits, Owned};
use sidetone_core::event::CallEvent;
use sidetone_core::id::CallSid;
use sidetone_core::sides::{SideEdge, SideRule};
use sidetone_core::time::TimeUs;
use sidetone_store::NewEvent;
use sidetone_wire::hep::Packet;
use sidetone_wire::pcap;
use sidetone_wire::translate::mirrored;
use sidetone_wire::translate::trusted_headers::TrustedHeaders;

use super::{picture, tell};
use crate::harness::{ACCOUNT, TestServer};

/// The events of a captured call, as an agent with a number and a clock of its own would have seen
/// it.
pub(crate) fn captured(name: &str, agent_plus: u32, clock_plus_us: i64) -> Vec<CallEvent> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/hep");
    let file = std::fs::read(folder.join(format!("{name}.pcap"))).unwrap();
    let account = ACCOUNT.parse().unwrap();
    let mut correlator = Correlator::new(Limits::default());
    let now = TimeUs::from_micros(1_795_163_000_000_000);
    let mut events = Vec::new();
    for datagram in pcap::datagrams(&file[..]).unwrap() {
        let datagram = datagram.unwrap();
        let mut packet = Packet::decode(&datagram.payload).unwrap();
        packet.agent += agent_plus;
        packet.captured_us += clock_plus_us;
        let mut read = Vec::new();
        mirrored::hep(&packet, account, &TrustedHeaders::default(), |it| {
            read.push(it)
        });
        let Some(Ok(packet)) = read.pop() else {
            continue;
        };
        let owned = Owned {
            account,
            came_by: "test",
            packet,
        };
        if let Fate::Event(event) = correlator.take(owned, now) {
            events.push(*event);
        }
    }
    let (found, _) = correlator.retry(now);
    events.extend(found.into_iter().map(|(event, _)| event));
    events
}

async fn append(server: &TestServer, events: Vec<CallEvent>) -> CallSid {
    let sid = events[0].call.sid;
    let received_at = server.app.clock.now();
    let new = |event| NewEvent { event, received_at };
    let fates = server
        .app
        .store
        .append(events.into_iter().map(new).collect())
        .await;
    fates.unwrap();
    server.pass(1).await;
    sid
}

async fn with_capture(name: &str) -> (TestServer, CallSid) {
    let server = TestServer::start().await;
    let sid = append(&server, captured(name, 0, 0)).await;
    (server, sid)
}

async fn rows(server: &TestServer, path: &str) -> Vec<Value> {
    let answer = server.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    let mut body = answer.json();
    let key = body["meta"]["key"].as_str().unwrap().to_owned();
    serde_json::from_value(body[key].take()).unwrap()
}

/// Reads a list from page to page, and back.
async fn walk(server: &TestServer, path: &str, link: &str) -> (Vec<Value>, String) {
    let mut seen = Vec::new();
    let mut path = path.to_owned();
    loop {
        let body = server.get(&path).await.json();
        let key = body["meta"]["key"].as_str().unwrap();
        let page = body[key].as_array().unwrap().clone();
        let is_back = link == "previous_page_url";
        let place = if is_back { 0 } else { seen.len() };
        seen.splice(place..place, page);
        match body["meta"][link].as_str() {
            Some(url) => path = url.strip_prefix("http://sidetone.test").unwrap().to_owned(),
            None => return (seen, path),
        }
    }
}

#[tokio::test]
async fn a_lossy_call() {
    let (server, sid) = with_capture("lossy-call").await;
    for resource in ["Metrics", "Events", "Ladder"] {
        let answer = server
            .get(&format!("/v1/Voice/{sid}/{resource}?PageSize=1000"))
            .await;
        insta::assert_snapshot!(format!("lossy_call_{resource}"), picture(&answer));
    }
}

#[tokio::test]
async fn pages_meet_both_ways_where_rows_are_made_and_stored() {
    let (server, sid) = with_capture("lossy-call").await;
    let metrics = format!("/v1/Voice/{sid}/Metrics");
    let at = rows(&server, &metrics).await[0]["timestamp"].clone();
    let sid_text = sid.to_string();
    let told = [
        json!({"kind": "media", "edge": "sdk_edge", "direction": "both", "at": at, "interval": {"packets_lost": 1}}),
        json!({"kind": "edge", "edge": "sdk_edge", "group": "connection", "name": "muted", "at": at}),
        json!({"kind": "edge", "edge": "sip_edge", "group": "connection", "name": "hold", "at": at}),
    ];
    tell(&server, &sid_text, &told).await;
    let annotation = format!("/v1/Voice/{sid}/Annotation");
    for form in ["CallScore=1", "CallScore=2"] {
        assert_eq!(server.post(&annotation, form).await.status, 200);
    }
    for resource in [
        "Metrics?",
        "Events?",
        "Ladder?",
        "Events?Edge=sip_edge&",
        "Metrics?Direction=outbound&",
    ] {
        let path = format!("/v1/Voice/{sid}/{resource}");
        let all = rows(&server, &format!("{path}PageSize=1000")).await;
        assert!(all.len() > 2, "{resource}: {}", all.len());
        for size in [1, 3, 7] {
            let (forth, last) =
                walk(&server, &format!("{path}PageSize={size}"), "next_page_url").await;
            assert_eq!(forth, all, "{resource}{size}");
            let (back, _) = walk(&server, &last, "previous_page_url").await;
            assert_eq!(back, all, "{resource}{size} back");
        }
        let skipped = rows(&server, &format!("{path}PageSize=2&Page=1")).await;
        assert_eq!(skipped, all[2..all.len().min(4)], "{resource}");
    }
}

#[tokio::test]
async fn edge_and_direction_narrow_what_is_made() {
    let (server, sid) = with_capture("lossy-call").await;
    let metrics = format!("/v1/Voice/{sid}/Metrics");
    let all = rows(&server, &metrics).await;
    for edge in ["sip_edge", "carrier_edge", "sdk_edge"] {
        for direction in ["inbound", "outbound", "both"] {
            let query = format!("{metrics}?Edge={edge}&Direction={direction}");
            let fits = |row: &&Value| row["edge"] == edge && row["direction"] == direction;
            let expected: Vec<&Value> = all.iter().filter(fits).collect();
            assert_eq!(
                rows(&server, &query).await.iter().collect::<Vec<_>>(),
                expected
            );
            assert_eq!(
                expected.is_empty(),
                edge == "sdk_edge" || direction == "both"
            );
        }
    }
    let events = format!("/v1/Voice/{sid}/Events");
    let all = rows(&server, &events).await;
    for edge in ["sip_edge", "carrier_edge"] {
        let of_edge = rows(&server, &format!("{events}?Edge={edge}")).await;
        let expected: Vec<Value> = all
            .iter()
            .filter(|it| it["edge"] == edge)
            .cloned()
            .collect();
        assert!(!expected.is_empty());
        assert_eq!(of_edge, expected);
        assert!(
            expected
                .iter()
                .all(|event| event[edge]["metadata"]["external_ip"].is_string())
        );
    }
}

/// What must not depend on who saw what.
fn essence(rows: &[Value]) -> Vec<Value> {
    let keep = |row: &Value| {
        json!([
            row["kind"],
            row["group"],
            row["name"],
            row["summary"],
            row["from"],
            row["to"],
            row["edge"]
        ])
    };
    rows.iter().map(keep).collect()
}

#[tokio::test]
async fn what_two_agents_saw_shows_once() {
    for name in ["lossy-call", "cancelled", "stir-shaken-a"] {
        let (one, sid) = with_capture(name).await;
        let (both, _) = with_capture(name).await;
        append(&both, captured(name, 1, 3_000_000)).await;
        for resource in ["Events", "Ladder"] {
            let path = format!("/v1/Voice/{sid}/{resource}?PageSize=1000");
            let (of_one, of_both) = (rows(&one, &path).await, rows(&both, &path).await);
            assert_eq!(essence(&of_one), essence(&of_both), "{name} {resource}");
        }
        let ladder = rows(&both, &format!("/v1/Voice/{sid}/Ladder?PageSize=1000")).await;
        let packets = ladder.iter().filter(|rung| rung["kind"] == "sip");
        for rung in packets {
            let agent = rung["agent"].as_u64().unwrap();
            assert_eq!(rung["seen_by"], json!([agent, agent + 1]), "{name}: {rung}");
        }
    }
}

#[tokio::test]
async fn what_was_sent_again_is_marked() {
    let (server, sid) = with_capture("clean-call").await;
    let path = format!("/v1/Voice/{sid}/Ladder?PageSize=1000");
    let before = rows(&server, &path).await;
    let mut again: Vec<CallEvent> = captured("clean-call", 0, 500_000);
    again.retain(|event| event.observation.kind().as_str() == "sip");
    again.truncate(1);
    append(&server, again).await;
    let after = rows(&server, &path).await;
    assert_eq!(after.len(), before.len() + 1);
    let sent_again: Vec<&Value> = after
        .iter()
        .filter(|rung| rung["sip"]["retransmission"] == true)
        .collect();
    assert_eq!(sent_again.len(), 1);
    assert_eq!(sent_again[0]["sip"]["method"], "INVITE");
    let events = rows(&server, &format!("/v1/Voice/{sid}/Events")).await;
    let marked = events
        .iter()
        .filter(|event| event["sip_edge"]["sip"]["retransmission"] == true);
    assert_eq!(marked.count(), 1);
}

#[tokio::test]
async fn the_text_is_there_for_those_who_ask_without_secrets() {
    let (server, sid) = with_capture("stir-shaken-a").await;
    let path = format!("/v1/Voice/{sid}/Ladder?PageSize=7");
    assert!(
        rows(&server, &path)
            .await
            .iter()
            .all(|rung| rung.get("raw").is_none())
    );
    let (raw, _) = walk(&server, &format!("{path}&Raw=true"), "next_page_url").await;
    for rung in raw.iter().filter(|rung| rung["kind"] == "sip") {
        let text = rung["raw"].as_str().unwrap();
        let (method, call_id) = (&rung["sip"]["method"], &rung["sip"]["call_id"]);
        assert!(text.contains(method.as_str().unwrap()), "{text}");
        assert!(text.contains(call_id.as_str().unwrap()), "{text}");
        assert!(!text.contains("response=\""), "{text}");
    }
    assert!(raw.iter().any(|rung| rung["raw"].is_string()));
}

#[tokio::test]
async fn told_steps_outrank_those_that_were_seen() {
    let (server, sid) = with_capture("busy-486").await;
    let events = format!("/v1/Voice/{sid}/Events");
    let steps = async || {
        let rows = rows(&server, &events).await;
        let steps = rows.iter().filter(|event| event["group"] == "call");
        steps
            .map(|event| event["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(steps().await.last().map(String::as_str), Some("call.busy"));
    let told = json!({"kind": "progress", "step": "failed"});
    tell(&server, &sid.to_string(), &[told]).await;
    assert_eq!(steps().await, ["call.failed"]);
    let refusals: Vec<Value> = rows(&server, &events).await;
    let refused = |event: &&Value| event["name"] == "486";
    assert!(
        refusals
            .iter()
            .filter(refused)
            .all(|event| event["level"] == "WARNING")
    );
    assert!(refusals.iter().filter(refused).count() > 0);
}

#[tokio::test]
async fn nobody_else_climbs_the_ladder() {
    let (server, sid) = with_capture("clean-call").await;
    let path = format!("/v1/Voice/{sid}/Ladder");
    let sub = server.subaccount().await;
    let stranger = server.log_in(&sub.account_sid, &sub.auth_token);
    assert_eq!(stranger.get(&path).await.error(), (404, 20404));
    let nobody = server.log_in(ACCOUNT, "wrong");
    assert_eq!(nobody.get(&path).await.error(), (401, 20003));
    let unknown = "/v1/Voice/CA00000000000000000000000000000009/Ladder";
    assert_eq!(server.get(unknown).await.error(), (404, 20404));
    assert_eq!(
        server.get(&format!("{path}?Raw=perhaps")).await.error(),
        (400, 17400)
    );
    assert_eq!(
        server.get(&format!("{path}?PageToken=PT00")).await.error(),
        (400, 17400)
    );
    assert_eq!(server.post(&path, "").await.error(), (405, 20004));
}

#[tokio::test]
async fn a_call_without_packets_has_a_ladder_of_what_was_said() {
    let server = super::with_complete_call().await;
    let path = format!("/v1/Voice/{}", super::CALL);
    server
        .post(&format!("{path}/Annotation"), "CallScore=4")
        .await;
    let ladder = rows(&server, &format!("{path}/Ladder")).await;
    let kinds: Vec<&str> = ladder
        .iter()
        .map(|rung| rung["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["event", "event", "event", "event", "event", "annotation"]
    );
    assert_eq!(ladder[5]["annotation"]["after"]["call_score"], 4);
}

#[tokio::test]
async fn rows_are_at_the_edges_that_the_operator_names() {
    let side = SideRule {
        networks: vec!["10.77.1.2".parse().unwrap()],
        edge: Some(SideEdge::Client),
        ..SideRule::default()
    };
    let settings = Settings {
        side: vec![side],
        ..Settings::default()
    };
    let server = TestServer::with(settings).await;
    let sid = append(&server, captured("lossy-call", 0, 0)).await;
    for resource in ["Metrics", "Events", "Ladder"] {
        let path = format!("/v1/Voice/{sid}/{resource}?PageSize=1000");
        let rows = rows(&server, &path).await;
        let mut edges: Vec<&str> = rows.iter().filter_map(|row| row["edge"].as_str()).collect();
        edges.sort_unstable();
        edges.dedup();
        assert_eq!(edges, ["carrier_edge", "client_edge"], "{resource}");
    }
}
