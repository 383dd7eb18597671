//! The made-up calls, through the real store, fold and API.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sidetone::cmd::demo::play;
use sidetone_core::vocabulary::{CallDirection, CallType, Tag};
use sidetone_demo as demo;
use tokio::sync::watch;

use crate::harness::{ACCOUNT, TestServer};

type Overview = BTreeMap<&'static str, BTreeMap<String, usize>>;

/// A server with the first so many calls of seed 1.
async fn server(calls: usize) -> TestServer {
    let server = TestServer::start().await;
    let now = server.app.clock.now();
    let history = demo::history(1, ACCOUNT.parse().unwrap(), now).take(calls);
    let loaded = play::load(&server.app, history).await.unwrap();
    assert!(loaded.calls > 0 && loaded.events > loaded.calls);
    server
}

/// Every call, as the API lists them.
async fn listed(server: &TestServer) -> Vec<Value> {
    let mut calls = Vec::new();
    let mut next =
        Some("/v1/Voice/Summaries?StartTime=4w&ProcessingState=all&PageSize=1000".to_owned());
    while let Some(path) = next {
        let page = server.get(&path).await.json();
        calls.extend(page["call_summaries"].as_array().unwrap().iter().cloned());
        next = page["meta"]["next_page_url"]
            .as_str()
            .and_then(|url| url.strip_prefix("http://sidetone.test"))
            .map(str::to_owned);
    }
    calls
}

fn overview(calls: &[Value]) -> Overview {
    let mut overview = Overview::new();
    for call in calls {
        let mut count = |what, value: &Value| {
            let word = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            *overview.entry(what).or_default().entry(word).or_default() += 1;
        };
        count("call_type", &call["call_type"]);
        count("call_state", &call["call_state"]);
        count("direction", &call["properties"]["direction"]);
        count("processing_state", &call["processing_state"]);
        count("answered_by", &call["answered_by"]);
        count("carrier", &call["to"]["carrier"]);
        count("country", &call["to"]["country_code"]);
        count("score", &call["annotation"]["call_score"]);
        count("annotated", &Value::Bool(!call["annotation"].is_null()));
        for tag in call["tags"].as_array().into_iter().flatten() {
            count("tag", tag);
        }
        for issue in call["annotation"]["quality_issues"]
            .as_array()
            .into_iter()
            .flatten()
        {
            count("quality_issue", issue);
        }
    }
    overview
}

#[tokio::test]
async fn shows_calls_of_every_kind() {
    let server = server(usize::MAX).await;
    let calls = listed(&server).await;
    let overview = overview(&calls);
    insta::assert_json_snapshot!("overview", overview);

    let words = |what| {
        overview[what]
            .keys()
            .map(String::as_str)
            .collect::<BTreeSet<_>>()
    };
    assert!(words("call_type").is_superset(&CallType::WORDS.iter().copied().collect()));
    assert!(words("direction").is_superset(&CallDirection::WORDS.iter().copied().collect()));
    assert!(words("tag").is_superset(&Tag::WORDS.iter().copied().collect()));
    assert!(words("annotated").is_superset(&["false", "true"].into()));
    assert!(words("carrier").len() > 4);
    assert!(words("country").len() > 6);

    let lately = server.get("/v1/Voice/Summaries").await.json();
    assert_eq!(lately["call_summaries"].as_array().unwrap().len(), 25);

    for (name, call_type, tag) in [
        ("client_call", "client", "low_mos"),
        ("trunking_call", "trunking", "high_jitter"),
        ("carrier_call", "carrier", "high_pdd"),
    ] {
        let found = calls.iter().find(|call| {
            let tags = call["tags"].as_array();
            call["call_type"] == call_type
                && call["processing_state"] == "complete"
                && tags.is_some_and(|tags| tags.contains(&tag.into()))
                && !call["annotation"].is_null()
        });
        let sid = found.unwrap_or_else(|| panic!("no {name}"))["call_sid"]
            .as_str()
            .unwrap();
        let summary = server.get(&format!("/v1/Voice/{sid}/Summary")).await.json();
        insta::assert_json_snapshot!(name, summary);
    }
    assert_eq!(
        server.app.store.check().await.unwrap(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn two_servers_of_a_seed_show_the_same() {
    let (first, second) = (server(400).await, server(400).await);
    assert_eq!(listed(&first).await, listed(&second).await);
}

#[tokio::test]
async fn a_sip_site_has_calls_with_ladders_and_figures() {
    let server = TestServer::start().await;
    let account = ACCOUNT.parse().unwrap();
    let begin = play::site_begins_at(server.app.clock.now());
    // Stopped at once: what has been captured by now is taken in.
    let (_stop, stopped) = watch::channel(true);
    play::mirror(
        server.app.clone(),
        account,
        demo::site::calls(1, begin),
        stopped,
    )
    .await;
    server.pass(300).await;
    server.pass(300).await;
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    let mut lossy = 0;
    for call in demo::site::calls(1, begin).take(40) {
        let sid = call.sid(account);
        let path = format!("/v1/Voice/{sid}/Summary");
        let summary = server.get(&path).await.json();
        let state = summary["call_state"].as_str().unwrap();
        *states.entry(state.to_owned()).or_default() += 1;
        assert_eq!(state == "completed", call.is_answered, "{summary}");
        if !call.is_answered {
            continue;
        }
        for (edge, direction) in [("sip_edge", "inbound"), ("carrier_edge", "inbound")] {
            let figures = &summary[edge]["metrics"][direction];
            for figure in ["packets_sent", "packets_loss_percentage", "jitter", "mos"] {
                assert!(!figures[figure].is_null(), "{figure}: {summary}");
            }
        }
        assert!(!summary["properties"]["disconnected_by"].is_null());
        let lost = &summary["carrier_edge"]["metrics"]["outbound"]["packets_lost"];
        lossy += usize::from(lost.as_i64() > Some(0));
        let path = format!("/v1/Voice/{sid}/Ladder?PageSize=1000");
        let ladder = server.get(&path).await.json();
        assert_eq!(
            ladder["participants"].as_array().unwrap().len(),
            3,
            "{ladder}"
        );
    }
    assert_eq!(
        states.keys().collect::<Vec<_>>(),
        ["busy", "canceled", "completed"]
    );
    assert!((1..20).contains(&lossy), "{lossy}");
    let text = server
        .app
        .counters
        .encode(server.app.store.stats().await.unwrap());
    let others = text
        .lines()
        .filter(|line| line.starts_with("sidetone_hep_packets_total"))
        .filter(|line| !line.contains("\"accepted\""));
    assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
}
