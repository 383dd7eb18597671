//! Calls that voice SDKs tell of.

use std::sync::Arc;

use sidetone_core::id::{CallRef, CallSid};

use super::log::logged;
use super::sample::{account_sid, at, call, call_sid, create_account, erase, event};
use crate::page::{PageRequest, Start};
use crate::sdk_calls::{Opener, SdkAppended, SdkEvents, UNNAMED_MAX, WAITING_MAX};
use crate::{Appended, EventFilter, Lookup, NewEvent, Store};

const ALICE: Opener = Opener([1; 16]);
const BOB: Opener = Opener([2; 16]);
/// What a temporary name makes.
const TEMPORARY: u64 = 901;
const PAGE: PageRequest = PageRequest {
    start: Start::First { skip: 0 },
    size: 1000,
};

/// Events that an SDK tells of a call by either name.
fn told(temporary: Option<u64>, sid: Option<u64>, ids: &[&str]) -> SdkEvents {
    let events: Vec<NewEvent> = ids.iter().map(|id| event(call(0), id, 1)).collect();
    SdkEvents {
        account: account_sid(1),
        opener: ALICE,
        temporary: temporary.map(call_sid),
        sid: sid.map(call_sid),
        events,
        now: at(1),
    }
}

fn by_bob(told: SdkEvents) -> SdkEvents {
    SdkEvents {
        opener: BOB,
        ..told
    }
}

fn is_of(n: u64, fates: &[Appended]) -> SdkAppended {
    SdkAppended::ToCall(call_sid(n), fates.to_vec())
}

async fn log(store: &dyn Store, n: u64) -> Vec<String> {
    let filter = EventFilter::default();
    let events = store.events(call(n), &filter, &PAGE).await.unwrap();
    let mut ids: Vec<String> = logged(&events).into_iter().map(str::to_owned).collect();
    ids.sort();
    ids
}

/// What is told before the name waits, on any node, and joins the call when both names are told
/// together; what comes later by either name is of that call. A resend changes nothing.
pub async fn waits_for_the_name_and_joins(store: Arc<dyn Store>) {
    create_account(&*store).await;
    for ids in [["a", "b"], ["a", "c"]] {
        let waits = store.append_of_sdk(told(Some(TEMPORARY), None, &ids)).await;
        assert_eq!(waits.unwrap(), SdkAppended::Waiting);
    }
    assert_eq!(log(&*store, TEMPORARY).await, [""; 0]);
    let joins = told(Some(TEMPORARY), Some(1), &["d"]);
    let joined = store.append_of_sdk(joins.clone()).await.unwrap();
    assert_eq!(joined, is_of(1, &[Appended::New]));
    assert_eq!(log(&*store, 1).await, ["a", "b", "c", "d"]);
    assert_eq!(log(&*store, TEMPORARY).await, [""; 0]);
    let again = store.append_of_sdk(joins).await.unwrap();
    assert_eq!(again, is_of(1, &[Appended::Duplicate]));
    for (temporary, sid, id) in [(Some(TEMPORARY), None, "e"), (None, Some(1), "f")] {
        let told = store.append_of_sdk(told(temporary, sid, &[id, "a"])).await;
        assert_eq!(
            told.unwrap(),
            is_of(1, &[Appended::New, Appended::Duplicate])
        );
    }
    assert_eq!(log(&*store, 1).await, ["a", "b", "c", "d", "e", "f"]);
    // It is the name of no other call.
    let other = store
        .append_of_sdk(told(Some(TEMPORARY), Some(2), &["g"]))
        .await;
    assert_eq!(other.unwrap(), SdkAppended::Foreign);
    assert_eq!(store.name_sdk_calls(at(99), 10).await.unwrap(), 0);
}

/// A call that gets no `CallSid` is one under its temporary name, when nothing was told of it for a
/// while. What is told by that name then is of that call, until there is another.
pub async fn a_name_that_never_comes_makes_a_call(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let waits = store
        .append_of_sdk(told(Some(TEMPORARY), None, &["a"]))
        .await;
    assert_eq!(waits.unwrap(), SdkAppended::Waiting);
    assert_eq!(store.name_sdk_calls(at(1), 10).await.unwrap(), 0);
    assert_eq!(store.name_sdk_calls(at(2), 10).await.unwrap(), 1);
    assert_eq!(store.name_sdk_calls(at(2), 10).await.unwrap(), 0);
    assert_eq!(log(&*store, TEMPORARY).await, ["a"]);
    let late = store
        .append_of_sdk(told(Some(TEMPORARY), None, &["b"]))
        .await;
    assert_eq!(late.unwrap(), is_of(TEMPORARY, &[Appended::New]));
    let named = store
        .append_of_sdk(told(Some(TEMPORARY), Some(1), &["c"]))
        .await;
    assert_eq!(named.unwrap(), is_of(1, &[Appended::New]));
    let after = store
        .append_of_sdk(told(Some(TEMPORARY), None, &["d"]))
        .await;
    assert_eq!(after.unwrap(), is_of(1, &[Appended::New]));
    assert_eq!(
        log(&*store, TEMPORARY).await,
        ["a", "b"],
        "it stays where it is"
    );
    assert_eq!(log(&*store, 1).await, ["c", "d"]);
}

/// Who is the first to tell of a call by either name speaks for it, and nobody else.
pub async fn belongs_to_who_opened_it(store: Arc<dyn Store>) {
    create_account(&*store).await;
    assert_eq!(
        store.sdk_opener(account_sid(1), call_sid(1)).await.unwrap(),
        None
    );
    store
        .append_of_sdk(told(Some(TEMPORARY), None, &["a"]))
        .await
        .unwrap();
    store
        .append_of_sdk(told(None, Some(1), &["a"]))
        .await
        .unwrap();
    for (temporary, sid) in [
        (Some(TEMPORARY), None),
        (Some(TEMPORARY), Some(2)),
        (None, Some(1)),
        (Some(7), Some(1)),
    ] {
        let foreign = by_bob(told(temporary, sid, &["b"]));
        let foreign = store.append_of_sdk(foreign).await.unwrap();
        assert_eq!(foreign, SdkAppended::Foreign, "{temporary:?} {sid:?}");
    }
    // A refusal opens nothing.
    assert_eq!(
        store.sdk_opener(account_sid(1), call_sid(2)).await.unwrap(),
        None
    );
    let opener = store.sdk_opener(account_sid(1), call_sid(1)).await.unwrap();
    assert_eq!(opener, Some(ALICE));
    assert_eq!(log(&*store, 1).await, ["a"]);
    // No events do not change that.
    store.append_of_sdk(told(None, Some(1), &[])).await.unwrap();
    let opener = store.sdk_opener(account_sid(1), call_sid(1)).await.unwrap();
    assert_eq!(opener, Some(ALICE));
    let joined = store
        .append_of_sdk(told(Some(TEMPORARY), Some(1), &["c"]))
        .await;
    assert_eq!(joined.unwrap(), is_of(1, &[Appended::New]));
    assert_eq!(log(&*store, 1).await, ["a", "c"]);
    // Of another account it is another call.
    store
        .create_account(super::sample::account(2, None))
        .await
        .unwrap();
    let elsewhere = SdkEvents {
        account: account_sid(2),
        ..by_bob(told(None, Some(1), &["x"]))
    };
    let elsewhere = store.append_of_sdk(elsewhere).await.unwrap();
    assert_eq!(elsewhere, is_of(1, &[Appended::New]));
    assert_eq!(log(&*store, 1).await, ["a", "c"]);
    let nowhere = SdkEvents {
        account: account_sid(3),
        ..told(None, Some(1), &["x"])
    };
    let nowhere = store.append_of_sdk(nowhere).await.unwrap();
    assert_eq!(nowhere, is_of(1, &[Appended::NoAccount]));
}

/// A call of account 1 waits for its name.
pub(super) async fn wait_for_a_name(store: &dyn Store) {
    let waits = told(Some(TEMPORARY), None, &["a"]);
    let waits = store.append_of_sdk(waits).await.unwrap();
    assert_eq!(waits, SdkAppended::Waiting);
}

/// Beyond some calls of one opener, and some events of a call, nothing waits.
pub async fn as_much_waits_as_may(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let ids: Vec<String> = (0..WAITING_MAX).map(|n| format!("e{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let waits = store.append_of_sdk(told(Some(TEMPORARY), None, &ids)).await;
    assert_eq!(waits.unwrap(), SdkAppended::Waiting);
    let more = store
        .append_of_sdk(told(Some(TEMPORARY), None, &["more"]))
        .await;
    assert_eq!(more.unwrap(), SdkAppended::Crowded);
    for n in 1..UNNAMED_MAX as u64 {
        let waits = store
            .append_of_sdk(told(Some(TEMPORARY + n), None, &["a"]))
            .await;
        assert_eq!(waits.unwrap(), SdkAppended::Waiting);
    }
    let one_more = || told(Some(TEMPORARY + 999), None, &["a"]);
    let crowded = store.append_of_sdk(one_more()).await.unwrap();
    assert_eq!(crowded, SdkAppended::Crowded);
    let other = store.append_of_sdk(by_bob(one_more())).await.unwrap();
    assert_eq!(other, SdkAppended::Waiting);
    // As many at once as are asked for.
    assert_eq!(store.name_sdk_calls(at(2), 3).await.unwrap(), 3);
    let named = store
        .append_of_sdk(told(Some(TEMPORARY), Some(1), &["z"]))
        .await;
    assert!(matches!(named.unwrap(), SdkAppended::ToCall(..)));
}

/// With a call goes who spoke for it, and nothing comes back.
pub async fn erased_with_its_call(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store
        .append_of_sdk(told(Some(TEMPORARY), Some(1), &["a"]))
        .await
        .unwrap();
    erase(&*store, call(1), at(9)).await;
    assert_eq!(
        store.sdk_opener(account_sid(1), call_sid(1)).await.unwrap(),
        None
    );
    let late = store
        .append_of_sdk(told(Some(TEMPORARY), Some(1), &["b"]))
        .await;
    assert_eq!(late.unwrap(), is_of(1, &[Appended::Gone]));
    let sid: CallSid = call_sid(1);
    assert_eq!(store.sdk_opener(account_sid(1), sid).await.unwrap(), None);
    let of_erased = CallRef {
        account: account_sid(1),
        sid,
    };
    let events = store
        .events(of_erased, &EventFilter::default(), &PAGE)
        .await;
    assert_eq!(events.unwrap().rows, []);
}

/// Whoever spoke for it by several names is forgotten, and so is what waits under the name that is
/// erased: no call is made of that, also if it is told again.
pub async fn erased_by_every_name(store: Arc<dyn Store>) {
    create_account(&*store).await;
    wait_for_a_name(&*store).await;
    for temporary in [None, Some(TEMPORARY)] {
        let told = told(temporary, Some(1), &["a"]);
        store.append_of_sdk(told).await.unwrap();
    }
    assert_eq!(erase(&*store, call(1), at(9)).await, Lookup::Found(()));
    let opener = store.sdk_opener(account_sid(1), call_sid(1)).await.unwrap();
    assert_eq!(opener, None);
    wait_for_a_name(&*store).await;
    let erased = erase(&*store, call(TEMPORARY), at(9)).await;
    assert_eq!(erased, Lookup::Found(()));
    assert_eq!(store.name_sdk_calls(at(20), 10).await.unwrap(), 0);
    for _ in 0..2 {
        assert_eq!(log(&*store, TEMPORARY).await, [""; 0]);
        wait_for_a_name(&*store).await;
        assert_eq!(store.name_sdk_calls(at(20), 10).await.unwrap(), 0);
    }
    wait_for_a_name(&*store).await;
    let erased = erase(&*store, call(TEMPORARY), at(30)).await;
    assert_eq!(erased, Lookup::Found(()), "what waits is erased again");
}
