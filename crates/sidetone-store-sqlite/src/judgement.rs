//! Annotations: the log of changes, the current row, and what lists and rollups know of it.

pub(crate) mod batch;
pub(crate) mod history;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde::Serialize;
use sidetone_core::annotation::{Annotation, AnsweredByHeard, ConnectivityIssue, QualityIssue};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::summary::ImportedAnnotation;
use sidetone_core::time::TimeUs;

use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use super::rows::checksum::expect_sound;
use super::rows::facet::{self, FACETS, Facets};
use super::rows::shard::{self, Shard};
use super::rows::tables::{ANNOTATION, ANNOTATION_LOG, CALL};
use super::{account, feed, record};
use sidetone_store::facets::Facet;
use sidetone_store::feed::Changed;
use sidetone_store::judgement::{Said, imported_by, is_news};
use sidetone_store::{Annotate, AnnotationRecord, Lookup, Scope, StoreError};

/// A call and one author's annotation of it, before a change.
struct Before {
    id: i64,
    shard: Shard,
    account: AccountSid,
    advanced_features: bool,
    /// Its newest row in the log.
    last_change: Option<i64>,
    said: Said,
    facets: Facets,
}

impl Before {
    /// The same with what another author than the empty one says.
    fn by_author(mut self, conn: &Connection, author: &str) -> Result<Self> {
        if !author.is_empty() {
            self.said = match current(conn, self.id, author)? {
                Some((revision, json)) => Said {
                    annotation: serde_json::from_str(&json)?,
                    revision,
                },
                None => Said::default(),
            };
        }
        Ok(self)
    }
}

static FIND: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select c.id, c.account, a.sid, a.parent_sid, c.advanced_features, c.annotation_revision, c.annotation,
           c.last_change, {}, a.buckets, {}
         from call c join account a on a.id = c.account
         where c.sid = ?1",
        CALL.is_sound("c."),
        facet::columns()
    )
});

static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let mut columns = vec!["last_change", "annotation", "annotation_revision"];
    columns.extend(Facet::JUDGED.map(|facet| FACETS[facet as usize].column));
    CALL.update(&columns)
});

static UPDATE_LAST_CHANGE: LazyLock<String> = LazyLock::new(|| CALL.update(&["last_change"]));

static LOG: LazyLock<String> = LazyLock::new(|| {
    let seq = "coalesce((select seq from annotation_log where id = ?2), 0) + 1";
    let values = [
        ("call_id", "?1"),
        ("previous", "?2"),
        ("seq", seq),
        ("author", "?3"),
        ("revision", "?4"),
        ("changed_by", "?5"),
        ("at_us", "?6"),
        ("before", "?7"),
        ("after", "?8"),
    ];
    ANNOTATION_LOG.insert(&values)
});

pub(super) static PUT_BY_AUTHOR: LazyLock<String> = LazyLock::new(|| {
    ANNOTATION
        .insert_columns(&["call_id", "author", "revision", "body"])
        .replacen("insert", "replace", 1)
});

pub(super) fn annotate(
    tx: &mut WriteTx<'_>,
    scope: Scope,
    sid: CallSid,
    change: Annotate,
) -> Result<Lookup<AnnotationRecord>> {
    let found = match find(tx.conn, scope, sid)? {
        Some(found) => found.by_author(tx.conn, &change.author)?,
        None => match record::missing(tx.conn, scope, sid)? {
            Lookup::Unknown if change.accept_unknown => {
                let account = scope.account;
                make_placeholder(tx.conn, CallRef { account, sid })?;
                find(tx.conn, scope, sid)?
                    .ok_or_else(|| Error(StoreError::NotFound(sid.to_string())))?
            }
            lookup => return Ok(lookup),
        },
    };
    let after = found.said.changed(change.patch, change.if_revision)?;
    let call = CallRef {
        account: found.account,
        sid,
    };
    let said = match after {
        Some(after) => {
            write(tx, &found, &change.author, &change.by, change.now, &after)?;
            let changed = Changed::Annotation {
                author: change.author,
                revision: after.revision,
            };
            feed::note(tx, call, &changed, change.now)?;
            after
        }
        None => found.said,
    };
    Ok(Lookup::Found(AnnotationRecord {
        call,
        annotation: said.annotation,
        revision: said.revision,
        advanced_features: found.advanced_features,
    }))
}

fn find(conn: &Connection, scope: Scope, sid: CallSid) -> Result<Option<Before>> {
    let mut statement = conn.prepare_cached(&FIND)?;
    let mut rows = statement.query([sid.as_bytes()])?;
    let mut found = None;
    while let Some(row) = rows.next()? {
        let account = AccountSid::from_bytes(row.get(2)?);
        let parent = row
            .get::<_, Option<[u8; 16]>>(3)?
            .map(AccountSid::from_bytes);
        if account == scope.account {
            return read(row, account, sid).map(Some);
        }
        if parent == Some(scope.account) && found.is_none() {
            found = Some(read(row, account, sid)?);
        }
    }
    Ok(found)
}

fn read(row: &Row<'_>, account: AccountSid, sid: CallSid) -> Result<Before> {
    record::expect_sound_call(row.get(8)?, sid)?;
    Ok(Before {
        id: row.get(0)?,
        shard: Shard::of(row.get(1)?, shard::buckets(row, 9)?, sid),
        account,
        advanced_features: row.get(4)?,
        said: Said {
            annotation: record::read_annotation(row, 6)?,
            revision: row.get(5)?,
        },
        last_change: row.get(7)?,
        facets: Facets::read(row, 10)?,
    })
}

static PLACEHOLDER: LazyLock<String> = LazyLock::new(|| {
    CALL.insert(&[
        ("account", "?1"),
        ("sid", "?2"),
        ("advanced_features", "?3"),
        ("placeholder", "1"),
        ("version", "0"),
        ("annotation_revision", "0"),
        ("bucket", "?4"),
    ])
});

/// Makes a call that exists only because somebody judged it; its row.
pub(super) fn make_placeholder(conn: &Connection, call: CallRef) -> Result<i64> {
    let account = account::existing(conn, call.account)?;
    Ok(conn.prepare_cached(&PLACEHOLDER)?.insert(params![
        account.id,
        call.sid.as_bytes(),
        account.advanced_features,
        account.shard(call.sid).bucket,
    ])?)
}

fn write(
    tx: &mut WriteTx<'_>,
    found: &Before,
    author: &str,
    by: &str,
    now: TimeUs,
    after: &Said,
) -> Result<()> {
    let conn = tx.conn;
    let revision = after.revision;
    let json = to_json(&after.annotation)?;
    let change = conn.prepare_cached(&LOG)?.insert(params![
        found.id,
        found.last_change,
        author,
        revision,
        by,
        now.micros(),
        to_json(&found.said.annotation)?,
        json,
    ])?;
    if author.is_empty() {
        let mut facets = found.facets.clone();
        facets.set_annotation(&after.annotation)?;
        let judged = Facet::JUDGED.map(|facet| Value::from(facets.get(facet)));
        let values = [
            change.into(),
            json.into(),
            i64::try_from(revision).unwrap_or(i64::MAX).into(),
        ];
        let values = values.into_iter().chain(judged).chain([found.id.into()]);
        conn.prepare_cached(&UPDATE)?
            .execute(params_from_iter(values))?;
        tx.count(found.shard, found.id, &found.facets, &facets);
        tx.mark_stale(found.shard, &found.facets, &facets);
    } else {
        conn.prepare_cached(&PUT_BY_AUTHOR)?
            .execute(params![found.id, author, revision, json])?;
        conn.prepare_cached(&UPDATE_LAST_CHANGE)?
            .execute([change, found.id])?;
    }
    Ok(())
}

/// Makes what another system's summary says the annotation of the call, where that is to follow it.
/// `was`: what the summary before it said.
pub(super) fn adopt(
    tx: &mut WriteTx<'_>,
    call: CallRef,
    was: Option<&Annotation>,
    imported: &ImportedAnnotation,
    now: TimeUs,
) -> Result<()> {
    if !is_news(was, imported) {
        return Ok(());
    }
    let scope = Scope {
        account: call.account,
    };
    let Some(found) = find(tx.conn, scope, call.sid)? else {
        return Ok(());
    };
    let last = last_change(tx.conn, found.id)?;
    let last = last.as_ref().map(|(by, at)| (by.as_str(), *at));
    let Some(after) = found.said.adopted(last, imported) else {
        return Ok(());
    };
    let by = imported_by(imported.source);
    write(tx, &found, "", &by, now, &after)?;
    let changed = Changed::Annotation {
        author: String::new(),
        revision: after.revision,
    };
    feed::note(tx, call, &changed, now)
}

/// By whom and when the annotation of the empty author was changed last.
fn last_change(conn: &Connection, id: i64) -> Result<Option<(String, TimeUs)>> {
    Ok(conn
        .prepare_cached(include_str!("judgement/last_change.sql"))?
        .query_row([id], |row| {
            Ok((row.get(0)?, TimeUs::from_micros(row.get(1)?)))
        })
        .optional()?)
}

/// An annotation as it is stored: without what is not said, in the order of the alphabet.
#[derive(Serialize)]
struct Stored<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_by: Option<AnsweredByHeard>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_score: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connectivity_issue: Option<ConnectivityIssue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality_issues: Option<&'a [QualityIssue]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spam: Option<bool>,
}

fn to_json(annotation: &Annotation) -> Result<String> {
    // All of them, so that none is forgotten.
    let Annotation {
        answered_by,
        connectivity_issue,
        quality_issues,
        spam,
        call_score,
        comment,
        incident,
    } = annotation;
    Ok(serde_json::to_string(&Stored {
        answered_by: *answered_by,
        call_score: *call_score,
        comment: comment.as_deref(),
        connectivity_issue: *connectivity_issue,
        incident: incident.as_deref(),
        quality_issues: quality_issues.as_deref(),
        spam: *spam,
    })?)
}

/// What another author than the empty one says of a call: revision and JSON.
fn current(conn: &Connection, id: i64, author: &str) -> Result<Option<(u64, String)>> {
    let found = conn
        .prepare_cached(&format!(
            "select revision, body, {} from annotation where call_id = ?1 and author = ?2",
            ANNOTATION.is_sound("")
        ))?
        .query_row(params![id, author], |row| {
            Ok(((row.get(0)?, row.get(1)?), row.get(2)?))
        })
        .optional()?;
    let is_sound = found.as_ref().is_none_or(|(_, is_sound)| *is_sound);
    expect_sound(is_sound, || format!("table annotation, call row {id}"))?;
    Ok(found.map(|(annotation, _)| annotation))
}

/// What every author but the empty one says of a call: revision and JSON.
pub(super) fn current_of_all(
    conn: &Connection,
    id: i64,
) -> Result<BTreeMap<String, (u64, String)>> {
    let mut statement =
        conn.prepare_cached("select author, revision, body from annotation where call_id = ?1")?;
    let rows = statement.query_map([id], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_stored_by_the_alphabet_and_without_what_is_not_said() {
        assert_eq!(to_json(&Annotation::default()).unwrap(), "{}");
        let full = Annotation {
            answered_by: Some(AnsweredByHeard::Machine),
            connectivity_issue: Some(ConnectivityIssue::DroppedCall),
            quality_issues: Some(vec![QualityIssue::Echo, QualityIssue::LowVolume]),
            spam: Some(true),
            call_score: Some(2),
            comment: Some("\"So\" \u{e9}".into()),
            incident: Some("T-1".into()),
        };
        let json = to_json(&full).unwrap();
        assert_eq!(serde_json::from_str::<Annotation>(&json).unwrap(), full);
        let sorted: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json, sorted.to_string());
    }
}
