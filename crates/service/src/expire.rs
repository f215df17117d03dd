//! The sweeper: what has expired goes, and what nobody refers to goes too.

use std::time::Duration;

use store::StoreError;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::Service;

/// Jobs or blobs dealt with at a time.
const BATCH: i64 = 100;
/// How long bytes may be stored before something refers to them, at most and at least.
const LONGEST_GRACE: Duration = Duration::from_secs(3_600);
const SHORTEST_GRACE: Duration = Duration::from_secs(60);
/// How long blobs found loose are one sweeper's own. It stops half way: a deletion under way then, however slow the
/// store, must not meet the same bytes stored anew.
const TAKEN: Duration = Duration::from_secs(120);
/// How often the whole store is compared with the database.
const COMPARE_EVERY: Duration = Duration::from_secs(6 * 3_600);

/// Removes what has expired.
pub struct Sweeper {
    service: Service,
}

/// What a round removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Jobs that let go of their files.
    pub jobs: u64,
    /// Blobs that were deleted.
    pub blobs: u64,
}

impl Sweeper {
    /// A sweeper; one a house is enough, more do no harm.
    pub fn new(service: Service) -> Self {
        Self { service }
    }

    /// Sweeps until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut compared: Option<Instant> = None;
        loop {
            match self.sweep().await {
                Ok(swept) if swept != Swept::default() => {
                    tracing::info!(jobs = swept.jobs, blobs = swept.blobs, "expired files removed");
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "expired files could not be removed just now"),
            }
            if compared.is_none_or(|at| at.elapsed() >= COMPARE_EVERY) {
                match self.compare().await {
                    Ok(strays) => {
                        compared = Some(Instant::now());
                        if strays > 0 {
                            tracing::warn!(strays, "files nobody knows were found; they will be removed");
                        }
                    }
                    Err(error) => tracing::warn!(%error, "the store could not be compared just now"),
                }
            }
            tokio::select! {
                () = sleep(self.service.settings().sweep_every) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// One round: expired jobs let go of their files, and files nobody holds are deleted.
    ///
    /// # Errors
    /// When database or store are away; the next round goes on where this one ended.
    pub async fn sweep(&self) -> Result<Swept, StoreError> {
        let (store, blobs) = (self.service.store(), self.service.blobs());
        let mut swept = Swept::default();
        loop {
            let now = self.service.now();
            let expired = store.expired_jobs(now, BATCH).await?;
            for job in &expired {
                swept.jobs += u64::from(store.purge_job(job, now).await?);
            }
            if expired.len() < BATCH as usize {
                break;
            }
        }
        let uploads = self.service.now().minus(self.service.settings().keep_uploads);
        store.drop_uploads(uploads).await?;
        // Nothing outlives its job by more than it was kept, where that is short.
        let grace = self.service.settings().keep.clamp(SHORTEST_GRACE, LONGEST_GRACE);
        loop {
            let before = self.service.now().minus(grace);
            let began = Instant::now();
            let loose = store.loose_blobs(before, before.plus(TAKEN), BATCH).await?;
            for hash in loose.iter().take_while(|_| began.elapsed() < TAKEN / 2) {
                blobs.delete(hash).await?;
                store.forget_blob(hash).await?;
                swept.blobs += 1;
            }
            if loose.len() < BATCH as usize || began.elapsed() >= TAKEN / 2 {
                break;
            }
        }
        metrics::counter!("atelier_swept_blobs_total").increment(swept.blobs);
        Ok(swept)
    }

    /// Finds blobs in the store that the database does not know and announces them, so that they leave like all others
    /// when nobody has asked for them for an hour. Deleting them here could hit one that is just being stored. Gives how
    /// many there were.
    ///
    /// # Errors
    /// When database or store are away.
    pub async fn compare(&self) -> Result<u64, StoreError> {
        let (store, blobs) = (self.service.store(), self.service.blobs());
        let mut strays = 0;
        for hash in blobs.list().await? {
            if store.known_blob(&hash).await? {
                continue;
            }
            let Some(bytes) = blobs.size(&hash).await? else { continue };
            store.expect_blob(&hash, i64::try_from(bytes).unwrap_or(i64::MAX), self.service.now()).await?;
            strays += 1;
        }
        Ok(strays)
    }
}
