use super::*;

fn call(account: u8, number: u8) -> CallRef {
    CallRef {
        account: AccountSid::from_bytes([account; 16]),
        sid: sidetone_core::id::CallSid::from_bytes([number; 16]),
    }
}

fn followed() -> Live {
    let live = Live::default();
    live.begin(TimeUs::from_micros(7));
    live
}

async fn watch(live: &Live, seen: Option<ChangeId>) -> (Watcher, Start) {
    live.watch(call(1, 0).account, seen).await.unwrap()
}

fn shown(told: Option<Told>) -> String {
    match told {
        None => "nothing".to_owned(),
        Some(Told::Update(update)) => format!("{} {}", update.id, update.call.sid),
        Some(Told::Missed(last)) => format!("missed up to {last}"),
        Some(Told::Over) => "over".to_owned(),
    }
}

#[tokio::test]
async fn a_watcher_is_told_of_his_account_from_when_he_came() {
    let live = followed();
    live.tell(call(1, 1), Now::Gone);
    let (mut watcher, start) = watch(&live, None).await;
    assert_eq!(start.last.to_string(), "7-1");
    assert_eq!(start.missed, Some(vec![]));
    live.tell(call(2, 2), Now::Gone);
    live.tell(call(1, 3), Now::Gone);
    let expected = format!("7-3 {}", call(1, 3).sid);
    assert_eq!(shown(watcher.next_at_once()), expected);
    assert_eq!(shown(watcher.next_at_once()), "nothing");
    assert!(live.is_account_watched(call(1, 0).account));
    assert!(!live.is_account_watched(call(2, 0).account));
    drop(watcher);
    assert!(!live.is_watched());
}

#[tokio::test]
async fn who_comes_again_is_told_what_he_missed_each_call_once() {
    let live = followed();
    for number in [1, 2, 1, 3, 2] {
        live.tell(call(1, number), Now::Gone);
    }
    live.tell(call(2, 9), Now::Gone);
    let missed = async |seen: &str| {
        let (_, start) = watch(&live, Some(seen.parse().unwrap())).await;
        let shown = |(id, call): (ChangeId, CallRef)| format!("{id} {}", call.sid);
        Some(start.missed?.into_iter().map(shown).collect::<Vec<_>>())
    };
    let line = |change: u64, number| format!("7-{change} {}", call(1, number).sid);
    assert_eq!(missed("7-6").await, Some(vec![]));
    assert_eq!(missed("7-3").await, Some(vec![line(4, 3), line(5, 2)]));
    let all = vec![line(3, 1), line(4, 3), line(5, 2)];
    assert_eq!(missed("7-0").await, Some(all));
    assert_eq!(missed("7-7").await, None, "it has not been told yet");
    assert_eq!(missed("6-3").await, None, "it is of another epoch");
    for no_id in ["", "7", "7-", "x-1", "7-1-1x", "7--1"] {
        assert!(no_id.parse::<ChangeId>().is_err(), "{no_id}");
    }
}

#[tokio::test]
async fn what_is_forgotten_or_too_much_is_not_told_one_by_one() {
    let live = followed();
    for _ in 0..=REMEMBERED {
        live.tell(call(1, 1), Now::Gone);
    }
    let missed = async |number: u64| {
        let seen = format!("7-{number}").parse().unwrap();
        watch(&live, Some(seen)).await.1.missed.map(|it| it.len())
    };
    assert_eq!(missed(0).await, None);
    assert_eq!(missed(1).await, Some(1));
}

#[tokio::test]
async fn who_is_too_slow_is_told_that_he_missed_something() {
    let live = followed();
    let (mut watcher, _) = watch(&live, None).await;
    for _ in 0..=WAITING_MAX {
        live.tell(call(1, 1), Now::Gone);
    }
    assert_eq!(shown(Some(watcher.next().await)), "missed up to 7-1025");
    live.tell(call(1, 2), Now::Gone);
    let expected = format!("7-1026 {}", call(1, 2).sid);
    assert_eq!(shown(Some(watcher.next().await)), expected);
}

#[tokio::test]
async fn another_epoch_is_told_and_the_end_too() {
    let live = followed();
    let (mut watcher, _) = watch(&live, None).await;
    live.end();
    live.begin(TimeUs::from_micros(7));
    assert_eq!(shown(Some(watcher.next().await)), "missed up to 8-0");
    live.close();
    assert_eq!(shown(Some(watcher.next().await)), "over");
    assert!(live.watch(call(1, 0).account, None).await.is_none());
}

#[tokio::test]
async fn watching_waits_until_changes_are_followed() {
    let live = Live::default();
    let waiting = tokio::spawn({
        let live = live.clone();
        async move { watch(&live, None).await.1.last }
    });
    live.wanted().await;
    assert!(live.is_watched());
    live.begin(TimeUs::from_micros(7));
    assert_eq!(waiting.await.unwrap().to_string(), "7-0");
}
