use super::*;

fn params(encoded: &str) -> Params {
    Params::decode(encoded.as_bytes()).unwrap()
}

fn message(result: Result<impl std::fmt::Debug, Invalid>) -> String {
    result.unwrap_err().message
}

#[track_caller]
fn decodes(encoded: &str, expected: &[(&str, &str)]) {
    let params = params(encoded);
    assert_eq!(params.iter().collect::<Vec<_>>(), expected, "{encoded}");
}

#[test]
fn decodes_forms() {
    decodes("", &[]);
    decodes("&&", &[]);
    decodes("A", &[("A", "")]);
    decodes("A=", &[("A", "")]);
    decodes("A=b=c&A=d", &[("A", "b=c"), ("A", "d")]);
    decodes(
        "ToCarrier=AT%26T+Wireless",
        &[("ToCarrier", "AT&T Wireless")],
    );
    decodes(
        "A=100%&B=%zz&C=%4",
        &[("A", "100%"), ("B", "%zz"), ("C", "%4")],
    );
    decodes("A=%C3%A9\u{e9}", &[("A", "éé")]);
}

#[test]
fn refuses_what_is_not_utf8() {
    let error = Params::decode(b"Comment=caf%E9").unwrap_err();
    assert_eq!(error.parameter, "Comment");
    assert_eq!(
        error.message,
        "Invalid Comment 'caf\u{fffd}'. Expected text encoded as UTF-8."
    );
}

#[test]
fn the_last_one_counts_and_white_space_does_not() {
    let params = params("A=1&A=+2+&B=+");
    assert_eq!(params.sent("A").unwrap().text, "2");
    assert_eq!(params.sent("B").unwrap().text, "");
    assert_eq!(params.filled("B"), None);
    assert_eq!(params.sent("a"), None, "names are case-sensitive");
}

#[test]
fn booleans_in_any_case() {
    for (text, expected) in [
        ("true", true),
        ("True", true),
        ("TRUE", true),
        ("False", false),
        ("false", false),
    ] {
        assert_eq!(Value { name: "Spam", text }.boolean(), Ok(expected));
    }
    for text in ["1", "yes", "t", ""] {
        assert_eq!(
            message(Value { name: "Spam", text }.boolean()),
            format!("Invalid Spam '{text}'. Expected true or false.")
        );
    }
}

#[test]
fn integers_within_a_range() {
    for (text, expected) in [("1", 1_u8), ("5", 5), ("05", 5)] {
        assert_eq!(
            Value {
                name: "CallScore",
                text
            }
            .integer(1..=5),
            Ok(expected)
        );
    }
    for text in [
        "0",
        "6",
        "7",
        "-1",
        "+3",
        "3.0",
        "three",
        "",
        "99999999999999999999",
        "١",
    ] {
        assert_eq!(
            message(
                Value {
                    name: "CallScore",
                    text
                }
                .integer::<u8>(1..=5)
            ),
            format!("Invalid CallScore '{text}'. Expected an integer from 1 to 5.")
        );
    }
}

#[test]
fn messages_repeat_little_and_no_control_characters() {
    assert_eq!(quoted("a\r\nb\u{7f}"), "a\u{fffd}\u{fffd}b\u{fffd}");
    assert_eq!(quoted(&"é".repeat(65)), format!("{}…", "é".repeat(64)));
    assert_eq!(quoted(&"é".repeat(64)), "é".repeat(64));
}

#[test]
fn text_is_measured_in_scalar_values() {
    let text = "é".repeat(100);
    assert!(
        Value {
            name: "Comment",
            text: &text
        }
        .text_up_to(100)
        .is_ok()
    );
    let text = "é".repeat(101);
    let error = message(
        Value {
            name: "Comment",
            text: &text,
        }
        .text_up_to(100),
    );
    assert!(
        error.ends_with("Expected at most 100 characters, not 101."),
        "{error}"
    );
}

#[test]
fn form_content_types() {
    for kind in [
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
    ] {
        assert!(is_form(kind.as_bytes()), "{kind}");
    }
    for kind in ["application/json", "multipart/form-data", ""] {
        assert!(!is_form(kind.as_bytes()), "{kind}");
    }
}
