//! `/v1/Voice/Alerts/Rules`: what is watched.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sidetone_core::id::{AccountSid, AlertRuleSid, SinkSid};
use sidetone_store::alerts::{AlertRule, AlertRuleChange, Rewritten, is_of_file};
use sidetone_store::{Conflict, StoreError};

use super::definition::{expect_receivers, muted_until, read as read_definition};
use crate::alerts::about::length;
use crate::alerts::definition::{Definition, Limit, QuietHours};
use crate::alerts::measure::Watched;
use crate::alerts::severity::Severity;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::{Form, Query};
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::api::v1::account::addressed;
use crate::api::v1::render::Seconds;
use crate::api::v1::selection::telling;
use crate::app::App;
use crate::secrets::random_id;
use crate::web::base_url::BaseUrl;
use crate::web::form::{Invalid, Params, quoted};
use crate::web::json::Json;

/// The parameters beside what a rule says.
pub const NAMES: &[&str] = &["Name", "MutedUntil"];

const PAGE_SIZE: u64 = 50;
const NAME_MAX_CHARS: usize = 100;
/// How often a change is made anew from what others make of the rule meanwhile.
const TRIES: u32 = 20;
const NAME: &str = "1 to 100 characters";

#[derive(Serialize)]
struct Item {
    sid: AlertRuleSid,
    account_sid: AccountSid,
    name: String,
    /// Null, and what follows: it cannot be read.
    #[serde(flatten)]
    says: Option<Says>,
    muted_until: Option<Seconds>,
    source: &'static str,
    created_time: Seconds,
    updated_time: Seconds,
    url: String,
}

/// What a rule says.
#[derive(Serialize)]
pub(super) struct Says {
    filters: String,
    among: Option<String>,
    measure: Watched,
    unit: &'static str,
    group_by: Option<String>,
    window: String,
    above: Option<f64>,
    below: Option<f64>,
    release: Option<f64>,
    compare_weeks: Option<u8>,
    min_calls: u64,
    r#for: String,
    severity: Severity,
    quiet_hours: Option<QuietHours>,
    time_zone: String,
    receivers: Vec<SinkSid>,
}

impl From<Definition> for Says {
    fn from(definition: Definition) -> Self {
        let (above, below) = match definition.limit {
            Limit::Above(limit) => (Some(limit), None),
            Limit::Below(limit) => (None, Some(limit)),
        };
        Self {
            filters: definition.filters,
            among: definition.among,
            unit: definition.measure.unit(),
            measure: definition.measure,
            group_by: definition.group_by,
            window: length(definition.window_s),
            above,
            below,
            release: definition.release,
            compare_weeks: definition.compare_weeks,
            min_calls: definition.min_calls,
            r#for: length(definition.for_s),
            severity: definition.severity,
            quiet_hours: definition.quiet_hours,
            time_zone: definition.time_zone,
            receivers: definition.receivers,
        }
    }
}

/// Where a rule or receiver comes from.
pub(super) const fn source(is_of_file: bool) -> &'static str {
    match is_of_file {
        true => "file",
        false => "api",
    }
}

impl Item {
    fn of(rule: AlertRule, base: &BaseUrl) -> Self {
        let definition = serde_json::from_str::<Definition>(&rule.definition);
        Self {
            url: format!("{}/v1/Voice/Alerts/Rules/{}", base.0, rule.sid),
            sid: rule.sid,
            account_sid: rule.account,
            name: rule.name,
            says: definition.ok().map(Says::from),
            muted_until: rule.muted_until.map(Seconds),
            source: source(is_of_file(rule.sid.as_bytes())),
            created_time: Seconds(rule.created_at),
            updated_time: Seconds(rule.updated_at),
        }
    }
}

/// Answers with a page of the account's rules, by name.
///
/// # Errors
/// When the page is malformed, or the account addressed is not the caller's.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let named = request.params.filled("Subaccount");
    let account = addressed(&app, &caller, named, ApiError::invalid_query)?;
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let now = query.now(app.clock.now());
    let share = app.bounds.page(query.size).await?;
    let page = app.store.alert_rules(account, &query.request()).await?;
    let meta = list.meta("rules", &query, &page, now);
    let rows = page.rows.into_iter();
    let rows = rows.filter(|rule| is_shown(&caller, rule));
    let rows = rows.map(|rule| Item::of(rule, &request.base)).collect();
    Ok(Json(Envelope { meta, rows }).holding(share))
}

/// Makes a rule (201): it watches from now on, and looks back at the calls of its window.
///
/// # Errors
/// When a value is wrong or missing, the name is taken, the account has as many rules as it may, or the
/// account addressed is not the caller's.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let account = of_form(&app, &caller, &form)?;
    let name = name(&form).map_err(ApiError::invalid_parameter)?;
    let name = name.ok_or_else(|| ApiError::invalid_parameter(Invalid::missing("Name", NAME)))?;
    let definition = read_definition(&app, &caller, account, &form, None)?;
    expect_receivers(&app, account, &definition).await?;
    let now = app.clock.now();
    let muted_until = form.sent("MutedUntil").map(|value| muted_until(value, now));
    let muted_until = muted_until
        .transpose()
        .map_err(ApiError::invalid_parameter)?;
    let sid = random_id().map_err(|error| {
        tracing::error!(%error, "no identifier can be made up");
        ApiError::internal()
    })?;
    let rule = AlertRule {
        sid: AlertRuleSid::from_bytes(sid),
        account,
        name,
        definition: written(&definition)?,
        muted_until: muted_until.flatten(),
        created_at: now,
        updated_at: now,
    };
    let by = caller.who.to_string();
    let created = app.store.create_alert_rule(rule.clone(), &by);
    created.await.map_err(|error| refused(error, &rule.name))?;
    Ok((StatusCode::CREATED, Json(Item::of(rule, &base))).into_response())
}

/// Answers with a rule.
///
/// # Errors
/// When the account has no such rule.
pub async fn fetch(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Path(sid): Path<String>,
    Query(params): Query,
) -> Result<Response, ApiError> {
    let named = params.filled("Subaccount");
    let account = addressed(&app, &caller, named, ApiError::invalid_query)?;
    let rule = found(&app, account, &sid).await?;
    match is_shown(&caller, &rule) {
        true => Ok(Json(Item::of(rule, &base)).into_response()),
        false => Err(unknown(rule.sid)),
    }
}

/// Changes what the form names of a rule; `MutedUntil` mutes it, or unmutes it when it is empty.
///
/// # Errors
/// As [`create`]'s; when the account has no such rule.
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Path(sid): Path<String>,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let account = of_form(&app, &caller, &form)?;
    let now = app.clock.now();
    let name = name(&form).map_err(ApiError::invalid_parameter)?;
    let muted_until = form.sent("MutedUntil").map(|value| muted_until(value, now));
    let muted_until = muted_until
        .transpose()
        .map_err(ApiError::invalid_parameter)?;
    let says = super::definition::NAMES.iter().chain(&["Name"]);
    let is_more = says.copied().any(|name| form.sent(name).is_some());
    let mut tries = 0;
    let changed = loop {
        let rule = found(&app, account, &sid).await?;
        if is_more && is_of_file(rule.sid.as_bytes()) {
            return Err(of_file(&rule, "Here it can be muted"));
        }
        let change = AlertRuleChange {
            name: name.clone(),
            definition: rewritten(&app, &caller, &form, &rule).await?,
            muted_until,
        };
        let by = caller.who.to_string();
        let changed = app
            .store
            .change_alert_rule(account, rule.sid, change, &by, now);
        tries += 1;
        match changed.await {
            Ok(changed) => break changed,
            // Somebody else changed it meanwhile: what is not in this form stays as they made it.
            Err(StoreError::Conflict(Conflict::AlertRuleChanged(_))) if tries < TRIES => {}
            Err(StoreError::NotFound(_)) => return Err(unknown(rule.sid)),
            Err(error) => return Err(refused(error, name.as_deref().unwrap_or(&rule.name))),
        }
    };
    Ok(Json(Item::of(changed, &base)).into_response())
}

/// What a rule is to say by a form, made from what it says. `None`: the form has nothing of that.
async fn rewritten(
    app: &App,
    caller: &Caller,
    form: &Params,
    rule: &AlertRule,
) -> Result<Option<Rewritten>, ApiError> {
    let mut says = super::definition::NAMES.iter();
    if !says.any(|name| form.sent(name).is_some()) {
        return Ok(None);
    }
    let base = serde_json::from_str::<Definition>(&rule.definition).ok();
    let definition = read_definition(app, caller, rule.account, form, base.as_ref())?;
    expect_receivers(app, rule.account, &definition).await?;
    Ok(Some(Rewritten {
        from: rule.definition.clone(),
        to: written(&definition)?,
    }))
}

/// Deletes a rule (204). Alerts of it that fire are resolved within a second; those that were stay.
///
/// # Errors
/// When the account has no such rule.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(sid): Path<String>,
    Query(params): Query,
) -> Result<StatusCode, ApiError> {
    let named = params.filled("Subaccount");
    let account = addressed(&app, &caller, named, ApiError::invalid_query)?;
    let sid: AlertRuleSid = sid.parse().map_err(|_| unknown(quoted(&sid)))?;
    if is_of_file(sid.as_bytes()) {
        let rule = app.store.alert_rule(account, sid).await?;
        let rule = rule.ok_or_else(|| unknown(sid))?;
        return Err(of_file(&rule, "Take it out there"));
    }
    let (by, now) = (caller.who.to_string(), app.clock.now());
    match app.store.delete_alert_rule(account, sid, &by, now).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(sid)),
    }
}

/// Whether somebody may see filters of calls: whose telephone numbers are masked sees none by which they
/// could be told.
pub(super) fn may_see(caller: &Caller, filters: &str) -> bool {
    caller.sees_numbers() || !is_telling(filters)
}

/// Whether numbers could be told by filters.
pub(super) fn is_telling(filters: &str) -> bool {
    let params = Params::decode(filters.as_bytes());
    params.is_ok_and(|params| telling(&params).is_some())
}

/// Whether somebody may see a rule.
fn is_shown(caller: &Caller, rule: &AlertRule) -> bool {
    let says = serde_json::from_str::<Definition>(&rule.definition);
    says.is_ok_and(|says| {
        may_see(caller, &says.filters) && may_see(caller, says.among.as_deref().unwrap_or(""))
    }) || caller.sees_numbers()
}

fn of_form(app: &App, caller: &Caller, form: &Params) -> Result<AccountSid, ApiError> {
    let named = form.filled("Subaccount");
    addressed(app, caller, named, ApiError::invalid_parameter)
}

pub(super) fn name(form: &Params) -> Result<Option<String>, Invalid> {
    match form.sent("Name") {
        None => Ok(None),
        Some(value) if value.text.is_empty() => Err(value.invalid(NAME)),
        Some(value) if value.text.chars().any(char::is_control) => {
            Err(value.invalid("a name without control characters"))
        }
        Some(value) => value.text_up_to(NAME_MAX_CHARS).map(Some),
    }
}

async fn found(app: &App, account: AccountSid, sid: &str) -> Result<AlertRule, ApiError> {
    let sid: AlertRuleSid = sid.parse().map_err(|_| unknown(quoted(sid)))?;
    let rule = app.store.alert_rule(account, sid).await?;
    rule.ok_or_else(|| unknown(sid))
}

fn unknown(sid: impl std::fmt::Display) -> ApiError {
    ApiError::not_found(format_args!("/v1/Voice/Alerts/Rules/{sid}"))
}

/// A rule of the configuration file is changed there.
fn of_file(rule: &AlertRule, advice: &str) -> ApiError {
    let (sid, name) = (rule.sid, quoted(&rule.name));
    ApiError::bad_request(format!(
        "Rule {sid} ({name}) is of the server's sidetone.toml ([[alert]]): change it there, and send the server SIGHUP. {advice}."
    ))
}

/// Why the store did not take a rule.
fn refused(error: StoreError, name: &str) -> ApiError {
    match error {
        StoreError::Conflict(Conflict::AlertRuleExists(_)) => {
            let expected = "a name that no other rule of this account has";
            ApiError::invalid_parameter(Invalid::new("Name", name, expected))
        }
        StoreError::Invalid(why) => ApiError::bad_request(why),
        error => error.into(),
    }
}

pub(super) fn written(definition: &Definition) -> Result<String, ApiError> {
    serde_json::to_string(definition).map_err(|error| {
        tracing::error!(%error, "a rule cannot be written");
        ApiError::internal()
    })
}
