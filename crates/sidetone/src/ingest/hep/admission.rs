//! The first look at a packet: whether it is one, and whether its agent may send it.

use std::sync::atomic::{AtomicU64, Ordering};

use sidetone_core::id::AccountSid;
use sidetone_core::time::{DAY_US, SECOND_US, TimeUs};
use sidetone_wire::hep::Packet;
use sidetone_wire::malformed::Malformed;

use super::batch::{PacketBatch, Received};
use super::foreign::{Foreign, remedy, told};
use crate::app::App;
use crate::tables::agents::Refusal;
use crate::telemetry::labels::{ClockReason, PacketReason, PacketResult, Source, Transport};
use crate::telemetry::throttle::Subject;

/// How far an agent's clock may be off. Zones that were mistaken for UTC are within it: such times
/// are wrong, but tell packets apart.
const CLOCK_OFF_MAX_US: i64 = DAY_US;

/// Turns packets away, counted and with a word in the log.
pub struct Admission {
    app: App,
    /// The agent that was heard last, and in which second: it is noted once in each.
    heard: AtomicU64,
}

impl Admission {
    /// Admits packets for an app.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self {
            app,
            heard: AtomicU64::new(u64::MAX),
        }
    }

    /// Notes that an agent was heard. What is read of files and requests is of no time of ours.
    fn hear(&self, agent: u32, batch: &PacketBatch) {
        if !is_live(batch.transport) {
            return;
        }
        let second = batch.received_at.micros() / SECOND_US;
        let heard = u64::from(agent) << 32 | second.cast_unsigned() & u64::from(u32::MAX);
        if self.heard.swap(heard, Ordering::Relaxed) != heard {
            let passed = self.app.clock.passed();
            self.app.counters.heard.note(agent, passed);
        }
    }

    /// The packet and whose calls it is about.
    ///
    /// # Errors
    /// When it is not taken: what is wrong with its bytes, `None` when it is its agent. It was
    /// counted.
    pub fn pass<'a>(
        &self,
        batch: &PacketBatch,
        received: Received<'a>,
    ) -> Result<(AccountSid, Packet<'a>), Option<Malformed>> {
        let packet = match Packet::decode(received.bytes) {
            Ok(packet) => packet,
            Err(error) => {
                let result = if is_of_old_version(received.bytes) {
                    PacketResult::Version
                } else {
                    PacketResult::Malformed
                };
                let foreign = Foreign::of(received.bytes).map(Foreign::reason);
                let reason = foreign.unwrap_or(PacketReason::Bytes(error.what));
                self.turn_away(batch, received, None, result, reason);
                return Err(Some(error));
            }
        };
        let admitted = match batch.account {
            Some(account) => Ok(account),
            None => {
                let tables = self.app.tables.get();
                let agents = &tables.agents;
                agents.admit(received.peer.ip(), packet.agent, packet.auth_key)
            }
        };
        match admitted {
            Ok(account) => {
                self.hear(packet.agent, batch);
                Ok((account, packet))
            }
            Err(refusal) => {
                let (result, reason) = match (refusal, packet.auth_key) {
                    (Refusal::WrongKey, None) => (PacketResult::RefusedKey, PacketReason::NoKey),
                    (Refusal::WrongKey, Some(_)) => {
                        (PacketResult::RefusedKey, PacketReason::AnotherKey)
                    }
                    (Refusal::UnknownAgent, _) => (PacketResult::RefusedAgent, PacketReason::None),
                    (Refusal::WrongSource, _) => (PacketResult::RefusedSource, PacketReason::None),
                };
                self.turn_away(batch, received, Some(packet.agent), result, reason);
                Err(None)
            }
        }
    }

    /// Whose calls those are that no entry gives to another account.
    #[must_use]
    pub fn default_account(&self) -> Option<AccountSid> {
        self.app.tables.get().agents.default_account()
    }

    /// When a packet was captured: what its agent says, or when it was received where the agent's
    /// clock cannot be right. That is counted, with a word in the log. Bodies and files may be of
    /// any time.
    #[must_use]
    pub fn believable_time(
        &self,
        batch: &PacketBatch,
        received: Received<'_>,
        capture_id: u32,
        captured_at: TimeUs,
    ) -> TimeUs {
        let received_at = batch.received_at;
        let off_us = captured_at.micros().saturating_sub(received_at.micros());
        let transport = batch.transport;
        if !is_live(transport) || off_us.saturating_abs() <= CLOCK_OFF_MAX_US {
            return captured_at;
        }
        let reason = if off_us < 0 {
            ClockReason::Past
        } else {
            ClockReason::Future
        };
        let counters = &self.app.counters;
        counters.count_wrong_clock(transport, reason);
        let subject = Subject::Clock(transport);
        if let Some(more) = counters.log_throttle.may_log(subject, received_at) {
            let transport = transport.as_str();
            let captured_at = captured_at.to_seconds_text();
            tracing::warn!(peer = %received.peer, capture_id, transport, captured_at, more, "the clock of an agent is wrong; its packets count as captured when they were received");
        }
        received_at
    }

    /// Counts a packet that is not taken, and logs it. `capture_id`: of its agent, where that is
    /// the trouble.
    pub fn turn_away(
        &self,
        batch: &PacketBatch,
        received: Received<'_>,
        capture_id: Option<u32>,
        result: PacketResult,
        reason: PacketReason,
    ) {
        let counters = &self.app.counters;
        counters.count_packets(batch.transport, result, reason, 1);
        let doors = &counters.doors;
        let word = result.as_str();
        doors.refuse(Source::Hep, word, batch.received_at, || {
            told(result, reason)
        });
        let subject = Subject::Packet(batch.transport, result, reason);
        if let Some(more) = counters.log_throttle.may_log(subject, batch.received_at) {
            // What a request or a file holds has no peer of its own.
            let peer = (!received.peer.ip().is_unspecified()).then_some(received.peer);
            let peer = peer.map(tracing::field::display);
            tracing::warn!(
                peer,
                capture_id,
                transport = batch.transport.as_str(),
                result = result.as_str(),
                reason = reason.as_str(),
                remedy = remedy(result, reason),
                more,
                "a packet was not taken"
            );
        }
    }
}

/// Whether packets come so as soon as they are captured.
const fn is_live(transport: Transport) -> bool {
    matches!(transport, Transport::Udp | Transport::Tcp | Transport::Sip)
}

/// Whether a packet is of HEP version 1 or 2. Such agents are well, and only have to be told to
/// speak the newer version.
fn is_of_old_version(packet: &[u8]) -> bool {
    matches!(packet.first(), Some(1 | 2))
}
