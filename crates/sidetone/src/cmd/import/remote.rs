//! The API that is read: one request after the other, as fast as it allows.

use std::time::Duration;

use anyhow::{Context, bail};
use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::Serializer;
use http_body_util::Full;
use hyper::Request;
use hyper::Uri;
use hyper::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use serde_json::Value;
use sidetone_core::id::{AccountSid, CallSid};

use crate::outgoing::client::{Answer, Client};

/// Where Twilio's Voice Insights is.
const TWILIO: &str = "https://insights.twilio.com";
/// Longest answer.
const ANSWER_MAX_BYTES: usize = 64 << 20;
/// Longest time for one.
const ANSWER_TIME: Duration = Duration::from_secs(120);
/// Rows of a page.
const PAGE_SIZE: &str = "100";
/// How often a request is made that fails for a reason that may pass.
const TRIES: u32 = 6;
/// Longest wait that the other side may ask for.
const WAIT_MAX: Duration = Duration::from_secs(600);

/// Reads an account's calls from another system.
pub(super) struct Remote {
    client: Client,
    /// Scheme and host.
    origin: String,
    account: AccountSid,
    authorization: HeaderValue,
    /// Twilio has retired feedback.
    pub(super) has_feedback: bool,
}

impl Remote {
    pub(super) fn new(
        base_url: Option<&str>,
        account: AccountSid,
        token: &str,
    ) -> anyhow::Result<Self> {
        let url = base_url.unwrap_or(TWILIO);
        let uri: Uri = url.parse().with_context(|| format!("--base-url {url}"))?;
        let origin = match (uri.scheme_str(), uri.authority()) {
            (Some(scheme @ ("http" | "https")), Some(host)) if !host.as_str().contains('@') => {
                format!("{scheme}://{host}")
            }
            _ => bail!("--base-url {url}: expected http:// or https://, a host, and nothing else"),
        };
        if uri.path() != "/" && !uri.path().is_empty() {
            bail!("--base-url {url}: expected no path");
        }
        let credentials = STANDARD.encode(format!("{account}:{token}"));
        let mut authorization = HeaderValue::try_from(format!("Basic {credentials}"))?;
        authorization.set_sensitive(true);
        Ok(Self {
            // Whoever starts this may reach where it goes anyway.
            client: Client::new(true, ANSWER_TIME),
            origin,
            account,
            authorization,
            has_feedback: base_url.is_some(),
        })
    }

    /// What is read from whom, to tell imports apart.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.origin, self.account)
    }

    /// The first page of the list of calls.
    pub(super) fn first_page(&self, start: &str, end: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("StartTime", start);
        if let Some(end) = end {
            query.append_pair("EndTime", end);
        }
        query.append_pair("ProcessingState", "all");
        query.append_pair("PageSize", PAGE_SIZE);
        format!("/v1/Voice/Summaries?{}", query.finish())
    }

    pub(super) fn feedback(&self, call: CallSid) -> String {
        format!(
            "/2010-04-01/Accounts/{}/Calls/{call}/Feedback.json",
            self.account
        )
    }

    /// The JSON at a path. `None`: there is none.
    ///
    /// # Errors
    /// When it cannot be had, also by trying again.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (why, wait) = match self.ask(path).await {
                Ok(Answer {
                    status: 200, body, ..
                }) => {
                    let json = serde_json::from_slice(&body);
                    return Ok(Some(json.with_context(|| format!("{path}: no JSON"))?));
                }
                Ok(Answer { status: 404, .. }) => return Ok(None),
                Ok(Answer {
                    status: 401 | 403, ..
                }) => bail!(
                    "{} does not accept the credentials of {}",
                    self.origin,
                    self.account
                ),
                Ok(answer) if answer.status == 429 || answer.status >= 500 => {
                    let why = format!("{path}: answered {}", answer.status);
                    (why, answer.retry_after_s.map(Duration::from_secs))
                }
                Ok(answer) => {
                    let said = String::from_utf8_lossy(&answer.body);
                    let said: String = said
                        .chars()
                        .filter(|it| !it.is_control())
                        .take(300)
                        .collect();
                    bail!("{path}: answered {}: {said}", answer.status)
                }
                Err(failure) => (format!("{path}: {failure}"), None),
            };
            // Being asked to wait is no failure.
            if tries >= TRIES && wait.is_none() {
                bail!("{why}, {TRIES} times");
            }
            let wait = wait.unwrap_or(Duration::from_secs(1 << tries.min(6)));
            tracing::debug!(why, ?wait, "waiting for the other side");
            tokio::time::sleep(wait.min(WAIT_MAX)).await;
        }
    }

    async fn ask(&self, path: &str) -> Result<Answer, crate::outgoing::client::Failure> {
        let mut request = Request::new(Full::new(Bytes::new()));
        let url = format!("{}{path}", self.origin);
        *request.uri_mut() = url.parse().map_err(|error: axum::http::uri::InvalidUri| {
            crate::outgoing::client::Failure::Unsendable(error.to_string())
        })?;
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        self.client.fetch(request, ANSWER_MAX_BYTES).await
    }

    /// Path and query of a page that an answer leads to. Wherever it says that it is, the
    /// credentials go to no other host.
    pub(super) fn next(answer: &Value) -> Option<String> {
        let url = answer.pointer("/meta/next_page_url")?.as_str()?;
        let uri: Uri = url.parse().ok()?;
        Some(uri.path_and_query()?.as_str().to_owned())
    }
}
