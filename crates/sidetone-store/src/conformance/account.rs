//! Accounts and their credentials.

use std::sync::Arc;

use sidetone_core::id::ApiKeySid;

use super::sample::{account, account_sid, at};
use crate::account::{AccountSettings, ApiKey, KeyFingerprint, ProviderSecret, Token};
use crate::{Store, StoreError};

/// Accounts come back as they were created, by identifier.
pub async fn creates_and_lists_accounts(store: Arc<dyn Store>) {
    let mut parent = account(1, None);
    parent.tokens = vec![
        Token {
            sealed: vec![1, 2],
            expires_at: None,
        },
        Token {
            sealed: vec![3],
            expires_at: Some(at(9)),
        },
    ];
    parent.provider_secrets = vec![ProviderSecret {
        provider_account: "ACforeign".into(),
        sealed: vec![7],
    }];
    let child = account(2, Some(1));
    store.create_account(parent.clone()).await.unwrap();
    store.create_account(child.clone()).await.unwrap();
    assert_eq!(store.accounts().await.unwrap().sound, [parent, child]);
}

/// Duplicates, unknown parents and grandchildren are refused.
pub async fn refuses_wrong_accounts(store: Arc<dyn Store>) {
    store.create_account(account(1, None)).await.unwrap();
    store.create_account(account(2, Some(1))).await.unwrap();
    let refused = |account| store.create_account(account);
    assert!(matches!(
        refused(account(1, None)).await,
        Err(StoreError::Conflict(_))
    ));
    assert!(matches!(
        refused(account(3, Some(9))).await,
        Err(StoreError::NotFound(_))
    ));
    assert!(matches!(
        refused(account(3, Some(2))).await,
        Err(StoreError::Invalid(why)) if why.contains("without a parent")
    ));
    let mut taken = account(4, None);
    taken.provider_secrets = vec![secret("ACforeign")];
    store.create_account(taken).await.unwrap();
    let mut again = account(5, None);
    again.provider_secrets = vec![secret("ACforeign")];
    assert!(matches!(refused(again).await, Err(StoreError::Conflict(_))));
    assert_eq!(store.accounts().await.unwrap().sound.len(), 3);
}

fn secret(provider_account: &str) -> ProviderSecret {
    ProviderSecret {
        provider_account: provider_account.into(),
        sealed: vec![1],
    }
}

/// What replaces something leaves nothing of it.
pub async fn replaces_tokens_secrets_and_settings(store: Arc<dyn Store>) {
    store.create_account(account(1, None)).await.unwrap();
    let token = |n| Token {
        sealed: vec![n],
        expires_at: None,
    };
    let sid = account_sid(1);
    store
        .put_tokens(sid, vec![token(1), token(2)], "tester", at(0))
        .await
        .unwrap();
    store
        .put_tokens(sid, vec![token(3)], "tester", at(0))
        .await
        .unwrap();
    store
        .put_provider_secrets(sid, vec![secret("a"), secret("b")])
        .await
        .unwrap();
    store
        .put_provider_secrets(sid, vec![secret("b")])
        .await
        .unwrap();
    let settings = AccountSettings {
        advanced_features: false,
        voice_trace: true,
        mirror_feedback: true,
    };
    store.put_settings(sid, settings).await.unwrap();
    let mut expected = account(1, None);
    expected.tokens = vec![token(3)];
    expected.provider_secrets = vec![secret("b")];
    expected.settings = settings;
    assert_eq!(store.accounts().await.unwrap().sound, [expected]);
    let unknown = account_sid(9);
    assert!(matches!(
        store.put_tokens(unknown, vec![], "tester", at(0)).await,
        Err(StoreError::NotFound(_))
    ));
    assert!(matches!(
        store.put_provider_secrets(unknown, vec![]).await,
        Err(StoreError::NotFound(_))
    ));
    assert!(matches!(
        store.put_settings(unknown, settings).await,
        Err(StoreError::NotFound(_))
    ));
}

/// Keys come back until they are revoked.
pub async fn keeps_and_revokes_api_keys(store: Arc<dyn Store>) {
    store.create_account(account(1, None)).await.unwrap();
    let key = |n| ApiKey {
        sid: ApiKeySid::from_bytes([n; 16]),
        account: account_sid(1),
        name: "key".into(),
        sealed: vec![n],
        created_at: at(0),
    };
    store.create_api_key(key(1), "tester").await.unwrap();
    store.create_api_key(key(2), "tester").await.unwrap();
    assert!(matches!(
        store.create_api_key(key(2), "tester").await,
        Err(StoreError::Conflict(_))
    ));
    let mut homeless = key(3);
    homeless.account = account_sid(9);
    assert!(matches!(
        store.create_api_key(homeless, "tester").await,
        Err(StoreError::NotFound(_))
    ));
    store
        .revoke_api_key(key(1).sid, "tester", at(0))
        .await
        .unwrap();
    assert!(matches!(
        store.revoke_api_key(key(1).sid, "tester", at(0)).await,
        Err(StoreError::NotFound(_))
    ));
    assert_eq!(store.api_keys().await.unwrap(), [key(2)]);
}

/// The epoch grows with every change, and with nothing else.
pub async fn counts_changes_of_accounts(store: Arc<dyn Store>) {
    let mut last = store.account_epoch().await.unwrap();
    store.create_account(account(1, None)).await.unwrap();
    let mut grown = store.account_epoch().await.unwrap();
    assert!(grown > last);
    last = grown;
    store
        .put_tokens(account_sid(1), Vec::new(), "tester", at(0))
        .await
        .unwrap();
    grown = store.account_epoch().await.unwrap();
    assert!(grown > last);
    assert!(
        store
            .put_tokens(account_sid(9), Vec::new(), "tester", at(0))
            .await
            .is_err()
    );
    assert_eq!(store.account_epoch().await.unwrap(), grown);
}

fn key(n: u8) -> KeyFingerprint {
    KeyFingerprint([n; 32])
}

/// Of many nodes that start at once on an empty database, each with a key and an account of its
/// own, one makes the account, and its key is the one that is kept.
pub async fn makes_the_first_account_once(store: Arc<dyn Store>) {
    let tasks: Vec<_> = (1..=20)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                (
                    n,
                    store.create_first_account(account(n, None), key(n)).await,
                )
            })
        })
        .collect();
    let mut made = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            (n, Ok(())) => made.push(n),
            (_, refused) => assert!(matches!(refused, Err(StoreError::Conflict(_)))),
        }
    }
    let [made] = made.as_slice() else {
        panic!("{made:?}")
    };
    let there = store.accounts().await.unwrap().sound;
    assert_eq!(there, [account(*made, None)]);
    store.expect_key(key(*made)).await.unwrap();
}

/// The key of the first account is the only one from then on. One that comes too late changes
/// nothing.
pub async fn expects_the_key_of_the_first_account(store: Arc<dyn Store>) {
    let before = store.account_epoch().await.unwrap();
    assert_eq!(store.key_fingerprint().await.unwrap(), None);
    let first = account(1, None);
    store.create_first_account(first, key(1)).await.unwrap();
    let made = store.account_epoch().await.unwrap();
    assert!(made > before);
    for late in [1, 2] {
        let refused = store.create_first_account(account(late, None), key(2));
        assert!(matches!(refused.await, Err(StoreError::Conflict(_))));
    }
    for _ in 0..2 {
        store.expect_key(key(1)).await.unwrap();
        let refused = store.expect_key(key(2)).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))));
    }
    assert_eq!(store.key_fingerprint().await.unwrap(), Some(key(1)));
    assert_eq!(store.account_epoch().await.unwrap(), made);
    store.create_account(account(2, None)).await.unwrap();
}

/// Of many keys that are expected at once where none is kept, one is.
pub async fn adopts_one_key(store: Arc<dyn Store>) {
    store.create_account(account(1, None)).await.unwrap();
    assert_eq!(store.key_fingerprint().await.unwrap(), None);
    let tasks: Vec<_> = (1..=20)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.expect_key(key(n)).await })
        })
        .collect();
    let mut first = Vec::new();
    for task in tasks {
        first.push(task.await.unwrap());
    }
    assert_eq!(first.iter().filter(|kept| kept.is_ok()).count(), 1);
    for (n, before) in (1..).zip(first) {
        assert_eq!(store.expect_key(key(n)).await, before);
    }
}
