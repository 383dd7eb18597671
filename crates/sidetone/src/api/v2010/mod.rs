//! What is kept of the 2010 API: Call Feedback and its summaries, as the official libraries spoke
//! them.
//!
//! Here the path names the account. Paths end in `.json` or not; the answer is JSON either way.

pub mod feedback;
pub mod feedback_summary;
pub mod path;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

/// Every route under `/2010-04-01`.
pub fn routes() -> Router<App> {
    let mut routes = Router::new();
    for suffix in ["", ".json"] {
        let calls = "/2010-04-01/Accounts/{AccountSid}/Calls";
        routes = routes
            .route(
                &format!("{calls}/{{CallSid}}/Feedback{suffix}"),
                get(feedback::read).post(feedback::rate),
            )
            .route(
                &format!("{calls}/FeedbackSummary{suffix}"),
                post(feedback_summary::create),
            );
    }
    routes.route(
        "/2010-04-01/Accounts/{AccountSid}/Calls/FeedbackSummary/{Sid}",
        get(feedback_summary::read).delete(feedback_summary::remove),
    )
}
