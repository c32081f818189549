//! Metrics of one application, in a registry of its own: several in one process do not mix.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::awards::{Award, Unit};
use super::labels::{
    AwardLabels, BuildLabels, CodeLabels, LimitLabels, PoolLabels, RequestLabels, TimeLabels, Transport,
};
use super::observed::Observed;

/// Upper bounds of the times that are told apart, in seconds.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

type Times = Family<TimeLabels, Histogram, fn() -> Histogram>;
type Seconds = Gauge<f64, AtomicU64>;

/// The metrics of one application; cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    since: Instant,
    requests: Family<RequestLabels, Counter>,
    seconds: Times,
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
    outbox_lag: Seconds,
    webhooks_pending: Gauge,
    webhooks_lag: Seconds,
    webhooks_disabled: Gauge,
    uptime: Seconds,
    memory: Gauge,
}

/// What changed one unit: upwards, and downwards because counters don't go back.
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

/// How a pool of connections to the database is used at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// Which pool.
    pub name: &'static str,
    /// Connections that are open.
    pub size: u32,
    /// Those among them that nobody uses.
    pub idle: u32,
    /// Most connections that may be open.
    pub max: u32,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut inner = Inner {
            registry: Registry::default(),
            since: Instant::now(),
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
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
            uptime: Gauge::default(),
            memory: Gauge::default(),
        };
        let mut registry = Registry::default();
        inner.register_requests(registry.sub_registry_with_prefix("partner_program"));
        inner.register_database(registry.sub_registry_with_prefix("partner_program"));
        inner.register_awards(registry.sub_registry_with_prefix("partner_program"));
        inner.register_process(&mut registry);
        inner.registry = registry;
        // What is counted from zero on shows the first increase as one.
        for limit in ["points", "operations", "failed_logins", "streams"] {
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
            "Time from a request's arrival to its answer",
            self.seconds.clone(),
        );
        registry.register("requests_in_flight", "GraphQL requests under way", self.in_flight.clone());
        registry.register(
            "user_errors",
            "Reasons for which mutations were refused, by code",
            self.user_errors.clone(),
        );
        registry.register(
            "rate_limited",
            "Requests that were turned away, by the limit that they met",
            self.rate_limited.clone(),
        );
        registry.register("failed_logins", "Requests with wrong credentials", self.failed_logins.clone());
        registry.register("connections_open", "Connections of clients", self.connections.clone());
    }

    fn register_database(&self, registry: &mut Registry) {
        let Pools { size, idle, in_use, max } = &self.pools;
        registry.register("db_pool_connections", "Connections to the database", size.clone());
        registry.register("db_pool_connections_idle", "Connections that nobody uses", idle.clone());
        registry.register("db_pool_connections_in_use", "Connections that are lent", in_use.clone());
        registry.register("db_pool_connections_max", "Most connections of the pool", max.clone());
        registry.register(
            "transaction_retries",
            "Transactions that were tried again because a rival got in their way",
            self.retries.clone(),
        );
        registry.register(
            "feed_position",
            "Number of the latest event that this process knows",
            self.feed_position.clone(),
        );
        registry.register(
            "outbox_rows",
            "Events that are written and have no number yet",
            self.outbox_rows.clone(),
        );
        registry.register(
            "outbox_lag_seconds",
            "Age of the oldest event that has no number yet",
            self.outbox_lag.clone(),
        );
        registry.register(
            "webhook_deliveries_pending",
            "Deliveries to webhook endpoints that were not taken yet",
            self.webhooks_pending.clone(),
        );
        registry.register(
            "webhook_lag_seconds",
            "Age of the oldest delivery that was not taken yet",
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
            let (name, words) = unit.names();
            let awarded = format!("{words} that were awarded or given back, by kind of the rule and track");
            registry.register(format!("{name}_awarded"), awarded, awards.awarded.clone());
            let taken_back = format!("{words} that were taken back or spent, by kind of the rule and track");
            registry.register(format!("{name}_taken_back"), taken_back, awards.taken_back.clone());
        }
    }

    fn register_process(&self, registry: &mut Registry) {
        let build = Info::new(BuildLabels { version: env!("CARGO_PKG_VERSION") });
        let own = registry.sub_registry_with_prefix("partner_program");
        own.register("build", "What runs", build);
        own.register("uptime_seconds", "Time since the start", self.uptime.clone());
        if memory().is_some() {
            let what = "Memory of the process that is in RAM";
            registry.register("process_resident_memory_bytes", what, self.memory.clone());
        }
    }
}

impl Metrics {
    /// All metrics as text, with what can only be told at the moment.
    #[must_use]
    pub fn text(&self, pools: &[PoolState]) -> String {
        let inner = &self.0;
        inner.uptime.set(inner.since.elapsed().as_secs_f64());
        inner.memory.set(memory().unwrap_or(0));
        for pool in pools {
            let labels = PoolLabels { pool: pool.name };
            let in_use = pool.size.saturating_sub(pool.idle);
            inner.pools.size.get_or_create(&labels).set(pool.size.into());
            inner.pools.idle.get_or_create(&labels).set(pool.idle.into());
            inner.pools.in_use.get_or_create(&labels).set(in_use.into());
            inner.pools.max.get_or_create(&labels).set(pool.max.into());
        }
        let mut text = String::new();
        // To write into a text can't fail.
        let _ = encode(&mut text, &inner.registry);
        text
    }

    /// A request has arrived; it is counted when the result is dropped.
    #[must_use]
    pub fn observe(&self, transport: Transport) -> Observed {
        self.0.in_flight.inc();
        Observed::new(self.clone(), transport)
    }

    /// A request that is in the result of [`Metrics::observe`] has ended.
    pub(super) fn ended(&self, is_counted: bool, labels: TimeLabels, outcome: &'static str, time: Duration) {
        self.0.in_flight.dec();
        if is_counted {
            self.0.seconds.get_or_create(&labels).observe(time.as_secs_f64());
            let TimeLabels { r#type, operation, transport } = labels;
            let labels = RequestLabels { r#type, operation, transport, outcome };
            self.0.requests.get_or_create(&labels).inc();
        }
    }

    /// A mutation was refused, by a code of the closed list.
    pub fn user_error(&self, code: &'static str) {
        self.0.user_errors.get_or_create(&CodeLabels { code }).inc();
    }

    /// A request was turned away; `limit` is the name of what there was too much of.
    pub fn rate_limited(&self, limit: &'static str) {
        self.0.rate_limited.get_or_create(&LimitLabels { limit }).inc();
    }

    /// Somebody came with wrong credentials.
    pub fn failed_login(&self) {
        self.0.failed_logins.inc();
    }

    /// A connection was opened; it counts until the result is dropped.
    #[must_use]
    pub fn connection(&self) -> OpenConnection {
        self.0.connections.inc();
        OpenConnection(self.clone())
    }

    /// A transaction is tried again.
    pub fn retried(&self) {
        self.0.retries.inc();
    }

    /// An award was committed.
    pub(super) fn award(&self, award: Award) {
        let Award { unit, kind, track, amount } = award;
        let labels = AwardLabels {
            program: unit.program(),
            kind: kind.map_or_else(|| Arc::from("none"), Arc::from),
            track: track.unwrap_or("none"),
        };
        let Awards { awarded, taken_back } = &self.0.awards[unit as usize];
        let family = if amount < 0 { taken_back } else { awarded };
        family.get_or_create(&labels).inc_by(amount.unsigned_abs());
    }

    /// The latest event that this process knows has this number.
    pub fn feed_position(&self, number: i64) {
        self.0.feed_position.set(number);
    }

    /// So many events have no number yet, and the oldest one has waited that long.
    pub fn outbox_lag(&self, lag: Duration, rows: i64) {
        self.0.outbox_lag.set(lag.as_secs_f64());
        self.0.outbox_rows.set(rows);
    }

    /// So many deliveries were not taken yet, the oldest one for that long, and so many endpoints are
    /// disabled.
    pub fn webhooks(&self, pending: i64, lag: Duration, disabled: i64) {
        self.0.webhooks_pending.set(pending);
        self.0.webhooks_lag.set(lag.as_secs_f64());
        self.0.webhooks_disabled.set(disabled);
    }
}

/// A connection that counts until it is dropped.
#[derive(Debug)]
pub struct OpenConnection(Metrics);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.0.connections.dec();
    }
}

/// Memory of this process that is in RAM, in bytes, where the system tells.
fn memory() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = resident.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}
