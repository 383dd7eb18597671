//! The members of a JSON object that sets something up, as they came.

use serde_json::{Map, Value};

/// What stands for a secret.
pub(super) const HIDDEN: &str = "***";
/// The most that a secret may have.
const SECRET_MAX_BYTES: usize = 255;
pub(super) const URL: &str = "a URL";

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongMember {
    /// The member; empty: the whole.
    pub member: String,
    /// What it was, fit to be told. `None`: it was not there.
    pub given: Option<String>,
    /// What it must be.
    pub expected: String,
}

impl WrongMember {
    pub(super) fn new(member: &str, given: Option<String>, expected: impl Into<String>) -> Self {
        Self {
            member: member.to_owned(),
            given,
            expected: expected.into(),
        }
    }
}

/// The members, of which all are known.
pub(super) struct Members(Map<String, Value>);

impl Members {
    pub(super) fn read(known: &[&str], text: &str) -> Result<Self, WrongMember> {
        let expected = || format!("a JSON object with {}", known.join(", "));
        // It may hold a password.
        let members: Map<String, Value> = serde_json::from_str(text)
            .map_err(|_| WrongMember::new("", Some(HIDDEN.to_owned()), expected()))?;
        match members.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(WrongMember::new("", Some(name.clone()), expected())),
            None => Ok(Self(members)),
        }
    }

    /// A member; null is taken as missing.
    pub(super) fn of(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str, expected: &str) -> Result<Option<&str>, WrongMember> {
        let Some(value) = self.of(name) else {
            return Ok(None);
        };
        match value.as_str() {
            Some(text) => Ok(Some(text)),
            None => Err(WrongMember::new(name, Some(value.to_string()), expected)),
        }
    }

    /// A URL, which may be a secret and is not repeated.
    pub(super) fn url(&self, name: &str) -> Result<String, WrongMember> {
        match self.of(name) {
            None => Err(WrongMember::new(name, None, URL)),
            Some(Value::String(url)) if !url.is_empty() => Ok(url.clone()),
            Some(_) => Err(hidden(name, URL)),
        }
    }

    /// A text that is not repeated.
    pub(super) fn secret(&self, name: &str, expected: &str) -> Result<Option<String>, WrongMember> {
        let is_fit = |text: &str| {
            let is_printable = text.chars().all(|letter| !letter.is_control());
            (1..=SECRET_MAX_BYTES).contains(&text.len()) && is_printable
        };
        match self.of(name) {
            None => Ok(None),
            Some(Value::String(text)) if is_fit(text) => Ok(Some(text.clone())),
            Some(_) => Err(hidden(name, expected)),
        }
    }
}

/// What is wrong with a member that is not repeated.
pub(super) fn hidden(member: &str, expected: &str) -> WrongMember {
    WrongMember::new(member, Some(HIDDEN.to_owned()), expected)
}
