//! `sidetone serve`

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use anyhow::{Context, ensure};
use clap::{Args, Command};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use sidetone_store_sqlite::Options;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::accounts::first;
use crate::api::events_v1::told;
use crate::api::v1::alerts::of_file;
use crate::api::v1::render::template;
use crate::api::v2010::feedback_summary::notice;
use crate::app::{App, Parts};
use crate::bounds::Bounds;
use crate::clock::Clock;
use crate::cmd::reload::{Origin, Reload};
use crate::cmd::{alerts, environment};
use crate::config::{Config, LogFormat, Settings};
use crate::data::{self, Data};
use crate::data_dir;
use crate::directory::Directory;
use crate::ingest::hep;
use crate::live::Live;
use crate::outgoing::pauses::Pauses;
use crate::routes::Routes;
use crate::secrets::Vault;
use crate::socket::Purpose;
use crate::streams;
use crate::tables::locations::Locations;
use crate::tables::{self, Tables};
use crate::telemetry::Counters;
use crate::telemetry::logs::{self, Layout, LogFilter};
use crate::test_clock;
use crate::web::server::{Serving, serve};
use crate::web::tls::Certificate;
use crate::workers::accounts::FollowAccounts;
use crate::workers::disk::WatchDisk;
use crate::workers::live::TellChanges;
use crate::workers::recheck::Recheck;
use crate::workers::sides::FollowSides;
use crate::{program, runner, workers};

/// What HTTP is listened for, for the error that says why it cannot be.
const HTTP: Purpose = Purpose {
    what: "HTTP",
    option: "--listen",
    variable: "SIDETONE_LISTEN",
    may_be_off: false,
};

/// Run the server
///
/// SIGTERM ends it, when requests have been answered. SIGHUP makes it read again: auth tokens, the
/// tables of the configuration file (agent, alert, oidc, receiver, side, signer), which agents may send, the
/// certificate and what is logged.
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

/// Runs until SIGTERM or SIGINT. `program`: the whole command line, which names all settings there
/// are.
///
/// # Errors
/// When it cannot start.
pub async fn run(args: ServeArgs, program: &Command) -> anyhow::Result<()> {
    let hang_ups = hang_ups()?;
    let origin = Origin {
        given: environment::with_secrets(args.settings),
        file: args.config,
        usual_file: true,
    };
    let settings = origin.settings()?;
    let config = settings.clone().into_config()?;
    let log_filter = start_logs(&config)?;
    environment::warn_of_unknown(program);
    let clock = clock(&config)?;
    let mut running = start(config, clock).await?;
    let reload = running.reload(origin, settings, log_filter);
    running.reload_on(hang_ups, reload);
    show(&running.first, &running.app.config)?;
    announce(&running.url)?;
    running.until(wait_for_stop()).await
}

/// Begins to write logs as the settings say.
///
/// # Errors
/// When the filter makes no sense.
pub fn start_logs(config: &Config) -> anyhow::Result<LogFilter> {
    let layout = match config.log_format {
        LogFormat::Text => Layout::Text,
        LogFormat::Json => Layout::Json,
    };
    let filter = LogFilter::of(&config.log, config.access_log)?;
    Ok(logs::start(filter, layout))
}

/// Listens for SIGHUP: from here on it does not end the process.
///
/// # Errors
/// When signals cannot be listened for.
pub fn hang_ups() -> anyhow::Result<Signal> {
    Ok(signal(SignalKind::hangup())?)
}

/// Says who may log in and where the credentials are; the token itself once, when it was made up
/// just now. What is not a terminal is a log, and no place for a token. A log that cannot be
/// written stops no server.
///
/// # Errors
/// When the directory that the process works in is gone.
fn show(first: &first::First, config: &Config) -> anyhow::Result<()> {
    let account = first.account;
    let place = match &first.kept_in {
        Some(path) => {
            let path = std::path::absolute(path)?;
            format!("kept in {}", path.display())
        }
        None if config.auth_token.is_some() => {
            "given by auth_token (SIDETONE_AUTH_TOKEN)".to_owned()
        }
        None => "not kept in a file; `sidetone account rotate-token` gives a new token".to_owned(),
    };
    let mut out = std::io::stderr();
    if config.log_format == LogFormat::Json {
        tracing::info!(account.sid = %account, credentials = place, "the first account");
        return Ok(());
    }
    let token = first.made.as_ref().filter(|_| out.is_terminal());
    let token = token.map_or_else(String::new, |made| {
        format!("auth_token:  {} (shown once)\n", made.auth_token)
    });
    let _ = write!(out, "account_sid: {account}\n{token}credentials: {place}\n");
    Ok(())
}

/// Says that the server is ready: the one line on standard output.
///
/// # Errors
/// When standard output is closed.
pub fn announce(url: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let told = writeln!(out, "listening on {url}").and_then(|()| out.flush());
    told.context("cannot write to standard output")
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
    /// The first account.
    pub first: first::First,
    vault: Arc<Vault>,
    certificate: Option<Arc<Certificate>>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    lock: Arc<data_dir::Lock>,
}

impl Running {
    /// What reads the settings again.
    #[must_use]
    pub fn reload(&self, origin: Origin, started_with: Settings, log_filter: LogFilter) -> Reload {
        Reload {
            app: self.app.clone(),
            origin,
            started_with,
            token: Mutex::new(self.app.config.auth_token.clone()),
            vault: self.vault.clone(),
            certificate: self.certificate.clone(),
            log_filter,
        }
    }

    /// Reads the settings again whenever the signal comes.
    pub fn reload_on(&mut self, hang_ups: Signal, reload: Reload) {
        self.add(|stop| reload.follow(hang_ups, stop));
    }

    /// Starts what works on calls: of a server whose settings leave that out.
    pub fn work(&mut self) {
        workers::start(&self.app, notice, &mut self.tasks, &self.stop.subscribe());
    }

    /// Adds a part, which goes on until a stop is asked for.
    pub fn add<F>(&mut self, part: impl FnOnce(watch::Receiver<bool>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(part(self.stop.subscribe()));
    }

    /// Serves until a stop is asked for. A part that ends by itself has failed, and then all of it
    /// has to end: whoever watches the process starts it again.
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
        self.lock.note_end();
        tracing::info!("stopped");
    }
}

/// The clock that a server goes by.
///
/// # Errors
/// When its data directory was begun with another one.
pub fn clock(config: &Config) -> anyhow::Result<Clock> {
    data_dir::create_dir(&config.data)?;
    test_clock::of_server(&config.data, config.test_clock)
}

/// Opens the data, starts listener and workers.
///
/// # Errors
/// When another server has the data, or anything cannot be opened.
pub async fn start(config: Config, clock: Clock) -> anyhow::Result<Running> {
    let config = Config {
        max_connections: fit_files(config.max_connections),
        ..config
    };
    data_dir::create_dir(&config.data)?;
    let lock = Arc::new(data_dir::lock(&config.data)?);
    // What can fail comes before the first account is made, so that its token is shown by a start
    // that succeeds.
    let certificate = config.tls.as_ref().map(Certificate::load).transpose()?;
    if let Some(mail) = &config.mail {
        ensure!(
            cfg!(feature = "email"),
            "the configuration has [mail], and this program was built without it (feature email)"
        );
        mail.credentials()?;
    }
    let tls = certificate.as_ref().map(Certificate::acceptor);
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| HTTP.refused(config.listen, &error))?;
    let agents = hep::Listeners::bind(&config)?;
    let locations = Arc::new(Locations::load(config.hep.location_database.as_deref())?);
    let options = Options {
        step_budget: config.query_steps,
        ..Options::default()
    };
    data::expect_database(&config.data, config.start_empty)?;
    let is_check_due = lock.is_check_due();
    let Data { store, vault } = data::open(&config.data, &config.secret_key_file, options).await?;
    let directory = Directory::load(store.as_ref(), vault.clone()).await?;
    Tables::read(&config, &directory)?;
    let first = first::ensure_first(store.as_ref(), &vault, &config, clock.now()).await?;
    directory.refresh(store.as_ref()).await?;
    let tables = Tables::read(&config, &directory)?;
    let sides = tables::sides::Current::default();
    sides
        .publish(store.as_ref(), config.sides.clone())
        .await
        .context("cannot publish the [[side]] rules")?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}", listener.local_addr()?);
    let roles = config.roles;
    let app = App::new(Parts {
        render: template::of,
        filter: told::filter,
        write_event: told::write,
        store,
        clock,
        config,
        directory,
        bounds: Bounds::default(),
        live: Live::default(),
        streams: streams::outlets::Current::default(),
        pauses: Pauses::default(),
        counters: Arc::new(Counters::new(program::VERSION, program::COMMIT)),
        tables: tables::Current::new(tables),
        sides,
        locations,
    });
    publish_alerts(&app, &app.config).await?;
    lock.note_serving()
        .context("cannot write the lock of the data directory")?;
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    if roles.work {
        workers::start(&app, notice, &mut tasks, &stopped);
    }
    if roles.api {
        let changes = TellChanges::new(app.clone());
        tasks.spawn(runner::run(app.clone(), changes, stopped.clone()));
    }
    if is_check_due {
        tracing::warn!(
            "the server was not stopped as it should be; its calls are looked at for damage meanwhile"
        );
        let recheck = Recheck::new(app.clone(), lock.clone());
        tasks.spawn(runner::run(app.clone(), recheck, stopped.clone()));
    }
    let disk = WatchDisk::new(app.clone());
    tasks.spawn(runner::run(app.clone(), disk, stopped.clone()));
    let hep = agents.addresses()?;
    agents.start(&app, tls.clone(), &mut tasks, &stopped)?;
    let accounts = FollowAccounts(app.clone());
    tasks.spawn(runner::run(app.clone(), accounts, stopped.clone()));
    let sides = FollowSides(app.clone());
    tasks.spawn(runner::run(app.clone(), sides, stopped.clone()));
    let serving = Serving {
        handler: Routes::new(app.clone()),
        tls,
        max_connections: app.config.max_connections,
        client_timeout: app.config.client_timeout,
        trusted_proxies: app.config.trusted_proxies.clone(),
        counters: app.counters.clone(),
        // Clients are no faster.
        clock: Clock::default(),
    };
    tasks.spawn(serve(listener, serving, stopped));
    tracing::info!(url, data = %app.config.data.display(), "started");
    Ok(Running {
        app,
        url,
        hep,
        first,
        vault,
        certificate,
        stop,
        tasks,
        lock,
    })
}

/// Publishes the rules of alerts that settings say, and their receivers.
async fn publish_alerts(app: &App, config: &Config) -> anyhow::Result<()> {
    let said = alerts::read(app, config)
        .await
        .context("in the configuration")?;
    of_file::publish(app, said)
        .await
        .context("cannot publish the [[alert]] rules")
}

/// Lets the process have as many files open as the system allows, because each connection is one.
/// Says how many connections there can be at each of the two doors that take them, at most as many
/// as are wanted.
fn fit_files(wanted: usize) -> usize {
    /// The database, logs, deliveries.
    const OTHERS: u64 = 256;
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return wanted;
    };
    let raised = setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    let files = if raised { hard } else { soft };
    let most = usize::try_from((files.saturating_sub(OTHERS) / 2).max(16)).unwrap_or(usize::MAX);
    if most < wanted {
        tracing::warn!(
            max_connections = most,
            wanted,
            "the system allows this process {files} open files (ulimit -n): fewer connections than asked for"
        );
    }
    wanted.min(most)
}
