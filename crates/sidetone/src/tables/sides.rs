//! Who is who around the platform, as all nodes go by it: the newest rules that are published in
//! the database.

use std::sync::{Arc, PoisonError, RwLock};

use sidetone_core::sides::Sides;
use sidetone_store::rules::Published;
use sidetone_store::{Result, Store, StoreError};
use tokio::sync::Mutex;

/// The rules of sides in force, as far as this node knows.
#[derive(Debug, Default)]
pub struct Current {
    sides: RwLock<Arc<Sides>>,
    /// Their version; nothing is 0. Held while they are published or looked for, so that what this
    /// node publishes is not taken for another's.
    version: Mutex<u64>,
}

impl Current {
    /// Those that hold now.
    #[must_use]
    pub fn get(&self) -> Arc<Sides> {
        let sides = self.sides.read().unwrap_or_else(PoisonError::into_inner);
        sides.clone()
    }

    /// The same with their version; 0: none was ever published.
    pub async fn published(&self) -> (u64, Arc<Sides>) {
        let version = self.version.lock().await;
        (*version, self.get())
    }

    /// Publishes what the settings of this node say, for all nodes: who publishes last is right,
    /// also with an older file.
    ///
    /// # Errors
    /// As the store's; then nothing is published.
    pub async fn publish(&self, store: &dyn Store, sides: Sides) -> Result<()> {
        let mut known = self.version.lock().await;
        let before = match (sides.0.is_empty(), *known) {
            (true, 0) => match store.published_rules(0).await {
                Ok(before) => before.map(|before| before.sides),
                // Those that are damaged are made good by what is published now.
                Err(StoreError::Corrupt(_)) => None,
                Err(error) => return Err(error),
            },
            (true, _) => Some(Sides::clone(&self.get())),
            (false, _) => None,
        };
        let version = store.publish_rules(sides.clone()).await?;
        if version > *known {
            tracing::info!(
                rules.version = version,
                rules.digest = sides.digest(),
                "the [[side]] rules are in force as this node's settings say them"
            );
            let gone = before.map_or(0, |before| before.0.len());
            if gone > 0 {
                tracing::warn!(
                    rules.version = version,
                    gone,
                    "this node's settings have no [[side]] rules, so none are in force any more; if that is not meant, put the file back and send SIGHUP"
                );
            }
            self.hold(Published { version, sides }, &mut known);
        }
        Ok(())
    }

    /// Goes by newer ones that another node has published.
    ///
    /// # Errors
    /// As the store's; then those before stay in force.
    pub async fn refresh(&self, store: &dyn Store) -> Result<()> {
        let mut known = self.version.lock().await;
        let Some(published) = store.published_rules(*known).await? else {
            return Ok(());
        };
        tracing::info!(
            rules.version = published.version,
            rules.digest = published.sides.digest(),
            "the [[side]] rules that another node has published are in force, whatever this node's settings say"
        );
        self.hold(published, &mut known);
        Ok(())
    }

    fn hold(&self, published: Published, known: &mut u64) {
        *known = published.version;
        *self.sides.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(published.sides);
    }
}
