//! One attempt at a job: fetch, work, store, tell; with the lease kept and every reason to stop heard all the while.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use retouch::Upload;
use store::{
    ContentHash, FileFacts, Finish, Hold, Job, JobState, Lease, Outcome, Step, StoreError, Timestamp,
};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::Instrument as _;

use super::admission::Reservation;
use super::assets::Pictures;
use super::craft::{CraftError, Piece};
use super::watch::{Overseer, Stop};
use super::{FIRST_PAUSE, LONGEST_PAUSE, Shop};
use crate::Work;
use crate::usage::steps;

/// Progress is written this long after the attempt began, and not more often: short jobs cost no writes for it.
const TELL_EVERY: Duration = Duration::from_millis(200);
/// How long a craft that was asked to stop is waited for. Its memory stays taken until it does.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest reason that is kept, in characters.
const LONGEST_REASON: usize = 500;
/// Tries to write an end that fails for other reasons than an outage.
const ODD_FAILURES: u32 = 20;

/// One attempt.
pub(super) struct Attempt {
    shop: Arc<Shop>,
    job: Job,
    lease: Lease,
    overseer: Arc<Overseer>,
    work: Result<Work, String>,
    reservation: Arc<Reservation>,
    began: Instant,
}

/// How the work itself ended.
enum Ending {
    Done(FileFacts, Bytes),
    Hopeless(String),
    Failed(String),
    Stopped,
}

impl Attempt {
    pub fn new(shop: Arc<Shop>, job: Job, lease: Lease, reservation: Arc<Reservation>) -> Self {
        let work = Work::from_json(&job.work).map_err(|error| error.to_string());
        let overseer = Arc::new(Overseer::new(work.as_ref().ok()));
        Self { shop, job, lease, overseer, work, reservation, began: Instant::now() }
    }

    /// Sees the attempt through.
    pub async fn run(self) {
        let through = async {
            let ending = self.work().await;
            self.settle(ending).await;
        };
        tokio::select! {
            biased;
            () = through => {}
            () = self.keep() => {}
        }
    }

    /// Keeps the lease, tells of progress and hears every reason to stop. Never ends by itself.
    async fn keep(&self) {
        let settings = self.shop.service.settings();
        let mut standing = self.overseer.standing();
        let deadline = self.began + settings.time_limit(self.job.width, self.job.height);
        let mut beat_at = self.began + settings.heartbeat;
        let mut tell_at = self.began + TELL_EVERY;
        let (mut has_overtime, mut has_handed_back) = (false, false);
        loop {
            let news = async {
                // A closed channel cannot be: the sender is in the overseer we hold.
                let _ = standing.changed().await;
                sleep_until(tell_at).await;
            };
            tokio::select! {
                () = news => {}
                () = sleep_until(beat_at) => {}
                () = sleep_until(deadline), if !has_overtime => {
                    has_overtime = true;
                    self.overseer.stop(Stop::Overtime);
                    continue;
                }
                () = self.shop.hand_back.cancelled(), if !has_handed_back => {
                    has_handed_back = true;
                    self.overseer.stop(Stop::HandBack);
                    continue;
                }
            }
            self.tell(&mut standing).await;
            tell_at = Instant::now() + TELL_EVERY;
            beat_at = Instant::now() + settings.heartbeat;
        }
    }

    async fn tell(&self, standing: &mut tokio::sync::watch::Receiver<super::watch::Standing>) {
        let store = self.shop.service.store();
        let lease_until = self.shop.service.now().plus(self.shop.service.settings().lease);
        let told = standing.borrow_and_update().clone();
        let hold =
            store.progress(&self.job.id, &self.lease, told.step, told.plugin, told.percent, lease_until);
        match hold.await {
            Ok(Hold::Ours) => {}
            Ok(Hold::CancelAsked) => self.overseer.stop(Stop::Cancelled),
            Ok(Hold::Lost) => self.overseer.stop(Stop::Lost),
            Err(error) => {
                tracing::debug!(%error, "no sign of life could be given");
                self.shop.note_trouble(&error);
            }
        }
    }

    async fn work(&self) -> Ending {
        let work = match &self.work {
            Ok(work) => work.clone(),
            Err(reason) => return Ending::Hopeless(reason.clone()),
        };
        let upload = match self.fetch().instrument(tracing::info_span!("fetch")).await {
            Ok(upload) => upload,
            Err(ending) => return ending,
        };
        self.overseer.fetched();
        let piece = match self.craft(upload, work).await {
            Ok(piece) => piece,
            Err(ending) => return ending,
        };
        self.overseer.worked();
        self.reservation.shrink(piece.bytes.len());
        self.store(piece).instrument(tracing::info_span!("store")).await
    }

    /// The upload. A store that is away is waited for.
    async fn fetch(&self) -> Result<Bytes, Ending> {
        let blobs = self.shop.service.blobs();
        let mut pause = FIRST_PAUSE;
        loop {
            match blobs.read(&self.job.input.hash).await {
                Ok(upload) => return Ok(upload),
                // Missing for good only if the store itself is there to say so.
                Err(StoreError::Missing(_)) if matches!(blobs.size(&self.job.input.hash).await, Ok(None)) => {
                    tracing::error!(hash = %self.job.input.hash, "the upload is missing in the store");
                    return Err(Ending::Hopeless(
                        "the uploaded picture is not there any more: send it again".into(),
                    ));
                }
                Err(error) => self.wait_out(&error, &mut pause).await?,
            }
        }
    }

    /// The work itself, where blocking is fine.
    async fn craft(&self, upload: Bytes, work: Work) -> Result<Piece, Ending> {
        let (craft, overseer) = (self.shop.craft.clone(), self.overseer.clone());
        let (reservation, span) = (self.reservation.clone(), tracing::Span::current());
        let name = self.job.input.name.clone();
        let assets = Pictures::of_attempt(
            self.shop.service.clone(),
            self.job.organization_id.clone(),
            self.overseer.clone(),
        );
        let gave_up = assets.gave_up();
        let work = tokio::task::spawn_blocking(move || {
            // Held by the thread: what it takes is taken until it ends, whoever still waits for it.
            let _reservation = reservation;
            let _span = span.entered();
            let upload = Upload { bytes: &upload, name: &name, assets: &assets };
            catch_unwind(AssertUnwindSafe(|| craft.run(&upload, &work, &*overseer)))
        });
        let done = tokio::select! {
            done = work => done,
            () = self.abandon() => {
                tracing::error!(plugin = self.overseer.plugin(), "the work does not stop when asked to; it is left alone");
                return Err(Ending::Stopped);
            }
        };
        match done {
            Ok(Ok(Ok(piece))) => Ok(piece),
            // It missed a picture that may well be there once the store is.
            Ok(Ok(Err(_))) if gave_up.load(Ordering::Acquire) => Err(self.waited_in_vain()),
            Ok(Ok(Err(CraftError::Hopeless(reason)))) => Err(Ending::Hopeless(reason)),
            Ok(Ok(Err(CraftError::Failed(reason)))) => Err(Ending::Failed(reason)),
            Ok(Ok(Err(CraftError::Stopped))) => Err(Ending::Stopped),
            Ok(Err(_)) | Err(_) => Err(self.panicked()),
        }
    }

    async fn abandon(&self) {
        self.overseer.stopped().await;
        sleep(PATIENCE).await;
    }

    fn panicked(&self) -> Ending {
        metrics::counter!("atelier_panics_total").increment(1);
        let plugin = self.overseer.plugin();
        tracing::error!(plugin, "the work panicked");
        Ending::Failed(match plugin {
            "" => {
                "the picture could not be processed: please report it to whoever runs this server".to_owned()
            }
            plugin => format!(
                "{plugin} failed on this picture: try without it, or report it to whoever runs this server"
            ),
        })
    }

    /// Stores the result under its hash. A store that is away is waited for.
    async fn store(&self, piece: Piece) -> Ending {
        let (media_type, extension) = (piece.media_type.to_owned(), piece.extension);
        let name = match &piece.stem {
            Some(stem) => format!("{stem}.{extension}"),
            None => result_name(&self.job, extension),
        };
        let bytes = Bytes::from(piece.bytes);
        let hashing = bytes.clone();
        let hashed = tokio::task::spawn_blocking(move || ContentHash::of(&hashing));
        let Ok(hash) = hashed.await else {
            return Ending::Failed("the result could not be stored: send the picture again".to_owned());
        };
        let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let facts = FileFacts { hash, name, media_type, bytes: length };
        match self.put(&facts, &bytes).await {
            Ok(()) => {
                self.overseer.stored();
                Ending::Done(facts, bytes)
            }
            Err(ending) => ending,
        }
    }

    async fn put(&self, facts: &FileFacts, bytes: &Bytes) -> Result<(), Ending> {
        let mut pause = FIRST_PAUSE;
        loop {
            let stored = match self.shop.service.announce(facts).await {
                Ok(()) => self.shop.service.blobs().put(&facts.hash, bytes.clone()).await,
                Err(error) => Err(error),
            };
            match stored {
                Ok(()) => return Ok(()),
                Err(StoreError::NoRoom) => {
                    tracing::error!("there is no room for a result");
                    let reason = "the server has no room for the result: try again later";
                    return Err(Ending::Failed(reason.to_owned()));
                }
                Err(error) => self.wait_out(&error, &mut pause).await?,
            }
        }
    }

    /// Waits before the store is asked again; ends when the attempt must stop.
    async fn wait_out(&self, error: &StoreError, pause: &mut Duration) -> Result<(), Ending> {
        if *pause == FIRST_PAUSE {
            tracing::warn!(%error, "the store is waited for");
        }
        if timeout(*pause, self.overseer.stopped()).await.is_ok() {
            return Err(self.waited_in_vain());
        }
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }

    /// The end of an attempt that had to stop while the store was away.
    fn waited_in_vain(&self) -> Ending {
        match self.overseer.reason() {
            Some(Stop::Overtime) => {
                Ending::Failed("the server's storage was away: try again later".to_owned())
            }
            _ => Ending::Stopped,
        }
    }

    /// Writes the end of the attempt, however long the database is away.
    async fn settle(&self, ending: Ending) {
        let mut pause = FIRST_PAUSE;
        let mut odd = 0;
        let written = loop {
            let Some(outcome) = self.outcome(&ending) else {
                tracing::warn!("the lease is lost; somebody else has the job");
                return;
            };
            match self.write(outcome.clone()).await {
                Ok(true) => break outcome,
                Ok(false) => {
                    tracing::warn!("the lease was lost before the end could be written");
                    return;
                }
                Err(StoreError::BlobGone) => {
                    if let Ending::Done(facts, bytes) = &ending
                        && self.put(facts, bytes).await.is_err()
                    {
                        odd += 1;
                    }
                }
                Err(error) => {
                    if pause == FIRST_PAUSE {
                        tracing::warn!(%error, "the end of an attempt cannot be written just now");
                    }
                    self.shop.note_trouble(&error);
                    if !matches!(error, StoreError::Unavailable(_) | StoreError::NoRoom) {
                        odd += 1;
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            if odd > ODD_FAILURES {
                tracing::error!("the end of an attempt cannot be written; its lease will run out");
                return;
            }
        };
        self.note(&written);
    }

    /// What the end means for the job; nothing when it is not ours any more.
    fn outcome(&self, ending: &Ending) -> Option<Outcome> {
        let reason = match ending {
            Ending::Done(facts, _) => return Some(Outcome::Completed { result: facts.clone() }),
            Ending::Hopeless(reason) => return Some(Outcome::Failed { reason: one_line(reason) }),
            Ending::Failed(reason) => one_line(reason),
            Ending::Stopped => match self.overseer.reason() {
                Some(Stop::Lost) => return None,
                Some(Stop::Cancelled) => return Some(Outcome::Cancelled),
                Some(Stop::HandBack) => return Some(Outcome::HandedBack),
                // Once more would take as long again: whoever waits is told now, and others get their turn.
                Some(Stop::Overtime) => {
                    let reason = "the picture took too long: send a smaller one, or fewer tasks".to_owned();
                    return Some(Outcome::Failed { reason });
                }
                None => "the work stopped early: send the picture again".to_owned(),
            },
        };
        let settings = self.shop.service.settings();
        Some(match settings.pause_after(self.job.attempt, self.job.max_attempts) {
            Some(pause) => Outcome::Delayed { reason, run_at: self.shop.service.now().plus(pause) },
            None => Outcome::Failed { reason },
        })
    }

    async fn write(&self, outcome: Outcome) -> Result<bool, StoreError> {
        let service = &self.shop.service;
        let now = service.now();
        let expires_at = now.plus(service.settings().keep);
        let deliveries = match ended(&self.job, &outcome, now, expires_at) {
            Some(job) => service.messages(&job, now).await?,
            None => Vec::new(),
        };
        let finish = Finish { outcome, expires_at, deliveries };
        let steps = Work::from_json(&self.job.work).map(|work| steps(&work)).unwrap_or_default();
        service.store().finish_counting(&self.job.id, &self.lease, finish, &steps, now).await
    }

    fn note(&self, outcome: &Outcome) {
        let seconds = self.began.elapsed().as_secs_f64();
        let (name, reason) = match outcome {
            Outcome::Completed { .. } => ("completed", ""),
            Outcome::Failed { reason } => ("failed", reason.as_str()),
            Outcome::Delayed { reason, .. } => ("delayed", reason.as_str()),
            Outcome::HandedBack => ("handed_back", ""),
            Outcome::Cancelled => ("cancelled", ""),
        };
        let span = tracing::Span::current();
        span.record("outcome", name);
        if !reason.is_empty() {
            span.record("otel.status_code", "ERROR");
        }
        metrics::counter!("atelier_attempts_total", "outcome" => name).increment(1);
        if let Outcome::Completed { .. } = outcome {
            metrics::histogram!("atelier_job_seconds").record(seconds);
        }
        tracing::info!(outcome = name, reason, seconds, "attempt ended");
    }
}

/// The job as it will be when this outcome is written; nothing when it goes on.
pub(crate) fn ended(job: &Job, outcome: &Outcome, now: Timestamp, expires_at: Timestamp) -> Option<Job> {
    let mut job = job.clone();
    match outcome {
        Outcome::Completed { result } => {
            let review = job.workflow.as_ref().is_some_and(|workflow| workflow.review);
            job.state = if review { JobState::InReview } else { JobState::Completed };
            job.progress = 100;
            job.step = Step::Uploading;
            job.reason = String::new();
            job.result = Some(result.clone());
        }
        Outcome::Failed { reason } => {
            job.state = JobState::Failed;
            job.reason.clone_from(reason);
        }
        Outcome::Cancelled => {
            job.state = JobState::Cancelled;
            job.reason = "Cancelled".to_owned();
        }
        Outcome::Delayed { .. } | Outcome::HandedBack => return None,
    }
    job.plugin = String::new();
    job.finished_at = Some(now);
    job.expires_at = expires_at;
    job.lease = None;
    job.lease_until = None;
    Some(job)
}

/// A reason fit for every database and every client: parts of it may come out of a damaged file.
fn one_line(reason: &str) -> String {
    reason.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_REASON).collect()
}

/// `<upload name>_retouched.<ext>`; a workflow's result keeps the name of the upload as it is.
fn result_name(job: &Job, extension: &str) -> String {
    let upload = &job.input.name;
    let stem = upload.rsplit_once('.').map_or(upload.as_str(), |(stem, _)| stem);
    let stem = if stem.is_empty() { "picture" } else { stem };
    let mark = if job.workflow.is_some() { "" } else { "_retouched" };
    format!("{stem}{mark}.{extension}")
}
