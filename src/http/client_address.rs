//! The address of a client: the peer of its connection, or what trusted proxies forward.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{Extensions, HeaderMap, HeaderName};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The peer address of a request's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

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
pub(super) fn client_network(address: IpAddr) -> IpAddr {
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
