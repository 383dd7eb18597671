//! `Sidetone-Hint`: why an answer is not what one may have expected.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{Extensions, HeaderName, HeaderValue};
use axum::response::Response;

use crate::web::form::Params;
use sidetone_wire::spelling::nearest;

/// The header's name.
pub const HINT: HeaderName = HeaderName::from_static("sidetone-hint");

/// Names that an answer tells of; the others are counted.
const NAMED_MAX: usize = 5;
/// Characters of a name that are repeated.
const NAME_MAX_CHARS: usize = 64;

/// Names of parameters, by what they are for.
pub type Names = &'static [&'static [&'static str]];

/// What is found while a request is read, for its answer; an extension of requests that have
/// parameters.
#[derive(Debug, Clone)]
pub struct Hints {
    known: Option<Names>,
    found: Arc<Mutex<Vec<String>>>,
}

impl Hints {
    /// None yet. `known`: the parameters that mean something where it was sent; `None` where nobody
    /// knows what comes.
    #[must_use]
    pub fn new(known: Option<Names>) -> Self {
        Self {
            known,
            found: Arc::default(),
        }
    }

    /// Takes note of parameters that mean nothing where they were sent: each is named, with the
    /// known one that it is like.
    pub fn note_unknown(extensions: &Extensions, params: &Params) {
        if let Some(hints) = extensions.get::<Self>()
            && let Some(known) = hints.known
        {
            for hint in unknown(params.iter().map(|(name, _)| name), known) {
                hints.add(hint);
            }
        }
    }

    /// Adds one.
    pub fn add(&self, hint: String) {
        self.lock().push(hint);
    }

    /// Adds them all to the answer.
    pub fn put_into(&self, response: &mut Response) {
        for hint in self.lock().drain(..) {
            put(response, &hint);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds a hint to an answer.
pub fn put(response: &mut Response, hint: &str) {
    if let Ok(hint) = HeaderValue::try_from(hint) {
        response.headers_mut().append(HINT, hint);
    }
}

/// As [`Hints::note_unknown`], for doors of senders that send more than is read: only what is like
/// a known name is told of.
pub fn note_mistyped<'a>(hints: &Hints, sent: impl Iterator<Item = &'a str>, known: &[&str]) {
    for name in sent.filter(|name| !known.contains(name)).take(NAMED_MAX) {
        if let Some(near) = nearest(name, known.iter().copied()) {
            hints.add(format!("{} was ignored; did you mean {near}?", shown(name)));
        }
    }
}

fn unknown<'a>(sent: impl Iterator<Item = &'a str>, known: &[&[&str]]) -> Vec<String> {
    let all = || known.iter().flat_map(|names| names.iter().copied());
    let mut names: Vec<&str> = Vec::new();
    for name in sent {
        if !names.contains(&name) && !all().any(|known| known == name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(NAMED_MAX);
    let mut hints: Vec<String> = names
        .into_iter()
        .take(NAMED_MAX)
        .map(|name| match nearest(name, all()) {
            Some(near) => format!(
                "{} is unknown and was ignored; did you mean {near}?",
                shown(name)
            ),
            None => format!("{} is unknown and was ignored", shown(name)),
        })
        .collect();
    if more > 0 {
        hints.push(format!(
            "{more} more parameters are unknown and were ignored"
        ));
    }
    hints
}

/// A name, fit for a header: bounded, and nothing in it but what is printable ASCII.
fn shown(name: &str) -> String {
    let printable = |char: char| if char.is_ascii_graphic() { char } else { '?' };
    let shown: String = name.chars().take(NAME_MAX_CHARS).map(printable).collect();
    if shown.len() < name.chars().count() {
        return format!("{shown}...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sent: &str, expected: &[&str]) {
        let known: &[&[&str]] = &[&["CallScore", "Comment"], &["PageSize"]];
        let params = Params::decode(sent.as_bytes()).unwrap();
        assert_eq!(unknown(params.iter().map(|it| it.0), known), expected);
    }

    #[test]
    fn names_what_is_unknown() {
        check("CallScore=1&PageSize=2", &[]);
        check(
            "CalScore=1&CalScore=2&Colour=red",
            &[
                "CalScore is unknown and was ignored; did you mean CallScore?",
                "Colour is unknown and was ignored",
            ],
        );
        check(
            "page_size=2",
            &["page_size is unknown and was ignored; did you mean PageSize?"],
        );
        check("%C3%A9%0D%0A=1", &["??? is unknown and was ignored"]);
        check(
            "a1&a2&a3&a4&a5&a6&a7",
            &[
                "a1 is unknown and was ignored",
                "a2 is unknown and was ignored",
                "a3 is unknown and was ignored",
                "a4 is unknown and was ignored",
                "a5 is unknown and was ignored",
                "2 more parameters are unknown and were ignored",
            ],
        );
    }
}
