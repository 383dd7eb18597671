//! `sidetone demo`

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use sidetone_core::id::{CallRef, CallSid};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::cmd::environment;
use crate::cmd::serve::{Running, announce, start, wait_for_stop};
use crate::config::{Config, HepListen, ListenAddress, LogFormat, Secret, Settings};
use crate::demo::{self, play};
use crate::fold_worker;
use crate::secrets::random_hex;
use crate::telemetry::start_logs;

/// Run a server with a few thousand made-up calls, and more arriving
///
/// Example: sidetone demo --seed 7
///
/// Everything is kept in a temporary directory and removed at the end.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct DemoArgs {
    /// Makes other calls; the same seed makes the same ones
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, env = "SIDETONE_LISTEN")]
    listen: Option<ListenAddress>,
    /// Base of the URLs in answers, e.g. `https://insights.example.com` [default: the request's own]
    #[arg(long, env = "SIDETONE_PUBLIC_URL")]
    public_url: Option<String>,
    /// Keep the calls in this directory, which must be empty, instead of a temporary one
    #[arg(long)]
    data: Option<PathBuf>,
    /// AccountSid of the calls [default: made from the seed]
    #[arg(long, env = "SIDETONE_ACCOUNT_SID")]
    account_sid: Option<String>,
    /// Auth token of the account; better given as `SIDETONE_AUTH_TOKEN`, which lists of processes do not show [default: made anew]
    #[arg(long, env = "SIDETONE_AUTH_TOKEN", hide_env_values = true)]
    auth_token: Option<Secret>,
    /// Logs as `text` or `json` [default: text]
    #[arg(long, env = "SIDETONE_LOG_FORMAT")]
    log_format: Option<LogFormat>,
    /// What to log [default: warn]
    #[arg(long, env = "SIDETONE_LOG")]
    log: Option<String>,
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot start.
pub async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let (dir, throw_away) = match &args.data {
        Some(dir) => (empty(dir.clone())?, None),
        None => {
            let dir = tempfile::Builder::new()
                .prefix("sidetone-demo-")
                .tempdir()
                .context("cannot create a temporary directory")?;
            (dir.path().to_owned(), Some(dir))
        }
    };
    let seed = args.seed;
    let (config, token) = configure(args, dir)?;
    start_logs(config.log_format, &config.log)?;
    environment::warn_of_unknown();
    let served = serve(config, seed, &token).await;
    // Also when it could not start: nothing is left behind.
    let removed = throw_away.map_or(Ok(()), TempDir::close);
    served?;
    removed.context("cannot remove the temporary directory")
}

fn empty(dir: PathBuf) -> anyhow::Result<PathBuf> {
    let is_empty = std::fs::read_dir(&dir).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty {
        bail!(
            "{} is not empty; made-up calls do not belong among others",
            dir.display()
        );
    }
    Ok(dir)
}

fn configure(args: DemoArgs, dir: PathBuf) -> anyhow::Result<(Config, String)> {
    let token = match args.auth_token {
        Some(token) => token.0,
        None => random_hex(16)?,
    };
    let account_sid = args
        .account_sid
        .unwrap_or_else(|| demo::account(args.seed).to_string());
    let settings = Settings {
        listen: args.listen,
        data: Some(dir),
        public_url: args.public_url,
        hep_udp: Some(HepListen::Off),
        hep_tcp: Some(HepListen::Off),
        account_sid: Some(account_sid),
        auth_token: Some(Secret(token.clone())),
        log_format: args.log_format,
        log: args.log.or_else(|| Some("warn".to_owned())),
        ..Settings::default()
    };
    // Without `sidetone.toml`: that is about a server with real calls.
    let mut config = settings.into_config()?;
    // The past is folded in its order before the worker starts.
    config.roles.work = false;
    Ok((config, token))
}

async fn serve(config: Config, seed: u64, token: &str) -> anyhow::Result<()> {
    let running = start(config, Clock::default()).await?;
    let result = present(&running, seed, token).await;
    running.stop().await;
    result
}

async fn present(running: &Running, seed: u64, token: &str) -> anyhow::Result<()> {
    let app = &running.app;
    let account = app.config.account_sid.as_deref().unwrap_or_default();
    let account = account
        .parse()
        .with_context(|| format!("'{account}' is not an AccountSid"))?;
    let now = app.clock.now();
    let loading = play::load(app, demo::history(seed, account, now));
    let loaded = tokio::select! {
        loaded = loading => loaded?,
        stopped = wait_for_stop() => return stopped,
    };
    let (stop, stopped) = watch::channel(false);
    let worker = tokio::spawn(fold_worker::run(app.clone(), stopped.clone()));
    let stories = demo::live(seed, account, now);
    let player = tokio::spawn(play::play(
        app.clone(),
        loaded.ahead,
        stories,
        stopped.clone(),
    ));
    let site = || demo::site::calls(seed, play::site_begins_at(now));
    let sip_call = site().find(|call| call.is_answered);
    let site = tokio::spawn(play::mirror(app.clone(), account, site(), stopped));
    announce(&running.url)?;
    let base = app.config.public_url.as_deref().unwrap_or(&running.url);
    let to_try = ToTry {
        calls: loaded.calls,
        unjudged: loaded.unjudged,
        sip: sip_call.map(|call| call.sid(account)),
    };
    introduce(base, &account.to_string(), token, &to_try)?;
    wait_for_stop().await?;
    stop.send_replace(true);
    // A task that panicked has said so itself.
    let _ = tokio::join!(player, site, worker);
    Ok(())
}

/// Calls to try things with.
struct ToTry {
    /// How many there are.
    calls: usize,
    /// One of which nothing has been said.
    unjudged: Option<CallRef>,
    /// One that was seen on a SIP network.
    sip: Option<CallSid>,
}

/// Says who may log in, and what there is to try.
fn introduce(url: &str, account: &str, token: &str, to_try: &ToTry) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let list = format!("{url}/v1/Voice/Summaries?StartTime=4w&ProcessingState=all");
    writeln!(out, "\nurl:         {url}")?;
    writeln!(out, "account_sid: {account}")?;
    writeln!(out, "auth_token:  {token}")?;
    if let Some(path) = &first.kept_in {
        let path = std::path::absolute(path)?;
        writeln!(out, "credentials: kept in {}", path.display())?;
    }
    let calls = match to_try.calls {
        0 => "The made-up calls of an earlier demo".to_owned(),
        calls => format!("{calls} made-up calls"),
    };
    writeln!(
        out,
        "\n{} made-up calls, and a new one every second or so, some of them on a SIP network. To try:\n",
        to_try.calls
    )?;
    writeln!(out, "curl -u {account}:{token} '{list}&PageSize=5'")?;
    writeln!(
        out,
        "curl -u {account}:{token} '{list}&HasTag=true&CallScoreAnnotation=1,2'"
    )?;
    if let Some(sid) = to_try.sip {
        writeln!(
            out,
            "curl -u {account}:{token} '{url}/v1/Voice/{sid}/Summary?ProcessingState=partial'"
        )?;
        writeln!(
            out,
            "curl -u {account}:{token} '{url}/v1/Voice/{sid}/Ladder?PageSize=1000'"
        )?;
    }
    if let Some(call) = to_try.unjudged {
        writeln!(
            out,
            "curl -u {account}:{token} '{url}/v1/Voice/{}/Annotation' \\\n  -d CallScore=2 -d QualityIssues=choppy_robotic -d Comment='cut out twice' -d Incident=INC-1042",
            call.sid
        )?;
    }
    writeln!(out, "\nCtrl-C ends it.")?;
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Alone {
        #[command(flatten)]
        demo: DemoArgs,
    }

    fn configured(args: &[&str]) -> (Config, String) {
        let args = std::iter::once(&"demo").chain(args);
        let parsed = Alone::try_parse_from(args).unwrap();
        configure(parsed.demo, PathBuf::from("/nowhere")).unwrap()
    }

    #[test]
    fn the_seed_makes_the_account_but_never_the_token() {
        let (first, first_token) = configured(&["--seed", "7"]);
        let (second, second_token) = configured(&["--seed", "7"]);
        assert_eq!(first.account_sid, second.account_sid);
        assert_ne!(
            first.account_sid,
            configured(&["--seed", "8"]).0.account_sid
        );
        assert_ne!(first_token, second_token);
        assert!(first.listen.ip().is_loopback());
    }

    #[test]
    fn a_directory_with_something_in_it_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(empty(dir.path().to_owned()).is_ok());
        std::fs::write(dir.path().join("sidetone.db"), "").unwrap();
        let refusal = empty(dir.path().to_owned()).unwrap_err();
        assert!(refusal.to_string().contains("not empty"), "{refusal}");
    }
}
