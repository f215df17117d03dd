//! Who may be told: the allow list, and the messages of a job that has ended.

use store::{AllowedHost, DeliveryState, Job, NewDelivery, Store, StoreError, Timestamp};
use url::{Host, Url};

use crate::{Service, Settings, Voices};

/// What the allow list says about a host that is on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permission {
    /// It may stand on a private network or on this machine.
    pub private: bool,
}

/// The host of an address as the list spells it: lower case, no dot at the end, no brackets.
pub(crate) fn host_name(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => Some(name.trim_end_matches('.').to_lowercase()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

/// What the list says about a host; nothing when it is not on it. An exact name counts before any pattern, a longer
/// pattern before a shorter one.
pub(crate) fn permission(host: &str, list: &[AllowedHost]) -> Option<Permission> {
    let matching = list.iter().filter_map(|allowed| {
        let pattern = allowed.pattern.trim_end_matches('.').trim_matches(['[', ']']);
        let fits = match pattern.strip_prefix("*.") {
            Some(domain) => {
                host.strip_suffix(domain).is_some_and(|name| name.len() > 1 && name.ends_with('.'))
            }
            None => pattern == host,
        };
        fits.then_some((!pattern.starts_with('*'), pattern.len(), Permission { private: allowed.private }))
    });
    matching.max_by_key(|(exact, length, _)| (*exact, *length)).map(|(_, _, permission)| permission)
}

impl Service {
    /// The messages about a job, which is given as it will be when it has ended.
    pub(crate) async fn messages(&self, ended: &Job, now: Timestamp) -> Result<Vec<NewDelivery>, StoreError> {
        messages(self.store(), self.settings(), self.voices(), ended, now).await
    }
}

/// The messages about a job, which is given as it will be when it has ended.
pub(crate) async fn messages(
    store: &Store,
    settings: &Settings,
    voices: &Voices,
    ended: &Job,
    now: Timestamp,
) -> Result<Vec<NewDelivery>, StoreError> {
    if ended.hooks.is_empty() {
        return Ok(Vec::new());
    }
    let Some(message) = voices.hook(ended) else { return Ok(Vec::new()) };
    let list = store.allowed_hosts().await?;
    let deliveries = ended.hooks.iter().map(|address| {
        let host = Url::parse(address).ok().and_then(|url| host_name(&url)).unwrap_or_default();
        let needs_listing = settings.listed_hosts_only.contains(&ended.dialect);
        let is_allowed = !needs_listing || permission(&host, &list).is_some();
        if !is_allowed {
            tracing::warn!(job = %ended.id, host, "a webhook is not sent: its host is not on the allow list");
        }
        let note = "the host is not on the allow list".to_owned();
        NewDelivery {
            organization_id: ended.organization_id.clone(),
            account_id: ended.account_id.clone(),
            job_id: ended.id.clone(),
            dialect: ended.dialect,
            event: message.event.clone(),
            url: address.clone(),
            host,
            body: message.body.clone(),
            state: if is_allowed { DeliveryState::Pending } else { DeliveryState::Refused },
            note: if is_allowed { String::new() } else { note },
            next_at: now,
        }
    });
    Ok(deliveries.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(patterns: &[(&str, bool)]) -> Vec<AllowedHost> {
        let allowed = |(pattern, private): &(&str, bool)| AllowedHost {
            pattern: (*pattern).to_owned(),
            private: *private,
        };
        patterns.iter().map(allowed).collect()
    }

    fn asked(host: &str, patterns: &[(&str, bool)]) -> Option<bool> {
        permission(host, &list(patterns)).map(|permission| permission.private)
    }

    #[test]
    fn names_are_exact_and_stars_stand_for_all_below() {
        let patterns = [("hooks.example.org", false), ("*.example.com", true)];
        assert_eq!(asked("hooks.example.org", &patterns), Some(false));
        for host in ["a.example.com", "a.b.example.com"] {
            assert_eq!(asked(host, &patterns), Some(true), "{host}");
        }
        for host in
            ["example.org", "x.hooks.example.org", "example.com", ".example.com", "badexample.com", ""]
        {
            assert_eq!(asked(host, &patterns), None, "{host}");
        }
    }

    #[test]
    fn the_closest_entry_counts() {
        let patterns = [("*.example.org", true), ("a.example.org", false), ("*.b.example.org", false)];
        assert_eq!(asked("a.example.org", &patterns), Some(false));
        assert_eq!(asked("x.b.example.org", &patterns), Some(false));
        assert_eq!(asked("c.example.org", &patterns), Some(true));
    }

    #[test]
    fn hosts_of_addresses_are_plain() {
        let host = |text: &str| Url::parse(text).ok().and_then(|url| host_name(&url));
        assert_eq!(host("https://Hooks.Example.ORG./x").as_deref(), Some("hooks.example.org"));
        assert_eq!(host("http://[::1]:80/").as_deref(), Some("::1"));
        assert_eq!(host("http://2130706433/").as_deref(), Some("127.0.0.1"));
        assert_eq!(asked("::1", &[("[::1]", true)]), Some(true));
    }
}
