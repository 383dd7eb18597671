//! The loop that workers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sidetone::runner::{Next, Worker, run};
use sidetone::telemetry::labels::WorkerName;
use sidetone_core::time::TimeUs;
use sidetone_store::{Result, StoreError, Topic};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::harness::TestServer;

/// What a round does, by how many came before.
type Round = fn(usize) -> Result<Next>;

/// Tells of each round, after what it takes.
struct Telling<const HEAVY: bool> {
    round: Round,
    takes: Duration,
    rounds: usize,
    told: mpsc::UnboundedSender<std::thread::ThreadId>,
    finished: Arc<AtomicUsize>,
}

impl<const HEAVY: bool> Worker for Telling<HEAVY> {
    const NAME: WorkerName = WorkerName::Recheck;
    const TOPIC: Option<Topic> = Some(Topic::Calls);
    const IS_HEAVY: bool = HEAVY;

    fn idle(&self) -> Duration {
        Duration::from_secs(3600)
    }

    async fn round(&mut self, _: TimeUs) -> Result<Next> {
        self.rounds += 1;
        self.told.send(std::thread::current().id()).unwrap();
        tokio::time::sleep(self.takes).await;
        (self.round)(self.rounds - 1)
    }

    async fn finish(&mut self) {
        self.finished.store(self.rounds, Ordering::SeqCst);
    }
}

struct Running {
    server: TestServer,
    rounds: mpsc::UnboundedReceiver<std::thread::ThreadId>,
    /// After how many rounds it finished.
    finished: Arc<AtomicUsize>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    async fn start<const HEAVY: bool>(takes: Duration, round: Round) -> Self {
        let server = TestServer::start().await;
        let (told, rounds) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let finished = Arc::new(AtomicUsize::new(0));
        let work = Telling::<HEAVY> {
            round,
            takes,
            rounds: 0,
            told,
            finished: Arc::clone(&finished),
        };
        Self {
            task: tokio::spawn(run(server.app.clone(), work, stopped)),
            server,
            rounds,
            finished,
            stop,
        }
    }

    async fn stop(&mut self) -> usize {
        self.stop.send_replace(true);
        (&mut self.task).await.unwrap();
        self.finished.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_round_that_fails_is_tried_again_and_counted() {
    let mut running = Running::start::<false>(Duration::ZERO, |before| match before {
        0 => Err(StoreError::Unavailable("no room".to_owned())),
        _ => Ok(Next::Idle),
    })
    .await;
    for _ in 0..2 {
        running.rounds.recv().await.unwrap();
    }
    assert_eq!(running.stop().await, 2);
    let page = running.server.get("/metrics").await.text;
    for line in [
        "sidetone_worker_rounds_total{worker=\"recheck\"} 2",
        "sidetone_worker_failures_total{worker=\"recheck\"} 1",
        "sidetone_worker_busy_seconds_total{worker=\"recheck\"} 0",
    ] {
        assert!(page.contains(line), "{line} is not in {page}");
    }
}

#[tokio::test]
async fn an_idle_worker_is_woken_by_the_store() {
    let mut running = Running::start::<false>(Duration::ZERO, |_| Ok(Next::Idle)).await;
    running.rounds.recv().await.unwrap();
    let form = "CallSid=CA00112233445566778899aabbccddeeff&CallStatus=ringing";
    running
        .server
        .post("/ingest/v1/status-callback", form)
        .await;
    running.rounds.recv().await.unwrap();
    assert_eq!(running.stop().await, 2);
}

#[tokio::test]
async fn a_stop_lets_a_round_end() {
    let mut running = Running::start::<false>(Duration::from_millis(50), |before| match before {
        0 => Ok(Next::After(Duration::ZERO)),
        _ => panic!("there was another round after the stop"),
    })
    .await;
    running.rounds.recv().await.unwrap();
    assert_eq!(running.stop().await, 1);
}

#[tokio::test]
async fn a_stop_waits_for_no_round_that_does_not_end() {
    let hour = Duration::from_secs(3600);
    let mut running = Running::start::<false>(hour, |_| Ok(Next::Idle)).await;
    running.rounds.recv().await.unwrap();
    assert_eq!(running.stop().await, 1);
}

#[tokio::test]
async fn work_that_is_done_waits_for_the_stop() {
    let mut running = Running::start::<false>(Duration::ZERO, |_| Ok(Next::Done)).await;
    running.rounds.recv().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!running.task.is_finished());
    assert_eq!(running.stop().await, 1);
}

#[tokio::test]
async fn heavy_work_has_a_thread_of_its_own_and_its_panic_is_the_tasks() {
    let mut running = Running::start::<true>(Duration::ZERO, |before| match before {
        0 => Ok(Next::After(Duration::ZERO)),
        _ => panic!("as it is to"),
    })
    .await;
    let here = std::thread::current().id();
    for _ in 0..2 {
        assert_ne!(running.rounds.recv().await.unwrap(), here);
    }
    assert!(running.task.await.unwrap_err().is_panic());
}
