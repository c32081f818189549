//! Wrong credentials, counted by the address that they come from.
//!
//! Keys are too long to be guessed, so this saves work rather than secrets: looking a key up and
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

use super::{Excess, Wait};
use crate::http::connections::Peer;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Addresses whose failures are remembered; whoever was away the longest is forgotten first.
const ADDRESSES_MAX: usize = 10_000;

struct Address {
    bucket: DefaultDirectRateLimiter,
    /// Nanoseconds after `FailedLogins::began` before which nobody is heard.
    closed_until: AtomicU64,
}

/// Counts failures by address.
pub(in crate::http) struct FailedLogins {
    per_minute: u32,
    proxies: Vec<IpAddr>,
    addresses: Cache<IpAddr, Arc<Address>>,
    /// Whether any address was ever closed: nearly always not, and then there is nothing to look up.
    closed: AtomicBool,
    began: Instant,
}

impl FailedLogins {
    pub(super) fn new(per_minute: u32, proxies: Vec<IpAddr>) -> Self {
        Self {
            per_minute,
            proxies,
            addresses: Cache::new(ADDRESSES_MAX),
            closed: AtomicBool::new(false),
            began: Instant::now(),
        }
    }

    /// Refuses to hear an address that has failed too often, whatever it says now.
    pub(in crate::http) fn check(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<(), Wait> {
        if !self.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let address = client_address(headers, extensions, &self.proxies);
        let Some(address) = address.and_then(|it| self.addresses.get(&network(it))) else { return Ok(()) };
        let until = Duration::from_nanos(address.closed_until.load(Ordering::Relaxed));
        match until.checked_sub(self.began.elapsed()) {
            None | Some(Duration::ZERO) => Ok(()),
            Some(retry_after) => Err(Wait { of: Excess::FailedLogins(self.per_minute), retry_after }),
        }
    }

    /// Counts a failure, unless nothing was tried: to ask without credentials costs nothing.
    pub(in crate::http) fn failed(&self, headers: &HeaderMap, extensions: &Extensions) {
        let Some(per_minute) = NonZeroU32::new(self.per_minute) else { return };
        if !headers.contains_key(AUTHORIZATION) {
            return;
        }
        let Some(address) = client_address(headers, extensions, &self.proxies) else { return };
        let found = self.addresses.get_or_insert_with(&network(address), || {
            let bucket = RateLimiter::direct(Quota::per_minute(per_minute));
            Ok::<_, std::convert::Infallible>(Arc::new(Address { bucket, closed_until: AtomicU64::new(0) }))
        });
        let Ok(found) = found;
        if let Err(not_until) = found.bucket.check() {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let until = u64::try_from((self.began.elapsed() + wait).as_nanos()).unwrap_or(u64::MAX);
            found.closed_until.store(until, Ordering::Relaxed);
            if !self.closed.swap(true, Ordering::Relaxed) {
                tracing::warn!(%address, "wrong credentials are counted: an address has too many");
            }
        }
    }
}

/// Where a request comes from: the other end of its connection or, behind proxies that are trusted,
/// the last address that they did not add themselves.
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
        // Behind what can't be read, anything could have been made up.
        let Ok(address) = address.parse::<IpAddr>() else { break };
        nearest = address.to_canonical();
        if !proxies.contains(&nearest) {
            break;
        }
    }
    Some(nearest)
}

/// What one client can have many addresses of: it gets at least 64 bits of IPv6 to itself.
fn network(address: IpAddr) -> IpAddr {
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
    fn addresses() {
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
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
