//! Who is asking: the address of the connection, or of the client that a trusted proxy names.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::{Extensions, HeaderMap, HeaderName};

/// The address at the other end of the connection; put into each request by the server.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The client's address. With a trusted header, its last entry counts: the one the proxy itself wrote.
pub fn client(headers: &HeaderMap, extensions: &Extensions, trusted: Option<&HeaderName>) -> IpAddr {
    let named = trusted.and_then(|name| headers.get_all(name).iter().next_back());
    let named = named.and_then(|value| value.to_str().ok()).and_then(last_address);
    let peer = || extensions.get::<Peer>().map(|peer| peer.0);
    named.or_else(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

fn last_address(list: &str) -> Option<IpAddr> {
    let last = list.rsplit(',').next()?.trim().trim_matches('"');
    let bare = last.strip_prefix('[').and_then(|six| six.split_once(']')).map_or(last, |(six, _)| six);
    // Some proxies write the port too.
    bare.parse().ok().or_else(|| bare.rsplit_once(':')?.0.parse::<Ipv4Addr>().ok().map(IpAddr::V4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_header_names_the_client_and_its_last_entry_counts() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "203.0.113.9, 198.51.100.7".parse().expect("a value"));
        let mut extensions = Extensions::new();
        extensions.insert(Peer(IpAddr::from([127, 0, 0, 1])));
        let header = HeaderName::from_static("x-forwarded-for");
        assert_eq!(client(&headers, &extensions, None), IpAddr::from([127, 0, 0, 1]));
        assert_eq!(client(&headers, &extensions, Some(&header)), IpAddr::from([198, 51, 100, 7]));
    }

    #[test]
    fn addresses_are_read_with_and_without_ports() {
        assert_eq!(last_address("10.0.0.1:80"), Some(IpAddr::from([10, 0, 0, 1])));
        assert_eq!(last_address("x, [2001:db8::1]:443"), "2001:db8::1".parse().ok());
        assert_eq!(last_address("2001:db8::1"), "2001:db8::1".parse().ok());
        assert_eq!((last_address(""), last_address("unknown")), (None, None));
    }
}
