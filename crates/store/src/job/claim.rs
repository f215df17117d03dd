//! Taking the next job, keeping it, and noticing who let one drop.

use super::{Claim, Hold, Job, JobRow, Step};
use crate::db::{Conn, execute, row, rows, value};
use crate::{JobId, Lease, Store, StoreError, Timestamp, WorkerId};

/// The next job in line, as far as choosing goes.
#[derive(sqlx::FromRow)]
struct Head {
    id: JobId,
    memory: i64,
    turn: i64,
}

impl Store {
    /// Takes the next job in line for a worker: highest priority first, then in turn between accounts. `fits` is the
    /// most memory the job may need; `None` takes it whatever it needs. A job that does not fit keeps its place:
    /// nobody overtakes it, so a stream of small jobs cannot starve a large one.
    ///
    /// # Errors
    /// When the database cannot be asked or written.
    pub async fn claim(
        &self,
        worker: &WorkerId,
        fits: Option<i64>,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Claim, StoreError> {
        // Looking costs no transaction; most looks find nothing.
        let mut conn = self.db.read().await?;
        let Some(head) = head(&mut conn.conn(), now).await? else {
            let next_at = value!(
                Option<Timestamp>,
                &mut conn.conn(),
                "SELECT MIN(run_at) FROM jobs WHERE state IN ('waiting', 'delayed')"
            )?;
            return Ok(Claim::Nothing { next_at: next_at.flatten() });
        };
        drop(conn);
        if fits.is_some_and(|fits| head.memory > fits) {
            return Ok(Claim::TooLarge { memory: head.memory });
        }
        let worker = worker.clone();
        let claim = self
            .db
            .write(move |mut conn| {
                Box::pin(async move { take(&mut conn, &worker, fits, now, lease_until).await })
            })
            .await?;
        if let Claim::Job(job) = &claim {
            self.notices.changed(&job.id);
        }
        Ok(claim)
    }

    /// Tells how far a job is and keeps its lease. A lease that is over is kept all the same while nobody has taken the job
    /// up: clocks jump and databases are away for a while, and work that goes on is not to be done twice for that.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn progress(
        &self,
        job: &JobId,
        lease: &Lease,
        step: Step,
        plugin: &str,
        percent: i64,
        lease_until: Timestamp,
    ) -> Result<Hold, StoreError> {
        let (id, lease, plugin) = (job.clone(), lease.clone(), plugin.to_owned());
        let asked = self
            .db
            .write(move |mut conn| {
                Box::pin(async move {
                    value!(
                        bool,
                        &mut conn,
                        "UPDATE jobs SET step = $3, plugin = $4, progress = $5, lease_until = $6
                         WHERE id = $1 AND lease = $2 AND state = 'active' RETURNING cancel_requested",
                        id.as_str(),
                        lease.as_str(),
                        step.as_str(),
                        &plugin,
                        percent,
                        lease_until.0
                    )
                })
            })
            .await?;
        self.notices.changed(job);
        Ok(match asked {
            None => Hold::Lost,
            Some(true) => Hold::CancelAsked,
            Some(false) => Hold::Ours,
        })
    }

    /// Active jobs whose lease is over: their worker is gone or cut off. Whoever finds them finishes the attempt with
    /// the old lease; of several finders, one succeeds.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn overdue(&self, now: Timestamp) -> Result<Vec<Job>, StoreError> {
        let mut conn = self.db.read().await?;
        let found = rows!(
            JobRow,
            &mut conn.conn(),
            "SELECT * FROM jobs WHERE state = 'active' AND lease_until <= $1 ORDER BY lease_until LIMIT 100",
            now.0
        )?;
        found.into_iter().map(JobRow::job).collect()
    }
}

/// A waiting job is ready whatever the clock says: the one that accepted it may be ahead of the one that asks.
async fn head(conn: &mut Conn<'_>, now: Timestamp) -> Result<Option<Head>, StoreError> {
    row!(
        Head,
        conn,
        "SELECT id, memory, turn FROM jobs
         WHERE state IN ('waiting', 'delayed') AND (state = 'waiting' OR run_at <= $1)
         ORDER BY priority DESC, turn, id LIMIT 1",
        now.0
    )
}

async fn head_locked(conn: &mut Conn<'_>, now: Timestamp) -> Result<Option<Head>, StoreError> {
    match conn {
        Conn::Sqlite(_) => head(conn, now).await,
        Conn::Postgres(_) => row!(
            Head,
            conn,
            "SELECT id, memory, turn FROM jobs
         WHERE state IN ('waiting', 'delayed') AND (state = 'waiting' OR run_at <= $1)
             ORDER BY priority DESC, turn, id LIMIT 1 FOR UPDATE SKIP LOCKED",
            now.0
        ),
    }
}

async fn take(
    conn: &mut Conn<'_>,
    worker: &WorkerId,
    fits: Option<i64>,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Claim, StoreError> {
    let Some(head) = head_locked(conn, now).await? else {
        return Ok(Claim::Nothing { next_at: None });
    };
    if fits.is_some_and(|fits| head.memory > fits) {
        return Ok(Claim::TooLarge { memory: head.memory });
    }
    let lease = Lease::random();
    let job = row!(
        JobRow,
        conn,
        "UPDATE jobs SET state = 'active', attempt = attempt + 1, lease = $2, lease_until = $3, worker = $4,
             started_at = $5, progress = 0, step = 'downloading', plugin = '', reason = ''
         WHERE id = $1 RETURNING *",
        head.id.as_str(),
        lease.as_str(),
        lease_until.0,
        worker.as_str(),
        now.0
    )?;
    let job = job.ok_or(StoreError::Missing("job"))?.job()?;
    execute!(
        conn,
        "INSERT INTO attempts (lease, job_id, round, attempt, worker, started_at, outcome, reason)
         VALUES ($1, $2, $3, $4, $5, $6, 'running', '')",
        lease.as_str(),
        job.id.as_str(),
        job.round,
        job.attempt,
        worker.as_str(),
        now.0
    )?;
    execute!(conn, "UPDATE queue_turn SET turn = $1 WHERE one = 1 AND turn < $1", head.turn)?;
    Ok(Claim::Job(Box::new(job)))
}
