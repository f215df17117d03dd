//! How attempts and jobs end: state, files, credits and messages in one transaction.

use super::submit::wake;
use super::{Finish, Job, JobRow, JobState, Outcome};
use crate::credit::{LedgerKind, Movement, count_day, lock_organization, move_credits};
use crate::db::{Conn, execute, row};
use crate::delivery::post;
use crate::file::{FileRole, hold, release};
use crate::usage::count_work;
use crate::{DeliveryState, JobId, Lease, NewDelivery, Store, StoreError, Timestamp, notice};

impl Store {
    /// Ends an attempt. False when the lease is lost: then nothing is written, somebody else has the job.
    ///
    /// # Errors
    /// [`StoreError::BlobGone`] when a result's bytes were not announced. Otherwise when the database cannot be
    /// written.
    pub async fn finish(
        &self,
        job: &JobId,
        lease: &Lease,
        finish: Finish,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.finish_counting(job, lease, finish, &[], now).await
    }

    /// As [`Store::finish`]; a job that has ended with a result is counted for the plugins and components it used.
    ///
    /// # Errors
    /// As there.
    pub async fn finish_counting(
        &self,
        job: &JobId,
        lease: &Lease,
        finish: Finish,
        steps: &[String],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (id, lease, steps) = (job.clone(), lease.clone(), steps.to_vec());
        let mail = finish.deliveries.iter().any(|delivery| delivery.state == DeliveryState::Pending);
        let work = matches!(finish.outcome, Outcome::Delayed { .. } | Outcome::HandedBack);
        let done = self
            .db
            .write(move |mut conn| {
                Box::pin(async move { end_attempt(&mut conn, &id, &lease, finish, &steps, now).await })
            })
            .await?;
        if done {
            self.notices.changed(job);
            if mail {
                self.notices.mail();
            }
            if work {
                self.notices.work();
            }
        }
        Ok(done)
    }

    /// Calls a job off: at once while it waits, by asking its worker while it is active. What is told about its end,
    /// and when its files go, count only when it ends at once. Gives the state it was in, nothing when there is no such
    /// job.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn cancel(
        &self,
        job: &JobId,
        expires_at: Timestamp,
        deliveries: Vec<NewDelivery>,
        now: Timestamp,
    ) -> Result<Option<JobState>, StoreError> {
        let id = job.clone();
        let was = self
            .db
            .write(move |mut conn| {
                Box::pin(async move {
                    let Some(row) = locked(&mut conn, &id).await? else { return Ok(None) };
                    let day = row.charged_day.clone();
                    let job = row.job()?;
                    match job.state {
                        JobState::Waiting | JobState::Delayed => {
                            end_job(&mut conn, &job, JobState::Cancelled, "Cancelled", now).await?;
                            refund(&mut conn, &job, &day, now).await?;
                            execute!(
                                &mut conn,
                                "UPDATE jobs SET expires_at = $2 WHERE id = $1",
                                id.as_str(),
                                expires_at.0
                            )?;
                            for delivery in &deliveries {
                                post(&mut conn, delivery, now).await?;
                            }
                            wake(&mut conn, notice::MAIL).await?;
                            wake(&mut conn, &format!("{}{}", notice::JOB, job.id)).await?;
                        }
                        JobState::Active => {
                            execute!(
                                &mut conn,
                                "UPDATE jobs SET cancel_requested = TRUE WHERE id = $1",
                                id.as_str()
                            )?;
                        }
                        JobState::Completed
                        | JobState::Failed
                        | JobState::Cancelled
                        | JobState::InReview
                        | JobState::Unpaid => {}
                    }
                    Ok(Some(job.state))
                })
            })
            .await?;
        self.notices.changed(job);
        self.notices.mail();
        Ok(was)
    }

    /// Jobs that have ended and whose files are due to go.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn expired_jobs(&self, now: Timestamp, limit: i64) -> Result<Vec<JobId>, StoreError> {
        let mut conn = self.db.read().await?;
        let found = crate::db::rows!(
            (JobId,),
            &mut conn.conn(),
            "SELECT id FROM jobs WHERE expires_at <= $1 AND NOT purged
                 AND state IN ('completed', 'failed', 'cancelled', 'unpaid') ORDER BY expires_at LIMIT $2",
            now.0,
            limit
        )?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    /// Lets go of the files of a job that has ended and is due, and of what would tell whose picture it was. Its figures
    /// stay for the accounts. False when it is not due, or not any more: it may have begun anew since it was found.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn purge_job(&self, job: &JobId, now: Timestamp) -> Result<bool, StoreError> {
        let job = job.clone();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let due = execute!(
                        &mut conn,
                        "UPDATE jobs SET purged = TRUE, input_name = '', result_name = ''
                         WHERE id = $1 AND expires_at <= $2 AND NOT purged
                             AND state IN ('completed', 'failed', 'cancelled', 'unpaid')",
                        job.as_str(),
                        now.0
                    )?;
                    if due == 0 {
                        return Ok(false);
                    }
                    release(&mut conn, &job).await?;
                    execute!(
                        &mut conn,
                        "UPDATE verdicts SET markings = '[]' WHERE job_id = $1",
                        job.as_str()
                    )?;
                    execute!(&mut conn, "DELETE FROM idempotency WHERE expires_at <= $1", now.0)?;
                    Ok(true)
                })
            })
            .await
    }
}

pub(super) async fn locked(conn: &mut Conn<'_>, job: &JobId) -> Result<Option<JobRow>, StoreError> {
    let sql = match conn {
        Conn::Sqlite(_) => "SELECT * FROM jobs WHERE id = $1",
        Conn::Postgres(_) => "SELECT * FROM jobs WHERE id = $1 FOR NO KEY UPDATE",
    };
    row!(JobRow, conn, sql, job.as_str())
}

async fn end_attempt(
    conn: &mut Conn<'_>,
    id: &JobId,
    lease: &Lease,
    finish: Finish,
    steps: &[String],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(row) = locked(conn, id).await? else { return Ok(false) };
    let day = row.charged_day.clone();
    let job = row.job()?;
    if job.state != JobState::Active || job.lease.as_ref() != Some(lease) {
        return Ok(false);
    }
    let (outcome, reason) = match &finish.outcome {
        Outcome::Completed { .. } => ("completed", ""),
        Outcome::Failed { reason } => ("failed", reason.as_str()),
        Outcome::Delayed { reason, .. } => ("delayed", reason.as_str()),
        Outcome::HandedBack => ("handed back", ""),
        Outcome::Cancelled => ("cancelled", "Cancelled"),
    };
    match &finish.outcome {
        Outcome::Completed { result } => {
            hold(conn, &job.organization_id, &job.id, FileRole::Result, result, now).await?;
            let review = job.workflow.as_ref().is_some_and(|workflow| workflow.review);
            let state = if review { JobState::InReview } else { JobState::Completed };
            execute!(
                conn,
                "UPDATE jobs SET state = $7, progress = 100, plugin = '', step = 'uploading', lease = NULL,
                     lease_until = NULL, result_hash = $2, result_name = $3, result_media_type = $4, result_bytes = $5,
                     finished_at = $6
                 WHERE id = $1",
                id.as_str(),
                result.hash.hex(),
                &result.name,
                &result.media_type,
                result.bytes,
                now.0,
                state.as_str()
            )?;
        }
        Outcome::Failed { .. } => {
            end_job(conn, &job, JobState::Failed, reason, now).await?;
            refund(conn, &job, &day, now).await?;
        }
        Outcome::Cancelled => {
            end_job(conn, &job, JobState::Cancelled, reason, now).await?;
            refund(conn, &job, &day, now).await?;
        }
        Outcome::Delayed { run_at, .. } => {
            put_back(conn, &job, JobState::Delayed, job.attempt, run_at.0, reason).await?;
        }
        Outcome::HandedBack => {
            let state = if job.attempt > 1 { JobState::Delayed } else { JobState::Waiting };
            put_back(conn, &job, state, job.attempt - 1, now.0, "").await?;
        }
    }
    if matches!(finish.outcome, Outcome::Completed { .. } | Outcome::Failed { .. } | Outcome::Cancelled) {
        execute!(conn, "UPDATE jobs SET expires_at = $2 WHERE id = $1", id.as_str(), finish.expires_at.0)?;
    }
    execute!(
        conn,
        "UPDATE attempts SET finished_at = $2, outcome = $3, reason = $4 WHERE lease = $1",
        lease.as_str(),
        now.0,
        outcome,
        reason
    )?;
    for delivery in &finish.deliveries {
        post(conn, delivery, now).await?;
    }
    let ended = match &finish.outcome {
        Outcome::Completed { .. } => Some(JobState::Completed),
        Outcome::Failed { .. } => Some(JobState::Failed),
        Outcome::Cancelled => Some(JobState::Cancelled),
        Outcome::Delayed { .. } | Outcome::HandedBack => None,
    };
    if let Some(state) = ended {
        count_work(conn, &job, state, steps, now).await?;
    }
    tell(conn, &job, &finish).await?;
    Ok(true)
}

/// Tells other processes what this transaction changes for them.
async fn tell(conn: &mut Conn<'_>, job: &Job, finish: &Finish) -> Result<(), StoreError> {
    wake(conn, &format!("{}{}", notice::JOB, job.id)).await?;
    if matches!(finish.outcome, Outcome::Delayed { .. } | Outcome::HandedBack) {
        wake(conn, notice::WORK).await?;
    }
    if !finish.deliveries.is_empty() {
        wake(conn, notice::MAIL).await?;
    }
    Ok(())
}

async fn put_back(
    conn: &mut Conn<'_>,
    job: &Job,
    state: JobState,
    attempt: i64,
    run_at: i64,
    reason: &str,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE jobs SET state = $2, attempt = $3, run_at = $4, reason = $5, lease = NULL, lease_until = NULL,
             progress = 0, plugin = '', step = ''
         WHERE id = $1",
        job.id.as_str(),
        state.as_str(),
        attempt,
        run_at,
        reason
    )
    .map(drop)
}

pub(super) async fn end_job(
    conn: &mut Conn<'_>,
    job: &Job,
    state: JobState,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE jobs SET state = $2, reason = $3, finished_at = $4, lease = NULL, lease_until = NULL, plugin = ''
         WHERE id = $1",
        job.id.as_str(),
        state.as_str(),
        reason,
        now.0
    )
    .map(drop)
}

/// Gives back what a job was charged, and does not count it for its day.
pub(super) async fn refund(
    conn: &mut Conn<'_>,
    job: &Job,
    day: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    lock_organization(conn, &job.organization_id).await?;
    count_day(conn, &job.organization_id, day, -1).await?;
    if job.charged == 0 {
        return Ok(());
    }
    let movement = Movement {
        amount: job.charged,
        kind: LedgerKind::Refund,
        job: Some((&job.id, job.round)),
        note: "",
        actor: job.account_id.as_str(),
    };
    move_credits(conn, &job.organization_id, &movement, now).await?;
    execute!(conn, "UPDATE jobs SET charged = 0 WHERE id = $1", job.id.as_str()).map(drop)
}
