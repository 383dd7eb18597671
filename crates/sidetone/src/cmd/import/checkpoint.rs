//! Where an import is, kept beside the database so that another start goes on there.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::secrets::replace_private;

/// Where an import is. What is before that is durable.
pub(super) struct Checkpoint {
    path: PathBuf,
    /// The page that comes next; `None`: the first.
    pub(super) next: Option<String>,
    /// Calls so far.
    pub(super) calls: u64,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    next: Option<String>,
    calls: u64,
}

impl Checkpoint {
    /// Finds that of an import that was asked for with the same words.
    pub(super) fn open(data: &Path, asked: &[&str]) -> anyhow::Result<Self> {
        let digest = format!("{:x}", Sha256::digest(asked.join("\n")));
        let path = data.join(format!("import-{digest:.16}.json"));
        let kept = match std::fs::read(&path) {
            Ok(kept) => serde_json::from_slice(&kept).with_context(|| {
                format!("{} is damaged; remove it to begin anew", path.display())
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Kept {
                next: None,
                calls: 0,
            },
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        Ok(Self {
            path,
            next: kept.next,
            calls: kept.calls,
        })
    }

    /// Keeps it.
    pub(super) fn keep(&self) -> anyhow::Result<()> {
        let kept = Kept {
            next: self.next.clone(),
            calls: self.calls,
        };
        replace_private(&self.path, &serde_json::to_string(&kept)?)
    }

    /// The import is over.
    pub(super) fn forget(self) -> anyhow::Result<()> {
        std::fs::remove_file(&self.path)
            .with_context(|| format!("cannot remove {}", self.path.display()))
    }
}
