//! Reports: kept as they were made, for their account, for a time.

use std::sync::Arc;

use sidetone_core::id::ReportId;
use sidetone_core::summary::CallSummary;
use sidetone_core::vocabulary::ProcessingState;

use super::retention::{expire, horizons};
use super::sample::{
    account, account_sid, at, call, create_account, erase, event, put, scope, summary,
};
use crate::report::{REPORTS_MAX, Report, ReportKind};
use crate::retention::{ExpiredBeside, Horizons};
use crate::{Lookup, Store};

const fn id(n: u8) -> ReportId {
    ReportId::from_bytes([n; 16])
}

fn report(n: u8, of: u8) -> Report {
    Report {
        id: id(n),
        account: account_sid(of),
        kind: [
            ReportKind::Account,
            ReportKind::Inbound,
            ReportKind::Outbound,
        ][usize::from(n % 3)],
        expires_at: at(100 + i64::from(n)),
        text: format!("{{}}\n{{\"report\":{n}}}\n").repeat(1 + usize::from(n) * 40),
    }
}

/// Keeps a report.
pub async fn keep(store: &dyn Store, report: Report) {
    let Report {
        id,
        account,
        kind,
        expires_at,
        ..
    } = report;
    let begun = store.begin_report(id, account, kind, expires_at).await;
    assert_eq!(begun, Ok(()));
    assert_eq!(store.put_report(report).await, Ok(true));
}

/// Deletes those that expired by then, and says how many they were.
async fn expire_reports(store: &dyn Store, by: i64) -> u64 {
    let horizons = Horizons {
        expiring: at(by),
        ..horizons(0, 0)
    };
    let beside = store.expire_beside(horizons, 10).await.unwrap();
    assert_eq!(
        beside,
        ExpiredBeside {
            reports: beside.reports,
            ..ExpiredBeside::default()
        }
    );
    beside.reports
}

/// Who may read calls of an account may read its reports, until they expire.
pub async fn keeps_reports_until_they_expire(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    store.create_account(account(3, None)).await.unwrap();
    for (n, of) in [(0, 1), (1, 1), (2, 2)] {
        keep(&*store, report(n, of)).await;
    }
    let read = async |n, by, now| store.report(scope(by), id(n), at(now)).await.unwrap();
    for (n, of) in [(0, 1), (1, 1), (2, 2)] {
        assert_eq!(read(n, 1, 0).await, Some(report(n, of)));
        assert_eq!(read(n, 3, 0).await, None);
    }
    assert_eq!(read(2, 2, 0).await, Some(report(2, 2)));
    assert_eq!(read(1, 2, 0).await, None, "it is of the parent");
    assert_eq!(read(9, 1, 0).await, None);
    assert!(read(1, 1, 100).await.is_some());
    assert_eq!(read(1, 1, 101).await, None);
    assert_eq!(expire_reports(&*store, 99).await, 0);
    assert_eq!(expire_reports(&*store, 101).await, 2);
    assert_eq!(read(1, 1, 0).await, None);
    assert_eq!(read(2, 1, 0).await, Some(report(2, 2)));
}

/// Of an account the latest are kept; of another, its own.
pub async fn keeps_the_latest_reports(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, None)).await.unwrap();
    let short = |n, of| Report {
        text: "{}".into(),
        ..report(n, of)
    };
    keep(&*store, short(255, 2)).await;
    let more = 3;
    let count = u8::try_from(REPORTS_MAX).unwrap() + more;
    for n in 0..count {
        keep(&*store, short(n, 1)).await;
    }
    for n in 0..count {
        let kept = store.report(scope(1), id(n), at(0)).await.unwrap();
        assert_eq!(kept.is_some(), n >= more, "{n}");
    }
    assert!(
        store
            .report(scope(2), id(255), at(0))
            .await
            .unwrap()
            .is_some()
    );
    // Those that cannot be made are in nobody's way.
    for n in 0..count {
        let failed = ReportId::from_bytes([n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        let begun = store.begin_report(failed, account_sid(1), ReportKind::Account, at(100));
        begun.await.unwrap();
    }
    for n in more + 1..count {
        let kept = store.report(scope(1), id(n), at(0)).await.unwrap();
        assert!(kept.is_some(), "{n}");
    }
}

/// What was counted of a call that is erased is in no report any more, nor in one that was being made.
pub async fn reports_go_with_erased_calls(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, None)).await.unwrap();
    let summary = summary(call(1), 0, Some(60));
    store.put_summaries(vec![put(summary, 0)]).await.unwrap();
    keep(&*store, report(1, 1)).await;
    keep(&*store, report(2, 2)).await;
    let made = report(3, 1);
    let begun = store.begin_report(made.id, made.account, made.kind, made.expires_at);
    begun.await.unwrap();
    let read = async |by, n| store.report(scope(by), id(n), at(0)).await.unwrap();
    assert_eq!(read(1, 3).await, None, "it is being made");
    let erased = erase(&*store, call(1), at(0)).await;
    assert_eq!(erased, Lookup::Found(()));
    assert_eq!(read(1, 1).await, None);
    assert!(read(2, 2).await.is_some());
    assert_eq!(store.put_report(made).await, Ok(false));
    assert_eq!(read(1, 3).await, None);
}

/// Calls expire every day: reports on them stay for the little time that they have.
pub async fn reports_outlive_expired_calls(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.append(vec![event(call(1), "a", 1)]).await.unwrap();
    let summary = CallSummary {
        processing: ProcessingState::Complete,
        ..summary(call(1), 0, Some(60))
    };
    store.put_summaries(vec![put(summary, 1)]).await.unwrap();
    keep(&*store, report(1, 1)).await;
    assert_eq!(expire(&*store, horizons(50, 50)).await, (1, 0));
    let kept = store.report(scope(1), id(1), at(0)).await;
    assert_eq!(kept, Ok(Some(report(1, 1))));
}
