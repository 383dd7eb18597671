//! The server: listeners, workers, HTTP, command line. Which module may know which is checked by
//! `tests/layers.py`.

pub mod accounts;
pub mod address;
pub mod alerts;
pub mod api;
pub mod app;
pub mod bounds;
pub mod budget;
pub mod clock;
pub mod cmd;
pub mod config;
pub mod data;
pub mod data_dir;
pub mod delivery;
pub mod dimension;
pub mod directory;
mod guard;
pub mod ingest;
pub mod live;
pub mod logins;
pub mod oidc;
pub mod outgoing;
pub mod people;
pub mod program;
pub mod rates;
pub mod recording;
pub mod routes;
pub mod runner;
pub mod secrets;
pub mod shutdown;
pub mod socket;
pub mod streams;
pub mod tables;
pub mod telemetry;
pub mod ui;
pub mod web;
pub mod workers;
