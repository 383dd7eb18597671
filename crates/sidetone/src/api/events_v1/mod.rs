//! Event Streams v1, as the official libraries set them up: sinks, subscriptions, and what can be
//! subscribed.

pub mod deliveries;
pub mod event_types;
mod listing;
pub mod schemas;
pub mod sinks;
pub mod subscribed_events;
pub mod subscriptions;
pub mod told;
pub mod trial;
mod wanted;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

/// Every route of Event Streams.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/Sinks", get(sinks::read).post(sinks::create))
        .route(
            "/v1/Sinks/{Sid}",
            get(sinks::fetch).post(sinks::change).delete(sinks::delete),
        )
        .route("/v1/Sinks/{Sid}/Test", post(trial::test))
        .route("/v1/Sinks/{Sid}/Validate", post(trial::validate))
        .route("/v1/Sinks/{Sid}/Deliveries", get(deliveries::read))
        .route(
            "/v1/Sinks/{Sid}/Deliveries/Replay",
            post(deliveries::replay),
        )
        .route(
            "/v1/Subscriptions",
            get(subscriptions::read).post(subscriptions::create),
        )
        .route(
            "/v1/Subscriptions/{Sid}",
            get(subscriptions::fetch)
                .post(subscriptions::change)
                .delete(subscriptions::delete),
        )
        .route(
            "/v1/Subscriptions/{Sid}/SubscribedEvents",
            get(subscribed_events::read).post(subscribed_events::create),
        )
        .route(
            "/v1/Subscriptions/{Sid}/SubscribedEvents/{Type}",
            get(subscribed_events::fetch)
                .post(subscribed_events::change)
                .delete(subscribed_events::delete),
        )
        .route("/v1/Types", get(event_types::read))
        .route("/v1/Types/{Type}", get(event_types::fetch))
        .route("/v1/Schemas/{Id}", get(schemas::fetch))
        .route("/v1/Schemas/{Id}/Versions", get(schemas::versions))
        .route("/v1/Schemas/{Id}/Versions/{Version}", get(schemas::version))
        .route("/v1/Schemas/{Id}/Versions/{Version}/Raw", get(schemas::raw))
}
