//! Which agents may send, and whose calls they see.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use anyhow::bail;
use sidetone_core::id::AccountSid;
use subtle::ConstantTimeEq;

use crate::config::{AgentEntry, Config, Networks};
use crate::directory::Directory;

/// Why an agent's packet is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No entry has its capture id, and it does not send from where agents without one may.
    UnknownAgent,
    /// Its key is missing or another.
    WrongKey,
    /// It does not send from where its entry says.
    WrongSource,
}

/// The agents that may send.
#[derive(Debug, Clone)]
pub struct Agents {
    entries: HashMap<u32, AgentEntry>,
    allow: Networks,
    default_account: Option<AccountSid>,
}

impl Agents {
    /// Those of the settings. Packets of agents without an account of their own are about calls of
    /// the account that the settings fix, else of the oldest.
    ///
    /// # Errors
    /// When an agent's account is not there.
    pub fn read(config: &Config, directory: &Directory) -> anyhow::Result<Self> {
        let fixed = config.account_sid.as_ref();
        let fixed: Option<AccountSid> = fixed.and_then(|sid| sid.parse().ok());
        for agent in &config.hep.agents {
            if let Some(account) = agent.account
                && Some(account) != fixed
                && directory.settings(account).is_none()
            {
                bail!(
                    "the [[agent]] with capture_id {} names account {account}, which is not there; `sidetone account list` shows those there are",
                    agent.capture_id
                );
            }
        }
        Ok(Self {
            entries: entries(&config.hep.agents),
            allow: config.hep.allow.clone(),
            default_account: fixed.or_else(|| directory.first_account()),
        })
    }

    /// Whose calls a packet is about, by where it came from and what it says of its agent.
    ///
    /// # Errors
    /// When it is not to be taken.
    pub fn admit(
        &self,
        peer: IpAddr,
        capture_id: u32,
        key: Option<&[u8]>,
    ) -> Result<AccountSid, Refusal> {
        let mut account = None;
        match self.entries.get(&capture_id) {
            Some(entry) => {
                if entry
                    .sources
                    .as_ref()
                    .is_some_and(|sources| !sources.contains(peer))
                {
                    return Err(Refusal::WrongSource);
                }
                if let Some(expected) = &entry.key {
                    let given = key.unwrap_or_default();
                    // Takes as long whatever is wrong about it, so that a key cannot be guessed
                    // byte by byte.
                    if !bool::from(expected.0.as_bytes().ct_eq(given)) {
                        return Err(Refusal::WrongKey);
                    }
                }
                account = entry.account;
            }
            None if self.allow.contains(peer) => {}
            None => return Err(Refusal::UnknownAgent),
        }
        // A server without any account has nobody to keep calls for.
        account
            .or(self.default_account)
            .ok_or(Refusal::UnknownAgent)
    }

    /// Whose calls those are that no entry gives to another account.
    #[must_use]
    pub const fn default_account(&self) -> Option<AccountSid> {
        self.default_account
    }

    /// Whose calls packets may be about.
    #[must_use]
    pub fn accounts(&self) -> BTreeSet<AccountSid> {
        let own = self.entries.values().filter_map(|entry| entry.account);
        own.chain(self.default_account).collect()
    }

    /// Whether any agent could send from there: no use in keeping a connection open otherwise.
    #[must_use]
    pub fn may_be_at(&self, peer: IpAddr) -> bool {
        let may_be = |entry: &AgentEntry| {
            entry
                .sources
                .as_ref()
                .is_none_or(|sources| sources.contains(peer))
        };
        self.allow.contains(peer) || self.entries.values().any(may_be)
    }
}

fn entries(agents: &[AgentEntry]) -> HashMap<u32, AgentEntry> {
    agents
        .iter()
        .map(|entry| (entry.capture_id, entry.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    const DEFAULT: AccountSid = AccountSid::from_bytes([1; 16]);
    const OTHER: AccountSid = AccountSid::from_bytes([2; 16]);

    fn entry(capture_id: u32, key: Option<&str>, sources: Option<&str>) -> AgentEntry {
        AgentEntry {
            capture_id,
            key: key.map(|key| Secret(key.to_owned())),
            sources: sources.map(|sources| sources.parse().unwrap()),
            account: (capture_id == 3).then_some(OTHER),
        }
    }

    fn agents() -> Agents {
        Agents {
            entries: entries(&[
                entry(1, Some("s3cret"), None),
                entry(2, None, Some("192.0.2.0/24")),
                entry(3, Some("s3cret"), Some("192.0.2.0/24,2001:db8::/32")),
            ]),
            allow: Networks::loopback(),
            default_account: Some(DEFAULT),
        }
    }

    #[track_caller]
    fn check(peer: &str, id: u32, key: Option<&str>, expected: Result<AccountSid, Refusal>) {
        let admitted = agents().admit(peer.parse().unwrap(), id, key.map(str::as_bytes));
        assert_eq!(admitted, expected, "{peer} {id} {key:?}");
    }

    #[test]
    fn an_entry_says_what_its_agent_must_show() {
        check("203.0.113.9", 1, Some("s3cret"), Ok(DEFAULT));
        check("203.0.113.9", 1, Some("s3cre"), Err(Refusal::WrongKey));
        check("203.0.113.9", 1, Some("s3cret2"), Err(Refusal::WrongKey));
        check("203.0.113.9", 1, Some(""), Err(Refusal::WrongKey));
        check("203.0.113.9", 1, None, Err(Refusal::WrongKey));
        // Being near is no substitute for a key.
        check("127.0.0.1", 1, None, Err(Refusal::WrongKey));
        check("192.0.2.9", 2, None, Ok(DEFAULT));
        check("192.0.2.9", 2, Some("any"), Ok(DEFAULT));
        check("127.0.0.1", 2, None, Err(Refusal::WrongSource));
        check("::ffff:192.0.2.9", 3, Some("s3cret"), Ok(OTHER));
        check("2001:db8::9", 3, Some("s3cret"), Ok(OTHER));
        check("2001:db8::9", 3, None, Err(Refusal::WrongKey));
        check("2001:db9::9", 3, Some("s3cret"), Err(Refusal::WrongSource));
    }

    #[test]
    fn without_an_entry_the_sender_must_be_near() {
        check("127.0.0.1", 9, None, Ok(DEFAULT));
        check("::1", 0, Some("any"), Ok(DEFAULT));
        check("192.0.2.9", 9, Some("s3cret"), Err(Refusal::UnknownAgent));
        let nobody = Agents {
            default_account: None,
            ..agents()
        };
        let near = "::1".parse().unwrap();
        assert_eq!(nobody.admit(near, 9, None), Err(Refusal::UnknownAgent));
    }

    #[test]
    fn connections_are_kept_only_from_where_an_agent_may_be() {
        // The first entry may be anywhere: it has a key.
        assert!(agents().may_be_at("203.0.113.9".parse().unwrap()));
        let mut agents = agents();
        agents.entries.remove(&1);
        assert!(!agents.may_be_at("203.0.113.9".parse().unwrap()));
        assert!(agents.may_be_at("192.0.2.9".parse().unwrap()));
        assert!(agents.may_be_at("::1".parse().unwrap()));
    }
}
