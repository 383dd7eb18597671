//! What the operator says of the network and the company around: in the tables of the configuration
//! file, which can be read again while the server runs, and in a database of where addresses are. The rules of
//! sides hold for all nodes: each goes by those that are published, from whosever file.

pub mod agents;
pub mod locations;
pub mod sides;
pub mod signers;

use std::sync::{Arc, PoisonError, RwLock};

use anyhow::bail;
use sidetone_core::id::AccountSid;

use self::agents::Agents;
use self::signers::Signers;
use crate::config::Config;
use crate::directory::Directory;
use crate::oidc::provider::Provider;

/// `[[agent]]`, `[[signer]]` and `[oidc]`, as read at one time.
#[derive(Debug)]
pub struct Tables {
    /// Who may send packets, and whose calls they are about.
    pub agents: Agents,
    /// Whose signatures of callers' identities are trusted.
    pub signers: Signers,
    /// Through whom people may sign in.
    pub provider: Option<Arc<Provider>>,
}

impl Tables {
    /// Those of the settings.
    ///
    /// # Errors
    /// When a certificate of a signer or the provider's secret cannot be read, or an account is not
    /// there.
    pub fn read(config: &Config, directory: &Directory) -> anyhow::Result<Self> {
        Ok(Self {
            agents: Agents::read(config, directory)?,
            signers: Signers::load(&config.hep.signers)?,
            provider: provider(config, directory)?.map(Arc::new),
        })
    }
}

/// People who sign in through the provider see the calls of the account that the table names, else
/// of the one that the settings fix, else of the oldest.
fn provider(config: &Config, directory: &Directory) -> anyhow::Result<Option<Provider>> {
    let Some(settings) = config.oidc.clone() else {
        return Ok(None);
    };
    let fixed = config.account_sid.as_ref();
    let fixed: Option<AccountSid> = fixed.and_then(|sid| sid.parse().ok());
    if let Some(account) = settings.account
        && Some(account) != fixed
        && directory.settings(account).is_none()
    {
        bail!(
            "oidc.account is {account}, which is not there; `sidetone account list` shows those there are"
        );
    }
    let account = settings
        .account
        .or(fixed)
        .or_else(|| directory.first_account());
    Provider::new(settings, account, config.public_url.as_deref()).map(Some)
}

/// The tables of the moment.
#[derive(Debug)]
pub struct Current(RwLock<Arc<Tables>>);

impl Current {
    /// The first ones.
    #[must_use]
    pub fn new(tables: Tables) -> Self {
        Self(RwLock::new(Arc::new(tables)))
    }

    /// Those that hold now.
    #[must_use]
    pub fn get(&self) -> Arc<Tables> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// Others hold from now on.
    pub fn replace(&self, tables: Tables) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tables);
    }
}
