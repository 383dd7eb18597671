//! The call that a path names.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use sidetone_core::id::CallSid;

use crate::api::error::ApiError;
use crate::web::form::quoted;

/// `{CallSid}` of the path. What cannot be a call's identifier leads nowhere: 404.
#[derive(Debug, Clone, Copy)]
pub struct CallPath(pub CallSid);

impl<S: Send + Sync> FromRequestParts<S> for CallPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let mut params = params.iter().flat_map(RawPathParams::iter);
        params
            .find(|(name, _)| *name == "CallSid")
            .and_then(|(_, value)| value.parse().ok())
            .map(Self)
            .ok_or_else(|| ApiError::not_found(quoted(parts.uri.path())))
    }
}
