//! Who is asking: the address of the connection, or of the client that a trusted proxy names. And by which address they
//! know this server.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::header::HOST;
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

/// The server's own address to show in examples: as set, else as the client knows us.
pub fn server(public_url: Option<&str>, headers: &HeaderMap) -> String {
    let shown = |url: &&str| url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\<>&'".contains(&byte));
    let public_url = public_url.filter(shown).map(|url| url.trim_end_matches('/').to_owned());
    public_url.or_else(|| asked(headers)).unwrap_or_else(|| "http://localhost".to_owned())
}

/// The server's own address as the client of a request knows it, when the request names a host.
pub fn asked(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    host.filter(|host| !host.is_empty() && host.bytes().all(named)).map(|host| format!("http://{host}"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn examples_show_the_address_the_client_knows() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("photos.example:8080"));
        assert_eq!(server(None, &headers), "http://photos.example:8080");
        assert_eq!(server(Some("https://photos.example/"), &headers), "https://photos.example");
        headers.insert(HOST, HeaderValue::from_static("<script>"));
        assert_eq!(server(None, &headers), "http://localhost");
    }

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
