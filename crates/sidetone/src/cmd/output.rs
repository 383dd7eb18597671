//! What commands print.

use std::io::Write;

/// Prints a value as one line of JSON.
pub(super) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{}", serde_json::to_string(value)?)?;
    Ok(())
}

/// How far long work is, on standard error: a line when a tenth more is done.
pub(super) struct Progress {
    what: &'static str,
    tenths: u64,
}

impl Progress {
    /// Nothing is done yet. `what`: the work, as in "copied".
    pub(super) const fn new(what: &'static str) -> Self {
        Self { what, tenths: 0 }
    }

    /// So many of all bytes are done.
    pub(super) fn show(&mut self, bytes: u64, all: u64) {
        let tenths = bytes.saturating_mul(10) / all.max(1);
        if tenths > self.tenths {
            self.tenths = tenths;
            let (what, percent) = (self.what, tenths * 10);
            let (bytes, all) = (bytes >> 20, all >> 20);
            // Where that cannot be said, the work goes on.
            let _ = writeln!(
                std::io::stderr(),
                "{what} {percent} % ({bytes} of {all} MiB)"
            );
        }
    }
}
