//! Where a caller outside the suite comes from: the other end of its connection, or what a proxy of
//! ours says of it.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;

/// Set by proxies: a hop adds the address it was called from at the end.
const FORWARDED: &str = "x-forwarded-for";

/// The address of a caller. Only [`with_client_address`] puts it into a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// What one holder of a connection has, as bytes: a /24, or a /64 of IPv6.
    pub fn network(self) -> Vec<u8> {
        match self.0 {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                vec![4, a, b, c]
            }
            IpAddr::V6(address) => {
                let kept = address.octets().into_iter().take(8);
                [6].into_iter().chain(kept).collect()
            }
        }
    }
}

/// A network by its prefix: `10.0.0.0/8`, `2001:db8::/32`; one address without a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    base: IpAddr,
    /// Of the prefix.
    bits: u32,
}

/// Not an address, or not one with a length that it can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network such as 10.0.0.0/8")]
pub struct BadNetwork(String);

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let bad = || BadNetwork(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let base: IpAddr = address.parse().map_err(|_| bad())?;
        let longest = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(longest), str::parse).map_err(|_| bad())?;
        if bits > longest { Err(bad()) } else { Ok(Self { base, bits }) }
    }
}

impl TryFrom<String> for Network {
    type Error = BadNetwork;

    fn try_from(text: String) -> Result<Self, BadNetwork> {
        text.parse()
    }
}

impl Network {
    fn has(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let differ = u32::from(base) ^ u32::from(address);
                differ.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let differ = u128::from(base) ^ u128::from(address);
                differ.checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Proxies whose word on the caller's address counts.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[Network]>);

impl TrustedProxies {
    pub fn new(networks: &[Network]) -> Self {
        Self(networks.into())
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(address))
    }

    /// The caller's address: the last hop that is none of ours. `None` when it cannot be told: calls
    /// of this machine, of our proxies themselves, and from private networks while no proxy is
    /// named, because such a caller is most likely one.
    pub fn resolve(&self, peer: IpAddr, headers: &HeaderMap) -> Option<ClientAddress> {
        let mut address = peer.to_canonical();
        if self.has(address) {
            // By bytes: what a caller wrote before our proxies' part must not hide that part.
            let values = headers.get_all(FORWARDED).iter().rev();
            let hops = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
            for hop in hops {
                address = address_of(std::str::from_utf8(hop).ok()?)?;
                if !self.has(address) {
                    break;
                }
            }
        }
        let known = !self.has(address)
            && !address.is_loopback()
            && (!self.0.is_empty() || !is_private(address));
        known.then_some(ClientAddress(address))
    }
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
    hop.parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            // 100.64.0.0/10 is shared between the customers of a provider (RFC 6598 §7).
            let [first, second, ..] = address.octets();
            let shared = first == 100 && (64..128).contains(&second);
            address.is_private() || address.is_link_local() || shared
        }
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    }
}

/// Puts the [`ClientAddress`] into requests that carry the other end of their connection.
pub fn with_client_address(router: Router, proxies: TrustedProxies) -> Router {
    router.layer(from_fn_with_state(proxies, note))
}

async fn note(State(proxies): State<TrustedProxies>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    if let Some(address) = peer.and_then(|peer| proxies.resolve(peer, request.headers())) {
        request.extensions_mut().insert(address);
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(networks: &[&str]) -> TrustedProxies {
        let networks: Vec<Network> = networks.iter().map(|n| n.parse().unwrap()).collect();
        TrustedProxies::new(&networks)
    }

    fn resolved(proxies: &TrustedProxies, peer: &str, forwarded: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED, value.parse().unwrap());
        }
        proxies.resolve(peer.parse().unwrap(), &headers).map(|found| found.0.to_string())
    }

    #[test]
    fn who_is_no_proxy_of_ours_speaks_for_itself_only() {
        let ours = proxies(&["10.0.0.0/8"]);
        let found = |peer, forwarded: &[&str]| resolved(&ours, peer, forwarded);
        assert_eq!(found("198.51.100.7", &["203.0.113.9"]).unwrap(), "198.51.100.7");
        assert_eq!(found("10.1.2.3", &["203.0.113.9"]).unwrap(), "203.0.113.9");
    }

    #[test]
    fn of_many_hops_the_last_that_is_none_of_ours_counts() {
        let ours = proxies(&["10.0.0.0/8", "2001:db8:1::/48"]);
        let found = |forwarded: &[&str]| resolved(&ours, "10.1.2.3", forwarded);
        assert_eq!(found(&["192.0.2.1, 203.0.113.9, 10.9.9.9"]).unwrap(), "203.0.113.9");
        assert_eq!(found(&["192.0.2.1", "203.0.113.9,2001:db8:1::5"]).unwrap(), "203.0.113.9");
        assert_eq!(found(&["[2001:db8:2::1]:443"]).unwrap(), "2001:db8:2::1");
        assert_eq!(found(&["203.0.113.9:4711"]).unwrap(), "203.0.113.9");
        assert_eq!(found(&["::ffff:203.0.113.9"]).unwrap(), "203.0.113.9");
        assert_eq!(found(&["203.0.113.9, unknown"]), None, "nobody is guessed");
        assert_eq!(found(&[]), None, "a proxy of ours itself");
        let mut headers = HeaderMap::new();
        let bent = http::HeaderValue::from_bytes(b"\xc3\xa9\xff, 203.0.113.9").unwrap();
        headers.append(FORWARDED, bent);
        let found = ours.resolve("10.1.2.3".parse().unwrap(), &headers).unwrap();
        assert_eq!(found.0.to_string(), "203.0.113.9", "whatever the caller wrote before it");
    }

    #[test]
    fn a_private_caller_is_known_only_where_proxies_are_named() {
        for private in ["10.0.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "fe80::1"] {
            assert_eq!(resolved(&proxies(&[]), private, &[]), None, "{private}");
            assert!(resolved(&proxies(&["203.0.113.1"]), private, &[]).is_some(), "{private}");
        }
        assert_eq!(resolved(&proxies(&["203.0.113.1"]), "127.0.0.1", &[]), None, "this machine");
        assert!(resolved(&proxies(&[]), "198.51.100.7", &[]).is_some());
    }

    #[test]
    fn a_network_is_a_prefix_and_nothing_else() {
        for bad in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1", "x"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.has("203.0.113.9".parse().unwrap()) && !all.has("::1".parse().unwrap()));
        let one: Network = "203.0.113.9".parse().unwrap();
        assert!(!one.has("203.0.113.8".parse().unwrap()));
        let network = |text: &str| ClientAddress(text.parse().unwrap()).network();
        assert_eq!(network("203.0.113.9"), network("203.0.113.200"));
        assert_ne!(network("203.0.113.9"), network("203.0.114.9"));
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
    }
}
