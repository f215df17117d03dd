//! Beginning a job anew: charged and counted like a new one.

use super::finish::locked;
use super::submit::{next_turn, wake};
use super::{Job, JobState, weight};
use crate::credit::{LedgerKind, Movement, count_day, lock_organization, move_credits, standing};
use crate::db::{Conn, execute};
use crate::delivery::post;
use crate::file::keep_as_earlier;
use crate::{JobId, NewDelivery, Store, StoreError, Timestamp, notice};

/// How a job is to begin anew.
#[derive(Clone, Debug)]
pub struct Restart {
    /// When its files go unless it ends before.
    pub expires_at: Timestamp,
    /// True when the day's allowance counts, as for whoever is not running the house.
    pub heeds_allowance: bool,
    /// Whom to tell when it comes to wait for credits.
    pub when_unpaid: Vec<NewDelivery>,
}

/// What became of a [`Restart`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restarted {
    /// It is in the queue, charged again.
    Again,
    /// Too few credits. A workflow's job waits for them now, any other stays as it was.
    NoCredits,
    /// The day's allowance is used up; it stays as it was.
    DailyLimit,
    /// There is none, it is in another state, or its files have gone.
    NotPossible,
}

impl Store {
    /// Puts a failed, cancelled or unpaid job back into the queue, charged again.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn retry(
        &self,
        job: &JobId,
        restart: Restart,
        now: Timestamp,
    ) -> Result<Restarted, StoreError> {
        let id = job.clone();
        let restarted = self
            .db
            .write(move |mut conn| Box::pin(async move { begin_again(&mut conn, &id, &restart, now).await }))
            .await?;
        match restarted {
            Restarted::Again => self.notices.work(),
            Restarted::NoCredits => self.notices.mail(),
            Restarted::DailyLimit | Restarted::NotPossible => return Ok(restarted),
        }
        self.notices.changed(job);
        Ok(restarted)
    }
}

async fn begin_again(
    conn: &mut Conn<'_>,
    id: &JobId,
    restart: &Restart,
    now: Timestamp,
) -> Result<Restarted, StoreError> {
    let Some(row) = locked(conn, id).await? else { return Ok(Restarted::NotPossible) };
    let job = row.job()?;
    if !matches!(job.state, JobState::Failed | JobState::Cancelled | JobState::Unpaid) || job.purged {
        return Ok(Restarted::NotPossible);
    }
    let organization = lock_organization(conn, &job.organization_id).await?;
    let before = standing(conn, &job.organization_id, now).await?;
    let charged = if organization.unmetered { 0 } else { job.price };
    if charged > before.balance.max(0) {
        wait_for_credits(conn, &job, &restart.when_unpaid, now).await?;
        return Ok(Restarted::NoCredits);
    }
    let is_day_over = organization.daily_allowance.is_some_and(|daily| before.used_today >= daily);
    if restart.heeds_allowance && is_day_over {
        return Ok(Restarted::DailyLimit);
    }
    let round = job.round + 1;
    if charged > 0 {
        let movement = Movement {
            amount: -charged,
            kind: LedgerKind::Charge,
            job: Some((&job.id, round)),
            note: "",
            actor: job.account_id.as_str(),
        };
        move_credits(conn, &job.organization_id, &movement, now).await?;
    }
    count_day(conn, &job.organization_id, &now.day(), 1).await?;
    keep_as_earlier(conn, id, job.round).await?;
    let turn = next_turn(conn, &job.account_id, weight(job.width, job.height)).await?;
    execute!(
        conn,
        "UPDATE jobs SET state = 'waiting', round = $2, attempt = 0, run_at = $3, turn = $4, charged = $5,
             charged_day = $6, expires_at = $7, progress = 0, step = '', plugin = '', reason = '',
             cancel_requested = FALSE, started_at = NULL, finished_at = NULL, result_hash = NULL, result_name = NULL,
             result_media_type = NULL, result_bytes = NULL
         WHERE id = $1",
        id.as_str(),
        round,
        now.0,
        turn,
        charged,
        now.day(),
        restart.expires_at.0
    )?;
    wake(conn, notice::WORK).await?;
    Ok(Restarted::Again)
}

/// A workflow's job waits for its credits; whoever looks sees why, and whoever wants to be told is told once.
async fn wait_for_credits(
    conn: &mut Conn<'_>,
    job: &Job,
    told: &[NewDelivery],
    now: Timestamp,
) -> Result<(), StoreError> {
    if job.workflow.is_none() || job.state == JobState::Unpaid {
        return Ok(());
    }
    keep_as_earlier(conn, &job.id, job.round).await?;
    execute!(
        conn,
        "UPDATE jobs SET state = 'unpaid', reason = '', started_at = NULL, finished_at = NULL,
             result_hash = NULL, result_name = NULL, result_media_type = NULL, result_bytes = NULL
         WHERE id = $1",
        job.id.as_str()
    )?;
    for delivery in told {
        post(conn, delivery, now).await?;
    }
    wake(conn, notice::MAIL).await
}
