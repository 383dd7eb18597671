//! The floor of every request: the same framework, runtime and routes, and an answer that is always
//! the same.

use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;

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
    sidetone_bench::listen::serve(listen, router).await
}

fn answer(body: Bytes) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json; charset=utf-8")], body)
}
