//! Accounts, events, summaries to test with.

use std::collections::BTreeMap;

use sidetone_core::annotation::AnnotationPatch;
use sidetone_core::event::{CallEvent, EventId, Observation, Source, SourceKind, Step};
use sidetone_core::facts::CallFacts;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::summary::CallSummary;
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_core::vocabulary::ProcessingState;

use crate::account::{Account, AccountSettings};
use crate::{Annotate, Lookup, NewEvent, PutSummary, Scope, Store};

/// Midnight UTC that 2026-06-01 begins with.
pub const MIDNIGHT: TimeUs = TimeUs::from_micros(1_780_272_000 * SECOND_US);

/// Some seconds after [`MIDNIGHT`].
#[must_use]
pub const fn at(seconds: i64) -> TimeUs {
    MIDNIGHT.plus_us(seconds * SECOND_US)
}

/// An account's identifier.
#[must_use]
pub const fn account_sid(n: u8) -> AccountSid {
    AccountSid::from_bytes([n; 16])
}

/// What an account sees.
#[must_use]
pub const fn scope(n: u8) -> Scope {
    Scope {
        account: account_sid(n),
    }
}

/// A call's identifier.
#[must_use]
pub fn call_sid(n: u64) -> CallSid {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    CallSid::from_bytes(bytes)
}

/// A call of account 1.
#[must_use]
pub fn call(n: u64) -> CallRef {
    CallRef {
        account: account_sid(1),
        sid: call_sid(n),
    }
}

/// An account without anything.
#[must_use]
pub fn account(n: u8, parent: Option<u8>) -> Account {
    Account {
        sid: account_sid(n),
        parent: parent.map(account_sid),
        name: format!("account {n}"),
        created_at: MIDNIGHT,
        settings: AccountSettings {
            advanced_features: true,
            voice_trace: false,
            mirror_feedback: false,
        },
        tokens: Vec::new(),
        provider_secrets: Vec::new(),
    }
}

/// Creates account 1.
pub async fn create_account(store: &dyn Store) {
    store.create_account(account(1, None)).await.unwrap();
}

/// An event: the call was answered.
#[must_use]
pub fn event(call: CallRef, id: &str, seconds: i64) -> NewEvent {
    NewEvent {
        event: CallEvent {
            id: EventId::try_from(id.to_owned()).unwrap(),
            call,
            at: at(seconds),
            source: Source {
                kind: SourceKind::Native,
                agent: None,
                translator: 1,
            },
            observation: Observation::Progress {
                step: Step::Answered,
                sequence: None,
                facts: Box::default(),
            },
        },
        received_at: at(seconds),
    }
}

/// A summary of a call that started at some second and ended at another, if it did.
#[must_use]
pub fn summary(call: CallRef, started: i64, ended: Option<i64>) -> CallSummary {
    CallSummary {
        call,
        processing: ended.map_or(ProcessingState::Partial, |_| ProcessingState::Complete),
        fold_version: 1,
        rules_day: None,
        sides_digest: None,
        facts: CallFacts {
            started_at: Some(at(started)),
            ended_at: ended.map(at),
            ..CallFacts::default()
        },
        edges: BTreeMap::new(),
        sip: None,
        tags: Vec::new(),
        reasons: Vec::new(),
        pdd_limit: None,
        end_not_seen: false,
        last_event_at: at(ended.unwrap_or(started)),
        imported: None,
        beside: None,
        imported_annotation: None,
    }
}

/// A summary on its way in.
#[must_use]
pub fn put(summary: CallSummary, position: u64) -> PutSummary {
    PutSummary {
        summary,
        rendered: None,
        state: None,
        position,
        timer_at: None,
        now: MIDNIGHT,
    }
}

/// A judgement of the empty author.
#[must_use]
pub fn annotate(patch: AnnotationPatch) -> Annotate {
    Annotate {
        author: String::new(),
        by: "tester".into(),
        patch: Some(patch),
        if_revision: None,
        now: MIDNIGHT,
        accept_unknown: false,
    }
}

/// A judgement that gives a score.
#[must_use]
pub fn score(score: u8) -> Annotate {
    annotate(AnnotationPatch {
        call_score: Some(Some(score)),
        ..AnnotationPatch::default()
    })
}

/// Erases one call.
pub async fn erase(store: &dyn Store, call: CallRef, now: TimeUs) -> Lookup<()> {
    let fates = store.erase(vec![call], "tester", now).await.unwrap();
    let [fate] = <[_; 1]>::try_from(fates).unwrap();
    fate
}

/// Writes the segments of all quarters.
pub async fn write_all_segments(store: &dyn Store) {
    let far = at(1_000_000_000);
    let mut after = None;
    while let Some(cursor) = store.write_segments(after, far, 7).await.unwrap() {
        after = Some(cursor);
    }
    let left = store.write_segments(None, far, 7).await.unwrap();
    assert_eq!(left, None);
}
