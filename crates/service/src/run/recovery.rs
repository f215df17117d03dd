//! The worker's rounds: it says that it lives, and takes up jobs that another has let drop.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use store::{Finish, Job, Lease, Outcome, Timestamp};
use tokio::time::{Instant, sleep};

use super::Shop;
use super::attempt::ended;

/// How often jobs whose lease is over are looked for.
const LOOK: Duration = Duration::from_millis(500);
/// For the user, when all attempts were lost with their workers.
const LOST: &str = "the server stopped while it worked on the picture: send it again";

/// Goes on until aborted.
pub(super) async fn rounds(shop: Arc<Shop>) {
    let mut is_registered = false;
    let mut beaten: Option<Instant> = None;
    let mut suspects = Suspects::default();
    loop {
        if beaten.is_none_or(|at| at.elapsed() >= shop.service.settings().heartbeat) {
            beat(&shop, &mut is_registered).await;
            beaten = Some(Instant::now());
        }
        take_up(&shop, &mut suspects).await;
        sleep(LOOK).await;
    }
}

async fn beat(shop: &Shop, is_registered: &mut bool) {
    let (store, now) = (shop.service.store(), shop.service.now());
    let outcome = if *is_registered {
        let running = i64::try_from(shop.admission.jobs()).unwrap_or(i64::MAX);
        store.beat_worker(&shop.worker, running, now).await
    } else {
        let budget = i64::try_from(shop.service.settings().memory_budget).unwrap_or(i64::MAX);
        store.register_worker(&shop.worker, &host(), budget, now).await
    };
    match outcome {
        Ok(()) => *is_registered = true,
        Err(error) => shop.note_trouble(&error),
    }
}

/// The name of this machine, for people.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    format!("{} ({})", name.trim(), std::process::id())
}

/// Leases that are over by our clock, until when they were said to last, and since when nothing else is said of them. Our
/// clock may be wrong, or that of the worker who holds one; a worker that lives shows it by keeping its lease, whatever
/// the clocks say.
#[derive(Default)]
struct Suspects(HashMap<Lease, (Option<Timestamp>, Instant)>);

impl Suspects {
    /// Forgets those that are not among these any more.
    fn keep_to(&mut self, overdue: &[Job]) {
        self.0.retain(|lease, _| overdue.iter().any(|job| job.lease.as_ref() == Some(lease)));
    }

    /// How long nothing new has been heard of an overdue job.
    fn silence(&mut self, lease: &Lease, until: Option<Timestamp>) -> Duration {
        let seen = self.0.entry(lease.clone()).or_insert_with(|| (until, Instant::now()));
        if seen.0 != until {
            *seen = (until, Instant::now());
        }
        seen.1.elapsed()
    }
}

async fn take_up(shop: &Shop, suspects: &mut Suspects) {
    let overdue = match shop.service.store().overdue(shop.service.now()).await {
        Ok(overdue) => overdue,
        Err(error) => return shop.note_trouble(&error),
    };
    suspects.keep_to(&overdue);
    // After an outage everybody's leases are over; those who live need a moment to finish or to come back.
    if !shop.is_calm() {
        return;
    }
    // Whoever lives says so once in this time.
    let patience = shop.service.settings().heartbeat * 3 / 2;
    for job in overdue {
        let Some(lease) = job.lease.clone() else { continue };
        if shop.holds(&lease) || suspects.silence(&lease, job.lease_until) < patience {
            continue;
        }
        let finish = match plan(shop, &job).await {
            Ok(finish) => finish,
            Err(error) => return shop.note_trouble(&error),
        };
        match shop.service.store().finish(&job.id, &lease, finish, shop.service.now()).await {
            Ok(true) => {
                metrics::counter!("atelier_attempts_lost_total").increment(1);
                tracing::warn!(job = %job.id, attempt = job.attempt, worker = job.worker, "a worker dropped a job; it was taken up");
            }
            Ok(false) => {}
            Err(error) => shop.note_trouble(&error),
        }
    }
}

/// How a dropped attempt ends.
async fn plan(shop: &Shop, job: &Job) -> Result<Finish, store::StoreError> {
    let settings = shop.service.settings();
    let now = shop.service.now();
    let outcome = if job.cancel_requested {
        Outcome::Cancelled
    } else {
        let reason = LOST.to_owned();
        match settings.pause_after(job.attempt, job.max_attempts) {
            Some(pause) => Outcome::Delayed { reason, run_at: now.plus(pause) },
            None => Outcome::Failed { reason },
        }
    };
    let expires_at = now.plus(settings.keep);
    let deliveries = match ended(job, &outcome, now, expires_at) {
        Some(ended) => shop.service.messages(&ended, now).await?,
        None => Vec::new(),
    };
    Ok(Finish { outcome, expires_at, deliveries })
}
