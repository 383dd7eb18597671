//! The loop that all workers share: when one works, waits, tries again and ends, and how it is
//! counted. What it does is a type that implements [`Worker`].

use std::future::{pending, ready};
use std::panic::resume_unwind;
use std::time::Duration;

use sidetone_core::time::TimeUs;
use sidetone_store::{Result, Topic};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::app::App;
use crate::shutdown::stopped;
use crate::telemetry::labels::WorkerName;

/// Pause after the first failure; twice as long after each that follows at once.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// The longest pause between two tries.
const RETRY_MAX: Duration = Duration::from_secs(8);
/// How long a round may go on after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(8);

/// What follows on a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another round after this pause: there may be more to do.
    After(Duration),
    /// Nothing until it is woken, or [`Worker::idle`] has passed.
    Idle,
    /// Nothing any more.
    Done,
}

/// What a worker does.
pub trait Worker: Send + 'static {
    /// What it is counted and logged as.
    const NAME: WorkerName;
    /// The wake-ups of the store that it listens to.
    const TOPIC: Option<Topic> = None;
    /// Whether it computes for longer than requests should wait: then it has a thread of its own.
    const IS_HEAVY: bool = false;

    /// The time between two looks for work when nothing wakes it: work of other processes, and
    /// what is due because time passed, come without a wake-up.
    fn idle(&self) -> Duration;

    /// How long it waits after a wake-up, so that what comes together is done together.
    fn debounce(&self) -> Duration {
        Duration::ZERO
    }

    /// Does some of what there is to do. It may be dropped at any await once a stop was asked for:
    /// what is not written then is done by the next process.
    ///
    /// # Errors
    /// As the store's: the round is tried again after a pause.
    fn round(&mut self, now: TimeUs) -> impl Future<Output = Result<Next>> + Send;

    /// Ends when something other than the store wakes it. It may be dropped at any await and begun
    /// again: nothing may be lost by that.
    fn woken(&mut self) -> impl Future<Output = ()> + Send {
        pending()
    }

    /// Lets what its rounds have started come to an end, in bounded time.
    fn finish(&mut self) -> impl Future<Output = ()> + Send {
        ready(())
    }
}

/// Works until a stop is asked for.
///
/// Heavy work runs on a blocking thread for as long as the server does, and not on a thread made
/// here: the runtime waits for it at its end, so that no timer is used after that, and its panic
/// is that of a task. Of the pool's 512 threads it takes one.
pub async fn run<W: Worker>(app: App, worker: W, stop: watch::Receiver<bool>) {
    let rounds = Rounds {
        app,
        worker,
        stop,
        failures: 0,
    };
    if !W::IS_HEAVY {
        return rounds.run().await;
    }
    let running = tokio::task::spawn_blocking(|| Handle::current().block_on(rounds.run()));
    if let Err(error) = running.await
        && let Ok(panic) = error.try_into_panic()
    {
        resume_unwind(panic);
    }
}

/// A worker at work.
struct Rounds<W> {
    app: App,
    worker: W,
    stop: watch::Receiver<bool>,
    /// How many rounds have failed since the last that did not.
    failures: u32,
}

impl<W: Worker> Rounds<W> {
    async fn run(mut self) {
        let mut wakeups = W::TOPIC.map(|topic| self.app.store.wakeups(topic));
        while let Some(next) = self.round().await {
            let idle = self.worker.idle();
            let pause = match next {
                Next::After(pause) => pause,
                Next::Idle => tokio::select! {
                    biased;
                    () = stopped(&mut self.stop) => break,
                    () = rung(&mut wakeups) => self.worker.debounce(),
                    () = self.worker.woken() => self.worker.debounce(),
                    () = tokio::time::sleep(idle) => Duration::ZERO,
                },
                Next::Done => {
                    stopped(&mut self.stop).await;
                    break;
                }
            };
            if *self.stop.borrow() {
                break;
            }
            if pause.is_zero() {
                continue;
            }
            tokio::select! {
                biased;
                () = stopped(&mut self.stop) => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.worker.finish().await;
    }

    /// One round, and what follows. `None`: it took too long after a stop was asked for.
    async fn round(&mut self) -> Option<Next> {
        let clock = &self.app.clock;
        let begin = clock.passed();
        let drained = async {
            stopped(&mut self.stop).await;
            tokio::time::sleep(DRAIN).await;
        };
        let done = tokio::select! {
            done = self.worker.round(clock.now()) => Some(done),
            () = drained => None,
        };
        let busy = clock.passed().saturating_sub(begin);
        self.app
            .counters
            .count_round(W::NAME, busy, matches!(done, Some(Err(_))));
        let worker = W::NAME.as_str();
        match done {
            Some(Ok(next)) => {
                self.failures = 0;
                Some(next)
            }
            Some(Err(error)) => {
                let pause = back_off(self.failures);
                self.failures = self.failures.saturating_add(1);
                tracing::error!(%error, worker, retry_in = ?pause, "work failed and will be tried again");
                Some(Next::After(pause))
            }
            None => {
                tracing::warn!(worker, "work took too long to end and was cut short");
                None
            }
        }
    }
}

/// The pause after a failure that so many others came right before.
fn back_off(failures: u32) -> Duration {
    RETRY_MIN
        .saturating_mul(2_u32.saturating_pow(failures))
        .min(RETRY_MAX)
}

/// Waits for a wake-up of the store.
async fn rung(wakeups: &mut Option<watch::Receiver<u64>>) {
    if let Some(wakeups) = wakeups
        && wakeups.changed().await.is_ok()
    {
        return;
    }
    // None ever comes.
    pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_one_second_to_eight() {
        let seconds = [0, 1, 2, 3, 4, 40].map(|failures| back_off(failures).as_secs());
        assert_eq!(seconds, [1, 2, 4, 8, 8, 8]);
    }
}
