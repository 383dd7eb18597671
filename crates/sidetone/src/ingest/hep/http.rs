//! `POST /ingest/v1/hep`: packets one after the other, as in a stream.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use sidetone_core::id::AccountSid;
use sidetone_wire::pcap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::batch::PacketBatch;
use super::collector::Collector;
use super::framer::Framer;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::app::App;
use crate::ingest::keep::answer;
use crate::telemetry::labels::{PacketReason, PacketResult, Source, Transport};
use crate::web::body;

/// Bytes that tell a capture file.
const BEGINNING: usize = 4;
/// Bytes of packets that are read at a time.
const PIECE: usize = 16 * 1024;
/// Refused packets after which a body is given up.
const REFUSED_MAX: u64 = 1_000;

/// Bodies that are taken at once; others wait for a while. Each has packets in memory that wait for
/// others.
static BODIES: Semaphore = Semaphore::const_new(8);
/// How many of them may be of one account, so that slow ones keep no other account waiting.
const BODIES_OF_ONE: usize = 2;
/// The turns of each account that has any.
static OF_ACCOUNTS: Mutex<BTreeMap<AccountSid, Weak<Semaphore>>> = Mutex::new(BTreeMap::new());
const WAIT: Duration = Duration::from_secs(10);

/// Waits for an account's turn.
async fn turn(
    account: AccountSid,
) -> (
    Option<OwnedSemaphorePermit>,
    Option<SemaphorePermit<'static>>,
) {
    let own = {
        let mut all = OF_ACCOUNTS.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, turns| turns.strong_count() > 0);
        let turns = all.get(&account).and_then(Weak::upgrade);
        let turns = turns.unwrap_or_else(|| Arc::new(Semaphore::new(BODIES_OF_ONE)));
        all.insert(account, Arc::downgrade(&turns));
        turns
    };
    // Never closed: acquiring them does not fail.
    let own = own.acquire_owned().await.ok();
    (own, BODIES.acquire().await.ok())
}

/// Takes packets about calls of the caller, whoever captured them. `?Settle=true`: the body is all
/// there is of its calls, so those that ended in it are complete.
///
/// # Errors
/// 400 when there is no packet in it, 401; 503 when nothing more can be kept: the same body may be
/// sent again.
pub async fn receive(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query,
    body: Body,
) -> Result<Response, ApiError> {
    let settle = match query.filled("Settle") {
        Some(value) => value.boolean().map_err(ApiError::invalid_query)?,
        None => false,
    };
    let turn = tokio::time::timeout(WAIT, turn(caller.account)).await;
    let _turn = turn.map_err(|_| ApiError::busy())?;
    let peer = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let mut collector = Collector::of_whole(app.clone());
    let mut framer = Framer::default();
    let mut batch = PacketBatch::new(Transport::Http);
    batch.account = Some(caller.account);
    let (mut packets, mut gaps) = (0, 0);
    let mut beginning = Vec::new();
    let mut body = body.into_data_stream();
    let read = loop {
        let piece = match body::next(&mut body).await {
            Ok(Some(piece)) => piece,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error.into()),
        };
        if beginning.len() < BEGINNING {
            beginning.extend(piece.iter().copied().take(BEGINNING - beginning.len()));
            if pcap::is_capture(&beginning) {
                return Err(ApiError::bad_request(
                    "The body is a capture file, not packets of HEP3 one after the other. `sidetone ingest FILE` reads \
                     it, on the server or beside its data directory.",
                ));
            }
        }
        for piece in piece.chunks(PIECE) {
            batch.received_at = app.clock.now();
            gaps += framer.feed(peer, piece, &mut batch);
            packets += batch.len();
            collector.take(&batch).await?;
            batch.clear();
            // Others have their turn.
            tokio::task::yield_now().await;
        }
        if collector.malformed() + gaps >= REFUSED_MAX {
            let last = "packets that cannot be read.";
            break Err(ApiError::given_up(REFUSED_MAX, last));
        }
    };
    let cut = u64::from(framer.is_within());
    let count = |reason, number| {
        let counters = &app.counters;
        counters.count_packets(Transport::Http, PacketResult::Malformed, reason, number);
    };
    count(PacketReason::BetweenPackets, gaps);
    count(PacketReason::BodyEnded, cut);
    let mut outcome = if settle && read.is_ok() {
        collector.finish_settled().await?
    } else {
        collector.finish().await?
    };
    read?;
    if packets == 0 {
        return Err(ApiError::bad_request(
            "The body holds no HEP packets. Expected packets of HEP3, one after the other.",
        ));
    }
    outcome.refuse_bytes(
        gaps,
        &format!(
            "Bytes between packets (stretches: {gaps}). Expected packets of HEP3, one after the other."
        ),
    );
    outcome.refuse_bytes(cut, "The body ends within a packet.");
    answer(&app, Source::Hep, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_account_that_is_slow_keeps_no_other_waiting() {
        let [one, other] = [1, 2].map(|number| AccountSid::from_bytes([number; 16]));
        let slow = [turn(one).await, turn(one).await];
        let third = tokio::time::timeout(Duration::from_millis(20), turn(one)).await;
        assert!(third.is_err());
        turn(other).await;
        drop(slow);
        turn(one).await;
    }
}
