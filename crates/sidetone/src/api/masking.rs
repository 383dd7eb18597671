//! Answers for whoever may not see telephone numbers: each is masked as a whole before it is sent,
//! or not sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use hyper::body::Body as _;

use super::error::ApiError;
use super::mask;
use crate::app::App;
use crate::web::json::Written;

/// No page is longer.
const BODY_MAX_BYTES: usize = 64 << 20;

/// Whether the answer to a request is to be masked; an extension of requests that are asked as a
/// session.
#[derive(Debug, Clone, Default)]
pub struct Masking(Arc<AtomicBool>);

impl Masking {
    /// Somebody asks who may not see numbers.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody does.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// An answer whose maker has masked it, piece by piece while it is sent; an extension of it.
#[derive(Debug, Clone, Copy)]
pub struct Masked;

/// The answer without its numbers. What cannot be masked is not answered. `base`: what our own URLs
/// begin with.
pub async fn masked(app: &App, response: Response, base: String) -> Response {
    let extensions = response.extensions();
    let says_nothing_of_calls = extensions.get::<ApiError>().is_some();
    let is_masked = extensions.get::<Masked>().is_some();
    if says_nothing_of_calls || is_masked || response.body().is_end_stream() {
        return response;
    }
    match of_json(app, response, base).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn of_json(app: &App, response: Response, base: String) -> Result<Response, ApiError> {
    let kind = response.headers().get(CONTENT_TYPE);
    if !kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json")) {
        tracing::error!(?kind, "an answer of this kind cannot be masked");
        return Err(ApiError::internal());
    }
    let (mut head, body) = response.into_parts();
    // Before, and masked. The answer still holds what it took itself, so nobody waits here: all might
    // wait for each other.
    let length = body.size_hint().exact().unwrap_or_default();
    let length = usize::try_from(length).unwrap_or(BODY_MAX_BYTES);
    let answers = &app.bounds.answers;
    let mut share = answers.take(0).await.ok_or_else(ApiError::busy)?;
    if !answers.try_grow(&mut share, 2 * length.min(BODY_MAX_BYTES)) {
        return Err(ApiError::busy());
    }
    let bytes = to_bytes(body, BODY_MAX_BYTES).await;
    let bytes = bytes.map_err(|error| {
        tracing::error!(%error, "an answer could not be masked");
        ApiError::internal()
    })?;
    let masked = app.bounds.making(move || mask::json(&bytes, &base)).await?;
    let masked = masked.ok_or_else(|| {
        tracing::error!("an answer that is no JSON cannot be masked");
        ApiError::internal()
    })?;
    let body: Body = Written(Ok(masked)).holding(share).into_body();
    head.headers.remove(CONTENT_LENGTH);
    Ok(Response::from_parts(head, body))
}
