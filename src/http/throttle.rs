//! Rate and concurrency limits of callers, and a limit on failed logins of an address.
//!
//! A caller has a token bucket of cost points, which refills at a constant rate, and a maximum number
//! of concurrent operations. Each process counts for itself.

mod addresses;
mod failed_logins;

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

use crate::graphql::limits::grouped;
pub use addresses::AddressLimit;
use failed_logins::FailedLogins;

/// The remaining points of a caller, by the IETF's draft (draft-ietf-httpapi-ratelimit-headers).
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The quota of a caller, by the IETF's draft.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The time in which an empty bucket refills, in seconds.
const WINDOW_SECONDS: u32 = 60;
/// Maximum number of callers whose usage is tracked; the least recently used is evicted first.
const CALLERS_MAX: usize = 100_000;
/// The `Retry-After` of a request that has waited in vain for another operation of its caller to end.
const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Quotas of a caller, and of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Cost points of a caller per minute, which may be spent in one burst; 0 for no limit.
    pub points_per_minute: u32,
    /// Maximum concurrent operations of a caller; further ones wait.
    pub operations_max: u32,
    /// Maximum open WebSockets and event streams of a caller.
    pub streams_max: u32,
    /// Failed logins of an address per minute; 0 for no limit.
    pub failed_logins_per_minute: u32,
    /// Proxies whose `X-Forwarded-For` is trusted.
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

/// The key under which a caller's usage is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallerKey(u128);

impl CallerKey {
    /// The key of a caller with a numeric id, such as that of its API key.
    #[must_use]
    pub const fn new(id: u128) -> Self {
        Self(id)
    }

    /// The key as bytes, which are the same in every process.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The key of a caller with a name of any length, such as the issuer and subject of its token.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(name).into();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        Self(u128::from_be_bytes(first))
    }
}

/// A limit that was exceeded, and when to retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimited {
    /// The limit.
    pub limit: LimitExceeded,
    /// Minimum delay before a retry.
    pub retry_after: Duration,
}

/// A limit of a caller or address, with its maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitExceeded {
    /// Cost points per minute.
    Points(u32),
    /// Concurrent operations.
    Operations(u32),
    /// Open WebSockets and event streams.
    Streams(u32),
    /// Failed logins of an address per minute.
    FailedLogins(u32),
}

impl LimitExceeded {
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

impl std::fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Points(max) => {
                let max = grouped(max.into());
                write!(f, "Rate limit exceeded: an API key has {max} cost points per minute")
            }
            Self::Operations(max) => {
                let max = grouped(max.into());
                write!(f, "Too many concurrent operations: an API key may run {max} at a time")
            }
            Self::Streams(max) => {
                let max = grouped(max.into());
                write!(f, "Too many open streams: an API key may have {max} WebSockets and event streams")
            }
            Self::FailedLogins(max) => {
                let max = grouped(max.into());
                write!(f, "Too many failed logins: an address may have {max} per minute")
            }
        }
    }
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

struct Caller {
    /// Permits for concurrent operations.
    permits: Arc<Semaphore>,
    /// Permits for WebSockets and event streams.
    streams: Arc<Semaphore>,
    bucket: Option<Bucket>,
}

/// Enforces the quotas of callers.
pub struct Throttle {
    quotas: Quotas,
    quota: Option<Quota>,
    policy: Option<HeaderValue>,
    callers: Cache<CallerKey, Arc<Caller>>,
    /// Failed logins by address.
    pub(super) failed_logins: FailedLogins,
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new(Quotas::default())
    }
}

impl Throttle {
    /// A throttle with these quotas.
    #[must_use]
    pub fn new(quotas: Quotas) -> Self {
        let points = NonZeroU32::new(quotas.points_per_minute);
        let policy = points.map(|points| format!("\"default\";q={points};w={WINDOW_SECONDS}"));
        Self {
            quota: points.map(Quota::per_minute),
            policy: policy.and_then(|policy| HeaderValue::try_from(policy).ok()),
            callers: Cache::new(CALLERS_MAX),
            failed_logins: FailedLogins::new(quotas.failed_logins_per_minute, quotas.proxies.clone()),
            quotas,
        }
    }

    /// Admits a request of a caller and charges one point. While the caller has too many concurrent
    /// operations, the request waits, which needs no more memory than its headers.
    ///
    /// # Errors
    /// When the caller has no points remaining, or its operations did not end within `max_wait`.
    pub async fn admit(&self, key: CallerKey, max_wait: Duration) -> Result<Admission<'_>, RateLimited> {
        let permits = self.quotas.operations_max;
        let caller = self.caller(key);
        let free = Arc::clone(&caller.permits).try_acquire_owned();
        let permit = if let Ok(permit) = free {
            permit
        } else {
            let waiting = Arc::clone(&caller.permits).acquire_owned();
            let permit = tokio::time::timeout(max_wait, waiting).await.ok().and_then(Result::ok);
            permit.ok_or(RateLimited {
                limit: LimitExceeded::Operations(permits),
                retry_after: BUSY_RETRY_AFTER,
            })?
        };
        let mut admission = Admission { throttle: self, caller, permit: Arc::new(permit), remaining: None };
        admission.charge(1)?;
        Ok(admission)
    }

    /// Admits one more WebSocket or event stream of a caller, which counts until the permit is dropped.
    ///
    /// # Errors
    /// When the caller has the maximum open.
    pub fn admit_stream(&self, key: CallerKey) -> Result<Permit, RateLimited> {
        let streams = Arc::clone(&self.caller(key).streams).try_acquire_owned();
        streams.map_err(|_| RateLimited {
            limit: LimitExceeded::Streams(self.quotas.streams_max),
            retry_after: BUSY_RETRY_AFTER,
        })
    }

    fn caller(&self, key: CallerKey) -> Arc<Caller> {
        let semaphore = |max: u32| {
            let max = usize::try_from(max).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
            Arc::new(Semaphore::new(max))
        };
        let caller = self.callers.get_or_insert_with(&key, || {
            let bucket = self.quota.map(RateLimiter::direct);
            let bucket = bucket.map(RateLimiter::with_middleware::<StateInformationMiddleware>);
            let Quotas { operations_max, streams_max, .. } = self.quotas;
            let (permits, streams) = (semaphore(operations_max), semaphore(streams_max));
            Ok::<_, Infallible>(Arc::new(Caller { permits, streams, bucket }))
        });
        let Ok(caller) = caller;
        caller
    }

    /// Writes rate limit headers that report no remaining points.
    pub(super) fn write_exhausted_headers(&self, wait: RateLimited, headers: &mut HeaderMap) {
        if let (Some(policy), LimitExceeded::Points(_)) = (&self.policy, wait.limit) {
            let remaining = RemainingPoints { points: 0, reset_seconds: ceil_seconds(wait.retry_after) };
            headers.insert(RATE_LIMIT_POLICY, policy.clone());
            remaining.write_header(headers);
        }
    }
}

/// An admitted request.
pub struct Admission<'t> {
    throttle: &'t Throttle,
    caller: Arc<Caller>,
    permit: Arc<Permit>,
    remaining: Option<RemainingPoints>,
}

impl Admission<'_> {
    /// Charges the cost of a request, of which admission has charged one point. A cost above the size of
    /// the bucket drains it.
    ///
    /// # Errors
    /// When too few points remain, with the time until there are enough.
    pub fn charge_cost(&mut self, cost: u64) -> Result<(), RateLimited> {
        let Some(quota) = self.throttle.quota else { return Ok(()) };
        let rest = cost.min(quota.burst_size().get().into()).saturating_sub(1);
        let paid = self.charge(u32::try_from(rest).unwrap_or(u32::MAX));
        // The point charged by admission is lost, and is charged again by the retry.
        let again = quota.replenish_interval();
        paid.map_err(|wait| RateLimited { retry_after: wait.retry_after + again, ..wait })
    }

    /// Charges points, at most the size of the bucket.
    ///
    /// # Errors
    /// When fewer remain; none are charged then.
    pub fn charge(&mut self, points: u32) -> Result<(), RateLimited> {
        let (Some(bucket), Some(quota)) = (&self.caller.bucket, self.throttle.quota) else { return Ok(()) };
        let Some(points) = NonZeroU32::new(points) else { return Ok(()) };
        let max = quota.burst_size();
        // Only the inner result can fail: the points never exceed the size of the bucket.
        let Ok(paid) = bucket.check_n(points.min(max)) else { return Ok(()) };
        match paid {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let spent = u64::from(max.get().saturating_sub(remaining));
                let seconds = (spent * u64::from(WINDOW_SECONDS)).div_ceil(u64::from(max.get()));
                self.remaining = Some(RemainingPoints { points: remaining, reset_seconds: seconds });
                Ok(())
            }
            Err(not_until) => {
                let limit = LimitExceeded::Points(self.throttle.quotas.points_per_minute);
                let retry_after = not_until.wait_time_from(DefaultClock::default().now());
                Err(RateLimited { limit, retry_after })
            }
        }
    }

    /// The permit that counts the operation as running; an operation that outlives its request holds it.
    #[must_use]
    pub fn permit(&self) -> Arc<Permit> {
        Arc::clone(&self.permit)
    }

    /// Writes the rate limit headers.
    pub fn write_headers(&self, headers: &mut HeaderMap) {
        if let (Some(policy), Some(remaining)) = (&self.throttle.policy, &self.remaining) {
            headers.insert(RATE_LIMIT_POLICY, policy.clone());
            remaining.write_header(headers);
        }
    }
}

/// A permit for one of a caller's concurrent operations or streams, until it is dropped.
pub type Permit = OwnedSemaphorePermit;

#[derive(Clone, Copy)]
struct RemainingPoints {
    points: u32,
    reset_seconds: u64,
}

impl RemainingPoints {
    fn write_header(self, headers: &mut HeaderMap) {
        let Self { points, reset_seconds } = self;
        if let Ok(value) = HeaderValue::try_from(format!("\"default\";r={points};t={reset_seconds}")) {
            headers.insert(RATE_LIMIT, value);
        }
    }
}

/// Whole seconds, rounded up, so that a client that waits for them has waited long enough.
pub(super) fn ceil_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
