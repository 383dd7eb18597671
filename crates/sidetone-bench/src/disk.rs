//! What durability costs on this disk: 4 KiB appended and synced, over and over.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use crate::figures::{Sorted, ms};

const APPENDS: usize = 2_000;

/// Prints the 50th and the 99th percentile of `fdatasync`, in ms.
#[allow(clippy::disallowed_methods, reason = "it measures")]
pub fn run(dir: &Path) -> anyhow::Result<()> {
    let path = dir.join("fdatasync.probe");
    let mut file = File::create(&path)?;
    let mut times = Vec::with_capacity(APPENDS);
    for _ in 0..APPENDS {
        file.write_all(&[0x5a; 4096])?;
        let begin = Instant::now();
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    drop(file);
    std::fs::remove_file(&path)?;
    let sorted = Sorted::new(times);
    println!(
        "{} {}",
        ms(sorted.percentile(50)),
        ms(sorted.percentile(99))
    );
    Ok(())
}
