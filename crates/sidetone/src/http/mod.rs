//! The doors that speak HTTP.

pub mod auth;
