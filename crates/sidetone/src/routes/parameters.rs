//! The names of all parameters, by the paths that take them.

use crate::api::events_v1::sinks::{FILTERS as SINK_FILTERS, NAMES as SINK};
use crate::api::events_v1::subscribed_events::NAMES as SUBSCRIBED_EVENT;
use crate::api::events_v1::subscriptions::NAMES as SUBSCRIPTION;
use crate::api::hint::Names;
use crate::api::page::PAGE_PARAMETERS as PAGE;
use crate::api::v1::alerts::receivers::NAMES as RECEIVER;
use crate::api::v1::export::NAMES as EXPORT;
use crate::api::v1::filter::NAMES as FILTERS;
use crate::api::v1::filter::alias::OLDER_NAMES;
use crate::api::v1::patch::NAMES as ANNOTATION;
use crate::api::v1::setup::deliveries::NAMES as DELIVERIES;
use crate::api::v1::setup::keys::NAMES as KEYS;
use crate::api::v1::statistics::agreement::NAMES as AGREEMENT;
use crate::api::v1::statistics::query::NAMES as STATISTICS;
use crate::api::v1::token::NAMES as TOKEN;
use crate::api::v1::views::NAMES as VIEW;
use crate::api::v2::request::NAMES as REPORT;

const SETTINGS: &[&str] = &[
    "AdvancedFeatures",
    "VoiceTrace",
    "SubaccountSid",
    "Subaccount",
];
const FEEDBACK: &[&str] = &["QualityScore", "Issue"];
const FEEDBACK_SUMMARY: &[&str] = &[
    "StartDate",
    "EndDate",
    "IncludeSubaccounts",
    "StatusCallback",
    "StatusCallbackMethod",
];

const PERSON: &[&str] = &["Name", "Role", "Password", "Subaccount"];
const PERSON_CHANGE: &[&str] = &["Role", "Password", "SignIn", "Disabled", "Subaccount"];

/// The parameters of a path, in its query or its form. `None`: nobody knows what comes there.
#[must_use]
pub(super) fn of(path: &str) -> Option<Names> {
    let part = path.rsplit('/').next()?;
    let part = part.strip_suffix(".json").unwrap_or(part);
    if path.starts_with("/v1/Voice/People/") {
        return Some(&[PERSON_CHANGE]);
    }
    if path.starts_with("/v1/Voice/Views") {
        return Some(&[VIEW]);
    }
    if path.starts_with("/v1/Voice/") {
        return Some(match part {
            "Live" => &[FILTERS, OLDER_NAMES],
            "Summaries" => &[FILTERS, OLDER_NAMES, &PAGE],
            "Statistics" => &[FILTERS, OLDER_NAMES, STATISTICS],
            "Agreement" => &[FILTERS, OLDER_NAMES, AGREEMENT],
            "Annotations" => &[&["Key"]],
            "Export" => &[FILTERS, OLDER_NAMES, EXPORT],
            "Settings" => &[SETTINGS],
            "Keys" => &[KEYS],
            "Receivers" => &[RECEIVER, &PAGE],
            "Deliveries" => &[DELIVERIES, &PAGE],
            "Summary" => &[&["ProcessingState", "Include"]],
            "Events" => &[&["Edge"], &PAGE],
            "Metrics" => &[&["Edge", "Direction"], &PAGE],
            "Ladder" => &[&["Raw"], &PAGE],
            "History" => &[&PAGE],
            "Annotation" => &[ANNOTATION],
            "People" => &[PERSON, &PAGE],
            "Audit" => &[&["Subaccount"], &PAGE],
            "Token" => &[TOKEN],
            _ => return None,
        });
    }
    if let Some(report) = path.strip_prefix("/v2/Voice/Reports") {
        return Some(match report {
            "" | "/PhoneNumbers/Inbound" | "/PhoneNumbers/Outbound" => &[REPORT],
            _ if report.starts_with("/PhoneNumbers/") => &[&PAGE],
            _ => &[],
        });
    }
    if path.starts_with("/2010-04-01/") {
        return Some(match part {
            "Feedback" => &[FEEDBACK],
            "FeedbackSummary" => &[FEEDBACK_SUMMARY],
            _ => return None,
        });
    }
    if let Some(rest) = path.strip_prefix("/v1/") {
        let parts: Vec<&str> = rest.split('/').collect();
        return of_event_streams(&parts);
    }
    match path {
        "/ingest/v1/events" | "/ingest/v1/hep" => Some(&[&["Settle"]]),
        _ => None,
    }
}

fn of_event_streams(parts: &[&str]) -> Option<Names> {
    Some(match parts {
        ["Sinks"] => &[SINK, SINK_FILTERS, &PAGE],
        ["Sinks", _] => &[&["Description"]],
        ["Sinks", _, "Validate"] => &[&["TestId"]],
        ["Subscriptions"] => &[SUBSCRIPTION, &PAGE],
        ["Subscriptions", _] => &[&["Description", "SinkSid"]],
        ["Subscriptions", _, "SubscribedEvents"] => &[SUBSCRIBED_EVENT, &PAGE],
        ["Subscriptions", _, "SubscribedEvents", _] => &[&["SchemaVersion"]],
        ["Types"] => &[&["SchemaId"], &PAGE],
        ["Schemas", _, "Versions"] => &[&PAGE],
        _ => return None,
    })
}
