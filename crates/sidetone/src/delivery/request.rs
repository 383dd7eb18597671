//! What is sent for a delivery: its own headers, ours, and a signature.

use std::borrow::Cow;

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use ring::hmac;
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_store::delivery::{DeliveryId, DeliveryRequest, Headers, Method};
use sidetone_wire::signature::{BODY_HASH_PARAMETER, body_hash, sign_form, sign_url};

use crate::outgoing::client::Failure;

/// Who we say we are.
pub(super) const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("Sidetone/", env!("CARGO_PKG_VERSION")));
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");
const IDEMPOTENCY_TOKEN: HeaderName = HeaderName::from_static("i-twilio-idempotency-token");
const DELIVERY: HeaderName = HeaderName::from_static("sidetone-delivery");
const SIGNATURE: HeaderName = HeaderName::from_static("x-twilio-signature");
const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// Memory for these headers and those that the client adds.
const HEADERS: usize = 12;
/// What bodies to sinks are.
pub(super) const JSON: &str = "application/json";
/// The content type whose parameters are signed.
const FORM: &str = "application/x-www-form-urlencoded";

/// The request of a delivery, signed as Twilio does if there is a token to sign it with.
pub(super) fn request(
    id: DeliveryId,
    sent: &DeliveryRequest,
    token: Option<&str>,
) -> Result<Request<Full<Bytes>>, Failure> {
    let (url, signature) = match token {
        Some(token) => {
            let (url, signature) = sign(&sent.url, sent.body.as_ref(), token.as_bytes());
            (url, Some(signature))
        }
        None => (sent.url.as_str().into(), None),
    };
    let id = id.to_string();
    let bytes = sent.body.as_ref().map(|(_, body)| body.as_slice());
    let body = Bytes::copy_from_slice(bytes.unwrap_or_default());
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = match sent.method {
        Method::Get => hyper::Method::GET,
        Method::Post => hyper::Method::POST,
    };
    *request.uri_mut() = url.parse().map_err(unsendable)?;
    let headers = request.headers_mut();
    headers.reserve(HEADERS + sent.headers.iter().count());
    for (name, value) in sent.headers.iter() {
        headers.insert(
            HeaderName::from_bytes(name.as_bytes()).map_err(unsendable)?,
            HeaderValue::from_str(value).map_err(unsendable)?,
        );
    }
    headers.insert(USER_AGENT, AGENT);
    headers.insert(ACCEPT, ANYTHING);
    headers.insert(
        IDEMPOTENCY_TOKEN,
        HeaderValue::from_str(&id).map_err(unsendable)?,
    );
    headers.insert(DELIVERY, HeaderValue::try_from(id).map_err(unsendable)?);
    if let Some(signature) = signature {
        headers.insert(
            SIGNATURE,
            HeaderValue::try_from(signature).map_err(unsendable)?,
        );
    }
    if let Some((content_type, _)) = &sent.body {
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_str(content_type).map_err(unsendable)?,
        );
    }
    Ok(request)
}

/// How a sink is shown who sends to it.
pub(super) enum Shown<'a> {
    /// By Twilio's signature, with an account's token.
    Twilio(&'a str),
    /// By that of Standard Webhooks, with a secret (`whsec_…`), of a message of this name sent then.
    Standard {
        secret: &'a str,
        message: &'a str,
        at: TimeUs,
    },
    /// By nothing but its credentials.
    Nothing,
}

/// The request that brings a sink events. `user`: name and password, not encoded.
pub(super) fn to_sink(
    id: DeliveryId,
    url: String,
    user: Option<&str>,
    body: Vec<u8>,
    shown: &Shown<'_>,
) -> Result<Request<Full<Bytes>>, Failure> {
    let (token, standard) = match shown {
        Shown::Twilio(token) => (Some(*token), None),
        Shown::Standard {
            secret,
            message,
            at,
        } => {
            let at = (at.micros() / SECOND_US).to_string();
            let signature = standard_signature(secret, message, &at, &body)?;
            let headers = [
                (WEBHOOK_ID, (*message).to_owned()),
                (WEBHOOK_TIMESTAMP, at),
                (WEBHOOK_SIGNATURE, signature),
            ];
            (None, Some(headers))
        }
        Shown::Nothing => (None, None),
    };
    let sent = DeliveryRequest {
        method: Method::Post,
        url,
        headers: Headers::default(),
        body: Some((JSON.to_owned(), body)),
    };
    let mut request = request(id, &sent, token)?;
    for (name, value) in standard.into_iter().flatten() {
        let value = HeaderValue::try_from(value).map_err(unsendable)?;
        request.headers_mut().insert(name, value);
    }
    if let Some(user) = user {
        let basic = format!("Basic {}", STANDARD.encode(user));
        let mut basic = HeaderValue::try_from(basic).map_err(unsendable)?;
        basic.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, basic);
    }
    Ok(request)
}

/// The signature of Standard Webhooks: HMAC-SHA256 over name, time and body, joined by full stops.
fn standard_signature(
    secret: &str,
    message: &str,
    at: &str,
    body: &[u8],
) -> Result<String, Failure> {
    let key = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = STANDARD.decode(key).map_err(unsendable)?;
    let mut signing = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
    signing.update(format!("{message}.{at}.").as_bytes());
    signing.update(body);
    Ok(format!("v1,{}", STANDARD.encode(signing.sign())))
}

fn unsendable(error: impl std::fmt::Display) -> Failure {
    Failure::Unsendable(error.to_string())
}

/// The URL to call and Twilio's signature that goes with it: over a form's parameters; else over
/// the URL alone, which carries the hash of the body, if there is one.
fn sign<'a>(
    url: &'a str,
    body: Option<&(String, Vec<u8>)>,
    token: &[u8],
) -> (Cow<'a, str>, String) {
    match body {
        None => (url.into(), sign_url(token, url)),
        Some((content_type, body)) if is_form(content_type) => {
            let pairs: Vec<_> = form_urlencoded::parse(body).collect();
            let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
            (url.into(), sign_form(token, url, pairs))
        }
        Some((_, body)) => {
            let mark = if url.contains('?') { '&' } else { '?' };
            let url = format!("{url}{mark}{BODY_HASH_PARAMETER}={}", body_hash(body));
            let signature = sign_url(token, &url);
            (url.into(), signature)
        }
    }
}

fn is_form(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(FORM)
}

#[cfg(test)]
mod tests {
    use sidetone_store::delivery::Headers;
    use sidetone_wire::form::Form;
    use sidetone_wire::signature::{verify_body, verify_form};

    use super::*;

    const TOKEN: &str = "12345";
    const URL: &str = "https://example.com/hook?key=1";

    const ID: DeliveryId = DeliveryId::from_bytes([0xab; 16]);

    fn sent(method: Method, url: &str, body: Option<(&str, &str)>) -> DeliveryRequest {
        DeliveryRequest {
            method,
            url: url.to_owned(),
            headers: Headers::default(),
            body: body.map(|(kind, body)| (kind.to_owned(), body.as_bytes().to_vec())),
        }
    }

    fn of(method: Method, url: &str, body: Option<(&str, &str)>) -> Request<Full<Bytes>> {
        request(ID, &sent(method, url, body), Some(TOKEN)).unwrap()
    }

    fn header<'a>(request: &'a Request<Full<Bytes>>, name: &str) -> &'a str {
        request.headers().get(name).unwrap().to_str().unwrap()
    }

    fn verifies_as_form(request: &Request<Full<Bytes>>, form: &str) -> bool {
        let form = Form::decode(form.as_bytes()).unwrap();
        let (url, signature) = (
            request.uri().to_string(),
            header(request, "x-twilio-signature"),
        );
        verify_form(TOKEN.as_bytes(), &url, &form, signature)
    }

    #[test]
    fn forms_are_signed_with_their_parameters() {
        let form = "Status=completed&A=%2B1+2&A=%2B1+2&A=0&B=";
        let request = of(
            Method::Post,
            URL,
            Some(("application/x-www-form-urlencoded; charset=utf-8", form)),
        );
        assert_eq!(request.uri(), URL);
        assert!(verifies_as_form(&request, form));
        assert!(!verifies_as_form(&request, "Status=failed"));
    }

    #[test]
    fn a_get_is_signed_by_its_url() {
        let request = of(Method::Get, URL, None);
        assert_eq!(request.method(), "GET");
        assert!(verifies_as_form(&request, ""));
        assert!(!request.headers().contains_key(CONTENT_TYPE));
    }

    #[test]
    fn json_is_signed_by_its_hash_in_the_url() {
        for (url, begin) in [
            (URL, "https://example.com/hook?key=1&bodySHA256="),
            ("http://example.com/", "http://example.com/?bodySHA256="),
        ] {
            let json = r#"[{"specversion":"1.0"}]"#;
            let request = of(Method::Post, url, Some(("application/json", json)));
            let called = request.uri().to_string();
            assert!(called.starts_with(begin), "{called}");
            let signature = header(&request, "x-twilio-signature");
            let verifies =
                |body: &str| verify_body(TOKEN.as_bytes(), &called, body.as_bytes(), signature);
            assert!(verifies(json));
            assert!(!verifies("[]"));
        }
    }

    #[test]
    fn a_request_says_who_sends_it_and_which_delivery_it_is() {
        let request = of(Method::Post, URL, Some(("application/json", "{}")));
        let id = "abababab-abab-abab-abab-abababababab";
        assert_eq!(header(&request, "i-twilio-idempotency-token"), id);
        assert_eq!(header(&request, "sidetone-delivery"), id);
        assert_eq!(header(&request, "accept"), "*/*");
        assert_eq!(header(&request, "content-type"), "application/json");
        assert!(header(&request, "user-agent").starts_with("Sidetone/"));
    }

    #[test]
    fn what_nobody_signs_goes_as_it_is() {
        let json = Some(("application/json", "{}"));
        let request = request(ID, &sent(Method::Post, URL, json), None).unwrap();
        assert_eq!(request.uri(), URL);
        assert!(!request.headers().contains_key(SIGNATURE));
    }

    #[test]
    fn headers_of_its_own_go_beside_ours() {
        let mut sent = sent(Method::Get, URL, None);
        let own = vec![("Webhook-Id".to_owned(), "msg_1".to_owned())];
        sent.headers = Headers::new(own).unwrap();
        let request = request(ID, &sent, Some(TOKEN)).unwrap();
        assert_eq!(header(&request, "webhook-id"), "msg_1");
        assert!(verifies_as_form(&request, ""));
    }

    /// The example of the specification (standardwebhooks.com), version 1.0.0.
    #[test]
    fn a_sink_is_shown_standard_webhooks() {
        let shown = Shown::Standard {
            secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            message: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at: TimeUs::from_micros(1_614_265_330 * SECOND_US),
        };
        let body = br#"{"test": 2432232314}"#.to_vec();
        let id = DeliveryId::from_bytes([1; 16]);
        let sent = to_sink(id, URL.to_owned(), Some("me:secret"), body, &shown).unwrap();
        assert_eq!(
            header(&sent, "webhook-signature"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(header(&sent, "webhook-timestamp"), "1614265330");
        assert_eq!(header(&sent, "authorization"), "Basic bWU6c2VjcmV0");
        assert_eq!(sent.uri(), URL);
    }

    #[test]
    fn what_cannot_be_sent_is_a_failure() {
        let sent = sent(Method::Get, "http://exa mple.com/", None);
        assert!(matches!(
            request(ID, &sent, Some(TOKEN)),
            Err(Failure::Unsendable(_))
        ));
    }
}
