//! To a bucket of S3, or of what takes the same: an object for each request.

use std::io::Write;

use axum::body::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Uri};
use sidetone_core::time::TimeUs;

use crate::delivery::request::AGENT;
use crate::delivery::sending::{Shared, Undelivered};
use crate::delivery::sink::begun::Arrived;
use crate::delivery::sink::written::{Item, unwritten};
use crate::delivery::target::target;
use crate::outgoing::client::Said;
use crate::outgoing::sigv4::{Signed, Signer, date, encoded, hash};
use crate::streams::configuration::s3::S3;

const GZIP: HeaderValue = HeaderValue::from_static("application/gzip");
const CONTENT_HASH: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
/// Letters of a code of an error that are told.
const CODE_MAX: usize = 64;

/// Keeps events as an object, a line each. When the same event comes first again, the object is written
/// again: what was not known to have arrived is not there twice.
pub(super) async fn send(shared: &Shared, s3: &S3, items: &[Item]) -> Result<Arrived, Undelivered> {
    let app = &shared.app;
    let first = items
        .first()
        .ok_or_else(|| unwritten("there is nothing to keep"))?;
    let url = format!("{}{}", s3.base(), encoded(&path(s3, first)));
    let url = target(&url, app.config.webhook_allow_private);
    let url = url.map_err(|error| unwritten(format!("the endpoint {error}")))?;
    let lines = lines(items);
    let packed = tokio::task::spawn_blocking(move || -> std::io::Result<_> {
        let mut packing = GzEncoder::new(Vec::new(), Compression::fast());
        packing.write_all(&lines)?;
        let body = packing.finish()?;
        Ok((hash(&body), body))
    });
    let (hash, body) = packed.await.map_err(unwritten)?.map_err(unwritten)?;
    let request = request(s3, &url, &hash, body, app.clock.now())?;
    let said = shared.client.ask(request).await?;
    let code = code(&said);
    match said.success() {
        Ok(said) => Ok(Arrived {
            status: said.status,
            but: None,
        }),
        Err(failure) => Err(match code {
            Some(code) => Undelivered::Explained(failure, code),
            None => failure.into(),
        }),
    }
}

/// Where an object is that begins with this event: bucket, prefix, hour, and the event's name.
fn path(s3: &S3, first: &Item) -> String {
    let at = first.at.to_seconds_text();
    let (day, hour) = (
        at.get(..10).unwrap_or_default(),
        at.get(11..13).unwrap_or_default(),
    );
    let prefix = s3
        .prefix
        .as_ref()
        .map_or_else(String::new, |prefix| format!("{prefix}/"));
    let (day, id) = (day.replace('-', "/"), &first.id);
    format!("/{}/{prefix}{day}/{hour}/{id}.ndjson.gz", s3.bucket)
}

fn lines(items: &[Item]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(items.iter().map(|item| item.json.len() + 1).sum());
    for item in items {
        lines.extend_from_slice(&item.json);
        lines.push(b'\n');
    }
    lines
}

fn request(
    s3: &S3,
    url: &str,
    hash: &str,
    body: Vec<u8>,
    now: TimeUs,
) -> Result<Request<Full<Bytes>>, Undelivered> {
    let uri: Uri = url.parse().map_err(unwritten)?;
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let date = date(now);
    let signer = Signer {
        access_key_id: &s3.access_key_id,
        secret_access_key: &s3.secret_access_key,
        region: s3.region(),
    };
    let authorization = signer.authorization(&Signed {
        method: Method::PUT.as_str(),
        path: uri.path(),
        headers: &[
            (HOST.as_str(), host),
            (CONTENT_HASH.as_str(), hash),
            (DATE.as_str(), &date),
        ],
        body: hash,
        date: &date,
    });
    let value = |text: &str| HeaderValue::from_str(text).map_err(unwritten);
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = Method::PUT;
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, AGENT);
    headers.insert(CONTENT_TYPE, GZIP);
    headers.insert(HOST, value(host)?);
    headers.insert(CONTENT_HASH, value(hash)?);
    headers.insert(DATE, value(&date)?);
    let mut authorization = value(&authorization)?;
    authorization.set_sensitive(true);
    headers.insert(AUTHORIZATION, authorization);
    *request.uri_mut() = uri;
    Ok(request)
}

/// The code of an error, which says more than the status: `NoSuchBucket`, `SignatureDoesNotMatch`.
fn code(said: &Said) -> Option<String> {
    let body = str::from_utf8(&said.body).ok()?;
    let (_, rest) = body.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_plain = code.len() <= CODE_MAX && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then(|| code.to_owned())
}
