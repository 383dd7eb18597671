//! `sidetone key`

use clap::Subcommand;
use serde_json::json;
use sidetone_core::id::{AccountSid, ApiKeySid};

use super::output::print_json;
use crate::accounts;
use crate::data::DataArgs;

/// Whom the log of what was done names.
const BY: &str = "sidetone key";

/// API keys
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make an API key of an account; prints it as JSON, once
    ///
    /// Example: sidetone key create --account AC… --name dashboard
    Create {
        #[command(flatten)]
        data: DataArgs,
        /// The account
        #[arg(long)]
        account: AccountSid,
        /// Name for people
        #[arg(long, default_value = "")]
        name: String,
    },
    /// Print all valid keys without their secrets, a JSON object a line
    ///
    /// Example: sidetone key list --data /var/lib/sidetone
    List {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Revoke a key
    ///
    /// Example: sidetone key revoke --key SK…
    Revoke {
        #[command(flatten)]
        data: DataArgs,
        /// The key
        #[arg(long)]
        key: ApiKeySid,
    },
}

/// Does it.
///
/// # Errors
/// With what to do about it.
pub async fn run(command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::Create {
            data,
            account,
            name,
        } => {
            let now = data.clock()?.now();
            let data = data.open().await?;
            let store = data.store.as_ref();
            let (sid, secret) =
                accounts::create_key(store, &data.vault, account, name, BY, now).await?;
            print_json(&json!({ "key_sid": sid, "secret": secret }))
        }
        KeyCommand::List { data } => {
            for key in data.open().await?.store.api_keys().await? {
                print_json(&json!({
                    "key_sid": key.sid,
                    "account_sid": key.account,
                    "name": key.name,
                    "created": key.created_at.to_seconds_text(),
                }))?;
            }
            Ok(())
        }
        KeyCommand::Revoke { data, key } => {
            let store = data.open().await?.store;
            let now = data.clock()?.now();
            Ok(store.revoke_api_key(key, BY, now).await?)
        }
    }
}
