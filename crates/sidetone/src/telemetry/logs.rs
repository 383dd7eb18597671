//! Logs, to standard error.

use std::sync::Arc;

use tracing_subscriber::{EnvFilter, reload};

/// What the lines of requests are logged as.
pub const ACCESS: &str = "sidetone::access";

/// What is logged; it can be changed.
#[derive(Clone)]
pub struct LogFilter(Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>);

impl LogFilter {
    /// The filter that directives make, with a line for each request or without.
    ///
    /// # Errors
    /// When the directives make no sense.
    pub fn of(directives: &str, with_requests: bool) -> anyhow::Result<EnvFilter> {
        let filter = EnvFilter::try_new(directives)
            .map_err(|error| anyhow::anyhow!("log filter '{directives}': {error}"))?;
        if !with_requests {
            return Ok(filter);
        }
        // Whoever asks for it gets it, however little else is logged.
        Ok(filter.add_directive(format!("{ACCESS}=info").parse()?))
    }

    /// Another filter holds from now on.
    ///
    /// # Errors
    /// When nothing is logged any more.
    pub fn replace(&self, filter: EnvFilter) -> anyhow::Result<()> {
        Ok((self.0)(filter)?)
    }
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Sends logs to standard error.
#[must_use]
pub fn start(filter: EnvFilter, layout: Layout) -> LogFilter {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A line that cannot be written is lost: the layer would tell so on standard error, which
        // panics when it is that which cannot be written.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match layout {
        Layout::Text => {
            let builder = builder.with_ansi(false).with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            LogFilter(Arc::new(move |filter| handle.reload(filter)))
        }
        Layout::Json => {
            let builder = builder.json().with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            LogFilter(Arc::new(move |filter| handle.reload(filter)))
        }
    }
}
