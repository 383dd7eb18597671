//! HEP: a sender of mixed calls, and the floors of receiving and keeping them.

mod decode;
mod drain;
mod send;
mod stored;
mod template;
mod traffic;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Subcommand;

use self::traffic::Traffic;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send datagrams of calls to a server; print how many were sent, and how many a second
    Send {
        to: SocketAddr,
        /// Datagrams a second
        #[arg(long)]
        rate: u64,
        #[arg(long)]
        seconds: u64,
        /// Calls open at a time
        #[arg(long, default_value_t = 20_000)]
        open: usize,
        /// Another one sends other calls
        #[arg(long)]
        seed: u64,
    },
    /// Print datagrams a second of one core: received and discarded; put to their calls; made
    /// events of calls
    Drain {
        #[arg(long, default_value_t = 1_000_000)]
        datagrams: usize,
        #[arg(long, default_value_t = 20_000)]
        open: usize,
    },
    /// Append events to a directory as the server does; print how many a second
    Stored {
        dir: PathBuf,
        #[arg(long)]
        events: usize,
        #[arg(long, default_value_t = 20_000)]
        open: usize,
    },
}

pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Send {
            to,
            rate,
            seconds,
            open,
            seed,
        } => send::run(to, rate, seconds, Traffic::new(open, seed)?),
        Command::Drain { datagrams, open } => drain::run(datagrams, open),
        Command::Stored { dir, events, open } => {
            stored::run(&dir, events, Traffic::new(open, 1)?).await
        }
    }
}
