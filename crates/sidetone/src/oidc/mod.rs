//! Signing in through a company's provider of identities: OpenID Connect Core 1.0, the
//! authorization code flow (§3.1) with PKCE (RFC 7636).
//!
//! What is trusted is the provider that the operator names, and nothing between it and us. The
//! browser carries a code and a state, both of which are good once, for some minutes, and in the
//! browser that began ([`transaction`]). Who it is comes from the provider itself, over an encrypted
//! connection, signed with its keys for this server and this sign-in ([`provider`]).

#[cfg(feature = "oidc")]
mod claims;
#[cfg(feature = "oidc")]
mod id_token;
pub mod identity;
#[cfg(feature = "oidc")]
pub mod provider;
#[cfg(not(feature = "oidc"))]
#[path = "no_provider.rs"]
pub mod provider;
#[cfg(feature = "oidc")]
mod requests;
pub mod transaction;
