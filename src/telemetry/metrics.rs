//! Metrics of one application, in its own registry, so that several in one process do not mix.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::awards::{Award, PendingAwards, Unit};
use super::labels::{
    AwardLabels, BuildLabels, CodeLabels, DurationLabels, LimitLabels, PoolLabels, RequestLabels, TaskLabels,
};
use super::replica::ReplicaMetrics;

/// Upper bounds of the duration buckets, in seconds.
const DURATION_BUCKETS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

type DurationFamily = Family<DurationLabels, Histogram, fn() -> Histogram>;
type SecondsGauge = Gauge<f64, AtomicU64>;

/// The metrics of one application; cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    started_at: Instant,
    requests: Family<RequestLabels, Counter>,
    request_durations: DurationFamily,
    in_flight: Gauge,
    user_errors: Family<CodeLabels, Counter>,
    rate_limited: Family<LimitLabels, Counter>,
    failed_logins: Counter,
    connections: Gauge,
    pools: Pools,
    retries: Counter,
    awards: [Awards; Unit::ALL.len()],
    feed_position: Gauge,
    outbox_rows: Gauge,
    outbox_lag: SecondsGauge,
    webhooks_pending: Gauge,
    webhooks_lag: SecondsGauge,
    webhooks_disabled: Gauge,
    task_failures: Family<TaskLabels, Counter>,
    tasks_failing: Family<TaskLabels, Gauge>,
    uptime: SecondsGauge,
    memory: Gauge,
    replica: OnceLock<ReplicaMetrics>,
}

/// Increases and decreases of one unit: a counter cannot decrease.
#[derive(Debug, Default)]
struct Awards {
    awarded: Family<AwardLabels, Counter>,
    taken_back: Family<AwardLabels, Counter>,
}

#[derive(Debug, Default)]
struct Pools {
    size: Family<PoolLabels, Gauge>,
    idle: Family<PoolLabels, Gauge>,
    in_use: Family<PoolLabels, Gauge>,
    max: Family<PoolLabels, Gauge>,
}

/// The current state of a pool of database connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// Name of the pool.
    pub name: &'static str,
    /// Open connections.
    pub size: u32,
    /// Idle connections among them.
    pub idle: u32,
    /// Maximum open connections.
    pub max: u32,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut inner = Inner {
            registry: Registry::default(),
            started_at: Instant::now(),
            requests: Family::default(),
            request_durations: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
            in_flight: Gauge::default(),
            user_errors: Family::default(),
            rate_limited: Family::default(),
            failed_logins: Counter::default(),
            connections: Gauge::default(),
            pools: Pools::default(),
            retries: Counter::default(),
            awards: Default::default(),
            feed_position: Gauge::default(),
            outbox_rows: Gauge::default(),
            outbox_lag: Gauge::default(),
            webhooks_pending: Gauge::default(),
            webhooks_lag: Gauge::default(),
            webhooks_disabled: Gauge::default(),
            task_failures: Family::default(),
            tasks_failing: Family::default(),
            uptime: Gauge::default(),
            memory: Gauge::default(),
            replica: OnceLock::new(),
        };
        let mut registry = Registry::default();
        inner.register_requests(registry.sub_registry_with_prefix("partner_program"));
        inner.register_database(registry.sub_registry_with_prefix("partner_program"));
        inner.register_awards(registry.sub_registry_with_prefix("partner_program"));
        inner.register_process(&mut registry);
        inner.registry = registry;
        // Series that start at zero show their first increase.
        for limit in ["points", "operations", "failed_logins", "streams", "connections"] {
            drop(inner.rate_limited.get_or_create(&LimitLabels { limit }));
        }
        Self(Arc::new(inner))
    }
}

impl Inner {
    fn register_requests(&self, registry: &mut Registry) {
        registry.register(
            "requests",
            "GraphQL requests that have ended, by type and name of the operation, transport and outcome",
            self.requests.clone(),
        );
        registry.register(
            "request_duration_seconds",
            "Time from the arrival of a request to its response",
            self.request_durations.clone(),
        );
        registry.register("requests_in_flight", "GraphQL requests in flight", self.in_flight.clone());
        registry.register(
            "user_errors",
            "User errors of refused mutations, by code",
            self.user_errors.clone(),
        );
        registry.register(
            "rate_limited",
            "Requests refused by a rate or concurrency limit, by limit",
            self.rate_limited.clone(),
        );
        registry.register("failed_logins", "Requests with invalid credentials", self.failed_logins.clone());
        registry.register("connections_open", "Open connections of clients", self.connections.clone());
    }

    fn register_database(&self, registry: &mut Registry) {
        let Pools { size, idle, in_use, max } = &self.pools;
        registry.register("db_pool_connections", "Connections to the database", size.clone());
        registry.register("db_pool_connections_idle", "Idle connections to the database", idle.clone());
        registry.register("db_pool_connections_in_use", "Connections to the database in use", in_use.clone());
        registry.register("db_pool_connections_max", "Maximum connections of the pool", max.clone());
        registry.register(
            "transaction_retries",
            "Retries of transactions after a conflict with another one",
            self.retries.clone(),
        );
        registry.register(
            "feed_position",
            "Number of the latest event that this process knows",
            self.feed_position.clone(),
        );
        registry.register(
            "outbox_rows",
            "Events in the outbox that have no sequence number yet",
            self.outbox_rows.clone(),
        );
        registry.register(
            "outbox_lag_seconds",
            "Age of the oldest event in the outbox",
            self.outbox_lag.clone(),
        );
        registry.register(
            "webhook_deliveries_pending",
            "Webhook deliveries that are not acknowledged yet",
            self.webhooks_pending.clone(),
        );
        registry.register(
            "webhook_lag_seconds",
            "Age of the oldest pending webhook delivery",
            self.webhooks_lag.clone(),
        );
        registry.register(
            "webhook_endpoints_disabled",
            "Webhook endpoints that are disabled",
            self.webhooks_disabled.clone(),
        );
    }

    fn register_awards(&self, registry: &mut Registry) {
        for (unit, awards) in Unit::ALL.into_iter().zip(&self.awards) {
            let (name, description) = unit.names();
            let awarded = format!("{description}, awarded or returned, by kind of the rule and track");
            registry.register(format!("{name}_awarded"), awarded, awards.awarded.clone());
            let taken_back = format!("{description}, reversed or spent, by kind of the rule and track");
            registry.register(format!("{name}_taken_back"), taken_back, awards.taken_back.clone());
        }
    }

    fn register_process(&self, registry: &mut Registry) {
        let build = Info::new(BuildLabels { version: env!("CARGO_PKG_VERSION") });
        let own = registry.sub_registry_with_prefix("partner_program");
        own.register("build", "Version of the server", build);
        own.register("uptime_seconds", "Time since the start", self.uptime.clone());
        let what = "Failures of background tasks, each followed by a restart";
        own.register("task_failures", what, self.task_failures.clone());
        let what = "Background tasks that have failed and did not recover yet";
        own.register("tasks_failing", what, self.tasks_failing.clone());
        if resident_memory().is_some() {
            let what = "Resident memory of the process";
            registry.register("process_resident_memory_bytes", what, self.memory.clone());
        }
    }
}

impl Metrics {
    /// All metrics as text; updates those that are only measured on demand.
    #[must_use]
    pub fn render(&self, pools: &[PoolState]) -> String {
        let inner = &self.0;
        inner.uptime.set(inner.started_at.elapsed().as_secs_f64());
        inner.memory.set(resident_memory().unwrap_or(0));
        for pool in pools {
            let labels = PoolLabels { pool: pool.name };
            let in_use = pool.size.saturating_sub(pool.idle);
            inner.pools.size.get_or_create(&labels).set(pool.size.into());
            inner.pools.idle.get_or_create(&labels).set(pool.idle.into());
            inner.pools.in_use.get_or_create(&labels).set(in_use.into());
            inner.pools.max.get_or_create(&labels).set(pool.max.into());
        }
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode_registry(&mut text, &inner.registry);
        if let Some(replica) = inner.replica.get() {
            let _ = encode_registry(&mut text, replica.registry());
        }
        let _ = encode_eof(&mut text);
        text
    }

    /// The metrics of a standby that reads go to, which are among the others from now on.
    #[must_use]
    pub fn with_replica(&self) -> ReplicaMetrics {
        self.0.replica.get_or_init(ReplicaMetrics::default).clone()
    }

    /// Counts a request as in flight; [`Metrics::request_ended`] follows.
    pub(super) fn request_started(&self) {
        self.0.in_flight.inc();
    }

    /// Counts a request that [`Metrics::observe`] has observed.
    pub(super) fn request_ended(
        &self,
        is_counted: bool,
        labels: DurationLabels,
        outcome: &'static str,
        time: Duration,
    ) {
        self.0.in_flight.dec();
        if is_counted {
            self.0.request_durations.get_or_create(&labels).observe(time.as_secs_f64());
            let DurationLabels { r#type, operation, transport } = labels;
            let labels = RequestLabels { r#type, operation, transport, outcome };
            self.0.requests.get_or_create(&labels).inc();
        }
    }

    /// Counts a refused mutation, by a code of the closed list.
    pub fn user_error(&self, code: &'static str) {
        self.0.user_errors.get_or_create(&CodeLabels { code }).inc();
    }

    /// Counts a request that was refused because it exceeded `limit`.
    pub fn rate_limited(&self, limit: &'static str) {
        self.0.rate_limited.get_or_create(&LimitLabels { limit }).inc();
    }

    /// Counts a request with invalid credentials.
    pub fn failed_login(&self) {
        self.0.failed_logins.inc();
    }

    /// Counts a connection as open until the result is dropped.
    #[must_use]
    pub fn connection_opened(&self) -> OpenConnection {
        self.0.connections.inc();
        OpenConnection(self.clone())
    }

    /// Counts a retry of a transaction.
    pub fn transaction_retried(&self) {
        self.0.retries.inc();
    }

    /// Counts the awards of a transaction after its commit.
    pub fn count_awards(&self, awards: PendingAwards) {
        for award in awards.0 {
            self.count_award(award);
        }
    }

    fn count_award(&self, award: Award) {
        let Award { unit, kind, track, amount } = award;
        let Awards { awarded, taken_back } = &self.0.awards[unit as usize];
        let family = if amount < 0 { taken_back } else { awarded };
        let labels = AwardLabels::new(unit, kind.as_deref(), track);
        family.get_or_create(&labels).inc_by(amount.unsigned_abs());
    }

    /// Starts the series of awards of a kind and track at zero: `increase()` does not see the first value of
    /// a series that did not exist before.
    pub fn start_awards(&self, unit: Unit, kind: Option<&str>, track: Option<&'static str>) {
        let labels = AwardLabels::new(unit, kind, track);
        let Awards { awarded, taken_back } = &self.0.awards[unit as usize];
        for family in [awarded, taken_back] {
            drop(family.get_or_create(&labels));
        }
    }

    /// Starts the series of a user error's code at zero.
    pub fn start_user_errors(&self, code: &'static str) {
        drop(self.0.user_errors.get_or_create(&CodeLabels { code }));
    }

    /// Starts the series of a background task at zero.
    pub fn task_started(&self, task: &'static str) {
        drop(self.0.task_failures.get_or_create(&TaskLabels { task }));
        self.task_recovered(task);
    }

    /// Counts a failure of a background task.
    pub fn task_failed(&self, task: &'static str) {
        self.0.task_failures.get_or_create(&TaskLabels { task }).inc();
        self.0.tasks_failing.get_or_create(&TaskLabels { task }).set(1);
    }

    /// Says that a background task runs.
    pub fn task_recovered(&self, task: &'static str) {
        self.0.tasks_failing.get_or_create(&TaskLabels { task }).set(0);
    }

    /// Sets the number of the latest event that this process knows.
    pub fn set_feed_position(&self, number: i64) {
        self.0.feed_position.set(number);
    }

    /// Sets the number of events without a sequence number, and the age of the oldest one.
    pub fn set_outbox_lag(&self, lag: Duration, rows: i64) {
        self.0.outbox_lag.set(lag.as_secs_f64());
        self.0.outbox_rows.set(rows);
    }

    /// Sets the number of pending deliveries, the age of the oldest one, and the number of disabled
    /// endpoints.
    pub fn set_webhook_backlog(&self, pending: i64, lag: Duration, disabled: i64) {
        self.0.webhooks_pending.set(pending);
        self.0.webhooks_lag.set(lag.as_secs_f64());
        self.0.webhooks_disabled.set(disabled);
    }
}

/// An open connection, counted until it is dropped.
#[derive(Debug)]
pub struct OpenConnection(Metrics);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.0.connections.dec();
    }
}

/// Resident memory of this process, in bytes, where the system reports it.
fn resident_memory() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = resident.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}
