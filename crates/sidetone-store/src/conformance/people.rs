//! People, their sessions, and the log of what was done.

use std::sync::Arc;

use sidetone_core::id::ApiKeySid;

use super::retention::horizons;
use super::sample::{account, account_sid, at, call, create_account, put, summary};
use crate::account::ApiKey;
use crate::audit::{AuditEntry, Deed};
use crate::page::{Page, PageRequest, Start};
use crate::people::{
    Holder, NewSession, PasswordHash, Person, PersonChange, PersonName, Proof, Role, SESSIONS_MAX,
    Session, SessionDigest, SignIn,
};
use crate::retention::{ExpiredBeside, Horizons};
use crate::{Conflict, Store, StoreError};

/// A name.
#[must_use]
pub fn name(text: &str) -> PersonName {
    text.parse().unwrap()
}

fn password(hash: &str) -> SignIn {
    SignIn::Password(PasswordHash(hash.to_owned()))
}

/// A person of an account.
#[must_use]
pub fn person(text: &str, of: u8) -> Person {
    Person {
        name: name(text),
        account: account_sid(of),
        role: Role::Annotator,
        sign_in: password(&format!("hash of {text}")),
        is_disabled: false,
        created_at: at(0),
        last_sign_in: None,
    }
}

pub(super) const fn digest(n: u8) -> SessionDigest {
    SessionDigest([n; 32])
}

/// What somebody signs in with who knows the password.
#[must_use]
pub fn signing_in(n: u8, person: &Person, second: i64) -> NewSession {
    NewSession {
        digest: digest(n),
        account: person.account,
        proof: Proof::Password {
            name: person.name.clone(),
            hash: person.sign_in.password().unwrap().clone(),
        },
        now: at(second),
        expires_at: at(second + 100),
    }
}

pub(super) async fn make(store: &dyn Store, person: &Person) {
    store.create_person(person.clone(), "tester").await.unwrap();
}

pub(super) async fn change(store: &dyn Store, who: &str, change: PersonChange) -> Person {
    let who = name(who);
    let changed = store.change_person(account_sid(1), &who, change, "tester", at(9));
    changed.await.unwrap()
}

fn names(page: &Page<Person>) -> Vec<&str> {
    page.rows
        .iter()
        .map(|person| person.name.as_str())
        .collect()
}

const fn first(size: usize) -> PageRequest {
    PageRequest {
        start: Start::First { skip: 0 },
        size,
    }
}

/// People come back as they were made, those of another account do not, and a name is one person's.
pub async fn makes_and_lists_people(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    for text in ["Zoe", "Anna Müller", "bert"] {
        make(store, &person(text, 1)).await;
    }
    make(store, &person("dora", 2)).await;
    let page = store.people(account_sid(1), &first(2)).await.unwrap();
    assert_eq!(names(&page), ["Zoe", "Anna Müller"]);
    let next = PageRequest {
        start: Start::After(page.after.unwrap()),
        size: 2,
    };
    let next = store.people(account_sid(1), &next).await.unwrap();
    assert_eq!((names(&next), next.after), (vec!["bert"], None));
    let back = PageRequest {
        start: Start::Before(next.before.unwrap()),
        size: 2,
    };
    let back = store.people(account_sid(1), &back).await.unwrap();
    assert_eq!(back, page);
    let none = store.people(account_sid(9), &first(2)).await.unwrap();
    assert_eq!(none, Page::default());

    let found = store.person(&name("anna müller")).await.unwrap();
    assert_eq!(found, Some(person("Anna Müller", 1)));
    assert_eq!(store.person(&name("Anna")).await.unwrap(), None);
    for (text, of) in [("ZOE", 1), ("Dora", 1), ("dora", 2)] {
        let taken = store.create_person(person(text, of), "tester").await;
        let expected = StoreError::Conflict(Conflict::PersonExists(text.into()));
        assert_eq!(taken, Err(expected));
    }
    let homeless = store.create_person(person("emil", 9), "tester").await;
    assert!(matches!(homeless, Err(StoreError::NotFound(_))));
}

/// What is changed is different, what is not stays, and nobody else's people can be changed.
pub async fn changes_people(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    make(store, &person("anna", 1)).await;
    let changed = change(
        store,
        "ANNA",
        PersonChange {
            role: Some(Role::Admin),
            ..PersonChange::default()
        },
    );
    let mut expected = person("anna", 1);
    expected.role = Role::Admin;
    assert_eq!(changed.await, expected);
    let changed = change(
        store,
        "anna",
        PersonChange {
            sign_in: Some(password("another")),
            is_disabled: Some(true),
            role: Some(Role::Admin),
        },
    );
    expected.sign_in = password("another");
    expected.is_disabled = true;
    assert_eq!(changed.await, expected);
    assert_eq!(store.person(&name("anna")).await.unwrap(), Some(expected));
    for (of, who) in [(2, "anna"), (1, "bert"), (9, "anna")] {
        let (who, nothing) = (name(who), PersonChange::default());
        let refused = store.change_person(account_sid(of), &who, nothing, "tester", at(9));
        assert!(matches!(refused.await, Err(StoreError::NotFound(_))));
    }
    let told = logged(store, 1).await;
    assert_eq!(
        told,
        [
            "tester person-changed anna: password, disabled",
            "tester person-changed anna: role admin",
            "tester person-created anna: role annotator",
        ]
    );
}

/// The log of an account, latest first.
pub(super) async fn logged(store: &dyn Store, of: u8) -> Vec<String> {
    let page = store.audit(account_sid(of), &first(1000)).await.unwrap();
    let line = |entry: &AuditEntry| {
        let AuditEntry {
            who,
            what,
            target,
            detail,
            ..
        } = entry;
        format!("{who} {} {target}: {detail}", what.as_str())
    };
    page.rows.iter().map(line).collect()
}

/// A session is there until it is over or ended, and tells what its person may do by then.
pub async fn sessions_go_on_until_they_end(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    let anna = person("Anna", 1);
    make(store, &anna).await;
    store.open_session(signing_in(1, &anna, 10)).await.unwrap();
    store.open_session(signing_in(2, &anna, 20)).await.unwrap();
    let session = async |n, second| store.session(digest(n), at(second)).await.unwrap();
    let expected = Session {
        account: account_sid(1),
        holder: Holder::Person(name("Anna"), Role::Annotator),
        created_at: at(10),
        expires_at: at(110),
    };
    assert_eq!(session(1, 11).await, Some(expected.clone()));
    assert_eq!(session(1, 109).await, Some(expected.clone()));
    assert_eq!(session(1, 110).await, None, "it is over");
    assert_eq!(session(3, 11).await, None, "there is no such session");
    let last_sign_in = store
        .person(&anna.name)
        .await
        .unwrap()
        .unwrap()
        .last_sign_in;
    assert_eq!(last_sign_in, Some(at(20)));

    store.prolong_session(digest(1), at(200)).await.unwrap();
    store.prolong_session(digest(1), at(150)).await.unwrap();
    store.prolong_session(digest(9), at(200)).await.unwrap();
    let prolonged = session(1, 199).await.unwrap();
    assert_eq!(prolonged.expires_at, at(200));
    let role = PersonChange {
        role: Some(Role::Viewer),
        ..PersonChange::default()
    };
    change(store, "anna", role).await;
    let holder = session(1, 20).await.unwrap().holder;
    assert_eq!(holder, Holder::Person(name("Anna"), Role::Viewer));

    assert_eq!(store.end_session(digest(1)).await, Ok(true));
    assert_eq!(store.end_session(digest(1)).await, Ok(false));
    assert_eq!(session(1, 20).await, None);
    assert!(session(2, 20).await.is_some());
    assert_eq!(store.end_all_sessions().await, Ok(1));
    assert_eq!(session(2, 20).await, None);
}

/// Who has another password, or may not sign in, is signed in no longer, and nobody signs in with
/// what was right a moment ago.
pub async fn sessions_end_with_what_began_them(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    let (anna, bert) = (person("anna", 1), person("bert", 1));
    make(store, &anna).await;
    make(store, &bert).await;
    let is_there = async |n| store.session(digest(n), at(1)).await.unwrap().is_some();
    let refused = async |session| {
        let opened = store.open_session(session).await;
        matches!(opened, Err(StoreError::NotFound(_)))
    };
    let other_password = || PersonChange {
        sign_in: Some(password("another")),
        ..PersonChange::default()
    };
    let disabled = |is_disabled| PersonChange {
        is_disabled: Some(is_disabled),
        ..PersonChange::default()
    };
    store.open_session(signing_in(1, &anna, 0)).await.unwrap();
    store.open_session(signing_in(2, &bert, 0)).await.unwrap();
    let other = change(store, "anna", other_password()).await;
    assert!(!is_there(1).await && is_there(2).await);
    assert!(refused(signing_in(1, &anna, 0)).await, "the old password");
    let mut foreign = signing_in(1, &other, 0);
    foreign.account = account_sid(2);
    store.create_account(account(2, Some(1))).await.unwrap();
    assert!(refused(foreign).await, "another account");
    store.open_session(signing_in(1, &other, 0)).await.unwrap();
    change(store, "anna", disabled(true)).await;
    assert!(!is_there(1).await && is_there(2).await);
    assert!(refused(signing_in(1, &other, 0)).await, "disabled");
    change(store, "anna", disabled(false)).await;
    assert!(!is_there(1).await, "it does not come back");
    store.open_session(signing_in(1, &other, 0)).await.unwrap();
    assert!(is_there(1).await);

    let key = |n| ApiKey {
        sid: ApiKeySid::from_bytes([n; 16]),
        account: account_sid(1),
        name: "key".into(),
        sealed: vec![n],
        created_at: at(0),
    };
    store.create_api_key(key(1), "tester").await.unwrap();
    store.create_api_key(key(2), "tester").await.unwrap();
    let epoch = store.account_epoch().await.unwrap();
    let with = |n, proof| NewSession {
        digest: digest(n),
        account: account_sid(1),
        proof,
        now: at(0),
        expires_at: at(100),
    };
    let sid = |n| key(n).sid;
    let of_key = |n, of, epoch| {
        with(
            n,
            Proof::Key {
                sid: sid(of),
                epoch,
            },
        )
    };
    store.open_session(of_key(11, 1, epoch)).await.unwrap();
    store.open_session(of_key(12, 2, epoch)).await.unwrap();
    let of_token = |n, epoch| with(n, Proof::Token { epoch });
    store.open_session(of_token(13, epoch)).await.unwrap();
    let holder = async |n| {
        store
            .session(digest(n), at(1))
            .await
            .unwrap()
            .unwrap()
            .holder
    };
    assert_eq!(holder(11).await, Holder::Key(sid(1)));
    assert_eq!(holder(13).await, Holder::Account);
    store.revoke_api_key(sid(1), "tester", at(1)).await.unwrap();
    assert!(!is_there(11).await && is_there(12).await && is_there(13).await);
    assert!(refused(of_key(11, 1, epoch)).await, "it was revoked since");
    store
        .put_tokens(account_sid(1), Vec::new(), "tester", at(1))
        .await
        .unwrap();
    assert!(!is_there(13).await && is_there(12).await && is_there(1).await);
    assert!(refused(of_token(13, epoch)).await, "replaced since");
}

/// Who is signed in changes the password that they have shown, and none that somebody gave them since.
pub async fn changes_ones_own_password(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    let (anna, bert) = (person("anna", 1), person("bert", 1));
    make(store, &anna).await;
    make(store, &bert).await;
    let hash = |text: &str| PasswordHash(text.to_owned());
    let to = async |n, from: &str, to: &str| {
        let changed = store.change_password(digest(n), hash(from), hash(to), at(9));
        changed.await
    };
    let refused = async |n, from: &str| {
        let before = store.person(&anna.name).await.unwrap();
        let refused = to(n, from, "of a thief").await;
        assert!(
            matches!(refused, Err(StoreError::NotFound(_))),
            "{refused:?}"
        );
        assert_eq!(store.person(&anna.name).await.unwrap(), before);
    };
    let is_there = async |n| store.session(digest(n), at(9)).await.unwrap().is_some();
    let begin = async |n, person: &Person| {
        store.open_session(signing_in(n, person, 0)).await.unwrap();
    };
    for n in [1, 2] {
        begin(n, &anna).await;
    }
    begin(3, &bert).await;
    to(1, "hash of anna", "second").await.unwrap();
    assert!(!is_there(1).await && !is_there(2).await && is_there(3).await);
    let mut anna = store.person(&anna.name).await.unwrap().unwrap();
    assert_eq!(anna.sign_in, password("second"));
    refused(1, "second").await;

    begin(4, &anna).await;
    refused(4, "hash of anna").await;
    refused(4, "").await;
    refused(3, "second").await;
    assert!(is_there(4).await, "who was wrong is signed in still");
    let ended = store.end_session(digest(4)).await;
    assert_eq!(ended, Ok(true));
    refused(4, "second").await;
    let mut over = signing_in(5, &anna, 0);
    over.expires_at = at(9);
    store.open_session(over).await.unwrap();
    refused(5, "second").await;

    // Somebody else was sooner: an admin, with another password or the provider, or as disabling.
    for (n, sign_in) in [(6, password("third")), (7, SignIn::Provider(None))] {
        begin(n, &anna).await;
        let by_admin = PersonChange {
            sign_in: Some(sign_in.clone()),
            ..PersonChange::default()
        };
        change(store, "anna", by_admin).await;
        refused(n, anna.sign_in.password().unwrap().0.as_str()).await;
        refused(n, "").await;
        if sign_in.password().is_some() {
            anna.sign_in = sign_in;
        }
    }
    let told = logged(store, 1).await;
    let own = told
        .iter()
        .filter(|line| *line == "anna person-changed anna: password");
    assert_eq!(own.count(), 1, "{told:?}");
}

/// A holder has so many sessions; the oldest go, and nobody else's.
pub async fn sessions_of_a_holder_are_bounded(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    let (anna, bert) = (person("anna", 1), person("bert", 1));
    make(store, &anna).await;
    make(store, &bert).await;
    store.open_session(signing_in(200, &bert, 0)).await.unwrap();
    let more = 3;
    let count = u8::try_from(SESSIONS_MAX).unwrap() + more;
    for n in 0..count {
        let session = signing_in(n, &anna, i64::from(n));
        store.open_session(session).await.unwrap();
    }
    for n in 0..count {
        let there = store.session(digest(n), at(50)).await.unwrap();
        assert_eq!(there.is_some(), n >= more, "{n}");
    }
    assert!(store.session(digest(200), at(50)).await.unwrap().is_some());
}

/// What is done is logged with whom it was done by, where it was done.
pub async fn logs_what_was_done(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    let anna = person("anna", 1);
    make(store, &anna).await;
    store.open_session(signing_in(1, &anna, 5)).await.unwrap();
    for n in 1..=3 {
        let summary = summary(call(n), 0, Some(60));
        store.put_summaries(vec![put(summary, 0)]).await.unwrap();
    }
    let gone = call(9);
    let erased = store.erase(vec![call(1), gone], "anna", at(6)).await;
    erased.unwrap();
    let erased = store.erase(vec![call(2), call(3)], "anna", at(7)).await;
    erased.unwrap();
    let again = store.erase(vec![call(1)], "anna", at(8)).await;
    again.unwrap();
    let entry = AuditEntry {
        account: account_sid(2),
        at: at(7),
        who: "AC1".into(),
        what: Deed::CallsAnnotated,
        target: "BA1".into(),
        detail: "12 of 20 lines changed something".into(),
    };
    store.note(entry.clone()).await.unwrap();
    let nowhere = AuditEntry {
        account: account_sid(9),
        ..entry.clone()
    };
    let refused = store.note(nowhere).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))));
    let one = format!("anna calls-erased {}: ", call(1).sid);
    assert_eq!(
        logged(store, 1).await,
        [
            "anna calls-erased : 2 calls",
            &one,
            "anna signed-in : ",
            "tester person-created anna: role annotator",
        ]
    );
    let page = store.audit(account_sid(2), &first(9)).await.unwrap();
    assert_eq!(page.rows, [entry]);
    let page = store.audit(account_sid(1), &first(3)).await.unwrap();
    let rest = PageRequest {
        start: Start::After(page.after.unwrap()),
        size: 3,
    };
    let rest = store.audit(account_sid(1), &rest).await.unwrap();
    assert_eq!((rest.rows.len(), rest.after), (1, None));
}

/// Sessions that are over go, and the log is kept as long as what was said.
pub async fn old_sessions_and_entries_go(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    let anna = person("anna", 1);
    make(store, &anna).await;
    store.open_session(signing_in(1, &anna, 10)).await.unwrap();
    store.open_session(signing_in(2, &anna, 20)).await.unwrap();
    let removed = async |calls, expiring| {
        let horizons = Horizons {
            expiring: at(expiring),
            ..horizons(0, calls)
        };
        store.expire_beside(horizons, 10).await.unwrap()
    };
    let expected = |sessions, audit_entries| ExpiredBeside {
        sessions,
        audit_entries,
        ..ExpiredBeside::default()
    };
    assert_eq!(removed(0, 109).await, expected(0, 0));
    assert_eq!(removed(0, 110).await, expected(1, 0));
    assert_eq!(removed(15, 110).await, expected(0, 2));
    assert_eq!(logged(store, 1).await, ["anna signed-in : "]);
    assert!(store.session(digest(2), at(50)).await.unwrap().is_some());
}
