//! Settings: command line, then environment, then `sidetone.toml`, then defaults.

mod alerts;
mod hep;
mod lists;
mod mail;
mod oidc;
mod settings;
mod tables;
mod values;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use sidetone_core::sides::Sides;

use self::values::check_range;
use crate::recording::RecordingUrl;

pub use alerts::{AlertEntry, ReceiverEntry};
pub use hep::Hep;
pub use lists::{Names, Networks};
pub use mail::{Mail, MailTls};
pub use oidc::{CLIENT_SECRET_VARIABLE, Oidc};
pub use settings::Settings;
pub use tables::{AgentEntry, SignerEntry};
pub use values::{
    HepListen, ListenAddress, LogFormat, Roles, Secret, Size, Span, Switch, UnknownCalls,
};

/// Settings, resolved.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where HTTP is served.
    pub listen: SocketAddr,
    /// Where everything is kept.
    pub data: PathBuf,
    /// What this process does.
    pub roles: Roles,
    /// What agents and phones send, and who of them may.
    pub hep: Hep,
    /// Who is who around the platform.
    pub sides: Sides,
    /// Rules of alerts.
    pub alerts: Vec<AlertEntry>,
    /// Who is told of alerts.
    pub receivers: Vec<ReceiverEntry>,
    /// The server that sends our mail. `None`: nothing is sent by mail.
    pub mail: Option<Mail>,
    /// The provider of identities that people may sign in through.
    pub oidc: Option<Oidc>,
    /// Base of every absolute URL in answers, without a slash at the end. `None`: the request's own
    /// scheme and host.
    pub public_url: Option<String>,
    /// Where recordings of calls are. `None`: nobody has said so.
    pub recording_url: Option<RecordingUrl>,
    /// Certificate and key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Networks whose forwarded headers are believed.
    pub trusted_proxies: Networks,
    /// Where the key of the secrets is.
    pub secret_key_file: PathBuf,
    /// A database that is gone is replaced by a new one.
    pub start_empty: bool,
    /// First account, when fixed.
    pub account_sid: Option<String>,
    /// First account's token, when fixed.
    pub auth_token: Option<Secret>,
    /// See [`Lifecycle`].
    pub lifecycle: Lifecycle,
    /// How long what is kept.
    pub retention: Retention,
    /// Judgement of unknown calls makes placeholders instead of answering 404.
    pub accept_unknown_calls: bool,
    /// Serve only calls first seen while their account had advanced features on (17007 otherwise).
    pub gate_advanced_features: bool,
    /// Requests a second and account, 0 for any number.
    pub rate_limit: u32,
    /// Connections at once.
    pub max_connections: usize,
    /// Longest pause of a client.
    pub client_timeout: Duration,
    /// Step budget of a list query.
    pub query_steps: u64,
    /// Webhooks go to addresses that are not public, too.
    pub webhook_allow_private: bool,
    /// The most deliveries that wait for a sink, or were given up there.
    pub sink_backlog: u64,
    /// How much faster than real time passes. `None`: it does not.
    pub test_clock: Option<u32>,
    /// Every request is logged.
    pub access_log: bool,
    /// Text or JSON.
    pub log_format: LogFormat,
    /// Directives of the log filter.
    pub log: String,
}

/// The times a call's summary lives by (DESIGN: a call's lifecycle), in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Lifecycle {
    /// Quiet time after the end until complete.
    pub settle_us: i64,
    /// Longest time after the end until complete.
    pub settle_max_us: i64,
    /// Quiet time without an end until the call counts as over.
    pub call_idle_us: i64,
    /// How long events gather before a fold.
    pub fold_delay_us: i64,
}

/// How long what is kept, in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Events, and deliveries that were given up.
    pub events_us: i64,
    /// Calls with all else: summaries, judgement.
    pub summaries_us: i64,
}

const DAY_S: u64 = 24 * 3600;

impl Settings {
    /// Completes the settings from the file, if there is one, and resolves them.
    ///
    /// # Errors
    /// When the file cannot be read, has an unknown key, or settings contradict each other.
    pub fn resolve(self, file: Option<&Path>) -> anyhow::Result<Config> {
        let settings = match file {
            Some(path) => self.with_file(path)?,
            None => self.with_usual_file()?,
        };
        settings.into_config()
    }

    /// Resolves the settings as they are, without any file.
    ///
    /// # Errors
    /// When settings contradict each other.
    pub fn into_config(self) -> anyhow::Result<Config> {
        if self.database.is_some() {
            bail!(
                "--database is not available yet; leave it out to use the embedded database in --data"
            );
        }
        let hep = self.hep()?;
        let tls = match (self.tls_cert, self.tls_key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => bail!("--tls-cert and --tls-key belong together: give both or neither"),
        };
        let oidc = self.oidc.map(|table| Oidc {
            client_secret: self.oidc_client_secret,
            ..table
        });
        let oidc = oidc.map(Oidc::checked).transpose()?;
        let mail = self.mail.map(Mail::checked).transpose()?;
        let public_url = self
            .public_url
            .map(|url| check_public_url(&url))
            .transpose()?;
        let recording_url = self.recording_url.as_deref().map(RecordingUrl::read);
        let recording_url = recording_url.transpose()?;
        check_range("max_connections", self.max_connections, 1, 1_000_000)?;
        check_range("query_steps", self.query_steps, 1_000, u64::MAX)?;
        check_range("sink_backlog", self.sink_backlog, 1, 1_000_000_000)?;
        check_range("test_clock", self.test_clock, 2, 3_600)?;
        let second = Duration::from_secs(1);
        for (name, kept) in [
            ("retention_events", self.retention_events),
            ("retention_summaries", self.retention_summaries),
        ] {
            if kept.is_some_and(|kept| kept.0 < second) {
                bail!(
                    "{name} is shorter than 1s; what is removed for its age cannot be brought back"
                );
            }
        }
        if let (Some(events), Some(summaries)) = (self.retention_events, self.retention_summaries)
            && events.0 > summaries.0
        {
            bail!("retention_events is longer than retention_summaries: events go with their call");
        }
        let pause_ms = self.client_timeout.map(|span| span.0.as_millis());
        check_range("client_timeout (ms)", pause_ms, 100, u128::MAX)?;
        let data = self
            .data
            .unwrap_or_else(|| PathBuf::from("./sidetone-data"));
        let span_us = |span: Option<Span>, default_s: u64| {
            let time = span.map_or(Duration::from_secs(default_s), |span| span.0);
            i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
        };
        Ok(Config {
            listen: self
                .listen
                .map_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)), |at| at.0),
            secret_key_file: self
                .secret_key_file
                .unwrap_or_else(|| data.join("secret.key")),
            data,
            roles: self.roles.unwrap_or_default(),
            hep,
            sides: Sides(self.side),
            alerts: self.alert,
            receivers: self.receiver,
            mail,
            oidc,
            public_url,
            recording_url,
            tls,
            trusted_proxies: self.trusted_proxies.unwrap_or_default(),
            start_empty: self.start_empty.unwrap_or_default().0,
            account_sid: self.account_sid,
            auth_token: self.auth_token,
            lifecycle: Lifecycle {
                settle_us: span_us(self.settle, 60),
                settle_max_us: span_us(self.settle_max, 30 * 60),
                call_idle_us: span_us(self.call_idle, 4 * 3600),
                fold_delay_us: self
                    .fold_delay
                    .map_or(200_000, |span| span_us(Some(span), 0)),
            },
            retention: Retention {
                events_us: span_us(self.retention_events, 30 * DAY_S),
                summaries_us: span_us(self.retention_summaries, 400 * DAY_S),
            },
            accept_unknown_calls: self.unknown_calls == Some(UnknownCalls::Accept),
            gate_advanced_features: self.gate_advanced_features.unwrap_or_default().0,
            rate_limit: self.rate_limit.unwrap_or(0),
            max_connections: self.max_connections.unwrap_or(4096),
            client_timeout: self
                .client_timeout
                .map_or(Duration::from_secs(30), |span| span.0),
            query_steps: self.query_steps.unwrap_or(4_200_000),
            webhook_allow_private: self.webhook_allow_private.unwrap_or_default().0,
            sink_backlog: self.sink_backlog.unwrap_or(10_000_000),
            test_clock: self.test_clock,
            access_log: self.access_log.unwrap_or_default().0,
            log_format: self.log_format.unwrap_or_default(),
            log: self.log.unwrap_or_else(|| "info".to_owned()),
        })
    }
}

fn check_public_url(url: &str) -> anyhow::Result<String> {
    let base = url.trim_end_matches('/');
    let rest = base
        .strip_prefix("https://")
        .or_else(|| base.strip_prefix("http://"));
    match rest {
        Some(host) if !host.is_empty() && !host.contains(['?', '#', '@', ' ', '"']) => {
            Ok(base.to_owned())
        }
        _ => bail!("public_url '{url}' is not like https://insights.example.com"),
    }
}

#[cfg(test)]
mod tests {
    use super::settings::parse_file;
    use super::*;

    #[test]
    fn the_command_line_outranks_the_file() {
        let file = parse_file("settle = '5s'\nunknown_calls = 'accept'").unwrap();
        let line = Settings {
            settle: Some(Span(Duration::from_secs(2))),
            ..Settings::default()
        };
        let config = line.or(file).into_config().unwrap();
        assert_eq!(config.lifecycle.settle_us, 2_000_000);
        assert!(config.accept_unknown_calls);
    }
}
