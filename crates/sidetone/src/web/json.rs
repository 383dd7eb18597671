//! Typed bodies, written as JSON.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use serde::Serialize;

use crate::budget::Share;

/// Most bodies fit without growing.
const USUAL_BYTES: usize = 1024;
/// A longer body is given to the connection in pieces, so that one that is taken slowly is not in
/// its buffers whole.
const PIECE_BYTES: usize = 32 * 1024;

/// A body to be written as JSON, with the content type of the original.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        self.written().into_response()
    }
}

impl<T: Serialize> Json<T> {
    /// The answer, which keeps its share of the memory of all answers until it is sent.
    #[must_use]
    pub fn holding(self, share: Share) -> Response {
        self.written().holding(share)
    }

    fn written(self) -> Written {
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        Written(serde_json::to_writer(&mut bytes, &self.0).map(|()| bytes))
    }
}

/// A body that is written as JSON, or why it is not.
#[derive(Debug)]
pub struct Written(pub serde_json::Result<Vec<u8>>);

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        self.respond(None)
    }
}

impl Written {
    /// As [`Json::holding`].
    #[must_use]
    pub fn holding(self, share: Share) -> Response {
        self.respond(Some(share))
    }

    fn respond(self, share: Option<Share>) -> Response {
        let mut bytes = match self.0 {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::error!(%error, "a body could not be written as JSON");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        };
        let body = if bytes.len() > PIECE_BYTES {
            bytes.shrink_to_fit();
            let share = share.map(|mut share| {
                share.shrink_to(bytes.len());
                share
            });
            Body::new(Pieces {
                rest: bytes.into(),
                _share: share,
            })
        } else {
            Body::from(bytes)
        };
        let mut response = Response::new(body);
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        response
    }
}

/// A body that is given piece by piece.
struct Pieces {
    rest: Bytes,
    _share: Option<Share>,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
