//! Reading bodies: bounded in size and in time.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, to_bytes};
use http_body_util::BodyExt;
use hyper::body::Body as _;

use crate::budget::{Budget, Share};

/// No honest client takes longer for a body that fits.
const BODY_TIME: Duration = Duration::from_secs(60);

/// Why a body is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// It is longer than it may be.
    TooLarge {
        /// The most it may have.
        max_bytes: usize,
    },
    /// It stalled, or took too long: worth another try.
    TooSlow,
    /// Its end did not come.
    BrokenOff,
    /// Others had all the room for too long.
    NoRoom,
}

/// Reads a whole body.
///
/// # Errors
/// When it is longer than `max_bytes`, stalls or takes longer than a minute, or breaks off.
pub async fn read(body: Body, max_bytes: usize) -> Result<Bytes, BodyError> {
    let read = tokio::time::timeout(BODY_TIME, to_bytes(body, max_bytes));
    match read.await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => Err(BodyError::TooLarge { max_bytes }),
        Ok(Err(error)) => Err(broken_off(&error)),
        Err(_) => Err(BodyError::TooSlow),
    }
}

/// Reads a whole body that may be large, within the room for such bodies: its share is held as long
/// as its bytes are. Room is taken as bytes come, not as many as somebody says will come.
///
/// # Errors
/// As [`read`]; when others have all the room for too long.
pub async fn read_large(
    budget: &Budget,
    body: Body,
    max_bytes: usize,
) -> Result<(Bytes, Share), BodyError> {
    let read = tokio::time::timeout(BODY_TIME, read_growing(budget, body, max_bytes));
    read.await.map_err(|_| BodyError::TooSlow)?
}

async fn read_growing(
    budget: &Budget,
    mut body: Body,
    max_bytes: usize,
) -> Result<(Bytes, Share), BodyError> {
    if body.size_hint().lower() > max_bytes as u64 {
        return Err(BodyError::TooLarge { max_bytes });
    }
    let mut share = budget.take(0).await.ok_or(BodyError::NoRoom)?;
    let mut bytes: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken_off(&error))?;
        let piece = frame.into_data().unwrap_or_default();
        let length = bytes.len() + piece.len();
        if length > max_bytes {
            return Err(BodyError::TooLarge { max_bytes });
        }
        if length > bytes.capacity() {
            // Counted is what there is room for, not what is in it.
            let capacity = length.max(2 * bytes.capacity()).min(max_bytes);
            let grown = budget.grow(&mut share, capacity).await;
            grown.ok_or(BodyError::NoRoom)?;
            bytes.reserve_exact(capacity - bytes.len());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok((bytes.into(), share))
}

/// The next piece of a body; `None` at its end.
///
/// # Errors
/// When it stalls or breaks off.
pub async fn next(body: &mut BodyDataStream) -> Result<Option<Bytes>, BodyError> {
    // BodyDataStream is a Body as well; frames of it are its data.
    match body.frame().await {
        None => Ok(None),
        Some(Ok(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
        Some(Err(error)) => Err(broken_off(&error)),
    }
}

/// What became of a body whose end did not come: its sender stalled or was gone.
fn broken_off(error: &axum::Error) -> BodyError {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && error.kind() == std::io::ErrorKind::TimedOut
        {
            return BodyError::TooSlow;
        }
        cause = error.source();
    }
    tracing::debug!(%error, "a body broke off");
    BodyError::BrokenOff
}

fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}
