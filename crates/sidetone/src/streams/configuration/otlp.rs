//! How a sink that takes logs by OTLP is set up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sidetone_store::delivery::Headers;

use super::members::{HIDDEN, Members, WrongMember, hidden};

/// The path of logs (OTLP specification, OTLP/HTTP Request).
const PATH: &str = "/v1/logs";
const ENDPOINT: &str = "a URL such as https://collector.example.com:4318, without a query";

/// What takes logs by OTLP/HTTP: an OpenTelemetry Collector, or what takes the same.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Otlp {
    /// Where it is, with the path of logs or without.
    pub endpoint: String,
    /// Headers of each request, such as what lets it in.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

impl Otlp {
    pub(super) fn read(text: &str) -> Result<Self, WrongMember> {
        let members = Members::read(&["endpoint", "headers"], text)?;
        let endpoint = members.url("endpoint")?;
        // The path comes behind.
        if endpoint.contains('?') {
            return Err(hidden("endpoint", ENDPOINT));
        }
        let wrong = |why: &str| {
            hidden(
                "headers",
                &format!("an object of up to 16 headers and 4096 bytes ({why})"),
            )
        };
        let mut headers = BTreeMap::new();
        if let Some(given) = members.of("headers") {
            let given = given.as_object().ok_or_else(|| wrong("it is none"))?;
            for (name, value) in given {
                let value = value.as_str().ok_or_else(|| wrong("each with a text"))?;
                headers.insert(name.clone(), value.to_owned());
            }
        }
        let otlp = Self { endpoint, headers };
        otlp.sent().map_err(|why| wrong(&why))?;
        Ok(otlp)
    }

    /// The headers as they are sent.
    ///
    /// # Errors
    /// Why one cannot be, for people.
    pub fn sent(&self) -> Result<Headers, String> {
        let headers = self.headers.clone();
        Headers::with_credentials(headers.into_iter().collect())
    }

    /// The URL that logs are sent to.
    #[must_use]
    pub fn url(&self) -> String {
        let base = self.endpoint.trim_end_matches('/');
        let base = base.strip_suffix(PATH).unwrap_or(base);
        format!("{base}{PATH}")
    }

    pub(super) fn shown(&self) -> Map<String, Value> {
        let mut shown = Map::from_iter([("endpoint".to_owned(), self.endpoint.clone().into())]);
        if !self.headers.is_empty() {
            let hide = |name: &String| (name.clone(), Value::from(HIDDEN));
            let hidden: Map<String, Value> = self.headers.keys().map(hide).collect();
            shown.insert("headers".to_owned(), hidden.into());
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(given: &Value) -> Result<Otlp, WrongMember> {
        Otlp::read(&given.to_string())
    }

    #[test]
    fn headers_are_taken_and_not_shown() {
        let given = json!({
            "endpoint": "https://a.example:4318/",
            "headers": {"Authorization": "Bearer s3cret", "x-scope": "s3cret"},
        });
        let otlp = read(&given).ok().unwrap();
        let expected = json!({
            "endpoint": "https://a.example:4318/",
            "headers": {"Authorization": "***", "x-scope": "***"},
        });
        assert_eq!(Value::Object(otlp.shown()), expected);
        let sent = otlp.sent().unwrap();
        let sent: Vec<_> = sent.iter().collect();
        assert_eq!(
            sent,
            [("authorization", "Bearer s3cret"), ("x-scope", "s3cret")]
        );
    }

    #[test]
    fn the_path_of_logs_may_be_there_or_not() {
        for (endpoint, url) in [
            ("https://a.example:4318", "https://a.example:4318/v1/logs"),
            ("https://a.example/otlp/", "https://a.example/otlp/v1/logs"),
            ("https://a.example/v1/logs", "https://a.example/v1/logs"),
        ] {
            let otlp = read(&json!({ "endpoint": endpoint })).ok().unwrap();
            assert_eq!(otlp.url(), url);
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_not_repeated() {
        let of = |headers: Value| json!({"endpoint": "https://a.example", "headers": headers});
        for (given, member, expected) in [
            (json!({}), "endpoint", "a URL"),
            (
                json!({"endpoint": "https://a.example?k=s3cret"}),
                "endpoint",
                ENDPOINT,
            ),
            (of(json!(["s3cret"])), "headers", "(it is none)"),
            (of(json!({"a": 5})), "headers", "(each with a text)"),
            (
                of(json!({"a": "s3\ncret"})),
                "headers",
                "must be printable ASCII",
            ),
            (
                of(json!({"content-type": "s3cret"})),
                "headers",
                "'content-type' cannot be set",
            ),
            (
                of(json!({"a": "s3cret", "A": "s3cret"})),
                "headers",
                "'a' is there twice",
            ),
        ] {
            let wrong = read(&given).err().unwrap();
            assert_eq!(wrong.member, member, "{given}");
            assert!(wrong.expected.contains(expected), "{}", wrong.expected);
            let told = format!("{wrong:?}");
            assert!(!told.contains("cret"), "{told}");
        }
    }
}
