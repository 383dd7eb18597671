//! The first look at a packet: whether it is one, and whether its agent may send it.

use sidetone_core::id::AccountSid;
use sidetone_core::time::{DAY_US, TimeUs};
use sidetone_wire::hep::Packet;
use sidetone_wire::malformed::Malformed;

use super::agents::Refusal;
use super::batch::{Batch, Received};
use super::foreign::{Foreign, remedy};
use crate::app::App;

/// How far an agent's clock may be off. Zones that were mistaken for UTC are within it: such times are wrong, but tell
/// packets apart.
const CLOCK_OFF_MAX_US: i64 = DAY_US;

/// Turns packets away, counted and with a word in the log.
pub struct Gate {
    app: App,
}

impl Gate {
    /// The gate of an app.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self { app }
    }

    /// The packet and whose calls it is about.
    ///
    /// # Errors
    /// When it is not taken: what is wrong with its bytes, `None` when it is its agent. It was counted.
    pub fn pass<'a>(
        &self,
        batch: &Batch,
        received: Received<'a>,
    ) -> Result<(AccountSid, Packet<'a>), Option<Malformed>> {
        let packet = match Packet::decode(received.bytes) {
            Ok(packet) => packet,
            Err(error) => {
                // Old agents are well and only have to be told to speak the newer version.
                let result = match error.what {
                    "HEP version 1 or 2" => "version",
                    _ => "malformed",
                };
                let foreign = Foreign::of(received.bytes).map(Foreign::as_str);
                let reason = foreign.unwrap_or(error.what);
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
            Ok(account) => Ok((account, packet)),
            Err(refusal) => {
                let reason = match (refusal, packet.auth_key) {
                    (Refusal::WrongKey, None) => "no key",
                    (Refusal::WrongKey, Some(_)) => "another key",
                    (Refusal::UnknownAgent | Refusal::WrongSource, _) => "",
                };
                self.turn_away(
                    batch,
                    received,
                    Some(packet.agent),
                    refusal.as_str(),
                    reason,
                );
                Err(None)
            }
        }
    }

    /// Whose calls those are that no entry gives to another account.
    #[must_use]
    pub fn default_account(&self) -> Option<AccountSid> {
        self.app.tables.get().agents.default_account()
    }

    /// When a packet was captured: what its agent says, or when it was received where the agent's clock cannot be right. That
    /// is counted, with a word in the log. Bodies and files may be of any time.
    #[must_use]
    pub fn believable_time(
        &self,
        batch: &Batch,
        received: Received<'_>,
        capture_id: u32,
        captured_at: TimeUs,
    ) -> TimeUs {
        let received_at = batch.received_at;
        let off_us = captured_at.micros().saturating_sub(received_at.micros());
        if !batch.transport.is_live() || off_us.saturating_abs() <= CLOCK_OFF_MAX_US {
            return captured_at;
        }
        let transport = batch.transport.as_str();
        let reason = if off_us < 0 { "past" } else { "future" };
        self.app.counters.count_wrong_clock(transport, reason);
        if let Some(more) = self.app.complaints.may_say(transport, "clock", received_at) {
            let captured_at = captured_at.to_seconds_text();
            tracing::warn!(peer = %received.peer, capture_id, transport, captured_at, more, "the clock of an agent is wrong; its packets count as captured when they were received");
        }
        received_at
    }

    /// Counts a packet that is not taken, and complains. `capture_id`: of its agent, where that is the trouble.
    pub fn turn_away(
        &self,
        batch: &Batch,
        received: Received<'_>,
        capture_id: Option<u32>,
        result: &'static str,
        reason: &'static str,
    ) {
        let transport = batch.transport.as_str();
        self.app.counters.count_hep(transport, result, reason, 1);
        let what = if reason.is_empty() { result } else { reason };
        if let Some(more) = self
            .app
            .complaints
            .may_say(transport, what, batch.received_at)
        {
            // What a request or a file holds has no peer of its own.
            let peer = (!received.peer.ip().is_unspecified()).then_some(received.peer);
            let peer = peer.map(tracing::field::display);
            tracing::warn!(
                peer,
                capture_id,
                transport,
                result,
                reason,
                remedy = Some(remedy(result, reason)).filter(|remedy| !remedy.is_empty()),
                more,
                "a packet was not taken"
            );
        }
    }
}
