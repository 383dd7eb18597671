//! Sends requests and says whether they arrived.

use std::error::Error;
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::{ConnectError, Connector};
use super::retry_after::RetryAfter;

/// Most bytes of an answer that are read, so that its connection stays usable, and that are kept of
/// it for who looks at them.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
const KEPT_MAX_BYTES: usize = 16 * 1024;
/// The largest head of an answer.
const HEAD_MAX_BYTES: usize = 64 * 1024;
/// How long a connection waits for the next request.
const IDLE_TIME: Duration = Duration::from_secs(30);
/// Connections that wait for the next request, of one origin.
const IDLE_MAX: usize = 16;

/// Why a request had no answer, or none of success where that is what counts.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// It was answered, but not with a status of success. Redirects are not followed.
    #[error("answered {status}")]
    Status {
        /// With which.
        status: u16,
        /// When it may be asked again, if it says so.
        retry_after: Option<RetryAfter>,
    },
    /// No answer came in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// There was no connection.
    #[error("{0}")]
    Unconnected(String),
    /// The connection ended before there was an answer, or what came was none.
    #[error("no answer: {0}")]
    Broken(String),
    /// It cannot be made a request of.
    #[error("cannot be sent: {0}")]
    Unsendable(String),
}

impl Failure {
    /// Whether nobody was there who answered.
    #[must_use]
    pub const fn is_silence(&self) -> bool {
        match self {
            Self::TimedOut(_) | Self::Unconnected(_) | Self::Broken(_) => true,
            Self::Status { .. } | Self::Unsendable(_) => false,
        }
    }
}

/// Sends requests, over connections that are kept for the next one.
pub struct Client {
    http: legacy::Client<Connector, Full<Bytes>>,
    time_out: Duration,
}

/// An answer that is read.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Seconds after which the request may be made again, if it says so.
    pub retry_after_s: Option<u64>,
    /// What its body is, if it says so.
    pub content_type: Option<HeaderValue>,
    /// Its body.
    pub body: Bytes,
}

impl Client {
    /// `time_out`: for all of a request, from looking up the host to the answer.
    #[must_use]
    pub fn new(allow_private: bool, time_out: Duration) -> Self {
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(IDLE_MAX)
            .http1_max_buf_size(HEAD_MAX_BYTES)
            .build(Connector::new(allow_private));
        Self { http, time_out }
    }

    /// Sends a request. A status of success (2xx) is all that counts, and is returned.
    ///
    /// # Errors
    /// Why it did not arrive.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<u16, Failure> {
        self.ask(request).await?.success().map(|said| said.status)
    }

    /// Sends a request, and returns the beginning of what it was answered.
    ///
    /// # Errors
    /// Why there was no answer.
    pub async fn ask(&self, request: Request<Full<Bytes>>) -> Result<Said, Failure> {
        let mut answered = None;
        let exchange = async {
            let answer = self.http.request(request).await.map_err(failure)?;
            let status = answer.status().as_u16();
            let said = answered.insert(Said {
                status,
                retry_after: RetryAfter::of(status, answer.headers()),
                body: Vec::new(),
            });
            read(answer.into_body(), &mut said.body).await;
            Ok(())
        };
        if let Ok(Err(failure)) = tokio::time::timeout(self.time_out, exchange).await {
            return Err(failure);
        }
        // Whoever said yes and then took too long with the rest has said yes.
        answered.ok_or(Failure::TimedOut(self.time_out))
    }
}

/// What a request was answered.
#[derive(Debug)]
pub struct Said {
    /// The status.
    pub status: u16,
    /// When it may be asked again, if it says so.
    pub retry_after: Option<RetryAfter>,
    /// The beginning of the body, as much as came in time.
    pub body: Vec<u8>,
}

impl Said {
    /// Itself, if its status is one of success (2xx).
    ///
    /// # Errors
    /// It is none.
    pub fn success(self) -> Result<Self, Failure> {
        match self.status {
            200..300 => Ok(self),
            status => Err(Failure::Status {
                status,
                retry_after: self.retry_after,
            }),
        }
    }
}

impl Client {
    /// Sends a request, and reads its answer of at most so many bytes, whatever its status.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn fetch(
        &self,
        request: Request<Full<Bytes>>,
        max_bytes: usize,
    ) -> Result<Answer, Failure> {
        let exchange = async {
            let answer = self.http.request(request).await.map_err(failure)?;
            let status = answer.status().as_u16();
            let retry_after = answer.headers().get(RETRY_AFTER);
            let retry_after_s = retry_after.and_then(|it| it.to_str().ok()?.parse().ok());
            let content_type = answer.headers().get(CONTENT_TYPE).cloned();
            let body = Limited::new(answer.into_body(), max_bytes).collect().await;
            let body = body.map_err(|error| Failure::Broken(error.to_string()))?;
            Ok(Answer {
                status,
                retry_after_s,
                content_type,
                body: body.to_bytes(),
            })
        };
        let exchange = tokio::time::timeout(self.time_out, exchange).await;
        exchange.unwrap_or(Err(Failure::TimedOut(self.time_out)))
    }
}

/// Reads an answer's body, so that its connection can be used again; gives up both when there is
/// too much of it. Its beginning is kept.
async fn read(mut body: Incoming, kept: &mut Vec<u8>) {
    let mut left = ANSWER_MAX_BYTES;
    while !body.is_end_stream()
        && let Some(Ok(frame)) = body.frame().await
    {
        let bytes = frame.data_ref().map_or(&[][..], |data| data);
        let room = KEPT_MAX_BYTES - kept.len();
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        match left.checked_sub(bytes.len()) {
            Some(rest) => left = rest,
            None => break,
        }
    }
}

fn failure(error: legacy::Error) -> Failure {
    let source = error.source();
    if let Some(reason) = source.and_then(|source| source.downcast_ref::<ConnectError>()) {
        return Failure::Unconnected(reason.to_string());
    }
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    Failure::Broken(innermost.to_string())
}
