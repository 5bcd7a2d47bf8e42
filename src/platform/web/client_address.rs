//! The client's IP address: that of the connection, or the one a trusted proxy names.
//!
//! Security: any client can send `Forwarded` and `X-Forwarded-For`, so these headers count only when
//! the connection comes from a network in `PROFILES_TRUSTED_PROXIES`.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Once;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;
use ipnet::IpNet;

use super::Web;

/// RFC 7239, and what proxies sent before it.
const FORWARDING_HEADERS: [&str; 2] = ["forwarded", "x-forwarded-for"];

/// The address that rate limits count by. IPv6 addresses are cut to their /64, because one host or
/// household usually has a whole /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl<S> FromRequestParts<S> for ClientAddress
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(network_of(client_ip(parts, &Web::from_ref(state)))))
    }
}

/// The names of address ranges (`PROFILES_PLACES`), shown to people beside their sessions.
#[derive(Debug, Default)]
pub struct NamedNetworks(pub Vec<(String, IpNet)>);

impl NamedNetworks {
    /// The name of the narrowest range that contains the client's address.
    pub(super) fn find_name(&self, parts: &Parts, web: &Web) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        self.narrowest(client_ip(parts, web)).map(str::to_owned)
    }

    fn narrowest(&self, address: IpAddr) -> Option<&str> {
        let containing = self.0.iter().filter(|(_, range)| range.contains(&address));
        let narrowest = containing.max_by_key(|(_, range)| range.prefix_len());
        narrowest.map(|(name, _)| name.as_str())
    }
}

fn client_ip(parts: &Parts, web: &Web) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |info| info.0.ip());
    resolve_client(peer.to_canonical(), &parts.headers, &web.trusted_proxies)
}

/// Walks the proxy chain from the nearest hop outwards and returns the first address that is not a
/// trusted proxy.
fn resolve_client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        warn_of_unknown_proxy(peer, headers);
        return peer;
    }
    let hops = forwarded_hops(headers);
    hops.iter()
        .rev()
        .copied()
        .find(|hop| !is_trusted(hop))
        .or(hops.first().copied())
        .unwrap_or(peer)
}

/// Warns once if a machine of the own network sends a forwarding header and is not trusted: it is probably
/// the campus' proxy. Strangers can send such headers, too, so their addresses are not logged.
fn warn_of_unknown_proxy(peer: IpAddr, headers: &HeaderMap) {
    static WARNED: Once = Once::new();
    let is_own_network = match peer {
        IpAddr::V4(peer) => peer.is_private() || peer.is_loopback(),
        IpAddr::V6(peer) => peer.is_unique_local() || peer.is_loopback(),
    };
    let is_forwarded = FORWARDING_HEADERS
        .iter()
        .any(|name| headers.contains_key(*name));
    if is_own_network && is_forwarded {
        WARNED.call_once(|| {
            tracing::warn!(
                %peer,
                "a proxy that is not trusted forwards requests, so all its visitors count as one for rate \
                 limits. If it is yours, add its address to PROFILES_TRUSTED_PROXIES"
            );
        });
    }
}

/// The addresses in `Forwarded: for=…` (RFC 7239) or `X-Forwarded-For`, in the order of the header.
///
/// A proxy writes one of the two headers and passes the other on as the client sent it. A request with
/// both is therefore ambiguous, and neither is used. Entries before one that is not an IP address are
/// dropped, because no trusted proxy vouches for them.
fn forwarded_hops(headers: &HeaderMap) -> Vec<IpAddr> {
    // A client may send bytes that are not ASCII; they must not void what the proxy adds to the line.
    let lines = |name: &str| {
        let lines = headers.get_all(name).iter();
        lines
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
            .map(|item| String::from_utf8_lossy(item).into_owned())
            .collect::<Vec<_>>()
    };
    let [standard, older] = FORWARDING_HEADERS.map(lines);
    if !standard.is_empty() && !older.is_empty() {
        return Vec::new();
    }
    let standard = standard.iter().map(|item| parse_forwarded(item));
    let hops: Vec<_> = standard
        .chain(older.iter().map(|item| parse_node(item)))
        .collect();
    let known = hops
        .iter()
        .rposition(Option::is_none)
        .map_or(0, |unknown| unknown + 1);
    hops.into_iter().skip(known).flatten().collect()
}

fn parse_forwarded(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| parse_node(value))?
    })
}

/// Parses an address with or without port, brackets and quotes (RFC 7239 §6).
fn parse_node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port)
        .or_else(bracketed)
        .map(|address: IpAddr| address.to_canonical())
}

/// The network that an address is counted by: its /64 for IPv6, itself otherwise.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
            address.to_bits() & !u128::from(u64::MAX),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn headers_of_an_untrusted_peer_are_ignored() {
        let headers_sent = headers(&[("x-forwarded-for", "10.0.0.1")]);
        assert_eq!(
            resolve_client(address("203.0.113.9"), &headers_sent, &[]),
            address("203.0.113.9")
        );
    }

    #[test]
    fn the_nearest_untrusted_hop_is_the_client() {
        let trusted = ["192.0.2.0/24".parse().unwrap()];
        let headers_sent = headers(&[("x-forwarded-for", "10.6.6.6, 203.0.113.9, 192.0.2.7")]);
        assert_eq!(
            resolve_client(address("192.0.2.1"), &headers_sent, &trusted),
            address("203.0.113.9")
        );
        let headers_sent = headers(&[(
            "forwarded",
            "for=evil, for=\"[2001:db8::1]:80\";proto=https",
        )]);
        assert_eq!(
            resolve_client(address("192.0.2.1"), &headers_sent, &trusted),
            address("2001:db8::1")
        );
        let headers_sent = headers(&[("x-forwarded-for", "nonsense")]);
        assert_eq!(
            resolve_client(address("192.0.2.1"), &headers_sent, &trusted),
            address("192.0.2.1")
        );
    }

    #[test]
    fn foreign_bytes_of_a_client_do_not_hide_its_address() {
        let trusted = ["192.0.2.0/24".parse().unwrap()];
        for (name, line) in [
            ("x-forwarded-for", &b"caf\xe9, 203.0.113.9"[..]),
            ("forwarded", b"for=\xc3\xa9, for=203.0.113.9"),
        ] {
            let line = http::HeaderValue::from_bytes(line).unwrap();
            let headers_sent = HeaderMap::from_iter([(name.parse().unwrap(), line)]);
            assert_eq!(
                resolve_client(address("192.0.2.1"), &headers_sent, &trusted),
                address("203.0.113.9")
            );
        }
    }

    #[test]
    fn a_request_with_both_headers_is_attributed_to_the_proxy() {
        let trusted = ["192.0.2.0/24".parse().unwrap()];
        let headers_sent = headers(&[
            ("forwarded", "for=198.51.100.7"),
            ("x-forwarded-for", "203.0.113.9"),
        ]);
        assert_eq!(
            resolve_client(address("192.0.2.1"), &headers_sent, &trusted),
            address("192.0.2.1")
        );
    }
}
