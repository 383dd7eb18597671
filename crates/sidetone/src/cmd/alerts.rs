//! Rules of alerts and receivers that the configuration says: read for the API, which knows what is right,
//! and published.

use anyhow::Context;

use crate::api::v1::alerts::of_file::{self, OfFile, Table};
use crate::app::App;
use crate::config::{AlertEntry, Config, ReceiverEntry};

/// Reads what a configuration says.
///
/// # Errors
/// What is wrong with it first: the table, the parameter, its value, and what is allowed.
pub(super) async fn read(app: &App, config: &Config) -> anyhow::Result<OfFile> {
    let mut receivers = Vec::with_capacity(config.receivers.len());
    for (place, entry) in config.receivers.iter().enumerate() {
        let table = receiver(entry);
        receivers.push(table.with_context(|| format!("receiver[{place}] '{}'", entry.name))?);
    }
    let rules: Vec<Table> = config.alerts.iter().map(rule).collect();
    Ok(of_file::read(app, &receivers, &rules).await?)
}

fn receiver(entry: &ReceiverEntry) -> anyhow::Result<Table> {
    Ok(Table {
        name: entry.name.clone(),
        account: entry.account,
        parameters: vec![
            ("Description", entry.name.clone()),
            ("Type", entry.r#type.clone()),
            ("Configuration", entry.configuration()?.0),
        ],
    })
}

fn rule(entry: &AlertEntry) -> Table {
    let parameters = entry.parameters().into_iter();
    Table {
        name: entry.name.clone(),
        account: entry.account,
        parameters: parameters
            .map(|(name, value)| (name, value.to_owned()))
            .collect(),
    }
}
