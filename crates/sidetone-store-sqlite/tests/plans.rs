//! How `SQLite` finds what statements ask for. A program of its own: what is noted is that of the
//! whole process.
#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::sync::Arc;

use rusqlite::Connection;
use sidetone_store::conformance as suite;
use sidetone_store::prelude::*;
use sidetone_store_sqlite::testing::{add_functions, note_statements, noted_statements};
use sidetone_store_sqlite::{Options, SqliteStore};

/// What does not grow with the calls, as plans name it.
const SMALL: [&str; 20] = [
    "account",
    "account_token",
    "person",
    "saved_view",
    "sink",
    "subscription",
    "alert_rule",
    "alert",
    "comment_progress",
    "account_epoch",
    "annotation_batch",
    "feedback_summary",
    "follower",
    "set_aside",
    "report",
    "pragma_freelist_count",
    "pragma_page_count",
    "pragma_page_size",
    "CONSTANT",
    "(subquery-1)",
];

const ON_PURPOSE: [&str; 10] = [
    // The metrics count what waits.
    "select (select count(*) from outbox ",
    // So do quotas, of requests alone.
    "select account, max(sum(dead_us is null) ",
    // What waits for a sink is counted as far as is asked.
    "select count(*) from (\n    select id from outbox indexed by ",
    // What is owed to a sink, or dead of an account, is put in order without its rows.
    "select id from outbox indexed by ",
    // History is followed from change to change, by a table that the statement itself makes.
    "with recursive change ",
    // Erasing is rare, and an index by call would be paid for by every delivery and change.
    "delete from outbox where subject is not null",
    "delete from change where (sid, account) in ",
    // Calls wait for their names for two minutes; the index has those alone.
    "select count(*) from sdk_call where ",
    // By row or by words, whatever plans call it.
    "delete from comment where rowid between ",
    "select rowid from comment where comment match ",
];

/// What a statement looks through that an account, or everybody, has of something, or sorts of what
/// waits.
fn looked_through(conn: &Connection, sql: &str) -> Vec<String> {
    let word = sql
        .trim_start()
        .split([' ', '\n'])
        .next()
        .unwrap_or_default();
    if !["select", "insert", "update", "delete", "replace", "with"].contains(&word) {
        return Vec::new();
    }
    let mut plan = conn.prepare(&format!("explain query plan {sql}")).unwrap();
    // Whatever the parameters are, the plan is the same.
    let rows = plan.raw_query().mapped(|row| row.get::<_, String>(3));
    let mut steps: Vec<String> = rows.map(Result::unwrap).collect();
    steps.retain(|step| {
        let mut words = step.split(' ');
        let (how, table) = (words.next(), words.next());
        let is_small = table.is_some_and(|table| SMALL.contains(&table));
        let sorts = sql.contains(" outbox ") && step.contains("TEMP B-TREE");
        sorts || !is_small && (how == Some("SCAN") || step.ends_with("(account=?)"))
    });
    steps
}

/// With many calls, each of these would take as long as there are calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_looks_through_all_calls() {
    note_statements();
    drop(SqliteStore::open_temporary_twice(Options::default()).unwrap());
    // Migrations have all calls to do with.
    let opening = noted_statements();
    macro_rules! run {
        ($($module:ident::$test:ident),+ $(,)?) => {
            $({
                let [store, _] = SqliteStore::open_temporary_twice(Options::default()).unwrap();
                let store: Arc<dyn Store> = Arc::new(store);
                suite::$module::$test(store).await;
            })+
        };
    }
    run!(
        log::appends_each_event_once,
        log::leases_dirty_calls,
        log::tells_due_timers,
        log::gives_only_new_events_with_the_state,
        log::pages_events_both_ways,
        summary::shows_what_was_put,
        summary::counts_versions_of_changed_content_only,
        judgement::merges_and_keeps_history,
        judgement::removes_annotations,
        batch::takes_each_line_once,
        batch::is_undone_where_nobody_has_annotated_since,
        feedback::rates_and_changes,
        feedback::counts_move_and_shrink_with_calls,
        people::makes_and_lists_people,
        people::sessions_end_with_what_began_them,
        people::sessions_of_a_holder_are_bounded,
        people::changes_ones_own_password,
        people::logs_what_was_done,
        views::keeps_views_of_owners,
        views::changes_and_forgets_views,
        sinks::keeps_sinks_of_accounts,
        sinks::subscribes_a_sink_once,
        sinks::tells_what_is_streamed,
        alert_rules::keeps_rules_of_accounts,
        alerts::alerts_begin_fire_and_end,
        alerts::lists_alerts,
        stream_events::hands_out_events_as_they_were_named,
        stream_events::a_deleted_sink_takes_along_what_waits,
        stream_events::quotas_are_of_requests,
        stream_events::tells_what_is_owed_to_a_sink,
        provider::makes_and_finds_people,
        search::many_user_agents_are_found,
        paging::finds_few_among_many,
        search::a_call_is_looked_up_by_its_call_id,
        delivery::hands_out_what_is_due_and_forgets_what_arrived,
        delivery::tries_again_when_it_is_time,
        dead_letters::tells_what_waits,
        dead_letters::keeps_dead_letters_and_replays_them,
        dead_letters::an_account_keeps_so_many,
        erasure::leaves_nothing_but_who_did_it,
        erasure::erases_again_what_came_back,
        erasure::finds_the_calls_of_a_number,
        retention::leaves_nothing_of_what_was_said,
        retention::removes_what_is_no_call,
        feed::tells_what_changed,
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    drop(SqliteStore::open(&path, Options::default()).unwrap());
    let conn = Connection::open(&path).unwrap();
    add_functions(&conn).unwrap();
    let mut found = Vec::new();
    let mut noted = noted_statements();
    noted.retain(|sql| {
        !opening.contains(sql) && !ON_PURPOSE.iter().any(|begin| sql.starts_with(begin))
    });
    for sql in noted {
        for step in looked_through(&conn, &sql) {
            found.push(format!("{step}: {sql}"));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}
