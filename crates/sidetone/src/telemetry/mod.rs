//! What is told of the server while it runs: counters, and log lines.

pub mod disk;
pub mod doors;
pub mod heard;
pub mod kernel;
pub mod labels;
pub mod logs;
mod process;
pub mod throttle;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};
use sidetone_core::time::TimeUs;
use sidetone_wire::repairs::Repairs;

use self::disk::Disk;
use self::doors::Doors;
use self::heard::Heard;
use self::kernel::{Drops, buffer_errors};
use self::labels::{
    ClockLabels, ClockReason, DeliveryLabels, DeliveryResult, EventLabels, EventResult, OverQuota,
    PacketLabels, PacketReason, PacketResult, QuotaLabels, RefusalLabels, RefusalReason, Removed,
    RemovedLabels, RepairLabels, Source, StatusLabels, Transport, WorkerLabels, WorkerName,
};
use self::process::Process;
use self::throttle::{LogThrottle, Subject};

/// Counters for `/metrics`.
pub struct Counters {
    registry: Registry,
    /// What was said in the log of what others send.
    pub log_throttle: LogThrottle,
    /// What came in last, and what was refused.
    pub doors: Doors,
    /// When agents were heard last.
    pub heard: Heard,
    events: Family<EventLabels, Counter>,
    packets: Family<PacketLabels, Counter>,
    repaired: Family<RepairLabels, Counter>,
    hep_wrong_clocks: Family<ClockLabels, Counter>,
    /// Events of packets that are being written: many, when packets come faster than they can be
    /// written one by one.
    pub hep_writing: Gauge,
    /// The disk of the data.
    pub disk: Disk,
    /// Sockets whose datagrams the kernel may drop.
    pub kernel: Drops,
    requests: Family<StatusLabels, Counter>,
    refused: Family<RefusalLabels, Counter>,
    /// Summaries written.
    pub summaries: Counter,
    /// Connections refused because there were too many.
    pub connections_refused: Counter,
    /// Silent connections of agents that made room for others.
    pub connections_displaced: Counter,
    /// Idle connections of clients that made room for others.
    pub http_connections_displaced: Counter,
    /// Requests with wrong credentials.
    pub failed_logins: Counter,
    /// Followers of the change feed that were dropped, because too much waited for them.
    pub followers_dropped: Counter,
    /// Events that were not kept for a sink because too many wait.
    pub streams_refused: Counter,
    /// Events that a sink said it took the others of a request without.
    pub streams_rejected: Counter,
    /// Sinks for which as much waits as may.
    pub streams_full: Gauge,
    /// Alerts that fire.
    pub alerts_firing: Gauge,
    /// Times that a call was not counted for a rule, because too many are.
    pub alerts_left_out: Counter,
    /// Groups without calls that are missed no more, because too many are.
    pub alerts_given_up: Counter,
    /// Calls as they changed, read for those who watch.
    pub live_changes: Counter,
    /// Times that somebody who watches was too slow, and missed changes.
    pub live_missed: Counter,
    over_quota: Family<QuotaLabels, Counter>,
    expired: Family<RemovedLabels, Counter>,
    rounds: Family<WorkerLabels, Counter>,
    failed_rounds: Family<WorkerLabels, Counter>,
    busy_seconds: Family<WorkerLabels, Counter<f64, AtomicU64>>,
    deliveries: Family<DeliveryLabels, Counter>,
    deliveries_waiting: Gauge,
    dead_letters: Gauge,
    machine_buffer_errors: Counter,
    dirty_calls: Gauge,
    set_aside: Gauge,
    timers: Gauge,
    database_bytes: Gauge,
    database_free_bytes: Gauge,
    store_commits: Counter,
    store_writes: Counter,
    store_refused: Counter,
    store_damaged: Counter,
    /// Calls looked at after an unclean stop.
    pub checked_calls: Counter,
    /// What was found wrong with them.
    pub check_findings: Counter,
}

impl Counters {
    /// None has counted yet. `version` and `commit`: of the program.
    #[must_use]
    pub fn new(version: &'static str, commit: &'static str) -> Self {
        let mut whole = Registry::default();
        whole.register_collector(Box::new(Process));
        let registry = whole.sub_registry_with_prefix("sidetone");
        let disk = Disk::default();
        registry.register_collector(Box::new(disk.clone()));
        registry.register(
            "build",
            "Which program this is",
            Info::new([("version", version), ("commit", commit)]),
        );
        Self {
            log_throttle: LogThrottle::default(),
            doors: Doors::default(),
            heard: Heard::default(),
            disk,
            kernel: Drops::default(),
            events: registered(registry, "events", "Events by source and result"),
            packets: registered(
                registry,
                "hep_packets",
                "Packets of agents and phones by how they came and what became of them",
            ),
            repaired: registered(
                registry,
                "repaired",
                "Payloads that were used although something was wrong with them, by what it was",
            ),
            hep_wrong_clocks: registered(
                registry,
                "hep_wrong_clocks",
                "Packets that count as captured when they were received, because the clock of their agent is wrong",
            ),
            machine_buffer_errors: registered(
                registry,
                "machine_udp_receive_buffer_errors",
                "Datagrams for any program of this machine that the kernel dropped for want of room",
            ),
            hep_writing: registered(
                registry,
                "hep_writing",
                "Events of packets that are being written",
            ),
            requests: registered(registry, "http_requests", "Requests by status"),
            refused: registered(
                registry,
                "refused",
                "Requests and connections that were refused, by door and reason",
            ),
            summaries: registered(registry, "summaries", "Summaries written"),
            connections_refused: registered(
                registry,
                "connections_refused",
                "Connections refused because too many were open",
            ),
            connections_displaced: registered(
                registry,
                "connections_displaced",
                "Silent connections of agents that were closed to make room for others",
            ),
            http_connections_displaced: registered(
                registry,
                "http_connections_displaced",
                "Idle connections of clients that were closed to make room for others",
            ),
            failed_logins: registered(registry, "failed_logins", "Requests with wrong credentials"),
            followers_dropped: registered(
                registry,
                "followers_dropped",
                "Followers of the change feed that were dropped because too much waited for them",
            ),
            streams_refused: registered(
                registry,
                "streams_refused",
                "Events that were not kept for a sink because too many wait there",
            ),
            streams_rejected: registered(
                registry,
                "streams_rejected",
                "Events that OTLP receivers said they dropped of requests that they took",
            ),
            streams_full: registered(
                registry,
                "streams_full",
                "Sinks for which so many events wait that new ones are not kept",
            ),
            alerts_firing: registered(registry, "alerts_firing", "Alerts that fire"),
            alerts_left_out: registered(
                registry,
                "alerts_left_out",
                "Times that a call was not counted for a rule because too many are counted",
            ),
            alerts_given_up: registered(
                registry,
                "alerts_given_up",
                "Groups without calls that rules of too few calls gave up because there are too many",
            ),
            live_changes: registered(
                registry,
                "live_changes",
                "Changes of calls that were read for those who watch",
            ),
            live_missed: registered(
                registry,
                "live_missed",
                "Times that somebody who watches calls missed changes and was told so",
            ),
            over_quota: registered(
                registry,
                "over_quota",
                "What accounts had too much of: deliveries given up, dead letters and feedback summaries forgotten",
            ),
            set_aside: registered(
                registry,
                "calls_set_aside",
                "Calls whose summary stands still because they cannot be folded",
            ),
            expired: registered(
                registry,
                "expired",
                "What was removed because it was older than it is to be kept",
            ),
            rounds: registered(
                registry,
                "worker_rounds",
                "Rounds of the workers, those that found nothing to do too",
            ),
            failed_rounds: registered(
                registry,
                "worker_failures",
                "Rounds of the workers that failed and are tried again",
            ),
            busy_seconds: registered(
                registry,
                "worker_busy_seconds",
                "Time that the workers' rounds took",
            ),
            deliveries: registered(registry, "deliveries", "Attempts to deliver by result"),
            deliveries_waiting: registered(
                registry,
                "deliveries_waiting",
                "Deliveries that have not arrived yet and are still tried",
            ),
            dead_letters: registered(registry, "dead_letters", "Deliveries that were given up"),
            dirty_calls: registered(registry, "dirty_calls", "Calls with events not folded yet"),
            timers: registered(registry, "timers", "Calls with a timer set"),
            database_bytes: registered(registry, "database_bytes", "Size of the database"),
            database_free_bytes: registered(
                registry,
                "database_free_bytes",
                "Bytes within the database that were removed and are used again before it grows",
            ),
            store_commits: registered(registry, "store_commits", "Transactions committed"),
            store_writes: registered(
                registry,
                "store_writes",
                "Writes committed; many share a transaction",
            ),
            store_refused: registered(
                registry,
                "store_refused",
                "Writes that the store could not take: disk full, read-only, locked",
            ),
            store_damaged: registered(
                registry,
                "store_damaged",
                "Reads and writes that met damage in the database",
            ),
            checked_calls: registered(
                registry,
                "checked_calls",
                "Calls looked at after an unclean stop",
            ),
            check_findings: registered(registry, "check_findings", "Damage found in them"),
            registry: whole,
        }
    }
}

/// A metric that is told under a name.
fn registered<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

impl Counters {
    /// Counts events of a source.
    pub fn count_events(&self, source: Source, result: EventResult, number: u64) {
        if number > 0 {
            self.events
                .get_or_create(&EventLabels { source, result })
                .inc_by(number);
        }
    }

    /// Counts packets of agents and phones by how they came and what became of them.
    pub fn count_packets(
        &self,
        transport: Transport,
        result: PacketResult,
        reason: PacketReason,
        number: u64,
    ) {
        if number > 0 {
            let labels = PacketLabels {
                transport,
                result,
                reason,
            };
            self.packets.get_or_create(&labels).inc_by(number);
        }
    }

    /// Counts what was put right in a payload.
    pub fn count_repairs(&self, source: Source, repairs: Repairs) {
        for repair in repairs.iter() {
            let reason = repair.as_str();
            self.repaired
                .get_or_create(&RepairLabels { source, reason })
                .inc();
        }
    }

    /// Counts a packet whose capture time was not believed.
    pub fn count_wrong_clock(&self, transport: Transport, reason: ClockReason) {
        let labels = ClockLabels { transport, reason };
        self.hep_wrong_clocks.get_or_create(&labels).inc();
    }

    /// Counts what the kernel has dropped since the last time.
    pub fn refresh_kernel(&self) {
        self.kernel.refresh(|transport, number| {
            let (result, reason) = (PacketResult::KernelDropped, PacketReason::None);
            self.count_packets(transport, result, reason, number);
        });
    }

    /// Counts a request by the status of its answer.
    pub fn count_request(&self, status: u16) {
        self.requests.get_or_create(&StatusLabels { status }).inc();
    }

    /// Counts what a door refused. Whether to tell it in the log now, and of how many more since it
    /// was told last.
    pub fn refuse(&self, door: Source, reason: RefusalReason, now: TimeUs) -> Option<u64> {
        self.refused
            .get_or_create(&RefusalLabels { door, reason })
            .inc();
        self.log_throttle
            .may_log(Subject::Refusal(door, reason), now)
    }

    /// Counts a round of a worker, which took so long.
    pub fn count_round(&self, worker: WorkerName, busy: Duration, has_failed: bool) {
        let labels = WorkerLabels { worker };
        self.rounds.get_or_create(&labels).inc();
        // It is there from the first round on, so that a rate of failures can be told.
        self.failed_rounds
            .get_or_create(&labels)
            .inc_by(has_failed.into());
        self.busy_seconds
            .get_or_create(&labels)
            .inc_by(busy.as_secs_f64());
    }

    /// Counts what an account had too much of.
    pub fn count_over_quota(&self, what: OverQuota, number: u64) {
        self.over_quota
            .get_or_create(&QuotaLabels { what })
            .inc_by(number);
    }

    /// Counts what was removed because it was too old.
    pub fn count_expired(&self, what: Removed, number: u64) {
        self.expired
            .get_or_create(&RemovedLabels { what })
            .inc_by(number);
    }

    /// Counts an attempt to deliver.
    pub fn count_delivery(&self, result: DeliveryResult) {
        self.deliveries
            .get_or_create(&DeliveryLabels { result })
            .inc();
    }

    /// Everything in the text format of Prometheus, with the store's figures of this moment.
    #[must_use]
    pub fn encode(&self, stats: sidetone_store::StoreStats) -> String {
        self.refresh_kernel();
        self.machine_buffer_errors
            .inner()
            .store(buffer_errors(), Ordering::Relaxed);
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.dirty_calls.set(gauge(stats.dirty_calls));
        self.set_aside.set(gauge(stats.set_aside));
        self.timers.set(gauge(stats.timers));
        self.deliveries_waiting.set(gauge(stats.deliveries_waiting));
        self.dead_letters.set(gauge(stats.dead_letters));
        self.database_bytes.set(gauge(stats.bytes));
        self.database_free_bytes.set(gauge(stats.free_bytes));
        self.store_commits
            .inner()
            .store(stats.commits, Ordering::Relaxed);
        self.store_writes
            .inner()
            .store(stats.writes, Ordering::Relaxed);
        self.store_refused
            .inner()
            .store(stats.refused, Ordering::Relaxed);
        self.store_damaged
            .inner()
            .store(stats.damaged, Ordering::Relaxed);
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}
