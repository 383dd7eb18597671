//! A loaded data directory, and what has to be known about it.

use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sidetone::accounts::first;
use sidetone::config::{Config, Settings};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store_sqlite::Options;

use crate::calls::Calls;

/// The account that owns all calls, and its token.
const ACCOUNT: &str = "ACbe000000000000000000000000000001";
const TOKEN: &str = "be9c4000000000000000000000000001";

/// What the calls in a directory follow from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Facts {
    pub calls: u64,
    pub seed: u64,
    pub end: TimeUs,
    pub account_sid: AccountSid,
    pub auth_token: String,
}

impl Facts {
    pub fn new(calls: u64, seed: u64, end: TimeUs) -> Self {
        let account_sid = ACCOUNT.parse().unwrap_or(AccountSid::from_bytes([1; 16]));
        Self {
            calls,
            seed,
            end,
            account_sid,
            auth_token: TOKEN.to_owned(),
        }
    }

    pub fn calls(&self) -> Calls {
        Calls::new(self.seed, self.calls, self.account_sid, self.end)
    }
}

fn facts_file(dir: &Path) -> std::path::PathBuf {
    dir.join("bench.json")
}

/// Whether a directory was loaded to the end.
pub fn is_loaded(dir: &Path) -> bool {
    facts_file(dir).exists()
}

/// Says that a directory is loaded to the end.
pub fn mark_loaded(dir: &Path, facts: &Facts) -> anyhow::Result<()> {
    std::fs::write(facts_file(dir), serde_json::to_vec_pretty(facts)?)?;
    Ok(())
}

/// What is in a loaded directory.
pub fn facts(dir: &Path) -> anyhow::Result<Facts> {
    let json = std::fs::read(facts_file(dir))
        .with_context(|| format!("{} is not loaded: run `bench load` first", dir.display()))?;
    Ok(serde_json::from_slice(&json)?)
}

/// Makes a directory as the server does.
pub async fn create(dir: &Path, facts: &Facts) -> anyhow::Result<()> {
    let config = config(dir, Some(facts))?;
    sidetone::data_dir::create_dir(dir)?;
    let opened = sidetone::data::open(dir, &config.secret_key_file, Options::default()).await?;
    first::ensure_first(opened.store.as_ref(), &opened.vault, &config, facts.end).await?;
    Ok(())
}

/// The database of a directory.
pub fn database(dir: &Path) -> std::path::PathBuf {
    dir.join("sidetone.db")
}

/// How a server opens it by default.
pub fn options(dir: &Path) -> anyhow::Result<Options> {
    Ok(Options {
        step_budget: config(dir, None)?.query_steps,
        ..Options::default()
    })
}

fn config(dir: &Path, facts: Option<&Facts>) -> anyhow::Result<Config> {
    let settings = Settings {
        data: Some(dir.to_owned()),
        account_sid: facts.map(|facts| facts.account_sid.to_string()),
        auth_token: facts
            .map(|facts| facts.auth_token.parse())
            .transpose()
            .map_err(anyhow::Error::msg)?,
        ..Settings::default()
    };
    settings.resolve(None)
}
