//! A message of e-mail.

use std::fmt::Write;

use super::Notice;
use super::text::{join, line};

/// The most characters of a summary.
const SUMMARY_MAX_CHARS: usize = 2_000;

/// What is sent by mail, beside who sends it to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// In one line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// What it is called: the same when it is sent again.
    pub message_id: String,
    /// The message that it goes on from.
    pub references: Option<String>,
}

/// The header that says that nobody is to answer by a machine (RFC 3834), and its value.
pub const AUTO_SUBMITTED: (&str, &str) = ("Auto-Submitted", "auto-generated");

/// The message about an alert, in the domain of who sends it.
#[must_use]
pub fn mail(notice: &Notice, domain: &str) -> Mail {
    let id = |status: &str| format!("<{}.{status}@{domain}>", notice.alert);
    let mut text = line(&notice.summary, SUMMARY_MAX_CHARS);
    text.push_str("\n\n");
    for (name, value) in notice.facts() {
        let _ = writeln!(text, "{name}: {value}");
    }
    if let Some(link) = notice.link() {
        let _ = write!(text, "\nIts calls:\n{link}\n");
    }
    if !notice.call_sids.is_empty() {
        let calls = join(notice.call_sids.iter(), "\n");
        let _ = write!(text, "\nThose that showed it:\n{calls}\n");
    }
    let _ = write!(text, "\n-- \nSidetone, alert {}\n", notice.alert);
    Mail {
        subject: notice.headline(),
        text,
        message_id: id(notice.status()),
        references: notice.resolved_at.map(|_| id("firing")),
    }
}
