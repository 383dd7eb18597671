//! Call detail records, as events: the steps of the call, what is known of it, and what its media
//! came to.
//!
//! A switch is the platform here: media that it receives from a telephone is inbound at the SIP
//! edge, which the fold takes for the edge of the telephone's side.

pub mod asterisk;
pub mod freeswitch;

use sidetone_core::bounds::{Bounded, MOS};
use sidetone_core::event::{Observation, Source, Step};
use sidetone_core::facts::CallFacts;
use sidetone_core::media::{Counters, MediaSample};
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{EdgeKind, StreamDirection};

use crate::error::DecodeError;
use crate::identity::CallName;
use crate::observed::Observed;
use crate::repairs::Repairs;
use crate::translate::event_id;

/// What a body tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The events.
    pub observed: Vec<Observed>,
    /// What was wrong with the text.
    pub repairs: Repairs,
}

/// What every event of a record has in common.
struct Record {
    call: CallName,
    parent: Option<CallName>,
    /// What the record is known by at its source. The same record sent twice makes the same events.
    name: String,
    source: Source,
}

impl Record {
    fn progress(&self, step: Step, at: TimeUs, facts: CallFacts) -> Observed {
        let observation = Observation::Progress {
            step,
            sequence: None,
            facts: Box::new(facts),
        };
        let parent = step.is_final().then(|| self.parent.clone()).flatten();
        Observed {
            parent,
            ..self.observed(step.as_str(), at, observation)
        }
    }

    /// Totals of the stream in one direction.
    fn media(
        &self,
        direction: StreamDirection,
        ssrc: Option<u32>,
        cumulative: Counters,
        at: TimeUs,
    ) -> Observed {
        let sample = MediaSample {
            edge: EdgeKind::Sip,
            direction,
            ssrc,
            interval: Counters::default(),
            cumulative,
            metadata: None,
        };
        let observation = Observation::Media(Box::new(sample));
        self.observed(direction.as_str(), at, observation)
    }

    fn observed(&self, what: &str, at: TimeUs, observation: Observation) -> Observed {
        Observed {
            account: None,
            call: self.call.clone(),
            parent: None,
            id: event_id(&format!("{}:{}:{what}", self.source.kind, self.name)),
            at,
            source: self.source.clone(),
            observation,
        }
    }
}

/// All of a record's events, if each is within bounds.
fn checked(observed: Vec<Observed>) -> Result<Vec<Observed>, DecodeError> {
    observed.into_iter().map(Observed::checked).collect()
}

/// A count of microseconds since 1970; 0 stands for never.
fn epoch_us(micros: u64) -> Option<TimeUs> {
    let at = TimeUs::from_micros(i64::try_from(micros).ok()?);
    (micros > 0 && at.check().is_ok()).then_some(at)
}

/// A score that is one.
fn mos(score: f64) -> Option<f64> {
    (MOS.0..=MOS.1).contains(&score).then_some(score)
}

/// A reading that can be kept: not negative, not absurd.
fn reading(number: f64) -> Option<f64> {
    (0.0..=1e9).contains(&number).then_some(number)
}
