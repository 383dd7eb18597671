//! The value of a column in a row, of the type that the column has.

use serde_json::Value;
use sidetone_core::time::TimeUs;

use super::fields::Kind;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// There is none.
    Null,
    /// Text, or JSON as text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A point in time.
    Time(TimeUs),
    /// Several words.
    Words(Vec<String>),
}

impl Cell {
    /// A value of this kind. What another system told in another type is read as the column's where
    /// that loses nothing, and is null else: a column has one type.
    pub(super) fn of(kind: Kind, value: Value) -> Self {
        let cell = match kind {
            Kind::Text => text(value).map(Self::Text),
            Kind::Integer => integer(&value).map(Self::Integer),
            Kind::Number => number(&value).map(Self::Number),
            Kind::Boolean => boolean(&value).map(Self::Boolean),
            Kind::Time => time(&value).map(Self::Time),
            Kind::Words => words(value).map(Self::Words),
            Kind::Json => (!value.is_null()).then(|| Self::Text(value.to_string())),
        };
        cell.unwrap_or(Self::Null)
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    };
    number.filter(|number: &f64| number.is_finite())
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        other => other.as_bool(),
    }
}

fn time(value: &Value) -> Option<TimeUs> {
    TimeUs::parse_rfc3339(value.as_str()?)
}

fn words(value: Value) -> Option<Vec<String>> {
    let Value::Array(words) = value else {
        return None;
    };
    Some(words.into_iter().filter_map(text).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::columns::SUMMARIES;
    use super::*;

    #[track_caller]
    fn check(name: &str, row: &Value, expected: Cell) {
        let column = SUMMARIES.iter().position(|it| it.name == name).unwrap();
        let of_value = SUMMARIES.cells(row).unwrap().swap_remove(column);
        assert_eq!(of_value, expected, "{name} of {row}");
        let text = row.to_string();
        let mut json = serde_json::Deserializer::from_str(&text);
        let of_text = SUMMARIES.cells(&mut json).unwrap().swap_remove(column);
        assert_eq!(of_text, expected, "{name} of {text}");
    }

    #[test]
    fn a_value_has_the_type_of_its_column() {
        let at = TimeUs::parse_rfc3339("2026-06-01T10:00:00.5Z").unwrap();
        check("duration", &json!({"duration": 7}), Cell::Integer(7));
        check("duration", &json!({"duration": "7"}), Cell::Integer(7));
        check("duration", &json!({"duration": 7.5}), Cell::Null);
        check("duration", &json!({"duration": null}), Cell::Null);
        check("duration", &json!({}), Cell::Null);
        check(
            "pdd_ms",
            &json!({"properties": {"pdd_ms": 0}}),
            Cell::Integer(0),
        );
        for other in [
            json!("none"),
            json!(1),
            json!(-1),
            json!(0.5),
            json!(true),
            json!(null),
            json!([{"pdd_ms": 1}]),
            json!({"other": {"pdd_ms": 1}}),
        ] {
            check("pdd_ms", &json!({"properties": other}), Cell::Null);
        }
        check(
            "call_type",
            &json!({"call_type": 1}),
            Cell::Text("1".into()),
        );
        check(
            "annotation_spam",
            &json!({"annotation": {"spam": "True"}}),
            Cell::Boolean(true),
        );
        let mos = json!({"sdk_edge": {"metrics": {"inbound": {"mos": {"avg": 4}}}}});
        check("sdk_edge_inbound_mos_avg", &mos, Cell::Number(4.0));
        let nan = json!({"from": {"location": {"lat": "NaN"}}});
        check("from_location_lat", &nan, Cell::Null);
        let time = json!({"end_time": "2026-06-01T12:00:00.5+02:00"});
        check("end_time", &time, Cell::Time(at));
        check(
            "tags",
            &json!({"tags": ["a", "b"]}),
            Cell::Words(vec!["a".into(), "b".into()]),
        );
        check("tags", &json!({"tags": []}), Cell::Words(Vec::new()));
        check(
            "sip",
            &json!({"properties": {"sip": {"a": [1]}}}),
            Cell::Text("{\"a\":[1]}".into()),
        );
    }
}
