//! Loading: a data directory with calls and judgements, made through the store's own door.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::ensure;
use sidetone::api::v1::render::template;
use sidetone_core::id::CallRef;
use sidetone_core::time::{DAY_US, TimeUs};
use sidetone_store::feedback::{Rate, Rated};
use sidetone_store::{Annotate, Lookup, PutSummary, Scope, Store};
use sidetone_store_sqlite::{Options, SqliteStore};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::calls::Calls;
use crate::data::{self, Facts};
use crate::judgements;

/// Summaries in one transaction.
const BATCH: u64 = 2_000;

/// A batch on its way: its first number, and its summaries.
type Batch = (u64, Vec<PutSummary>);

/// Makes the directory.
pub async fn run(dir: &Path, count: u64, seed: u64) -> anyhow::Result<()> {
    ensure!(!data::is_loaded(dir), "{} is loaded already", dir.display());
    let end = sidetone::clock::Clock::default().now();
    let facts = Facts::new(count, seed, end);
    eprintln!(
        "loading {count} calls of seed {seed} into {}",
        dir.display()
    );
    data::create(dir, &facts).await?;
    let store = SqliteStore::open_careless(&data::database(dir), Options::default())?;
    let store: Arc<dyn Store> = Arc::new(store);
    let calls = facts.calls();
    let (sender, mut batches) = mpsc::channel::<Batch>(4);
    let maker = std::thread::spawn({
        let calls = calls.clone();
        move || make(&calls, &sender)
    });
    write(store.clone(), &calls, &mut batches).await?;
    ensure!(maker.join().is_ok(), "the calls could not be made");
    drop(store);
    // What was written carelessly is safe before anything is measured.
    std::fs::File::open(data::database(dir))?.sync_all()?;
    data::mark_loaded(dir, &facts)
}

fn make(calls: &Calls, sender: &mpsc::Sender<Batch>) {
    for first in (0..calls.count).step_by(BATCH as usize) {
        let numbers = first..(first + BATCH).min(calls.count);
        let batch = numbers.map(|number| put(calls, number)).collect();
        if sender.blocking_send((first, batch)).is_err() {
            return;
        }
    }
}

fn put(calls: &Calls, number: u64) -> PutSummary {
    let summary = calls.summary(number);
    PutSummary {
        now: summary.last_event_at,
        rendered: template::of(&summary),
        summary,
        state: None,
        position: 0,
        timer_at: None,
    }
}

#[allow(clippy::disallowed_methods, reason = "it shows progress")]
async fn write(
    store: Arc<dyn Store>,
    calls: &Calls,
    batches: &mut mpsc::Receiver<Batch>,
) -> anyhow::Result<()> {
    let begin = Instant::now();
    let mut judging = JoinSet::new();
    let mut shown = 0;
    while let Some((first, batch)) = batches.recv().await {
        let past = first + batch.len() as u64;
        store.put_summaries(batch).await?;
        // Beside the next batch, so that many share a transaction.
        for number in first..past {
            judge(&store, calls, number, &mut judging);
            rate(&store, calls, number, &mut judging);
        }
        while judging.len() > 512
            && let Some(judged) = judging.join_next().await
        {
            judged??;
        }
        let percent = past * 100 / calls.count;
        if percent >= shown + 5 {
            shown = percent;
            let seconds = begin.elapsed().as_secs_f64();
            eprintln!(
                "  {percent:3} %, {seconds:.0} s, {:.0} calls/s",
                past as f64 / seconds
            );
        }
    }
    while let Some(judged) = judging.join_next().await {
        judged??;
    }
    Ok(())
}

fn rate(
    store: &Arc<dyn Store>,
    calls: &Calls,
    number: u64,
    judging: &mut JoinSet<anyhow::Result<()>>,
) {
    let Some(patch) = judgements::rating(calls.seed, number) else {
        return;
    };
    let call = CallRef {
        account: calls.account,
        sid: calls.sid(number),
    };
    let rate = Rate {
        by: calls.account.to_string(),
        patch,
        now: judged_at(calls.times.start(number), calls.times.end()),
        accept_unknown: false,
        only_first: false,
        mirror: false,
    };
    let store = store.clone();
    judging.spawn(async move {
        let rated = store.rate(call, rate).await?;
        ensure!(
            matches!(rated, Lookup::Found(Rated::Created(_))),
            "{} was not rated",
            call.sid
        );
        Ok(())
    });
}

fn judge(
    store: &Arc<dyn Store>,
    calls: &Calls,
    number: u64,
    judging: &mut JoinSet<anyhow::Result<()>>,
) {
    let Some(patch) = judgements::judgement(calls.seed, number) else {
        return;
    };
    let (store, scope, sid) = (
        store.clone(),
        Scope {
            account: calls.account,
        },
        calls.sid(number),
    );
    let now = judged_at(calls.times.start(number), calls.times.end());
    judging.spawn(async move {
        let change = Annotate {
            author: String::new(),
            by: scope.account.to_string(),
            patch: Some(patch),
            if_revision: None,
            now,
            accept_unknown: false,
        };
        let found = store.annotate(scope, sid, change).await?;
        ensure!(matches!(found, Lookup::Found(_)), "{sid} is not there");
        Ok(())
    });
}

fn judged_at(start: TimeUs, end: TimeUs) -> TimeUs {
    start.plus_us(DAY_US / 24).min(end)
}
