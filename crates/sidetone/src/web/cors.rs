//! Lets browsers on other origins in: any origin, never with cookies.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// What scripts of other origins may send and read, beside what every script may.
#[derive(Debug, Clone, Copy)]
pub struct Cors {
    /// Methods.
    pub methods: &'static str,
    /// Headers of requests.
    pub allowed: &'static str,
    /// Headers of answers.
    pub exposed: &'static str,
}

impl Cors {
    /// What a browser is told that asks whether it may: it may. There are no credentials in it (`*`
    /// would not allow them): a script must have its own, so no cookie of ours can be used by a
    /// foreign page.
    #[must_use]
    pub fn preflight(self) -> Response {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        allow_origin(headers);
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static(self.methods),
        );
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(self.allowed),
        );
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
        response
    }

    /// Lets an answer, an error too, be read from any origin.
    pub fn open(self, headers: &mut HeaderMap) {
        allow_origin(headers);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(self.exposed),
        );
    }
}

fn allow_origin(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}
