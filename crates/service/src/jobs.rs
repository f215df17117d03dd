//! Looking at jobs and fetching what came of them.

use std::ops::Range;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use store::{FileFacts, Job, JobId, JobState, Outcome, Store, StoreError, Timestamp};

use crate::run::ended;
use crate::{Service, Settings, Voices, hook};

/// Bytes on their way to a client.
pub type FileStream = BoxStream<'static, Result<Bytes, StoreError>>;

impl Service {
    /// A job by the name its client knows. Nothing when there is none, or its time is over.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn job(&self, id: &str) -> Result<Option<Job>, StoreError> {
        let found = self.store().job(&JobId::from(id)).await?;
        Ok(found.filter(|job| !self.is_over(job)))
    }

    /// The result of a job that is completed and whose time is not over. Its bytes may lie there for a while longer.
    pub fn result(&self, job: &Job) -> Option<FileFacts> {
        let is_there = job.state == JobState::Completed && !self.is_over(job);
        job.result.clone().filter(|_| is_there)
    }

    /// True when a job's files are gone or due to go.
    fn is_over(&self, job: &Job) -> bool {
        job.purged || (job.state.is_final() && job.expires_at <= self.now())
    }

    /// Calls a job off, with the messages that its end brings: see [`cancel_job`].
    ///
    /// # Errors
    /// When the database is away.
    pub async fn cancel(&self, job: &JobId) -> Result<Option<JobState>, StoreError> {
        cancel_job(self.store(), self.settings(), self.voices(), job, self.now()).await
    }

    /// Some of a file's bytes, piece by piece.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when they have gone.
    pub async fn open(&self, file: &FileFacts, range: Range<u64>) -> Result<FileStream, StoreError> {
        self.blobs().stream(&file.hash, range).await
    }
}

/// Calls a job off: at once while it waits, and whoever wanted to be told is told; by asking its worker while it is
/// active. Gives the state it was in, nothing when there is no such job.
///
/// # Errors
/// When the database is away.
pub async fn cancel_job(
    store: &Store,
    settings: &Settings,
    voices: &Voices,
    id: &JobId,
    now: Timestamp,
) -> Result<Option<JobState>, StoreError> {
    let Some(job) = store.job(id).await? else { return Ok(None) };
    let expires_at = now.plus(settings.keep);
    let messages = match ended(&job, &Outcome::Cancelled, now, expires_at) {
        Some(ended) if !job.state.is_final() => hook::messages(store, settings, voices, &ended, now).await?,
        _ => Vec::new(),
    };
    store.cancel(id, expires_at, messages, now).await
}
