//! `sidetone person`

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store::page::{PageRequest, Start};
use sidetone_store::people::{Person, PersonChange, PersonName, Role, SignIn};
use sidetone_store::{Conflict, Store, StoreError};

use super::output::print_json;
use crate::accounts;
use crate::config::Settings;
use crate::data::DataArgs;
use crate::people;

/// Whom the log of what was done names.
const BY: &str = "sidetone person";
/// People printed at a time.
const PAGE: usize = 1_000;

/// People who sign in to the web interface
#[derive(Debug, Subcommand)]
pub enum PersonCommand {
    /// Make a person; the password is asked for, or read from standard input
    ///
    /// Example: sidetone person create "Anna Müller" --role annotator
    Create {
        #[command(flatten)]
        data: DataArgs,
        /// What they sign in by: one of a name in the whole installation
        name: PersonName,
        /// viewer: looks, sees no numbers; annotator: annotates and rates, too; admin: everything
        #[arg(long)]
        role: Role,
        /// Whose calls they see [default: the first account]
        #[arg(long)]
        account: Option<AccountSid>,
        /// Make a password up, and print it
        #[arg(long)]
        generate: bool,
    },
    /// Print all people, a JSON object a line
    ///
    /// Example: sidetone person list --data /var/lib/sidetone
    List {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Give a person another password, and end their sessions; it is asked for, or read from standard
    /// input
    ///
    /// Example: sidetone person reset anna --generate
    Reset {
        #[command(flatten)]
        data: DataArgs,
        /// The person
        name: PersonName,
        /// Make a password up, and print it
        #[arg(long)]
        generate: bool,
    },
    /// Let a person sign in through the provider of `[oidc]` alone, and end their sessions: they are
    /// whoever comes by their name from there next
    ///
    /// Example: sidetone person provider anna
    Provider {
        #[command(flatten)]
        data: DataArgs,
        /// Configuration file of the server, which has the provider [default: sidetone.toml, when there is one]
        #[arg(long, env = "SIDETONE_CONFIG")]
        config: Option<PathBuf>,
        /// The person
        name: PersonName,
    },
    /// Let a person not sign in any more, and end their sessions
    ///
    /// Example: sidetone person disable anna
    Disable {
        #[command(flatten)]
        data: DataArgs,
        /// The person
        name: PersonName,
    },
    /// Let a person sign in again
    ///
    /// Example: sidetone person enable anna
    Enable {
        #[command(flatten)]
        data: DataArgs,
        /// The person
        name: PersonName,
    },
}

/// Does it.
///
/// # Errors
/// With what to do about it.
pub async fn run(command: PersonCommand) -> anyhow::Result<()> {
    match command {
        PersonCommand::Create {
            data,
            name,
            role,
            account,
            generate,
        } => {
            let store = data.open().await?.store;
            let account = accounts::named_or_first(store.as_ref(), account).await?;
            let (password, made_up) = password(&name, generate)?;
            let person = Person {
                name,
                account,
                role,
                sign_in: SignIn::Password(people::hash(&password)?),
                is_disabled: false,
                created_at: data.clock()?.now(),
                last_sign_in: None,
            };
            match store.create_person(person.clone(), BY).await {
                Err(StoreError::Conflict(Conflict::PersonExists(name))) => bail!(
                    "there is a person of the name {name} already; `sidetone person list` shows of which account"
                ),
                created => created?,
            }
            print(&person, made_up)
        }
        PersonCommand::List { data } => list(data.open().await?.store.as_ref()).await,
        PersonCommand::Reset {
            data,
            name,
            generate,
        } => {
            let store = data.open().await?.store;
            let person = find(store.as_ref(), &name).await?;
            let (password, made_up) = password(&name, generate)?;
            let change = PersonChange {
                sign_in: Some(SignIn::Password(people::hash(&password)?)),
                ..PersonChange::default()
            };
            let now = data.clock()?.now();
            print(
                &change_to(store.as_ref(), &person, change, now).await?,
                made_up,
            )
        }
        PersonCommand::Provider { data, config, name } => {
            let has_provider = has_provider(config.as_deref())?;
            let change = PersonChange {
                sign_in: Some(SignIn::Provider(None)),
                ..PersonChange::default()
            };
            let store = data.open().await?.store;
            let person = find(store.as_ref(), &name).await?;
            let now = data.clock()?.now();
            print(
                &change_to(store.as_ref(), &person, change, now).await?,
                None,
            )?;
            if !has_provider {
                writeln!(
                    std::io::stderr(),
                    "warning: {name} cannot sign in unless the server has the table [oidc], which is not in the configuration that was read; \
                     name its file with --config, or give a password back: `sidetone person reset`"
                )?;
            }
            Ok(())
        }
        PersonCommand::Disable { data, name } => allow(&data, &name, false).await,
        PersonCommand::Enable { data, name } => allow(&data, &name, true).await,
    }
}

/// Whether the settings have a provider that people can sign in through.
fn has_provider(config: Option<&Path>) -> anyhow::Result<bool> {
    if cfg!(not(feature = "oidc")) {
        bail!(
            "this sidetone was built without OpenID Connect: nobody can sign in through a provider. Nothing was changed"
        );
    }
    let settings = match config {
        Some(file) => Settings::default().with_file(file),
        None => Settings::default().with_usual_file(),
    };
    Ok(settings?.oidc.is_some())
}

async fn allow(data: &DataArgs, name: &PersonName, may: bool) -> anyhow::Result<()> {
    let store = data.open().await?.store;
    let person = find(store.as_ref(), name).await?;
    let change = PersonChange {
        is_disabled: Some(!may),
        ..PersonChange::default()
    };
    let now = data.clock()?.now();
    print(
        &change_to(store.as_ref(), &person, change, now).await?,
        None,
    )
}

async fn change_to(
    store: &dyn Store,
    person: &Person,
    change: PersonChange,
    now: TimeUs,
) -> anyhow::Result<Person> {
    let changed = store.change_person(person.account, &person.name, change, BY, now);
    Ok(changed.await?)
}

async fn find(store: &dyn Store, name: &PersonName) -> anyhow::Result<Person> {
    let person = store.person(name).await?;
    person.with_context(|| {
        format!("there is no person {name}; `sidetone person list` shows those there are")
    })
}

async fn list(store: &dyn Store) -> anyhow::Result<()> {
    for account in store.accounts().await?.sound {
        let mut start = Start::First { skip: 0 };
        loop {
            let page = PageRequest { start, size: PAGE };
            let page = store.people(account.sid, &page).await?;
            for person in &page.rows {
                print(person, None)?;
            }
            for damage in &page.damaged {
                tracing::error!(damage, "a person cannot be read");
            }
            let Some(after) = page.after else { break };
            start = Start::After(after);
        }
    }
    Ok(())
}

/// The password, and the same when it is to be printed: it was made up.
fn password(name: &PersonName, generate: bool) -> anyhow::Result<(String, Option<String>)> {
    if generate {
        let password = people::make_up()?;
        return Ok((password.clone(), Some(password)));
    }
    let input = std::io::stdin();
    let password = if input.is_terminal() {
        let password = rpassword::prompt_password(format!("Password of {name}: "))?;
        if rpassword::prompt_password("Once more: ")? != password {
            bail!("the two passwords are not the same; nothing was changed");
        }
        password
    } else {
        let mut line = String::new();
        let read = input.lock().read_line(&mut line);
        read.context("cannot read the password from standard input")?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    if !people::is_password(&password, name) {
        bail!(
            "a password has {}; --generate makes one up. Nothing was changed",
            people::PASSWORD_EXPECTED
        );
    }
    Ok((password, None))
}

fn print(person: &Person, made_up: Option<String>) -> anyhow::Result<()> {
    let mut told = json!({
        "name": person.name.as_str(),
        "account_sid": person.account,
        "role": person.role.as_str(),
        "sign_in": person.sign_in.as_str(),
        "disabled": person.is_disabled,
        "created": person.created_at.to_seconds_text(),
        "last_sign_in": person.last_sign_in.map(|at| at.to_seconds_text()),
    });
    if let Some(password) = made_up {
        told["password"] = password.into();
    }
    print_json(&told)
}
