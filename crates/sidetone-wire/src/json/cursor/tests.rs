use std::borrow::Cow;

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

/// What is read of all of some JSON.
fn read<'a, T>(
    json: &'a str,
    value: impl FnOnce(&mut Cursor<'a>) -> Option<T>,
) -> Result<T, FaultKind> {
    let mut cursor = Cursor::new(json.as_bytes());
    let read = value(&mut cursor).filter(|_| cursor.end().is_some());
    read.ok_or(cursor.fault().kind)
}

#[test]
fn numbers_are_as_exact_as_they_are_told() {
    for (json, expected) in [
        ("0 ", Number::Whole(0)),
        ("-0", Number::Whole(0)),
        (" 4294967295\n", Number::Whole(4_294_967_295)),
        (
            "999999999999999999 ",
            Number::Whole(999_999_999_999_999_999),
        ),
        ("-9223372036854775808", Number::Whole(i64::MIN)),
        (
            "9223372036854775808 ",
            Number::Real(9_223_372_036_854_775_808.0),
        ),
        ("4.10 ", Number::Real(4.1)),
        ("-1.5E+2", Number::Real(-150.0)),
        ("1e3 ", Number::Real(1_000.0)),
    ] {
        assert_eq!(read(json, Cursor::number), Ok(expected), "{json}");
    }
    for json in ["-", "1.", "1e", "1e+", "nul", "\"", ""] {
        assert_eq!(read(json, Cursor::number), Err(FaultKind::Cut), "{json}");
    }
    for json in [
        "007", "00 ", "+5", ".5", "4,2", "1.x", "1ex", "1e999", "nan", "}", "1 2",
    ] {
        let read = read(json, Cursor::number);
        assert_eq!(read, Err(FaultKind::Syntax), "{json}");
    }
    for json in ["true", "null", "{}", "[1]", "\"1\""] {
        let read = read(json, Cursor::number);
        assert_eq!(read, Err(FaultKind::Shape), "{json}");
    }
}

#[test]
fn texts_are_told_without_escapes() {
    for (json, expected) in [
        ("\"\"", ""),
        ("\"a@b\"", "a@b"),
        (
            "\"a text of some length \u{7f}\"",
            "a text of some length \u{7f}",
        ),
        ("\"J\u{f6}rg\"", "J\u{f6}rg"),
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""J\u00f6rg \ud83d\ude00""#, "J\u{f6}rg \u{1f600}"),
    ] {
        let text = read(json, Cursor::text).map(Cow::into_owned);
        assert_eq!(text.as_deref(), Ok(expected), "{json}");
    }
    for json in ["\"", "\"abc", "\"\\", "\"\\u00"] {
        assert_eq!(read(json, Cursor::text), Err(FaultKind::Cut), "{json}");
    }
    for json in [
        "\"\n\"",
        "\"some text\u{1f}\"",
        "\"\\x\"",
        "\"\\u00g0\"",
        "\"\\ud800\"",
    ] {
        assert_eq!(read(json, Cursor::text), Err(FaultKind::Syntax), "{json}");
    }
    for json in ["1", "null", "[]", "false"] {
        assert_eq!(read(json, Cursor::text), Err(FaultKind::Shape), "{json}");
    }
    let mut cursor = Cursor::new(b"\"a\xff\"");
    assert_eq!(cursor.text(), None);
    assert_eq!(cursor.fault().kind, FaultKind::Syntax);
}

#[test]
fn members_and_items_come_in_order() {
    let json =
        br#" {"a" : [1, "x", null], "b": {"c": [{}, [] , {"d": -1.5e3}]}, "e": [], "f": null} "#;
    let mut cursor = Cursor::new(json);
    let mut seen = Vec::new();
    let is_there = cursor.object(|cursor, name| {
        seen.push(String::from_utf8(name.to_vec()).unwrap());
        match name {
            b"a" => {
                let array = cursor.array(|cursor| {
                    seen.push(match cursor.value()? {
                        b'"' => cursor.text()?.into_owned(),
                        b'1' => format!("{:?}", cursor.number()?),
                        _ => format!("{:?}", cursor.null()?),
                    });
                    Some(())
                });
                array.map(drop)
            }
            b"e" => cursor.object(|_, _| Some(())).map(drop),
            b"f" => cursor
                .array(|_| Some(()))
                .map(|is_there| assert!(!is_there)),
            _ => cursor.skip(),
        }
    });
    assert_eq!((is_there, cursor.end()), (Some(true), Some(())));
    let scalars = ["Whole(1)", "x", "()"];
    assert_eq!(seen[..4], [&["a"][..], &scalars].concat());
    assert_eq!(seen[4..], ["b", "e", "f"]);
}

/// Text that is JSON or nearly.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "a",
        "\"a\":",
        "\"b\"",
        "\\u00e9",
        "\\n",
        "0",
        "12",
        "-",
        ".",
        "e",
        "+",
        "true",
        "false",
        "null",
        " ",
        "\n",
        "é",
        "{\"a\":[1,{}]}",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]
    #[test]
    fn json_is_what_a_strict_reader_takes(text in nearly_json()) {
        let mut cursor = Cursor::new(text.as_bytes());
        let skipped = cursor.skip().and_then(|()| cursor.end()).ok_or(cursor.fault());
        let strict = serde_json::from_str::<IgnoredAny>(&text);
        prop_assert_eq!(skipped.is_ok(), strict.is_ok(), "{:?} {:?}", skipped, strict);
    }
}
