//! `sidetone serve`

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use sidetone_store::sqlite::Options;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::app::{App, Parts};
use crate::clock::Clock;
use crate::cmd::environment;
use crate::config::{Config, Settings};
use crate::data::{self, Data};
use crate::delivery::{self, Limits};
use crate::directory::Directory;
use crate::http::Door;
use crate::ingest::hep;
use crate::ingest::hep::locations::Locations;
use crate::ingest::hep::signers::Signers;
use crate::server::{Serving, load_tls, serve, stopped};
use crate::telemetry::{Counters, start_logs};
use crate::{accounts, feedback_worker, fold_worker};

/// Run the server
///
/// Example: sidetone serve --listen 127.0.0.1:8080 --data /var/lib/sidetone
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct ServeArgs {
    /// Configuration file [default: sidetone.toml, when there is one]
    #[arg(long, env = "SIDETONE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot start.
pub async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let config = args.settings.resolve(args.config.as_deref())?;
    start_logs(config.log_format, &config.log)?;
    environment::warn_of_unknown();
    let running = start(config, Clock::default()).await?;
    if let Some(credentials) = &running.new_credentials {
        show(
            credentials,
            &running.app.config.data.join("credentials.json"),
        )?;
    }
    announce(&running.url)?;
    running.until(wait_for_stop()).await
}

/// Shows new credentials, once. What is not a terminal is a log, and no place for a token.
fn show(credentials: &accounts::Credentials, kept: &Path) -> anyhow::Result<()> {
    let mut out = std::io::stderr();
    writeln!(out, "account_sid: {}", credentials.account_sid)?;
    if out.is_terminal() {
        writeln!(out, "auth_token:  {}", credentials.auth_token)?;
        writeln!(out, "Shown once; kept in {}.", kept.display())?;
    } else {
        writeln!(out, "auth_token:  in {}", kept.display())?;
    }
    Ok(())
}

/// Says that the server is ready: the one line on standard output.
///
/// # Errors
/// When standard output is closed.
pub fn announce(url: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "listening on {url}")?;
    out.flush()?;
    Ok(())
}

/// Waits for SIGTERM or SIGINT.
///
/// # Errors
/// When signals cannot be listened for.
pub async fn wait_for_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// A server at work.
pub struct Running {
    /// What its parts share.
    pub app: App,
    /// Where it listens, as a URL.
    pub url: String,
    /// Where it listens to agents and phones.
    pub hep: hep::Addresses,
    /// Credentials that were made up at this start.
    pub new_credentials: Option<accounts::Credentials>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    _lock: std::fs::File,
}

impl Running {
    /// Serves until a stop is asked for. A part that ends by itself has failed, and then all of it has to end:
    /// whoever watches the process starts it again.
    ///
    /// # Errors
    /// When a part ended by itself.
    pub async fn until(
        mut self,
        stop: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        let asked = tokio::select! {
            asked = stop => asked,
            ended = self.tasks.join_next() => match ended {
                Some(Err(error)) => Err(anyhow::Error::new(error).context("a part of the server failed")),
                _ => Err(anyhow::anyhow!("a part of the server ended by itself")),
            },
        };
        self.stop().await;
        asked
    }

    /// Lets requests and workers finish, and ends.
    pub async fn stop(mut self) {
        tracing::info!("stopping");
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        tracing::info!("stopped");
    }
}

/// Opens the data, starts listener and workers.
///
/// # Errors
/// When another server has the data, or anything cannot be opened.
pub async fn start(config: Config, clock: Clock) -> anyhow::Result<Running> {
    data::create_dir(&config.data)?;
    let lock = data::lock(&config.data)?;
    let tls = match &config.tls {
        Some((cert, key)) => Some(load_tls(cert, key)?),
        None => None,
    };
    let options = Options {
        step_budget: config.query_steps,
        ..Options::default()
    };
    let Data { store, vault } = data::open(&config.data, &config.secret_key_file, options)?;
    let new_credentials =
        accounts::ensure_first(store.as_ref(), &vault, &config, clock.now()).await?;
    let directory = Directory::load(store.as_ref(), vault).await?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let agents = hep::Listeners::bind(&config)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}", listener.local_addr()?);
    let signers = Arc::new(Signers::load(&config.hep.signers)?);
    let locations = Arc::new(Locations::load(config.hep.location_database.as_deref())?);
    let roles = config.roles;
    let app = App::new(Parts {
        store,
        clock,
        config,
        directory,
        counters: Counters::default(),
        signers,
        locations,
        feedback_queued: Notify::default(),
        outbox_filled: Notify::default(),
    });
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    if roles.work {
        tasks.spawn(fold_worker::run(app.clone(), stopped.clone()));
        tasks.spawn(feedback_worker::run(app.clone(), stopped.clone()));
        let limits = Limits::default();
        tasks.spawn(delivery::run(app.clone(), limits, stopped.clone()));
    }
    let hep = agents.addresses()?;
    agents.start(&app, tls.clone(), &mut tasks, &stopped)?;
    tasks.spawn(follow_accounts(app.clone(), stopped.clone()));
    let serving = Serving {
        door: Door::new(app.clone()),
        tls,
        max_connections: app.config.max_connections,
        client_timeout: app.config.client_timeout,
        app: app.clone(),
    };
    tasks.spawn(serve(listener, serving, stopped));
    tracing::info!(url, data = %app.config.data.display(), "started");
    Ok(Running {
        app,
        url,
        hep,
        new_credentials,
        stop,
        tasks,
        _lock: lock,
    })
}

/// Notices accounts and keys that other processes changed.
async fn follow_accounts(app: App, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = app.directory.refresh(app.store.as_ref()).await {
            tracing::error!(%error, "accounts could not be read");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = stopped(&mut stop) => break,
        }
    }
}
