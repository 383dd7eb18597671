//! What a report is asked for with: JSON in the body.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde::Serialize;
use serde_json::Value as Json;
use sidetone_core::filter::{ProcessingFilter, SummaryFilter};
use sidetone_core::id::AccountSid;
use sidetone_core::time::{DAY_US, SECOND_US, TimeUs};
use sidetone_core::vocabulary::{CallDirection, Tag};

use crate::api::error::ApiError;
use crate::api::hint::Hints;
use crate::api::v1::filter::time::point;
use crate::api::v1::filter::{call_state, country};
use crate::api::words::Words;
use crate::app::App;
use crate::web::body;
use crate::web::form::{Invalid, Params, Value, quoted};

/// The members of the body, at any depth.
pub const NAMES: &[&str] = &[
    "time_range",
    "start_datetime",
    "end_datetime",
    "filters",
    "key",
    "values",
    "size",
];
/// What reports are narrowed by.
const KEYS: [&str; 7] = [
    "call_state",
    "call_direction",
    "call_type",
    "twilio_regions",
    "caller_country_code",
    "callee_country_code",
    "silent",
];

/// No valid body is longer.
const BODY_MAX_BYTES: usize = 64 * 1024;
/// Values of one filter.
const VALUES_MAX: usize = 100;
/// Characters of the name of a region.
const REGION_MAX_CHARS: usize = 64;
/// Numbers that a report tells of when it is not said, and at most.
const SIZE: usize = 1000;
const SIZE_MAX: usize = 6000;
/// The time when it is not said: so long until now.
const TIME_US: i64 = 7 * DAY_US;

/// Calls that came in: to the customer's numbers, or to his trunk.
pub(super) const INBOUND: [CallDirection; 2] =
    [CallDirection::Inbound, CallDirection::TrunkingTerminating];
/// Calls that went out.
pub(super) const OUTBOUND: [CallDirection; 3] = [
    CallDirection::OutboundApi,
    CallDirection::OutboundDial,
    CallDirection::TrunkingOriginating,
];

/// The body, as JSON. None at all is an object without members.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportBody(Json);

impl FromRequest<App> for ReportBody {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, _: &App) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let body = body::read(body, BODY_MAX_BYTES).await?;
        if body.is_empty() {
            return Ok(Self(Json::Null));
        }
        expect_json(&parts.headers)?;
        let body = serde_json::from_slice(&body).map_err(|error| {
            ApiError::bad_request(format!("Invalid body. Expected JSON ({error})."))
        })?;
        let mut members = Params::default();
        note_members(&body, &mut members);
        Hints::note_unknown(&parts.extensions, &members);
        Ok(Self(body))
    }
}

fn expect_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(kind) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let name = kind.as_bytes().split(|byte| *byte == b';').next();
    let is_json = name.is_some_and(|name| {
        let name = name.trim_ascii().to_ascii_lowercase();
        name == b"application/json" || name.ends_with(b"+json")
    });
    if is_json {
        return Ok(());
    }
    let kind = quoted(&String::from_utf8_lossy(kind.as_bytes()));
    Err(ApiError::bad_request(format!(
        "Invalid Content-Type '{kind}'. Expected application/json."
    )))
}

/// The names of members, at any depth.
fn note_members(json: &Json, members: &mut Params) {
    match json {
        Json::Object(object) => {
            for (name, value) in object {
                members.push(name, "");
                note_members(value, members);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| note_members(item, members)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// What is asked for, in our terms.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportRequest {
    /// Which calls, beside the time.
    pub filter: SummaryFilter,
    /// Only calls that started before.
    pub before: TimeUs,
    /// Only calls with an edge in one of these regions; empty: all.
    pub regions: Vec<String>,
    /// So many numbers at most.
    pub size: usize,
    /// The same, to be told again.
    pub meta: RequestMeta,
}

/// What was asked for, as it is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RequestMeta {
    start_datetime: String,
    end_datetime: String,
    filters: Vec<FilterMeta>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct FilterMeta {
    key: String,
    values: Vec<String>,
}

impl ReportRequest {
    /// Reads what a report of an account is asked for with. A member that is null is as if it were
    /// not there: that is how libraries send it.
    ///
    /// # Errors
    /// When a member is malformed.
    pub fn read(body: &ReportBody, account: AccountSid, now: TimeUs) -> Result<Self, Invalid> {
        let body = Field::new("body", &body.0);
        let size = body.member("size", OBJECT)?;
        let (from, before) = time_range(&body, now)?;
        let mut asked = Self {
            filter: SummaryFilter {
                started_from: from,
                started_before: before,
                processing: ProcessingFilter::Completed,
                ..SummaryFilter::all(account)
            },
            before,
            regions: Vec::new(),
            size: size.map_or(Ok(SIZE), |size| size.integer(1, SIZE_MAX))?,
            meta: RequestMeta {
                start_datetime: from.to_string(),
                end_datetime: before.to_string(),
                filters: Vec::new(),
            },
        };
        if let Some(filters) = body.member("filters", OBJECT)? {
            for filter in filters.items("an array of objects with key and values")? {
                asked.narrow(&filter)?;
            }
        }
        Ok(asked)
    }

    fn narrow(&mut self, filter: &Field<'_>) -> Result<(), Invalid> {
        let expected = "an object with key and values";
        let keys = || format!("one of {}", KEYS.join(", "));
        let field = filter.member("key", expected)?;
        let field = field.ok_or_else(|| Invalid::missing(&filter.within("key"), keys()))?;
        let key = field.text(&keys())?;
        if !KEYS.contains(&key) {
            return Err(field.invalid(keys()));
        }
        if self.meta.filters.iter().any(|filter| filter.key == key) {
            return Err(field.invalid("each key once"));
        }
        let expected_values = format_args!("an array of 1 to {VALUES_MAX} texts").to_string();
        let values = filter.member("values", expected)?;
        let missing = || Invalid::missing(&filter.within("values"), &expected_values);
        let values = values.ok_or_else(missing)?;
        let items = values.items(&expected_values)?;
        if items.is_empty() || items.len() > VALUES_MAX {
            return Err(values.invalid(&expected_values));
        }
        let mut told = Vec::with_capacity(items.len());
        let mut silent = [false; 2];
        for item in &items {
            let text = item.text("a text")?;
            let value = Value {
                name: &item.name,
                text: text.trim(),
            };
            let filter = &mut self.filter;
            match key {
                "call_state" => filter.call_state.push(call_state(value)?),
                "call_direction" => filter.direction.extend(directions(value)?),
                "call_type" => filter.call_type.push(value.word()?),
                "twilio_regions" => self.regions.push(region(value)?),
                "caller_country_code" => filter.from_country.push(country(value)?),
                "callee_country_code" => filter.to_country.push(country(value)?),
                _ => silent[usize::from(value.boolean()?)] = true,
            }
            told.push(text.to_owned());
        }
        match silent {
            [false, true] => self.filter.tag = vec![Tag::Silence],
            [true, false] => self.filter.unwanted.push(SummaryFilter {
                tag: vec![Tag::Silence],
                ..SummaryFilter::all(self.filter.account)
            }),
            // Both are all there are.
            [false, false] | [true, true] => {}
        }
        self.meta.filters.push(FilterMeta {
            key: key.to_owned(),
            values: told,
        });
        Ok(())
    }
}

const OBJECT: &str = "an object with time_range, filters and size, each optional";

fn time_range(body: &Field<'_>, now: TimeUs) -> Result<(TimeUs, TimeUs), Invalid> {
    let range = body.member("time_range", OBJECT)?;
    let member = |name| match &range {
        Some(range) => range.member(name, "an object with start_datetime and end_datetime"),
        None => Ok(None),
    };
    let time = |field: &Field<'_>| {
        let expected = "an ISO 8601 time (2026-06-01T00:00:00Z)";
        point(field.text(expected)?.trim()).ok_or_else(|| field.invalid(expected))
    };
    let (start, end) = (member("start_datetime")?, member("end_datetime")?);
    let this_second = TimeUs::from_micros(now.micros().div_euclid(SECOND_US) * SECOND_US);
    let before = end.as_ref().map(time).transpose()?.unwrap_or(this_second);
    let from = start.as_ref().map(time).transpose()?;
    let from = from.unwrap_or_else(|| before.plus_us(-TIME_US));
    if from < before {
        return Ok((from, before));
    }
    Err(match (&start, &end) {
        (_, Some(end)) => end.invalid(format_args!("a time after start_datetime, {from}")),
        (Some(start), None) => start.invalid(format_args!("a time before end_datetime, {before}")),
        // Where times begin, nothing is before.
        (None, None) => Invalid::missing("time_range", "a time to report on"),
    })
}

/// One direction, or the ways in or out together, as reports count them.
fn directions(value: Value<'_>) -> Result<Vec<CallDirection>, Invalid> {
    match value.text {
        "inbound" => Ok(INBOUND.to_vec()),
        "outbound" => Ok(OUTBOUND.to_vec()),
        text => text.parse().map(|one| vec![one]).map_err(|_| {
            value.invalid(format_args!(
                "one of outbound, {}",
                CallDirection::WORDS.join(", ")
            ))
        }),
    }
}

fn region(value: Value<'_>) -> Result<String, Invalid> {
    if value.text.is_empty() {
        return Err(value.invalid("the name of a region (us1)"));
    }
    value.text_up_to(REGION_MAX_CHARS)
}

/// A value in the body, with where it stands.
struct Field<'a> {
    name: String,
    json: &'a Json,
}

impl<'a> Field<'a> {
    fn new(name: impl Into<String>, json: &'a Json) -> Self {
        let name = name.into();
        Self { name, json }
    }

    fn within(&self, member: &str) -> String {
        if self.name == "body" {
            member.to_owned()
        } else {
            format!("{}.{member}", self.name)
        }
    }

    fn invalid(&self, expected: impl std::fmt::Display) -> Invalid {
        match self.json {
            Json::String(text) => Invalid::new(&self.name, text, expected),
            json => Invalid::new(&self.name, &json.to_string(), expected),
        }
    }

    /// A member of an object. `None`: it is not there, or null.
    fn member(&self, name: &str, expected: &str) -> Result<Option<Self>, Invalid> {
        let member = match self.json {
            Json::Null => None,
            Json::Object(object) => object.get(name),
            _ => return Err(self.invalid(expected)),
        };
        let member = member.filter(|json| !json.is_null());
        Ok(member.map(|json| Self::new(self.within(name), json)))
    }

    fn items(&self, expected: &str) -> Result<Vec<Self>, Invalid> {
        let items = self.json.as_array().ok_or_else(|| self.invalid(expected))?;
        let item = |(nth, json)| Self::new(format!("{}[{nth}]", self.name), json);
        Ok(items.iter().enumerate().map(item).collect())
    }

    fn text(&self, expected: &str) -> Result<&'a str, Invalid> {
        self.json.as_str().ok_or_else(|| self.invalid(expected))
    }

    fn integer(&self, least: usize, most: usize) -> Result<usize, Invalid> {
        let number = self.json.as_u64().and_then(|it| usize::try_from(it).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| self.invalid(format_args!("an integer from {least} to {most}")))
    }
}

#[cfg(test)]
mod tests;
