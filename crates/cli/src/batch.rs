//! The batch: takes jobs from a list with a few threads; what goes wrong with one picture stays with it.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use pixel::codec::DecodeError;
use retouch::recipe::Recipe;
use retouch::{Engine, EngineError, Options, Outcome};

use crate::delivery::{self, DeliveryError, advice};
use crate::intake::Job;
use crate::interrupt;
use crate::ledger::{Ledger, Obstacle, Standing, Ticket, hex_sha256};
use crate::picture_file::{self, ReadError};
use crate::places::Places;
use crate::progress::{PictureWatch, Progress};
use crate::report::{Entry, Status, timetable};

/// What is to be done with every picture.
pub struct Batch<'a> {
    /// The networks, shared by all threads.
    pub engine: &'a Engine,
    /// What to do.
    pub recipe: &'a Recipe,
    /// How to read and write pictures.
    pub options: &'a Options,
    /// Where results are remembered; `None` makes every result anew and remembers none.
    pub memory: Option<Memory>,
    /// What is known of the folders of the results.
    pub places: Places,
    /// Where progress and errors are shown.
    pub progress: &'a Progress,
}

/// What a batch knows of earlier ones.
pub struct Memory {
    /// Results that are there.
    pub ledger: Ledger,
    /// Fingerprint of recipe and options.
    pub recipe: String,
    /// Name of this build.
    pub engine: String,
    /// Make results again even if they are there.
    pub force: bool,
    /// Replace what no earlier run has made, too.
    pub overwrite: bool,
}

#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{error}, or give --max-megapixels {megapixels}")]
    TooManyPixels { error: DecodeError, megapixels: u64 },
    #[error(transparent)]
    Engine(EngineError),
    #[error("the engine failed on this picture, which is a fault of the program; please report it")]
    Panic,
    #[error(transparent)]
    Obstacle(#[from] Obstacle),
    #[error(transparent)]
    Place(Arc<DeliveryError>),
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
}

impl From<EngineError> for JobError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Decode(error @ DecodeError::TooManyPixels { width, height, .. }) => {
                Self::TooManyPixels { error, megapixels: width.saturating_mul(height).div_ceil(1_000_000) }
            }
            error => Self::Engine(error),
        }
    }
}

enum End {
    Done(Box<Outcome>),
    Skipped,
}

impl Batch<'_> {
    /// Does `jobs` with `threads` threads and gives an entry for each, in their order.
    pub fn run(&self, jobs: &[Job], threads: usize) -> Vec<Entry> {
        let next = AtomicUsize::new(0);
        let entries = Mutex::new(Vec::with_capacity(jobs.len()));
        let work = || {
            while let Some((index, job)) = take(&next, jobs) {
                let entry = self.entry(job);
                entries.lock().unwrap_or_else(PoisonError::into_inner).push((index, entry));
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        let mut entries = entries.into_inner().unwrap_or_else(PoisonError::into_inner);
        entries.sort_by_key(|(index, _)| *index);
        entries.into_iter().map(|(_, entry)| entry).collect()
    }

    fn entry(&self, job: &Job) -> Entry {
        let mut entry = Entry {
            input: job.input.clone(),
            output: job.output.clone(),
            status: Status::Stopped,
            error: None,
            result: None,
            milliseconds: serde_json::Map::new(),
        };
        if interrupt::requested() {
            return entry;
        }
        let watch = PictureWatch::new(self.progress, display_name(&job.input));
        let end = self.retouch(job, &watch);
        entry.milliseconds = timetable(watch.end());
        match end {
            Ok(End::Done(outcome)) => {
                entry.status = Status::Done;
                entry.result = Some(outcome.report);
            }
            Ok(End::Skipped) => entry.status = Status::Skipped,
            Err(JobError::Engine(EngineError::Cancelled)) => {}
            Err(error) => {
                self.progress.say(&format!("{}: {error}", job.input.display()));
                entry.status = Status::Failed;
                entry.error = Some(error.to_string());
            }
        }
        entry
    }

    fn retouch(&self, job: &Job, watch: &PictureWatch<'_>) -> Result<End, JobError> {
        watch.begin("reading");
        let upload = picture_file::read(&job.input, self.options.limits.max_bytes)?;
        let noted = self.memory.as_ref().map(|memory| (memory, memory.ticket(&upload)));
        let standing = match &noted {
            Some((memory, ticket)) => memory.standing(job, ticket)?,
            None => Standing::Free,
        };
        if standing == Standing::Current {
            return Ok(End::Skipped);
        }
        if let Some(refusal) = self.places.refusal(&job.output) {
            return Err(JobError::Place(refusal));
        }
        delivery::follow(&job.output)?;
        // A fault in the engine must cost this picture only; the engine keeps nothing between pictures.
        let outcome =
            catch_unwind(AssertUnwindSafe(|| self.engine.retouch(&upload, self.recipe, self.options, watch)));
        let mut outcome = outcome.map_err(|_| JobError::Panic)??;
        watch.begin("writing");
        if standing == Standing::Shorter && !is_beginning(&job.output, &outcome.bytes) {
            return Err(Obstacle::Changed(job.output.clone()).into());
        }
        let entered = noted.map_or(Ok(()), |(memory, ticket)| {
            memory.ledger.enter(&job.output, &job.input, &ticket, &outcome.bytes)
        });
        delivery::deliver(&job.output, &outcome.bytes)?;
        if let Err(error) = entered {
            let what = "the result is whole, but could not be noted, so a later run will not know it";
            self.progress.say(&format!("{}: {what}: {}", job.output.display(), advice(&error)));
        }
        outcome.bytes = Vec::new();
        Ok(End::Done(Box::new(outcome)))
    }
}

impl Memory {
    fn ticket(&self, upload: &[u8]) -> Ticket {
        Ticket { input: hex_sha256(upload), recipe: self.recipe.clone(), engine: self.engine.clone() }
    }

    /// What is at the place of the result, in the light of what the user allowed. A link is never written through.
    fn standing(&self, job: &Job, ticket: &Ticket) -> Result<Standing, Obstacle> {
        match self.ledger.standing(&job.output, &job.input, ticket) {
            Ok(Standing::Current) if self.force => Ok(Standing::Outdated),
            Ok(Standing::Shorter) if self.overwrite => Ok(Standing::Outdated),
            Err(obstacle) if self.overwrite && !matches!(obstacle, Obstacle::Link(_)) => {
                Ok(Standing::Outdated)
            }
            standing => standing,
        }
    }
}

/// True when `result` begins with the whole file at `path`: equal tickets give equal results, so it was cut off.
fn is_beginning(path: &Path, result: &[u8]) -> bool {
    fs::read(path).is_ok_and(|cut| result.starts_with(&cut))
}

fn take<'j>(next: &AtomicUsize, jobs: &'j [Job]) -> Option<(usize, &'j Job)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    jobs.get(index).map(|job| (index, job))
}

fn display_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
