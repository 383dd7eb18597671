//! `/v1/Voice/Alerts`: the times that rules were broken.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sidetone_core::id::{AccountSid, AlertRuleSid, AlertSid, CallSid};
use sidetone_store::alerts::{Alert, AlertFilter, AlertState};

use super::rules::is_telling;
use crate::alerts::about::{About, told};
use crate::alerts::measure::Watched;
use crate::alerts::severity::Severity;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::mask;
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::api::v1::account::addressed;
use crate::api::v1::filter::time::{self, Bound};
use crate::api::v1::render::Seconds;
use crate::api::words::Words;
use crate::app::App;
use crate::web::base_url::BaseUrl;
use crate::web::form::{Value, quoted};
use crate::web::json::Json;

/// The parameters of the list.
pub const NAMES: &[&str] = &["State", "RuleSid", "StartTime", "EndTime"];

const PAGE_SIZE: u64 = 50;

#[derive(Serialize)]
struct Item {
    sid: AlertSid,
    account_sid: AccountSid,
    rule_sid: AlertRuleSid,
    group: Option<String>,
    state: AlertState,
    /// Null, and what follows: it cannot be read.
    #[serde(flatten)]
    says: Option<Says>,
    pending_time: Seconds,
    fired_time: Option<Seconds>,
    resolved_time: Option<Seconds>,
    call_sids: Vec<CallSid>,
    url: String,
}

#[derive(Serialize)]
struct Says {
    rule_name: String,
    severity: Severity,
    group_by: Option<String>,
    measure: Watched,
    unit: &'static str,
    value: Option<f64>,
    /// What is held against the limit: the near bound of a share, or the change since the weeks before.
    held: Option<f64>,
    limit: f64,
    baseline: Option<f64>,
    calls: u64,
    summary: String,
    told: bool,
    calls_url: Option<String>,
    interface_url: Option<String>,
}

/// What becomes of a party's number or name, for whoever is not to see it. `None` of it: nothing.
type Instead<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What stands for a party of which nothing is said.
const NOBODY: &str = "…";

impl Says {
    fn of(about: About, group: &str, base: &str, is_masked: bool) -> Self {
        let query = (!about.query.is_empty()).then_some(&about.query);
        // A link that filters by a number would show it.
        let query = query.filter(|query| !is_masked || !is_telling(query));
        let at = |path: &str| query.map(|query| format!("{base}{path}?{query}"));
        Self {
            summary: about.summary(group),
            calls_url: at("/v1/Voice/Summaries"),
            interface_url: at("/calls"),
            severity: about.severity,
            measure: about.measure,
            unit: about.measure.unit(),
            value: about.value.map(told),
            held: about.held.map(told),
            limit: about.limit.value(),
            baseline: about.baseline.map(told),
            calls: about.calls,
            told: about.is_told,
            group_by: about.group_by,
            rule_name: about.rule_name,
        }
    }
}

/// An alert as it is told somewhere else, as JSON: where its party is not to be seen, no number is.
pub fn data(alert: Alert, base: &str, instead: Option<Instead<'_>>) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Item::of(alert, base, instead))
}

impl Item {
    fn shown(alert: Alert, base: &BaseUrl, caller: &Caller) -> Self {
        let masked: Instead<'_> = &|party| Some(mask::party(party));
        Self::of(alert, &base.0, (!caller.sees_numbers()).then_some(masked))
    }

    fn of(alert: Alert, base: &str, instead: Option<Instead<'_>>) -> Self {
        let mut about = serde_json::from_str::<About>(&alert.about).ok();
        let mut group = Some(alert.group).filter(|group| !group.is_empty());
        if let Some(instead) = instead {
            if about.as_ref().is_none_or(|about| about.is_personal) {
                group = group.and_then(|party| instead(&party));
            } else {
                group = group.map(|text| mask::text(&text).into_owned());
            }
            if let Some(about) = &mut about {
                about.rule_name = mask::in_text(&about.rule_name).into_owned();
            }
        }
        let nobody = if instead.is_some() { NOBODY } else { "" };
        let named = group.as_deref().unwrap_or(nobody);
        Self {
            url: format!("{base}/v1/Voice/Alerts/{}", alert.sid),
            sid: alert.sid,
            account_sid: alert.account,
            rule_sid: alert.rule,
            says: about.map(|about| Says::of(about, named, base, instead.is_some())),
            group,
            state: alert.state,
            pending_time: Seconds(alert.pending_at),
            fired_time: alert.fired_at.map(Seconds),
            resolved_time: alert.resolved_at.map(Seconds),
            call_sids: alert.calls,
        }
    }
}

/// Answers with a page of the account's alerts, latest first: all, or those of a rule or state that went on
/// within a time.
///
/// # Errors
/// When a value is malformed, or the account addressed is not the caller's.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let invalid = ApiError::invalid_query;
    let params = &request.params;
    let named = params.filled("Subaccount");
    let account = addressed(&app, &caller, named, invalid)?;
    let rule = params.filled("RuleSid").map(|value| {
        let sid = value.text.parse();
        sid.map_err(|_| value.invalid("AR followed by 32 hexadecimal digits"))
    });
    let now = app.clock.now();
    let at = |name, bound| {
        let value = params.filled(name);
        value.map(|value| time::read(value, now, bound)).transpose()
    };
    let filter = AlertFilter {
        rule: rule.transpose().map_err(invalid)?,
        state: params
            .filled("State")
            .map(Value::word)
            .transpose()
            .map_err(invalid)?,
        begun_before: at("EndTime", Bound::End).map_err(invalid)?,
        lasted_until: at("StartTime", Bound::Start).map_err(invalid)?,
    };
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(invalid)?;
    let share = app.bounds.page(query.size).await?;
    let page = app.store.alerts(account, filter, &query.request()).await?;
    let meta = list.meta("alerts", &query, &page, query.now(now));
    let rows = page.rows.into_iter();
    let rows = rows
        .map(|alert| Item::shown(alert, &request.base, &caller))
        .collect();
    Ok(Json(Envelope { meta, rows }).holding(share))
}

/// Answers with an alert.
///
/// # Errors
/// When the account has no such alert.
pub async fn fetch(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Path(sid): Path<String>,
    Query(params): Query,
) -> Result<Response, ApiError> {
    let named = params.filled("Subaccount");
    let account = addressed(&app, &caller, named, ApiError::invalid_query)?;
    let unknown =
        |sid: &dyn std::fmt::Display| ApiError::not_found(format_args!("/v1/Voice/Alerts/{sid}"));
    let named: AlertSid = sid.parse().map_err(|_| unknown(&quoted(&sid)))?;
    let alert = app.store.alert(account, named).await?;
    let alert = alert.ok_or_else(|| unknown(&named))?;
    Ok(Json(Item::shown(alert, &base, &caller)).into_response())
}
