//! Bodies of requests, as they come: given up when their sender is too slow, and read to their end
//! when they are answered before.
//!
//! A client that is still sending when it is refused would find its connection closed, and lose the
//! answer or its next request. So what it still sends is read and thrown away, within bounds.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

use crate::clock::Clock;

/// Most bytes that are thrown away; beyond it the connection is closed.
const DRAIN_MAX_BYTES: usize = 1024 * 1024;
/// Longest time that takes.
const DRAIN_TIME: Duration = Duration::from_secs(5);
/// The slowest that a body may come on the whole, in bytes a second, beside the pauses it is
/// allowed.
const SLOWEST: u64 = 4 * 1024;

/// A body that is read to its end even when its reader lets go of it.
pub struct Drained {
    body: Option<Incoming>,
    patience: Patience,
}

/// How long a sender is waited for. Only while something is waited for: what its reader does with
/// it takes as long as it takes.
struct Patience {
    clock: Clock,
    /// The longest pause; and twice as long may all pauses be together, beyond what is due for the
    /// bytes that came.
    pause: Duration,
    came: u64,
    waited: Duration,
    waiting_since: Option<Duration>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// Notes that something came.
    fn came(&mut self, bytes: usize) {
        self.came = self.came.saturating_add(bytes as u64);
        if let Some(since) = self.waiting_since.take() {
            self.waited += self.clock.passed().saturating_sub(since);
        }
    }

    /// Whether that is all the time there was; else wakes the task when it is.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        if self.waiting_since.is_none() {
            self.waiting_since = Some(self.clock.passed());
            let all = self.pause * 2 + Duration::from_secs(self.came / SLOWEST);
            let left = self.pause.min(all.saturating_sub(self.waited));
            self.alarm = Some(Box::pin(tokio::time::sleep(left)));
        }
        let alarm = self.alarm.as_mut();
        alarm.is_some_and(|alarm| alarm.as_mut().poll(context).is_ready())
    }
}

impl Drained {
    /// Takes care of a body. `pause`: the longest that its sender may make.
    #[must_use]
    pub const fn new(body: Incoming, pause: Duration, clock: Clock) -> Self {
        Self {
            body: Some(body),
            patience: Patience {
                clock,
                pause,
                came: 0,
                waited: Duration::ZERO,
                waiting_since: None,
                alarm: None,
            },
        }
    }
}

impl Body for Drained {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        match Pin::new(body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                this.patience.came(frame.data_ref().map_or(0, Bytes::len));
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending if this.patience.is_over(context) => {
                // Nobody waits for the rest of it.
                this.body = None;
                let error = io::Error::new(io::ErrorKind::TimedOut, "the body comes too slowly");
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        if let Some(body) = self.body.take()
            && !body.is_end_stream()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(tokio::time::timeout(DRAIN_TIME, drain(body)));
        }
    }
}

async fn drain(mut body: Incoming) {
    let mut left = DRAIN_MAX_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(bytes) {
            Some(rest) => left = rest,
            None => break,
        }
    }
}
