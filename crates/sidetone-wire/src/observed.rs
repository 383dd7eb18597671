//! What a decoder makes: an event whose account is not settled yet.

use sidetone_core::bounds::{self, Bounded};
use sidetone_core::event::{CallEvent, EventId, Observation, Source};
use sidetone_core::facts::CallFacts;
use sidetone_core::id::{AccountSid, CallRef};
use sidetone_core::time::TimeUs;

use crate::error::DecodeError;
use crate::identity::{AccountName, CallName};

/// An observation as decoded. The caller settles the account, from the sender's credentials and
/// [`Self::account`].
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The account the message names, if it does. Not to be believed without asking who sent it.
    pub account: Option<AccountName>,
    /// The call.
    pub call: CallName,
    /// The call that dialled this one, where the message names it apart from the facts.
    pub parent: Option<CallName>,
    /// Identity within the call.
    pub id: EventId,
    /// When it happened.
    pub at: TimeUs,
    /// Who saw it.
    pub source: Source,
    /// What was seen.
    pub observation: Observation,
}

impl Observed {
    /// This, if all of it is within bounds.
    ///
    /// # Errors
    /// Names the first member that is not.
    pub(crate) fn checked(self) -> Result<Self, DecodeError> {
        let agent = self.source.agent.as_deref().map_or(Ok(()), bounds::name);
        let checks = [
            self.at.check().map_err(|error| error.within("at")),
            agent.map_err(|error| error.within("source")),
            self.observation.check(),
        ];
        match checks.into_iter().find_map(Result::err) {
            Some(error) => Err(DecodeError::invalid(
                error.path,
                &error.value,
                error.expected,
            )),
            None => Ok(self),
        }
    }

    /// The event, as one of an account's call.
    #[must_use]
    pub fn place(self, account: AccountSid) -> CallEvent {
        let mut observation = self.observation;
        if let Some(parent) = self.parent
            && let Some(facts) = facts_of(&mut observation)
        {
            facts.parent = Some(parent.resolve(account));
        }
        CallEvent {
            id: self.id,
            call: CallRef {
                account,
                sid: self.call.resolve(account),
            },
            at: self.at,
            source: self.source,
            observation,
        }
    }
}

/// The facts an observation carries, if it is of a kind that does.
pub(crate) fn facts_of(observation: &mut Observation) -> Option<&mut CallFacts> {
    match observation {
        Observation::Progress { facts, .. } | Observation::Facts { facts } => Some(facts),
        Observation::Imported(imported) => Some(&mut imported.facts),
        Observation::Media(_)
        | Observation::Edge(_)
        | Observation::Timer { .. }
        | Observation::Sip { .. }
        | Observation::Rtcp { .. }
        | Observation::Vq { .. }
        | Observation::Unknown(_) => None,
    }
}
