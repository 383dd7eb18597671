//! What follows receiving: each datagram is put to its call, with as little as that takes, or as
//! the server does it.

use std::net::SocketAddr;

use anyhow::ensure;
use sidetone::clock::Clock;
use sidetone::ingest::hep::batch::PacketBatch;
use sidetone_core::correlate::{
    Correlator, DialogStep, Evidence, Fate, Limits, MediaClue, Owned, Seen, SipClue, Tracker,
};
use sidetone_core::id::{AccountSid, CallRef};
use sidetone_core::time::TimeUs;
use sidetone_store::NewEvent;
use sidetone_wire::hep::{self, Packet, Payload};
use sidetone_wire::rtcp;
use sidetone_wire::sdp;
use sidetone_wire::sip::{Message, StartLine};
use sidetone_wire::translate::mirrored;
use sidetone_wire::translate::trusted_headers::TrustedHeaders;
use sidetone_wire::vq_report;

pub const ACCOUNT: AccountSid = AccountSid::from_bytes([7; 16]);

/// Finds the call of each datagram, and makes nothing of it.
pub struct Places {
    tracker: Tracker,
    clock: Clock,
    /// Datagrams whose call was found, and those without.
    pub found: u64,
    pub lost: u64,
}

impl Places {
    pub fn new() -> Self {
        Self {
            tracker: Tracker::new(Limits::default()),
            clock: Clock::default(),
            found: 0,
            lost: 0,
        }
    }

    pub fn take(&mut self, batch: &PacketBatch) {
        let now = self.clock.now();
        for received in batch.iter() {
            match self.place(received.bytes, now) {
                Some(_) => self.found += 1,
                None => self.lost += 1,
            }
        }
        self.tracker.forget(now);
    }

    fn place(&mut self, datagram: &[u8], now: TimeUs) -> Option<CallRef> {
        let packet = Packet::decode(datagram).ok()?;
        let Payload::Plain(payload) = packet.payload else {
            return None;
        };
        if packet.payload_type == hep::RTCP {
            let report = rtcp::decode(payload).ok()?;
            let about = report.blocks.iter().map(|block| block.about_ssrc);
            let ssrcs: Vec<u32> = std::iter::once(report.ssrc).chain(about).collect();
            let name = packet.correlation_id.map(sidetone_wire::sip::text);
            return self.media(name.as_deref(), &[packet.src, packet.dst], &ssrcs, now);
        }
        let message = Message::parse(payload).ok()?;
        let is_report = message.content_type() == Some(b"application/vq-rtcpxr");
        if is_report && matches!(message.start(), StartLine::Request { .. }) {
            let report = vq_report::decode(message.body()).ok()?;
            return self.media(report.call_id.as_deref(), &[], &[], now);
        }
        self.sip(&message, now)
    }

    fn sip(&mut self, message: &Message<'_>, now: TimeUs) -> Option<CallRef> {
        let (mut rtcp, mut ssrcs): (Vec<SocketAddr>, Vec<u32>) = Default::default();
        for stream in message.sdp_body().into_iter().flat_map(sdp::media) {
            rtcp.extend(stream.rtcp);
            ssrcs.extend(stream.ssrcs());
        }
        let (_, method) = message.cseq()?;
        let is_invite = method == b"INVITE";
        let step = match message.start() {
            StartLine::Request { .. } if is_invite && message.to()?.tag().is_none() => {
                DialogStep::Begins
            }
            StartLine::Request { .. } if method == b"BYE" => DialogStep::Ends,
            StartLine::Response { status, .. } if is_invite && status >= 300 => DialogStep::Refuses,
            StartLine::Response { status, .. } if is_invite && status >= 200 => DialogStep::Accepts,
            StartLine::Request { .. } | StartLine::Response { .. } => DialogStep::Other,
        };
        let clue = SipClue {
            account: ACCOUNT,
            call_id: &sidetone_wire::sip::text(message.call_id()?),
            sid: None,
            step,
            seen: seen(now),
            rtcp: &rtcp,
            ssrcs: &ssrcs,
        };
        self.tracker.sip(&clue, now)
    }

    fn media(
        &mut self,
        name: Option<&str>,
        addresses: &[SocketAddr],
        ssrcs: &[u32],
        now: TimeUs,
    ) -> Option<CallRef> {
        let clue = MediaClue {
            account: ACCOUNT,
            correlation_id: name,
            addresses,
            ssrcs,
            seen: seen(now),
            evidence: Evidence::Known,
        };
        self.tracker.media(&clue, now)
    }
}

/// As of a packet that comes when it is seen.
const fn seen(at: TimeUs) -> Seen {
    Seen {
        at,
        received_at: at,
    }
}

/// Makes of each datagram the event that is kept, by the very functions of the collector.
pub struct Events {
    correlator: Correlator,
    headers: TrustedHeaders,
    clock: Clock,
    account: AccountSid,
    /// As of [`Places`].
    pub found: u64,
    pub lost: u64,
}

impl Events {
    pub fn new(account: AccountSid) -> Self {
        Self {
            correlator: Correlator::new(Limits::default()),
            headers: TrustedHeaders::default(),
            clock: Clock::default(),
            account,
            found: 0,
            lost: 0,
        }
    }

    pub fn take(&mut self, batch: &PacketBatch, mut give: impl FnMut(NewEvent)) {
        let now = self.clock.now();
        let mut read = Vec::new();
        for received in batch.iter() {
            if let Ok(packet) = Packet::decode(received.bytes) {
                mirrored::hep(&packet, self.account, &self.headers, |it| read.push(it));
            }
            let packet = read.pop().and_then(Result::ok);
            let event = packet.map(|packet| {
                let owned = Owned {
                    account: self.account,
                    came_by: "bench",
                    packet,
                };
                self.correlator.take(owned, now)
            });
            if let Some(Fate::Event(event)) = event {
                self.found += 1;
                give(NewEvent {
                    event: *event,
                    received_at: now,
                });
            } else {
                self.lost += 1;
            }
        }
        self.correlator.retry(now);
    }
}

/// That both found every call.
pub fn check(places: &Places, events: &Events) -> anyhow::Result<()> {
    ensure!(
        (places.lost, events.lost) == (0, 0) && places.found == events.found,
        "calls not found: {} and {} of {}",
        places.lost,
        events.lost,
        places.found
    );
    Ok(())
}
