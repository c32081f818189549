//! How much one caller may ask for, and how often one address may fail to say who it is.
//!
//! A caller has a bucket of cost points that fills again at an even rate, and a number of operations
//! that may run at once. Both are counted in this process alone.

mod logins;

use std::convert::Infallible;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use logins::FailedLogins;
pub use logins::client_address;

/// What is left of a caller's points, as the IETF's draft has it (draft-ietf-httpapi-ratelimit-headers).
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// How many points a caller has, as the IETF's draft has it.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The time in which an empty bucket fills, in seconds.
const WINDOW_SECONDS: u32 = 60;
/// Callers whose use is remembered; whoever was away the longest is forgotten first.
const CALLERS_MAX: usize = 100_000;
/// How long to stay away after having waited in vain for other operations of the same caller to end.
const BUSY_RETRY: Duration = Duration::from_secs(1);

/// How much one caller or one address may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Cost points of a caller per minute, all of which may be spent at once; 0 for no limit.
    pub points_per_minute: u32,
    /// Most operations of a caller at once; further ones wait for their turn.
    pub operations_max: u32,
    /// Most WebSockets and event streams of a caller at once.
    pub streams_max: u32,
    /// Wrong credentials of one address per minute; 0 for no limit.
    pub failed_logins_per_minute: u32,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub proxies: Vec<IpAddr>,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            points_per_minute: 600_000,
            operations_max: 100,
            streams_max: 1_000,
            failed_logins_per_minute: 600,
            proxies: Vec::new(),
        }
    }
}

/// Who is counted as one caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallerKey(u128);

impl CallerKey {
    /// The caller with a number of its own, such as the id of its key.
    #[must_use]
    pub const fn new(id: u128) -> Self {
        Self(id)
    }

    /// The caller with a name of any length, such as issuer and subject of its token.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(name).into();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        Self(u128::from_be_bytes(first))
    }
}

/// Why a caller has to wait, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What there was too much of.
    pub of: Excess,
    /// How long, at least.
    pub retry_after: Duration,
}

/// What there can be too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Cost points in a minute: this many are allowed.
    Points(u32),
    /// Operations at once: this many are allowed.
    Operations(u32),
    /// WebSockets and event streams at once: this many are allowed.
    Streams(u32),
    /// Wrong credentials of an address in a minute: this many are allowed.
    FailedLogins(u32),
}

impl Excess {
    /// The name of the limit, for metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Points(_) => "points",
            Self::Operations(_) => "operations",
            Self::FailedLogins(_) => "failed_logins",
            Self::Streams(_) => "streams",
        }
    }
}

impl std::fmt::Display for Excess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Points(max) => write!(f, "This key has spent its {max} cost points per minute"),
            Self::Operations(max) => write!(f, "This key has {max} operations running, which is the most"),
            Self::Streams(max) => {
                write!(f, "This key has {max} WebSockets and event streams open, which is the most")
            }
            Self::FailedLogins(max) => {
                write!(f, "From this address came more than {max} wrong credentials in a minute")
            }
        }
    }
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

struct Caller {
    /// Places for operations that run.
    places: Arc<Semaphore>,
    /// Places for WebSockets and event streams.
    streams: Arc<Semaphore>,
    bucket: Option<Bucket>,
}

/// Counts what callers ask for.
pub struct Throttle {
    quotas: Quotas,
    quota: Option<Quota>,
    policy: Option<HeaderValue>,
    callers: Cache<CallerKey, Arc<Caller>>,
    /// Those who fail to say who they are.
    pub(super) logins: FailedLogins,
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new(Quotas::default())
    }
}

impl Throttle {
    /// Counts against these quotas.
    #[must_use]
    pub fn new(quotas: Quotas) -> Self {
        let points = NonZeroU32::new(quotas.points_per_minute);
        let policy = points.map(|points| format!("\"default\";q={points};w={WINDOW_SECONDS}"));
        Self {
            quota: points.map(Quota::per_minute),
            policy: policy.and_then(|policy| HeaderValue::try_from(policy).ok()),
            callers: Cache::new(CALLERS_MAX),
            logins: FailedLogins::new(quotas.failed_logins_per_minute, quotas.proxies.clone()),
            quotas,
        }
    }

    /// Lets a request of a caller in, for the price of one point. While the caller has too many
    /// operations running, the request waits, which takes no more memory than its headers.
    ///
    /// # Errors
    /// When the caller has no points left, or its operations did not end within `patience`.
    pub async fn enter(&self, key: CallerKey, patience: Duration) -> Result<Visit<'_>, Wait> {
        let places = self.quotas.operations_max;
        let caller = self.caller(key);
        let free = Arc::clone(&caller.places).try_acquire_owned();
        let place = if let Ok(place) = free {
            place
        } else {
            let waiting = Arc::clone(&caller.places).acquire_owned();
            let place = tokio::time::timeout(patience, waiting).await.ok().and_then(Result::ok);
            place.ok_or(Wait { of: Excess::Operations(places), retry_after: BUSY_RETRY })?
        };
        let mut visit = Visit { throttle: self, caller, place: Arc::new(place), budget: None };
        visit.pay(1)?;
        Ok(visit)
    }

    /// Lets a caller open one more WebSocket or event stream, which counts until the place is dropped.
    ///
    /// # Errors
    /// When the caller has too many.
    pub fn enter_stream(&self, key: CallerKey) -> Result<Place, Wait> {
        let streams = Arc::clone(&self.caller(key).streams).try_acquire_owned();
        streams.map_err(|_| Wait { of: Excess::Streams(self.quotas.streams_max), retry_after: BUSY_RETRY })
    }

    fn caller(&self, key: CallerKey) -> Arc<Caller> {
        let places = |max: u32| {
            let max = usize::try_from(max).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
            Arc::new(Semaphore::new(max))
        };
        let caller = self.callers.get_or_insert_with(&key, || {
            let bucket = self.quota.map(RateLimiter::direct);
            let bucket = bucket.map(RateLimiter::with_middleware::<StateInformationMiddleware>);
            let Quotas { operations_max, streams_max, .. } = self.quotas;
            let (places, streams) = (places(operations_max), places(streams_max));
            Ok::<_, Infallible>(Arc::new(Caller { places, streams, bucket }))
        });
        let Ok(caller) = caller;
        caller
    }

    /// Says in an answer that there is no point left.
    pub(super) fn write_exhausted(&self, wait: Wait, headers: &mut HeaderMap) {
        if let (Some(policy), Excess::Points(_)) = (&self.policy, wait.of) {
            let budget = Budget { left: 0, reset_seconds: seconds(wait.retry_after) };
            headers.insert(RATE_LIMIT_POLICY, policy.clone());
            budget.write(headers);
        }
    }
}

/// A request that was let in.
pub struct Visit<'t> {
    throttle: &'t Throttle,
    caller: Arc<Caller>,
    place: Arc<Place>,
    budget: Option<Budget>,
}

impl Visit<'_> {
    /// Takes the price of a request, for which one point was paid already, from what the caller has
    /// left. What costs more than a caller can ever have costs all of it.
    ///
    /// # Errors
    /// When there are too few points, and how long it takes until there are enough.
    pub fn pay_price(&mut self, price: u64) -> Result<(), Wait> {
        let Some(quota) = self.throttle.quota else { return Ok(()) };
        let rest = price.min(quota.burst_size().get().into()).saturating_sub(1);
        let paid = self.pay(u32::try_from(rest).unwrap_or(u32::MAX));
        // The point that was paid is lost, and has to be paid again.
        let again = quota.replenish_interval();
        paid.map_err(|wait| Wait { retry_after: wait.retry_after + again, ..wait })
    }

    /// Takes points from what the caller has left, no more than a caller can have.
    ///
    /// # Errors
    /// When there are fewer; none are taken then.
    pub fn pay(&mut self, points: u32) -> Result<(), Wait> {
        let (Some(bucket), Some(quota)) = (&self.caller.bucket, self.throttle.quota) else { return Ok(()) };
        let Some(points) = NonZeroU32::new(points) else { return Ok(()) };
        let max = quota.burst_size();
        // The inner result alone can fail: there are never more points than the bucket holds.
        let Ok(paid) = bucket.check_n(points.min(max)) else { return Ok(()) };
        match paid {
            Ok(state) => {
                let left = state.remaining_burst_capacity();
                let spent = u64::from(max.get().saturating_sub(left));
                let seconds = (spent * u64::from(WINDOW_SECONDS)).div_ceil(u64::from(max.get()));
                self.budget = Some(Budget { left, reset_seconds: seconds });
                Ok(())
            }
            Err(not_until) => {
                let of = Excess::Points(self.throttle.quotas.points_per_minute);
                let retry_after = not_until.wait_time_from(DefaultClock::default().now());
                Err(Wait { of, retry_after })
            }
        }
    }

    /// What counts the operation as running; an operation that outlives its request keeps it.
    #[must_use]
    pub fn place(&self) -> Arc<Place> {
        Arc::clone(&self.place)
    }

    /// Says in an answer what is left.
    pub fn write(&self, headers: &mut HeaderMap) {
        if let (Some(policy), Some(budget)) = (&self.throttle.policy, &self.budget) {
            headers.insert(RATE_LIMIT_POLICY, policy.clone());
            budget.write(headers);
        }
    }
}

/// What counts as one of the operations that a caller has running, or of its streams, until it is dropped.
pub type Place = OwnedSemaphorePermit;

#[derive(Clone, Copy)]
struct Budget {
    left: u32,
    reset_seconds: u64,
}

impl Budget {
    fn write(self, headers: &mut HeaderMap) {
        let Self { left, reset_seconds } = self;
        if let Ok(value) = HeaderValue::try_from(format!("\"default\";r={left};t={reset_seconds}")) {
            headers.insert(RATE_LIMIT, value);
        }
    }
}

/// Whole seconds, rounded up: who waits that long has waited long enough.
pub(super) fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
