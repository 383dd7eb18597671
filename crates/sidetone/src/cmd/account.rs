//! `sidetone account`

use std::io::Read;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;
use sidetone_core::id::AccountSid;
use sidetone_store::account::{AccountSettings, ProviderSecret};

use super::output::print_json;
use crate::accounts::{self, NewAccount};
use crate::config::Span;
use crate::data::DataArgs;

/// Accounts and subaccounts
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make an account, or a subaccount with --parent; prints its credentials as JSON
    ///
    /// Example: sidetone account create --data /var/lib/sidetone --name Support
    Create {
        #[command(flatten)]
        data: DataArgs,
        /// The account it is to belong to
        #[arg(long)]
        parent: Option<AccountSid>,
        /// Name for people
        #[arg(long, default_value = "")]
        name: String,
        /// Its identifier [default: generated]
        #[arg(long)]
        account: Option<AccountSid>,
    },
    /// Print all accounts, a JSON object a line
    ///
    /// Example: sidetone account list --data /var/lib/sidetone
    List {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Give an account a new auth token; prints it as JSON
    ///
    /// Example: sidetone account rotate-token --account AC… --keep 24h
    RotateToken {
        #[command(flatten)]
        data: DataArgs,
        /// The account
        #[arg(long)]
        account: AccountSid,
        /// How long the old token stays valid
        #[arg(long, default_value = "24h")]
        keep: Span,
    },
    /// Change the switches of an account; those not given stay
    ///
    /// Example: sidetone account set --account AC… --mirror-feedback true
    Set {
        #[command(flatten)]
        data: DataArgs,
        /// The account
        #[arg(long)]
        account: AccountSid,
        /// Write new feedback into the annotation too
        #[arg(long, required = true)]
        mirror_feedback: Option<bool>,
    },
    /// Store the secret another provider signs its callbacks with (read from standard input; empty
    /// removes it)
    ///
    /// Example: sidetone account provider-secret --account AC… --provider-account AC… < token.txt
    ProviderSecret {
        #[command(flatten)]
        data: DataArgs,
        /// The account whose calls the callbacks are about
        #[arg(long)]
        account: AccountSid,
        /// The `AccountSid` that the provider sends
        #[arg(long)]
        provider_account: String,
    },
}

/// Does it.
///
/// # Errors
/// With what to do about it.
pub async fn run(command: AccountCommand) -> anyhow::Result<()> {
    match command {
        AccountCommand::Create {
            data,
            parent,
            name,
            account,
        } => {
            let now = data.clock()?.now();
            let data = data.open().await?;
            let new = NewAccount {
                sid: account,
                parent,
                name,
                token: None,
            };
            let made = accounts::create(data.store.as_ref(), &data.vault, new, now).await?;
            print_json(&made)
        }
        AccountCommand::List { data } => {
            let accounts = data.open().await?.store.accounts().await?;
            for damage in &accounts.damaged {
                tracing::error!(damage, "an account cannot be read");
            }
            for account in accounts.sound {
                print_json(&json!({
                    "account_sid": account.sid,
                    "parent_account_sid": account.parent,
                    "name": account.name,
                    "created": account.created_at.to_seconds_text(),
                    "mirror_feedback": account.settings.mirror_feedback,
                }))?;
            }
            Ok(())
        }
        AccountCommand::RotateToken {
            data,
            account,
            keep,
        } => {
            let now = data.clock()?.now();
            let opened = data.open().await?;
            let keep_us = i64::try_from(keep.0.as_micros()).unwrap_or(i64::MAX);
            let until = now.plus_us(keep_us);
            let made =
                accounts::rotate_token(opened.store.as_ref(), &opened.vault, account, until, now)
                    .await?;
            accounts::keep_renewed(&data.data, &made)?;
            print_json(&made)
        }
        AccountCommand::Set {
            data,
            account,
            mirror_feedback,
        } => {
            let data = data.open().await?;
            let old = accounts::find(data.store.as_ref(), account).await?.settings;
            let new = AccountSettings {
                mirror_feedback: mirror_feedback.unwrap_or(old.mirror_feedback),
                ..old
            };
            data.store.put_settings(account, new).await?;
            print_json(&json!({ "account_sid": account, "mirror_feedback": new.mirror_feedback }))
        }
        AccountCommand::ProviderSecret {
            data,
            account,
            provider_account,
        } => {
            let data = data.open().await?;
            let mut secret = String::new();
            std::io::stdin()
                .read_to_string(&mut secret)
                .context("cannot read the secret")?;
            let secret = secret.trim();
            if provider_account.is_empty() || provider_account.len() > 64 {
                bail!("--provider-account must have 1 to 64 characters");
            }
            let mut secrets = accounts::find(data.store.as_ref(), account)
                .await?
                .provider_secrets;
            secrets.retain(|known| known.provider_account != provider_account);
            if !secret.is_empty() {
                let sealed = data.vault.seal(&account.to_string(), secret)?;
                secrets.push(ProviderSecret {
                    provider_account,
                    sealed,
                });
            }
            Ok(data.store.put_provider_secrets(account, secrets).await?)
        }
    }
}
