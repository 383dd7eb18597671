//! The contract of [`Store`](crate::Store) as tests. A store is what passes them.
//!
//! Every test takes an empty store of its own. [`conformance!`](crate::conformance!) makes them
//! tests of a crate.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "these are tests"
)]

pub mod account;
pub mod alert_rules;
pub mod alerts;
pub mod batch;
pub mod bounds;
pub mod concurrency;
pub mod dead_letters;
pub mod delivery;
pub mod erasure;
pub mod feed;
pub mod feedback;
pub mod feedback_summary;
pub mod filters;
pub mod judgement;
pub mod log;
pub mod nodes;
pub mod paging;
pub mod people;
pub mod provider;
pub mod random;
mod random_calls;
pub mod report;
pub mod retention;
pub mod rules;
pub mod sample;
pub mod sdk_calls;
pub mod search;
pub mod sinks;
pub mod statistics;
pub mod stream_events;
pub mod summary;
pub mod views;

/// Makes every test of the suite a test here. Takes an `async fn() -> [Arc<dyn Store>; 2]` that
/// opens an empty database by two handles, named by its whole path.
#[macro_export]
macro_rules! conformance {
    ($open:path) => {
        $crate::conformance! { @tests $open;
            account: creates_and_lists_accounts, refuses_wrong_accounts, replaces_tokens_secrets_and_settings,
                keeps_and_revokes_api_keys, counts_changes_of_accounts, makes_the_first_account_once,
                expects_the_key_of_the_first_account, adopts_one_key;
            people: makes_and_lists_people, changes_people, sessions_go_on_until_they_end,
                sessions_end_with_what_began_them, sessions_of_a_holder_are_bounded,
                changes_ones_own_password, logs_what_was_done,
                old_sessions_and_entries_go;
            provider: makes_and_finds_people;
            log: appends_each_event_once, refuses_events_of_unknown_accounts, refuses_events_of_erased_calls,
                refuses_endless_events, leases_dirty_calls,
                gives_back_leased_calls,
                lets_measurements_of_long_calls_wait,
                gives_only_new_events_with_the_state, stays_dirty_when_events_came_meanwhile, refolds_from_the_first_event,
                lists_events_by_time_and_kind, pages_events_both_ways, tells_due_timers;
            bounds: gives_long_logs_in_pieces, ends_pages_of_large_events_early, leaves_out_what_is_set_aside,
                forgets_times_of_a_clock_that_was_set_back;
            summary: shows_what_was_put, shows_what_was_rendered, counts_versions_of_changed_content_only,
                ignores_stale_summaries, makes_unknown_calls, remembers_when_the_end_was_seen, keeps_accounts_apart, finds_calls_of_subaccounts,
                remembers_advanced_features;
            judgement: merges_and_keeps_history, adds_nothing_when_nothing_changes, checks_the_revision,
                keeps_authors_apart, removes_annotations, makes_placeholders_when_asked, survives_new_summaries,
                adopts_what_an_imported_summary_says, an_imported_summary_finds_what_was_said_before_it;
            batch: takes_each_line_once, a_line_that_cannot_be_taken_stops_no_other, is_undone_where_nobody_has_annotated_since,
                belongs_to_its_account;
            feedback: rates_and_changes, keeps_the_order_of_issues, mirrors_into_the_annotation, counts_feedback_on_calls_never_seen,
                counts_move_and_shrink_with_calls, rated_calls_are_waited_for, hides_no_call_of_a_subaccount, pages_judgements;
            feedback_summary: summaries_are_jobs, summaries_of_an_account_are_bounded;
            paging: pages_meet_without_gap, tells_where_more_is, lists_running_calls_first, sorts_equal_keys_by_arrival,
                lists_calls_with_clocks_that_differ, finds_few_among_many,
                finds_few_judged_among_many;
            filters: every_field_and_pair_matches_the_definition, pages_stay_whole_while_calls_arrive;
            search: many_user_agents_are_found, long_user_agents_are_cut, a_number_on_both_sides_is_listed_once,
                comments_are_found_after_many_changes,
                call_ids_follow_their_calls, a_call_is_looked_up_by_its_call_id;
            statistics: every_group_and_measure_is_that_of_the_calls, hours_follow_the_clocks_of_their_zone,
                periods_are_laid_over_each_other, tells_of_the_largest_groups, orders_groups_by_a_measure,
                times_of_starts_meet, counts_one_account_at_once;
            report: keeps_reports_until_they_expire, keeps_the_latest_reports, reports_go_with_erased_calls,
                reports_outlive_expired_calls;
            views: keeps_views_of_owners, changes_and_forgets_views, views_are_bounded;
            sinks: keeps_sinks_of_accounts, subscribes_a_sink_once, tells_what_is_streamed, sinks_are_bounded;
            alert_rules: keeps_rules_of_accounts, changes_and_forgets_rules, a_rule_is_changed_from_what_it_was,
                rules_of_a_file_are_those_that_it_says, rules_are_bounded;
            alerts: alerts_begin_fire_and_end, calls_of_alerts_are_bounded, one_of_two_writes_an_alert, lists_alerts,
                tells_who_is_told, erased_with_the_calls_of_a_party;
            stream_events: hands_out_events_as_they_were_named, events_of_a_call_keep_their_order,
                what_is_told_twice_goes_twice_at_most, a_deleted_sink_takes_along_what_waits,
                a_deleted_sink_takes_along_very_much, tells_what_is_owed_to_a_sink, quotas_are_of_requests, an_erased_call_is_told_to_no_sink;
            rules: freezes_once, learns_from_the_days_before, publishes_what_says_something_else, publishes_once_what_many_say;
            sdk_calls: waits_for_the_name_and_joins, a_name_that_never_comes_makes_a_call, belongs_to_who_opened_it,
                as_much_waits_as_may, erased_with_its_call, erased_by_every_name;
            delivery: hands_out_what_is_due_and_forgets_what_arrived, keeps_headers_and_signature, keeps_endpoints_apart,
                sends_one_of_a_subject_after_the_other,
                leases_to_one_at_a_time, tries_again_when_it_is_time, gives_back_what_was_not_tried,
                gives_out_large_bodies_by_few, keeps_the_order_of_a_subject_behind_failures, passes_over_what_is_behind;
            dead_letters: tells_what_waits, keeps_dead_letters_and_replays_them, pages_dead_letters, an_account_keeps_so_many;
            erasure: leaves_nothing_but_who_did_it, erases_again_what_came_back, finds_the_calls_of_a_number;
            retention: removes_events_then_calls, placeholders_are_as_old_as_what_was_said, leaves_nothing_of_what_was_said, keeps_what_is_not_complete,
                removes_what_is_no_call;
            feed: tells_what_changed, tells_which_versions_were_complete, keeps_followers_apart, keeps_the_order_of_a_call, settles_with_what_is_delivered,
                followers_that_die_lose_nothing, drops_who_stays_behind;
            concurrency: annotations_at_once_lose_nothing, duplicates_at_once_are_one, failures_harm_nobody_else;
        }
        $crate::conformance! { @nodes $open;
            nodes: calls_of_a_dead_node_are_folded, jobs_of_a_dead_node_are_done, wakes_other_nodes;
            feed: changes_of_a_dead_node_are_told;
            sinks: wakes_who_streams;
            alert_rules: wakes_who_evaluates;
            alerts: one_node_evaluates;
        }
    };
    (@tests $open:path; $($module:ident: $($test:ident),+;)+) => {
        $(mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let store = $crate::conformance::nodes::Nodes::taking_turns($open().await);
                $crate::conformance::$module::$test(std::sync::Arc::clone(&store)).await;
                assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
            })+
        })+
    };
    (@nodes $open:path; $($module:ident: $($test:ident),+;)+) => {
        mod nodes {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $crate::conformance::$module::$test($open().await).await;
            })+)+
        }
    };
}
