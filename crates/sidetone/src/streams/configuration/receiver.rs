//! How a receiver of alerts is set up.

#[cfg(test)]
mod tests;

use axum::http::Uri;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sidetone_core::closed_set;
use sidetone_store::sinks::SinkKind;

use super::members::{HIDDEN, Members, WrongMember, hidden};
use super::{Sealed, end_of, without_password};
use crate::alerts::notice::webhook::Version;
use crate::mailbox;

closed_set!(
    /// What kind of receiver it is.
    ReceiverType {
        /// Alertmanager's API.
        Alertmanager = "alertmanager",
        /// A web server.
        Webhook = "webhook",
        /// A channel of Slack, or what takes the same.
        Slack = "slack",
        /// A service of PagerDuty.
        Pagerduty = "pagerduty",
        /// A channel of Microsoft Teams.
        Teams = "teams",
        /// People, by mail.
        Email = "email",
    }
);

impl ReceiverType {
    /// What it is called among sinks.
    #[must_use]
    pub const fn kind(self) -> SinkKind {
        match self {
            Self::Alertmanager => SinkKind::Alertmanager,
            Self::Webhook => SinkKind::AlertWebhook,
            Self::Slack => SinkKind::Slack,
            Self::Pagerduty => SinkKind::PagerDuty,
            Self::Teams => SinkKind::Teams,
            Self::Email => SinkKind::Email,
        }
    }

    /// What a sink is among receivers. `None`: it is none.
    #[must_use]
    pub fn of(kind: SinkKind) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.kind() == kind)
    }
}

/// What a receiver is and how it is reached.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receiver {
    /// Alertmanager's API.
    Alertmanager(Alertmanager),
    /// A web server.
    Webhook(Webhook),
    /// A channel of Slack: the URL of its incoming webhook, which is a secret.
    Slack(String),
    /// A service of `PagerDuty`.
    Pagerduty(Pagerduty),
    /// A channel of Microsoft Teams: the URL of a workflow, which is a secret.
    Teams(String),
    /// People's addresses.
    Email(Vec<String>),
}

impl Sealed for Receiver {}

/// An Alertmanager.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alertmanager {
    /// Where it is, without the path of its API.
    pub url: String,
    /// Who asks, where it wants to know.
    pub user: Option<String>,
    /// With which password.
    pub password: Option<String>,
}

/// A web server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its URL as it was given, with the user name and password that it may hold.
    pub url: String,
    /// Whose webhook it takes.
    pub version: Version,
    /// What bodies are signed with.
    pub secret: Option<String>,
}

/// A service of `PagerDuty`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pagerduty {
    /// The key of its integration.
    pub routing_key: String,
    /// Where events are sent to, if not to the usual place.
    pub endpoint: Option<String>,
}

/// Characters of a routing key.
const ROUTING_KEY_CHARS: usize = 32;
/// The most addresses of a receiver.
const TO_MAX: usize = 20;
/// Where connectors of Office 365 were, which are no more.
const CONNECTORS: &str = "webhook.office.com";

const ALERTMANAGER: &str = "a URL such as http://alertmanager.example.com:9093, without a query";
const VERSION: &str = "\"4\" (as Alertmanager sends it) or \"1\" (as Grafana does)";
const SECRET: &str = "up to 255 printable characters";
const USER: &str = "up to 255 printable characters without a colon";
const PASSWORD: &str = "up to 255 printable characters, and a user with it";
const ROUTING_KEY: &str = "the 32 letters and digits of an integration key";
const TO: &str = "up to 20 addresses such as [\"noc@example.com\"]";
const WORKFLOW: &str = "the URL of a workflow: connectors of Office 365 have ended. In Teams, choose Workflows at the channel, then \"Post to a channel when a webhook request is received\"";

impl Receiver {
    /// Reads a JSON object. URLs are taken as they are: whoever sends there looks at them.
    ///
    /// # Errors
    /// What is wrong with it first.
    pub fn read(kind: ReceiverType, text: &str) -> Result<Self, WrongMember> {
        let members = |known: &[&str]| Members::read(known, text);
        Ok(match kind {
            ReceiverType::Alertmanager => {
                let members = members(&["url", "user", "password"])?;
                let user = members.secret("user", USER)?;
                let is_user = |user: &String| !user.contains(':');
                if user.as_ref().is_some_and(|user| !is_user(user)) {
                    return Err(hidden("user", USER));
                }
                let password = members.secret("password", PASSWORD)?;
                if password.is_some() && user.is_none() {
                    return Err(hidden("password", PASSWORD));
                }
                let url = members.url("url")?;
                // The path of its API comes behind.
                if url.contains('?') {
                    return Err(hidden("url", ALERTMANAGER));
                }
                Self::Alertmanager(Alertmanager {
                    url,
                    user,
                    password,
                })
            }
            ReceiverType::Webhook => {
                let members = members(&["url", "version", "secret"])?;
                let version = members.text("version", VERSION)?;
                let wrong = |text| WrongMember::new("version", Some(text), VERSION);
                let version = version.map(|text| text.parse().map_err(|_| wrong(text.to_owned())));
                Self::Webhook(Webhook {
                    url: members.url("url")?,
                    version: version.transpose()?.unwrap_or(Version::Alertmanager),
                    secret: members.secret("secret", SECRET)?,
                })
            }
            ReceiverType::Slack => Self::Slack(members(&["url"])?.url("url")?),
            ReceiverType::Pagerduty => {
                let members = members(&["routing_key", "endpoint"])?;
                let key = members.secret("routing_key", ROUTING_KEY)?;
                let key = key.ok_or_else(|| WrongMember::new("routing_key", None, ROUTING_KEY))?;
                let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric());
                if key.len() != ROUTING_KEY_CHARS || !is_plain {
                    return Err(hidden("routing_key", ROUTING_KEY));
                }
                let endpoint = members.of("endpoint").map(|_| members.url("endpoint"));
                Self::Pagerduty(Pagerduty {
                    routing_key: key,
                    endpoint: endpoint.transpose()?,
                })
            }
            ReceiverType::Teams => {
                let url = members(&["url"])?.url("url")?;
                if is_connector(&url) {
                    return Err(hidden("url", WORKFLOW));
                }
                Self::Teams(url)
            }
            ReceiverType::Email => Self::Email(members(&["to"])?.addresses()?),
        })
    }

    /// The URL that it names, as which member. `None`: it names none.
    #[must_use]
    pub fn url(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Alertmanager(Alertmanager { url, .. })
            | Self::Webhook(Webhook { url, .. })
            | Self::Slack(url)
            | Self::Teams(url) => Some(("url", url)),
            Self::Pagerduty(pagerduty) => {
                let endpoint = pagerduty.endpoint.as_deref();
                endpoint.map(|url| ("endpoint", url))
            }
            Self::Email(_) => None,
        }
    }

    /// What was given, fit to be shown: without passwords, secrets and keys.
    #[must_use]
    pub fn shown(&self) -> Map<String, Value> {
        let hide = |secret: &Option<String>| secret.as_ref().map(|_| HIDDEN.to_owned());
        let members: Vec<(&str, Option<String>)> = match self {
            Self::Alertmanager(alertmanager) => vec![
                ("url", Some(alertmanager.url.clone())),
                ("user", alertmanager.user.clone()),
                ("password", hide(&alertmanager.password)),
            ],
            Self::Webhook(webhook) => vec![
                ("url", Some(without_query(&without_password(&webhook.url)))),
                ("version", Some(webhook.version.to_string())),
                ("secret", hide(&webhook.secret)),
            ],
            Self::Slack(url) | Self::Teams(url) => vec![("url", Some(origin(url)))],
            Self::Pagerduty(pagerduty) => vec![
                ("routing_key", Some(end_of(&pagerduty.routing_key))),
                ("endpoint", pagerduty.endpoint.clone()),
            ],
            Self::Email(to) => return Map::from_iter([("to".to_owned(), to.clone().into())]),
        };
        let member = |(name, value): (&str, Option<String>)| Some((name.to_owned(), value?.into()));
        members.into_iter().filter_map(member).collect()
    }
}

/// A URL whose query may hold a token.
fn without_query(url: &str) -> String {
    match url.split_once('?') {
        Some((before, _)) => format!("{before}?{HIDDEN}"),
        None => url.to_owned(),
    }
}

/// A URL of which the path and what follows is a secret.
fn origin(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']);
    let end = end.map_or(url.len(), |at| start + at);
    format!("{}/{HIDDEN}", &url[..end])
}

fn is_connector(url: &str) -> bool {
    let uri = url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let host = host.to_ascii_lowercase();
    host == CONNECTORS || host.ends_with(&format!(".{CONNECTORS}"))
}

impl Members {
    fn addresses(&self) -> Result<Vec<String>, WrongMember> {
        let Some(given) = self.of("to") else {
            return Err(WrongMember::new("to", None, TO));
        };
        let wrong = |given: &Value| WrongMember::new("to", Some(given.to_string()), TO);
        let list = given.as_array().ok_or_else(|| wrong(given))?;
        if !(1..=TO_MAX).contains(&list.len()) {
            return Err(wrong(given));
        }
        let address = |it: &Value| {
            let text = it.as_str().filter(|text| mailbox::domain(text).is_some());
            text.map(str::to_owned).ok_or_else(|| wrong(it))
        };
        list.iter().map(address).collect()
    }
}
