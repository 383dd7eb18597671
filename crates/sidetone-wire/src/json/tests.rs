use proptest::prelude::*;
use serde_json::json;

use super::*;

#[track_caller]
fn check(text: impl AsRef<[u8]>, expected: Value, noted: &[Repair]) {
    let text = text.as_ref();
    let shown = String::from_utf8_lossy(text);
    let (object, repairs) = object(text).unwrap_or_else(|error| panic!("{error}: {shown}"));
    assert_eq!(Value::Object(object), expected, "{shown}");
    let all: Vec<_> = repairs.iter().collect();
    assert_eq!(all, noted, "{shown}");
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>) {
    let text = text.as_ref();
    let shown = String::from_utf8_lossy(text);
    assert!(object(text).is_err(), "{shown}");
}

#[test]
fn what_stands_around_the_text_goes() {
    let one = json!({"a": 1});
    check("{\"a\":1}\0", one.clone(), &[Repair::NulAfterEnd]);
    check("{\"a\":1}\n\0\0 \0", one.clone(), &[Repair::NulAfterEnd]);
    check("{\"a\":1}, \"b\":2}", one.clone(), &[Repair::TextAfterEnd]);
    check(
        "{\"a\":1}\0\0\"b\":2}",
        one.clone(),
        &[Repair::TextAfterEnd],
    );
    check("{\"a\":1}{\"a\":2}", one.clone(), &[Repair::TextAfterEnd]);
    check("\u{feff} {\"a\":1}", one.clone(), &[Repair::ByteOrderMark]);
    check(" \r\n{\"a\":1}\r\n", one, &[]);
}

#[test]
fn commas_and_missing_values() {
    let comma = &[Repair::Comma];
    check(r#"{"a":1,}"#, json!({"a": 1}), comma);
    check(
        r#"{"a":[1,2,],"b":{"c":3,},}"#,
        json!({"a": [1, 2], "b": {"c": 3}}),
        comma,
    );
    check(r#"{"a":1,,"b":2}"#, json!({"a": 1, "b": 2}), comma);
    check(r#"{,"a":1}"#, json!({"a": 1}), comma);
    check(
        r#"{"a":[{"b":1}{"b":2}]}"#,
        json!({"a": [{"b": 1}, {"b": 2}]}),
        comma,
    );
    check(r#"{"a":1 "b":2}"#, json!({"a": 1, "b": 2}), comma);
    // Items keep their places.
    check(r#"{"a":[1,,3]}"#, json!({"a": [1, null, 3]}), comma);
    check(
        r#"{"a":,"b":}"#,
        json!({"a": null, "b": null}),
        &[Repair::MissingValue],
    );
    check(r#"{"a":"x",}"#, json!({"a": "x"}), comma);
}

#[test]
fn numbers_that_are_none_are_absent_and_others_keep_their_value() {
    for word in [
        "NaN",
        "nan",
        "-nan",
        "Infinity",
        "-Infinity",
        "inf",
        "-inf",
        "-nan(0x8000000000000)",
        "1.#QNAN",
        "-1.#IND",
        "1e999",
    ] {
        check(
            format!(r#"{{"a":{word},"b":[{word}]}}"#),
            json!({"a": null, "b": [null]}),
            &[Repair::NotANumber],
        );
    }
    for (word, value) in [
        ("+5", json!(5)),
        (".5", json!(0.5)),
        ("-.5", json!(-0.5)),
        ("5.", json!(5)),
        ("007", json!(7)),
        ("-00.50e+01", json!(-5.0)),
        ("4,25", json!(4.25)),
        ("-0,5", json!(-0.5)),
        ("0,125", json!(0.125)),
        ("1234,567", json!(1234.567)),
        ("12,3456", json!(12.3456)),
    ] {
        let number = &[Repair::Number];
        check(
            format!(r#"{{"a":{word},"b":1}}"#),
            json!({"a": value, "b": 1}),
            number,
        );
        check(format!(r#"{{"a":{word}}}"#), json!({"a": value}), number);
    }
    // Nobody knows which number is meant.
    for word in ["12,345", "-1,000", "1,234,567", "4,25,67", "1.234,56"] {
        check(
            format!(r#"{{"a":{word},"b":1}}"#),
            json!({"a": null, "b": 1}),
            &[Repair::NotANumber],
        );
    }
    // In an array a comma is a comma.
    check(r#"{"a":[4,25],}"#, json!({"a": [4, 25]}), &[Repair::Comma]);
    for word in [
        "0x1F", "1-2", "None", "1_000", "--1", ".", "5e", "1.2.3", "٣",
    ] {
        check(
            format!(r#"{{"z":1,"a":{word},"b":2}}"#),
            json!({"z": 1}),
            &[Repair::UnreadableRest],
        );
    }
}

#[test]
fn texts_of_telephones() {
    let text = |raw: &[u8]| {
        [
            br#"{"t":""#,
            raw,
            br#"","b":[{"t":""#,
            raw,
            br#""}],"c":1}"#,
        ]
        .concat()
    };
    let read = |said: &str| json!({"t": said, "b": [{"t": said}], "c": 1});
    for (raw, said, repair) in [
        (&b"a\nb\x01"[..], "a\nb\u{1}", Repair::ControlCharacter),
        (b"a\0b", "a\0b", Repair::ControlCharacter),
        (b"J\xf6rg", "J\u{fffd}rg", Repair::NotUtf8),
        (br"CORP\user", r"CORP\user", Repair::Escape),
        (br"CORP\x41\u12", r"CORP\x41\u12", Repair::Escape),
        (br"\ud83d?\ude00", "\u{fffd}?\u{fffd}", Repair::Escape),
        (br"C:\", r"C:\", Repair::Escape),
        (br#"the "desk""#, r#"the "desk""#, Repair::Quote),
        (br#"""#, r#"""#, Repair::Quote),
        (br#"a", "b"#, r#"a", "b"#, Repair::Quote),
        (br#"{"a"}"#, r#"{"a"}"#, Repair::Quote),
        (br#""packets":5"#, r#""packets":5"#, Repair::Quote),
        (br#"a":1"#, r#"a":1"#, Repair::Quote),
    ] {
        check(text(raw), read(said), &[repair]);
    }
    // What is escaped as it should be stays what it is, whatever else is wrong.
    let escaped = r#"{"t":"\"},\"c\":5,\"d\":{\"\u00e9\ud83d\ude00\n","c":1,}"#;
    check(
        escaped,
        json!({"t": "\"},\"c\":5,\"d\":{\"é😀\n", "c": 1}),
        &[Repair::Comma],
    );
}

#[test]
fn of_a_text_that_is_cut_short_only_what_is_whole_is_left() {
    let whole = r#"{"a":12,"b":{"c":"xy","d":[1,23]},"e":true,"f":4}"#;
    for (length, expected) in [
        (6, None),
        (7, None),
        (8, Some(json!({"a": 12}))),
        (14, Some(json!({"a": 12, "b": {}}))),
        (20, Some(json!({"a": 12, "b": {}}))),
        (21, Some(json!({"a": 12, "b": {"c": "xy"}}))),
        (31, Some(json!({"a": 12, "b": {"c": "xy", "d": [1]}}))),
        (32, Some(json!({"a": 12, "b": {"c": "xy", "d": [1, 23]}}))),
        (
            whole.len() - 1,
            Some(json!({"a": 12, "b": {"c": "xy", "d": [1, 23]}, "e": true})),
        ),
    ] {
        // A buffer of C ends in a NUL, wherever it ends.
        for end in ["", "\0", "\0\0\0"] {
            let cut = format!("{}{end}", &whole[..length]);
            match &expected {
                Some(expected) => check(cut, expected.clone(), &[Repair::CutShort]),
                None => refused(cut),
            }
        }
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for text in [
        "",
        "{",
        "{x",
        "{x}",
        "{a:1}",
        "{'a':1}",
        "{\"a\"}",
        "{\"a\" 1}",
        "[1]",
        "1",
        "hello",
        "\0{}",
        "<a/>",
        "{]",
        "{\"a\":1",
    ] {
        refused(text);
    }
    let deep = format!(r#"{{"a":1,"b":{}"#, "[".repeat(100_000));
    check(
        deep,
        {
            let mut inner = json!([]);
            for _ in 2..DEPTH_MAX {
                inner = json!([inner]);
            }
            json!({"a": 1, "b": inner})
        },
        &[Repair::UnreadableRest],
    );
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        "[ -~é\\\\\"\n]{0,8}".prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map("[ -~]{0,4}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    prop::collection::hash_map("[a-z]{1,3}", value, 0..6)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// Whether one value is what another is, as far as it goes.
fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .all(|(name, part)| whole.get(name).is_some_and(|whole| is_part(part, whole))),
        (Value::Array(part), Value::Array(whole)) => {
            part.len() <= whole.len()
                && part
                    .iter()
                    .zip(whole)
                    .all(|(part, whole)| is_part(part, whole))
        }
        (part, whole) => part == whole,
    }
}

proptest! {
    /// JSON is read as what it is; the repair of it is itself.
    #[test]
    fn json_is_read_as_it_is(value in value()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let (read, repairs) = object(text.as_bytes()).unwrap();
            prop_assert_eq!(Value::Object(read), value.clone());
            prop_assert!(repairs.is_empty());
            let repaired = repaired(text.as_bytes()).unwrap();
            prop_assert_eq!(repaired.text.parse::<Value>().unwrap(), value.clone());
            prop_assert!(repaired.repairs.is_empty());
        }
    }

    /// Cut anywhere, it tells nothing that it did not tell before.
    #[test]
    fn a_part_is_part_of_the_whole(value in value(), at in any::<prop::sample::Index>(), nul in any::<bool>()) {
        let mut text = value.to_string().into_bytes();
        text.truncate(at.index(text.len()));
        text.extend(nul.then_some(0));
        if let Ok((read, repairs)) = object(&text) {
            prop_assert!(is_part(&Value::Object(read), &value));
            prop_assert!(!repairs.is_empty());
        }
    }

    /// What stands in a text becomes no figure, however it is written there.
    #[test]
    fn a_text_changes_no_figure(raw in "[\"\\\\:, {}\\[\\]a1\u{1}é]{0,12}") {
        let text = format!(r#"{{"n":7,"b":[{{"m":-3}}],"s":[{{"t":"{raw}"}}]}}"#);
        let read = object(text.as_bytes());
        if let Ok((read, _)) = read {
            let figures = ["n", "b"].map(|name| read.get(name).cloned());
            prop_assert_eq!(figures, [Some(json!(7)), Some(json!([{"m": -3}]))], "{}", text);
        }
    }

    #[test]
    fn any_bytes_give_a_result(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "[{}\\[\\]\",:\\\\0-9nu .\0-]{0,64}") {
        for input in [bytes, text.clone().into_bytes(), format!("{{\"a\":{text}").into_bytes()] {
            if let Some(repaired) = repaired(&input) {
                prop_assert!(repaired.text.parse::<Value>().is_ok(), "{}", repaired.text);
            }
        }
    }
}
