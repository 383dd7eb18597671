//! `sidetone dead-letter`

use anyhow::bail;
use clap::Subcommand;
use serde_json::{Value, json};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store::Store;
use sidetone_store::delivery::{DeadLetter, DeliveryId, Owed};
use sidetone_store::page::{PageRequest, Start};

use super::output::print_json;
use crate::data::DataArgs;

/// Dead letters in one transaction.
const PAGE: usize = 500;

/// Webhook deliveries that were given up
#[derive(Debug, Subcommand)]
pub enum DeadLetterCommand {
    /// Print dead letters, a JSON object a line: longest dead first, or those of an account in the order
    /// in which they came
    ///
    /// Example: sidetone dead-letter list --data /var/lib/sidetone
    List {
        #[command(flatten)]
        data: DataArgs,
        /// Of this account only
        #[arg(long)]
        account: Option<AccountSid>,
    },
    /// Try dead letters again, for three days from now; a running server notices within a second
    ///
    /// Example: sidetone dead-letter replay --all --data /var/lib/sidetone
    Replay {
        #[command(flatten)]
        data: DataArgs,
        /// Which ones, by the ids that `list` prints
        #[arg(required_unless_present = "all")]
        ids: Vec<DeliveryId>,
        /// All of them
        #[arg(long, conflicts_with = "ids")]
        all: bool,
        /// With --all: of this account only
        #[arg(long, requires = "all")]
        account: Option<AccountSid>,
    },
}

/// Does it.
///
/// # Errors
/// With what to do about it.
pub async fn run(command: DeadLetterCommand) -> anyhow::Result<()> {
    match command {
        DeadLetterCommand::List { data, account } => {
            let store = data.open().await?.store;
            let mut start = Start::First { skip: 0 };
            loop {
                let request = PageRequest { start, size: PAGE };
                let page = store.dead_letters(owed(account), &request).await?;
                for letter in &page.rows {
                    print_json(&shown(letter))?;
                }
                match page.after {
                    Some(row_key) => start = Start::After(row_key),
                    None => return Ok(()),
                }
            }
        }
        DeadLetterCommand::Replay {
            data,
            ids,
            all,
            account,
        } => {
            let store = data.open().await?.store;
            if let Some(account) = account
                && !store
                    .accounts()
                    .await?
                    .sound
                    .iter()
                    .any(|known| known.sid == account)
            {
                bail!("account {account} not found; `sidetone account list` shows those there are");
            }
            let now = data.clock()?.now();
            let replayed = if all {
                replay_all(store.as_ref(), account, now).await?
            } else {
                replay(store.as_ref(), ids, now).await?
            };
            print_json(&json!({ "replayed": replayed }))
        }
    }
}

/// A dead letter for people. The query of a URL is nobody's business: it may hold a key.
fn owed(account: Option<AccountSid>) -> Owed {
    account.map_or(Owed::All, Owed::Of)
}

fn shown(letter: &DeadLetter) -> Value {
    let url = letter.url.as_deref();
    let url = url.and_then(|url| url.split('?').next());
    json!({
        "id": letter.id.to_string(),
        "account_sid": letter.account,
        "kind": letter.kind,
        "url": url,
        "sink_sid": letter.sink,
        "created": letter.created_at.to_seconds_text(),
        "died": letter.died_at.to_seconds_text(),
        "attempts": letter.attempts,
        "error": letter.error,
    })
}

async fn replay(store: &dyn Store, ids: Vec<DeliveryId>, now: TimeUs) -> anyhow::Result<usize> {
    let count = ids.len();
    match store.replay(None, ids, now).await {
        Err(sidetone_store::StoreError::NotFound(what)) => {
            bail!(
                "there is no {what}, and nothing was replayed; `sidetone dead-letter list` shows those there are"
            )
        }
        other => other.map(|()| count).map_err(anyhow::Error::new),
    }
}

/// Replays page by page, so that a server beside it can write in between.
async fn replay_all(
    store: &dyn Store,
    account: Option<AccountSid>,
    now: TimeUs,
) -> anyhow::Result<usize> {
    let first = PageRequest {
        start: Start::First { skip: 0 },
        size: PAGE,
    };
    let mut replayed = 0;
    loop {
        let page = store.dead_letters(owed(account), &first).await?;
        let ids: Vec<_> = page.rows.iter().map(|letter| letter.id).collect();
        let is_last = page.after.is_none();
        if !ids.is_empty() {
            replayed += replay(store, ids, now).await?;
        }
        if is_last {
            return Ok(replayed);
        }
    }
}
