//! Who somebody is by the provider's word, or why nobody is let in.

use std::fmt::Display;

use sidetone_store::people::{PersonName, Role, SubjectDigest};

/// What the provider says of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What they are called there.
    pub name: PersonName,
    /// What they are known by, whatever they are called.
    pub subject: SubjectDigest,
    /// What they may do here.
    pub role: Role,
}

/// What the provider sends back by the browser (RFC 6749 §4.1.2).
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer<'a> {
    /// What tokens are got for.
    pub code: Option<&'a str>,
    /// The provider that says so (RFC 9207).
    pub issuer: Option<&'a str>,
    /// Why there is no code.
    pub error: Option<&'a str>,
}

/// Why nobody is signed in. The interface has a sentence for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The provider did not answer, or with something else than an answer.
    Away,
    /// They did not want to go on there.
    Cancelled,
    /// It began elsewhere, too long ago, or was finished before.
    OutOfDate,
    /// What came is not the provider's word for this server and this sign-in.
    NotValid,
    /// The provider does not say what they are called, or nothing that may be a name here.
    NoName,
    /// The provider says nothing that gives them a role.
    NoRole,
    /// Their name is somebody else's here.
    NameTaken,
    /// They are disabled here.
    Disabled,
    /// Too many sign in at once, or nobody can at the moment.
    Busy,
    /// Too many logins from their address have failed.
    TooOften,
    /// A fault of ours.
    Failed,
}

impl Reason {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Cancelled => "cancelled",
            Self::OutOfDate => "out-of-date",
            Self::NotValid => "not-valid",
            Self::NoName => "no-name",
            Self::NoRole => "no-role",
            Self::NameTaken => "name-taken",
            Self::Disabled => "disabled",
            Self::Busy => "busy",
            Self::TooOften => "too-often",
            Self::Failed => "failed",
        }
    }

    /// Whether somebody tried to come in who may not, which counts as a wrong password does. A
    /// sign-in that this browser did not begin ([`Self::OutOfDate`]) does not: a foreign page could
    /// have anybody's browser try it.
    #[must_use]
    pub const fn is_failed_login(self) -> bool {
        match self {
            Self::NotValid | Self::NoName | Self::NoRole | Self::NameTaken | Self::Disabled => true,
            Self::Away
            | Self::Cancelled
            | Self::OutOfDate
            | Self::Busy
            | Self::TooOften
            | Self::Failed => false,
        }
    }
}

/// Nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// What there is to know about it for the operator; never a secret or a token.
    pub detail: String,
}

impl Refusal {
    /// Most characters of what the log is told: others write parts of it.
    const DETAIL_MAX_CHARS: usize = 300;

    /// For a reason, with what there is to know about it.
    #[must_use]
    pub fn new(reason: Reason, detail: impl Display) -> Self {
        let detail = detail.to_string();
        let shown = detail.chars().take(Self::DETAIL_MAX_CHARS);
        Self {
            reason,
            detail: shown.collect(),
        }
    }
}
