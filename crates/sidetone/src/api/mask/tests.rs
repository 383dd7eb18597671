use super::*;

#[test]
fn parties_are_masked_whatever_they_are() {
    for (text, expected) in [
        ("+49301234542", "+4930•••••42"),
        ("0049 (30) 1234-542", "0049•••••••42"),
        ("15550100", "1•••••00"),
        ("5550100", "•••••00"),
        ("110110", "••••••"),
        ("1001", "••••"),
        (
            "sip:+49301234542@pbx.example.com;user=phone",
            "sip:+4930•••••42@pbx.example.com",
        ),
        ("sip:1001@192.0.2.1:5060", "sip:••••@192.0.2.1:5060"),
        (
            "tel:+49301234542;phone-context=+49301234542",
            "tel:+4930•••••42",
        ),
        ("sips:%2B49301234542@example.com", "sips:%•••@example.com"),
        ("client:anna", "client:a•••"),
        ("whatsapp:+49301234542", "whatsapp:+4930•••••42"),
        ("49301234542x", "•••"),
        ("anonymous", "a•••"),
        ("", ""),
        ("٤٩٣٠١٢٣٤٥٤٢", "٤٩٣٠•••••٤٢"),
    ] {
        assert_eq!(party(text), expected, "{text}");
    }
}

#[test]
fn numbers_in_a_text_are_masked_and_other_figures_are_not() {
    for (text, expected) in [
        ("call +49 30 1234542 back", "call +4930•••••42 back"),
        ("INVITE sip:anna@example.com", "INVITE sip:a•••@example.com"),
        (
            "\"Bob\" <sip:49301234542@a>, 486",
            "\"Bob\" <sip:4930•••••42@a>, 486",
        ),
        ("opus/48000/2 and PCMU/8000", "opus/48000/2 and PCMU/8000"),
        ("MOS 4.1, 0.5 % lost", "MOS 4.1, 0.5 % lost"),
        (
            "Mon, 01 Jun 2026 12:00:00 +0000",
            "Mon, 01 Jun 2026 12:00:00 +0000",
        ),
        ("030 / 12 34 56", "03•••••56"),
        ("(030)-(1234)-(542)", "(030•••••42)"),
        ("0301\u{2013}2345\u{2013}42", "030•••••42"),
        ("0301_2345\u{2009}42", "030•••••42"),
        (
            "tel:110110,sip:a@b sip:c@d",
            "tel:••••••,sip:a•••@b sip:c•••@d",
        ),
        ("no figure", "no figure"),
    ] {
        assert_eq!(in_text(text), expected);
    }
}

#[test]
fn a_document_stays_as_it_is_but_for_its_numbers() {
    let base = "https://voice.example.com";
    let sid = "CA00000000000000000493012345420000";
    let same = [
        r#"{"a": [1, 2.50, -3e5], "b" : {"c":null,"d":true}, "e":[]}"#.to_owned(),
        format!(r#"{{"call_sid":"{sid}","url":"{base}/v1/Voice/{sid}/Summary"}}"#),
        format!(r#"{{"links":{{"events":"{base}/v1/Voice/{sid}/Events"}}}}"#),
        r#"{"start_time":"2026-06-01T12:00:00Z","ip_address":"192.0.2.111"}"#.to_owned(),
        r#"{"rules":{"day":"2026-06-01"},"start_date":"2026-06-30"}"#.to_owned(),
        r#"{"from":"192.0.2.111:50600","to":null,"bytes_received":49301234542}"#.to_owned(),
        r#"{"id":"0b5d8b3e-1234-4567-8901-493012345420"}"#.to_owned(),
        r#"{"name":"say \"hi\" \\","cursor":"PT49301234542"}"#.to_owned(),
    ];
    for same in same {
        let masked = String::from_utf8(json(same.as_bytes(), base).unwrap()).unwrap();
        assert_eq!(masked, same);
    }
    for (told, expected) in [
        (
            r#"{"from":{"caller":"+49301234542","sdk":{"x":"+49301234542"}}}"#,
            r#"{"from":{"caller":"+4930•••••42","sdk":{"x":"+4930•••••42"}}}"#,
        ),
        (r#"{"From":49301234542}"#, r#"{"From":"4930•••••42"}"#),
        (r#"{"to":["anna",["1001"]]}"#, r#"{"to":["a•••",["••••"]]}"#),
        (r#"{"a":"\u002b49301234542"}"#, r#"{"a":"+4930•••••42"}"#),
        (
            r#"{"a":"49301234542-49301234542-49301234542"}"#,
            r#"{"a":"4930•••••••••••••••••••••••••••42"}"#,
        ),
        (r#"{"text":"2026-06-01"}"#, r#"{"text":"2•••••01"}"#),
        (r#"{"raw":"anything"}"#, r#"{"raw":"•••"}"#),
        (r#"{"+49301234542":1}"#, r#"{"+4930•••••42":1}"#),
        (
            r#"{"comment":"https://voice.example.com/x?From=49301234542"}"#,
            r#"{"comment":"https://voice.example.com/x?From=4930•••••42"}"#,
        ),
        (
            r#"{"url":"https://elsewhere.example/49301234542"}"#,
            r#"{"url":"https://elsewhere.example/4930•••••42"}"#,
        ),
    ] {
        let masked = String::from_utf8(json(told.as_bytes(), base).unwrap()).unwrap();
        assert_eq!(masked, expected);
    }
    for broken in [r#"{"a":"b"#, r#"{"a":"\x"}"#, "{", "]", "{\"a\":\"\\"] {
        assert_eq!(json(broken.as_bytes(), base), None, "{broken}");
    }
}
