//! The server: listeners, workers, HTTP, command line.

pub mod accounts;
pub mod app;
pub mod clock;
pub mod cmd;
pub mod complaints;
pub mod config;
pub mod data;
pub mod delivery;
pub mod demo;
pub mod directory;
pub mod drain;
pub mod feedback_worker;
pub mod fold_worker;
mod guard;
pub mod http;
pub mod ingest;
pub mod process;
pub mod program;
pub mod recheck;
pub mod reload;
pub mod secrets;
pub mod server;
pub mod socket;
pub mod spelling;
pub mod tables;
pub mod telemetry;
pub mod tls;
