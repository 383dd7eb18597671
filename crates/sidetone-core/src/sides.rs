//! Who is who around the platform, as its operator says: which side is the telephone network, which
//! carrier it is.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::network::Network;
use crate::vocabulary::EdgeKind;

/// One rule: whose side is meant, and what it is. A side fits when every kind of condition that is
/// given has a member that fits; a rule without conditions fits every side.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SideRule {
    /// Ranges its signalling comes from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<Network>,
    /// Capture agents that see it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capture_ids: Vec<u32>,
    /// Hosts of its addresses (`sip:…@host`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// Its edge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge: Option<SideEdge>,
    /// Name of the carrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// `landline`, `mobile`, `voip`, … An open set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Where the platform meets it, e.g. `ashburn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// ISO 3166-1 alpha-2, upper case: where its side is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// City of its side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
}

/// The edges that an operator can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SideEdge {
    /// Towards the telephone network.
    Carrier,
    /// Towards SIP equipment.
    Sip,
    /// Towards an SDK.
    Client,
}

impl From<SideEdge> for EdgeKind {
    fn from(edge: SideEdge) -> Self {
        match edge {
            SideEdge::Carrier => Self::Carrier,
            SideEdge::Sip => Self::Sip,
            SideEdge::Client => Self::Client,
        }
    }
}

/// One side of a call, as seen.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Where its signalling comes from.
    pub ip: IpAddr,
    /// Who saw it.
    pub agent: u32,
    /// The host of its address.
    pub host: Option<&'a str>,
}

/// The rules in force, first to last: the first that fits holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sides(pub Vec<SideRule>);

impl Sides {
    /// What is said of a side, and the number of the rule, from 1.
    #[must_use]
    pub fn rule(&self, side: &Side<'_>) -> Option<(usize, &SideRule)> {
        let numbered = (1..).zip(&self.0);
        numbered.into_iter().find(|(_, rule)| rule.fits(side))
    }

    /// Tells sets of rules apart; `None` when there are none.
    #[must_use]
    pub fn digest(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let json = serde_json::to_vec(self).unwrap_or_default();
        let mut digest = format!("{:x}", Sha256::digest(json));
        digest.truncate(8);
        Some(digest)
    }
}

impl SideRule {
    fn fits(&self, side: &Side<'_>) -> bool {
        let any = |given: bool, fits: bool| !given || fits;
        let in_domain = |domain: &String| {
            side.host
                .is_some_and(|host| host.eq_ignore_ascii_case(domain))
        };
        any(
            !self.networks.is_empty(),
            self.networks
                .iter()
                .any(|network| network.contains(side.ip)),
        ) && any(
            !self.capture_ids.is_empty(),
            self.capture_ids.contains(&side.agent),
        ) && any(!self.domains.is_empty(), self.domains.iter().any(in_domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_holds() {
        let carrier = |name: &str, network: &str, capture_ids: &[u32], domains: &[&str]| SideRule {
            networks: network.parse().into_iter().collect(),
            capture_ids: capture_ids.to_vec(),
            domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            carrier: Some(name.to_owned()),
            ..SideRule::default()
        };
        let sides = Sides(vec![
            carrier("both", "192.0.2.0/24", &[7], &[]),
            carrier("network", "192.0.2.0/24", &[], &[]),
            carrier("domain", "", &[], &["trunk.example.com"]),
            carrier("agent", "", &[9], &[]),
        ]);
        let find = |ip: &str, agent, host| {
            let side = Side {
                ip: ip.parse().unwrap(),
                agent,
                host,
            };
            sides.rule(&side).and_then(|(_, rule)| rule.carrier.clone())
        };
        assert_eq!(find("192.0.2.1", 7, None).as_deref(), Some("both"));
        assert_eq!(find("192.0.2.1", 8, None).as_deref(), Some("network"));
        assert_eq!(
            find("198.51.100.1", 7, Some("Trunk.example.com")).as_deref(),
            Some("domain")
        );
        assert_eq!(
            find("198.51.100.1", 9, Some("example.com")).as_deref(),
            Some("agent")
        );
        assert_eq!(find("198.51.100.1", 1, None), None);
    }
}
