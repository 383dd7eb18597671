//! The provider: what it says of itself, where it is asked who somebody is, and how its word is
//! checked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreGenderClaim,
    CoreProviderMetadata, CoreTokenResponse,
};
use openidconnect::{
    AdditionalClaims, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SubjectIdentifier,
    TokenResponse, UserInfoError,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sidetone_core::id::AccountSid;
use sidetone_store::people::SubjectDigest;

use super::claims::{self, Claims};
use super::id_token::{is_of_another_key, payload, verified};
use super::identity::{Answer, Identity, Reason, Refusal};
use super::requests::Requests;
use super::transaction::Transaction;
use crate::clock::Clock;
use crate::config::Oidc;

/// Where the provider sends people back to.
const CALLBACK: &str = "/session/oidc/callback";
/// How long what the provider says of itself, its keys included, is believed without asking again.
const KNOWN_FOR: Duration = Duration::from_secs(3600);
/// A token by a key that is not known has the keys asked for again, unless they are so new: a forged
/// one has the provider asked no more often.
const KEYS_NEW_FOR: Duration = Duration::from_secs(10);
/// How long nobody asks again who did not answer.
const AWAY_FOR: Duration = Duration::from_secs(5);
/// How long one answer of the provider may take, all of it.
const ANSWER_TIME_OUT: Duration = Duration::from_secs(10);
/// How long all of what one sign-in asks may take: longer than the two answers that tell what the
/// provider says of itself, so that it is known of who keeps silent.
const TIME_OUT: Duration = Duration::from_secs(30);
/// Sign-ins that were finished and are remembered: their codes are no good at the provider either.
const FINISHED_MAX: usize = 4096;

/// The provider of identities that people may sign in through.
pub struct Provider {
    settings: Oidc,
    account: Option<AccountSid>,
    issuer: IssuerUrl,
    secret: ClientSecret,
    redirect: RedirectUrl,
    requests: Requests,
    known: tokio::sync::Mutex<Known>,
    finished: Mutex<VecDeque<String>>,
}

/// What the provider said of itself, and when by the time that has passed.
#[derive(Default)]
struct Known {
    metadata: Option<(Arc<CoreProviderMetadata>, Duration)>,
    away: Option<(Refusal, Duration)>,
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Claims that are told apart by nobody before us.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct AllClaims {
    #[serde(flatten)]
    all: Claims,
}

impl AdditionalClaims for AllClaims {}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Provider")
            .field(&self.settings.issuer)
            .finish()
    }
}

impl Provider {
    /// The provider of the settings, who is asked when somebody signs in first. `account`: whose
    /// calls people see. `public_url`: where they are to come back.
    ///
    /// # Errors
    /// When the secret cannot be read, or nobody said where people are to come back.
    pub fn new(
        settings: Oidc,
        account: Option<AccountSid>,
        public_url: Option<&str>,
    ) -> anyhow::Result<Self> {
        let public_url = public_url.context(
            "[oidc] needs public_url, where the provider sends people back to (it is read at the start)",
        )?;
        let redirect = RedirectUrl::new(format!("{public_url}{CALLBACK}"));
        let issuer = IssuerUrl::new(settings.issuer.clone());
        Ok(Self {
            issuer: issuer.with_context(|| format!("oidc.issuer '{}'", settings.issuer))?,
            secret: ClientSecret::new(settings.secret()?.0),
            redirect: redirect.with_context(|| format!("public_url '{public_url}'"))?,
            requests: Requests::new(settings.clone(), ANSWER_TIME_OUT),
            settings,
            account,
            known: tokio::sync::Mutex::default(),
            finished: Mutex::default(),
        })
    }

    /// What the button says.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.settings.label
    }

    /// Whose calls people see. `None`: there is no account yet.
    #[must_use]
    pub const fn account(&self) -> Option<AccountSid> {
        self.account
    }

    /// Begins to sign somebody in: where they are to go, and what their browser is to keep
    /// meanwhile.
    ///
    /// # Errors
    /// When the provider does not say where that is.
    pub async fn begin(&self, clock: &Clock) -> Result<(String, Transaction), Refusal> {
        let metadata = self.in_time(self.metadata(clock, KNOWN_FOR)).await?;
        let failed = |error| Refusal::new(Reason::Failed, error);
        let transaction = Transaction::begin(clock.now()).map_err(failed)?;
        let verifier = PkceCodeVerifier::new(transaction.verifier.clone());
        let client = self.client(&metadata);
        let scopes = self.settings.scopes.iter().cloned().map(Scope::new);
        let state = CsrfToken::new(transaction.state.clone());
        let nonce = Nonce::new(transaction.nonce.clone());
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = client.authorize_url(flow, move || state, move || nonce);
        let request = request
            .add_scopes(scopes)
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        let (url, _, _) = request.url();
        if !self.settings.allows(url.as_str()) {
            let detail = format!(
                "{} is not encrypted",
                metadata.authorization_endpoint().as_str()
            );
            return Err(Refusal::new(Reason::NotValid, detail));
        }
        Ok((url.into(), transaction))
    }

    /// Who somebody is who came back to the browser that began.
    ///
    /// # Errors
    /// When that is not certain, or nobody who may sign in here.
    pub async fn finish(
        &self,
        transaction: Transaction,
        answer: Answer<'_>,
        clock: &Clock,
    ) -> Result<Identity, Refusal> {
        self.expect_first(&transaction.state)?;
        if let Some(issuer) = answer.issuer
            && issuer != self.settings.issuer
        {
            let detail = format!("the answer is another provider's: {issuer}");
            return Err(Refusal::new(Reason::NotValid, detail));
        }
        match (answer.error, answer.code) {
            (Some("access_denied"), _) => Err(Refusal::new(Reason::Cancelled, "access_denied")),
            (Some(error), _) => Err(Refusal::new(Reason::NotValid, format!("it says {error}"))),
            (None, None) => Err(Refusal::new(Reason::NotValid, "the answer has no code")),
            (None, Some(code)) => self.in_time(self.identity(transaction, code, clock)).await,
        }
    }

    async fn identity(
        &self,
        transaction: Transaction,
        code: &str,
        clock: &Clock,
    ) -> Result<Identity, Refusal> {
        let metadata = self.metadata(clock, KNOWN_FOR).await?;
        let client = self.client(&metadata);
        let tokens = self.tokens(&client, code, transaction.verifier).await?;
        let no_token = || Refusal::new(Reason::NotValid, "there is no ID token");
        let id_token = tokens.id_token().ok_or_else(no_token)?;
        let nonce = Nonce::new(transaction.nonce);
        let subject = |client: &Client| {
            let verifier = client.id_token_verifier();
            verified(
                verifier,
                id_token,
                tokens.access_token(),
                &nonce,
                clock.now(),
            )
        };
        let subject = match subject(&client) {
            Err(error) if is_of_another_key(&error) => {
                let newer = self.metadata(clock, KEYS_NEW_FOR).await?;
                subject(&self.client(&newer))
            }
            subject => subject,
        };
        let not_valid = |error: anyhow::Error| Refusal::new(Reason::NotValid, format!("{error:#}"));
        let subject = subject.map_err(not_valid)?;
        let mut claims = payload(id_token).map_err(not_valid)?;
        if !claims::are_enough(&claims, &self.settings) && metadata.userinfo_endpoint().is_some() {
            let mut more = self.user_info(&client, &tokens, subject.clone()).await?;
            // What is said there to be verified is the address that is said there.
            if claims.contains_key("email") && claims.get("email") != more.get("email") {
                more.remove("email_verified");
            }
            for (name, value) in more {
                claims.entry(name).or_insert(value);
            }
        }
        let (name, role) = claims::read(&claims, &self.settings)?;
        let known_as = format!("{}\n{}", self.settings.issuer, subject.as_str());
        Ok(Identity {
            name,
            subject: SubjectDigest(Sha256::digest(known_as).into()),
            role,
        })
    }

    /// Exchanges a code (RFC 6749 §4.1.3).
    async fn tokens(
        &self,
        client: &Client,
        code: &str,
        verifier: String,
    ) -> Result<CoreTokenResponse, Refusal> {
        let exchange = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let exchange = exchange.map_err(|error| Refusal::new(Reason::Away, error))?;
        let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(verifier));
        exchange
            .request_async(&self.requests)
            .await
            .map_err(|error| {
                let reason = match &error {
                    RequestTokenError::Request(_) => Reason::Away,
                    _ => Reason::NotValid,
                };
                Refusal::new(reason, format!("{:#}", anyhow!(error).context("no tokens")))
            })
    }

    /// More claims than the ID token has, of the same person (OpenID Connect Core 1.0 §5.3).
    async fn user_info(
        &self,
        client: &Client,
        tokens: &CoreTokenResponse,
        subject: SubjectIdentifier,
    ) -> Result<Claims, Refusal> {
        let not_valid = |error: anyhow::Error| {
            let detail = format!("{:#}", error.context("no user info"));
            Refusal::new(Reason::NotValid, detail)
        };
        let request = client.user_info(tokens.access_token().clone(), Some(subject));
        let request = request.map_err(|error| not_valid(error.into()))?;
        let info = request.request_async::<AllClaims, _, CoreGenderClaim>(&self.requests);
        let info = info.await.map_err(|error| match error {
            UserInfoError::Request(failure) => Refusal::new(Reason::Away, failure),
            error => not_valid(error.into()),
        })?;
        match serde_json::to_value(info) {
            Ok(Value::Object(claims)) => Ok(claims),
            _ => Err(not_valid(anyhow!("it is no object"))),
        }
    }

    /// What the provider says of itself, asked for unless it was within so much time.
    async fn metadata(
        &self,
        clock: &Clock,
        not_older: Duration,
    ) -> Result<Arc<CoreProviderMetadata>, Refusal> {
        // While one asks, others wait and are told what he was. That takes its time: what counts is
        // when an answer came, or none, and not when somebody asked.
        let mut known = self.known.lock().await;
        let is_within = |at: Duration, time: Duration| clock.passed().saturating_sub(at) < time;
        if let Some((metadata, at)) = &known.metadata
            && is_within(*at, not_older)
        {
            return Ok(Arc::clone(metadata));
        }
        if let Some((refusal, at)) = &known.away
            && is_within(*at, AWAY_FOR)
        {
            return Err(refusal.clone());
        }
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.requests);
        match found.await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                known.metadata = Some((Arc::clone(&metadata), clock.passed()));
                known.away = None;
                Ok(metadata)
            }
            Err(error) => {
                let detail = format!("{:#}", anyhow!(error).context("no discovery document"));
                let refusal = Refusal::new(Reason::Away, detail);
                known.away = Some((refusal.clone(), clock.passed()));
                Err(refusal)
            }
        }
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Client {
        let id = ClientId::new(self.settings.client_id.clone());
        let secret = Some(self.secret.clone());
        let client = CoreClient::from_provider_metadata(metadata.clone(), id, secret);
        // In a header (client_secret_basic), unless the provider takes it in the form alone.
        let ways = metadata.token_endpoint_auth_methods_supported();
        let in_form = ways.is_some_and(|ways| {
            ways.contains(&CoreClientAuthMethod::ClientSecretPost)
                && !ways.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
        let client = client.set_redirect_uri(self.redirect.clone());
        if in_form {
            client.set_auth_type(AuthType::RequestBody)
        } else {
            client
        }
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let done = tokio::time::timeout(TIME_OUT, work).await;
        done.unwrap_or_else(|_| {
            let detail = format!("no answer within {TIME_OUT:?}");
            Err(Refusal::new(Reason::Away, detail))
        })
    }

    /// Refuses a sign-in that was finished before.
    fn expect_first(&self, state: &str) -> Result<(), Refusal> {
        let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        if finished.iter().any(|it| it == state) {
            return Err(Refusal::new(Reason::OutOfDate, "it was finished before"));
        }
        if finished.len() >= FINISHED_MAX {
            finished.pop_front();
        }
        finished.push_back(state.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
