//! Settings of what agents and phones send: where it is listened for, and who may.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::bail;
use sidetone_core::sides::SideRule;

use super::lists::{Names, Networks};
use super::settings::Settings;
use super::tables::{AgentEntry, SignerEntry};
use super::values::{HepListen, check_range};

/// The settings, resolved.
#[derive(Debug, Clone)]
pub struct Hep {
    /// Where HEP datagrams come in.
    pub udp: Option<SocketAddr>,
    /// Where HEP streams come in.
    pub tcp: Option<SocketAddr>,
    /// Streams are encrypted.
    pub tls: bool,
    /// Threads that read datagrams.
    pub readers: usize,
    /// Bytes of the kernel's buffer that each of them asks for.
    pub receive_buffer: usize,
    /// Agents with an entry; no two with the same number.
    pub agents: Vec<AgentEntry>,
    /// Where agents without an entry may send from.
    pub allow: Networks,
    /// Where phones send their reports.
    pub sip_udp: Option<SocketAddr>,
    /// Where phones may send from.
    pub sip_allow: Networks,
    /// SIP headers that name a `CallSid`.
    pub call_sid_headers: Vec<String>,
    /// Where signalling must come from for those to count.
    pub call_sid_sources: Networks,
    /// SIP headers that name the Call-ID of another leg.
    pub parent_headers: Vec<String>,
    /// Where signalling must come from for its `verstat` to count. `None`: anywhere.
    pub verstat_sources: Option<Networks>,
    /// Who signs callers' identities and is trusted.
    pub signers: Vec<SignerEntry>,
    /// Where addresses are.
    pub location_database: Option<PathBuf>,
}

impl Settings {
    /// Resolves them.
    pub(super) fn hep(&self) -> anyhow::Result<Hep> {
        check_range("hep_readers", self.hep_readers, 1, 64)?;
        let receive_buffer = self.hep_receive_buffer.map(|size| size.0);
        check_range("hep_receive_buffer", receive_buffer, 1, 1 << 30)?;
        check_agents(&self.agent)?;
        check_sides(&self.side)?;
        let tls = self.hep_tls.unwrap_or_default().0;
        if tls && self.tls_cert.is_none() {
            bail!("hep_tls needs a certificate: give --tls-cert and --tls-key");
        }
        let usual = HepListen::At(SocketAddr::from(([127, 0, 0, 1], 9060)));
        let udp = self.hep_udp.unwrap_or(usual).address();
        let tcp = self.hep_tcp.unwrap_or(usual).address();
        let sip_udp = self.sip_udp.and_then(HepListen::address);
        let names = |given: &Option<Names>, usual: &[&str]| {
            let usual = || usual.iter().map(|name| (*name).to_owned()).collect();
            given.as_ref().map_or_else(usual, |names| names.0.clone())
        };
        Ok(Hep {
            allow: near(self.hep_allow.as_ref(), &[udp, tcp]),
            udp,
            tcp,
            tls,
            readers: self.hep_readers.unwrap_or(1),
            receive_buffer: receive_buffer.unwrap_or(16 * 1024 * 1024),
            agents: self.agent.clone(),
            sip_allow: near(self.sip_allow.as_ref(), &[sip_udp]),
            sip_udp,
            call_sid_headers: names(
                &self.sip_call_sid_headers,
                &["X-Call-Sid", "X-Twilio-CallSid"],
            ),
            call_sid_sources: self.sip_call_sid_sources.clone().unwrap_or_default(),
            verstat_sources: self.sip_verstat_sources.clone(),
            signers: self.signer.clone(),
            location_database: self.location_database.clone(),
            parent_headers: names(&self.sip_parent_headers, &["X-CID"]),
        })
    }
}

/// Who may send that nobody has listed: this machine. What comes to a loopback address is from this
/// machine, by whichever of its addresses (a proxy sends from the one it listens on).
fn near(given: Option<&Networks>, listeners: &[Option<SocketAddr>]) -> Networks {
    let mut listeners = listeners.iter().flatten();
    let is_local = listeners.all(|at| at.ip().is_loopback());
    match given {
        Some(given) => given.clone(),
        None if is_local => Networks::all(),
        None => Networks::loopback(),
    }
}

fn check_agents(agents: &[AgentEntry]) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    for agent in agents {
        let id = agent.capture_id;
        if !seen.insert(id) {
            bail!("two [[agent]] tables have the capture_id {id}");
        }
        let key_is_empty = agent.key.as_ref().is_some_and(|key| key.0.is_empty());
        let none_listed = agent.sources.as_ref().is_some_and(Networks::is_empty);
        if key_is_empty || none_listed {
            bail!(
                "the [[agent]] with capture_id {id} has an empty key or no sources in its list; leave out what is not to be checked"
            );
        }
        if agent.key.is_none() && agent.sources.is_none() {
            bail!(
                "the [[agent]] with capture_id {id} needs a key or sources: without either, anybody could send in its name"
            );
        }
    }
    Ok(())
}

fn check_sides(sides: &[SideRule]) -> anyhow::Result<()> {
    for (number, side) in (1..).zip(sides) {
        if let Some(country) = &side.country_code
            && !(country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()))
        {
            bail!(
                "rule {number} of the [[side]] tables has the country_code '{country}'; expected two capital letters such as US"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::config::settings::parse_file;

    fn refusal(text: &str) -> String {
        match parse_file(text).and_then(|settings| settings.into_config()) {
            Ok(_) => panic!("taken: {text}"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn reads_agents_and_sides() {
        let text = "
            hep_udp = '[::]:9060'
            hep_allow = ['192.0.2.0/24']
            hep_receive_buffer = '1MiB'

            [[agent]]
            capture_id = 101
            key = 's3cret'
            sources = ['10.0.0.0/8']
            account = 'ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'

            [[agent]]
            capture_id = 102
            sources = '10.1.0.0/16,::1'

            [[side]]
            networks = ['203.0.113.0/24']
            edge = 'carrier'
            carrier = 'Example Telecom'
        ";
        let config = parse_file(text).unwrap().into_config().unwrap();
        assert_eq!(config.hep.agents.len(), 2);
        assert_eq!(config.hep.receive_buffer, 1024 * 1024);
        assert!(config.hep.allow.contains("192.0.2.9".parse().unwrap()));
        assert!(!config.hep.allow.contains("127.0.0.1".parse().unwrap()));
        assert_eq!(config.hep.parent_headers, ["X-CID"]);
        assert_eq!(config.sides.0.len(), 1);
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn believes_any_verstat_unless_told_whose() {
        let sources = |text| {
            let config = parse_file(text).unwrap().into_config().unwrap();
            config.hep.verstat_sources
        };
        assert_eq!(sources(""), None);
        let some = sources("sip_verstat_sources = ['192.0.2.0/24']").unwrap();
        assert!(some.contains("192.0.2.9".parse().unwrap()));
        assert!(!some.contains("198.51.100.7".parse().unwrap()));
        assert!(sources("sip_verstat_sources = []").unwrap().is_empty());
        let error = refusal("sip_verstat_sources = ['192.0.2']");
        assert!(error.contains("'192.0.2' is not a network"), "{error}");
    }

    #[test]
    fn listens_on_loopback_unless_told_otherwise() {
        let config = parse_file("hep_tcp = 'off'")
            .unwrap()
            .into_config()
            .unwrap();
        assert_eq!(config.hep.udp.unwrap().to_string(), "127.0.0.1:9060");
        assert_eq!(config.hep.tcp, None);
        assert_eq!(config.hep.sip_udp, None);
        // Nobody else reaches it.
        assert!(config.hep.allow.contains("192.0.2.9".parse().unwrap()));
        let open = parse_file("hep_udp = '0.0.0.0:9060'").unwrap();
        let open = open.into_config().unwrap();
        assert!(open.hep.allow.contains("::1".parse().unwrap()));
        assert!(!open.hep.allow.contains("192.0.2.9".parse().unwrap()));
    }

    #[test]
    fn refuses_what_makes_no_sense_and_shows_no_key() {
        for (text, expected) in [
            ("[[agent]]\ncapture_id = 1", "needs a key or sources"),
            ("[[agent]]\ncapture_id = 1\nkey = ''", "empty key"),
            ("[[agent]]\ncapture_id = 1\nsources = []", "no sources"),
            (
                "[[agent]]\ncapture_id = 1\nkeys = 'x'",
                "line 3, column 1: agent[0].keys: unknown field `keys`",
            ),
            ("[[agent]]\nkey = 's3cret'", "capture_id"),
            (
                "[[agent]]\ncapture_id = 1\nkey = 5353",
                "line 3, column 7: agent[0].key: a secret must be a text",
            ),
            (
                "[[agent]]\ncapture_id = 1\nkey = 'a'\n[[agent]]\ncapture_id = 1\nkey = 's3cret'",
                "two [[agent]] tables have the capture_id 1",
            ),
            (
                "[[agent]]\ncapture_id = 1\nsources = ['10/8']",
                "line 3, column 11: agent[0].sources: '10/8' is not a network",
            ),
            (
                "[[side]]\nnetwork = ['10.0.0.0/8']",
                "line 2, column 1: side[0].network: unknown field `network`",
            ),
            (
                "[[side]]\nedge = 'pstn'",
                "line 2, column 8: side[0].edge: unknown variant `pstn`",
            ),
            (
                "[[side]]\ncountry_code = 'usa'",
                "rule 1 of the [[side]] tables",
            ),
            ("hep_tls = true", "--tls-cert"),
            ("hep_readers = 0", "too small"),
            ("hep_receive_buffer = '16'", "16MiB"),
        ] {
            let error = refusal(text);
            assert!(error.contains(expected), "{error}");
            assert!(
                !error.contains("s3cret") && !error.contains("5353"),
                "{error}"
            );
        }
    }
}
