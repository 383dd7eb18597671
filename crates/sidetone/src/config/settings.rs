//! Settings as they are given: on the command line, in the environment, in `sidetone.toml`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Deserialize;
use sidetone_core::sides::SideRule;

use super::alerts::{AlertEntry, ReceiverEntry};
use super::lists::{Names, Networks};
use super::mail::Mail;
use super::oidc::Oidc;
use super::tables::{AgentEntry, SignerEntry};
use super::values::{
    Example, HepListen, ListenAddress, LogFormat, Roles, Secret, Size, Span, Switch, UnknownCalls,
};
use sidetone_wire::spelling::nearest;

/// Declares the settings once: as command-line options, as environment variables and as keys of the
/// file.
macro_rules! settings {
    ($($(#[$doc:meta])* $field:ident: $kind:ty, $env:literal;)*) => {
        /// Settings as given; what is `None` was not mentioned.
        #[derive(Debug, Clone, Default, Args, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Settings {
            $($(#[$doc])* #[arg(long, env = $env, hide_env_values = true)] pub $field: Option<$kind>,)*
            /// Agents that may send HEP. Of the file only, as a table each.
            #[arg(skip)]
            pub agent: Vec<AgentEntry>,
            /// Rules of alerts. Of the file only, as a table each.
            #[arg(skip)]
            pub alert: Vec<AlertEntry>,
            /// Who is told of alerts. Of the file only, as a table each.
            #[arg(skip)]
            pub receiver: Vec<ReceiverEntry>,
            /// Who is who around the platform. Of the file only, as a table each.
            #[arg(skip)]
            pub side: Vec<SideRule>,
            /// Signers of callers' identities that are trusted. Of the file only, as a table each.
            #[arg(skip)]
            pub signer: Vec<SignerEntry>,
            /// The server that sends our mail. Of the file only.
            #[arg(skip)]
            pub mail: Option<Mail>,
            /// The provider of identities that people may sign in through. Of the file only.
            #[arg(skip)]
            pub oidc: Option<Oidc>,
            /// Its secret. Of the environment only: a command line shows it to everybody.
            #[arg(skip)]
            #[serde(skip)]
            pub oidc_client_secret: Option<Secret>,
        }

        /// The settings that the file may have beside its tables.
        const SETTINGS: &[&str] = &[$(stringify!($field)),*];

        /// A right value of a setting, as the file has it.
        fn example(setting: &str) -> Option<&'static str> {
            match setting {
                $(stringify!($field) => Some(<$kind as Example>::EXAMPLE),)*
                _ => None,
            }
        }

        impl Settings {
            /// Names of those that are not the same in both, the tables left out.
            #[must_use]
            pub fn differing(&self, other: &Self) -> Vec<&'static str> {
                let mut names = Vec::new();
                $(if self.$field != other.$field { names.push(stringify!($field)); })*
                names
            }

            /// These settings, completed by others.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self {
                    $($field: self.$field.or(other.$field),)*
                    agent: if self.agent.is_empty() { other.agent } else { self.agent },
                    alert: if self.alert.is_empty() { other.alert } else { self.alert },
                    receiver: if self.receiver.is_empty() { other.receiver } else { self.receiver },
                    side: if self.side.is_empty() { other.side } else { self.side },
                    signer: if self.signer.is_empty() { other.signer } else { self.signer },
                    mail: self.mail.or(other.mail),
                    oidc: self.oidc.or(other.oidc),
                    oidc_client_secret: self.oidc_client_secret.or(other.oidc_client_secret),
                }
            }
        }
    };
}

settings! {
    /// Address to listen on [default: 127.0.0.1:8080]
    listen: ListenAddress, "SIDETONE_LISTEN";
    /// Directory of the database, credentials and keys [default: ./sidetone-data]
    data: PathBuf, "SIDETONE_DATA";
    /// PostgreSQL URL instead of the embedded database (not available yet)
    database: Secret, "SIDETONE_DATABASE";
    /// Address for HEP over UDP, or `off` [default: 127.0.0.1:9060]
    hep_udp: HepListen, "SIDETONE_HEP_UDP";
    /// Address for HEP over TCP, or `off` [default: 127.0.0.1:9060]
    hep_tcp: HepListen, "SIDETONE_HEP_TCP";
    /// Encrypt HEP over TCP, with the certificate of `--tls-cert` [default: false]
    hep_tls: Switch, "SIDETONE_HEP_TLS";
    /// Networks that agents without an entry in the file may send from [default: this machine]
    hep_allow: Networks, "SIDETONE_HEP_ALLOW";
    /// Threads that read HEP over UDP, each with a socket of its own [default: 1]
    hep_readers: usize, "SIDETONE_HEP_READERS";
    /// Size of the kernel's buffer for each of them [default: 16MiB]
    hep_receive_buffer: Size, "SIDETONE_HEP_RECEIVE_BUFFER";
    /// Address where phones send quality reports (RFC 6035) over UDP, or `off` [default: off]
    sip_udp: HepListen, "SIDETONE_SIP_UDP";
    /// Networks that phones may send from [default: this machine]
    sip_allow: Networks, "SIDETONE_SIP_ALLOW";
    /// SIP headers that name the CallSid of a call [default: X-Call-Sid,X-Twilio-CallSid]
    sip_call_sid_headers: Names, "SIDETONE_SIP_CALL_SID_HEADERS";
    /// Networks whose CallSid headers are believed [default: none]
    sip_call_sid_sources: Networks, "SIDETONE_SIP_CALL_SID_SOURCES";
    /// SIP headers that name the Call-ID of the other leg of a B2BUA [default: X-CID]
    sip_parent_headers: Names, "SIDETONE_SIP_PARENT_HEADERS";
    /// Networks whose verstat is believed [default: any]
    sip_verstat_sources: Networks, "SIDETONE_SIP_VERSTAT_SOURCES";
    /// Database of where addresses are, in MaxMind's format (City or Country); read at the start
    /// [default: none]
    location_database: PathBuf, "SIDETONE_LOCATION_DATABASE";
    /// What this process does: `ingest`, `api`, `work`, separated by commas [default: all]
    roles: Roles, "SIDETONE_ROLES";
    /// Base of the URLs in answers, e.g. `https://insights.example.com` [default: the request's
    /// own]
    public_url: String, "SIDETONE_PUBLIC_URL";
    /// URL of a call's recording, a link on its page: `https://pbx.example.com/{CallSid}.wav`
    /// [default: none]
    recording_url: String, "SIDETONE_RECORDING_URL";
    /// Certificate chain (PEM) to serve TLS with; needs `--tls-key`
    tls_cert: PathBuf, "SIDETONE_TLS_CERT";
    /// Private key (PEM) of `--tls-cert`
    tls_key: PathBuf, "SIDETONE_TLS_KEY";
    /// Networks whose `X-Forwarded-…` headers are believed, e.g. `10.0.0.0/8,::1`
    trusted_proxies: Networks, "SIDETONE_TRUSTED_PROXIES";
    /// File of the key that secrets in the database are encrypted with [default: DATA/secret.key,
    /// made when absent]
    secret_key_file: PathBuf, "SIDETONE_SECRET_KEY_FILE";
    /// Begin with a new database where the one there was is gone or empty [default: false]
    #[arg(num_args = 0..=1, default_missing_value = "true")]
    start_empty: Switch, "SIDETONE_START_EMPTY";
    /// AccountSid of the first account [default: generated once]
    account_sid: String, "SIDETONE_ACCOUNT_SID";
    /// Auth token of the first account; better given as `SIDETONE_AUTH_TOKEN`, which lists of
    /// processes do not show [default: generated once]
    auth_token: Secret, "SIDETONE_AUTH_TOKEN";
    /// Quiet time after a call's end until its summary is complete [default: 60s]
    settle: Span, "SIDETONE_SETTLE";
    /// Longest time from a call's end until its summary is complete [default: 30m]
    settle_max: Span, "SIDETONE_SETTLE_MAX";
    /// A call without an end ends after this long without events [default: 4h]
    call_idle: Span, "SIDETONE_CALL_IDLE";
    /// How long events of a call are gathered before its summary is written again [default: 200ms]
    fold_delay: Span, "SIDETONE_FOLD_DELAY";
    /// How long events of a call are kept, e.g. `90 days`; its summary is kept [default: 30 days]
    retention_events: Span, "SIDETONE_RETENTION_EVENTS";
    /// How long a call is kept with its summary and what was said of it [default: 400 days]
    retention_summaries: Span, "SIDETONE_RETENTION_SUMMARIES";
    /// Judgement of unknown calls: `reject` (404) or `accept` (a placeholder is made) [default:
    /// reject]
    unknown_calls: UnknownCalls, "SIDETONE_UNKNOWN_CALLS";
    /// Serve only calls made while Advanced Features were on for their account, as upstream does
    /// [default: false]
    gate_advanced_features: Switch, "SIDETONE_GATE_ADVANCED_FEATURES";
    /// Requests a second an account may make, 0 for any number [default: 0]
    rate_limit: u32, "SIDETONE_RATE_LIMIT";
    /// Connections served at once [default: 4096]
    max_connections: usize, "SIDETONE_MAX_CONNECTIONS";
    /// Time a client may take to send or take the next bytes [default: 30s]
    client_timeout: Span, "SIDETONE_CLIENT_TIMEOUT";
    /// Steps of the database engine a list query may take before it is refused [default: 4200000]
    query_steps: u64, "SIDETONE_QUERY_STEPS";
    /// Deliver webhooks to private, loopback and link-local addresses too [default: false]
    webhook_allow_private: Switch, "SIDETONE_WEBHOOK_ALLOW_PRIVATE";
    /// Events that may wait for a sink, and have been given up there [default: 10000000]
    sink_backlog: u64, "SIDETONE_SINK_BACKLOG";
    /// Log every request: method, path, status, duration, account, address [default: false]
    access_log: Switch, "SIDETONE_ACCESS_LOG";
    /// Logs as `text` or `json` [default: text]
    log_format: LogFormat, "SIDETONE_LOG_FORMAT";
    /// For tests: how much faster time passes in a data directory that is begun with it [default:
    /// off]
    test_clock: u32, "SIDETONE_TEST_CLOCK";
    /// What to log, as in `info` or `sidetone=debug` [default: info]
    log: String, "SIDETONE_LOG";
}

impl Settings {
    /// Completes the settings from a file.
    ///
    /// # Errors
    /// When it cannot be read, or has an unknown key or a value that makes no sense.
    pub fn with_file(self, path: &Path) -> anyhow::Result<Self> {
        Ok(self.or(read_file(path)?))
    }

    /// Completes the settings from `sidetone.toml`, if there is one where the program was started.
    ///
    /// # Errors
    /// As [`Self::with_file`].
    pub fn with_usual_file(self) -> anyhow::Result<Self> {
        let usual = Path::new("sidetone.toml");
        if usual.exists() {
            self.with_file(usual)
        } else {
            Ok(self)
        }
    }
}

fn read_file(path: &Path) -> anyhow::Result<Settings> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration {}", path.display()))?;
    parse_file(&text).with_context(|| format!("in the configuration {}", path.display()))
}

/// Reads the text of a file. An error tells the place, the key and what is wrong there, but never
/// shows the line: it may hold a secret.
pub(super) fn parse_file(text: &str) -> anyhow::Result<Settings> {
    let read = toml::Deserializer::parse(text)
        .map_err(|error| (String::new(), error))
        .and_then(|document| {
            serde_path_to_error::deserialize(document)
                .map_err(|error| (error.path().to_string(), error.into_inner()))
        });
    read.map_err(|(path, error)| {
        let message = error.message();
        // What is wrong of a key that is not known is its name.
        let message = match example(&path) {
            Some(example) => format!("{path}: {message}; right would be {path} = {example}"),
            None => unknown_key(&path, message),
        };
        match error.span().and_then(|span| text.get(..span.start)) {
            Some(before) => {
                let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
                let line = before.matches('\n').count() + 1;
                let column = before[line_start..].chars().count() + 1;
                anyhow::anyhow!("line {line}, column {column}: {message}")
            }
            None => anyhow::anyhow!("{message}"),
        }
    })
}

/// The message about a key that no setting has, or that is missing.
fn unknown_key(path: &str, message: &str) -> String {
    if path.is_empty() || path == "." {
        return message.to_owned();
    }
    match nearest(path, SETTINGS.iter().copied()) {
        Some(near) => format!("unknown key {path}; did you mean {near}?"),
        None => format!("{path}: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_unknown_keys_of_the_file() {
        let error = parse_file("listn = '127.0.0.1:1'").unwrap_err();
        let expected = "line 1, column 1: unknown key listn; did you mean listen?";
        assert_eq!(error.to_string(), expected);
        let error = parse_file("colour = 'red'").unwrap_err();
        assert!(
            error.to_string().contains("unknown field `colour`"),
            "{error}"
        );
    }

    #[test]
    fn errors_of_the_file_tell_the_place_and_no_secret() {
        for (wrong, place) in [
            ("auth_token = s3cret", "line 2, column 14: "),
            ("auth_token = 's3cret", "line 2, column "),
            ("auth_token = 's3cret' 'é", "line 2, column 23: "),
            (
                "auth_token = 's3cret'\nauth_token = 's3cret'",
                "line 3, column 1: ",
            ),
            ("auth_token = ['s3cret']", "line 2, column 14: "),
            ("auth_token = 5353", "line 2, column 14: "),
            ("auth_token = 53.53", "line 2, column 14: "),
            ("auth_token = 5353-53-53", "line 2, column "),
            ("database = 5353", "line 2, column 12: "),
        ] {
            let text = format!("# première\n{wrong}\n");
            let error = format!("{:#}", parse_file(&text).unwrap_err());
            assert!(error.starts_with(place), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
            assert!(!error.contains("53"), "{error}");
        }
    }

    #[test]
    fn a_value_of_another_type_is_told_with_a_right_one() {
        for (wrong, expected) in [
            (
                "settle = 60",
                "settle: invalid type: integer `60`, expected a string; right would be settle = \"60s\"",
            ),
            (
                "max_connections = '8'",
                "max_connections: invalid type: string \"8\", expected usize; right would be max_connections = 4",
            ),
            ("hep_tls = 'yes'", "right would be hep_tls = true"),
            (
                "roles = ['api']",
                "right would be roles = \"ingest,api,work\"",
            ),
            (
                "hep_allow = 10",
                "right would be hep_allow = [\"10.0.0.0/8\", \"::1\"]",
            ),
            ("data = 7", "right would be data = \"/path/to/it\""),
            (
                "listen = 8080",
                "right would be listen = \"127.0.0.1:8080\"",
            ),
            (
                "[[agent]]\ncapture_id = 'x'",
                "agent[0].capture_id: invalid type: string \"x\", expected u32",
            ),
            ("[[side]]\n[[side]]\nedge = 7", "side[1].edge: "),
            ("[agent]\ncapture_id = 1", "agent: "),
        ] {
            let error = format!("{:#}", parse_file(wrong).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_differs_is_named() {
        let old = parse_file("settle = '5s'\nlisten = '127.0.0.1:1'").unwrap();
        let new = parse_file("settle = '6s'\nlisten = '127.0.0.1:1'\nlog = 'warn'").unwrap();
        assert_eq!(new.differing(&old), ["settle", "log"]);
    }
}
