//! Insights v1 (Voice), as the official libraries speak it, and what goes beyond it in the same
//! style.

pub mod account;
pub mod alerts;
pub mod annotation;
pub mod annotations;
pub mod audit;
pub mod call;
pub mod events;
pub mod export;
pub mod filter;
pub mod hint;
pub mod history;
pub mod if_match;
pub mod ladder;
pub mod live;
pub mod lookup;
pub mod merged;
pub mod metrics;
pub mod packets;
pub mod patch;
pub mod path;
pub mod people;
pub mod render;
pub mod row_text;
pub mod selection;
pub mod settings;
pub mod setup;
pub mod statistics;
pub mod summaries;
pub mod summary;
pub mod token;
pub mod views;

use axum::Router;
use axum::routing::{delete, get, post};

use crate::app::App;

/// Every route under `/v1/Voice`.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/Voice/Summaries", get(summaries::read))
        .route("/v1/Voice/Statistics", get(statistics::read))
        .route(
            "/v1/Voice/Statistics/Agreement",
            get(statistics::agreement::read),
        )
        .route("/v1/Voice/Export", get(export::read))
        .route("/v1/Voice/Live", get(live::read))
        .route("/v1/Voice/Annotations", post(annotations::receive))
        .route(
            "/v1/Voice/Annotations/{BatchSid}",
            delete(annotations::undo),
        )
        .route(
            "/v1/Voice/Settings",
            get(settings::read).post(settings::change),
        )
        .route("/v1/Voice/People", get(people::read).post(people::create))
        .route("/v1/Voice/People/{Name}", post(people::change))
        .route("/v1/Voice/Views", get(views::read).post(views::create))
        .route(
            "/v1/Voice/Views/{Sid}",
            post(views::change).delete(views::delete),
        )
        .merge(alerts::routes())
        .route("/v1/Voice/Audit", get(audit::read))
        .route("/v1/Voice/Accounts", get(setup::accounts::read))
        .route(
            "/v1/Voice/Keys",
            get(setup::keys::read).post(setup::keys::create),
        )
        .route("/v1/Voice/Keys/{Sid}", delete(setup::keys::revoke))
        .route("/v1/Voice/Deliveries", get(setup::deliveries::read))
        .route(
            "/v1/Voice/Deliveries/{Id}/Replay",
            post(setup::deliveries::replay),
        )
        .route("/v1/Voice/Sources", get(setup::sources::read))
        .route("/v1/Voice/Storage", get(setup::server::storage))
        .route("/v1/Voice/Sides", get(setup::server::sides))
        .route("/v1/Voice/{CallSid}", get(call::read))
        .route(
            "/v1/Voice/{CallSid}/Annotation",
            get(annotation::read)
                .post(annotation::change)
                .delete(annotation::remove),
        )
        .route("/v1/Voice/{CallSid}/Annotation/History", get(history::read))
        .route("/v1/Voice/{CallSid}/Token", post(token::create))
        .route(
            "/v1/Voice/{CallSid}/Summary",
            get(summary::read).delete(summary::erase),
        )
        .route("/v1/Voice/{CallSid}/Events", get(events::read))
        .route("/v1/Voice/{CallSid}/Metrics", get(metrics::read))
        .route("/v1/Voice/{CallSid}/Ladder", get(ladder::read))
}
