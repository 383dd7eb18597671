//! `GET /v1/Voice/Statistics/Agreement`: whether machines and people agree, and which of several variants was answered more.
//!
//! All of it is counted as statistics are: by two things at once.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use sidetone_core::annotation::AnsweredByHeard;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::statistics::Measure;
use sidetone_core::statistics::share::wilson;
use sidetone_core::vocabulary::{AnsweredBy, Tag};
use sidetone_store::facets::Facet;
use sidetone_store::statistics::column::{Column, Own};
use sidetone_store::statistics::tally::Tally;
use sidetone_store::statistics::{GroupValue, Statistics, StatisticsQuery};

use super::count;
use super::query::limit;
use super::render::{bounds, rounded, scores};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::page::FilterRequest;
use crate::api::v1::selection::select;
use crate::app::App;
use crate::web::form::{Invalid, Params};
use crate::web::json::Json;

/// The parameters beside the filters.
pub const NAMES: &[&str] = &["Variant", "Limit"];

/// Answers with how far people and machines agree about calls, which are chosen as in the list of summaries.
///
/// # Errors
/// When a parameter is malformed, or the account addressed is not the caller's.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    FilterRequest(request): FilterRequest,
) -> Result<Response, ApiError> {
    let selection = select(&app, &caller, &request.params, app.clock.now())?;
    let (name, variant) = variant(&request.params).map_err(ApiError::invalid_query)?;
    let groups_max = limit(&request.params).map_err(ApiError::invalid_query)?;
    // All groups there are, unless it says otherwise.
    let query = |group_by: &[Column], measures: &[Measure]| StatisticsQuery {
        advanced_only: app.config.gate_advanced_features,
        group_by: group_by.to_vec(),
        measures: measures.to_vec(),
        ..StatisticsQuery::of(selection.filter.clone())
    };
    let detected = [
        Column::Facet(Facet::AnsweredBy),
        Column::Facet(Facet::Heard),
    ];
    let by_both = query(&detected, &[]);
    let by_tag = query(&[Column::Facet(Facet::Tags)], &[Measure::CallScore]);
    // One is that of the calls of which nobody has said anything.
    let by_variant = StatisticsQuery {
        groups_max: groups_max.saturating_add(1),
        ..query(&[variant], &[Measure::AnswerSeizureRatio])
    };
    let told = count(&app, &[by_both, by_tag, by_variant]).await?;
    let [detected, tagged, varied] = &told[..] else {
        return Err(ApiError::internal());
    };
    let share = app.bounds.page(1).await?;
    let url = format!("{}{}", request.base.0, request.uri);
    let body = json!({
        "meta": meta(&selection.filter, detected, name, &url),
        "agreement": {
            "answered_by": answered_by(detected),
            "tags": tags(tagged),
            "variants": variants(varied, groups_max),
        },
    });
    Ok(Json(body).holding(share))
}

fn meta(filter: &SummaryFilter, told: &Statistics, variant: &str, url: &str) -> Value {
    let [start_time, end_time] = bounds(filter);
    json!({
        "start_time": start_time,
        "end_time": end_time,
        "calls": told.calls,
        "variant": variant,
        "confidence": 0.95,
        "url": url,
        "key": "agreement",
    })
}

/// What the variants of a trial are told by: people or programs write it into the annotation.
fn variant(params: &Params) -> Result<(&'static str, Column), Invalid> {
    let Some(value) = params.filled("Variant") else {
        return Ok(("Comment", Column::Own(Own::Comment)));
    };
    match value.text {
        "Comment" => Ok(("Comment", Column::Own(Own::Comment))),
        "Incident" => Ok(("Incident", Column::Own(Own::Incident))),
        _ => Err(value.invalid("Comment or Incident")),
    }
}

/// Who answered, by the machine and by people. People know of humans and machines only: there a fax is
/// a machine, and what detection could not tell is found by nobody.
fn answered_by(told: &Statistics) -> Value {
    let mut matrix = Vec::new();
    // By class of the machine (human, machine, neither), and of people.
    let mut counts = [[0_u64; 2]; 3];
    for row in &told.rows {
        let [detected, heard] = &row.group[..] else {
            continue;
        };
        let detected = word(AnsweredBy::ALL, detected);
        let heard = match word(AnsweredByHeard::ALL, heard) {
            Some(AnsweredByHeard::Human) => 0,
            Some(AnsweredByHeard::Machine) => 1,
            Some(AnsweredByHeard::Unknown) | None => continue,
        };
        match detected {
            Some(AnsweredBy::Human) => counts[0][heard] += row.tally.calls,
            Some(AnsweredBy::Unknown) => counts[2][heard] += row.tally.calls,
            Some(_) => counts[1][heard] += row.tally.calls,
            // Where nobody tried there is nothing to agree with.
            None => {}
        }
        matrix.push(json!({
            "answered_by": detected.map(AnsweredBy::as_str),
            "annotated": CLASSES[heard],
            "calls": row.tally.calls,
        }));
    }
    let classes: Vec<Value> = (0..2).map(|class| of_class(&counts, class)).collect();
    let calls: u64 = counts.iter().flatten().sum();
    let agreed = counts[0][0] + counts[1][1];
    json!({
        "calls": calls,
        "agreed": percent(agreed, calls),
        "matrix": matrix,
        "classes": classes,
    })
}

const CLASSES: [&str; 2] = ["human", "machine"];

fn of_class(counts: &[[u64; 2]; 3], class: usize) -> Value {
    let agreed = counts[class][class];
    let detected: u64 = counts[class].iter().sum();
    let annotated: u64 = counts.iter().map(|by_people| by_people[class]).sum();
    json!({
        "class": CLASSES[class],
        "detected": detected,
        "annotated": annotated,
        "agreed": agreed,
        "precision": percent(agreed, detected),
        "recall": percent(agreed, annotated),
    })
}

/// The scores that people gave to calls of each tag, and to those without one.
fn tags(told: &Statistics) -> Vec<Value> {
    let scored = told
        .rows
        .iter()
        .filter(|row| row.tally.mean_score().is_some());
    let tag = scored.map(|row| {
        let tag = row.group.first().and_then(|tag| word(Tag::ALL, tag));
        json!({
            "tag": tag.map(Tag::as_str),
            "calls": row.tally.calls,
            "call_score": scores(&row.tally),
        })
    });
    tag.collect()
}

/// How often the calls of each variant were answered, and between which bounds that is surely so.
fn variants(told: &Statistics, variants_max: usize) -> Vec<Value> {
    let named = told.rows.iter().filter_map(|row| match row.group.first()? {
        GroupValue::Text(text) => Some((text, &row.tally)),
        GroupValue::Unknown | GroupValue::Number(_) => None,
    });
    let named = named.take(variants_max);
    let variant = named.map(|(text, tally): (&String, &Tally)| {
        let (answered, seizures) = (tally.answered(), tally.seizures());
        json!({
            "variant": text,
            "calls": tally.calls,
            "seizures": seizures,
            "answered": answered,
            "answer_seizure_ratio": tally.answer_seizure_ratio().map(rounded),
            "confidence_interval": wilson(answered, seizures).map(|bounds| bounds.map(rounded)),
        })
    });
    variant.collect()
}

/// The word of a closed set that a group is of.
fn word<T: Copy>(all: &[T], value: &GroupValue) -> Option<T> {
    let GroupValue::Number(place) = value else {
        return None;
    };
    all.get(usize::try_from(*place).ok()?).copied()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn percent(some: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| rounded(some as f64 * 100.0 / of as f64))
}
