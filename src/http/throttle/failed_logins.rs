//! Failed logins, counted by client address.
//!
//! Keys are too long to be guessed, so this protects resources rather than secrets: looking a key up and
//! checking a signature cost more than counting.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::http::header::AUTHORIZATION;
use axum::http::{Extensions, HeaderMap, HeaderName};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use quick_cache::sync::Cache;

use super::{LimitExceeded, RateLimited};
use crate::http::connections::Peer;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

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

/// The client address of a request: the peer of its connection or, behind trusted proxies, the last
/// forwarded address that is not a proxy's.
#[must_use]
pub fn client_address(headers: &HeaderMap, extensions: &Extensions, proxies: &[IpAddr]) -> Option<IpAddr> {
    let peer = extensions.get::<Peer>()?.0.ip().to_canonical();
    if !proxies.contains(&peer) {
        return Some(peer);
    }
    let forwarded = headers.get_all(X_FORWARDED_FOR).into_iter().filter_map(|value| value.to_str().ok());
    let addresses: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut nearest = peer;
    for address in addresses.into_iter().rev() {
        // Addresses in front of an invalid one could be forged.
        let Ok(address) = address.parse::<IpAddr>() else { break };
        nearest = address.to_canonical();
        if !proxies.contains(&nearest) {
            break;
        }
    }
    Some(nearest)
}

/// The network of a client, which controls at least 64 bits of IPv6.
pub(in crate::http) fn client_network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let bits = address.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_addresses_behind_proxies() {
        let proxies: Vec<IpAddr> = ["10.0.0.1", "::1"].map(|it| it.parse().expect("an address")).to_vec();
        // other end, X-Forwarded-For, address
        for (peer, forwarded, expected) in [
            ("192.0.2.1:5", None, "192.0.2.1"),
            ("192.0.2.1:5", Some("198.51.100.7"), "192.0.2.1"),
            ("10.0.0.1:5", None, "10.0.0.1"),
            ("10.0.0.1:5", Some("198.51.100.7"), "198.51.100.7"),
            ("10.0.0.1:5", Some("1.1.1.1, 198.51.100.7"), "198.51.100.7"),
            ("10.0.0.1:5", Some("198.51.100.7, 10.0.0.1,::1"), "198.51.100.7"),
            ("10.0.0.1:5", Some("198.51.100.7, unknown"), "10.0.0.1"),
            ("10.0.0.1:5", Some("198.51.100.7, nonsense, 10.0.0.1"), "10.0.0.1"),
            ("[::1]:5", Some("2001:db8::7"), "2001:db8::7"),
            ("[::ffff:10.0.0.1]:5", Some("2001:db8::7"), "2001:db8::7"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(forwarded) = forwarded {
                headers.insert(X_FORWARDED_FOR, forwarded.parse().expect("a header value"));
            }
            let mut extensions = Extensions::new();
            extensions.insert(Peer(peer.parse().expect("an address and a port")));
            let found = client_address(&headers, &extensions, &proxies).expect("an address");
            assert_eq!(found.to_string(), expected, "{peer} {forwarded:?}");
        }
        assert_eq!(client_address(&HeaderMap::new(), &Extensions::new(), &proxies), None);
        let of = |text: &str| client_network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
