//! What the operator says of the network around: in the tables of the configuration file, which can
//! be read again while the server runs, and in a database of where addresses are. The rules of
//! sides hold for all nodes: each goes by those that are published, from whosever file.

pub mod agents;
pub mod locations;
pub mod sides;
pub mod signers;

use std::sync::{Arc, PoisonError, RwLock};

use self::agents::Agents;
use self::signers::Signers;
use crate::config::Config;
use crate::directory::Directory;

/// `[[agent]]` and `[[signer]]`, as read at one time.
#[derive(Debug)]
pub struct Tables {
    /// Who may send packets, and whose calls they are about.
    pub agents: Agents,
    /// Whose signatures of callers' identities are trusted.
    pub signers: Signers,
}

impl Tables {
    /// Those of the settings.
    ///
    /// # Errors
    /// When a certificate of a signer cannot be read, or an agent's account is not there.
    pub fn read(config: &Config, directory: &Directory) -> anyhow::Result<Self> {
        Ok(Self {
            agents: Agents::read(config, directory)?,
            signers: Signers::load(&config.hep.signers)?,
        })
    }
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
