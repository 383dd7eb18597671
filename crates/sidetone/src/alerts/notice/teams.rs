//! A message for a workflow of Microsoft Teams that posts cards: an Adaptive Card.

use serde_json::{Value, json};

use super::Notice;
use super::text::line;

/// The most bytes that Teams takes.
const MAX_BYTES: usize = 28_000;
const SUMMARY_MAX_CHARS: usize = 2_000;

/// The body of a message. A link that makes it too long is left out.
#[must_use]
pub fn body(notice: &Notice) -> Vec<u8> {
    let body = message(notice, notice.link());
    if body.len() <= MAX_BYTES {
        return body;
    }
    message(notice, None)
}

fn message(notice: &Notice, link: Option<&str>) -> Vec<u8> {
    let bold = json!({ "weight": "Bolder", "size": "Medium", "color": color(notice) });
    let mut blocks = vec![
        paragraph(&notice.headline(), bold),
        paragraph(&line(&notice.summary, SUMMARY_MAX_CHARS), json!({})),
    ];
    let facts = notice.facts().into_iter();
    blocks.extend(facts.map(|(name, value)| {
        let subtle = json!({ "isSubtle": true, "size": "Small" });
        paragraph(&format!("{name}: {value}"), subtle)
    }));
    let open = |url| json!({ "type": "Action.OpenUrl", "title": "Its calls", "url": url });
    let actions: Vec<Value> = link.map(open).into_iter().collect();
    let message = json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.2",
                "body": blocks,
                "actions": actions,
            },
        }],
    });
    message.to_string().into_bytes()
}

/// Text of which nothing is Markdown, as it would be in a `TextBlock`.
fn paragraph(text: &str, style: Value) -> Value {
    let mut run = style;
    run["type"] = "TextRun".into();
    run["text"] = text.into();
    json!({ "type": "RichTextBlock", "inlines": [run] })
}

const fn color(notice: &Notice) -> &'static str {
    match (notice.is_test, notice.resolved_at) {
        (true, _) => "Default",
        (false, Some(_)) => "Good",
        (false, None) => "Attention",
    }
}
