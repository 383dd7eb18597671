//! The tables whose rows carry a checksum, and which of their columns it covers.

use std::sync::LazyLock;

use super::checksum::Covered;
use super::facet;

macro_rules! covered {
    ($($(#[$doc:meta])* $name:ident = $table:literal ($columns:expr);)+) => {
        $($(#[$doc])* pub(crate) static $name: LazyLock<Covered> = LazyLock::new(|| Covered::of($table, $columns));)+
    };
}

covered! {
    /// All that lists, readers and judgement take from it. What is left out is the work: events,
    /// folding, timers.
    CALL = "call" (&call_columns());
    ANNOTATION = "annotation" ("call_id, author, revision, body");
    ANNOTATION_LOG = "annotation_log" ("call_id, previous, seq, author, revision, changed_by, at_us, before, after");
    FEEDBACK = "feedback" ("call_id, last_change, created_us, updated_us");
    FEEDBACK_LOG = "feedback_log" ("call_id, previous, changed_by, at_us, before, after");
    FEEDBACK_SUMMARY = "feedback_summary" (
        "sid, account, first_day, last_day, include_subaccounts, status, tally, created_us, updated_us, callback_url,
         callback_by_get"
    );
    ACCOUNT = "account" ("sid, parent_sid, name, created_us, advanced_features, voice_trace, mirror_feedback, buckets");
    PERSON = "person" ("name, name_key, account, role, password, disabled, created_us, last_sign_in_us, subject");
    SESSION = "session" ("digest, account, person, api_key, created_us, expires_us");
    SAVED_VIEW = "saved_view" ("sid, account, owner, name, query, shared, created_us, updated_us");
    SINK = "sink" ("sid, account, description, kind, configuration, status, test, created_us, updated_us");
    SUBSCRIPTION = "subscription" ("sid, account, sink, description, selection, types, created_us, updated_us");
    ALERT_RULE = "alert_rule" ("sid, account, name, definition, muted_us, created_us, updated_us");
    ALERT = "alert" (
        "sid, account, rule, grouped, state, version, pending_us, fired_us, resolved_us, about, calls"
    );
    AUDIT = "audit" ("at_us, account, who, what, target, detail");
    SECRET_KEY = "secret_key" ("only_row, fingerprint");
    SDK_CALL = "sdk_call" ("account, temporary, opener, sid, seen_us");
    RULES = "rules" ("day, body");
    SIDE_RULES = "side_rules" ("version, body");
    OUTBOX = "outbox" (
        "sid, account, endpoint, subject, kind, method, url, content_type, body, created_us, headers, signer, sink, at_us,
         position, version, call_account, personal_data"
    );
}

/// The columns of `call` that its checksum covers.
pub(crate) fn call_columns() -> String {
    format!(
        "account, sid, advanced_features, placeholder, version, annotation, annotation_revision, last_change, rated,
         end_key, from_hash, to_hash, from_address, to_address, {}",
        facet::columns()
    )
}

/// The tables that have checksums, but for `call` and `hourly`, which are looked at more closely.
pub(crate) fn all() -> [&'static Covered; 19] {
    [
        &ANNOTATION,
        &ANNOTATION_LOG,
        &FEEDBACK,
        &FEEDBACK_LOG,
        &FEEDBACK_SUMMARY,
        &ACCOUNT,
        &SECRET_KEY,
        &PERSON,
        &SESSION,
        &AUDIT,
        &SAVED_VIEW,
        &SINK,
        &SUBSCRIPTION,
        &ALERT_RULE,
        &ALERT,
        &SDK_CALL,
        &RULES,
        &SIDE_RULES,
        &OUTBOX,
    ]
}
