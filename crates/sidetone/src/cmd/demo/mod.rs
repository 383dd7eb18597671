//! `sidetone demo`

pub mod play;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::pin;

use anyhow::{Context, bail};
use clap::{Args, Command};
use sidetone_core::id::{CallRef, CallSid};
use tempfile::TempDir;

use self::play::Loaded;
use crate::accounts::{self, first};
use crate::cmd::environment;
use crate::cmd::reload::Origin;
use crate::cmd::serve::{Running, announce, clock, hang_ups, start, start_logs, wait_for_stop};
use crate::config::{HepListen, Settings};
use crate::data_dir::LOCK_FILE;
use crate::secrets::replace_private;

/// Says of a directory that all calls in it are made up, and of which seed.
const MARK: &str = "demo.json";

/// Run a server with a few thousand made-up calls, and more arriving
///
/// Takes the options of `serve`, but HEP is listened for only where an address is given, and
/// warnings alone are logged. Everything is kept in a temporary directory and removed at the end,
/// unless --data names one that stays.
///
/// Examples: sidetone demo --seed 7
///           sidetone demo --listen 127.0.0.1:8081 --hep-udp 127.0.0.1:9060 --data ./demo
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
// Variables that say where real calls are do not say where made-up ones are to be kept.
#[command(mut_arg("data", |arg| arg.env(None::<&str>).help(
    "Keep the calls in this directory, empty or of an earlier demo, instead of a temporary one"
)))]
pub struct DemoArgs {
    /// Makes other calls; the same seed makes the same ones
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Configuration file; that of a server with real calls is not meant
    #[arg(long)]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Box<Settings>,
}

/// Runs until SIGTERM or SIGINT. `program`: as for `serve`.
///
/// # Errors
/// When it cannot start.
pub async fn run(args: DemoArgs, program: &Command) -> anyhow::Result<()> {
    let hang_ups = hang_ups()?;
    let mut demo = Demo::prepare(args)?;
    let settings = demo.origin.settings()?;
    let mut config = settings.clone().into_config()?;
    // The past is folded in its order before the workers start.
    config.roles.work = false;
    let log_filter = start_logs(&config)?;
    environment::warn_of_unknown(program);
    let throw_away = demo.throw_away.take();
    let served = async {
        let clock = clock(&config)?;
        let mut running = start(config, clock).await?;
        let reload = running.reload(demo.origin.clone(), settings, log_filter);
        running.reload_on(hang_ups, reload);
        let mut stop = pin!(wait_for_stop());
        let is_stopped = tokio::select! {
            presented = present(&mut running, &demo) => presented.map(|()| false),
            asked = &mut stop => asked.map(|()| true),
        };
        match is_stopped {
            Ok(false) => running.until(stop).await,
            ended => {
                running.stop().await;
                ended.map(drop)
            }
        }
    }
    .await;
    // Also when it could not start: nothing is left behind.
    let removed = throw_away.map_or(Ok(()), TempDir::close);
    served?;
    removed.context("cannot remove the temporary directory")
}

/// What is to be shown, and where.
struct Demo {
    seed: u64,
    dir: PathBuf,
    /// An earlier one has left its calls there.
    goes_on: bool,
    origin: Origin,
    throw_away: Option<TempDir>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Mark {
    seed: u64,
}

impl Demo {
    fn prepare(args: DemoArgs) -> anyhow::Result<Self> {
        let mut given = environment::with_secrets(*args.settings);
        let all = match &args.config {
            Some(file) => given.clone().with_file(file)?,
            None => given.clone(),
        };
        let (dir, throw_away) = match &all.data {
            Some(dir) => (dir.clone(), None),
            None => {
                let dir = tempfile::Builder::new()
                    .prefix("sidetone-demo-")
                    .tempdir()
                    .context("cannot create a temporary directory")?;
                (dir.path().to_owned(), Some(dir))
            }
        };
        let left = earlier(&dir)?;
        let seed = left.as_ref().map_or(args.seed, |mark| mark.seed);
        given.data = Some(dir.clone());
        given.hep_udp = all.hep_udp.or(Some(HepListen::Off));
        given.hep_tcp = all.hep_tcp.or(Some(HepListen::Off));
        given.log = all.log.or_else(|| Some("warn".to_owned()));
        let account = || Some(sidetone_demo::account(seed).to_string());
        given.account_sid = all.account_sid.or_else(account);
        Ok(Self {
            seed,
            dir,
            goes_on: left.is_some(),
            origin: Origin {
                given,
                file: args.config,
                usual_file: false,
            },
            throw_away,
        })
    }
}

/// What an earlier demo has left in a directory; `None` of one with nothing in it, but for the lock
/// of a start that failed.
fn earlier(dir: &Path) -> anyhow::Result<Option<Mark>> {
    let is_lock = |entry: &std::io::Result<std::fs::DirEntry>| {
        entry
            .as_ref()
            .is_ok_and(|entry| entry.file_name() == LOCK_FILE)
    };
    let is_empty =
        std::fs::read_dir(dir).map_or(true, |mut entries| entries.all(|it| is_lock(&it)));
    if is_empty {
        return Ok(None);
    }
    let mark = std::fs::read_to_string(dir.join(MARK)).ok();
    let mark = mark.and_then(|text| serde_json::from_str(&text).ok());
    match mark {
        Some(mark) => Ok(Some(mark)),
        None => bail!(
            "{} is not empty, nor left by an earlier demo; made-up calls do not belong among others. Name another directory with --data",
            dir.display()
        ),
    }
}

/// Makes the calls, starts those that work on them and make more, and says what there is to try.
async fn present(running: &mut Running, demo: &Demo) -> anyhow::Result<()> {
    let app = running.app.clone();
    let account = running.first.account;
    let now = app.clock.now();
    let (loaded, seed) = if demo.goes_on {
        // Other calls than those there are: the same seed would have them take place again.
        (Loaded::default(), demo.seed ^ now.micros().unsigned_abs())
    } else {
        // First, so that a demo that is ended while it loads can go on.
        let mark = serde_json::to_string(&Mark { seed: demo.seed })?;
        replace_private(&demo.dir.join(MARK), &mark)?;
        // It takes some seconds, more on a busy machine; where there is nobody to tell, all is well.
        let _ = writeln!(
            std::io::stderr(),
            "making the calls of the last eight days ..."
        );
        let history = sidetone_demo::history(demo.seed, account, now);
        (play::load(&app, history).await?, demo.seed)
    };
    running.work();
    let stories = sidetone_demo::live(seed, account, now);
    running.add(|stop| play::play(app.clone(), loaded.ahead, stories, stop));
    let site = || sidetone_demo::site::calls(seed, play::site_begins_at(now));
    let sip_call = site().find(|call| call.is_answered);
    running.add(|stop| play::mirror(app.clone(), account, site(), stop));
    announce(&running.url)?;
    let base = app.config.public_url.as_deref().unwrap_or(&running.url);
    let to_try = ToTry {
        calls: loaded.calls,
        unjudged: loaded.unjudged,
        sip: sip_call.map(|call| call.sid(account)),
    };
    introduce(base, &running.first, &token(running), &to_try)
}

/// The token to log in with: as the settings give it, or as it is kept.
fn token(running: &Running) -> String {
    let config = &running.app.config;
    match &config.auth_token {
        Some(token) => token.0.clone(),
        None => accounts::kept(&config.data).map_or_else(String::new, |kept| kept.auth_token),
    }
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
fn introduce(url: &str, first: &first::First, token: &str, to_try: &ToTry) -> anyhow::Result<()> {
    let account = first.account;
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
        "\n{calls}, and a new one every few seconds, some of them on a SIP network. To try:\n"
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

    fn prepared(args: &[&str]) -> Demo {
        let args = std::iter::once(&"demo").chain(args);
        Demo::prepare(Alone::try_parse_from(args).unwrap().demo).unwrap()
    }

    #[test]
    fn the_seed_makes_the_account_but_never_the_token() {
        let account = |args| {
            let config = prepared(args).origin.settings().unwrap();
            let config = config.into_config().unwrap();
            assert!(config.auth_token.is_none());
            assert!(config.listen.ip().is_loopback());
            assert_eq!((config.hep.udp, config.hep.tcp), (None, None));
            config.account_sid
        };
        assert_eq!(account(&["--seed", "7"]), account(&["--seed", "7"]));
        assert_ne!(account(&["--seed", "7"]), account(&["--seed", "8"]));
    }

    #[test]
    fn takes_the_options_of_serve() {
        let args = [
            "--hep-udp",
            "127.0.0.1:0",
            "--hep-tcp",
            "off",
            "--settle",
            "2s",
        ];
        let config = prepared(&args).origin.settings().unwrap();
        let config = config.into_config().unwrap();
        assert!(config.hep.udp.is_some() && config.hep.tcp.is_none());
        assert_eq!(config.lifecycle.settle_us, 2_000_000);
    }

    #[test]
    fn a_directory_with_something_else_in_it_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(earlier(dir.path()).unwrap().is_none());
        // A start that failed, because the port was taken.
        drop(crate::data_dir::lock(dir.path()).unwrap());
        assert!(earlier(dir.path()).unwrap().is_none());
        std::fs::write(dir.path().join("sidetone.db"), "").unwrap();
        let refusal = earlier(dir.path()).map(|_| ()).unwrap_err();
        assert!(refusal.to_string().contains("not empty"), "{refusal}");
        std::fs::write(dir.path().join(MARK), r#"{"seed":9}"#).unwrap();
        let demo = prepared(&["--data", dir.path().to_str().unwrap()]);
        assert!(demo.goes_on && demo.seed == 9 && demo.throw_away.is_none());
    }
}
