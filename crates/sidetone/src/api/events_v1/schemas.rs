//! `/v1/Schemas`: what the data of events looks like, as JSON Schema.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::listing::{PAGE_SIZE, part};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::operations::OPENAPI;
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::api::v1::render::Seconds;
use crate::app::App;
use crate::streams::event_type::Schema;
use crate::web::base_url::BaseUrl;
use crate::web::form::quoted;
use crate::web::json::Json;

/// Where the API's document has its schemas.
const COMPONENTS: &str = "#/components/schemas/";

#[derive(Serialize)]
struct Item {
    id: Schema,
    url: String,
    latest_version: u32,
    latest_version_date_created: Seconds,
    links: Links,
}

#[derive(Serialize)]
struct Links {
    versions: String,
}

#[derive(Serialize)]
struct Version {
    id: Schema,
    schema_version: u32,
    date_created: Seconds,
    url: String,
    /// Where the schema itself is.
    raw: String,
}

impl Version {
    fn of(id: Schema, schema_version: u32, base: &BaseUrl) -> Self {
        let url = format!("{}/v1/Schemas/{id}/Versions/{schema_version}", base.0);
        Self {
            id,
            schema_version,
            date_created: Seconds(id.published()),
            raw: format!("{url}/Raw"),
            url,
        }
    }
}

/// Answers with a schema.
///
/// # Errors
/// When there is no such schema.
pub async fn fetch(
    _caller: Caller,
    base: BaseUrl,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let id = schema(&id)?;
    let url = format!("{}/v1/Schemas/{id}", base.0);
    let item = Item {
        id,
        latest_version: id.latest(),
        latest_version_date_created: Seconds(id.published()),
        links: Links {
            versions: format!("{url}/Versions"),
        },
        url,
    };
    Ok(Json(item).into_response())
}

/// Answers with a page of the versions of a schema, from the first on.
///
/// # Errors
/// When the page is malformed, or there is no such schema.
pub async fn versions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let id = schema(&id)?;
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let now = query.now(app.clock.now());
    let all: Vec<u32> = (1..=id.latest()).collect();
    let page = part(all, &query.request(), |it| i64::from(*it));
    let meta = list.meta("schema_versions", &query, &page, now);
    let rows = page.rows.into_iter();
    let rows = rows.map(|it| Version::of(id, it, &request.base));
    let rows = rows.collect();
    Ok(Json(Envelope { meta, rows }).into_response())
}

/// Answers with a version of a schema.
///
/// # Errors
/// When there is no such schema or version.
pub async fn version(
    _caller: Caller,
    base: BaseUrl,
    Path((id, version)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let (id, version) = known(&id, &version)?;
    Ok(Json(Version::of(id, version, &base)).into_response())
}

/// Answers with the schema itself, whoever asks: it says no more than the API's document.
///
/// # Errors
/// When there is no such schema or version.
pub async fn raw(Path((id, version)): Path<(String, String)>) -> Result<Json<Value>, ApiError> {
    let (id, version) = known(&id, &version)?;
    let document = serde_json::from_str(OPENAPI).map_err(|error| {
        tracing::error!(%error, "the document of the API is no JSON");
        ApiError::internal()
    })?;
    Ok(Json(json_schema(&document, id, version)))
}

fn schema(id: &str) -> Result<Schema, ApiError> {
    let unknown = |_| ApiError::not_found(format_args!("/v1/Schemas/{}", quoted(id)));
    id.parse().map_err(unknown)
}

fn known(id: &str, version: &str) -> Result<(Schema, u32), ApiError> {
    let id = schema(id)?;
    let number: Option<u32> = version.parse().ok();
    let number = number.filter(|number| (1..=id.latest()).contains(number));
    let unknown = || {
        let version = quoted(version);
        ApiError::not_found(format_args!("/v1/Schemas/{id}/Versions/{version}"))
    };
    Ok((id, number.ok_or_else(unknown)?))
}

/// What the API's document says of the resource that events have for data, as JSON Schema (draft
/// 2020-12). In version 1 of a summary, texts that are not known may be empty instead of null.
fn json_schema(document: &Value, schema: Schema, version: u32) -> Value {
    let component = match schema {
        Schema::CallSummary => "CallSummary",
        Schema::CallEvent => "Event",
        Schema::CallMetric => "Metric",
        Schema::Alert => "Alert",
    };
    let may_be_empty = schema == Schema::CallSummary && version == 1;
    let mut definitions = Map::new();
    let mut wanted = BTreeSet::from([component.to_owned()]);
    while let Some(name) = wanted.pop_first() {
        let found = &document["components"]["schemas"][&name];
        let translated = translated(found, may_be_empty, &mut wanted);
        definitions.insert(name, translated);
        wanted.retain(|name| !definitions.contains_key(name));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema.url(version),
        "title": schema,
        "$ref": format!("#/$defs/{component}"),
        "$defs": definitions,
    })
}

/// A schema of `OpenAPI` 3.0 in the words of JSON Schema: `nullable` becomes a type, references lead
/// to `$defs`, and what they name is `wanted`.
fn translated(schema: &Value, may_be_empty: bool, wanted: &mut BTreeSet<String>) -> Value {
    let mut each = |inner: &Value| translated(inner, may_be_empty, wanted);
    let members = match schema {
        Value::Array(items) => return items.iter().map(each).collect(),
        Value::Object(members) => members,
        other => return other.clone(),
    };
    let mut translated: Map<String, Value> = members
        .iter()
        .filter(|(name, inner)| *name != "nullable" || !inner.is_boolean())
        .map(|(name, inner)| (name.clone(), each(inner)))
        .collect();
    if let Some(Value::String(place)) = translated.get_mut("$ref")
        && let Some(name) = place.strip_prefix(COMPONENTS)
    {
        wanted.insert(name.to_owned());
        *place = format!("#/$defs/{name}");
    }
    if members.get("nullable") != Some(&Value::Bool(true)) {
        return Value::Object(translated);
    }
    let or = |other: Value| json!({"anyOf": [translated, other]});
    match members.get("type").and_then(Value::as_str) {
        Some("string") if may_be_empty => or(json!({"enum": ["", null]})),
        Some(_) | None => or(json!({"type": "null"})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_whole() {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        for schema in Schema::ALL {
            for version in 1..=schema.latest() {
                let raw = json_schema(&document, *schema, version);
                let text = raw.to_string();
                assert!(
                    !text.contains("nullable") && !text.contains(COMPONENTS),
                    "{text}"
                );
                for reference in text.split("\"#/$defs/").skip(1) {
                    let name = reference.split('"').next().unwrap();
                    assert!(raw["$defs"][name].is_object(), "{name}");
                }
            }
        }
    }

    #[test]
    fn null_is_a_type() {
        let document = json!({"components": {"schemas": {
            "CallSummary": {
                "type": "object",
                "properties": {
                    "nullable": {"type": "string"},
                    "to": {"nullable": true, "allOf": [{"$ref": "#/components/schemas/Party"}]},
                    "state": {"type": "string", "nullable": true, "enum": ["busy", null]},
                    "end": {"type": "integer", "nullable": false},
                },
            },
            "Party": {"type": "object", "properties": {"in": {"$ref": "#/components/schemas/Party"}}},
            "Other": {},
        }}});
        let expected = |state_or: Value| {
            json!({
                "CallSummary": {
                    "type": "object",
                    "properties": {
                        "nullable": {"type": "string"},
                        "to": {"anyOf": [{"allOf": [{"$ref": "#/$defs/Party"}]}, {"type": "null"}]},
                        "state": {"anyOf": [{"type": "string", "enum": ["busy", null]}, state_or]},
                        "end": {"type": "integer"},
                    },
                },
                "Party": {"type": "object", "properties": {"in": {"$ref": "#/$defs/Party"}}},
            })
        };
        let of = |version| json_schema(&document, Schema::CallSummary, version);
        assert_eq!(of(2)["$defs"], expected(json!({"type": "null"})));
        assert_eq!(of(1)["$defs"], expected(json!({"enum": ["", null]})));
        assert_eq!(
            of(2)["$id"],
            "https://events-schemas.twilio.com/VoiceInsights.CallSummary/2"
        );
    }
}
