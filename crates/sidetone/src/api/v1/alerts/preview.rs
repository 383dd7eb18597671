//! `GET /v1/Voice/Alerts/Preview`: when a rule would have fired over the last 30 days.
//!
//! It is counted by Statistics, by stretches of the calendar and where calls started: a picture of what
//! the rule would have found, not the alerts themselves.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use sidetone_core::statistics::Interval;
use sidetone_core::statistics::share::wilson;
use sidetone_core::time::{DAY_US, HOUR_US, SECOND_US, TimeUs};
use sidetone_store::StoreError;

use super::definition;
use crate::alerts::counted::{Counted, queries, values};
use crate::alerts::definition::{AGENT, Limit};
use crate::alerts::group_by::GroupBy;
use crate::alerts::measure::Watched;
use crate::alerts::rule::{Rule, Verdict};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::page::FilterRequest;
use crate::api::v1::account::addressed;
use crate::api::v1::render::Seconds;
use crate::api::v1::statistics::count;
use crate::app::App;
use crate::web::form::Invalid;
use crate::web::json::Json;

const BACK_US: i64 = 30 * DAY_US;
/// Groups that are told of: those with most calls.
const GROUPS_MAX: usize = 20;
/// Rows that take as much memory as one of a page of calls, which holds a whole summary.
const ROWS_PER_PAGE_ROW: u64 = 64;

#[derive(Serialize)]
struct Body {
    preview: Preview,
}

#[derive(Serialize)]
struct Preview {
    from: Seconds,
    until: Seconds,
    /// The stretch that each value is of.
    interval: Interval,
    unit: &'static str,
    alerts: Vec<Would>,
    values: Vec<Values>,
}

/// A time through which it would have fired.
#[derive(Serialize)]
struct Would {
    group: Option<String>,
    from: Seconds,
    until: Seconds,
    /// The worst value of it, and of how many calls that was.
    worst: Option<f64>,
    calls: u64,
}

#[derive(Serialize)]
struct Values {
    group: Option<String>,
    /// When each interval began, what was found, and of how many calls.
    points: Vec<(Seconds, Option<f64>, u64)>,
}

/// Answers with what a rule of these parameters would have found.
///
/// # Errors
/// When a value is wrong or missing, what is watched is not counted by Statistics or against the weeks
/// before, that takes too much work, or the account addressed is not the caller's.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    FilterRequest(request): FilterRequest,
) -> Result<Response, ApiError> {
    let params = &request.params;
    let named = params.filled("Subaccount");
    let account = addressed(&app, &caller, named, ApiError::invalid_query)?;
    let says = definition::read(&app, &caller, account, params, None)?;
    if says.compare_weeks.is_some() {
        let expected = "nothing: a preview holds values against a limit of their own";
        let given = params.filled("CompareWeeks").map_or("", |it| it.text);
        return Err(ApiError::invalid_parameter(Invalid::new(
            "CompareWeeks",
            given,
            expected,
        )));
    }
    let until = app.clock.now();
    let from = until.plus_us(-BACK_US);
    let interval = interval(says.window_s);
    let measure = says.measure.to_string();
    let read = |filters: &str| (app.filter)(filters, account, until);
    let rule = Rule::open(account, "", says, read).ok_or_else(ApiError::internal)?;
    let mut queries = queries(&rule, from, until).ok_or_else(|| {
        let (parameter, given, expected) = match rule.group_by {
            Some(GroupBy::Agent) => ("GroupBy", AGENT, "a dimension of Statistics, for a preview"),
            _ => (
                "Measure",
                measure.as_str(),
                "a measure of calls, for a preview",
            ),
        };
        ApiError::invalid_parameter(Invalid::new(parameter, given, expected))
    })?;
    for query in &mut queries {
        query.interval = Some(interval);
        query.groups_max = GROUPS_MAX;
    }
    let told = count(&app, &queries).await.map_err(|error| match error {
        StoreError::TooExpensive(_) => ApiError::too_expensive(),
        error => error.into(),
    })?;
    let rows: usize = told.iter().map(|it| it.rows.len()).sum();
    let share = app.bounds.page(rows as u64 / ROWS_PER_PAGE_ROW + 1).await?;
    let preview = preview(&rule, values(&rule, &told), interval, (from, until));
    Ok(Json(Body { preview }).holding(share))
}

/// The stretch of the calendar that is nearest to a window.
const fn interval(window_s: u32) -> Interval {
    match window_s {
        0..=1800 => Interval::QuarterHour,
        1801..=43_200 => Interval::Hour,
        _ => Interval::Day,
    }
}

fn length_us(interval: Interval) -> i64 {
    match interval {
        Interval::QuarterHour => HOUR_US / 4,
        Interval::Hour => HOUR_US,
        _ => DAY_US,
    }
}

fn preview(
    rule: &Rule,
    counted: Vec<Counted>,
    interval: Interval,
    (from, until): (TimeUs, TimeUs),
) -> Preview {
    let mut by_group: BTreeMap<String, Vec<Counted>> = BTreeMap::new();
    for counted in counted {
        let group = by_group.entry(counted.group.clone()).or_default();
        group.push(counted);
    }
    let mut alerts = Vec::new();
    let mut values = Vec::new();
    if rule.group_by.is_none() {
        by_group.entry(String::new()).or_default();
    }
    for (group, mut counted) in by_group {
        if rule.definition.measure == Watched::Calls {
            counted = with_none(rule, counted, &group, interval, (from, until));
        }
        let shown = (!group.is_empty()).then_some(group);
        alerts.extend(would_fire(rule, &counted, interval, shown.as_deref()));
        let points = counted.iter().filter_map(|it| {
            let value = it.value.map(|value| (value * 1000.0).round() / 1000.0);
            Some((Seconds(it.from?), value, it.calls))
        });
        values.push(Values {
            points: points.collect(),
            group: shown,
        });
    }
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.from.0));
    Preview {
        from: Seconds(from),
        until: Seconds(until),
        interval,
        unit: rule.definition.measure.unit(),
        alerts,
        values,
    }
}

/// With the intervals in which there were no calls, but for the first and the last, which are cut.
fn with_none(
    rule: &Rule,
    counted: Vec<Counted>,
    group: &str,
    interval: Interval,
    (from, until): (TimeUs, TimeUs),
) -> Vec<Counted> {
    let mut there: BTreeMap<TimeUs, Counted> = counted
        .into_iter()
        .filter_map(|counted| Some((counted.from?, counted)))
        .collect();
    // In the middle of the one that follows, however long a day is.
    let next = |at: TimeUs| {
        let within = at.plus_us(length_us(interval) / 2 * 3);
        interval.start_of(within, &rule.zone)
    };
    let mut at = next(interval.start_of(from, &rule.zone));
    while next(at) <= until {
        there.entry(at).or_insert_with(|| Counted {
            from: Some(at),
            group: group.to_owned(),
            value: Some(0.0),
            share: None,
            calls: 0,
        });
        at = next(at);
    }
    there.into_values().collect()
}

/// The stretches in which a group would have fired.
fn would_fire(
    rule: &Rule,
    counted: &[Counted],
    interval: Interval,
    group: Option<&str>,
) -> Vec<Would> {
    let for_us = i64::from(rule.definition.for_s) * SECOND_US;
    let limit = rule.definition.limit;
    let mut would: Vec<Would> = Vec::new();
    let mut open: Option<Would> = None;
    let end = |open: &mut Option<Would>, would: &mut Vec<Would>| {
        let long_enough = |it: &Would| it.until.0.since_us(it.from.0) >= for_us;
        would.extend(open.take().filter(long_enough));
    };
    for counted in counted {
        let Some(from) = counted.from else { continue };
        let bound = counted.share.and_then(|(some, of)| {
            let [low, high] = wilson(some, of)?;
            Some(match limit {
                Limit::Above(_) => low,
                Limit::Below(_) => high,
            })
        });
        let reading = rule.reading(counted.value, bound, counted.calls, None);
        let within = from.plus_us(length_us(interval) / 2 * 3);
        let until = Seconds(interval.start_of(within, &rule.zone));
        match (&mut open, reading.verdict) {
            (Some(open), Verdict::Bad | Verdict::Between) if open.until.0 == from => {
                open.until = until;
                let is_worse = match (counted.value, open.worst) {
                    (Some(value), Some(worst)) => limit.is_beyond(value, worst),
                    (value, _) => value.is_some(),
                };
                if is_worse {
                    open.worst = counted.value;
                    open.calls = counted.calls;
                }
            }
            (_, Verdict::Bad) => {
                end(&mut open, &mut would);
                open = Some(Would {
                    group: group.map(str::to_owned),
                    from: Seconds(from),
                    until,
                    worst: counted.value,
                    calls: counted.calls,
                });
            }
            _ => end(&mut open, &mut would),
        }
    }
    end(&mut open, &mut would);
    would
}
