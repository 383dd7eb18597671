//! Writing the segments of stale quarters, which are those in the table `uncounted`.

use rusqlite::{Connection, params};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;

use super::bodies::{self, Bodies};
use super::key::{Account, Grain};
use super::{days, fresh};
use crate::engine::write_tx::WriteTx;
use crate::error::Result;
use crate::rollups::stale;
use crate::rows::cursor;
use crate::rows::shard::Shard;
use sidetone_store::Cursor;
use sidetone_store::facets::Keys;
use sidetone_store::statistics::quarter::{day_of, quarter_of};
use sidetone_store::statistics::segment::{Builder, CALLS_MAX};

/// A quarter of a bucket, and whose it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QuarterKey {
    quarter: i64,
    account: Account,
    bucket: i64,
}

/// The segments of a quarter.
pub(crate) struct Built {
    place: QuarterKey,
    segments: Bodies,
}

/// Which stale quarters are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Those beyond this one.
    pub(crate) after: Option<Cursor>,
    /// Those that ended before.
    pub(crate) ended_before: TimeUs,
    /// So many at most.
    pub(crate) quarters_max: usize,
}

impl Wanted {
    /// The end of a walk.
    pub(crate) fn end() -> Cursor {
        cursor::of([i64::MIN; 3])
    }

    fn beyond(&self) -> Result<[i64; 3]> {
        let latest = [quarter_of(self.ended_before.micros()), i64::MIN, i64::MIN];
        let after = self.after.as_ref().map(cursor::read).transpose()?;
        Ok(after.map_or(latest, |after| latest.min(after)))
    }
}

/// Whether there are any.
pub(crate) fn is_due(conn: &Connection, wanted: &Wanted) -> Result<bool> {
    Ok(conn
        .prepare_cached(
            "select 1 from uncounted where (quarter, account, bucket) < (?1, ?2, ?3) limit 1",
        )?
        .exists(wanted.beyond()?)?)
}

/// Takes the latest of them: who has an older ticket for one has none now. They stay stale.
pub(crate) fn take(tx: &mut WriteTx<'_>, wanted: &Wanted, ticket: i64) -> Result<Vec<QuarterKey>> {
    let mut statement = tx.conn.prepare_cached(
        "select distinct u.quarter, u.account, a.sid, u.bucket from uncounted u cross join account a on a.id = u.account
         where (u.quarter, u.account, u.bucket) < (?1, ?2, ?3)
         order by u.quarter desc, u.account desc, u.bucket desc limit ?4",
    )?;
    let [quarter, account, bucket] = wanted.beyond()?;
    let most = i64::try_from(wanted.quarters_max).unwrap_or(i64::MAX);
    let bounds = [quarter, account, bucket, most];
    let places = statement.query_map(bounds, |row| {
        Ok(QuarterKey {
            quarter: row.get(0)?,
            account: Account {
                id: row.get(1)?,
                sid: AccountSid::from_bytes(row.get(2)?),
            },
            bucket: row.get(3)?,
        })
    })?;
    let places: Vec<QuarterKey> = places.collect::<rusqlite::Result<_>>()?;
    for place in &places {
        let key = [place.quarter, place.account.id, place.bucket];
        tx.conn
            .prepare_cached(
                "delete from uncounted where quarter = ?1 and account = ?2 and bucket = ?3",
            )?
            .execute(key)?;
        tx.conn
            .prepare_cached(
                "insert into uncounted (quarter, account, bucket, ticket) values (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                place.quarter,
                place.account.id,
                place.bucket,
                ticket
            ])?;
    }
    Ok(places)
}

/// Makes the segments of a quarter that was taken, of a snapshot of after that.
pub(crate) fn build(conn: &Connection, place: QuarterKey) -> Result<Built> {
    let QuarterKey {
        quarter,
        account,
        bucket,
    } = place;
    let mut segments = Bodies::new(Grain::Quarter, account.id, (quarter, bucket));
    let mut calls = Builder::default();
    fresh::each(conn, account, quarter, bucket, i64::MIN, |cells| {
        calls.add(cells);
        if calls.calls() == CALLS_MAX {
            segments.add(std::mem::take(&mut calls));
        }
        Ok(true)
    })?;
    segments.add(calls);
    Ok(Built { place, segments })
}

impl Built {
    /// Where looking for more goes on.
    pub(crate) fn cursor(&self) -> Cursor {
        let place = self.place;
        cursor::of([place.quarter, place.account.id, place.bucket])
    }
}

/// Writes the segments of quarters that are still ours; the others are somebody else's by now.
pub(crate) fn write(tx: &mut WriteTx<'_>, quarters: &[Built], ticket: i64) -> Result<()> {
    for built in quarters {
        let QuarterKey {
            quarter,
            account,
            bucket,
        } = built.place;
        let ours = tx
            .conn
            .prepare_cached(
                "delete from uncounted where quarter = ?1 and account = ?2 and bucket = ?3 and ticket = ?4",
            )?
            .execute(params![quarter, account.id, bucket, ticket])?;
        if ours == 1 {
            built.segments.replace(tx.conn)?;
            let shard = Shard {
                account: account.id,
                bucket,
            };
            // Also when they are as they were: more is told of days than segments have.
            stale::mark_day(tx.conn, shard, day_of(quarter), 0)?;
        }
    }
    Ok(())
}

/// Forgets what is written of the time of a call, because it is erased, or was there no longer.
pub(crate) fn forget(conn: &Connection, shard: Shard, keys: Keys) -> Result<()> {
    stale::quarters_of(keys).try_for_each(|quarter| forget_quarter(conn, shard, quarter))
}

/// Forgets what is written of a quarter and its day: what is stored, and what somebody is making.
pub(crate) fn forget_quarter(conn: &Connection, shard: Shard, quarter: i64) -> Result<()> {
    let Shard { account, bucket } = shard;
    bodies::delete_all(conn, Grain::Quarter, account, (quarter, bucket))?;
    days::forget(conn, shard, day_of(quarter))?;
    conn.prepare_cached(
        "delete from uncounted where quarter = ?1 and account = ?2 and bucket = ?3",
    )?
    .execute([quarter, account, bucket])?;
    Ok(())
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use sidetone_store::conformance::sample::{at, call, create_account, erase, put, summary};
    use sidetone_store::conformance::statistics::all;
    use sidetone_store::prelude::*;

    use super::*;
    use crate::{Options, SqliteStore};

    async fn put_call(store: &SqliteStore, n: u64) {
        let summary = summary(call(n), 0, Some(60));
        store.put_summaries(vec![put(summary, 0)]).await.unwrap();
    }

    async fn take_and_build(store: &SqliteStore, ticket: i64) -> Vec<Built> {
        let wanted = Wanted {
            after: None,
            ended_before: at(10_000),
            quarters_max: 10,
        };
        let taken = store.writer.run(1, move |tx| take(tx, &wanted, ticket));
        let taken = taken.await.unwrap();
        let built = store.readers.aside(move |conn| {
            let built = taken.into_iter().map(|place| build(conn, place));
            built.collect::<Result<Vec<Built>>>()
        });
        built.await.unwrap()
    }

    async fn write_built(store: &SqliteStore, built: Vec<Built>, ticket: i64) {
        let written = store.writer.run(1, move |tx| write(tx, &built, ticket));
        written.await.unwrap();
    }

    async fn calls(store: &SqliteStore) -> u64 {
        store.statistics(&[all()]).await.unwrap()[0].calls
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_changes_while_segments_are_made_is_counted() {
        let store = SqliteStore::open_temporary(Options::default()).unwrap();
        create_account(&store).await;
        put_call(&store, 0).await;
        let built = take_and_build(&store, 1).await;
        put_call(&store, 1).await;
        write_built(&store, built, 1).await;
        assert_eq!(calls(&store).await, 2);

        // Somebody slow, and somebody who takes it from him.
        let slow = take_and_build(&store, 2).await;
        put_call(&store, 2).await;
        let quick = take_and_build(&store, 3).await;
        write_built(&store, quick, 3).await;
        write_built(&store, slow, 2).await;
        assert_eq!(calls(&store).await, 3);
        assert!(take_and_build(&store, 4).await.is_empty());
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_of_an_erased_call_stays_in_segments_or_gets_there() {
        let store = SqliteStore::open_temporary(Options::default()).unwrap();
        create_account(&store).await;
        for n in 0..2 {
            put_call(&store, n).await;
        }
        let built = take_and_build(&store, 1).await;
        write_built(&store, built, 1).await;
        put_call(&store, 2).await;
        let slow = take_and_build(&store, 2).await;
        erase(&store, call(0), at(9)).await;
        write_built(&store, slow, 2).await;
        let segments = store.readers.aside(|conn| {
            let count = conn.query_row(
                "select (select count(*) from segment) + (select count(*) from day_segment)",
                [],
                |row| row.get(0),
            );
            Ok(count?)
        });
        assert_eq!(segments.await, Ok(0_i64));
        assert_eq!(calls(&store).await, 2);
        let built = take_and_build(&store, 3).await;
        write_built(&store, built, 3).await;
        assert_eq!(calls(&store).await, 2);
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    }
}
