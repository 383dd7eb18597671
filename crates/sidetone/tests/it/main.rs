//! The one integration binary: whole servers, in process.
#![allow(unreachable_pub, reason = "modules of a binary")]

mod access_token;
mod accounts;
mod alerts;
mod api;
mod backup;
mod cdr;
mod connections;
mod delivery;
mod demo;
mod erase;
mod export;
mod feedback;
mod feedback_model;
mod harness;
mod hep;
mod import;
mod imported;
mod ingest;
mod ingest_command;
mod lifecycle;
mod live;
mod logs;
mod migrate;
mod mmdb;
mod model;
#[cfg(feature = "oidc")]
mod oidc;
mod people;
mod process;
mod repair_command;
mod retention;
mod runner;
mod sides;
mod signed;
mod starting;
mod streaming;
mod streams;
mod traces;
mod voice_sdk;
