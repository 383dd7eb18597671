//! The `[[side]]` rules, as nodes publish them and go by them.

use std::time::Duration;

use rusqlite::Connection;
use sidetone::cmd::reload::Origin;
use sidetone::config::Settings;
use sidetone::data;
use sidetone::workers::catch_up::CatchUp;
use sidetone_core::event::CallEvent;
use sidetone_core::id::CallRef;
use sidetone_core::sides::{SideRule, Sides};
use sidetone_store::{Lookup, NewEvent, Scope};
use sidetone_store_sqlite::Options;

use crate::api::network::captured;
use crate::starting::{log_filter, settings, try_start};

#[tokio::test]
async fn a_call_is_held_to_the_rules_that_were_published_last() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sidetone.toml");
    let data = dir.path().join("data");
    let write = |carrier: &str| {
        let text = format!("log = 'off'\n[[side]]\ncarrier = '{carrier}'");
        std::fs::write(&file, text).unwrap();
    };
    write("first");
    let origin = Origin {
        given: Settings {
            roles: Some("api,ingest".parse().unwrap()),
            ..settings(&data)
        },
        file: Some(file.clone()),
        usual_file: false,
    };
    let started_with = origin.settings().unwrap();
    let running = try_start(started_with.clone()).await.unwrap();
    let reload = running.reload(origin, started_with.clone(), log_filter());
    let store = running.app.store.as_ref();
    let published = async || store.published_rules(0).await.unwrap().unwrap().version;
    let mut worker = CatchUp::new(running.app.clone());
    let mut carrier = async |call: &str| {
        let call = CallRef {
            account: running.first.account,
            sid: call.parse().unwrap(),
        };
        let now = running.app.clock.now();
        let events = captured("lossy-call", 0, 0).into_iter().map(|event| {
            let event = CallEvent { call, ..event };
            let received_at = now;
            NewEvent { event, received_at }
        });
        store.append(events.collect()).await.unwrap();
        worker.drain().await.unwrap();
        let scope = Scope {
            account: call.account,
        };
        match store.record(scope, call.sid).await.unwrap() {
            Lookup::Found(record) => record.summary.unwrap().facts.from.carrier,
            other => panic!("{other:?}"),
        }
    };
    let calls = ["CA1", "CA2", "CA3", "CA4"].map(|call| format!("{call:0<34}"));
    assert_eq!(published().await, 1);
    assert_eq!(carrier(&calls[0]).await.as_deref(), Some("first"));
    reload.again().await.unwrap();
    assert_eq!(published().await, 1, "the file says the same");
    write("second");
    reload.again().await.unwrap();
    assert_eq!(published().await, 2);
    assert_eq!(carrier(&calls[1]).await.as_deref(), Some("second"));

    // Another node, whose file is newer still: this one goes by it.
    let key = data.join("secret.key");
    let opened = data::open(&data, &key, Options::default()).await.unwrap();
    let third = Sides(vec![SideRule {
        carrier: Some("third".to_owned()),
        ..SideRule::default()
    }]);
    opened.store.publish_rules(third.clone()).await.unwrap();
    while *running.app.sides.get() != third {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(carrier(&calls[2]).await.as_deref(), Some("third"));

    // Who publishes last is right, also with an older file.
    running.stop().await;
    let running = try_start(started_with).await.unwrap();
    let newest = opened.store.published_rules(0).await.unwrap().unwrap();
    assert_eq!(newest.version, 4);
    assert_eq!(newest.sides, *running.app.sides.get());
    assert_eq!(newest.sides.0[0].carrier.as_deref(), Some("first"));
    running.stop().await;
}

#[tokio::test]
async fn damaged_rules_are_made_good_by_a_start_without_any() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sidetone.toml");
    let data = dir.path().join("data");
    let start = async |text: &str| {
        std::fs::write(&file, text).unwrap();
        let origin = Origin {
            given: settings(&data),
            file: Some(file.clone()),
            usual_file: false,
        };
        try_start(origin.settings().unwrap()).await
    };
    let running = start("log = 'off'\n[[side]]\ncarrier = 'first'").await;
    running.unwrap().stop().await;
    let conn = Connection::open(data.join("sidetone.db")).unwrap();
    conn.execute("update side_rules set body = '{}'", [])
        .unwrap();
    drop(conn);
    let running = start("log = 'off'").await.unwrap();
    assert_eq!(*running.app.sides.get(), Sides::default());
    let published = running.app.store.published_rules(0).await.unwrap();
    assert_eq!(published.map(|it| it.version), Some(2));
    running.stop().await;
}
