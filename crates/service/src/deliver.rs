//! The courier: takes messages from the outbox to their receivers, again and again until they arrive or time is up.

use std::sync::Arc;
use std::time::Duration;

use store::{Delivery, Next, StoreError, Timestamp, Try};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use url::Url;

use crate::hook::{Permission, host_name, permission};
use crate::outbound::{Letter, Outbound};
use crate::{Service, signature};

/// Wake-ups are hints; the clock is looked at so often besides.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How often it is tried to set up TLS on a machine without certificate authorities.
const LOOK_FOR_CERTIFICATES: Duration = Duration::from_secs(60);
/// What a claim outlasts the receiver's time by.
const LEASE_MARGIN: Duration = Duration::from_secs(20);
/// How often a try that was made is tried to be written down before it counts as not made.
const WRITE_TRIES: u32 = 8;
/// Pauses differ by up to this share, so that receivers that come back are not met by all at once.
const JITTER: f64 = 0.1;

/// Delivers webhooks.
pub struct Courier {
    service: Service,
}

impl Courier {
    /// A courier; one a process is enough.
    pub fn new(service: Service) -> Self {
        Self { service }
    }

    /// Delivers until told to stop; then what is under way is waited for.
    pub async fn run(self, stop: CancellationToken) {
        let outbound = loop {
            match Outbound::new(self.service.settings().hook_timeout) {
                Ok(outbound) => break Arc::new(outbound),
                Err(error) => tracing::error!(
                    %error,
                    "webhooks wait: TLS cannot be set up; install the package ca-certificates, or name a file in SSL_CERT_FILE"
                ),
            }
            tokio::select! {
                () = sleep(LOOK_FOR_CERTIFICATES) => {}
                () = stop.cancelled() => return,
            }
        };
        let mut under_way = JoinSet::new();
        let mut is_well = true;
        while !stop.is_cancelled() {
            let claimed = self.claim(under_way.len()).await;
            let pause = match claimed {
                Ok((deliveries, pause)) => {
                    is_well = true;
                    for delivery in deliveries {
                        let span = tracing::info_span!("delivery", id = %delivery.id, job = delivery.job_id.as_ref().map(store::JobId::as_str));
                        let way = deliver(self.service.clone(), outbound.clone(), delivery);
                        under_way.spawn(way.instrument(span));
                    }
                    pause
                }
                Err(error) => {
                    if is_well {
                        tracing::warn!(%error, "the outbox cannot be read just now");
                    }
                    is_well = false;
                    LOOK_AGAIN
                }
            };
            tokio::select! {
                () = self.service.store().notices().delivery_waiting() => {}
                Some(_) = under_way.join_next() => {}
                () = sleep(pause) => {}
                () = stop.cancelled() => {}
            }
            while under_way.try_join_next().is_some() {}
        }
        let rest = async { while under_way.join_next().await.is_some() {} };
        let patience = self.service.settings().hook_timeout.min(self.service.settings().shutdown_time);
        if timeout(patience, rest).await.is_err() {
            tracing::info!(left = under_way.len(), "deliveries under way will be made again");
        }
    }

    /// Messages that are due, and how long to wait for the next.
    async fn claim(&self, under_way: usize) -> Result<(Vec<Delivery>, Duration), StoreError> {
        let settings = self.service.settings();
        let (store, now) = (self.service.store(), self.service.now());
        let free = settings.hook_jobs.saturating_sub(under_way);
        if free == 0 {
            return Ok((Vec::new(), LOOK_AGAIN));
        }
        let limit = i64::try_from(free).unwrap_or(i64::MAX);
        let per_host = i64::try_from(settings.hook_jobs_per_host).unwrap_or(i64::MAX);
        let lease_until = now.plus(settings.hook_timeout + LEASE_MARGIN);
        let deliveries = store.claim_deliveries(now, limit, per_host, lease_until).await?;
        let pause = match store.next_delivery_at().await? {
            // What is due but was not given waits for its host, or for another courier.
            Some(at) if at > now => at.since(now).min(LOOK_AGAIN),
            _ => LOOK_AGAIN,
        };
        Ok((deliveries, pause))
    }
}

/// Makes one try and writes it down.
async fn deliver(service: Service, outbound: Arc<Outbound>, delivery: Delivery) {
    let began = Instant::now();
    let at = service.now();
    let (status, error, excerpt) = match attempt(&service, &outbound, &delivery, at).await {
        Ok(Ok((status, excerpt))) => {
            let error = if is_success(status) { String::new() } else { format!("answered {status}") };
            (Some(i64::from(status)), error, excerpt)
        }
        Ok(Err(error)) => (None, error, String::new()),
        Err(error) => {
            // Nothing was sent: the claim runs out and the message is taken again.
            return tracing::warn!(%error, "a delivery could not be prepared");
        }
    };
    let millis = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    let next = next(&service, &delivery, error.is_empty());
    let outcome = match next {
        Next::Delivered => "delivered",
        Next::Again(_) => "again",
        Next::GiveUp => "given_up",
    };
    metrics::counter!("atelier_webhook_tries_total", "outcome" => outcome).increment(1);
    metrics::histogram!("atelier_webhook_seconds").record(began.elapsed().as_secs_f64());
    if error.is_empty() {
        tracing::info!(host = delivery.host, millis, "webhook delivered");
    } else {
        tracing::warn!(
            host = delivery.host,
            tries = delivery.tries + 1,
            error,
            outcome,
            "webhook not delivered"
        );
    }
    let tried = Try { at, millis, status, error, excerpt };
    for number in 0..WRITE_TRIES {
        match service.store().record_try(&delivery.id, tried.clone(), next).await {
            Ok(()) => return,
            Err(error) => {
                tracing::debug!(%error, "a webhook try could not be written down");
                sleep(Duration::from_millis(100) * 2u32.pow(number)).await;
            }
        }
    }
}

/// One try: status and beginning of the answer, or why there is none.
async fn attempt(
    service: &Service,
    outbound: &Outbound,
    delivery: &Delivery,
    at: Timestamp,
) -> Result<Result<(u16, String), String>, StoreError> {
    // The list may have changed since the message was written.
    let list = service.store().allowed_hosts().await?;
    let host = Url::parse(&delivery.url).ok().and_then(|url| host_name(&url)).unwrap_or_default();
    let needs_listing = service.settings().listed_hosts_only.contains(&delivery.dialect);
    let unlisted = (!needs_listing).then_some(Permission { private: false });
    let Some(permission) = permission(&host, &list).or(unlisted) else {
        return Ok(Err("the host is not on the allow list any more".to_owned()));
    };
    let Some(account) = service.store().account(&delivery.account_id).await? else {
        return Ok(Err("the account is gone".to_owned()));
    };
    let timestamp = at.0.div_euclid(1_000);
    let letter = Letter {
        url: &delivery.url,
        headers: [
            ("x-webhook-id", delivery.id.to_string()),
            ("x-webhook-timestamp", timestamp.to_string()),
            ("x-webhook-signature", signature(&account.hook_secret, timestamp, &delivery.body)),
        ],
        body: delivery.body.clone(),
    };
    let answer = outbound.post(letter, permission).await;
    Ok(answer.map(|answer| (answer.status, answer.excerpt)).map_err(|error| error.to_string()))
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// What comes after a try. A message about no job only tries the receiver, once.
fn next(service: &Service, delivery: &Delivery, is_delivered: bool) -> Next {
    if is_delivered {
        return Next::Delivered;
    }
    let schedule = service.settings().hook_schedules.get(&delivery.dialect);
    let pause = usize::try_from(delivery.tries).ok().and_then(|tries| schedule?.get(tries));
    match pause.filter(|_| delivery.job_id.is_some()) {
        Some(pause) => Next::Again(service.now().plus(jittered(*pause, rand::random::<f64>()))),
        None => Next::GiveUp,
    }
}

/// The pause, shorter or longer by up to [`JITTER`]; `chance` is between 0 and 1.
fn jittered(pause: Duration, chance: f64) -> Duration {
    pause.mul_f64(1.0 + JITTER * (2.0 * chance - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_differ_a_little() {
        let pause = Duration::from_secs(10);
        assert_eq!(jittered(pause, 0.5), pause);
        assert_eq!(jittered(pause, 0.0), Duration::from_secs(9));
        assert_eq!(jittered(pause, 1.0), Duration::from_secs(11));
    }

    #[test]
    fn only_2xx_is_success() {
        assert!(is_success(200) && is_success(299));
        assert!(!is_success(199) && !is_success(301) && !is_success(500));
    }
}
