//! A message for an incoming webhook of Slack.

use serde_json::{Value, json};

use super::Notice;
use super::text::{join, line};

/// The most characters that Slack takes as the text of a section.
const SECTION_MAX_CHARS: usize = 3_000;
/// The most characters of a summary: each may be written as five, and the headline stands before it.
const SUMMARY_MAX_CHARS: usize = 400;

/// The body of a message.
#[must_use]
pub fn body(notice: &Notice) -> Vec<u8> {
    let headline = escaped(&notice.headline());
    let summary = escaped(&line(&notice.summary, SUMMARY_MAX_CHARS));
    let facts = notice.facts().into_iter();
    let facts = join(facts.map(|(name, value)| format!("{name}: {value}")), " · ");
    let mut blocks = vec![
        section(&format!("*{}*\n{summary}", without_stars(&headline))),
        json!({ "type": "context", "elements": [text(&facts)] }),
    ];
    if let Some(link) = link(notice) {
        blocks.insert(1, section(&link));
    }
    let body = json!({ "text": format!("{headline}\n{summary}"), "blocks": blocks });
    body.to_string().into_bytes()
}

fn section(written: &str) -> Value {
    json!({ "type": "section", "text": text(written) })
}

/// Text in which nothing is made a link or a mention that is not written as one.
fn text(written: &str) -> Value {
    json!({ "type": "mrkdwn", "text": written, "verbatim": true })
}

/// A link to the calls. One that is too long is left out: cut, it would lead to others.
fn link(notice: &Notice) -> Option<String> {
    let url = escaped(notice.link()?).replace('|', "%7C");
    let link = format!("<{url}|Its calls>");
    (link.chars().count() <= SECTION_MAX_CHARS).then_some(link)
}

/// Without what makes mentions, links and entities.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

/// Bold ends at a star.
fn without_stars(text: &str) -> String {
    text.replace('*', "∗")
}
