//! Rules that calls are held to.

use rusqlite::{Connection, Row, params};
use sidetone_core::id::{AccountSid, AlertRuleSid};
use sidetone_core::time::TimeUs;

use crate::engine::write_tx::WriteTx;
use crate::error::{Error, Result};
use crate::rows::checksum::expect_sound;
use crate::rows::paging::latest_first;
use crate::rows::tables::ALERT_RULE;
use crate::{account, audit};
use sidetone_store::alerts::{AlertRule, AlertRuleChange, RULES_MAX, Rewritten, is_of_file};
use sidetone_store::audit::{AuditEntry, Deed};
use sidetone_store::page::{Page, PageRequest};
use sidetone_store::{Conflict, StoreError, Topic};

fn selected() -> String {
    format!(
        "select alert_rule.id, alert_rule.sid, account.sid, alert_rule.name, alert_rule.definition, alert_rule.muted_us,
         alert_rule.created_us, alert_rule.updated_us, {}
         from alert_rule cross join account on account.id = alert_rule.account",
        ALERT_RULE.is_sound("alert_rule.")
    )
}

fn read(row: &Row<'_>) -> Result<(i64, AlertRule)> {
    let id: i64 = row.get(0)?;
    expect_sound(row.get(8)?, || format!("table alert_rule, row {id}"))?;
    let muted_us: Option<i64> = row.get(5)?;
    let rule = AlertRule {
        sid: AlertRuleSid::from_bytes(row.get(1)?),
        account: AccountSid::from_bytes(row.get(2)?),
        name: row.get(3)?,
        definition: row.get(4)?,
        muted_until: muted_us.map(TimeUs::from_micros),
        created_at: TimeUs::from_micros(row.get(6)?),
        updated_at: TimeUs::from_micros(row.get(7)?),
    };
    Ok((id, rule))
}

fn row_of(
    conn: &Connection,
    account: AccountSid,
    sid: AlertRuleSid,
) -> Result<Option<(i64, AlertRule)>> {
    let sql = selected() + " where alert_rule.sid = ?1 and account.sid = ?2";
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([sid.as_bytes(), account.as_bytes()])?;
    rows.next()?.map(read).transpose()
}

pub(crate) fn find(
    conn: &Connection,
    account: AccountSid,
    sid: AlertRuleSid,
) -> Result<Option<AlertRule>> {
    Ok(row_of(conn, account, sid)?.map(|(_, rule)| rule))
}

pub(crate) fn page(
    conn: &Connection,
    account: AccountSid,
    request: &PageRequest,
) -> Result<Page<AlertRule>> {
    let Some(account) = account::find(conn, account)? else {
        return Ok(Page::default());
    };
    let select = selected() + " where alert_rule.account = ?3";
    let table = ("alert_rule", select.as_str());
    latest_first(conn, request, table, &[&account.id], |row| Ok(read(row)?.1))
}

pub(crate) fn all(conn: &Connection) -> Result<Vec<AlertRule>> {
    let sql = selected() + " order by alert_rule.id";
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut rules = Vec::new();
    while let Some(row) = rows.next()? {
        match read(row) {
            Ok((_, rule)) => rules.push(rule),
            // `check` tells of it.
            Err(Error(StoreError::Corrupt(_))) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(rules)
}

pub(crate) fn create(tx: &mut WriteTx<'_>, rule: &AlertRule, by: &str) -> Result<()> {
    let account = account::existing(tx.conn, rule.account)?.id;
    expect_free(tx.conn, account, &rule.name)?;
    let there: usize = tx
        .conn
        .prepare_cached("select count(*) from alert_rule where account = ?1")?
        .query_row([account], |row| row.get(0))?;
    if there >= RULES_MAX {
        return Err(Error(StoreError::Invalid(format!(
            "account {} has {there} rules, as many as it may have",
            rule.account
        ))));
    }
    let columns = [
        "sid",
        "account",
        "name",
        "definition",
        "muted_us",
        "created_us",
        "updated_us",
    ];
    tx.conn
        .prepare_cached(&ALERT_RULE.insert_columns(&columns))?
        .execute(params![
            rule.sid.as_bytes(),
            account,
            rule.name,
            rule.definition,
            rule.muted_until.map(TimeUs::micros),
            rule.created_at.micros(),
            rule.updated_at.micros()
        ])?;
    note(tx, (rule.account, rule.sid), "created", by, rule.created_at)
}

pub(crate) fn change(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    sid: AlertRuleSid,
    change: AlertRuleChange,
    by: &str,
    now: TimeUs,
) -> Result<AlertRule> {
    let Some((id, was)) = row_of(tx.conn, account, sid)? else {
        return Err(Error(StoreError::NotFound(format!("rule {sid}"))));
    };
    if change
        .definition
        .as_ref()
        .is_some_and(|it| it.from != was.definition)
    {
        let changed = Conflict::AlertRuleChanged(sid);
        return Err(Error(StoreError::Conflict(changed)));
    }
    let definition = change.definition.map(|it| it.to);
    let rule = AlertRule {
        name: change.name.unwrap_or_else(|| was.name.clone()),
        definition: definition.unwrap_or_else(|| was.definition.clone()),
        muted_until: change.muted_until.unwrap_or(was.muted_until),
        ..was.clone()
    };
    if rule == was {
        return Ok(rule);
    }
    if rule.name != was.name {
        let account = account::existing(tx.conn, account)?.id;
        expect_free(tx.conn, account, &rule.name)?;
    }
    let rule = AlertRule {
        updated_at: now,
        ..rule
    };
    tx.conn
        .prepare_cached(&ALERT_RULE.update(&["name", "definition", "muted_us", "updated_us"]))?
        .execute(params![
            rule.name,
            rule.definition,
            rule.muted_until.map(TimeUs::micros),
            now.micros(),
            id
        ])?;
    let is_same = (&rule.name, &rule.definition) == (&was.name, &was.definition);
    let told = match (is_same, rule.muted_until) {
        (false, _) => "changed",
        (true, Some(_)) => "muted",
        (true, None) => "unmuted",
    };
    note(tx, (account, sid), told, by, now)?;
    Ok(rule)
}

/// Deletes a rule. Says whether there was one.
pub(crate) fn delete(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    sid: AlertRuleSid,
    by: &str,
    now: TimeUs,
) -> Result<bool> {
    let deleted = tx
        .conn
        .prepare_cached(
            "delete from alert_rule where sid = ?1 and account = (select id from account where sid = ?2)",
        )?
        .execute([sid.as_bytes(), account.as_bytes()])?;
    if deleted > 0 {
        note(tx, (account, sid), "deleted", by, now)?;
    }
    Ok(deleted > 0)
}

/// Makes these the rules of the configuration file. Says how many are others than before.
pub(crate) fn publish(
    tx: &mut WriteTx<'_>,
    rules: &[AlertRule],
    by: &str,
    now: TimeUs,
) -> Result<u64> {
    if let Some(other) = rules.iter().find(|rule| !is_of_file(rule.sid.as_bytes())) {
        let why = format!("{} is the sid of no rule of a file", other.sid);
        return Err(Error(StoreError::Invalid(why)));
    }
    let mut changed = 0;
    for (account, sid) in of_file(tx.conn)? {
        if !rules.iter().any(|rule| rule.sid == sid) {
            delete(tx, account, sid, by, now)?;
            changed += 1;
        }
    }
    for rule in rules {
        let was = match row_of(tx.conn, rule.account, rule.sid) {
            Ok(was) => was,
            // Made good by the same.
            Err(Error(StoreError::Corrupt(_))) => {
                delete(tx, rule.account, rule.sid, by, now)?;
                None
            }
            Err(error) => return Err(error),
        };
        match was {
            Some((_, was)) if (&was.name, &was.definition) == (&rule.name, &rule.definition) => {}
            Some((_, was)) => {
                let to = AlertRuleChange {
                    name: Some(rule.name.clone()),
                    definition: Some(Rewritten {
                        from: was.definition,
                        to: rule.definition.clone(),
                    }),
                    muted_until: None,
                };
                change(tx, rule.account, rule.sid, to, by, now)?;
                changed += 1;
            }
            None => {
                create(tx, rule, by)?;
                changed += 1;
            }
        }
    }
    Ok(changed)
}

/// Those of the file that are there, also damaged.
fn of_file(conn: &Connection) -> Result<Vec<(AccountSid, AlertRuleSid)>> {
    let mut statement = conn.prepare_cached(
        "select account.sid, alert_rule.sid from alert_rule cross join account on account.id = alert_rule.account",
    )?;
    let all = statement.query_map([], |row| {
        let (account, sid) = (row.get(0)?, row.get(1)?);
        Ok((
            AccountSid::from_bytes(account),
            AlertRuleSid::from_bytes(sid),
        ))
    })?;
    let mut all = all.collect::<rusqlite::Result<Vec<_>>>()?;
    all.retain(|(_, sid)| is_of_file(sid.as_bytes()));
    Ok(all)
}

fn expect_free(conn: &Connection, account: i64, name: &str) -> Result<()> {
    let mut statement =
        conn.prepare_cached("select 1 from alert_rule where account = ?1 and name = ?2")?;
    if statement.exists(params![account, name])? {
        let taken = Conflict::AlertRuleExists(name.to_owned());
        return Err(Error(StoreError::Conflict(taken)));
    }
    Ok(())
}

/// Logs what was done, and wakes who evaluates. What a rule is called and says may hold a number, so it is
/// not in the log.
fn note(
    tx: &mut WriteTx<'_>,
    (account, sid): (AccountSid, AlertRuleSid),
    detail: &str,
    by: &str,
    at: TimeUs,
) -> Result<()> {
    let entry = AuditEntry {
        account,
        at,
        who: by.to_owned(),
        what: Deed::AlertRuleChanged,
        target: sid.to_string(),
        detail: detail.to_owned(),
    };
    let row = account::existing(tx.conn, account)?.id;
    audit::note(tx.conn, row, &entry)?;
    tx.ring(Topic::Alerts);
    Ok(())
}
