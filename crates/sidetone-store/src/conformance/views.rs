//! Views: kept for their owner and account, shared with it, and bounded.

use std::sync::Arc;

use sidetone_core::id::ViewSid;

use super::sample::{account, account_sid, at, create_account};
use crate::audit::Deed;
use crate::page::{PageRequest, Start};
use crate::views::{SHARED_MAX, VIEWS_MAX, View, ViewChange};
use crate::{Conflict, Store, StoreError};

fn sid(n: u64) -> ViewSid {
    ViewSid::from_bytes(u128::from(n).to_be_bytes())
}

/// A view of an owner, of the first account.
#[must_use]
pub fn view(n: u64, owner: &str) -> View {
    View {
        sid: sid(n),
        account: account_sid(1),
        owner: owner.to_owned(),
        name: format!("View {n}"),
        query: "Tag=silence&StartTime=4w".to_owned(),
        is_shared: false,
        created_at: at(0),
        updated_at: at(0),
    }
}

async fn keep(store: &dyn Store, view: &View) {
    assert_eq!(store.create_view(view.clone()).await, Ok(()));
}

async fn names(store: &dyn Store, of: u8, owner: &str) -> Vec<String> {
    let views = store.views(account_sid(of), owner).await.unwrap();
    views.into_iter().map(|view| view.name).collect()
}

async fn change(store: &dyn Store, n: u64, change: ViewChange) -> Result<View, StoreError> {
    let changed = store.change_view(account_sid(1), sid(n), change, "cleo", at(9));
    changed.await
}

/// Owners see their own views and those that are shared; other accounts see none, whatever name they
/// ask by.
pub async fn keeps_views_of_owners(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    let shared = View {
        name: "A shared one".into(),
        is_shared: true,
        ..view(3, "bert")
    };
    let elsewhere = View {
        account: account_sid(2),
        ..view(4, "anna")
    };
    for it in [&view(1, "anna"), &view(2, "bert"), &shared, &elsewhere] {
        keep(store, it).await;
    }
    assert_eq!(names(store, 1, "anna").await, ["A shared one", "View 1"]);
    assert_eq!(names(store, 1, "bert").await, ["A shared one", "View 2"]);
    assert_eq!(names(store, 1, "cleo").await, ["A shared one"]);
    assert_eq!(names(store, 2, "anna").await, ["View 4"]);
    assert_eq!(names(store, 9, "anna").await, [""; 0]);
    let views = store.views(account_sid(1), "bert").await.unwrap();
    assert_eq!(views, [shared.clone(), view(2, "bert")]);
    let found = store.view(account_sid(1), sid(3)).await;
    assert_eq!(found, Ok(Some(shared)));
    for (of, n) in [(2, 3), (1, 4), (9, 3), (1, 7)] {
        assert_eq!(store.view(account_sid(of), sid(n)).await, Ok(None));
        let gone = store.delete_view(account_sid(of), sid(n), "cleo", at(9));
        assert_eq!(gone.await, Ok(false));
        let change = ViewChange::default();
        let changed = store.change_view(account_sid(of), sid(n), change, "cleo", at(9));
        assert!(matches!(changed.await, Err(StoreError::NotFound(_))));
    }
    let homeless = View {
        account: account_sid(9),
        ..view(5, "anna")
    };
    let homeless = store.create_view(homeless).await;
    assert!(matches!(homeless, Err(StoreError::NotFound(_))));
}

/// What is changed is different and what is not stays; an owner has one of a name.
pub async fn changes_and_forgets_views(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    for n in [1, 2] {
        keep(store, &view(n, "anna")).await;
    }
    keep(
        store,
        &View {
            name: "View 1".into(),
            ..view(3, "bert")
        },
    )
    .await;
    let taken = |name: &str| Err(StoreError::Conflict(Conflict::ViewExists(name.into())));
    let again = View {
        name: "View 2".into(),
        ..view(4, "anna")
    };
    assert_eq!(store.create_view(again).await, taken("View 2"));
    let named = |name: &str| ViewChange {
        name: Some(name.into()),
        ..ViewChange::default()
    };
    assert_eq!(
        change(store, 1, named("View 2")).await.map(|_| ()),
        taken("View 2")
    );
    let renamed = change(store, 1, named("Mine")).await.unwrap();
    let expected = View {
        name: "Mine".into(),
        updated_at: at(9),
        ..view(1, "anna")
    };
    assert_eq!(renamed, expected);
    let other = ViewChange {
        query: Some("HasTag=true".into()),
        is_shared: Some(true),
        ..ViewChange::default()
    };
    let expected = View {
        query: "HasTag=true".into(),
        is_shared: true,
        ..expected
    };
    assert_eq!(change(store, 1, other).await, Ok(expected.clone()));
    assert_eq!(store.view(account_sid(1), sid(1)).await, Ok(Some(expected)));
    assert_eq!(names(store, 1, "bert").await, ["Mine", "View 1"]);
    for (n, expected) in [(1, true), (1, false), (2, true)] {
        let gone = store.delete_view(account_sid(1), sid(n), "cleo", at(10));
        assert_eq!(gone.await, Ok(expected));
    }
    assert_eq!(names(store, 1, "anna").await, [""; 0]);
    assert_eq!(names(store, 1, "bert").await, ["View 1"]);

    // What others saw is told of, and nothing else.
    let page = PageRequest {
        start: Start::First { skip: 0 },
        size: 10,
    };
    let log = store.audit(account_sid(1), &page).await.unwrap();
    let told: Vec<_> = log
        .rows
        .iter()
        .map(|entry| {
            assert_eq!(entry.what, Deed::ViewChanged);
            (
                entry.who.as_str(),
                entry.target.clone(),
                entry.detail.as_str(),
            )
        })
        .collect();
    let it = sid(1).to_string();
    assert_eq!(
        told,
        [("cleo", it.clone(), "forgotten"), ("cleo", it, "shared")]
    );
}

/// An owner has so many views, and an account so many that are shared.
pub async fn views_are_bounded(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    let most = VIEWS_MAX as u64;
    for n in 0..most {
        keep(store, &view(n, "anna")).await;
    }
    let more = store.create_view(view(most, "anna")).await;
    assert!(matches!(more, Err(StoreError::Invalid(_))));
    keep(store, &view(most, "bert")).await;
    for n in 0..SHARED_MAX as u64 {
        let owner = format!("owner {}", n / most);
        let shared = View {
            is_shared: true,
            ..view(1_000 + n, &owner)
        };
        keep(store, &shared).await;
    }
    let share = ViewChange {
        is_shared: Some(true),
        ..ViewChange::default()
    };
    let more = change(store, 1, share.clone()).await;
    assert!(matches!(more, Err(StoreError::Invalid(_))));
    let rename = ViewChange {
        name: Some("Still mine".into()),
        ..share.clone()
    };
    assert!(
        change(store, 1_000, rename).await.is_ok(),
        "it is shared already"
    );
    let gone = store.delete_view(account_sid(1), sid(1_001), "cleo", at(9));
    assert_eq!(gone.await, Ok(true));
    assert!(change(store, 1, share).await.is_ok());
}
