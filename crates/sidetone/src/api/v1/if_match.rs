//! `If-Match`: change the annotation only as it was when it was read (RFC 9110 §13.1.1).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;

/// Which revisions of an annotation a change is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// Any: the header was not sent.
    NotSent,
    /// Any, of a call that exists (`*`).
    Exists,
    /// One of these. Tags that are not ours match nothing and are not among them.
    OneOf(Vec<u64>),
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut lines = parts.headers.get_all(IF_MATCH).iter().peekable();
        if lines.peek().is_none() {
            return Ok(Self::NotSent);
        }
        let tags: Vec<&str> = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .collect();
        if tags.contains(&"*") {
            return Ok(Self::Exists);
        }
        Ok(Self::OneOf(tags.into_iter().filter_map(revision).collect()))
    }
}

/// The revision that one of our tags names. Weak ones never match here.
fn revision(tag: &str) -> Option<u64> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    let revision: u64 = digits.parse().ok()?;
    (revision.to_string() == digits).then_some(revision)
}

/// The strong tag of a revision.
#[must_use]
pub fn etag(revision: u64) -> HeaderValue {
    // Digits and quotes are always a valid header.
    HeaderValue::try_from(format!("\"{revision}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn read(lines: &[&str]) -> IfMatch {
        let mut request = Request::builder();
        for line in lines {
            request = request.header(IF_MATCH, *line);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let Ok(if_match) = IfMatch::from_request_parts(&mut parts, &()).await;
        if_match
    }

    #[tokio::test]
    async fn reads_tags() {
        assert_eq!(read(&[]).await, IfMatch::NotSent);
        assert_eq!(read(&["*"]).await, IfMatch::Exists);
        assert_eq!(read(&["\"3\""]).await, IfMatch::OneOf(vec![3]));
        assert_eq!(
            read(&["\"3\" , \"4\"", "\"0\""]).await,
            IfMatch::OneOf(vec![3, 4, 0])
        );
        for foreign in ["3", "W/\"3\"", "\"03\"", "\"x\"", "", "\"\"", "\"+3\""] {
            assert_eq!(read(&[foreign]).await, IfMatch::OneOf(vec![]), "{foreign}");
        }
    }
}
