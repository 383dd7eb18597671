//! Annotations: the log of changes, the current row, and what lists and rollups know of it.

pub(crate) mod history;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use sidetone_core::annotation::Annotation;
use sidetone_core::event::SourceKind;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::summary::ImportedAnnotation;
use sidetone_core::time::TimeUs;

use super::engine::work::Work;
use super::error::{Error, Result};
use super::rows::checksum::expect_sound;
use super::rows::facet::{self, At, FACETS, Facets};
use super::rows::shard::{self, Shard};
use super::rows::tables::{ANNOTATION, ANNOTATION_LOG, CALL};
use super::{account, feed, record};
use sidetone_store::feed::Changed;
use sidetone_store::{Annotate, AnnotationRecord, Lookup, Scope, StoreError};

/// A call and one author's annotation of it, before a change.
struct Before {
    id: i64,
    shard: Shard,
    account: AccountSid,
    advanced_features: bool,
    /// Its newest row in the log.
    last_change: Option<i64>,
    revision: u64,
    annotation: Annotation,
    facets: Facets,
}

impl Before {
    /// The same with what another author than the empty one says.
    fn by_author(mut self, conn: &Connection, author: &str) -> Result<Self> {
        if !author.is_empty() {
            (self.revision, self.annotation) = match current(conn, self.id, author)? {
                Some((revision, json)) => (revision, serde_json::from_str(&json)?),
                None => (0, Annotation::default()),
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

/// The facets an annotation changes.
const JUDGED: [At; 6] = [
    At::Judged,
    At::Heard,
    At::ConnectivityIssue,
    At::QualityIssues,
    At::Spam,
    At::CallScore,
];

static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let mut columns = vec!["last_change", "annotation", "annotation_revision"];
    columns.extend(JUDGED.map(|at| FACETS[at as usize].column));
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

static PUT_BY_AUTHOR: LazyLock<String> = LazyLock::new(|| {
    ANNOTATION
        .insert_columns(&["call_id", "author", "revision", "body"])
        .replacen("insert", "replace", 1)
});

pub(super) fn annotate(
    work: &mut Work<'_>,
    scope: Scope,
    sid: CallSid,
    change: Annotate,
) -> Result<Lookup<AnnotationRecord>> {
    let found = match find(work.conn, scope, sid)? {
        Some(found) => found.by_author(work.conn, &change.author)?,
        None => match record::missing(work.conn, scope, sid)? {
            Lookup::Unknown if change.accept_unknown => {
                let account = scope.account;
                make_placeholder(work.conn, CallRef { account, sid })?;
                find(work.conn, scope, sid)?
                    .ok_or_else(|| Error(StoreError::NotFound(sid.to_string())))?
            }
            lookup => return Ok(lookup),
        },
    };
    if let Some(expected) = change.if_revision
        && expected != found.revision
    {
        return Err(Error(StoreError::Conflict(format!(
            "the annotation is at revision {}, not {expected}",
            found.revision
        ))));
    }
    let mut after = match change.patch {
        Some(patch) => found.annotation.with(patch),
        None => Annotation::default(),
    };
    after.quality_issues = after.quality_issues.filter(|issues| !issues.is_empty());
    let mut revision = found.revision;
    if after != found.annotation {
        revision += 1;
        write(
            work,
            &found,
            &change.author,
            &change.by,
            change.now,
            &after,
            revision,
        )?;
        let call = CallRef {
            account: found.account,
            sid,
        };
        let author = change.author;
        let changed = Changed::Annotation { author, revision };
        feed::note(work, call, &changed, change.now)?;
    }
    Ok(Lookup::Found(AnnotationRecord {
        call: CallRef {
            account: found.account,
            sid,
        },
        annotation: after,
        revision,
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
        revision: row.get(5)?,
        annotation: record::read_annotation(row, 6)?,
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
    work: &mut Work<'_>,
    found: &Before,
    author: &str,
    by: &str,
    now: TimeUs,
    after: &Annotation,
    revision: u64,
) -> Result<()> {
    let conn = work.conn;
    let json = to_json(after)?;
    let change = conn.prepare_cached(&LOG)?.insert(params![
        found.id,
        found.last_change,
        author,
        revision,
        by,
        now.micros(),
        to_json(&found.annotation)?,
        json,
    ])?;
    if author.is_empty() {
        let mut facets = found.facets.clone();
        facets.set_annotation(after);
        let judged = JUDGED.iter().map(|at| Value::from(facets.get(*at)));
        let values = [
            change.into(),
            json.into(),
            i64::try_from(revision).unwrap_or(i64::MAX).into(),
        ];
        let values = values.into_iter().chain(judged).chain([found.id.into()]);
        conn.prepare_cached(&UPDATE)?
            .execute(params_from_iter(values))?;
        work.count(found.shard, found.id, &found.facets, &facets);
    } else {
        conn.prepare_cached(&PUT_BY_AUTHOR)?
            .execute(params![found.id, author, revision, json])?;
        conn.prepare_cached(&UPDATE_LAST_CHANGE)?
            .execute([change, found.id])?;
    }
    Ok(())
}

/// Makes what another system's summary says the annotation of the call, unless it said the same in the summary before (`was`),
/// or somebody here has annotated since. That nothing is said there takes back only what was said there.
pub(super) fn adopt(
    work: &mut Work<'_>,
    call: CallRef,
    was: Option<&Annotation>,
    imported: &ImportedAnnotation,
    now: TimeUs,
) -> Result<()> {
    let said = &imported.annotation;
    if was.map_or(said.is_empty(), |was| was == said) {
        return Ok(());
    }
    let scope = Scope {
        account: call.account,
    };
    let Some(found) = find(work.conn, scope, call.sid)? else {
        return Ok(());
    };
    let last = last_change(work.conn, found.id)?;
    let is_ours = last.as_ref().is_some_and(|(by, _)| !is_imported(by));
    let is_since = last.is_some_and(|(_, at_us)| at_us >= imported.at.micros());
    if is_ours && (is_since || said.is_empty()) || found.annotation == *said {
        return Ok(());
    }
    let revision = found.revision + 1;
    let by = imported_by(imported.source);
    write(work, &found, "", &by, now, said, revision)?;
    let author = String::new();
    feed::note(work, call, &Changed::Annotation { author, revision }, now)
}

/// What the history names for a credential where another system's summary said it: how that came.
fn imported_by(source: SourceKind) -> String {
    source.as_str().replace('_', "-")
}

fn is_imported(by: &str) -> bool {
    SourceKind::ALL
        .iter()
        .any(|source| imported_by(*source) == by)
}

/// By whom and when the annotation of the empty author was changed last.
fn last_change(conn: &Connection, id: i64) -> Result<Option<(String, i64)>> {
    Ok(conn
        .prepare_cached(include_str!("judgement/last_change.sql"))?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// The stored JSON of an annotation: without what is not said.
fn to_json(annotation: &Annotation) -> Result<String> {
    let mut json = serde_json::to_value(annotation)?;
    if let Some(fields) = json.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    Ok(json.to_string())
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
