//! People who sign in through a provider of identities.

use std::sync::Arc;

use super::people::{change, digest, logged, make, name, person, signing_in};
use super::sample::{account, account_sid, at, create_account};
use crate::people::{
    BY_PROVIDER, Holder, NewSession, PersonChange, Proof, Role, SignIn, SubjectDigest,
};
use crate::{Conflict, Store, StoreError};

/// What the provider says of somebody.
fn provided(n: u8, text: &str, subject: u8, role: Role) -> NewSession {
    NewSession {
        digest: digest(n),
        account: account_sid(1),
        proof: Proof::Provider {
            name: name(text),
            subject: SubjectDigest([subject; 32]),
            role,
        },
        now: at(i64::from(n)),
        expires_at: at(100),
    }
}

/// Whom the provider names is made, found again whatever they are called there, and is what it says
/// that they are; nobody else's name is theirs.
pub async fn makes_and_finds_people(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    let bert = person("bert", 1);
    make(store, &bert).await;
    // So that people and entries of the log are not numbered alike.
    store.open_session(signing_in(0, &bert, 0)).await.unwrap();
    let holder = async |n| {
        let session = store.session(digest(n), at(50)).await.unwrap();
        session.map(|session| session.holder)
    };
    let taken = |text: &str| Err(StoreError::Conflict(Conflict::PersonExists(text.into())));
    let open = async |session| store.open_session(session).await;

    open(provided(1, "Anna", 7, Role::Viewer)).await.unwrap();
    let expected = Holder::Person(name("Anna"), Role::Viewer);
    assert_eq!(holder(1).await, Some(expected));
    let anna = store.person(&name("anna")).await.unwrap().unwrap();
    assert_eq!(anna.sign_in, SignIn::Provider(Some(SubjectDigest([7; 32]))));
    assert_eq!((anna.account, anna.created_at), (account_sid(1), at(1)));
    assert_eq!(anna.last_sign_in, Some(at(1)));
    // Her name there is another meanwhile, and so is what she may.
    open(provided(2, "Anna Schmidt", 7, Role::Admin))
        .await
        .unwrap();
    let expected = Some(Holder::Person(name("Anna"), Role::Admin));
    assert_eq!(
        (holder(1).await, holder(2).await),
        (expected.clone(), expected)
    );
    assert_eq!(store.person(&name("Anna Schmidt")).await.unwrap(), None);

    // Somebody else of her name, one who has a password, and one of another account.
    let refused = open(provided(3, "ANNA", 8, Role::Admin)).await;
    assert_eq!(refused, taken("Anna"));
    let refused = open(provided(3, "bert", 8, Role::Admin)).await;
    assert_eq!(refused, taken("bert"));
    let mut elsewhere = provided(3, "anna", 7, Role::Admin);
    elsewhere.account = account_sid(2);
    assert_eq!(open(elsewhere).await, taken("Anna"));
    assert_eq!(holder(3).await, None);
    let still = store.person(&bert.name).await.unwrap().unwrap();
    assert_eq!(still.sign_in, bert.sign_in);

    // His name waits for him: who comes first is him, and his password is none any more.
    open(signing_in(4, &bert, 4)).await.unwrap();
    let by_provider = PersonChange {
        sign_in: Some(SignIn::Provider(None)),
        ..PersonChange::default()
    };
    change(store, "bert", by_provider).await;
    assert_eq!(holder(4).await, None);
    let refused = open(signing_in(4, &bert, 4)).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))));
    open(provided(5, "Bert", 8, Role::Annotator)).await.unwrap();
    let expected = Holder::Person(name("bert"), Role::Annotator);
    assert_eq!(holder(5).await, Some(expected));
    assert_eq!(
        open(provided(6, "bert", 9, Role::Admin)).await,
        taken("bert")
    );

    let disabled = PersonChange {
        is_disabled: Some(true),
        ..PersonChange::default()
    };
    change(store, "anna", disabled).await;
    assert_eq!((holder(1).await, holder(2).await), (None, None));
    let refused = open(provided(7, "Anna Schmidt", 7, Role::Admin)).await;
    let disabled = StoreError::Conflict(Conflict::PersonDisabled("Anna".into()));
    assert_eq!(refused, Err(disabled));
    let by_provider = |what: &str| format!("{BY_PROVIDER} {what}");
    assert_eq!(
        logged(store, 1).await,
        [
            "tester person-changed Anna: disabled",
            "tester person-changed bert: provider",
            "bert signed-in : provider",
            &by_provider("person-changed bert: provider"),
            "bert signed-in : ",
            "Anna signed-in : provider",
            &by_provider("person-changed Anna: role admin"),
            "Anna signed-in : provider",
            &by_provider("person-created Anna: role viewer"),
            "bert signed-in : ",
            "tester person-created bert: role annotator",
        ]
    );
}
