//! The doors that speak HTTP.

pub mod auth;
pub mod base_url;
pub mod cors;
pub mod error;
pub mod form;
pub mod json;
pub mod page;
pub mod page_token;
pub mod v1;
