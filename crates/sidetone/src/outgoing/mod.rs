//! Requests to other servers: deliveries, an import, a provider of identities.

pub mod client;
mod connect;
