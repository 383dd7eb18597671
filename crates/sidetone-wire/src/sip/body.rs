//! Parts of a body (RFC 2046 §5.1).

use memchr::memmem;

use super::header::{Fields, same_name};
use crate::scan::{before, param, split_once};

/// The body, or its first part, that has a media type.
pub(super) fn of_type<'a>(
    content_type: &[u8],
    body: &'a [u8],
    media_type: &str,
) -> Option<&'a [u8]> {
    if is_type(content_type, media_type) {
        return Some(body);
    }
    let (kind, params) = split_once(content_type, b';')?;
    let is_multipart = kind
        .trim_ascii()
        .get(..10)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/"));
    let boundary = param(params, "boundary").filter(|boundary| !boundary.is_empty())?;
    is_multipart
        .then(|| parts(body, boundary))?
        .find_map(|part| {
            let mut fields = Fields::new(part);
            // All of them are walked over: what is left then is the part's body.
            let wanted = fields
                .by_ref()
                .filter(|field| {
                    same_name(field.name, b"Content-Type") && is_type(field.value, media_type)
                })
                .count();
            (wanted > 0).then(|| fields.rest())
        })
}

fn is_type(content_type: &[u8], media_type: &str) -> bool {
    before(content_type, b';')
        .trim_ascii()
        .eq_ignore_ascii_case(media_type.as_bytes())
}

/// What stands between the boundaries, each with its own header fields.
fn parts<'a>(body: &'a [u8], boundary: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let delimiter = [b"--", boundary].concat();
    let mut rest = memmem::find(body, &delimiter).and_then(|at| body.get(at..));
    std::iter::from_fn(move || {
        let inside = rest?.get(delimiter.len()..)?;
        if inside.starts_with(b"--") {
            return None;
        }
        // The rest of the delimiter's line is padding.
        let (_, inside) = split_once(inside, b'\n')?;
        let end = memmem::find(inside, &delimiter);
        rest = end.and_then(|at| inside.get(at..));
        let part = end.and_then(|at| inside.get(..at)).unwrap_or(inside);
        // The line end before a delimiter belongs to the delimiter.
        let part = part.strip_suffix(b"\n").unwrap_or(part);
        Some(part.strip_suffix(b"\r").unwrap_or(part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: &[u8] = b"preamble\r\n--x=1\r\nContent-Type: application/isup;version=x\r\n\r\n\x01\x10\0\r\n\
        --x=1  \r\nContent-Disposition: session\r\nc: Application/SDP\r\n\r\nv=0\r\ns=-\r\n\r\n--x=1--\r\nepilogue";

    #[track_caller]
    fn check(content_type: &str, body: &[u8], expected: Option<&[u8]>) {
        assert_eq!(
            of_type(content_type.as_bytes(), body, "application/sdp"),
            expected
        );
    }

    #[test]
    fn finds_a_part() {
        check("application/sdp", b"v=0", Some(b"v=0"));
        check(" Application/SDP ;charset=x", b"v=0", Some(b"v=0"));
        check(
            "multipart/mixed;boundary=\"x=1\"",
            MIXED,
            Some(b"v=0\r\ns=-\r\n"),
        );
        check(
            "Multipart/Mixed; boundary=x=1",
            MIXED,
            Some(b"v=0\r\ns=-\r\n"),
        );
        let cut = &MIXED[..MIXED.len() - 17];
        check("multipart/mixed;boundary=x=1", cut, Some(b"v=0\r\ns=-\r\n"));
        let lines = b"--b\nContent-Type: application/sdp\n\nv=0\n--b--";
        check("multipart/mixed;boundary=b", lines, Some(b"v=0"));
    }

    #[test]
    fn or_none() {
        check("text/plain", b"v=0", None);
        check("multipart/mixed", MIXED, None);
        check("multipart/mixed;boundary=", MIXED, None);
        check("multipart/mixed;boundary=y", MIXED, None);
        check("text/plain;boundary=x=1", MIXED, None);
        check("multipart/mixed;boundary=x=1", b"--x=1", None);
        check("multipart/mixed;boundary=x=1", b"", None);
        let no_blank = b"--b\r\nContent-Type: application/sdp\r\n--b--";
        check("multipart/mixed;boundary=b", no_blank, Some(b""));
    }
}
