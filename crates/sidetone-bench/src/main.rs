//! The measuring program behind `bench/run.sh`: it loads, is the floor, sends, and times. Not part
//! of the product.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_lossless,
    missing_docs,
    unreachable_pub,
    reason = "a program for whoever measures"
)]

mod calls;
mod counting;
mod data;
mod disk;
mod edges;
mod events;
mod fields;
mod figures;
mod floor_http;
mod floor_sql;
mod hep;
mod judgements;
mod lists;
mod load;
mod numbers;
mod pairs;
mod push;
mod requests;
mod summing;
mod times;
mod trust;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a data directory with calls
    Load {
        dir: PathBuf,
        #[arg(long)]
        calls: u64,
        #[arg(long)]
        seed: u64,
    },
    /// Print account, token and one call of a loaded directory
    Facts { dir: PathBuf },
    /// Write what the HTTP client asks for: calls.txt, forms.txt and lists.txt
    Requests { dir: PathBuf, out: PathBuf },
    /// Print p50 and p99 of a synced 4 KiB append
    Disk { dir: PathBuf },
    /// Serve a constant answer
    FloorHttp { listen: SocketAddr, body: PathBuf },
    /// Time lists, filter by filter
    Lists {
        dir: PathBuf,
        out: PathBuf,
        #[arg(long, default_value_t = 1_000)]
        samples: usize,
    },
    /// Time lists by two filters that are drawn at random
    Pairs {
        dir: PathBuf,
        #[arg(long, default_value_t = 200)]
        pairs: usize,
    },
    /// Write what statistics are counted from; print seconds
    WriteSegments { dir: PathBuf },
    /// Time statistics
    Statistics { dir: PathBuf },
    /// Write events as NDJSON
    Events {
        dir: PathBuf,
        out: PathBuf,
        /// Number of the first call, not to send the same twice
        #[arg(long, default_value_t = 0)]
        first: u64,
        #[arg(long)]
        events: u64,
    },
    /// Send a file of events to a server; print seconds and the answer
    Push {
        address: String,
        login: String,
        file: PathBuf,
    },
    /// Time summaries of feedback, from the request until they are completed
    Summing {
        address: String,
        login: String,
        dir: PathBuf,
    },
    /// Print annotations a second that one thread writes with the same SQL, so many in a
    /// transaction
    FloorAnnotate {
        dir: PathBuf,
        #[arg(long)]
        group: usize,
    },
    /// Print events a second that one thread inserts bare, with the rows that a directory holds
    FloorEvents { dir: PathBuf },
    /// Send HEP, or time what it costs to take it
    #[command(subcommand)]
    Hep(hep::Command),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Args::parse().command {
        Command::Load { dir, calls, seed } => load::run(&dir, calls, seed).await,
        Command::Facts { dir } => requests::facts(&dir),
        Command::Requests { dir, out } => requests::write(&dir, &out),
        Command::Disk { dir } => disk::run(&dir),
        Command::FloorHttp { listen, body } => floor_http::run(listen, &body).await,
        Command::Lists { dir, out, samples } => lists::run(&dir, samples, &out).await,
        Command::Pairs { dir, pairs } => pairs::run(&dir, pairs).await,
        Command::WriteSegments { dir } => counting::write(&dir).await,
        Command::Statistics { dir } => counting::run(&dir).await,
        Command::Events {
            dir,
            out,
            first,
            events,
        } => events::write(&data::facts(&dir)?.calls(), first, events, &out),
        Command::Push {
            address,
            login,
            file,
        } => push::run(&address, &login, &file),
        Command::Summing {
            address,
            login,
            dir,
        } => summing::run(&address, &login, &dir).await,
        Command::FloorAnnotate { dir, group } => floor_sql::annotate(&dir, group),
        Command::FloorEvents { dir } => floor_sql::events(&dir),
        Command::Hep(command) => hep::run(command).await,
    }
}
