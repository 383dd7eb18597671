//! Copies calls: each with its summary, events, metrics and feedback.

use anyhow::{Context, bail};
use jiff::fmt::rfc2822;
use serde_json::Value;
use sidetone_core::feedback::{FeedbackIssue, FeedbackPatch};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::TimeUs;
use sidetone_store::NewEvent;
use sidetone_store::feedback::Rate;
use sidetone_wire::error::DecodeError;
use sidetone_wire::observed::Observed;
use sidetone_wire::translate::{event_streams, summary};

use super::remote::Remote;
use crate::app::App;

/// Who says it, as the history tells.
const BY: &str = "import";
/// The most pages of one list: more has no call.
const PAGES_MAX: usize = 5_000;

/// Copies the calls of an account.
pub(super) struct Calls<'a> {
    pub(super) app: &'a App,
    pub(super) account: AccountSid,
    pub(super) remote: &'a Remote,
}

/// What became of a page of calls.
#[derive(Default)]
pub(super) struct Copied {
    pub(super) calls: u64,
    /// Items that make no sense.
    pub(super) refused: u64,
    pub(super) next: Option<String>,
}

impl Calls<'_> {
    /// Copies a page, and returns when all of it is durable.
    pub(super) async fn page(&self, path: &str) -> anyhow::Result<Copied> {
        let page = self.remote.get(path).await?;
        let page = page.with_context(|| format!("{path}: there is no such list"))?;
        let mut copied = Copied {
            next: Remote::next(&page),
            ..Copied::default()
        };
        if copied.next.as_deref() == Some(path) {
            bail!("{path}: the list leads back to this page");
        }
        let Some(summaries) = page["call_summaries"].as_array() else {
            bail!("{path}: no list of summaries");
        };
        for summary in summaries {
            self.call(summary, &mut copied).await?;
            copied.calls += 1;
        }
        Ok(copied)
    }

    async fn call(&self, told: &Value, copied: &mut Copied) -> anyhow::Result<()> {
        let Some(sid) = told["call_sid"]
            .as_str()
            .and_then(|it| it.parse::<CallSid>().ok())
        else {
            copied.refused += 1;
            return Ok(());
        };
        let now = self.app.clock.now();
        let mut told = told.clone();
        let path = |part: &str| format!("/v1/Voice/{sid}/{part}");
        if told.get("annotation").is_none()
            && let Some(annotation) = self.remote.get(&path("Annotation")).await?
        {
            told["annotation"] = annotation;
        }
        let mut read = vec![summary::import(told, now)];
        for event in self.list(&path("Events"), "events").await? {
            read.push(event_streams::import_event(&event, now));
        }
        for metric in self.list(&path("Metrics"), "metrics").await? {
            read.push(event_streams::import_metric(&metric, now));
        }
        self.append(read, copied).await?;
        if self.remote.has_feedback {
            self.feedback(sid).await?;
        }
        Ok(())
    }

    /// All items of a list of a call.
    async fn list(&self, path: &str, key: &str) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut next = Some(format!("{path}?PageSize=1000"));
        for _ in 0..PAGES_MAX {
            let Some(path) = next else { return Ok(items) };
            let Some(mut page) = self.remote.get(&path).await? else {
                return Ok(items);
            };
            next = Remote::next(&page);
            if let Value::Array(more) = page[key].take() {
                items.extend(more);
            }
        }
        bail!("{path}: a list without an end")
    }

    async fn append(
        &self,
        read: Vec<Result<Observed, DecodeError>>,
        copied: &mut Copied,
    ) -> anyhow::Result<()> {
        let received_at = self.app.clock.now();
        let mut events = Vec::with_capacity(read.len());
        for observed in read {
            match observed {
                Ok(observed) => events.push(NewEvent {
                    event: observed.place(self.account),
                    received_at,
                }),
                Err(error) => {
                    tracing::warn!(%error, "an item is left out");
                    copied.refused += 1;
                }
            }
        }
        self.app.store.append(events).await?;
        Ok(())
    }

    async fn feedback(&self, sid: CallSid) -> anyhow::Result<()> {
        let Some(told) = self.remote.get(&self.remote.feedback(sid)).await? else {
            return Ok(());
        };
        let score = told["quality_score"].as_u64();
        // When it was said there.
        let said = told["date_created"].as_str();
        let said = said.and_then(|text| rfc2822::parse(text).ok());
        let said = said.map(|at| TimeUs::from_micros(at.timestamp().as_microsecond()));
        let issues = told["issues"].as_array().into_iter().flatten();
        let issues = issues.filter_map(|it| it.as_str()?.parse::<FeedbackIssue>().ok());
        let rate = Rate {
            by: BY.to_owned(),
            patch: FeedbackPatch {
                score: score.and_then(|score| u8::try_from(score).ok()),
                issues: Some(issues.collect()),
            },
            now: said.unwrap_or_else(|| self.app.clock.now()),
            accept_unknown: false,
            only_first: true,
            mirror: false,
        };
        let account = self.account;
        self.app.store.rate(CallRef { account, sid }, rate).await?;
        Ok(())
    }
}
