//! `GET /`: what this is and where to go, or the web interface where that is built in. And `/errors`: what its errors mean.

use std::fmt::Write;
use std::net::IpAddr;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::error::ApiError;
use super::error::codes::{CODES, Code, find};
use crate::accounts::credentials_file;
use crate::app::App;
use crate::program;
use crate::ui;
use crate::web::base_url::BaseUrl;
use crate::web::form::quoted;
use crate::web::forwarded::Peer;
use crate::web::html::{escaped, is_wanted, page};
use crate::web::json::Json;

/// Where to go from here: path, and what is there.
const PLACES: [(&str, &str); 5] = [
    (
        "/openapi.json",
        "every path, parameter and field (OpenAPI 3)",
    ),
    ("/errors", "what each error code means, and what to do"),
    ("/metrics", "counters for Prometheus"),
    ("/healthz", "whether the process answers"),
    ("/readyz", "whether the database answers"),
];

const HOW_TO_GET_THE_INTERFACE: &str = "<h2>Look at calls</h2>\n<p>This program was built without its web interface. \
    The Debian package and the image have it; in the source, with Node, it is built in by</p>\n\
    <pre><code>make ui\ncargo build --release --features sidetone/ui</code></pre>\n";

/// A page for browsers, the same in short as JSON for others.
///
/// # Errors
/// When the Host header cannot be part of a URL.
pub async fn welcome(
    State(app): State<App>,
    BaseUrl(base): BaseUrl,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !is_wanted(&headers) {
        let mut links = serde_json::Map::new();
        for (path, _) in PLACES {
            let name = path.trim_start_matches('/');
            let name = name.strip_suffix(".json").unwrap_or(name);
            links.insert(name.to_owned(), format!("{base}{path}").into());
        }
        links.insert(
            "summaries".to_owned(),
            format!("{base}/v1/Voice/Summaries").into(),
        );
        let body = json!({
            "name": "sidetone",
            "version": program::VERSION,
            "commit": program::COMMIT,
            "description": "Self-hosted voice insights: what the network measured of every call, and what people said about it.",
            "links": links,
        });
        return Ok(Json(body).into_response());
    }
    if app.config.roles.api
        && let Some(page) = ui::page(&headers)
    {
        return Ok(page);
    }
    let mut places = String::new();
    for (path, what) in PLACES {
        let _ = writeln!(
            places,
            "<li><a href=\"{path}\">{path}</a><span>{what}</span></li>"
        );
    }
    // A Host header says what its sender likes; a proxy on this machine passes on the one it was
    // asked for.
    let is_here = peer.is_some_and(|peer| peer.address.to_canonical().is_loopback());
    let content = format!(
        "<h1>Sidetone <small>{version}</small></h1>\n\
        <p class=\"lead\">Self-hosted voice insights: for every call, what the network measured and what people said about it, in one \
        record that can be searched. It speaks the wire of Twilio Voice Insights, so the official client libraries work with this address \
        as their base URL.</p>\n\
        <h2>Log in</h2>\n<p>{credentials}</p>\n\
        <h2>See calls</h2>\n<pre><code>curl -u $ACCOUNT_SID:$AUTH_TOKEN \\\n  '{base}/v1/Voice/Summaries?StartTime=4w&amp;ProcessingState=all&amp;PageSize=5'</code></pre>\n\
        <h2>Tell of a call</h2>\n<pre><code>curl -u $ACCOUNT_SID:$AUTH_TOKEN {base}/ingest/v1/status-callback \\\n  -d CallSid=my-first-call -d CallStatus=completed -d CallDuration=42 \\\n  --data-urlencode From=+12025550143 --data-urlencode To=+12025550176</code></pre>\n\
        <p>Phone systems do it by callbacks to that path, Kamailio, rtpengine and their kin by HEP{hep}; <code>docs/sources</code> of the \
        source has the configuration of each.</p>\n\
        {interface}\
        <h2>Look around</h2>\n<ul class=\"cards\">\n{places}</ul>\n\
        <p>Each command has its own help: <code>sidetone --help</code>. The documentation is in <code>docs/</code> of the source, \
        beginning with its <code>README.md</code>.</p>\n",
        version = escaped(program::VERSION_AND_COMMIT),
        credentials = credentials(&app, is_local(&base) && is_here),
        base = escaped(&base),
        hep = hep(&app),
        interface = if app.config.roles.api {
            HOW_TO_GET_THE_INTERFACE
        } else {
            ""
        },
    );
    Ok(page("Sidetone", content))
}

/// Where the credentials are. Where on the disk, only whoever asks on this machine is told.
fn credentials(app: &App, is_local: bool) -> String {
    let dir = &app.config.data;
    let file = credentials_file(dir);
    let place = if is_local && file.exists() {
        let shown = std::path::absolute(&file).unwrap_or(file);
        format!("<code>{}</code>", escaped(&shown.display().to_string()))
    } else {
        "<code>credentials.json</code> in the data directory of the server, or where whoever started it has set \
        <code>SIDETONE_ACCOUNT_SID</code> and <code>SIDETONE_AUTH_TOKEN</code>"
            .to_owned()
    };
    format!(
        "The account's identifier and its auth token are in {place}. They are user and password of every request \
        (HTTP Basic); <code>sidetone account</code> and <code>sidetone key</code> make others."
    )
}

/// Whether a URL is one that only this machine can use.
fn is_local(base: &str) -> bool {
    let host = base.split("://").nth(1).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Where HEP is listened for, in words.
fn hep(app: &App) -> String {
    let hep = &app.config.hep;
    let ports = [(hep.udp, "UDP"), (hep.tcp, "TCP")];
    let at = ports
        .into_iter()
        .filter_map(|(at, name)| at.map(|at| format!("{name} port {}", at.port())));
    let at: Vec<String> = at.collect();
    if at.is_empty() {
        " (which this server does not listen for: <code>--hep-udp</code>, <code>--hep-tcp</code>)"
            .to_owned()
    } else {
        format!(" ({})", at.join(", "))
    }
}

/// Every error code.
pub async fn errors(headers: HeaderMap) -> Response {
    if !is_wanted(&headers) {
        let codes: Vec<_> = CODES.iter().map(told).collect();
        return Json(json!({ "errors": codes })).into_response();
    }
    let mut rows = String::new();
    for code in &CODES {
        let _ = writeln!(
            rows,
            "<tr><td><a href=\"/errors/{number}\">{number}</a></td><td>{status}</td><td>{meaning}</td></tr>",
            number = code.code,
            status = code.status,
            meaning = escaped(code.meaning),
        );
    }
    page(
        "Errors - Sidetone",
        format!(
            "<h1>Errors</h1>\n<p class=\"lead\">The codes of this server's answers, and what they mean here.</p>\n\
            <table>\n<tr><th>Code</th><th>Status</th><th>Meaning</th></tr>\n{rows}</table>\n<p><a href=\"/\">Sidetone</a></p>\n"
        ),
    )
}

/// One of them.
///
/// # Errors
/// When there is no such code.
pub async fn error(Path(code): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    let found = code.parse().ok().and_then(find);
    let code =
        found.ok_or_else(|| ApiError::not_found(format_args!("/errors/{}", quoted(&code))))?;
    if !is_wanted(&headers) {
        return Ok(Json(told(code)).into_response());
    }
    let origin = if code.is_ours {
        "This code is Sidetone's own."
    } else {
        "Twilio has this code too."
    };
    Ok(page(
        &format!("Error {} - Sidetone", code.code),
        format!(
            "<h1>Error {number} <small>HTTP {status}</small></h1>\n<p class=\"lead\">{meaning}</p>\n\
            <h2>What to do</h2>\n<p>{remedy}</p>\n<p>{origin}</p>\n<p><a href=\"/errors\">All errors</a></p>\n",
            number = code.code,
            status = code.status,
            meaning = escaped(code.meaning),
            remedy = escaped(code.remedy),
        ),
    ))
}

fn told(code: &Code) -> serde_json::Value {
    json!({
        "code": code.code,
        "status": code.status,
        "meaning": code.meaning,
        "remedy": code.remedy,
        "ours": code.is_ours,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for local in [
            "http://localhost:8080",
            "https://127.0.0.1",
            "http://[::1]:1",
        ] {
            assert!(is_local(local), "{local}");
        }
        for other in [
            "http://localhost.example.com",
            "http://192.0.2.1:8080",
            "http://[2001:db8::1]",
        ] {
            assert!(!is_local(other), "{other}");
        }
    }
}
