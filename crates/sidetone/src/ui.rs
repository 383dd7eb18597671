//! The web interface: its files, as the feature `ui` builds them into the program, and as browsers
//! are given them. Without the feature there are none.

use std::collections::HashMap;
use std::io::Read;
use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

/// What pages may do: load and ask what is ours, be framed by nobody, and run no script that is
/// written into them.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
/// The page that all addresses of the interface lead to.
const PAGE: &str = "index.html";
/// What those addresses begin with, beside `/` itself.
const PLACES: [&str; 6] = ["alerts", "calls", "judgement", "people", "setup", "sign-in"];
/// Files below have a digest of their content in their names.
const HASHED: &str = "assets/";

static INTERFACE: LazyLock<Interface> =
    LazyLock::new(|| Interface::of(&include!(concat!(env!("OUT_DIR"), "/ui.rs"))));

/// A file as it stands in the program.
struct Packed {
    /// Below the directory of the interface.
    path: &'static str,
    bytes: &'static [u8],
    /// Whether the bytes are those of a gzip file.
    is_gzip: bool,
}

/// The file or page that is at a path. `None`: nothing is.
#[must_use]
pub fn at(method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    is_read.then(|| INTERFACE.at(path, headers))?
}

/// The interface's page. `None`: the program was built without it.
#[must_use]
pub fn page(headers: &HeaderMap) -> Option<Response> {
    INTERFACE.at("/", headers)
}

/// Files by their paths.
struct Interface(HashMap<&'static str, File>);

/// A file as it is served.
struct File {
    bytes: &'static [u8],
    is_gzip: bool,
    kind: &'static str,
    cache: &'static str,
    /// Weak: the same whether it is sent packed or not.
    tag: HeaderValue,
}

impl Interface {
    fn of(files: &[Packed]) -> Self {
        let file = |it: &Packed| (it.path, File::of(it));
        Self(files.iter().map(file).collect())
    }

    fn at(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let path = path.strip_prefix('/')?;
        let place = path.split('/').next().unwrap_or_default();
        let is_page = path.is_empty() || PLACES.contains(&place);
        let file = self.0.get(if is_page { PAGE } else { path })?;
        Some(file.answer(headers))
    }
}

impl File {
    fn of(packed: &Packed) -> Self {
        let digest = Sha256::digest(packed.bytes);
        let tag = digest.iter().take(8).map(|byte| format!("{byte:02x}"));
        let tag = format!("W/\"{}\"", tag.collect::<String>());
        Self {
            bytes: packed.bytes,
            is_gzip: packed.is_gzip,
            kind: kind(packed.path),
            cache: if packed.path.starts_with(HASHED) {
                "public, max-age=31536000, immutable"
            } else {
                "no-cache"
            },
            tag: HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("W/\"\"")),
        }
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let mut response = if names(headers, &IF_NONE_MATCH, |tag| self.has_tag(tag)) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.whole(names(headers, &ACCEPT_ENCODING, is_gzip))
        };
        let fields = response.headers_mut();
        fields.insert(ETAG, self.tag.clone());
        for (name, value) in [
            (CACHE_CONTROL, self.cache),
            (VARY, "Accept, Accept-Encoding"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // Addresses have numbers of callers in them.
            (REFERRER_POLICY, "same-origin"),
        ] {
            fields.insert(name, HeaderValue::from_static(value));
        }
        response
    }

    fn whole(&self, takes_gzip: bool) -> Response {
        let mut response = Response::new(Body::empty());
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        let bytes = if !self.is_gzip {
            Bytes::from_static(self.bytes)
        } else if takes_gzip {
            fields.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Bytes::from_static(self.bytes)
        } else {
            let mut plain = Vec::new();
            if let Err(error) = GzDecoder::new(self.bytes).read_to_end(&mut plain) {
                tracing::error!(%error, "a file of the interface cannot be unpacked");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            plain.into()
        };
        *response.body_mut() = Body::from(bytes);
        response
    }

    fn has_tag(&self, tag: &str) -> bool {
        let opaque = |tag: &str| tag.trim_start_matches("W/").to_owned();
        tag == "*"
            || self
                .tag
                .to_str()
                .map(opaque)
                .is_ok_and(|own| own == opaque(tag))
    }
}

/// Whether one of the values of a header that is a list is wanted.
fn names(headers: &HeaderMap, name: &HeaderName, is_wanted: impl Fn(&str) -> bool) -> bool {
    let values = headers.get_all(name).iter();
    let mut values = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    values.any(|value| is_wanted(value.trim()))
}

/// Whether a coding that is accepted is gzip (RFC 9110 §12.5.3).
fn is_gzip(coding: &str) -> bool {
    let mut parts = coding.split(';').map(str::trim);
    let is_gzip = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
    let weight = parts.find_map(|part| part.strip_prefix("q="));
    is_gzip && weight.is_none_or(|weight| weight.parse().is_ok_and(|weight: f32| weight > 0.0))
}

/// The content type of a file, by its name.
fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "ts" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::body::to_bytes;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const SCRIPT: &str = "console.log('what a script says, and says again, says again');";

    fn interface() -> Interface {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(SCRIPT.as_bytes()).unwrap();
        let packed = Vec::leak(encoder.finish().unwrap());
        let plain = |path, bytes| Packed {
            path,
            bytes,
            is_gzip: false,
        };
        Interface::of(&[
            plain("index.html", b"<!doctype html>"),
            plain("embed/sidetone-rate.js", b"1"),
            Packed {
                path: "assets/index-4f2a.js",
                bytes: packed,
                is_gzip: true,
            },
        ])
    }

    fn ask(path: &str, headers: &[(HeaderName, &'static str)]) -> Option<Response> {
        let headers = headers.iter().cloned();
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        interface().at(path, &headers.collect())
    }

    fn field<'a>(response: &'a Response, name: &HeaderName) -> Option<&'a str> {
        response.headers().get(name).map(|it| it.to_str().unwrap())
    }

    async fn text(response: Response) -> Vec<u8> {
        to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap()
            .to_vec()
    }

    #[test]
    fn addresses_of_the_interface_lead_to_its_page_and_no_other() {
        for path in [
            "/",
            "/calls",
            "/calls/",
            "/calls/CA00000000000000000000000000000001",
            "/alerts",
            "/judgement",
            "/people",
            "/setup/hep",
            "/sign-in",
            "/index.html",
        ] {
            let page = ask(path, &[]).unwrap_or_else(|| panic!("{path}"));
            assert_eq!(
                field(&page, &CONTENT_TYPE),
                Some("text/html; charset=utf-8"),
                "{path}"
            );
            assert_eq!(field(&page, &CACHE_CONTROL), Some("no-cache"), "{path}");
            let policy = field(&page, &CONTENT_SECURITY_POLICY).unwrap();
            assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"));
        }
        for path in [
            "",
            "//",
            "//calls",
            "/callsX",
            "/assets/gone.js",
            "/assets",
            "/v1/Voice/calls",
            "/../index.html",
        ] {
            assert!(ask(path, &[]).is_none(), "{path}");
        }
        let post = at(&Method::POST, "/calls", &HeaderMap::new());
        assert!(post.is_none());
    }

    #[tokio::test]
    async fn a_file_is_sent_packed_to_who_unpacks_it() {
        const PATH: &str = "/assets/index-4f2a.js";
        for (accepted, is_packed) in [
            (None, false),
            (Some("gzip, deflate, br"), true),
            (Some("br;q=1.0, GZIP;q=0.5"), true),
            (Some("gzip;q=0"), false),
            (Some("br"), false),
        ] {
            let accepted = accepted.map(|value| (ACCEPT_ENCODING, value));
            let answer = ask(PATH, accepted.as_slice()).unwrap();
            assert_eq!(field(&answer, &CONTENT_ENCODING).is_some(), is_packed);
            let kept = "public, max-age=31536000, immutable";
            assert_eq!(field(&answer, &CACHE_CONTROL), Some(kept));
            assert_eq!(field(&answer, &VARY), Some("Accept, Accept-Encoding"));
            let bytes = text(answer).await;
            if is_packed {
                assert!(bytes.starts_with(&[0x1f, 0x8b]));
            } else {
                assert_eq!(bytes, SCRIPT.as_bytes());
            }
        }
    }

    #[tokio::test]
    async fn who_has_a_file_is_not_sent_it_again() {
        let first = ask("/embed/sidetone-rate.js", &[]).unwrap();
        assert_eq!(first.status(), StatusCode::OK);
        let tag = field(&first, &ETAG).unwrap().to_owned();
        let strong = tag.trim_start_matches("W/").to_owned();
        for (sent, has_it) in [
            (tag.clone(), true),
            (strong, true),
            (format!("\"other\", {tag}"), true),
            ("*".to_owned(), true),
            ("\"other\"".to_owned(), false),
        ] {
            let sent: &'static str = sent.leak();
            let again = ask("/embed/sidetone-rate.js", &[(IF_NONE_MATCH, sent)]).unwrap();
            let expected = if has_it {
                StatusCode::NOT_MODIFIED
            } else {
                StatusCode::OK
            };
            assert_eq!(again.status(), expected, "{sent}");
            assert_eq!(field(&again, &ETAG), Some(tag.as_str()));
            assert_eq!(text(again).await.is_empty(), has_it);
        }
    }
}
