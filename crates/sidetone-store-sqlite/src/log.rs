//! The event log of each call, and which calls have events their summary does not know.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use sidetone_core::event::{CallEvent, EventKind, Observation};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::{DAY_US, TimeUs};
use sidetone_core::vocabulary::{EdgeKind, StreamDirection};

use super::checksum::{CALL, about};
use super::error::Result;
use super::writer::Work;
use super::{account, codec, feed, record, set_aside, slot};
use sidetone_store::{Appended, DueTimer, NewEvent, PATIENCE_MAX_US, Topic, dirty_from};

/// An event ready to be written.
pub(super) struct PackedEvent {
    pub(super) call: CallRef,
    pub(super) key: [u8; 16],
    pub(super) at_us: i64,
    pub(super) received_us: i64,
    pub(super) kind: EventKind,
    pub(super) edge: Option<EdgeKind>,
    pub(super) direction: Option<StreamDirection>,
    pub(super) body: Vec<u8>,
}

impl PackedEvent {
    /// Packs an event, before the writing thread has to do with it.
    pub(super) fn of(new: &NewEvent) -> Result<Self> {
        let event = &new.event;
        let (edge, direction) = match &event.observation {
            Observation::Media(sample) => (Some(sample.edge), Some(sample.direction)),
            Observation::Edge(edge) => (edge.edge, None),
            Observation::Progress { .. }
            | Observation::Facts { .. }
            | Observation::Imported(_)
            | Observation::Timer { .. }
            | Observation::Sip { .. }
            | Observation::Rtcp { .. }
            | Observation::Vq { .. }
            | Observation::Unknown(_) => (None, None),
        };
        Self {
            call: event.call,
            key: *event.id.key().as_bytes(),
            at_us: event.at.micros(),
            received_us: new.received_at.micros(),
            kind: event.observation.kind(),
            edge,
            direction,
            body: Vec::new(),
        }
        .packed(&event.to_stored_json())
    }

    fn packed(mut self, json: &[u8]) -> Result<Self> {
        let kind = i64::from(self.kind.index());
        let edge = self.edge.map(|edge| edge.index().into());
        let direction = self.direction.map(|direction| direction.index().into());
        let owner = event_identity(self.call, self.key, self.at_us, kind, edge, direction);
        self.body = codec::pack(codec::Format::Event2, &owner, json)?;
        Ok(self)
    }
}

/// Whose bytes those of an event are: the columns that it is found and ordered by belong to them.
fn event_identity(
    call: CallRef,
    key: [u8; 16],
    at_us: i64,
    kind: i64,
    edge: Option<i64>,
    direction: Option<i64>,
) -> Vec<u8> {
    let mut identity = record::identity(call);
    identity.extend_from_slice(&key);
    for number in [at_us, kind, edge.unwrap_or(-1), direction.unwrap_or(-1)] {
        identity.extend_from_slice(&number.to_le_bytes());
    }
    identity
}

/// The columns that [`read_event`] reads.
pub(super) const EVENT: &str = "body, event_key, at_us, kind, edge, direction";

/// A call that a batch is appended to.
struct Known {
    id: i64,
    event_count: i64,
    dirty_us: Option<i64>,
    /// Its raw events have expired: nothing is appended.
    is_sealed: bool,
    last_received_us: i64,
    is_placeholder: bool,
}

pub(super) fn append(work: &mut Work<'_>, events: &[PackedEvent]) -> Result<Vec<Appended>> {
    let conn = work.conn;
    let mut fates = vec![Appended::Sealed; events.len()];
    let mut accounts = HashMap::new();
    let mut insert = slot::Insert::new(conn)?;
    let followed = feed::followed(conn)?;
    for (call, places) in by_call(events) {
        let known = match accounts.get(&call.account) {
            Some(known) => *known,
            None => *accounts
                .entry(call.account)
                .or_insert(account::find(conn, call.account)?),
        };
        let Some((account, advanced)) = known else {
            for place in places {
                fates[place] = Appended::NoAccount;
            }
            continue;
        };
        let of_call = || places.iter().map(|place| &events[*place]);
        let known = find(conn, account, call.sid)?;
        let (id, count) = match &known {
            Some(known) if known.is_sealed => {
                refuse(conn, known.id, places.len())?;
                continue;
            }
            Some(known) => (known.id, known.event_count),
            None if is_erased(conn, account, call.sid)? => continue,
            None => (begin_call(conn, account, advanced, call.sid, of_call())?, 0),
        };
        let mut added = Vec::new();
        let mut told = Vec::new();
        for place in &places {
            let event = &events[*place];
            let number = count + i64::try_from(added.len()).unwrap_or(i64::MAX);
            fates[*place] = insert.append(id, number, event)?;
            if fates[*place] == Appended::New {
                added.push(Added {
                    received_us: event.received_us,
                    dirty_us: dirty_from(event.kind, event.received_us, number),
                });
                told.push((event.kind, number + 1, event.received_us));
            }
        }
        let full = places
            .iter()
            .filter(|place| fates[**place] == Appended::Full)
            .count();
        if full > 0 {
            refuse(conn, id, full)?;
        }
        if let Some(dirty_us) = added.iter().map(|it| it.dirty_us).min() {
            work.shared.calls.note(call, dirty_us);
            work.ring(Topic::Calls);
        }
        for (kind, position, received_us) in told {
            feed::note_event(work, followed, call, kind, position, received_us)?;
        }
        match known {
            Some(known) => extend_call(conn, &known, &added)?,
            // It was begun with all of them.
            None if full > 0 => count_anew(conn, id, added.len())?,
            None => {}
        }
    }
    Ok(fates)
}

/// The places of each call's events, calls in the order of their first.
fn by_call(events: &[PackedEvent]) -> Vec<(CallRef, Vec<usize>)> {
    let mut groups: Vec<(CallRef, Vec<usize>)> = Vec::new();
    let mut group_of = HashMap::new();
    for (place, event) in events.iter().enumerate() {
        let group = *group_of.entry(event.call).or_insert_with(|| {
            groups.push((event.call, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(place);
    }
    groups
}

fn find(conn: &Connection, account: i64, sid: CallSid) -> Result<Option<Known>> {
    Ok(conn
        .prepare_cached(
            "select id, event_count, dirty_us, sealed, last_received_us, placeholder
             from call where sid = ?1 and account = ?2",
        )?
        .query_row(params![sid.as_bytes(), account], |row| {
            Ok(Known {
                id: row.get(0)?,
                event_count: row.get(1)?,
                dirty_us: row.get(2)?,
                is_sealed: row.get(3)?,
                last_received_us: row.get::<_, Option<i64>>(4)?.unwrap_or(i64::MIN),
                is_placeholder: row.get(5)?,
            })
        })
        .optional()?)
}

static BEGIN: LazyLock<String> = LazyLock::new(|| {
    CALL.insert(&[
        ("account", "?1"),
        ("sid", "?2"),
        ("advanced_features", "?3"),
        ("placeholder", "0"),
        ("version", "0"),
        ("annotation_revision", "0"),
        ("event_count", "?4"),
        ("dirty_us", "?5"),
        ("last_received_us", "?6"),
    ])
});

/// Makes a call of its first events, which are about to be appended.
fn begin_call<'a>(
    conn: &Connection,
    account: i64,
    advanced_features: bool,
    sid: CallSid,
    events: impl Iterator<Item = &'a PackedEvent> + Clone,
) -> Result<i64> {
    let distinct: HashSet<_> = events.clone().map(|event| event.key).collect();
    let first_us = events.clone().map(|event| event.received_us).next();
    let last_us = events.map(|event| event.received_us).max();
    Ok(conn.prepare_cached(&BEGIN)?.insert(params![
        account,
        sid.as_bytes(),
        advanced_features,
        distinct.len(),
        first_us,
        last_us
    ])?)
}

/// An event that was added to a call.
struct Added {
    received_us: i64,
    /// From when on the call is dirty because of it.
    dirty_us: i64,
}

/// Counts what was added to a call.
fn extend_call(conn: &Connection, known: &Known, added: &[Added]) -> Result<()> {
    let Some(dirty_us) = added.iter().map(|it| it.dirty_us).min() else {
        return Ok(());
    };
    let count = known.event_count + i64::try_from(added.len()).unwrap_or(i64::MAX);
    let last_us = added
        .iter()
        .fold(known.last_received_us, |last, it| last.max(it.received_us));
    if known.is_placeholder {
        let checksum = CALL.updated_unread(&[("placeholder", "0")]);
        conn.prepare_cached(&format!(
            "update call set placeholder = 0, checksum = {checksum} where id = ?1"
        ))?
        .execute([known.id])?;
    }
    if known.dirty_us.is_some_and(|held| held <= dirty_us) {
        // Leaves dirty_us alone, and with it the index of dirty calls.
        conn.prepare_cached(
            "update call set event_count = ?2, last_received_us = ?3 where id = ?1",
        )?
        .execute([known.id, count, last_us])?;
    } else {
        conn.prepare_cached(
            "update call set event_count = ?2, last_received_us = ?3, dirty_us = ?4 where id = ?1",
        )?
        .execute([known.id, count, last_us, dirty_us])?;
    }
    Ok(())
}

/// Counts the events of a call that turned out to be fewer than came.
fn count_anew(conn: &Connection, call: i64, events: usize) -> Result<()> {
    conn.prepare_cached("update call set event_count = ?2 where id = ?1")?
        .execute(params![call, events])?;
    Ok(())
}

/// Counts events that came too late, or are too many.
fn refuse(conn: &Connection, call: i64, events: usize) -> Result<()> {
    conn.prepare_cached("update call set refused_events = refused_events + ?2 where id = ?1")?
        .execute(params![call, events])?;
    Ok(())
}

/// Whether there was such a call once.
pub(super) fn is_erased(conn: &Connection, account: i64, sid: CallSid) -> Result<bool> {
    Ok(conn
        .prepare_cached("select 1 from tombstone where sid = ?1 and account = ?2")?
        .exists(params![sid.as_bytes(), account])?)
}

/// Unpacks a stored event, whose columns begin at one. Says how long its JSON is, too.
pub(super) fn read_event(
    row: &Row<'_>,
    column: usize,
    call: CallRef,
) -> Result<(CallEvent, usize)> {
    let owner = event_identity(
        call,
        row.get(column + 1)?,
        row.get(column + 2)?,
        row.get(column + 3)?,
        row.get(column + 4)?,
        row.get(column + 5)?,
    );
    let packed = row.get_ref(column)?.as_blob()?;
    let json = about(codec::unpack(&owner, packed), || {
        format!("table event, call {}", call.sid)
    })?;
    Ok((CallEvent::from_stored_json(call, &json)?, json.len()))
}

pub(super) fn due_timers(conn: &Connection, now: TimeUs, limit: usize) -> Result<Vec<DueTimer>> {
    let mut statement = conn.prepare_cached(include_str!("due_timers.sql"))?;
    let rows = statement.query_map(
        params![now.micros(), i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| {
            Ok(DueTimer {
                call: CallRef {
                    account: AccountSid::from_bytes(row.get(0)?),
                    sid: CallSid::from_bytes(row.get(1)?),
                },
                ended: row.get(2)?,
                last_event_at: TimeUs::from_micros(row.get::<_, Option<i64>>(3)?.unwrap_or(0)),
            })
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn defer_timers(work: &mut Work<'_>, calls: &[CallRef], until: TimeUs) -> Result<()> {
    let mut defer = work
        .conn
        .prepare_cached("update call set timer_us = ?2 where id = ?1 and timer_us < ?2")?;
    for call in calls {
        if let Some(id) = record::row_of(work.conn, *call)? {
            defer.execute([id, until.micros()])?;
        }
    }
    Ok(())
}

/// The longest that a delivery may wait for another try after a failure: three days are all it has.
const RETRY_MAX_US: i64 = 3 * DAY_US;

pub(super) fn clock_set_back(
    work: &mut Work<'_>,
    now: TimeUs,
    settle_us: i64,
    call_idle_us: i64,
) -> Result<u64> {
    let now = now.micros();
    let patient = now.saturating_add(PATIENCE_MAX_US);
    let run = |sql: &str, values: &[i64]| -> Result<u64> {
        let changed = work.conn.execute(sql, params_from_iter(values))?;
        Ok(changed as u64)
    };
    let dirty = run(
        "update call indexed by call_dirty set dirty_us = ?1 where dirty_us is not null and dirty_us > ?2",
        &[now, patient],
    )?;
    let mut timers = 0;
    for (ended, wait_us) in [("not null", settle_us), ("null", call_idle_us)] {
        timers += run(
            &format!("update call set timer_us = ?1 where timer_us > ?1 and ended_us is {ended}"),
            &[now.saturating_add(wait_us)],
        )?;
    }
    let latest = TimeUs::from_micros(patient);
    work.shared.calls.end_by(latest);
    work.shared.feedback_summaries.end_by(latest);
    work.shared.deliveries.end_by(latest);
    work.shared.changes.end_by(latest);
    run(
        "update outbox set due_us = ?1 where state = 1 and due_us > ?2",
        &[now, now.saturating_add(RETRY_MAX_US)],
    )?;
    Ok(dirty + timers)
}

pub(super) fn refold(work: &mut Work<'_>, calls: &[CallRef]) -> Result<()> {
    for call in calls {
        let Some(id) = record::row_of(work.conn, *call)? else {
            continue;
        };
        // Without raw events there is nothing to fold: the summary was loaded, or is sealed.
        let marked = work
            .conn
            .prepare_cached(
                "update call set dirty_us = coalesce(dirty_us, last_received_us, 0)
                 where id = ?1 and event_count > 0 and not sealed",
            )?
            .execute([id])?;
        if marked > 0 {
            work.conn
                .prepare_cached("delete from fold_state where call_id = ?1")?
                .execute([id])?;
            set_aside::take_back(work.conn, id)?;
            // Whoever folds it goes on with a state that is no more.
            work.shared.calls.release([*call]);
            work.ring(Topic::Calls);
        }
    }
    Ok(())
}
