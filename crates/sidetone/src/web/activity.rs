//! What a connection is doing: whether it waits for its client, and which answers it still has to
//! send.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::Version;
use hyper::body::{Body as _, Frame, SizeHint};

use super::connections::{ConnectionPermit, Request};
use crate::clock::Clock;

/// Answers up to this length leave at once, into the buffers of the connection.
const SMALL_BYTES: u64 = 16 * 1024;

/// The slowest that an answer may be taken, in bytes a second, beside the pause a client is
/// allowed.
const SLOWEST: u64 = 32 * 1024;

/// A connection that is being served.
pub(crate) struct Activity {
    permit: ConnectionPermit,
    clock: Clock,
    /// The longest pause of the client.
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Requests that are not answered yet.
    requests: usize,
    /// Since when there is none.
    idle_since: Duration,
    /// When each answer that its client is waited for to take must be taken.
    sending: BTreeMap<u64, Duration>,
    last_number: u64,
}

/// A request that is being answered.
pub(crate) struct Answering {
    activity: Arc<Activity>,
    _request: Option<Request>,
}

impl Activity {
    pub(crate) fn new(permit: ConnectionPermit, clock: Clock, pause: Duration) -> Arc<Self> {
        let idle_since = clock.passed();
        permit.listens(idle_since);
        Arc::new(Self {
            permit,
            clock,
            pause,
            state: Mutex::new(State {
                idle_since,
                ..State::default()
            }),
        })
    }

    /// Begins a request. `None`: there are too many at once.
    pub(crate) fn begin(self: &Arc<Self>, version: Version) -> Option<Answering> {
        let request = if version == Version::HTTP_2 {
            Some(self.permit.begin_request()?)
        } else {
            None
        };
        self.lock().requests += 1;
        self.permit.works();
        self.permit.is_known();
        Some(Answering {
            activity: self.clone(),
            _request: request,
        })
    }

    /// Waits until another connection has the permit.
    pub(crate) async fn displaced(&self) {
        self.permit.lost().await;
    }

    /// Waits until the client has sent no request, or not taken an answer, for too long. Heads of
    /// requests have to come in time as well, and pings are no requests.
    pub(crate) async fn overdue(&self) {
        let look = (self.pause / 8).clamp(Duration::from_millis(20), Duration::from_secs(2));
        while !self.is_overdue() {
            tokio::time::sleep(look).await;
        }
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.lock().requests > 0
    }

    fn is_overdue(&self) -> bool {
        let now = self.clock.passed();
        let state = self.lock();
        let is_idle = state.requests == 0 && now >= state.idle_since + self.pause;
        is_idle || state.sending.values().any(|by| *by <= now)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answering {
    /// The answer, which is taken within a time that follows from its length; while it is still
    /// being made, nobody is waited for.
    pub(crate) fn send(self, response: Response) -> Response {
        let length = response.body().size_hint().exact();
        if self._request.is_none() && length.is_some_and(|length| length <= SMALL_BYTES) {
            return response;
        }
        let activity = &self.activity;
        let now = activity.clock.passed();
        let number = {
            let mut state = activity.lock();
            state.last_number += 1;
            state.last_number
        };
        let mut taken = Taken {
            number,
            bytes: length.unwrap_or(0),
            given: 0,
            waited: Duration::ZERO,
            waiting_since: None,
        };
        taken.wait(activity, now);
        response.map(|body| {
            Body::new(Sending {
                body,
                answering: self,
                taken,
            })
        })
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let activity = &self.activity;
        let mut state = activity.lock();
        state.requests = state.requests.saturating_sub(1);
        if state.requests == 0 {
            state.idle_since = activity.clock.passed();
            activity.permit.listens(state.idle_since);
        }
    }
}

/// How a client takes an answer: waited for it is only between two pieces, from when one is there
/// until the next is wanted.
struct Taken {
    number: u64,
    /// How long the answer is, as far as that is known.
    bytes: u64,
    given: u64,
    waited: Duration,
    waiting_since: Option<Duration>,
}

impl Taken {
    /// Waits for the client from now on.
    fn wait(&mut self, activity: &Activity, now: Duration) {
        let due = Duration::from_secs(self.bytes.max(self.given) / SLOWEST);
        let left = (activity.pause + due).saturating_sub(self.waited);
        activity.lock().sending.insert(self.number, now + left);
        self.waiting_since = Some(now);
    }

    /// The client has taken what there was.
    fn stop_waiting(&mut self, activity: &Activity, now: Duration) {
        if let Some(since) = self.waiting_since.take() {
            self.waited += now.saturating_sub(since);
            activity.lock().sending.remove(&self.number);
        }
    }
}

/// A body that is being sent.
struct Sending {
    body: Body,
    answering: Answering,
    taken: Taken,
}

impl hyper::body::Body for Sending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let activity = &this.answering.activity;
        // The connection asks for no more than it has room for.
        this.taken.stop_waiting(activity, activity.clock.passed());
        let frame = Pin::new(&mut this.body).poll_frame(context);
        if let Poll::Ready(frame) = &frame {
            if let Some(Ok(frame)) = frame {
                this.taken.given += frame.data_ref().map_or(0, Bytes::len) as u64;
            }
            this.taken.wait(activity, activity.clock.passed());
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut state = self.answering.activity.lock();
        state.sending.remove(&self.taken.number);
    }
}
