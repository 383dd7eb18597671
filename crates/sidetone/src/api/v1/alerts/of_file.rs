//! Rules and receivers of the configuration file: read by what reads forms, and published for all nodes.
//! Here they are looked at, and rules muted; else they are changed in the file.

use std::collections::HashSet;

use sidetone_core::id::{AccountSid, SinkSid};
use sidetone_store::StoreError;
use sidetone_store::alerts::{AlertRule, is_of_file, receiver_of_file, rule_of_file};
use sidetone_store::page::{PageRequest, Start};
use sidetone_store::people::Role;
use sidetone_store::sinks::{SINKS_MAX, Sink, SinkChange, SinkFilter, SinkKind, SinkStatus};

use super::definition::{RECEIVER, read as read_definition};
use super::receivers::{configured, rule_of};
use super::rules::{name, written};

use crate::api::auth::{Caller, Who};
use crate::api::error::ApiError;
use crate::api::naming::description;
use crate::api::v1::selection::encoded;
use crate::app::App;
use crate::directory::Credential;
use crate::streams::configuration::Sealed;
use crate::streams::configuration::receiver::{Receiver, ReceiverType};
use crate::web::form::{Invalid, Params};

/// Whom the log of what was done names.
const BY: &str = "sidetone.toml";

/// A table of the file, as the parameters of a form.
#[derive(Debug)]
pub struct Table {
    /// What it is called.
    pub name: String,
    /// Whose it is. `None`: the first account's.
    pub account: Option<AccountSid>,
    /// What it says.
    pub parameters: Vec<(&'static str, String)>,
}

/// What the file says.
#[derive(Debug)]
pub struct OfFile {
    receivers: Vec<Said>,
    rules: Vec<AlertRule>,
}

/// A receiver that it says.
struct Said {
    sid: SinkSid,
    account: AccountSid,
    name: String,
    kind: ReceiverType,
    receiver: Receiver,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Said").field(&self.name).finish()
    }
}

/// What is wrong with a table.
#[derive(Debug, thiserror::Error)]
#[error("{table}[{place}] '{name}': {why}")]
pub struct Wrong {
    table: &'static str,
    place: usize,
    name: String,
    why: String,
}

/// Reads what the file says.
///
/// # Errors
/// What is wrong with it first: the table, the parameter, the value, and what is allowed.
pub async fn read(app: &App, receivers: &[Table], rules: &[Table]) -> Result<OfFile, Wrong> {
    let mut said = OfFile {
        receivers: Vec::new(),
        rules: Vec::new(),
    };
    let mut names = HashSet::new();
    for (place, entry) in receivers.iter().enumerate() {
        let wrong = |why| Wrong {
            table: "receiver",
            place,
            name: entry.name.clone(),
            why,
        };
        let receiver = receiver(app, entry).map_err(wrong)?;
        if !names.insert((receiver.account, receiver.name.clone())) {
            return Err(wrong(
                "another receiver of the account has that name".to_owned(),
            ));
        }
        said.receivers.push(receiver);
    }
    let mut sids = HashSet::new();
    for (place, entry) in rules.iter().enumerate() {
        let wrong = |why| Wrong {
            table: "alert",
            place,
            name: entry.name.clone(),
            why,
        };
        let rule = rule(app, entry, &said.receivers).await.map_err(wrong)?;
        if !sids.insert(rule.sid) {
            return Err(wrong(
                "another rule of the account has that name".to_owned(),
            ));
        }
        said.rules.push(rule);
    }
    Ok(said)
}

fn account(app: &App, named: Option<AccountSid>) -> Result<AccountSid, String> {
    let account = named.or_else(|| app.directory.first_account());
    let account = account.ok_or_else(|| "there is no account".to_owned())?;
    match app.directory.settings(account) {
        Some(_) => Ok(account),
        None => Err(format!(
            "account {account} is not there; `sidetone account list` shows those there are"
        )),
    }
}

fn form(parameters: &[(&'static str, String)]) -> Result<Params, String> {
    let pairs = parameters
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    Params::decode(encoded(pairs).as_bytes()).map_err(|invalid| invalid.message)
}

fn receiver(app: &App, table: &Table) -> Result<Said, String> {
    let account = account(app, table.account)?;
    let form = form(&table.parameters)?;
    let message = |invalid: Invalid| invalid.message;
    let (kind, receiver) = configured(app, &form).map_err(message)?;
    let name = description(&form).map_err(message)?;
    Ok(Said {
        sid: receiver_of_file(account, kind.kind(), &name),
        account,
        name,
        kind,
        receiver,
    })
}

async fn rule(app: &App, table: &Table, of_file: &[Said]) -> Result<AlertRule, String> {
    let account = account(app, table.account)?;
    let there = receivers(app, account).await.map_err(|it| it.to_string())?;
    let of_file = of_file.iter().filter(|said| said.account == account);
    let of_file: Vec<&Said> = of_file.collect();
    let mut parameters = table.parameters.clone();
    if let Some((_, receivers)) = parameters.iter_mut().find(|(name, _)| *name == "Receivers") {
        let sids: Vec<String> = receivers
            .split(',')
            .map(|name| resolved(name.trim(), &of_file, &there))
            .collect::<Result<_, _>>()?;
        *receivers = sids.join(",");
    }
    let form = form(&parameters)?;
    let caller = Caller {
        account,
        who: Who::Credential(Credential::Account(account)),
        role: Role::Admin,
    };
    let message = |error: ApiError| error.message().to_owned();
    let name = name(&form).map_err(|invalid| invalid.message)?;
    let name = name.unwrap_or_default();
    let definition = read_definition(app, &caller, account, &form, None).map_err(message)?;
    let now = app.clock.now();
    Ok(AlertRule {
        sid: rule_of_file(account, &name),
        account,
        name,
        definition: written(&definition).map_err(message)?,
        muted_until: None,
        created_at: now,
        updated_at: now,
    })
}

/// The sid of a receiver that is named by it, or by what it is called.
fn resolved(name: &str, of_file: &[&Said], there: &[Sink]) -> Result<String, String> {
    if let Some(said) = of_file.iter().find(|said| said.name == name) {
        return Ok(said.sid.to_string());
    }
    let is_it = |sink: &&Sink| sink.description == name || sink.sid.to_string() == name;
    let mut named = there.iter().filter(is_it);
    match (named.next(), named.next()) {
        (Some(sink), None) => Ok(sink.sid.to_string()),
        (Some(_), Some(_)) => Err(format!(
            "Invalid Receivers '{name}'. Expected a name that one receiver of the account has, or a SID."
        )),
        (None, _) => {
            let expected = format!("the name of a [[receiver]], or {RECEIVER}");
            Err(Invalid::new("Receivers", name, expected).message)
        }
    }
}

async fn receivers(app: &App, account: AccountSid) -> Result<Vec<Sink>, StoreError> {
    let filter = SinkFilter {
        kinds: SinkKind::RECEIVERS,
        ..SinkFilter::default()
    };
    let all = PageRequest {
        start: Start::First { skip: 0 },
        size: SINKS_MAX,
    };
    Ok(app.store.sinks(account, filter, &all).await?.rows)
}

/// Publishes what the file says, for all nodes: who publishes last is right. Receivers that it says no more
/// are forgotten, but for those that a rule names which others made.
///
/// # Errors
/// Why the store does not take it.
pub async fn publish(app: &App, said: OfFile) -> anyhow::Result<()> {
    let (store, now) = (&app.store, app.clock.now());
    for one in &said.receivers {
        keep(app, one).await?;
    }
    let count = said.rules.len();
    let changed = store.publish_alert_rules(said.rules, BY, now).await?;
    if changed > 0 {
        tracing::info!(
            count,
            changed,
            "the [[alert]] rules are in force as this node's settings say them"
        );
    }
    for account in store.accounts().await?.sound {
        for sink in receivers(app, account.sid).await? {
            let is_said = said.receivers.iter().any(|said| said.sid == sink.sid);
            if is_said || !is_of_file(sink.sid.as_bytes()) {
                continue;
            }
            let rule = rule_of(app, account.sid, sink.sid).await;
            match rule.map_err(|error| anyhow::anyhow!("{}", error.message()))? {
                Some(rule) => tracing::warn!(
                    sink.sid = %sink.sid, rule.sid = %rule.sid,
                    "a [[receiver]] is not in the settings any more, and stays because a rule names it"
                ),
                None => drop(store.delete_sink(account.sid, sink.sid, BY, now).await?),
            }
        }
    }
    Ok(())
}

/// Makes a receiver what the file says, if it is not.
async fn keep(app: &App, said: &Said) -> anyhow::Result<()> {
    let (store, now) = (&app.store, app.clock.now());
    let vault = app.directory.vault();
    let there = store.sink(said.account, said.sid).await?;
    let kept = there.as_ref().and_then(|sink| {
        let kept = Receiver::open(vault, sink.sid, &sink.configuration)?;
        (sink.description == said.name).then_some(kept)
    });
    if kept.as_ref() == Some(&said.receiver) {
        return Ok(());
    }
    let configuration = said.receiver.seal(vault, said.sid)?;
    if there.is_some() {
        let change = SinkChange {
            description: Some(said.name.clone()),
            configuration: Some(configuration),
            ..SinkChange::default()
        };
        store
            .change_sink(said.account, said.sid, change, now)
            .await?;
        return Ok(());
    }
    let sink = Sink {
        sid: said.sid,
        account: said.account,
        description: said.name.clone(),
        kind: said.kind.kind(),
        configuration,
        status: SinkStatus::Active,
        test: None,
        created_at: now,
        updated_at: now,
    };
    Ok(store.create_sink(sink, BY).await?)
}
