//! SIGHUP: what can change without a restart is read again. What is wrong leaves everything as it
//! was; a store that fails between the token and the rules of sides leaves the token replaced, and
//! the log says so.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use tokio::signal::unix::Signal;
use tokio::sync::watch;

use crate::accounts::first;
use crate::api::v1::alerts::of_file;
use crate::app::App;
use crate::cmd::alerts;
use crate::config::{Secret, Settings};
use crate::secrets::Vault;
use crate::shutdown::stopped;
use crate::tables::Tables;
use crate::telemetry::logs::LogFilter;
use crate::web::tls::Certificate;

/// Settings that take effect when they are read again, beside the tables of the file. All others
/// need a restart.
const TAKEN: [&str; 5] = ["auth_token", "hep_allow", "log", "tls_cert", "tls_key"];

/// Where the settings come from: they are read again as they were read first.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Of the command line and the environment; they outrank the file.
    pub given: Settings,
    /// The file, when one was named.
    pub file: Option<PathBuf>,
    /// Whether a `sidetone.toml` where the server was started counts.
    pub usual_file: bool,
}

impl Origin {
    /// All settings, those of the file included.
    ///
    /// # Errors
    /// When the file cannot be read, or has an unknown key or a wrong value.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        let given = self.given.clone();
        match &self.file {
            Some(file) => given.with_file(file),
            None if self.usual_file => given.with_usual_file(),
            None => Ok(given),
        }
    }
}

/// What is needed to read the settings again.
pub struct Reload {
    /// Whose tables and credentials are read again.
    pub app: App,
    /// Where they are.
    pub origin: Origin,
    /// As they were at the start.
    pub started_with: Settings,
    /// The token that was read last.
    pub token: Mutex<Option<Secret>>,
    /// Seals a token that has changed.
    pub vault: Arc<Vault>,
    /// What is shown to whoever connects; `None` without TLS.
    pub certificate: Option<Arc<Certificate>>,
    /// What is logged.
    pub log_filter: LogFilter,
}

/// Says of an error that it came when the token was replaced already.
#[derive(Debug)]
struct TokenTaken;

impl std::fmt::Display for TokenTaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the auth token was replaced; all else stays as it was")
    }
}

impl Reload {
    /// Reads again whenever the signal comes, until a stop is asked for.
    pub async fn follow(self, mut hang_ups: Signal, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                came = hang_ups.recv() => if came.is_none() { return },
                () = stopped(&mut stop) => return,
            }
            match self.again().await {
                Ok(waiting) if waiting.is_empty() => {
                    tracing::info!("the configuration was read again");
                }
                Ok(waiting) => tracing::warn!(
                    settings = waiting.join(","),
                    "the configuration was read again; these settings have changed and need a restart"
                ),
                Err(error) if error.is::<TokenTaken>() => tracing::error!(
                    error = format!("{error:#}"),
                    "the configuration was read again in part"
                ),
                Err(error) => tracing::error!(
                    error = format!("{error:#}"),
                    "the configuration cannot be read again; everything stays as it was"
                ),
            }
        }
    }

    /// Reads everything before anything is replaced. Tells which settings have changed that wait
    /// for a restart.
    ///
    /// # Errors
    /// When anything is wrong; then everything is as it was, but for the token where the error says
    /// so.
    pub async fn again(&self) -> anyhow::Result<Vec<&'static str>> {
        let app = &self.app;
        let settings = self.origin.settings()?;
        let mut waiting = settings.differing(&self.started_with);
        waiting.retain(|name| !TAKEN.contains(name));
        let mut config = settings.into_config()?;
        // Whose token it is, where it is kept and where people come back wait for a restart.
        config.account_sid.clone_from(&app.config.account_sid);
        config.data.clone_from(&app.config.data);
        config.public_url.clone_from(&app.config.public_url);
        let certificate = match (&self.certificate, &config.tls) {
            (Some(_), Some(files)) => Some(Certificate::load(files)?),
            (None, None) => None,
            _ => {
                waiting.push("tls_cert");
                None
            }
        };
        let filter = LogFilter::of(&config.log, config.access_log)?;
        let store = app.store.as_ref();
        app.directory.refresh(store).await?;
        let tables = Tables::read(&config, &app.directory)?;
        let of_alerts = alerts::read(app, &config)
            .await
            .context("in the configuration")?;
        // A token that stands there as before may have been replaced since.
        let is_renewed = config.auth_token != self.last_token();
        if is_renewed {
            first::ensure_first(store, &self.vault, &config, app.clock.now()).await?;
            *self.token.lock().unwrap_or_else(PoisonError::into_inner) = config.auth_token;
        }
        // From here on the store alone can fail.
        let taken = async {
            if is_renewed {
                app.directory.refresh(store).await?;
            }
            let published = app.sides.publish(store, config.sides).await;
            published.context("cannot publish the [[side]] rules")?;
            let published = of_file::publish(app, of_alerts).await;
            published.context("cannot publish the [[alert]] rules")
        };
        match taken.await {
            Err(error) if is_renewed => return Err(error.context(TokenTaken)),
            taken => taken?,
        }
        if self.log_filter.replace(filter).is_err() {
            waiting.push("log");
        }
        if let (Some(shown), Some(read)) = (&self.certificate, certificate) {
            shown.replace(&read);
        }
        app.tables.replace(tables);
        Ok(waiting)
    }

    fn last_token(&self) -> Option<Secret> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        token.clone()
    }
}
