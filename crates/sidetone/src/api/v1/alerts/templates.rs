//! `GET /v1/Voice/Alerts/Templates`: rules to begin with.

use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::web::json::Json;

/// A rule to begin with: what it is for, and the parameters that make it.
struct Template {
    name: &'static str,
    description: &'static str,
    parameters: &'static [(&'static str, &'static str)],
}

const TEMPLATES: &[Template] = &[
    Template {
        name: "Silence on a route",
        description: "More than one of twenty answered calls to a carrier has a side from which no audio came.",
        parameters: &[
            ("Measure", "share"),
            ("Filters", "Tag=silence"),
            ("Among", "CallState=completed"),
            ("GroupBy", "Carrier"),
            ("Window", "30m"),
            ("Above", "5"),
            ("Release", "2"),
            ("Severity", "error"),
        ],
    },
    Template {
        name: "Slow to ring",
        description: "Of twenty calls to a country, one takes longer than six seconds to ring.",
        parameters: &[
            ("Measure", "pdd.p95"),
            ("GroupBy", "Country"),
            ("Window", "30m"),
            ("Above", "6000"),
            ("Release", "4500"),
            ("For", "5m"),
        ],
    },
    Template {
        name: "Fewer answers by a carrier",
        description: "A carrier's calls are answered a third less often than at this time of the last four weeks.",
        parameters: &[
            ("Measure", "answer_seizure_ratio"),
            ("GroupBy", "Carrier"),
            ("Window", "1h"),
            ("CompareWeeks", "4"),
            ("Below", "-33"),
            ("Release", "-20"),
            ("MinCalls", "50"),
            ("Severity", "error"),
        ],
    },
    Template {
        name: "A number is called spam",
        description: "People judged several calls from one of our numbers to be taken for spam.",
        parameters: &[
            ("Measure", "calls"),
            ("Filters", "SpamAnnotation=true"),
            ("GroupBy", "From"),
            ("Window", "24h"),
            ("Above", "2"),
        ],
    },
    Template {
        name: "Low scores of an agent",
        description: "The calls of an agent are scored below three of five on average.",
        parameters: &[
            ("Measure", "call_score"),
            ("GroupBy", "Agent"),
            ("Window", "24h"),
            ("Below", "3"),
            ("Release", "3.5"),
            ("MinCalls", "5"),
        ],
    },
    Template {
        name: "Answering machine detection is wrong",
        description: "Of the calls that were detected as a human's, people say of more than one in ten that it was a machine.",
        parameters: &[
            ("Measure", "share"),
            ("Filters", "AnsweredBy=human&AnsweredByAnnotation=machine"),
            (
                "Among",
                "AnsweredBy=human&AnsweredByAnnotation=human,machine",
            ),
            ("Window", "24h"),
            ("Above", "10"),
            ("MinCalls", "20"),
        ],
    },
    Template {
        name: "No calls",
        description: "For a quarter of an hour no call has ended.",
        parameters: &[
            ("Measure", "calls"),
            ("Window", "15m"),
            ("Below", "1"),
            ("For", "1m"),
        ],
    },
    Template {
        name: "A source is silent",
        description: "An agent that sends HEP has sent nothing for five minutes.",
        parameters: &[
            ("Measure", "source_silence"),
            ("Above", "300"),
            ("Severity", "error"),
        ],
    },
    Template {
        name: "Deliveries die",
        description: "Webhooks or events of streams were given up.",
        parameters: &[("Measure", "dead_letters"), ("Above", "0")],
    },
    Template {
        name: "The disk fills up",
        description: "At this rate the disk of the data is full within three days.",
        parameters: &[
            ("Measure", "disk_full_in"),
            ("Below", "72"),
            ("Release", "96"),
            ("Severity", "critical"),
        ],
    },
];

#[derive(Serialize)]
struct List {
    templates: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    name: &'static str,
    description: &'static str,
    parameters: Map<String, Value>,
}

/// Answers with rules to begin with.
pub async fn read() -> Response {
    let item = |template: &Template| Item {
        name: template.name,
        description: template.description,
        parameters: template
            .parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect(),
    };
    let templates = TEMPLATES.iter().map(item).collect();
    Json(List { templates }).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::alerts::{definition, rules};

    #[test]
    fn templates_are_made_of_parameters_that_there_are() {
        for template in TEMPLATES {
            for (name, _) in template.parameters {
                let known = definition::NAMES.iter().chain(rules::NAMES);
                assert!(
                    known.copied().any(|it| it == *name),
                    "{}: {name}",
                    template.name
                );
            }
        }
    }
}
