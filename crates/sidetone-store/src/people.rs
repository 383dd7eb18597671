//! People of an account, and who is signed in.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use sidetone_core::id::{AccountSid, ApiKeySid};
use sidetone_core::time::TimeUs;

use crate::error::Result;
use crate::page::{Page, PageRequest};

/// People that an account may have.
pub const PEOPLE_MAX: usize = 10_000;
/// Sessions that one person, or those who use one credential, may have; the oldest go first.
pub const SESSIONS_MAX: usize = 20;
/// Characters of a name.
const NAME_MAX_CHARS: usize = 64;
/// What names may have beside letters and digits.
const BESIDE_LETTERS: &str = " ._-@+'";

/// The name that a person signs in by, and that stands in histories. There is one of a name,
/// whatever the account and the case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PersonName(String);

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "1 to 64 letters, digits, single spaces and any of . _ - @ + ', a letter or digit first and last; no AccountSid or API key, and not beginning with the word sidetone"
)]
pub struct NameError;

impl PersonName {
    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two names that are the same have in common.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for PersonName {
    type Err = NameError;

    fn from_str(text: &str) -> std::result::Result<Self, NameError> {
        let is_plain = |char: char| char.is_alphanumeric() || BESIDE_LETTERS.contains(char);
        let begins = text.chars().next().is_some_and(char::is_alphanumeric);
        let ends = text.chars().next_back().is_some_and(char::is_alphanumeric);
        // Histories and the log name credentials and commands likewise: nobody may pass for one.
        let lower = text.to_lowercase();
        let is_taken = text.parse::<AccountSid>().is_ok()
            || text.parse::<ApiKeySid>().is_ok()
            || lower == "sidetone"
            || lower.starts_with("sidetone ");
        let fits = text.chars().count() <= NAME_MAX_CHARS
            && text.chars().all(is_plain)
            && begins
            && ends
            && !text.contains("  ")
            && !is_taken;
        fits.then(|| Self(text.to_owned())).ok_or(NameError)
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody may do, each also what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks, and sees no telephone number.
    Viewer,
    /// Looks, and says what is to be said of calls.
    Annotator,
    /// Everything.
    Admin,
}

impl Role {
    /// All, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Annotator, Self::Admin];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Annotator => "annotator",
            Self::Admin => "admin",
        }
    }
}

/// Why a text is no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one of viewer, annotator, admin")]
pub struct RoleError;

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> std::result::Result<Self, RoleError> {
        let role = Self::ALL.into_iter().find(|role| role.as_str() == text);
        role.ok_or(RoleError)
    }
}

/// The hash of a password, with how it was made. It is made and compared above the store.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Who somebody is to the provider of identities, whatever they are called there: the SHA-256 of
/// issuer and subject. It is made above the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubjectDigest(pub [u8; 32]);

/// What a person signs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// A password.
    Password(PasswordHash),
    /// The provider of identities, which knows them as this. `None`: not known yet, they are
    /// whoever comes by the name next.
    Provider(Option<SubjectDigest>),
}

impl SignIn {
    /// The hash of their password. `None`: they have none.
    #[must_use]
    pub const fn password(&self) -> Option<&PasswordHash> {
        match self {
            Self::Password(hash) => Some(hash),
            Self::Provider(_) => None,
        }
    }

    /// As it is written.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Password(_) => "password",
            Self::Provider(_) => "provider",
        }
    }
}

/// Whom the log names where it was the provider's word that changed a person.
pub const BY_PROVIDER: &str = "sidetone oidc";

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What they sign in by.
    pub name: PersonName,
    /// Whose calls they see.
    pub account: AccountSid,
    /// What they may do.
    pub role: Role,
    /// What they sign in with.
    pub sign_in: SignIn,
    /// They may not sign in any more. The name stays theirs: histories have it.
    pub is_disabled: bool,
    /// When they were made.
    pub created_at: TimeUs,
    /// When they signed in last.
    pub last_sign_in: Option<TimeUs>,
}

/// What is to be different about a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonChange {
    /// Another role.
    pub role: Option<Role>,
    /// Another password, or another way: who is signed in with the one before is no longer.
    pub sign_in: Option<SignIn>,
    /// Whether they may not sign in; if so, nor go on.
    pub is_disabled: Option<bool>,
}

/// What a session is known by: the SHA-256 of its token, which is kept nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionDigest(pub [u8; 32]);

/// What was shown to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// An account's token, which was valid at this epoch of the accounts.
    Token {
        /// See [`AccountStore::account_epoch`](crate::AccountStore::account_epoch).
        epoch: u64,
    },
    /// An API key and its secret, likewise.
    Key {
        /// The key.
        sid: ApiKeySid,
        /// When it was valid.
        epoch: u64,
    },
    /// A person's password.
    Password {
        /// Who it is.
        name: PersonName,
        /// What it was compared with.
        hash: PasswordHash,
    },
    /// The word of the provider of identities.
    Provider {
        /// What they are to be called, if they are not known yet.
        name: PersonName,
        /// Who it is.
        subject: SubjectDigest,
        /// What they may do from now on.
        role: Role,
    },
}

/// A session to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// What it is known by.
    pub digest: SessionDigest,
    /// Whose calls it opens.
    pub account: AccountSid,
    /// Why.
    pub proof: Proof,
    /// By our clock.
    pub now: TimeUs,
    /// When it ends unless it is prolonged.
    pub expires_at: TimeUs,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Whoever has the account's token.
    Account,
    /// Whoever has this key's secret.
    Key(ApiKeySid),
    /// A person.
    Person(PersonName, Role),
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose calls it opens.
    pub account: AccountSid,
    /// Who is signed in.
    pub holder: Holder,
    /// When it began.
    pub created_at: TimeUs,
    /// When it ends.
    pub expires_at: TimeUs,
}

/// People and their sessions. `by` and `now`: whom the log of what was done names, and when.
#[async_trait]
pub trait PeopleStore: Send + Sync {
    /// Adds a person. [`StoreError::Conflict`](crate::StoreError::Conflict) when somebody has the
    /// name, [`StoreError::NotFound`](crate::StoreError::NotFound) when there is no such account,
    /// [`StoreError::Invalid`](crate::StoreError::Invalid) when it has [`PEOPLE_MAX`] already.
    async fn create_person(&self, person: Person, by: &str) -> Result<()>;
    /// Changes a person of an account and returns them; a new password or way to sign in, and disabling, end all
    /// their sessions. [`StoreError::NotFound`](crate::StoreError::NotFound) when the account has none of
    /// that name.
    async fn change_person(
        &self,
        account: AccountSid,
        name: &PersonName,
        change: PersonChange,
        by: &str,
        now: TimeUs,
    ) -> Result<Person>;
    /// Gives a person who is signed in another password, if theirs is still the one that was proven;
    /// all their sessions end. [`StoreError::NotFound`](crate::StoreError::NotFound) when the session
    /// or that password is theirs no longer: nothing is different then.
    async fn change_password(
        &self,
        session: SessionDigest,
        proven: PasswordHash,
        password: PasswordHash,
        now: TimeUs,
    ) -> Result<()>;
    /// Whoever has the name, of any account, disabled or not.
    async fn person(&self, name: &PersonName) -> Result<Option<Person>>;
    /// The people of an account, in the order in which they were made.
    async fn people(&self, account: AccountSid, page: &PageRequest) -> Result<Page<Person>>;
    /// Begins a session, when what was shown is still valid; else
    /// [`StoreError::NotFound`](crate::StoreError::NotFound). Of more than [`SESSIONS_MAX`] of a
    /// holder the oldest end.
    ///
    /// Whom the provider names is found by the subject, else by the name if that waits for them,
    /// else made, and has the role. [`StoreError::Conflict`](crate::StoreError::Conflict) when the
    /// name is somebody else's or they are disabled,
    /// [`StoreError::Invalid`](crate::StoreError::Invalid) when the account has [`PEOPLE_MAX`]
    /// already.
    async fn open_session(&self, session: NewSession) -> Result<()>;
    /// A session that goes on. Replacing the tokens of an account, revoking a key, a new password
    /// or way to sign in, and disabling end those that began with them.
    async fn session(&self, digest: SessionDigest, now: TimeUs) -> Result<Option<Session>>;
    /// Lets a session that is there end later.
    async fn prolong_session(&self, digest: SessionDigest, expires_at: TimeUs) -> Result<()>;
    /// Ends a session; whether there was one.
    async fn end_session(&self, digest: SessionDigest) -> Result<bool>;
    /// Ends all there are; how many there were.
    async fn end_all_sessions(&self) -> Result<u64>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_what_could_be_something_else() {
        for name in [
            "a",
            "Anna Müller",
            "anna.mueller@example.com",
            "O'Neil-Smith_2",
            "佐藤",
            "sidetone2",
            &"x".repeat(64),
        ] {
            assert_eq!(name.parse::<PersonName>().unwrap().as_str(), name);
        }
        for name in [
            "",
            " anna",
            "anna ",
            "an  na",
            "an\tna",
            "anna\r\nSet-Cookie: x",
            "anna\u{202e}",
            "an\u{0}na",
            "<b>",
            "a/b",
            "a:b",
            "=1+1a",
            "Sidetone",
            "sidetone erase",
            "AC0123456789abcdef0123456789abcdef",
            "SK0123456789abcdef0123456789abcdef",
            &"x".repeat(65),
        ] {
            assert_eq!(name.parse::<PersonName>(), Err(NameError), "{name:?}");
        }
        let [one, other] = ["ANNA", "Anna"].map(|name| name.parse::<PersonName>().unwrap().key());
        assert_eq!(one, other);
    }

    #[test]
    fn a_hash_is_not_shown() {
        let shown = format!("{:?}", PasswordHash("$pbkdf2".into()));
        assert!(!shown.contains("pbkdf2"), "{shown}");
    }
}
