//! The connections that one client address may have.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::graphql::limits::{grouped, len_u64};
use crate::graphql::refusal::Code;
use crate::http::client_address::client_network;

/// Maximum time for a refused client to read the reason.
const REFUSAL_TIME_MAX: Duration = Duration::from_secs(1);
/// Maximum refused clients that may read the reason at a time; further ones are disconnected without it.
const REFUSALS_MAX: usize = 64;

/// Counts connections by client address.
#[derive(Debug)]
pub(super) struct Places {
    per_address_max: usize,
    /// Proxies, which connect for many clients.
    exempt: Vec<IpAddr>,
    taken: Mutex<HashMap<IpAddr, usize>>,
    refusal: Bytes,
    refusals: Arc<Semaphore>,
}

/// A connection's place among those of its address, until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Option<(Arc<Places>, IpAddr)>);

impl Places {
    pub(super) fn new(per_address_max: usize, exempt: Vec<IpAddr>) -> Arc<Self> {
        Arc::new(Self {
            per_address_max,
            exempt,
            taken: Mutex::default(),
            refusal: refusal(per_address_max),
            refusals: Arc::new(Semaphore::new(REFUSALS_MAX)),
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection of an address, unless the address has the maximum.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        if self.exempt.contains(&address) {
            return Some(Place(None));
        }
        let network = client_network(address);
        let mut taken = self.taken();
        let count = taken.entry(network).or_default();
        if *count >= self.per_address_max {
            return None;
        }
        *count += 1;
        Some(Place(Some((Arc::clone(self), network))))
    }

    /// Tells the client of a connection without a place why it is closed.
    pub(super) fn refuse(&self, mut stream: TcpStream) {
        let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() else { return };
        let response = self.refusal.clone();
        tokio::spawn(async move {
            let told = async {
                stream.write_all(&response).await?;
                stream.shutdown().await?;
                // Closing while the client is sending would discard the response.
                while stream.read(&mut [0; 1_024]).await? > 0 {}
                std::io::Result::Ok(())
            };
            // A client that has gone needs no reason.
            let _told = tokio::time::timeout(REFUSAL_TIME_MAX, told).await;
            drop(permit);
        });
    }
}

/// An HTTP/1 response: which version the client speaks is not known before its request.
fn refusal(per_address_max: usize) -> Bytes {
    let message = format!(
        "Too many connections: a client address may have {} at a time; close some, or use one for more requests.",
        grouped(len_u64(per_address_max))
    );
    let code = Code::RateLimited.as_str();
    let body = json!({ "errors": [{ "message": message, "extensions": { "code": code } }] }).to_string();
    format!(
        "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json; charset=utf-8\r\n\
         Content-Length: {}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into()
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((places, network)) = &self.0 else { return };
        let mut taken = places.taken();
        if let Some(count) = taken.get_mut(network) {
            *count -= 1;
            if *count == 0 {
                taken.remove(network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_by_network_and_returned() {
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let places = Places::new(2, vec![address("10.0.0.1")]);
        let first = places.take(address("192.0.2.1"));
        let second = places.take(address("::ffff:192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(places.take(address("192.0.2.1")).is_none());
        assert!(places.take(address("192.0.2.2")).is_some());
        drop(first);
        let third = places.take(address("192.0.2.1"));
        assert!(third.is_some() && places.take(address("192.0.2.1")).is_none());
        // The addresses of one IPv6 network belong to one client.
        let six = ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(|it| places.take(address(it)));
        assert_eq!(six.each_ref().map(Option::is_some), [true, true, false]);
        let proxy: Vec<_> = (0..5).map(|_| places.take(address("10.0.0.1"))).collect();
        assert!(proxy.iter().all(Option::is_some));
        drop((second, third, six, proxy));
        assert!(places.taken().is_empty());
    }
}
