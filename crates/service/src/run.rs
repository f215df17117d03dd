//! The worker: takes jobs in order, as far as memory allows, and sees each through.

mod admission;
mod assets;
mod attempt;
mod craft;
mod recovery;
mod watch;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use retouch::Engine;
use store::{Claim, Job, Lease, StoreError, WorkerId};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, field};

use crate::{Service, trace};
use admission::{Admission, Room};
use attempt::Attempt;

pub use assets::Pictures;
pub(crate) use attempt::ended;
pub use craft::{Craft, CraftError, EngineCraft, Piece};

/// Wake-ups are hints; the clock is looked at so often besides.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// First pause after the database could not be asked; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long jobs that were told to stop at a shutdown may take to let go.
const LETTING_GO: Duration = Duration::from_secs(10);

/// A worker process's jobs.
pub struct Worker {
    shop: Arc<Shop>,
}

/// What all attempts of a worker share.
struct Shop {
    service: Service,
    craft: Arc<dyn Craft>,
    worker: WorkerId,
    admission: Arc<Admission>,
    /// Leases this worker holds, so that it takes no job from itself after an outage.
    leases: Mutex<HashSet<Lease>>,
    /// When the database last failed to answer.
    trouble: Mutex<Option<Instant>>,
    /// Running jobs are to be handed back.
    hand_back: CancellationToken,
}

impl Worker {
    /// A worker with the real engine.
    pub fn new(service: Service, engine: Arc<Engine>) -> Self {
        let craft = EngineCraft::new(engine, service.settings());
        Self::with_craft(service, Arc::new(craft))
    }

    /// A worker with another craft; for tests.
    pub fn with_craft(service: Service, craft: Arc<dyn Craft>) -> Self {
        let settings = service.settings();
        let admission = Arc::new(Admission::new(settings.memory_budget, settings.max_jobs));
        let shop = Shop {
            service,
            craft,
            worker: WorkerId::random(),
            admission,
            leases: Mutex::default(),
            trouble: Mutex::default(),
            hand_back: CancellationToken::new(),
        };
        Self { shop: Arc::new(shop) }
    }

    /// Its name; new at each start.
    pub fn id(&self) -> &WorkerId {
        &self.shop.worker
    }

    /// Works until told to stop. Then it takes no more jobs, gives those that run the time the settings say, and hands
    /// back what is not done by then.
    pub async fn run(self, stop: CancellationToken) {
        let shop = self.shop;
        let rounds = tokio::spawn(recovery::rounds(shop.clone()));
        let mut jobs = JoinSet::new();
        take_jobs(&shop, &stop, &mut jobs).await;

        let running = jobs.len();
        tracing::info!(running, "the worker takes no more jobs");
        let finish = async { while jobs.join_next().await.is_some() {} };
        if timeout(shop.service.settings().shutdown_time, finish).await.is_err() {
            tracing::info!(running = jobs.len(), "time is up: running jobs are handed back");
            shop.hand_back.cancel();
            let finish = async { while jobs.join_next().await.is_some() {} };
            if timeout(LETTING_GO, finish).await.is_err() {
                tracing::warn!(left = jobs.len(), "some jobs did not let go; their leases will run out");
            }
        }
        rounds.abort();
        let now = shop.service.now();
        if let Err(error) = shop.service.store().retire_worker(&shop.worker, now).await {
            tracing::debug!(%error, "the worker's end could not be noted");
        }
    }
}

/// Claims jobs until told to stop.
async fn take_jobs(shop: &Arc<Shop>, stop: &CancellationToken, jobs: &mut JoinSet<()>) {
    let mut pause = FIRST_PAUSE;
    while !stop.is_cancelled() {
        while jobs.try_join_next().is_some() {}
        let fits = match shop.admission.room() {
            Room::Full => {
                tokio::select! {
                    () = shop.admission.freed() => {}
                    () = stop.cancelled() => {}
                }
                continue;
            }
            Room::Anything => None,
            Room::UpTo(bytes) => Some(bytes),
        };
        let now = shop.service.now();
        let lease_until = now.plus(shop.service.settings().lease);
        // Never given up half way: a claim that is written but not heard of would lie idle until its lease is over.
        match shop.service.store().claim(&shop.worker, fits, now, lease_until).await {
            Ok(Claim::Job(job)) => {
                pause = FIRST_PAUSE;
                start(shop, *job, jobs);
            }
            Ok(Claim::TooLarge { memory }) => {
                pause = FIRST_PAUSE;
                tracing::trace!(memory, "the next job waits for memory");
                tokio::select! {
                    () = shop.admission.freed() => {}
                    () = shop.service.store().notices().job_waiting() => {}
                    () = stop.cancelled() => {}
                    () = sleep(LOOK_AGAIN) => {}
                }
            }
            Ok(Claim::Nothing { next_at }) => {
                pause = FIRST_PAUSE;
                let until_next =
                    next_at.map_or(LOOK_AGAIN, |at| at.since(shop.service.now()).min(LOOK_AGAIN));
                tokio::select! {
                    () = shop.service.store().notices().job_waiting() => {}
                    () = stop.cancelled() => {}
                    // A job that is due by our clock but was not there is somebody else's: not at once again.
                    () = sleep(until_next.max(Duration::from_millis(5))) => {}
                }
            }
            Err(error) => {
                if pause == FIRST_PAUSE {
                    tracing::warn!(%error, "no job can be claimed just now");
                }
                shop.note_trouble(&error);
                tokio::select! {
                    () = sleep(pause) => {}
                    () = stop.cancelled() => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Begins an attempt at a claimed job.
fn start(shop: &Arc<Shop>, job: Job, jobs: &mut JoinSet<()>) {
    let Some(lease) = job.lease.clone() else {
        tracing::error!(job = %job.id, "a claimed job has no lease; please report this");
        return;
    };
    if job.attempt == 1 && job.round == 0 {
        let waited = shop.service.now().since(job.created_at);
        metrics::histogram!("atelier_accept_to_start_seconds").record(waited.as_secs_f64());
    }
    let reservation = Arc::new(shop.admission.take(job.memory));
    let span = tracing::info_span!(
        "job", id = %job.id, attempt = job.attempt, outcome = field::Empty, otel.status_code = field::Empty
    );
    trace::follow(&span, job.trace.as_deref());
    let held = HeldLease::new(shop.clone(), lease.clone());
    let attempt = Attempt::new(shop.clone(), job, lease, reservation);
    jobs.spawn(
        async move {
            attempt.run().await;
            drop(held);
        }
        .instrument(span),
    );
}

impl Shop {
    /// Remembers that the database did not answer: whoever else lost contact gets time to come back.
    fn note_trouble(&self, error: &StoreError) {
        if matches!(error, StoreError::Unavailable(_) | StoreError::NoRoom) {
            *lock(&self.trouble) = Some(Instant::now());
        }
    }

    /// True when the database has answered everybody for long enough that a lease that is over means something.
    fn is_calm(&self) -> bool {
        let lease = self.service.settings().lease;
        lock(&self.trouble).is_none_or(|at| at.elapsed() > lease)
    }

    fn holds(&self, lease: &Lease) -> bool {
        lock(&self.leases).contains(lease)
    }
}

/// Notes a lease as this worker's for as long as it lives.
struct HeldLease {
    shop: Arc<Shop>,
    lease: Lease,
}

impl HeldLease {
    fn new(shop: Arc<Shop>, lease: Lease) -> Self {
        lock(&shop.leases).insert(lease.clone());
        Self { shop, lease }
    }
}

impl Drop for HeldLease {
    fn drop(&mut self) {
        lock(&self.shop.leases).remove(&self.lease);
    }
}

/// What a panic elsewhere left in a lock is still whole: all writes here are single steps.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
