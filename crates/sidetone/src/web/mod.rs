//! HTTP, and nothing of what is served by it: connections, heads, bodies and pages.

mod activity;
pub mod base_url;
pub mod body;
pub mod connections;
pub mod cors;
pub mod drain;
pub mod form;
pub mod forwarded;
pub mod html;
pub mod json;
pub mod page_token;
pub mod server;
pub mod stream;
pub mod tls;
pub mod trace;
