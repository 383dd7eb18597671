//! Reading bodies: bounded in size and in time.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use http_body_util::BodyExt;
use hyper::body::Body as _;

use crate::http::error::ApiError;
use crate::room::{Room, Share};

/// No honest client takes longer for a body that fits.
const BODY_TIME: Duration = Duration::from_secs(60);

/// Reads a whole body.
///
/// # Errors
/// 413 when it is longer than `max_bytes`, 408 when it stalls or takes longer than a minute, 400 when it breaks off.
pub async fn read(body: Body, max_bytes: usize) -> Result<Bytes, ApiError> {
    let read = tokio::time::timeout(BODY_TIME, to_bytes(body, max_bytes));
    match read.await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => Err(ApiError::too_large(max_bytes)),
        Ok(Err(error)) => Err(broken_off(&error)),
        Err(_) => Err(ApiError::request_timeout()),
    }
}

/// Reads a whole body that may be large, within the room for such bodies: its share is held as long as its bytes are. Room
/// is taken as bytes come, not as many as somebody says will come.
///
/// # Errors
/// As [`read`]; 503 when others have all the room for too long.
pub async fn read_large(
    room: &Room,
    body: Body,
    max_bytes: usize,
) -> Result<(Bytes, Share), ApiError> {
    let read = tokio::time::timeout(BODY_TIME, read_growing(room, body, max_bytes));
    read.await.map_err(|_| ApiError::request_timeout())?
}

async fn read_growing(
    room: &Room,
    mut body: Body,
    max_bytes: usize,
) -> Result<(Bytes, Share), ApiError> {
    if body.size_hint().lower() > max_bytes as u64 {
        return Err(ApiError::too_large(max_bytes));
    }
    let mut share = room.take(0).await.ok_or_else(ApiError::busy)?;
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken_off(&error))?;
        let piece = frame.into_data().unwrap_or_default();
        let length = bytes.len() + piece.len();
        if length > max_bytes {
            return Err(ApiError::too_large(max_bytes));
        }
        let grown = room.grow(&mut share, length).await;
        grown.ok_or_else(ApiError::busy)?;
        bytes.extend_from_slice(&piece);
    }
    Ok((bytes.into(), share))
}

/// What became of a body whose end did not come: its sender stalled (408, worth another try) or was gone.
#[must_use]
pub fn broken_off(error: &axum::Error) -> ApiError {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && error.kind() == std::io::ErrorKind::TimedOut
        {
            return ApiError::request_timeout();
        }
        cause = error.source();
    }
    tracing::debug!(%error, "a body broke off");
    ApiError::bad_request("The request body broke off.")
}

fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}
