//! Worker processes, for people who look after the house. Leases, not these rows, decide who holds a job.

use serde::Serialize;

use crate::db::{execute, rows};
use crate::{Store, StoreError, Timestamp, WorkerId};

/// A worker process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct WorkerRow {
    /// Its name; new at each start.
    pub id: WorkerId,
    /// The machine it runs on.
    pub host: String,
    /// Bytes of memory its jobs may take together.
    pub budget: i64,
    /// Jobs it runs.
    pub running: i64,
    /// When it started.
    pub started_at: Timestamp,
    /// When it was heard of last.
    pub seen_at: Timestamp,
    /// When it stopped, if it did so in order.
    pub stopped_at: Option<Timestamp>,
}

impl Store {
    /// A worker starts.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn register_worker(
        &self,
        worker: &WorkerId,
        host: &str,
        budget: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (worker, host) = (worker.clone(), host.to_owned());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(
                        &mut conn,
                        "INSERT INTO workers (id, host, budget, running, started_at, seen_at)
                         VALUES ($1, $2, $3, 0, $4, $4)",
                        worker.as_str(),
                        &host,
                        budget,
                        now.0
                    )
                    .map(drop)
                })
            })
            .await
    }

    /// A worker is alive.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn beat_worker(
        &self,
        worker: &WorkerId,
        running: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let worker = worker.clone();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(
                        &mut conn,
                        "UPDATE workers SET running = $2, seen_at = $3 WHERE id = $1",
                        worker.as_str(),
                        running,
                        now.0
                    )
                    .map(drop)
                })
            })
            .await
    }

    /// A worker stops in order.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn retire_worker(&self, worker: &WorkerId, now: Timestamp) -> Result<(), StoreError> {
        let worker = worker.clone();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(
                        &mut conn,
                        "UPDATE workers SET running = 0, seen_at = $2, stopped_at = $2 WHERE id = $1",
                        worker.as_str(),
                        now.0
                    )
                    .map(drop)
                })
            })
            .await
    }

    /// The latest hundred workers, newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn workers(&self) -> Result<Vec<WorkerRow>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(WorkerRow, &mut conn.conn(), "SELECT * FROM workers ORDER BY started_at DESC, id LIMIT 100")
    }
}
