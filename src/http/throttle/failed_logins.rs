//! Failed logins, counted by client address.
//!
//! Keys are too long to be guessed, so this protects resources rather than secrets: looking a key up and
//! checking a signature cost more than counting.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::http::header::AUTHORIZATION;
use axum::http::{Extensions, HeaderMap};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use quick_cache::sync::Cache;

use super::{LimitExceeded, RateLimited};
use crate::http::client_address::{client_address, client_network};

/// Maximum number of addresses whose failures are tracked; the least recently used is evicted first.
const ADDRESSES_MAX: usize = 10_000;

struct Address {
    bucket: DefaultDirectRateLimiter,
    /// Nanoseconds after `FailedLogins::started_at` until which requests are refused.
    blocked_until: AtomicU64,
}

/// Counts failures by address.
pub(in crate::http) struct FailedLogins {
    per_minute: u32,
    proxies: Vec<IpAddr>,
    addresses: Cache<IpAddr, Arc<Address>>,
    /// Whether any address was ever blocked: nearly always not, which saves the lookup.
    any_blocked: AtomicBool,
    started_at: Instant,
}

impl FailedLogins {
    pub(super) fn new(per_minute: u32, proxies: Vec<IpAddr>) -> Self {
        Self {
            per_minute,
            proxies,
            addresses: Cache::new(ADDRESSES_MAX),
            any_blocked: AtomicBool::new(false),
            started_at: Instant::now(),
        }
    }

    /// Refuses an address that has failed too often, even with valid credentials.
    pub(in crate::http) fn check(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<(), RateLimited> {
        if !self.any_blocked.load(Ordering::Relaxed) {
            return Ok(());
        }
        let address = client_address(headers, extensions, &self.proxies);
        let Some(address) = address.and_then(|it| self.addresses.get(&client_network(it))) else {
            return Ok(());
        };
        let until = Duration::from_nanos(address.blocked_until.load(Ordering::Relaxed));
        match until.checked_sub(self.started_at.elapsed()) {
            None | Some(Duration::ZERO) => Ok(()),
            Some(retry_after) => {
                Err(RateLimited { limit: LimitExceeded::FailedLogins(self.per_minute), retry_after })
            }
        }
    }

    /// Counts a failure, unless the request had no credentials: those cost nothing to check.
    pub(in crate::http) fn record_failure(&self, headers: &HeaderMap, extensions: &Extensions) {
        let Some(per_minute) = NonZeroU32::new(self.per_minute) else { return };
        if !headers.contains_key(AUTHORIZATION) {
            return;
        }
        let Some(address) = client_address(headers, extensions, &self.proxies) else { return };
        let found = self.addresses.get_or_insert_with(&client_network(address), || {
            let bucket = RateLimiter::direct(Quota::per_minute(per_minute));
            Ok::<_, std::convert::Infallible>(Arc::new(Address { bucket, blocked_until: AtomicU64::new(0) }))
        });
        let Ok(found) = found;
        if let Err(not_until) = found.bucket.check() {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let until = u64::try_from((self.started_at.elapsed() + wait).as_nanos()).unwrap_or(u64::MAX);
            found.blocked_until.store(until, Ordering::Relaxed);
            if !self.any_blocked.swap(true, Ordering::Relaxed) {
                tracing::warn!(%address, "address blocked for too many failed logins");
            }
        }
    }
}
