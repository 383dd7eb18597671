//! People of accounts.

use rusqlite::{Connection, Row, params};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;

use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use super::rows::checksum::expect_sound;
use super::rows::paging::{self, Toward};
use super::rows::tables::PERSON;
use super::{account, audit};
use sidetone_store::audit::{AuditEntry, Deed};
use sidetone_store::page::{Page, PageRequest, RowKey};
use sidetone_store::people::{
    BY_PROVIDER, PEOPLE_MAX, PasswordHash, Person, PersonChange, PersonName, Role, SignIn,
    SubjectDigest,
};
use sidetone_store::{Conflict, StoreError};

/// A person and their row.
pub(super) struct PersonRow {
    pub(super) id: i64,
    pub(super) person: Person,
}

fn selected() -> String {
    format!(
        "select p.id, p.name, a.sid, p.role, p.password, p.disabled, p.created_us, p.last_sign_in_us, {}, p.subject
         from person p cross join account a on a.id = p.account",
        PERSON.is_sound("p.")
    )
}

fn read(row: &Row<'_>) -> Result<PersonRow> {
    let id = row.get(0)?;
    let damage = || format!("table person, row {id}");
    expect_sound(row.get(8)?, damage)?;
    let name: String = row.get(1)?;
    let role = role_of(row.get(3)?);
    let password: String = row.get(4)?;
    let subject: Option<[u8; 32]> = row.get(9)?;
    let sign_in = match (password.as_str(), subject) {
        ("", subject) => SignIn::Provider(subject.map(SubjectDigest)),
        _ => SignIn::Password(PasswordHash(password)),
    };
    let (Ok(name), Some(role)) = (name.parse(), role) else {
        return Err(Error(StoreError::Corrupt(damage())));
    };
    let person = Person {
        name,
        account: AccountSid::from_bytes(row.get(2)?),
        role,
        sign_in,
        is_disabled: row.get(5)?,
        created_at: TimeUs::from_micros(row.get(6)?),
        last_sign_in: row.get::<_, Option<i64>>(7)?.map(TimeUs::from_micros),
    };
    Ok(PersonRow { id, person })
}

const fn number_of(role: Role) -> i64 {
    match role {
        Role::Viewer => 0,
        Role::Annotator => 1,
        Role::Admin => 2,
    }
}

pub(super) fn role_of(number: i64) -> Option<Role> {
    Role::ALL
        .into_iter()
        .find(|role| number_of(*role) == number)
}

/// How what somebody signs in with is stored: their password, and who they are to the provider.
fn stored(sign_in: &SignIn) -> (&str, Option<[u8; 32]>) {
    match sign_in {
        SignIn::Password(hash) => (&hash.0, None),
        SignIn::Provider(subject) => ("", subject.map(|digest| digest.0)),
    }
}

pub(super) fn find(conn: &Connection, name: &PersonName) -> Result<Option<PersonRow>> {
    let sql = selected() + " where p.name_key = ?1";
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([name.key()])?;
    rows.next()?.map(read).transpose()
}

fn find_subject(conn: &Connection, subject: SubjectDigest) -> Result<Option<PersonRow>> {
    let sql = selected() + " where p.subject = ?1";
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([subject.0])?;
    rows.next()?.map(read).transpose()
}

/// A page in the order in which they were made.
pub(super) fn page(
    conn: &Connection,
    account: AccountSid,
    request: &PageRequest,
) -> Result<Page<Person>> {
    let Some(account) = account::find(conn, account)? else {
        return Ok(Page::default());
    };
    let page = paging::page(
        request,
        |(id, _): &(i64, Result<PersonRow>)| RowKey { key: *id, id: *id },
        |toward, from, limit| {
            let (beyond, order, outermost) = match toward {
                Toward::End => (">", "asc", i64::MIN),
                Toward::Beginning => ("<", "desc", i64::MAX),
            };
            let sql = format!(
                "{} where p.account = ?1 and p.id {beyond} ?2 order by p.id {order} limit ?3",
                selected()
            );
            let from = from.map_or(outermost, |row_key| row_key.id);
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query_map([account.id, from, limit], |row| {
                Ok((row.get(0)?, read(row)))
            })?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        },
    )?;
    paging::sound(page.map(|(_, row)| row.map(|row| row.person)))
}

pub(super) fn create(tx: &mut WriteTx<'_>, person: &Person, by: &str) -> Result<()> {
    let account = account::existing(tx.conn, person.account)?.id;
    let is_taken = tx
        .conn
        .prepare_cached("select 1 from person where name_key = ?1")?
        .exists([person.name.key()])?;
    if is_taken {
        let taken = Conflict::PersonExists(person.name.to_string());
        return Err(Error(StoreError::Conflict(taken)));
    }
    let there: usize = tx
        .conn
        .prepare_cached("select count(*) from person where account = ?1")?
        .query_row([account], |row| row.get(0))?;
    if there >= PEOPLE_MAX {
        return Err(Error(StoreError::Invalid(format!(
            "account {} has {there} people, as many as it may have",
            person.account
        ))));
    }
    let columns = [
        "name",
        "name_key",
        "account",
        "role",
        "password",
        "disabled",
        "created_us",
        "last_sign_in_us",
        "subject",
    ];
    let (password, subject) = stored(&person.sign_in);
    tx.conn
        .prepare_cached(&PERSON.insert_columns(&columns))?
        .execute(params![
            person.name.as_str(),
            person.name.key(),
            account,
            number_of(person.role),
            password,
            person.is_disabled,
            person.created_at.micros(),
            person.last_sign_in.map(TimeUs::micros),
            subject
        ])?;
    let entry = AuditEntry {
        account: person.account,
        at: person.created_at,
        who: by.to_owned(),
        what: Deed::PersonCreated,
        target: person.name.to_string(),
        detail: format!("role {}", person.role.as_str()),
    };
    audit::note(tx.conn, account, &entry)
}

pub(super) fn change(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    name: &PersonName,
    change: &PersonChange,
    by: &str,
    now: TimeUs,
) -> Result<PersonRow> {
    let found = find(tx.conn, name)?.filter(|row| row.person.account == account);
    let Some(PersonRow { id, mut person }) = found else {
        return Err(Error(StoreError::NotFound(format!("person {name}"))));
    };
    let mut told = Vec::new();
    if let Some(role) = change.role
        && role != person.role
    {
        told.push(format!("role {}", role.as_str()));
        person.role = role;
    }
    if let Some(sign_in) = &change.sign_in {
        told.push(sign_in.as_str().to_owned());
        person.sign_in.clone_from(sign_in);
    }
    if let Some(is_disabled) = change.is_disabled
        && is_disabled != person.is_disabled
    {
        told.push(if is_disabled { "disabled" } else { "enabled" }.to_owned());
        person.is_disabled = is_disabled;
    }
    if told.is_empty() {
        return Ok(PersonRow { id, person });
    }
    let (password, subject) = stored(&person.sign_in);
    tx.conn
        .prepare_cached(&PERSON.update(&["role", "password", "subject", "disabled"]))?
        .execute(params![
            number_of(person.role),
            password,
            subject,
            person.is_disabled,
            id
        ])?;
    let entry = AuditEntry {
        account,
        at: now,
        who: by.to_owned(),
        what: Deed::PersonChanged,
        target: person.name.to_string(),
        detail: told.join(", "),
    };
    let account = account::existing(tx.conn, account)?.id;
    audit::note(tx.conn, account, &entry)?;
    Ok(PersonRow { id, person })
}

/// Notes that a person has signed in.
pub(super) fn signed_in(conn: &Connection, id: i64, now: TimeUs) -> Result<()> {
    conn.prepare_cached(&PERSON.update(&["last_sign_in_us"]))?
        .execute([now.micros(), id])?;
    Ok(())
}

/// Their row, if that is what it was when they showed their password.
pub(super) fn proven(
    conn: &Connection,
    account: AccountSid,
    name: &PersonName,
    hash: &PasswordHash,
) -> Result<Option<i64>> {
    let found = find(conn, name)?.filter(|PersonRow { person, .. }| {
        let is_theirs = person.sign_in.password() == Some(hash);
        person.account == account && is_theirs && !person.is_disabled
    });
    Ok(found.map(|row| row.id))
}

/// Whom the provider names: whoever it named before by another name, else whoever the name waits
/// for, else somebody new.
pub(super) fn provided(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    name: &PersonName,
    subject: SubjectDigest,
    role: Role,
    now: TimeUs,
) -> Result<PersonRow> {
    let known = find_subject(tx.conn, subject)?;
    let found = match known {
        Some(found) => Some(found),
        None => find(tx.conn, name)?,
    };
    let sign_in = SignIn::Provider(Some(subject));
    let Some(PersonRow { person, .. }) = found else {
        let person = Person {
            name: name.clone(),
            account,
            role,
            sign_in,
            is_disabled: false,
            created_at: now,
            last_sign_in: None,
        };
        create(tx, &person, BY_PROVIDER)?;
        let made = find_subject(tx.conn, subject)?;
        return made.ok_or_else(|| Error(StoreError::NotFound(format!("person {name}"))));
    };
    let is_known = person.sign_in == sign_in;
    let is_theirs = is_known || person.sign_in == SignIn::Provider(None);
    if person.account != account || !is_theirs {
        let taken = Conflict::PersonExists(person.name.to_string());
        return Err(Error(StoreError::Conflict(taken)));
    }
    if person.is_disabled {
        let disabled = Conflict::PersonDisabled(person.name.to_string());
        return Err(Error(StoreError::Conflict(disabled)));
    }
    let news = PersonChange {
        role: Some(role),
        sign_in: (!is_known).then_some(sign_in),
        is_disabled: None,
    };
    change(tx, account, &person.name, &news, BY_PROVIDER, now)
}
