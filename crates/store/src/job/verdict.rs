//! A person's verdict on a result, and a client's opinion of it.

use serde::Serialize;

use super::JobState;
use super::finish::{end_job, locked, refund};
use super::submit::wake;
use crate::db::{Conn, execute, rows};
use crate::delivery::post;
use crate::review::{end_claim, live_claim};
use crate::{AccountId, JobId, NewDelivery, ReviewClaim, Store, StoreError, Timestamp, notice};

/// What a reviewer decides.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// True when the result counts; otherwise the job has failed and its credits are given back.
    pub approved: bool,
    /// Why not, for the user.
    pub reason: String,
    /// What was marked on the picture, as a JSON array; the service reads it.
    pub markings: String,
    /// Who decided.
    pub account: AccountId,
    /// By address.
    pub actor: String,
    /// When the job's files go.
    pub expires_at: Timestamp,
    /// Whom to tell, in the same transaction.
    pub deliveries: Vec<NewDelivery>,
}

/// What became of a [`Verdict`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It counts.
    Done,
    /// The job is not in review, or no longer.
    NotInReview,
    /// Another reviewer looks at the result.
    Claimed(ReviewClaim),
}

/// A verdict on one round of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct PastVerdict {
    /// Which round.
    pub round: i64,
    /// True when its result counted.
    pub approved: bool,
    /// Why not.
    pub reason: String,
    /// Who decided, by address.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// What was marked on the picture, as a JSON array.
    pub markings: String,
}

impl Store {
    /// Ends a review, unless another reviewer holds a claim to it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn judge(&self, job: &JobId, verdict: Verdict, now: Timestamp) -> Result<Judged, StoreError> {
        let id = job.clone();
        let judged = self
            .db
            .write(move |mut conn| Box::pin(async move { end_review(&mut conn, &id, &verdict, now).await }))
            .await?;
        if judged == Judged::Done {
            self.notices.changed(job);
            self.notices.mail();
        }
        Ok(judged)
    }

    /// The verdicts on a job's rounds, first to last.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn verdicts(&self, job: &JobId) -> Result<Vec<PastVerdict>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            PastVerdict,
            &mut conn.conn(),
            "SELECT round, approved, reason, actor, at, markings FROM verdicts WHERE job_id = $1 ORDER BY round",
            job.as_str()
        )
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

async fn end_review(
    conn: &mut Conn<'_>,
    id: &JobId,
    verdict: &Verdict,
    now: Timestamp,
) -> Result<Judged, StoreError> {
    let Some(row) = locked(conn, id).await? else { return Ok(Judged::NotInReview) };
    let day = row.charged_day.clone();
    let job = row.job()?;
    if job.state != JobState::InReview {
        return Ok(Judged::NotInReview);
    }
    if let Some(claim) = live_claim(conn, id, now).await?
        && claim.account_id != verdict.account
    {
        return Ok(Judged::Claimed(claim));
    }
    end_claim(conn, id).await?;
    if verdict.approved {
        execute!(conn, "UPDATE jobs SET state = 'completed' WHERE id = $1", id.as_str())?;
    } else {
        end_job(conn, &job, JobState::Failed, &verdict.reason, now).await?;
        refund(conn, &job, &day, now).await?;
    }
    execute!(conn, "UPDATE jobs SET expires_at = $2 WHERE id = $1", id.as_str(), verdict.expires_at.0)?;
    execute!(
        conn,
        "INSERT INTO verdicts (job_id, round, approved, reason, actor, at, markings)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id.as_str(),
        job.round,
        verdict.approved,
        &verdict.reason,
        &verdict.actor,
        now.0,
        &verdict.markings
    )?;
    for delivery in &verdict.deliveries {
        post(conn, delivery, now).await?;
    }
    wake(conn, &format!("{}{id}", notice::JOB)).await?;
    wake(conn, notice::MAIL).await?;
    Ok(Judged::Done)
}
