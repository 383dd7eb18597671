//! The packets of a call, read from its log.

use axum::http::HeaderValue;
use axum::response::Response;
use sidetone_core::event::{CallEvent, EventKind, Observation};
use sidetone_core::fold::FoldState;
use sidetone_core::id::CallRef;
use sidetone_store::EventFilter;
use sidetone_store::page::{PageRequest, Place, Start};
use tokio::sync::Semaphore;

use super::hint::HINT;
use crate::app::App;
use crate::http::error::ApiError;

/// Kinds of events that tell of packets.
const KINDS: [EventKind; 3] = [EventKind::Sip, EventKind::Rtcp, EventKind::Vq];
/// The most packets read for one answer. Two parties that report every five seconds, mirrored on both legs, need seven
/// hours for as many.
const PACKETS_MAX: usize = 20_000;
/// The most text of SIP messages read for one answer.
const TEXT_MAX_BYTES: usize = 32 << 20;
/// Packets read at a time.
const CHUNK: usize = 250;
/// Answers that are made of packets at once; others wait. Each takes memory for all packets of a call.
static READERS: Semaphore = Semaphore::const_new(4);

/// What the first packets of a call tell.
#[derive(Debug, Default)]
pub struct Packets {
    /// As the fold has learnt it.
    pub state: FoldState,
    /// Whether there are more than were read.
    pub is_cut: bool,
}

impl Packets {
    /// Reads a call's packets by time, and shows each with its place.
    ///
    /// # Errors
    /// As the store's.
    pub async fn read(
        app: &App,
        call: CallRef,
        mut show: impl FnMut(Place, &CallEvent) + Send,
    ) -> Result<Self, ApiError> {
        // Never closed: acquiring it does not fail.
        let _reader = READERS.acquire().await;
        let mut packets = Self::default();
        let mut text_bytes = 0_usize;
        let mut start = Start::First { skip: 0 };
        for _ in 0..PACKETS_MAX / CHUNK {
            let request = PageRequest { start, size: CHUNK };
            let page = app.store.events(call, &of_packets(), &request).await?;
            for (place, event) in &page.rows {
                packets.state.add(event);
                if let Observation::Sip { sip } = &event.observation {
                    text_bytes += sip.text.len();
                }
                show(*place, event);
            }
            let Some(last) = page.after else {
                return Ok(packets);
            };
            if text_bytes > TEXT_MAX_BYTES {
                break;
            }
            start = Start::After(last);
        }
        packets.is_cut = true;
        Ok(packets)
    }

    /// Says so when not all packets were read.
    pub fn hint(&self, response: &mut Response) {
        if self.is_cut {
            let hint = HeaderValue::from_static("only the first packets of this call were read");
            response.headers_mut().append(HINT, hint);
        }
    }
}

fn of_packets() -> EventFilter {
    EventFilter {
        kinds: KINDS.to_vec(),
        ..EventFilter::default()
    }
}
