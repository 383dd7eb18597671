//! A clock that runs faster, for tests. It belongs to the data directory that was begun with it: what
//! is in any other would be too old within minutes, and removed for its age.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use sidetone_core::time::TimeUs;

use crate::clock::Clock;
use crate::data_dir::{database, size_of};

/// What says of a directory since when, and how much faster, its time passes.
const FILE: &str = "test-clock";

/// The clock that a server on a directory has to go by. `wanted`: how much faster it is to be than the
/// real one; none: the real one.
///
/// # Errors
/// When the directory was begun with another clock.
pub fn of_server(dir: &Path, wanted: Option<u32>) -> anyhow::Result<Clock> {
    let shown = dir.display();
    let (speed, since) = match (wanted, read(dir)?) {
        (None, None) => return Ok(Clock::default()),
        (Some(wanted), Some((speed, since))) if wanted == speed => (speed, since),
        (_, Some((speed, _))) => bail!(
            "the data directory {shown} was begun with a test clock, so that its times are not real: go on with SIDETONE_TEST_CLOCK={speed}, or choose another --data"
        ),
        (Some(_), None) if size_of(&database(dir))?.is_some_and(|bytes| bytes > 0) => bail!(
            "SIDETONE_TEST_CLOCK is set, but the data directory {shown} was begun without: its calls would age within minutes and be removed. Leave it out, or choose another --data"
        ),
        (Some(speed), None) => (speed, begin(dir, speed)?),
    };
    tracing::warn!(
        speed, %since,
        "A TEST CLOCK IS ON: time passes {speed} times as fast as it does, and no time here is real"
    );
    Ok(Clock::faster(speed, since))
}

/// The clock that goes with a directory.
///
/// # Errors
/// When what says so cannot be read.
pub fn of(dir: &Path) -> anyhow::Result<Clock> {
    let faster = read(dir)?.map(|(speed, since)| Clock::faster(speed, since));
    Ok(faster.unwrap_or_default())
}

fn begin(dir: &Path, speed: u32) -> anyhow::Result<TimeUs> {
    let (path, since) = (dir.join(FILE), Clock::default().now());
    let written = File::options()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| {
            writeln!(file, "{speed} {since}")?;
            file.sync_all()
        });
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(since)
}

/// How much faster, and since when.
fn read(dir: &Path) -> anyhow::Result<Option<(u32, TimeUs)>> {
    let path = dir.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let read = text.trim().split_once(' ').and_then(|(speed, since)| {
        let speed = speed.parse().ok()?;
        Some((speed, TimeUs::parse_rfc3339(since)?))
    });
    let read = read.with_context(|| {
        format!(
            "{} does not say which test clock the directory has",
            path.display()
        )
    });
    read.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_keeps_the_clock_that_it_was_begun_with() {
        let dir = tempfile::tempdir().unwrap();
        let began = Clock::default().now();
        let clock = of_server(dir.path(), Some(1_000)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let (now, passed) = (clock.now(), clock.passed());
        assert!(now.since_us(began) >= 20_000_000, "{now}");
        assert!(passed.as_secs() >= 20, "{passed:?}");
        // Another process goes on where this one is, and knows it unasked.
        for again in [of_server(dir.path(), Some(1_000)), of(dir.path())] {
            assert!(again.unwrap().now() >= now);
        }
        for other in [None, Some(60)] {
            let refused = of_server(dir.path(), other).unwrap_err().to_string();
            assert!(refused.contains("SIDETONE_TEST_CLOCK=1000"), "{refused}");
        }
        std::fs::write(dir.path().join(FILE), "soon").unwrap();
        assert!(of_server(dir.path(), Some(1_000)).is_err());
    }

    #[test]
    fn a_directory_with_calls_is_never_given_one() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(database(dir.path()), "calls").unwrap();
        assert!(of_server(dir.path(), Some(60)).is_err());
        assert!(!dir.path().join(FILE).exists());
        of_server(dir.path(), None).unwrap();
    }
}
