//! Until credentials are checked, nobody is let in. To be removed with the first real extractor of [`Caller`].

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::ApiError;

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, _: &App) -> Result<Self, ApiError> {
        Err(ApiError::unauthorized())
    }
}
