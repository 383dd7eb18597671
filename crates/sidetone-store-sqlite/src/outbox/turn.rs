//! Taking what is due from the outbox, and settling what was taken.
//!
//! Of the deliveries of one endpoint about one subject, one is out at a time. While all goes well
//! that is a matter of memory alone (engine/leases.rs): they are queued in the order in which they
//! came, and whoever takes passes over those of a subject that is out. Only behind one that failed,
//! or when there are many to pass over, they are held back in the database: by an index over random
//! subjects, which costs a page for each. What arrives lets the next one go.

use std::sync::LazyLock;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;

use crate::engine::leases::{Lease, Leases, Line};
use crate::engine::write_tx::WriteTx;
use crate::error::{Error, Result};
use crate::outbox::{method_of, signature_of, sink_of};
use crate::rows::checksum::expect_sound;
use crate::rows::tables::OUTBOX;
use sidetone_store::StoreError;
use sidetone_store::delivery::{
    Content, Delivery, DeliveryId, DeliveryRequest, EndpointId, Outcome, PersonalData, StreamEvent,
};

/// Bytes of bodies that are handed out at once, but for the last: whoever takes holds them in
/// memory.
const TAKE_MAX_BYTES: usize = 256 << 10;
/// So many queued deliveries are passed over because one of their subject is out; those beyond are
/// held back.
const PASS_MAX: usize = 1024;
/// So many are held back at once.
const HOLD_MAX: usize = 4096;
/// An endpoint of which so many are looked at and none may be taken has nothing due.
const LOOK_MAX: usize = 4 * PASS_MAX;

/// What failed and is due again. Few, so that what it is about is read from its row.
const RETRIED: &str = "select id, subject from outbox indexed by outbox_retried
    where endpoint = ?1 and state = 1 and due_us <= ?2 order by due_us";
const QUEUED: &str = "select id, subject from outbox indexed by outbox_queued
    where endpoint = ?1 and state = 0 order by id";
/// Whether anything is held back, or tried again, at an endpoint.
const ANY_HELD: &str = "select exists (
    select 1 from outbox indexed by outbox_held where endpoint = ?1 and subject is not null and state in (1, 2))";
/// Whether it is for one that came before another of its subject.
const IS_BEHIND: &str = "select exists (select 1 from outbox indexed by outbox_held
    where endpoint = ?1 and subject = ?2 and subject is not null and state in (1, 2) and id < ?3)";

/// What is due at an endpoint: what failed before first, then in the order in which it came.
/// `visit` says whether to go on.
fn each_due(
    conn: &Connection,
    endpoint: i64,
    now: TimeUs,
    mut visit: impl FnMut(i64, Line) -> Result<bool>,
) -> Result<()> {
    let mut retried = conn.prepare_cached(RETRIED)?;
    let mut queued = conn.prepare_cached(QUEUED)?;
    for mut rows in [
        retried.query([endpoint, now.micros()])?,
        queued.query([endpoint])?,
    ] {
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            if !visit(id, Line::of(endpoint, row.get(1)?, id))? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Endpoints with a delivery that is due and in nobody's hands, longest due first.
pub(crate) fn due_endpoints(
    conn: &Connection,
    leases: &Leases,
    now: TimeUs,
    limit: usize,
) -> Result<Vec<EndpointId>> {
    // From each endpoint that has anything waiting to the next, without reading what waits there.
    let mut following = conn.prepare_cached(include_str!("next_endpoint.sql"))?;
    let mut since =
        conn.prepare_cached("select coalesce(due_us, queued_us) from outbox where id = ?1")?;
    let (mut found, mut last) = (Vec::new(), -1_i64);
    while let Some(endpoint) = following.query_row([last], |row| row.get::<_, Option<i64>>(0))? {
        let (mut first, mut looked) = (None, 0);
        each_due(conn, endpoint, now, |row, line| {
            looked += 1;
            first = leases.before(line, row, now).is_none().then_some(row);
            Ok(first.is_none() && looked < LOOK_MAX)
        })?;
        if let Some(row) = first {
            found.push((
                since.query_row([row], |row| row.get::<_, i64>(0))?,
                endpoint,
            ));
        }
        last = endpoint;
    }
    found.sort_unstable();
    found.truncate(limit);
    let endpoints = found.into_iter();
    Ok(endpoints
        .map(|(_, endpoint)| EndpointId::from_number(endpoint))
        .collect())
}

/// Settles what was taken before, then takes what is due. The leases of what was settled are still
/// to be released, when it is durable.
pub(crate) fn settle_and_take(
    tx: &mut WriteTx<'_>,
    leases: &Leases,
    settled: &[(DeliveryId, Outcome)],
    taking: &Taking,
) -> Result<Vec<Delivery>> {
    settle(tx.conn, leases, settled, taking)?;
    take(tx.conn, leases, taking)
}

/// What is to be taken.
pub(crate) struct Taking {
    pub(crate) endpoint: EndpointId,
    pub(crate) limit: usize,
    pub(crate) now: TimeUs,
    pub(crate) lease_until: TimeUs,
    /// The handle that takes.
    pub(crate) owner: u64,
    /// Marks the leases, so that they can be undone together.
    pub(crate) ticket: u64,
}

fn settle(
    conn: &Connection,
    leases: &Leases,
    settled: &[(DeliveryId, Outcome)],
    taking: &Taking,
) -> Result<()> {
    let now = taking.now.micros();
    let (mut arrived, mut gone) = (Vec::new(), Vec::new());
    for (id, outcome) in settled {
        if *outcome == Outcome::Untried {
            continue;
        }
        // Somebody else whose lease ran out may have settled it as well.
        let Some((row, line)) = leases.settle(id, taking.ticket) else {
            continue;
        };
        match outcome {
            Outcome::Untried => {}
            Outcome::Delivered => arrived.push((row, *id)),
            Outcome::Failed { error, retry_at } => {
                conn.prepare_cached(include_str!("delivery_failed.sql"))?
                    .execute(params![
                        row,
                        error,
                        retry_at.map(TimeUs::micros),
                        now,
                        id.as_bytes()
                    ])?;
                if retry_at.is_some() {
                    continue;
                }
            }
        }
        gone.push(line);
    }
    delete(conn, arrived)?;
    let mut held: Option<(i64, bool)> = None;
    for line in gone {
        let Line::Subject(endpoint, subject) = line else {
            continue;
        };
        let any_held = match held {
            Some((of, any)) if of == endpoint => any,
            _ => any_held(conn, endpoint)?,
        };
        held = Some((endpoint, any_held));
        if any_held {
            conn.prepare_cached(include_str!("let_go_next.sql"))?
                .execute(params![endpoint, subject])?;
        }
    }
    Ok(())
}

/// Deletes rows: what was taken together has arrived together for the most part, and is one range.
fn delete(conn: &Connection, arrived: Vec<(i64, DeliveryId)>) -> Result<()> {
    // One that was erased meanwhile has perhaps left its number to another.
    let mut sid = conn.prepare_cached("select sid from outbox where id = ?1")?;
    let mut rows = Vec::with_capacity(arrived.len());
    for (row, id) in arrived {
        let held: Option<[u8; 16]> = sid.query_row([row], |held| held.get(0)).optional()?;
        if held == Some(*id.as_bytes()) {
            rows.push(row);
        }
    }
    rows.sort_unstable();
    let mut statement = conn.prepare_cached("delete from outbox where id between ?1 and ?2")?;
    for range in rows.chunk_by(|row, next| row + 1 == *next) {
        statement.execute(params![range.first(), range.last()])?;
    }
    Ok(())
}

fn any_held(conn: &Connection, endpoint: i64) -> Result<bool> {
    let mut statement = conn.prepare_cached(ANY_HELD)?;
    Ok(statement.query_row([endpoint], |row| row.get(0))?)
}

fn take(conn: &Connection, leases: &Leases, taking: &Taking) -> Result<Vec<Delivery>> {
    let endpoint = taking.endpoint.number();
    let any_held = any_held(conn, endpoint)?;
    let mut is_behind = conn.prepare_cached(IS_BEHIND)?;
    let mut reader = Reader::new(conn)?;
    let (mut taken, mut bytes, mut passed, mut behind) = (Vec::new(), 0, 0, Vec::new());
    let mut damaged = Vec::new();
    let room = |taken: usize, bytes: usize| taken < taking.limit && bytes < TAKE_MAX_BYTES;
    if !room(0, 0) {
        return Ok(taken);
    }
    each_due(conn, endpoint, taking.now, |row, line| {
        if let Some(head) = leases.before(line, row, taking.now) {
            passed += usize::from(head != row);
            if head != row && passed > PASS_MAX {
                behind.push(row);
            }
        } else if any_held
            && let Line::Subject(_, subject) = line
            && is_behind.query_row(params![endpoint, subject, row], |row| row.get(0))?
        {
            behind.push(row);
        } else {
            let delivery = match reader.read(row, taking.endpoint) {
                Err(Error(StoreError::Corrupt(damage))) => {
                    damaged.push((row, line, damage));
                    return Ok(true);
                }
                read => read?,
            };
            if leases.is_of_another(&delivery.id, row, taking.now) {
                // It was told twice, and the first is not settled for good yet.
                return Ok(true);
            }
            leases.lease(
                delivery.id,
                Lease::new(row, line, taking.lease_until, taking.ticket, taking.owner),
            );
            if let Content::Request(request) = &delivery.content {
                bytes += request.body.as_ref().map_or(0, |(_, body)| body.len());
            }
            taken.push(delivery);
        }
        Ok(room(taken.len(), bytes) && behind.len() < HOLD_MAX)
    })?;
    let mut hold = conn.prepare_cached("update outbox set state = 2 where id = ?1")?;
    for row in behind {
        hold.execute([row])?;
    }
    for (row, line, damage) in damaged {
        // Nobody is sent what was not written, and what comes behind it may go.
        conn.prepare_cached(include_str!("delivery_failed.sql"))?
            .execute(params![
                row,
                damage,
                None::<i64>,
                taking.now.micros(),
                None::<[u8; 16]>
            ])?;
        if let Line::Subject(endpoint, subject) = line
            && any_held
        {
            conn.prepare_cached(include_str!("let_go_next.sql"))?
                .execute(params![endpoint, subject])?;
        }
    }
    Ok(taken)
}

static READ: LazyLock<String> =
    LazyLock::new(|| include_str!("read_delivery.sql").replace("IS_SOUND", &OUTBOX.is_sound("")));

/// Reads what is taken.
struct Reader<'a> {
    conn: &'a Connection,
    delivery: CachedStatement<'a>,
    /// Number and identity of the account that was met last: mostly that of the next one.
    account: Option<(i64, AccountSid)>,
}

impl<'a> Reader<'a> {
    fn new(conn: &'a Connection) -> Result<Self> {
        Ok(Self {
            conn,
            delivery: conn.prepare_cached(&READ)?,
            account: None,
        })
    }

    fn read(&mut self, id: i64, endpoint: EndpointId) -> Result<Delivery> {
        let mut rows = self.delivery.query([id])?;
        let row = rows.next()?.ok_or_else(|| {
            Error(StoreError::Corrupt(format!(
                "row {id} of the outbox is in its index alone"
            )))
        })?;
        let sid = DeliveryId::from_bytes(row.get(0)?);
        expect_sound(row.get(13)?, || format!("table outbox, delivery {sid}"))?;
        let number = row.get(1)?;
        let account = match self.account {
            Some((last, account)) if last == number => account,
            _ => AccountSid::from_bytes(
                self.conn
                    .prepare_cached("select sid from account where id = ?1")?
                    .query_row([number], |row| row.get(0))?,
            ),
        };
        self.account = Some((number, account));
        let signature = signature_of(row.get(12)?);
        Ok(Delivery {
            id: sid,
            account,
            endpoint,
            subject: row.get(2)?,
            kind: row.get(3)?,
            content: match sink_of(row, 14)? {
                Some(sink) => Content::Event(StreamEvent {
                    sink,
                    account: row
                        .get::<_, Option<_>>(18)?
                        .map_or(account, AccountSid::from_bytes),
                    personal_data: personal_data(row.get(19)?)
                        .ok_or_else(|| unknown(sid, "way with personal data"))?,
                    at: TimeUs::from_micros(row.get(15)?),
                    position: row.get(16)?,
                    version: row.get(17)?,
                }),
                None => Content::Request(request(row, sid)?),
            },
            signature: signature.ok_or_else(|| unknown(sid, "signature"))?,
            created_at: TimeUs::from_micros(row.get(8)?),
            queued_at: TimeUs::from_micros(row.get(9)?),
            attempts: row.get(10)?,
        })
    }
}

/// `None`: there is no such number.
fn personal_data(number: u8) -> Option<PersonalData> {
    let mut all = PersonalData::ALL.iter().copied();
    all.find(|it| it.index() == number)
}

fn request(row: &Row<'_>, sid: DeliveryId) -> Result<DeliveryRequest> {
    let content_type: Option<String> = row.get(6)?;
    let headers: Option<String> = row.get(11)?;
    let headers = headers.unwrap_or_default().parse();
    Ok(DeliveryRequest {
        method: method_of(row.get(4)?).ok_or_else(|| unknown(sid, "method"))?,
        url: row.get(5)?,
        headers: headers
            .map_err(|error| Error(StoreError::Corrupt(format!("delivery {sid}: {error}"))))?,
        body: match content_type {
            Some(content_type) => Some((content_type, row.get(7)?)),
            None => None,
        },
    })
}

/// Nothing is sent in another way than it was meant.
fn unknown(sid: DeliveryId, what: &str) -> Error {
    Error(StoreError::Corrupt(format!(
        "delivery {sid}: unknown number of a {what}"
    )))
}
