//! Reports that were made.

use rusqlite::{Connection, Row, params};
use sidetone_core::id::{AccountSid, ReportId};
use sidetone_core::time::TimeUs;

use super::account;
use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use super::rows::checksum::about;
use super::rows::codec::{self, Format};
use sidetone_store::report::{REPORTS_MAX, Report, ReportKind};
use sidetone_store::{Scope, StoreError};

const MADE: &str = "select r.sid, a.sid, r.kind, r.expires_us, r.body
    from report r join account a on a.id = r.account where r.body is not null";

const fn number_of(kind: ReportKind) -> i64 {
    match kind {
        ReportKind::Account => 0,
        ReportKind::Inbound => 1,
        ReportKind::Outbound => 2,
    }
}

/// What the checksum of the body covers besides: all that is said of a report.
fn owner(id: ReportId, account: AccountSid, kind: i64, expires_us: i64) -> Vec<u8> {
    let (kind, expires_us) = (kind.to_le_bytes(), expires_us.to_le_bytes());
    [&id.as_bytes()[..], account.as_bytes(), &kind, &expires_us].concat()
}

pub(super) fn begin(
    tx: &mut WriteTx<'_>,
    id: ReportId,
    account: AccountSid,
    kind: ReportKind,
    expires_at: TimeUs,
) -> Result<()> {
    let conn = tx.conn;
    let account = account::existing(conn, account)?.id;
    conn.prepare_cached(
        "insert into report (sid, account, kind, expires_us) values (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        id.as_bytes(),
        account,
        number_of(kind),
        expires_at.micros()
    ])?;
    let kept = i64::try_from(REPORTS_MAX).unwrap_or(i64::MAX);
    // Those that were begun and never made take no place of those that were; this one will have one.
    for (made, kept) in [("body is null", kept), ("body is not null", kept - 1)] {
        conn.prepare_cached(&format!(
            "delete from report where account = ?1 and {made} and id <= (
               select id from report where account = ?1 and {made} order by id desc limit 1 offset ?2
             )"
        ))?
        .execute([account, kept])?;
    }
    Ok(())
}

/// A report as it is stored. It may be long.
pub(super) fn pack(report: &Report) -> Result<Vec<u8>> {
    let (kind, expires_us) = (number_of(report.kind), report.expires_at.micros());
    let owner = owner(report.id, report.account, kind, expires_us);
    codec::pack(Format::Report1, &owner, report.text.as_bytes())
}

/// Whether it was begun, and is still there.
pub(super) fn put(tx: &mut WriteTx<'_>, id: ReportId, body: &[u8]) -> Result<bool> {
    let put = tx
        .conn
        .prepare_cached("update report set body = ?2 where sid = ?1 and body is null")?
        .execute(params![id.as_bytes(), body])?;
    Ok(put == 1)
}

/// Deletes all of an account: in which its calls were counted is not known.
pub(super) fn erase(conn: &Connection, account: i64) -> Result<()> {
    conn.prepare_cached("delete from report where account = ?1")?
        .execute([account])?;
    Ok(())
}

pub(super) fn fetch(
    conn: &Connection,
    scope: Scope,
    id: ReportId,
    now: TimeUs,
) -> Result<Option<Report>> {
    let mut statement = conn.prepare_cached(&format!(
        "{MADE} and r.sid = ?1 and ?2 in (a.sid, a.parent_sid)"
    ))?;
    let mut rows = statement.query([id.as_bytes(), scope.account.as_bytes()])?;
    let report = rows.next()?.map(read).transpose()?;
    // Whether it has is believed of a sound row only.
    Ok(report.filter(|report| report.expires_at > now))
}

fn read(row: &Row<'_>) -> Result<Report> {
    let id = ReportId::from_bytes(row.get(0)?);
    let account = AccountSid::from_bytes(row.get(1)?);
    let (kind, expires_us): (i64, i64) = (row.get(2)?, row.get(3)?);
    let owner = owner(id, account, kind, expires_us);
    let damaged = || {
        Error(StoreError::Corrupt(String::from(
            "it is not what was written",
        )))
    };
    let text = || {
        String::from_utf8(codec::unpack(&owner, row.get_ref(4)?.as_blob()?)?).map_err(|_| damaged())
    };
    let kinds = [
        ReportKind::Account,
        ReportKind::Inbound,
        ReportKind::Outbound,
    ];
    let kind = kinds.into_iter().find(|it| number_of(*it) == kind);
    Ok(Report {
        id,
        account,
        kind: kind.ok_or_else(damaged)?,
        expires_at: TimeUs::from_micros(expires_us),
        text: about(text(), || format!("table report, {id}"))?,
    })
}

/// Reads every report there is, and says of each that is damaged what is.
pub(super) fn each_damaged(conn: &Connection, mut say: impl FnMut(String)) -> Result<()> {
    let mut all = conn.prepare(MADE)?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        match read(row) {
            Ok(_) => {}
            Err(Error(StoreError::Corrupt(damage))) => say(damage),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
