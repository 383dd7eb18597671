//! Insights v2 (Voice): reports, as the official libraries speak them.
//!
//! A report is made while it is asked for, in one go through the columns of statistics, and kept as
//! text in the database: every node answers with the same one, its pages do not move while calls
//! come in, and what failed is told to whoever asked, for which its status has no word. So it is
//! `completed` from the start. It goes after [`report::KEPT_US`], when its account has asked for
//! more than [`REPORTS_MAX`](sidetone_store::report::REPORTS_MAX), or when one of its calls is erased.

pub mod account_report;
mod carriers;
mod figures;
pub mod number_report;
pub mod report;
pub mod request;
mod trust;

use axum::Router;
use axum::routing::{get, post};
use sidetone_store::report::ReportKind;

use crate::app::App;

/// Every route under `/v2/Voice`.
pub fn routes() -> Router<App> {
    let mut routes = Router::new();
    for kind in [
        ReportKind::Account,
        ReportKind::Inbound,
        ReportKind::Outbound,
    ] {
        let path = report::path(kind);
        let create = move |app, caller, base, body| report::create(kind, app, caller, base, body);
        routes = routes.route(path, post(create));
        let one = format!("{path}/{{ReportId}}");
        routes = match kind {
            ReportKind::Account => routes.route(&one, get(report::read)),
            ReportKind::Inbound | ReportKind::Outbound => {
                let list = move |app, caller, id, list| report::list(kind, app, caller, id, list);
                routes.route(&one, get(list))
            }
        };
    }
    routes
}
