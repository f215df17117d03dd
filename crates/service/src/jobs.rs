//! Looking at jobs and fetching what came of them.

use std::ops::Range;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use store::{FileFacts, Job, JobId, JobState, StoreError};

use crate::Service;

/// Bytes on their way to a client.
pub type FileStream = BoxStream<'static, Result<Bytes, StoreError>>;

impl Service {
    /// A job by the name its client knows. Nothing when there is none, or its time is over.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn job(&self, id: &str) -> Result<Option<Job>, StoreError> {
        let now = self.now();
        let found = self.store().job(&JobId::from(id)).await?;
        let is_over = |job: &Job| job.purged || (job.state.is_final() && job.expires_at <= now);
        Ok(found.filter(|job| !is_over(job)))
    }

    /// The result of a job that is completed.
    pub fn result(&self, job: &Job) -> Option<FileFacts> {
        if job.state == JobState::Completed { job.result.clone() } else { None }
    }

    /// Some of a file's bytes, piece by piece.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when they have gone.
    pub async fn open(&self, file: &FileFacts, range: Range<u64>) -> Result<FileStream, StoreError> {
        self.blobs().stream(&file.hash, range).await
    }
}
