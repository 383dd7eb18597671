//! `/v1/Voice/Alerts`: rules that calls are held to, the alerts that come of them, and who is told. Ours.

pub mod definition;
pub mod fired;
pub mod of_file;
pub mod preview;
pub mod receivers;
pub mod rules;
pub mod templates;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

/// Every route under `/v1/Voice/Alerts`.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/Voice/Alerts", get(fired::read))
        .route(
            "/v1/Voice/Alerts/Rules",
            get(rules::read).post(rules::create),
        )
        .route(
            "/v1/Voice/Alerts/Rules/{Sid}",
            get(rules::fetch).post(rules::change).delete(rules::delete),
        )
        .route("/v1/Voice/Alerts/Templates", get(templates::read))
        .route("/v1/Voice/Alerts/Preview", get(preview::read))
        .route(
            "/v1/Voice/Alerts/Receivers",
            get(receivers::read).post(receivers::create),
        )
        .route(
            "/v1/Voice/Alerts/Receivers/{Sid}",
            get(receivers::fetch).delete(receivers::delete),
        )
        .route(
            "/v1/Voice/Alerts/Receivers/{Sid}/Test",
            post(receivers::test),
        )
        .route("/v1/Voice/Alerts/{Sid}", get(fired::fetch))
}
