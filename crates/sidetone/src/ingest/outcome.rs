//! What became of the events that came together.

use std::collections::BTreeMap;

use serde::Serialize;
use sidetone_store::Appended;
use sidetone_wire::batch::Tally;
use sidetone_wire::error::{DecodeError, InputPart};
use sidetone_wire::malformed::Malformed;
use sidetone_wire::repairs::Repairs;

/// What became of a body's events.
#[derive(Debug, Default, Serialize)]
pub struct Outcome {
    /// Kept.
    pub accepted: u64,
    /// There already; nothing changed.
    pub duplicates: u64,
    /// Refused; `errors` names the first of them.
    pub rejected: u64,
    /// Those of the refused that nothing is wrong with, but their calls take no more.
    #[serde(skip)]
    pub late: u64,
    /// Well-formed, but of a type that means nothing here.
    pub ignored: u64,
    /// Payloads that something was wrong with and that were used all the same, by [what was
    /// wrong](sidetone_wire::repairs::Repair).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub repaired: BTreeMap<&'static str, u64>,
    /// Why, by number.
    pub errors: Vec<Refusal>,
}

/// Why one event was refused.
#[derive(Debug, Serialize)]
pub struct Refusal {
    /// Number of the line, array item or packet, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Names field, value and what is allowed.
    pub message: String,
}

/// Most refusals that an answer names; the rest are counted.
const REFUSALS_MAX: usize = 1_000;

impl Outcome {
    /// Counts what was put right in a payload.
    pub fn note(&mut self, repairs: Repairs) {
        for repair in repairs.iter() {
            *self.repaired.entry(repair.as_str()).or_default() += 1;
        }
    }

    /// How many were refused for what they are: a body that holds little else is given up.
    #[must_use]
    pub const fn malformed(&self) -> u64 {
        self.rejected.saturating_sub(self.late)
    }

    /// Counts and names a refusal.
    pub fn refuse(&mut self, error: &DecodeError) {
        self.rejected += 1;
        self.name(error);
    }

    /// Counts refusals, and names those that are known.
    pub fn refuse_all(&mut self, tally: &Tally) {
        self.rejected += tally.count;
        for error in &tally.first {
            self.name(error);
        }
    }

    fn name(&mut self, error: &DecodeError) {
        if self.errors.len() < REFUSALS_MAX {
            let line = match error.part {
                InputPart::Body => None,
                InputPart::Line(number) | InputPart::Item(number) => Some(number),
            };
            self.errors.push(Refusal {
                line,
                message: error.to_string(),
            });
        }
    }

    /// Counts and names a packet that cannot be read.
    pub fn refuse_packet(&mut self, number: u64, why: Malformed) {
        self.rejected += 1;
        if self.errors.len() < REFUSALS_MAX {
            self.errors.push(Refusal {
                line: Some(number),
                message: format!("Packet {number}: {why}."),
            });
        }
    }

    /// Counts so many stretches of bytes that belong to no packet.
    pub fn refuse_bytes(&mut self, stretches: u64, why: &str) {
        if stretches > 0 {
            self.refuse_unnamed(why);
            self.rejected += stretches - 1;
        }
    }

    fn refuse_late(&mut self, why: &str) {
        self.late += 1;
        self.refuse_unnamed(why);
    }

    /// Counts a refusal, and says why where it is about nothing that has a number.
    pub fn refuse_unnamed(&mut self, why: &str) {
        self.rejected += 1;
        if self.errors.len() < REFUSALS_MAX {
            self.errors.push(Refusal {
                line: None,
                message: why.to_owned(),
            });
        }
    }

    /// Adds what became of more events; of the refusals as many as may be named.
    pub fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.rejected += other.rejected;
        self.late += other.late;
        self.ignored += other.ignored;
        for (reason, number) in other.repaired {
            *self.repaired.entry(reason).or_default() += number;
        }
        let room = REFUSALS_MAX.saturating_sub(self.errors.len());
        self.errors.extend(other.errors.into_iter().take(room));
    }

    /// Counts what became of events that were to be kept.
    pub fn count(&mut self, fates: &[Appended]) {
        for fate in fates {
            match fate {
                Appended::New => self.accepted += 1,
                Appended::Duplicate => self.duplicates += 1,
                Appended::NoAccount => self.refuse_late("The account does not exist."),
                Appended::Gone => self.refuse_late("The call was erased or has expired."),
                Appended::Expired => {
                    self.refuse_late("The events of the call have expired; it takes no more.");
                }
                Appended::Full => {
                    self.refuse_late("The call has as many events as a call may have.");
                }
            }
        }
    }
}
