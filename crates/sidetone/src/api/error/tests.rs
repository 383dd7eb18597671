use axum::body::to_bytes;
use serde_json::{Value, json};
use sidetone_store::{Conflict, StoreError};

use super::*;

async fn body(error: ApiError) -> (Response<()>, Value) {
    let (parts, body) = error.response("http://sidetone.test").into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    (
        Response::from_parts(parts, ()),
        serde_json::from_slice(&bytes).unwrap(),
    )
}

#[tokio::test]
async fn failures_of_the_store_show_their_outside_only() {
    let inside = || "inside: /var/lib/x".to_owned();
    for (error, status, code, retry) in [
        (
            StoreError::Conflict(Conflict::ProviderAccountTaken(inside())),
            412,
            20412,
            None,
        ),
        (StoreError::Invalid(inside()), 400, 20001, None),
        (StoreError::TooExpensive(inside()), 500, 17008, None),
        (StoreError::Unavailable(inside()), 503, 20503, Some("5")),
        (StoreError::Corrupt(inside()), 500, 20500, None),
    ] {
        let (response, body) = body(error.into()).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(body["code"], code);
        assert_eq!(body["status"], status);
        let header = response.headers().get(RETRY_AFTER);
        assert_eq!(header.map(|value| value.to_str().unwrap()), retry);
        assert!(!body.to_string().contains("inside"), "{body}");
    }
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let invalid = Invalid::new("CallScore", "7", "an integer from 1 to 5");
    let (response, body) = body(ApiError::invalid_parameter(invalid)).await;
    assert_eq!(
        response.headers()["content-type"],
        "application/json; charset=utf-8"
    );
    let expected = json!({
        "code": 20001,
        "message": "Invalid CallScore '7'. Expected an integer from 1 to 5.",
        "more_info": "https://www.twilio.com/docs/errors/20001",
        "status": 400,
        "details": {"parameter": "CallScore"},
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn who_has_to_authenticate_is_told_how() {
    for error in [ApiError::unauthorized(), ApiError::advanced_features_off()] {
        let (response, _) = body(error).await;
        assert_eq!(
            response.headers()[WWW_AUTHENTICATE],
            r#"Basic realm="Twilio API""#
        );
    }
    // Other refusals are none that credentials would change.
    for error in [
        ApiError::foreign_account("AC1"),
        ApiError::not_found("AC1"),
        ApiError::too_many_requests(3),
    ] {
        let (response, _) = body(error).await;
        assert!(!response.headers().contains_key(WWW_AUTHENTICATE));
    }
    let (response, _) = body(ApiError::too_many_requests(3)).await;
    assert_eq!(response.headers()[RETRY_AFTER], "3");
}

#[test]
fn every_code_is_explained() {
    let invalid = || Invalid::missing("X", "y");
    let errors = [
        ApiError::bad_request("x"),
        ApiError::invalid_query(invalid()),
        ApiError::unauthorized(),
        ApiError::method_not_allowed("PUT"),
        ApiError::not_allowed("x"),
        ApiError::not_found("x"),
        ApiError::request_timeout(),
        ApiError::precondition_failed(),
        ApiError::too_large(1),
        ApiError::too_many_requests(1),
        ApiError::internal(),
        ApiError::unavailable(),
        ApiError::foreign_account("x"),
        ApiError::not_complete(),
        ApiError::gone(),
        ApiError::advanced_features_off(),
        ApiError::too_expensive(),
    ];
    for error in &errors {
        let code = find(error.code).unwrap();
        assert_eq!(code.status, error.status.as_u16(), "{}", error.code);
    }
    assert_eq!(errors.len(), codes::CODES.len());
    assert!(codes::CODES.is_sorted_by_key(|code| code.code));
}

#[tokio::test]
async fn more_is_told_of_our_own_codes_by_ourselves() {
    let (_, body) = body(ApiError::precondition_failed()).await;
    assert_eq!(body["more_info"], "http://sidetone.test/errors/20412");
}
