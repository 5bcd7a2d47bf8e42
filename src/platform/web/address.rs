//! Where a request comes from: the peer, or what a trusted proxy says of it (security: headers of
//! anybody else are lies until proved).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;
use ipnet::IpNet;

use super::Web;

/// The address a limit counts by. Of IPv6 it is the /64, which is what one household or host has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl<S> FromRequestParts<S> for ClientAddress
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(household(origin_of(parts, &Web::from_ref(state)))))
    }
}

/// What ranges of addresses are called.
#[derive(Debug, Default)]
pub struct NamedNetworks(pub Vec<(String, IpNet)>);

impl NamedNetworks {
    /// The name of the place a request comes from: that of the narrowest range it lies in, if any.
    pub(super) fn of(&self, parts: &Parts, web: &Web) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        self.named(origin_of(parts, web)).map(str::to_owned)
    }

    fn named(&self, address: IpAddr) -> Option<&str> {
        let around = self.0.iter().filter(|(_, range)| range.contains(&address));
        let narrowest = around.max_by_key(|(_, range)| range.prefix_len());
        narrowest.map(|(name, _)| name.as_str())
    }
}

fn origin_of(parts: &Parts, web: &Web) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |info| info.0.ip());
    origin(peer.to_canonical(), &parts.headers, &web.trusted_proxies)
}

/// Walks the chain of proxies from the nearest outwards and stops at the first that is not trusted.
fn origin(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let hops = forwarded(headers);
    hops.iter()
        .rev()
        .copied()
        .find(|hop| !is_trusted(hop))
        .or(hops.first().copied())
        .unwrap_or(peer)
}

/// `Forwarded: for=…` (RFC 7239) or `X-Forwarded-For`. A proxy writes one of them and passes the other on
/// as the client sent it, so where there are both neither is believed. What is not an address ends the
/// list towards us, since what stands before it cannot be attributed.
fn forwarded(headers: &HeaderMap) -> Vec<IpAddr> {
    let lines = |name: &str| {
        let lines = headers
            .get_all(name)
            .iter()
            .filter_map(|line| line.to_str().ok());
        lines
            .flat_map(|line| line.split(','))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (standard, older) = (lines("forwarded"), lines("x-forwarded-for"));
    if !standard.is_empty() && !older.is_empty() {
        return Vec::new();
    }
    let standard = standard.iter().map(|item| forwarded_for(item));
    let hops: Vec<_> = standard
        .chain(older.iter().map(|item| node(item)))
        .collect();
    let known = hops
        .iter()
        .rposition(Option::is_none)
        .map_or(0, |unknown| unknown + 1);
    hops.into_iter().skip(known).flatten().collect()
}

fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| node(value))?
    })
}

/// An address with or without port, brackets and quotes.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port)
        .or_else(bracketed)
        .map(|address: IpAddr| address.to_canonical())
}

fn household(address: IpAddr) -> IpAddr {
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
    fn a_stranger_is_not_believed() {
        let said = headers(&[("x-forwarded-for", "10.0.0.1")]);
        assert_eq!(
            origin(address("203.0.113.9"), &said, &[]),
            address("203.0.113.9")
        );
    }

    #[test]
    fn the_first_untrusted_hop_counts_and_what_it_claims_does_not() {
        let trusted = ["192.0.2.0/24".parse().unwrap()];
        let said = headers(&[("x-forwarded-for", "10.6.6.6, 203.0.113.9, 192.0.2.7")]);
        assert_eq!(
            origin(address("192.0.2.1"), &said, &trusted),
            address("203.0.113.9")
        );
        let said = headers(&[(
            "forwarded",
            "for=evil, for=\"[2001:db8::1]:80\";proto=https",
        )]);
        assert_eq!(
            origin(address("192.0.2.1"), &said, &trusted),
            address("2001:db8::1")
        );
        let said = headers(&[("x-forwarded-for", "nonsense")]);
        assert_eq!(
            origin(address("192.0.2.1"), &said, &trusted),
            address("192.0.2.1")
        );
    }

    /// A proxy writes one of the two and passes the other on as the client sent it: nobody can tell which.
    #[test]
    fn two_kinds_of_header_at_once_are_not_believed() {
        let trusted = ["192.0.2.0/24".parse().unwrap()];
        let said = headers(&[
            ("forwarded", "for=198.51.100.7"),
            ("x-forwarded-for", "203.0.113.9"),
        ]);
        assert_eq!(
            origin(address("192.0.2.1"), &said, &trusted),
            address("192.0.2.1")
        );
    }
}
