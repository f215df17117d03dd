//! The way out to webhook receivers: connections go to checked addresses only.
//!
//! Addresses come from users. Looking a name up before the request would not be enough, for the connection would look it
//! up again; so the check sits in the resolver that the connection itself uses, and there is no other look-up. Addresses
//! written as numbers never reach a resolver and are checked beside it.

mod address;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use url::{Host, Url};

use crate::hook::Permission;
use address::{is_one_machine, is_public};

/// How much of an answer is kept.
const EXCERPT: usize = 1_024;
/// How long the body of an answer is listened to after its status has decided.
const LISTEN: Duration = Duration::from_secs(1);

/// Sends requests to the outside world.
pub(crate) struct Outbound {
    public: Client,
    private: Client,
    timeout: Duration,
}

/// A message on its way.
pub(crate) struct Letter<'a> {
    pub url: &'a str,
    pub headers: [(&'static str, String); 3],
    pub body: String,
}

/// What a receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub status: u16,
    pub excerpt: String,
}

/// Why no answer came; for the list of tries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutboundError {
    #[error("the address is not an http or https address")]
    NotWeb,
    #[error(
        "the address leads to a private or reserved network: the operator may allow it with atelier admin hook-host allow \
         HOST --private"
    )]
    Private,
    #[error("no answer within {0:?}")]
    TooLate(Duration),
    #[error("{0}")]
    Failed(String),
}

impl Outbound {
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(timeout: Duration) -> Result<Self, reqwest::Error> {
        let client = |allows| {
            Client::builder()
                .dns_resolver(Arc::new(Guard { allows }))
                .redirect(Policy::none())
                .no_proxy()
                .referer(false)
                // A kept connection would outlive a change of the allow list.
                .pool_max_idle_per_host(0)
                .connect_timeout(timeout)
                .timeout(timeout)
                .user_agent(concat!("Atelier/", env!("CARGO_PKG_VERSION")))
                .build()
        };
        Ok(Self { public: client(is_public)?, private: client(is_one_machine)?, timeout })
    }

    /// Posts a letter. Redirects are answers like any other.
    pub async fn post(&self, letter: Letter<'_>, permission: Permission) -> Result<Answer, OutboundError> {
        let url = Url::parse(letter.url).map_err(|_| OutboundError::NotWeb)?;
        let mut request = self
            .client(&url, permission)?
            .post(url.clone())
            .header("content-type", "application/json")
            .body(letter.body);
        for (name, value) in letter.headers {
            request = request.header(name, value);
        }
        let response = self.send(request).await?;
        let status = response.status().as_u16();
        let excerpt = tokio::time::timeout(LISTEN, excerpt(response)).await.unwrap_or_default();
        Ok(Answer { status, excerpt })
    }

    /// Asks for what lies at an address; the body is read by the caller. Redirects are answers like any other.
    pub async fn get(&self, url: &Url, permission: Permission) -> Result<Response, OutboundError> {
        self.send(self.client(url, permission)?.get(url.clone())).await
    }

    /// The client's own limit does not cover the look-up of the name on every path.
    async fn send(&self, request: RequestBuilder) -> Result<Response, OutboundError> {
        match tokio::time::timeout(self.timeout, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(self.told(&error)),
            Err(_) => Err(OutboundError::TooLate(self.timeout)),
        }
    }

    /// The client that may go to an address.
    fn client(&self, url: &Url, permission: Permission) -> Result<&Client, OutboundError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(OutboundError::NotWeb);
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(OutboundError::NotWeb),
        };
        let (client, allows): (_, fn(IpAddr) -> bool) =
            if permission.private { (&self.private, is_one_machine) } else { (&self.public, is_public) };
        if literal.is_some_and(|address| !allows(address)) {
            return Err(OutboundError::Private);
        }
        Ok(client)
    }

    fn told(&self, error: &reqwest::Error) -> OutboundError {
        if error.is_timeout() {
            return OutboundError::TooLate(self.timeout);
        }
        let mut source = std::error::Error::source(error);
        let mut last = error.to_string();
        while let Some(inner) = source {
            if inner.downcast_ref::<OutboundError>() == Some(&OutboundError::Private) {
                return OutboundError::Private;
            }
            last = inner.to_string();
            source = inner.source();
        }
        OutboundError::Failed(format!("no connection: {last}"))
    }
}

async fn excerpt(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        bytes.extend_from_slice(&piece[..piece.len().min(EXCERPT - bytes.len())]);
        if bytes.len() >= EXCERPT {
            break;
        }
    }
    // PostgreSQL keeps no NUL in a text.
    String::from_utf8_lossy(&bytes).replace('\0', "\u{fffd}")
}

/// The resolver of one client: gives only addresses that it allows.
struct Guard {
    allows: fn(IpAddr) -> bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let allows = self.allows;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(filtered(found, allows)?)
        })
    }
}

fn filtered(found: Vec<SocketAddr>, allows: fn(IpAddr) -> bool) -> Result<Addrs, OutboundError> {
    let any = !found.is_empty();
    let allowed: Vec<SocketAddr> = found.into_iter().filter(|address| allows(address.ip())).collect();
    match (any, allowed.is_empty()) {
        (false, _) => Err(OutboundError::Failed("the host has no address".to_owned())),
        (true, true) => Err(OutboundError::Private),
        (true, false) => Ok(Box::new(allowed.into_iter())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(url: &str) -> Letter<'_> {
        Letter {
            url,
            headers: [("x-a", "1"), ("x-b", "2"), ("x-c", "3")].map(|(n, v)| (n, v.to_owned())),
            body: "{}".into(),
        }
    }

    #[tokio::test]
    async fn private_targets_are_refused_by_number_and_by_name() {
        let outbound = Outbound::new(Duration::from_secs(5)).expect("a client");
        for url in [
            "http://127.0.0.1:9/",
            "http://0x7f.1:9/",
            "http://2130706433:9/",
            "http://[::1]:9/",
            "http://[::ffff:127.0.0.1]:9/",
            "http://169.254.169.254/latest/meta-data/",
            "http://localhost:9/",
        ] {
            let refused = outbound.post(letter(url), Permission { private: false }).await;
            assert_eq!(refused, Err(OutboundError::Private), "{url}");
        }
        let told = outbound.post(letter("http://224.0.0.1/"), Permission { private: true }).await;
        assert_eq!(told, Err(OutboundError::Private));
        let told = outbound.post(letter("ftp://example.org/"), Permission { private: true }).await;
        assert_eq!(told, Err(OutboundError::NotWeb));
        let told = outbound.post(letter("http://localhost:1/"), Permission { private: true }).await;
        assert!(matches!(told, Err(OutboundError::Failed(_))), "{told:?}");
    }

    #[test]
    fn of_several_addresses_only_the_allowed_are_used() {
        let addresses: Vec<SocketAddr> = ["10.0.0.1:0", "8.8.8.8:0", "[::1]:0"]
            .iter()
            .map(|text| text.parse().expect("an address"))
            .collect();
        let kept: Vec<_> = filtered(addresses, is_public).expect("one is public").collect();
        assert_eq!(kept, ["8.8.8.8:0".parse().expect("an address")]);
    }
}
