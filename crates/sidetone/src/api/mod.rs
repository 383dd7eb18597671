//! The API: what is asked, what is answered, and what an error means.

pub mod auth;
mod configured;
pub mod error;
pub mod events_v1;
pub mod extract;
pub mod hint;
pub mod mask;
pub mod masking;
mod naming;
pub mod oidc;
pub mod operations;
pub mod page;
pub mod page_token;
pub mod session;
pub mod v1;
pub mod v2;
pub mod v2010;
pub mod welcome;
pub mod words;
