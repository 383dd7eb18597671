//! Requests to other servers: deliveries, an import, a provider of identities.

pub mod client;
mod connect;
pub mod pauses;
pub mod retry_after;
pub mod sigv4;
