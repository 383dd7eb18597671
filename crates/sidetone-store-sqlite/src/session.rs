//! Who is signed in.

use rusqlite::{Connection, OptionalExtension, params};
use sidetone_core::id::{AccountSid, ApiKeySid};
use sidetone_core::time::TimeUs;

use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use super::rows::checksum::expect_sound;
use super::rows::tables::{PERSON, SESSION};
use super::{account, audit, person};
use sidetone_store::StoreError;
use sidetone_store::audit::{AuditEntry, Deed};
use sidetone_store::people::{
    Holder, NewSession, PasswordHash, PersonChange, Proof, SESSIONS_MAX, Session, SessionDigest,
    SignIn,
};

pub(super) fn open(tx: &mut WriteTx<'_>, new: &NewSession) -> Result<()> {
    let account = account::existing(tx.conn, new.account)?.id;
    let no_longer = || Error(StoreError::NotFound("what was shown to sign in".into()));
    let (person, key, who, how) = match &new.proof {
        Proof::Token { epoch } => {
            is_current(tx.conn, *epoch)?
                .then_some(())
                .ok_or_else(no_longer)?;
            (None, None, new.account.to_string(), "")
        }
        Proof::Key { sid, epoch } => {
            is_current(tx.conn, *epoch)?
                .then_some(())
                .ok_or_else(no_longer)?;
            (None, Some(sid), sid.to_string(), "")
        }
        Proof::Password { name, hash } => {
            let id = person::proven(tx.conn, new.account, name, hash)?;
            let id = id.ok_or_else(no_longer)?;
            person::signed_in(tx.conn, id, new.now)?;
            (Some(id), None, name.to_string(), "")
        }
        Proof::Provider {
            name,
            subject,
            role,
        } => {
            let found = person::provided(tx, new.account, name, *subject, *role, new.now)?;
            person::signed_in(tx.conn, found.id, new.now)?;
            (
                Some(found.id),
                None,
                found.person.name.to_string(),
                "provider",
            )
        }
    };
    let key = key.map(ApiKeySid::as_bytes);
    let kept = i64::try_from(SESSIONS_MAX - 1).unwrap_or(i64::MAX);
    tx.conn
        .prepare_cached(
            "delete from session where digest in (
               select digest from session where account = ?1 and person is ?2 and api_key is ?3
               order by created_us desc limit -1 offset ?4
             )",
        )?
        .execute(params![account, person, key, kept])?;
    let columns = [
        "digest",
        "account",
        "person",
        "api_key",
        "created_us",
        "expires_us",
    ];
    tx.conn
        .prepare_cached(&SESSION.insert_columns(&columns))?
        .execute(params![
            new.digest.0,
            account,
            person,
            key,
            new.now.micros(),
            new.expires_at.micros()
        ])?;
    let entry = AuditEntry {
        account: new.account,
        at: new.now,
        who,
        what: Deed::SignedIn,
        target: String::new(),
        detail: how.to_owned(),
    };
    audit::note(tx.conn, account, &entry)
}

/// Whether accounts and keys are what they were.
fn is_current(conn: &Connection, epoch: u64) -> Result<bool> {
    Ok(account::epoch(conn)? == epoch)
}

pub(super) fn find(
    conn: &Connection,
    digest: SessionDigest,
    now: TimeUs,
) -> Result<Option<Session>> {
    let found = conn
        .prepare_cached(&format!(
            "select a.sid, s.api_key, s.created_us, s.expires_us, {}, p.name, p.role, p.disabled, {}, s.person is null
             from session s join account a on a.id = s.account left join person p on p.id = s.person
             where s.digest = ?1",
            SESSION.is_sound("s."),
            PERSON.is_sound("p.")
        ))?
        .query_row([digest.0], |row| {
            let key = row.get::<_, Option<[u8; 16]>>(1)?;
            let person = match row.get::<_, Option<String>>(5)? {
                None => None,
                Some(name) => Some((
                    name,
                    row.get::<_, i64>(6)?,
                    row.get::<_, bool>(7)?,
                    row.get::<_, bool>(8)?,
                )),
            };
            let session = Session {
                account: AccountSid::from_bytes(row.get(0)?),
                holder: key.map_or(Holder::Account, |key| {
                    Holder::Key(ApiKeySid::from_bytes(key))
                }),
                created_at: TimeUs::from_micros(row.get(2)?),
                expires_at: TimeUs::from_micros(row.get(3)?),
            };
            let is_whole = row.get::<_, bool>(9)? || person.is_some();
            Ok((session, row.get::<_, bool>(4)? && is_whole, person))
        })
        .optional()?;
    let Some((mut session, is_sound, person)) = found else {
        return Ok(None);
    };
    expect_sound(is_sound, || "table session".to_owned())?;
    if let Some((name, role, is_disabled, is_sound)) = person {
        expect_sound(is_sound, || "table person".to_owned())?;
        let (Ok(name), Some(role)) = (name.parse(), person::role_of(role)) else {
            return Err(Error(StoreError::Corrupt("table person".to_owned())));
        };
        if is_disabled {
            return Ok(None);
        }
        session.holder = Holder::Person(name, role);
    }
    Ok(Some(session).filter(|session| now < session.expires_at))
}

pub(super) fn prolong(conn: &Connection, digest: SessionDigest, expires_at: TimeUs) -> Result<()> {
    let checksum = SESSION.updated_unread(&[("expires_us", "?2")]);
    conn.prepare_cached(&format!(
        "update session set expires_us = ?2, checksum = {checksum} where digest = ?1 and expires_us < ?2"
    ))?
    .execute(params![digest.0, expires_at.micros()])?;
    Ok(())
}

pub(super) fn end(conn: &Connection, digest: SessionDigest) -> Result<bool> {
    let ended = conn
        .prepare_cached("delete from session where digest = ?1")?
        .execute([digest.0])?;
    Ok(ended > 0)
}

pub(super) fn end_all(conn: &Connection) -> Result<u64> {
    Ok(conn.execute("delete from session", [])? as u64)
}

pub(super) fn end_of_person(conn: &Connection, person: i64) -> Result<()> {
    conn.prepare_cached("delete from session where person = ?1")?
        .execute([person])?;
    Ok(())
}

/// Gives whoever is signed in another password, if theirs is the one that was proven.
pub(super) fn change_password(
    tx: &mut WriteTx<'_>,
    digest: SessionDigest,
    proven: &PasswordHash,
    password: PasswordHash,
    now: TimeUs,
) -> Result<()> {
    let no_longer = || Error(StoreError::NotFound("who showed their password".into()));
    let session = find(tx.conn, digest, now)?.ok_or_else(no_longer)?;
    let Holder::Person(name, _) = session.holder else {
        return Err(no_longer());
    };
    let id = person::proven(tx.conn, session.account, &name, proven)?;
    let id = id.ok_or_else(no_longer)?;
    let change = PersonChange {
        sign_in: Some(SignIn::Password(password)),
        ..PersonChange::default()
    };
    person::change(tx, session.account, &name, &change, name.as_str(), now)?;
    end_of_person(tx.conn, id)
}

/// Ends those that began with a token of an account.
pub(super) fn end_of_tokens(conn: &Connection, account: AccountSid) -> Result<()> {
    conn.prepare_cached(
        "delete from session where account = (select id from account where sid = ?1)
           and person is null and api_key is null",
    )?
    .execute([account.as_bytes()])?;
    Ok(())
}

/// Ends those that began with a key.
pub(super) fn end_of_key(conn: &Connection, key: ApiKeySid) -> Result<()> {
    conn.prepare_cached("delete from session where api_key = ?1")?
        .execute([key.as_bytes()])?;
    Ok(())
}
