//! The document of the API against what is served.

use std::collections::BTreeSet;

use serde_json::Value;

use super::parameters;
use crate::api::{events_v1, oidc, operations, session, v1, v2, v2010};
use crate::ingest;
use crate::program;

fn document() -> Value {
    serde_json::from_str(include_str!("../api/openapi.json")).unwrap()
}

/// Paths, however their parameters are called and whether they end in `.json` or not.
fn alike(path: &str) -> String {
    let parts = path.trim_end_matches(".json").split('/');
    let parts: Vec<&str> = parts
        .map(|part| if part.starts_with('{') { "{}" } else { part })
        .collect();
    parts.join("/")
}

#[test]
fn the_document_has_every_route_and_no_other() {
    let routes = operations::routes()
        .merge(session::routes())
        .merge(oidc::routes())
        .merge(v1::routes())
        .merge(events_v1::routes())
        .merge(v2::routes())
        .merge(v2010::routes())
        .merge(ingest::routes());
    // A router lists its paths nowhere else.
    let shown = format!("{routes:?}");
    let served: BTreeSet<String> = shown
        .split('"')
        .filter(|text| text.starts_with('/') && !text.contains("__private"))
        .map(alike)
        .collect();
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let told: BTreeSet<String> = paths.keys().map(|path| alike(path)).collect();
    assert_eq!(served, told);
}

#[test]
fn the_document_has_the_parameters_that_are_read() {
    let document = document();
    let resolve = |value: &Value| match value["$ref"].as_str() {
        Some(place) => document.pointer(&place[1..]).unwrap().clone(),
        None => value.clone(),
    };
    for (path, methods) in document["paths"].as_object().unwrap() {
        let Some(known) = parameters::of(path) else {
            continue;
        };
        let mut told = BTreeSet::new();
        for operation in methods.as_object().unwrap().values() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let parameter = resolve(parameter);
                if parameter["in"] == "query" {
                    told.insert(parameter["name"].as_str().unwrap().to_owned());
                }
            }
            let form = "/requestBody/content/application~1x-www-form-urlencoded/schema";
            if let Some(form) = operation.pointer(form) {
                let form = resolve(form);
                told.extend(form["properties"].as_object().unwrap().keys().cloned());
            }
            // Of JSON, only reports say what is unknown in it.
            let json = "/requestBody/content/application~1json/schema";
            if let Some(json) = operation
                .pointer(json)
                .filter(|_| path.contains("/Reports"))
            {
                members(&resolve(json), &mut told);
            }
        }
        let known: BTreeSet<String> = known
            .iter()
            .flat_map(|names| names.iter().map(|name| (*name).to_owned()))
            .collect();
        assert_eq!(told, known, "{path}");
    }
}

/// The members of a schema, at any depth.
fn members(schema: &Value, told: &mut BTreeSet<String>) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        told.insert(name.clone());
        members(member, told);
    }
    if schema["items"].is_object() {
        members(&schema["items"], told);
    }
}

#[test]
fn the_document_is_of_this_version() {
    assert_eq!(document()["info"]["version"], program::VERSION);
}
