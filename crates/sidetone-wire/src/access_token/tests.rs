use super::*;

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const KEY: &str = "SK00112233445566778899aabbccddeeff";
const SECRET: &str = "s3cret-of-the-key";
/// 2026-06-01T10:00:00Z, when the tokens below were made.
const MADE_S: i64 = 1_780_308_000;

/// twilio-python 9.13.0: `AccessToken(ACCOUNT, KEY, SECRET, identity="alice", ttl=3600, nbf=…)` with
/// `VoiceGrant(outgoing_application_sid="AP…", incoming_allow=True)`.
const OF_PYTHON: &str = "eyJhbGciOiJIUzI1NiIsImN0eSI6InR3aWxpby1mcGE7dj0xIiwidHlwIjoiSldUIn0.eyJqdGkiOiJTSzAwMTEyMjMzNDQ1NTY2Nzc4ODk5YWFiYmNjZGRlZWZmLTE3ODAzMDgwMDAiLCJncmFudHMiOnsidm9pY2UiOnsiaW5jb21pbmciOnsiYWxsb3ciOnRydWV9LCJvdXRnb2luZyI6eyJhcHBsaWNhdGlvbl9zaWQiOiJBUDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmIn19LCJpZGVudGl0eSI6ImFsaWNlIn0sImlzcyI6IlNLMDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmYiLCJleHAiOjE3ODAzMTE2MDAsIm5iZiI6MTc4MDMwODAwMCwic3ViIjoiQUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZiJ9.I90Tf6Xgbotibmz1f-P4qr3zUCDFu2Aei-_tFChItI8";
/// twilio-node 5.13.1: the same of `bob`, with `new VoiceGrant({incomingAllow: true})`.
const OF_NODE: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImN0eSI6InR3aWxpby1mcGE7dj0xIn0.eyJqdGkiOiJTSzAwMTEyMjMzNDQ1NTY2Nzc4ODk5YWFiYmNjZGRlZWZmLTE3ODAzMDgwMDAiLCJncmFudHMiOnsiaWRlbnRpdHkiOiJib2IiLCJ2b2ljZSI6eyJpbmNvbWluZyI6eyJhbGxvdyI6dHJ1ZX19fSwiaWF0IjoxNzgwMzA4MDAwLCJleHAiOjE3ODAzMTE2MDAsImlzcyI6IlNLMDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmYiLCJzdWIiOiJBQzAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmIn0.1QyuldB1EUwyZgqnYto_9lBZvDJiTb74kWhO-u5JFZg";

const fn at(seconds: i64) -> TimeUs {
    TimeUs::from_micros((MADE_S + seconds) * SECOND_US)
}

fn verify(token: &str, secret: &str, seconds: i64) -> Result<Option<Claims>, TokenError> {
    Unverified::read(token)?.verify([secret], at(seconds))
}

fn ours() -> Claims {
    Claims {
        issuer: Issuer::Account(ACCOUNT.parse().unwrap()),
        account: ACCOUNT.parse().unwrap(),
        expires_at: at(3_600),
        not_before: None,
        identity: Some("anna".to_owned()),
        voice: None,
        call: Some(CallGrant {
            call: "CA0123456789abcdef0123456789abcdef".parse().unwrap(),
            allow: vec![Permission::Annotate, Permission::Rate],
        }),
    }
}

#[test]
fn reads_what_the_official_helpers_make() {
    for (token, identity, outgoing, not_before) in [
        (OF_PYTHON, "alice", true, Some(at(0))),
        (OF_NODE, "bob", false, None),
    ] {
        let expected = Claims {
            issuer: Issuer::Key(KEY.parse().unwrap()),
            account: ACCOUNT.parse().unwrap(),
            expires_at: at(3_600),
            not_before,
            identity: Some(identity.to_owned()),
            voice: Some(VoiceGrant {
                incoming: true,
                outgoing,
            }),
            call: None,
        };
        assert_eq!(verify(token, SECRET, 1), Ok(Some(expected)));
        assert_eq!(verify(token, "another", 1), Ok(None));
        assert_eq!(verify(token, "", 1), Ok(None));
    }
}

#[test]
fn is_valid_for_its_time_and_a_minute_for_clocks_that_differ() {
    for (seconds, expected) in [
        (-61, Err(TokenError::Early)),
        (-60, Ok(true)),
        (3_659, Ok(true)),
        (3_660, Err(TokenError::Expired)),
    ] {
        let verified = verify(OF_PYTHON, SECRET, seconds).map(|claims| claims.is_some());
        assert_eq!(verified, expected, "{seconds}");
    }
    // That it is signed with another secret comes first: it says nothing of times then.
    assert_eq!(verify(OF_PYTHON, "another", 9_999), Ok(None));
    let mut long = ours();
    long.expires_at = at(TTL_MAX_S + LEEWAY_S + 1);
    assert_eq!(
        verify(&long.sign(SECRET), SECRET, 0),
        Err(TokenError::TooLong)
    );
}

#[test]
fn ours_come_back_the_same() {
    let mut claims = ours();
    let secrets = ["other", SECRET];
    let read = Unverified::read(&claims.sign(SECRET)).map(|it| it.verify(secrets, at(0)).unwrap());
    assert_eq!(read.unwrap(), Some(claims.clone()));
    claims.identity = None;
    claims.not_before = Some(at(-5));
    assert_eq!(verify(&claims.sign(SECRET), SECRET, 0), Ok(Some(claims)));
}

fn token(header: &Value, payload: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(payload));
    let signature = mac(SECRET, &signed).unwrap().finalize().into_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn payload() -> Value {
    json!({"iss": KEY, "sub": ACCOUNT, "exp": MADE_S + 60, "grants": {"identity": "alice"}})
}

#[test]
fn there_is_one_way_to_sign() {
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "hs256"}),
        json!({"alg": "HS512"}),
        json!({"alg": "RS256"}),
        json!({"alg": ["HS256"]}),
        json!({"alg": "HS256", "crit": ["exp"]}),
        json!({}),
    ] {
        let error = Unverified::read(&token(&header, &payload())).unwrap_err();
        assert_eq!(error, TokenError::Algorithm, "{header}");
    }
    let unsigned = token(&json!({"alg": "HS256"}), &payload());
    let unsigned = unsigned.rsplit_once('.').unwrap().0;
    assert_eq!(verify(&format!("{unsigned}."), SECRET, 0), Ok(None));
}

#[test]
fn what_is_no_access_token_is_malformed() {
    let header = json!({"alg": "HS256"});
    assert!(Unverified::read(&token(&header, &payload())).is_ok());
    let with = |key: &str, value: Value| {
        let mut payload = payload();
        payload[key] = value;
        token(&header, &payload)
    };
    let call = "CA0123456789abcdef0123456789abcdef";
    let long = "x".repeat(IDENTITY_MAX_CHARS + 1);
    for token in [
        String::new(),
        "a".repeat(TOKEN_MAX_BYTES + 1),
        "a.b.c".to_owned(),
        format!("{OF_PYTHON}="),
        format!("{OF_PYTHON}.x"),
        with("iss", json!("alice")),
        with("iss", Value::Null),
        with("sub", json!(KEY)),
        with("exp", Value::Null),
        with("exp", json!("1780311600")),
        with("exp", json!(-1)),
        with("exp", json!(1.5)),
        with("nbf", json!("now")),
        with("grants", json!({"identity": ""})),
        with("grants", json!({"identity": "a\nb"})),
        with("grants", json!({"identity": long})),
        with("grants", json!({"sidetone": {"allow": ["rate"]}})),
        with(
            "grants",
            json!({"sidetone": {"call_sid": call, "allow": "rate"}}),
        ),
        with(
            "grants",
            json!({"sidetone": {"call_sid": call, "allow": [1]}}),
        ),
    ] {
        let error = Unverified::read(&token).unwrap_err();
        assert_eq!(error, TokenError::Malformed, "{token}");
    }
    let unknown = with(
        "grants",
        json!({"sidetone": {"call_sid": call, "allow": ["rate", "erase", "rate"]}}),
    );
    let claims = verify(&unknown, SECRET, 0).unwrap().unwrap();
    assert_eq!(claims.call.unwrap().allow, [Permission::Rate]);
}
