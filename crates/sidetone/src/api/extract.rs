//! What handlers take of a request: its parameters, and where its client reaches us.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::request::Parts;

use crate::api::error::ApiError;
use crate::api::hint::Hints;
use crate::app::App;
use crate::web::base_url::BaseUrl;
use crate::web::body;
use crate::web::form::{Params, is_form, quoted};

/// No valid form is longer.
const FORM_MAX_BYTES: usize = 64 * 1024;

/// The parameters of the query string.
#[derive(Debug, Clone)]
pub struct Query(pub Params);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let encoded = parts.uri.query().unwrap_or_default();
        let params = Params::decode(encoded.as_bytes()).map_err(ApiError::invalid_query)?;
        Hints::note_unknown(&parts.extensions, &params);
        Ok(Self(params))
    }
}

/// The parameters of a form in the body. No body: no parameters, whatever its content type claims
/// to be.
#[derive(Debug, Clone)]
pub struct Form(pub Params);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let body = body::read(body, FORM_MAX_BYTES).await?;
        if body.is_empty() {
            return Ok(Self(Params::default()));
        }
        if let Some(kind) = parts.headers.get(CONTENT_TYPE)
            && !is_form(kind.as_bytes())
        {
            let kind = quoted(&String::from_utf8_lossy(kind.as_bytes()));
            return Err(ApiError::bad_request(format!(
                "Invalid Content-Type '{kind}'. Expected application/x-www-form-urlencoded."
            )));
        }
        let params = Params::decode(&body).map_err(ApiError::invalid_parameter)?;
        Hints::note_unknown(&parts.extensions, &params);
        Ok(Self(params))
    }
}

impl FromRequestParts<App> for BaseUrl {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let public_url = app.config.public_url.as_deref();
        let scheme = parts.extensions.get().copied().unwrap_or_default();
        let forwarded = parts.extensions.get();
        let host = parts.headers.get(HOST);
        Self::of(public_url, scheme, forwarded, &parts.uri, host).ok_or_else(|| {
            ApiError::bad_request(
                "Invalid Host header. Expected a host name or address, with or without a port.",
            )
        })
    }
}
