//! What is stored, in figures.

use serde::Serialize;

use crate::db::{row, rows};
use crate::{Store, StoreError, Timestamp};

/// What is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct StorageFigures {
    /// Different files.
    pub blobs: i64,
    /// Their bytes.
    pub bytes: i64,
    /// Jobs whose files are still there.
    pub jobs: i64,
    /// When the next files of a job go, if some are due at all.
    pub next_expiry_at: Option<Timestamp>,
}

impl Store {
    /// The house's storage in figures.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn storage(&self) -> Result<StorageFigures, StoreError> {
        let mut conn = self.db.read().await?;
        let figures = row!(
            StorageFigures,
            &mut conn.conn(),
            "SELECT (SELECT COUNT(*) FROM blobs) AS blobs,
                 (SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM blobs) AS bytes,
                 (SELECT COUNT(*) FROM jobs WHERE NOT purged) AS jobs,
                 (SELECT MIN(expires_at) FROM jobs WHERE NOT purged
                     AND state IN ('completed', 'failed', 'cancelled', 'unpaid')) AS next_expiry_at"
        )?;
        Ok(figures.unwrap_or_default())
    }

    /// How many jobs let go of their files before each of some times.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn expiring_before(&self, times: &[Timestamp]) -> Result<Vec<i64>, StoreError> {
        let mut conn = self.db.read().await?;
        let mut conn = conn.conn();
        let mut counts = Vec::with_capacity(times.len());
        for at in times {
            let found = rows!(
                (i64,),
                &mut conn,
                "SELECT COUNT(*) FROM jobs WHERE NOT purged AND expires_at < $1
                     AND state IN ('completed', 'failed', 'cancelled', 'unpaid')",
                at.0
            )?;
            counts.push(found.first().map_or(0, |(count,)| *count));
        }
        Ok(counts)
    }

    /// Bytes that each organization's files take, the largest first; shared bytes count for everybody who has them.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn storage_by_organization(&self, limit: i64) -> Result<Vec<(String, i64, i64)>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            (String, i64, i64),
            &mut conn.conn(),
            "SELECT o.name, COUNT(*), CAST(SUM(f.bytes) AS BIGINT) FROM files f
             JOIN organizations o ON o.id = f.organization_id
             GROUP BY o.id, o.name ORDER BY SUM(f.bytes) DESC LIMIT $1",
            limit
        )
    }
}
