//! A person's verdict on a result, and a client's opinion of it.

use super::JobState;
use super::finish::{end_job, locked, refund};
use super::submit::wake;
use crate::db::execute;
use crate::delivery::post;
use crate::{JobId, NewDelivery, Store, StoreError, Timestamp, notice};

/// What a reviewer decides.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// True when the result counts; otherwise the job has failed and its credits are given back.
    pub approved: bool,
    /// Why not, for the user.
    pub reason: String,
    /// Who decided.
    pub actor: String,
    /// When the job's files go.
    pub expires_at: Timestamp,
    /// Whom to tell, in the same transaction.
    pub deliveries: Vec<NewDelivery>,
}

impl Store {
    /// Ends a review; false when the job is not in review.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn judge(&self, job: &JobId, verdict: Verdict, now: Timestamp) -> Result<bool, StoreError> {
        let id = job.clone();
        let judged = self
            .db
            .write(move |mut conn| {
                Box::pin(async move {
                    let Some(row) = locked(&mut conn, &id).await? else { return Ok(false) };
                    let day = row.charged_day.clone();
                    let job = row.job()?;
                    if job.state != JobState::InReview {
                        return Ok(false);
                    }
                    if verdict.approved {
                        execute!(
                            &mut conn,
                            "UPDATE jobs SET state = 'completed', expires_at = $2 WHERE id = $1",
                            id.as_str(),
                            verdict.expires_at.0
                        )?;
                    } else {
                        end_job(&mut conn, &job, JobState::Failed, &verdict.reason, now).await?;
                        execute!(
                            &mut conn,
                            "UPDATE jobs SET expires_at = $2 WHERE id = $1",
                            id.as_str(),
                            verdict.expires_at.0
                        )?;
                        refund(&mut conn, &job, &day, now).await?;
                    }
                    execute!(
                        &mut conn,
                        "INSERT INTO verdicts (job_id, round, approved, reason, actor, at)
                         VALUES ($1, $2, $3, $4, $5, $6)",
                        id.as_str(),
                        job.round,
                        verdict.approved,
                        &verdict.reason,
                        &verdict.actor,
                        now.0
                    )?;
                    for delivery in &verdict.deliveries {
                        post(&mut conn, delivery, now).await?;
                    }
                    wake(&mut conn, &format!("{}{id}", notice::JOB)).await?;
                    wake(&mut conn, notice::MAIL).await?;
                    Ok(true)
                })
            })
            .await?;
        self.notices.changed(job);
        self.notices.mail();
        Ok(judged)
    }

    /// Keeps what a client thought of a result; the last opinion counts. False when there is no such job.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn set_feedback(&self, job: &JobId, feedback: &str) -> Result<bool, StoreError> {
        let (job, feedback) = (job.clone(), feedback.to_owned());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let changed = execute!(
                        &mut conn,
                        "UPDATE jobs SET feedback = $2 WHERE id = $1",
                        job.as_str(),
                        &feedback
                    )?;
                    Ok(changed > 0)
                })
            })
            .await
    }
}
