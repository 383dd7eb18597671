//! The floor of every request: the same framework, runtime and routes, and an answer that is always
//! the same.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

/// Serves until it is killed.
pub async fn run(listen: SocketAddr, body: &Path) -> anyhow::Result<()> {
    let body = Bytes::from(std::fs::read(body)?);
    let on_get = {
        let body = body.clone();
        move || async move { answer(body) }
    };
    // A bare POST route takes its body, as one must.
    let on_post = move |_taken: Bytes| async move { answer(body) };
    let router: Router = Router::new()
        .route(
            "/v1/Voice/{sid}/Annotation",
            get(on_get.clone()).post(on_post),
        )
        .route("/v1/Voice/{sid}/Summary", get(on_get));
    let listener = TcpListener::bind(listen).await?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{}", listener.local_addr()?)?;
    out.flush()?;
    let listener = listener.tap_io(|stream| {
        // As the server does. A failure shows as slowness, nothing worse.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

fn answer(body: Bytes) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json; charset=utf-8")], body)
}
