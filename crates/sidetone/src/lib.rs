//! The server: listeners, workers, HTTP, command line.

pub mod app;
pub mod clock;
pub mod config;
pub mod demo;
pub mod directory;
pub mod http;
pub mod telemetry;
