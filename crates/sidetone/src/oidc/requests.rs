//! Requests to the provider: encrypted, of bounded length and time, and never redirected.

use std::pin::Pin;
use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use http_body_util::Full;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

use crate::config::Oidc;
use crate::outgoing::client::{Client, Failure};

/// The longest answer: keys and claims of a large company are some kilobytes.
const ANSWER_MAX_BYTES: usize = 256 << 10;

/// Asks the provider.
pub(super) struct Requests {
    client: Client,
    settings: Oidc,
}

impl Requests {
    /// The operator has named the provider: it may be at a private address. `time_out`: for one
    /// answer, all of it.
    pub(super) fn new(settings: Oidc, time_out: Duration) -> Self {
        Self {
            client: Client::new(true, time_out),
            settings,
        }
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        // What it says of where its other doors are is believed as far as nobody can listen.
        let url = request.uri().to_string();
        if !self.settings.allows(&url) {
            return Err(Failure::Unsendable(format!("{url} is not encrypted")));
        }
        let request = request.map(Full::from);
        let answer = self.client.fetch(request, ANSWER_MAX_BYTES).await?;
        let mut response = axum::http::Response::builder().status(answer.status);
        if let Some(kind) = answer.content_type {
            response = response.header(CONTENT_TYPE, kind);
        }
        let response = response.body(answer.body.to_vec());
        response.map_err(|error| Failure::Broken(error.to_string()))
    }
}

impl<'c> AsyncHttpClient<'c> for Requests {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Failure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}
