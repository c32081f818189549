//! Requests of an address, where callers are not known.

use std::convert::Infallible;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Extensions, HeaderMap};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use quick_cache::sync::Cache;

use crate::http::client_address::{client_address, client_network};

/// Maximum number of addresses whose requests are tracked; the least recently used is evicted first.
const ADDRESSES_MAX: usize = 10_000;

/// A limit on the requests of an address per minute, which may be spent in one burst.
pub struct AddressLimit {
    quota: Option<Quota>,
    proxies: Vec<IpAddr>,
    addresses: Cache<IpAddr, Arc<DefaultDirectRateLimiter>>,
}

impl AddressLimit {
    /// A limit of so many requests, 0 for none, behind these proxies.
    #[must_use]
    pub fn new(per_minute: u32, proxies: Vec<IpAddr>) -> Self {
        let quota = NonZeroU32::new(per_minute).map(Quota::per_minute);
        Self { quota, proxies, addresses: Cache::new(ADDRESSES_MAX) }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// When the address has no requests left: the time until it has one.
    pub fn count(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<(), Duration> {
        let Some(quota) = self.quota else { return Ok(()) };
        let Some(address) = client_address(headers, extensions, &self.proxies) else { return Ok(()) };
        let found = self.addresses.get_or_insert_with(&client_network(address), || {
            Ok::<_, Infallible>(Arc::new(RateLimiter::direct(quota)))
        });
        let Ok(found) = found;
        found.check().map_err(|not_until| not_until.wait_time_from(DefaultClock::default().now()))
    }
}
