//! Accepting a job: idempotency, credits, the day's count, the upload, the queue, all in one transaction.

use super::batch::note_batch;
use super::{Idempotency, JobState, NewJob, Submitted, WithoutCredits, weight};
use crate::credit::{LedgerKind, Movement, count_day, lock_organization, move_credits, standing};
use crate::db::{Conn, execute, row, value};
use crate::delivery::post;
use crate::file::{FileRole, hold};
use crate::{AccountId, JobId, Store, StoreError, Timestamp, TokenId, notice};

impl Store {
    /// Accepts a job, or says why not. What is refused costs nothing and leaves nothing.
    ///
    /// # Errors
    /// [`StoreError::BlobGone`] when the upload's bytes were not announced or have been taken away: announce and store
    /// them again. Otherwise when the database cannot be written.
    pub async fn submit(&self, new: &NewJob, now: Timestamp) -> Result<Submitted, StoreError> {
        let new = new.clone();
        let submitted = self
            .db
            .write(move |mut conn| Box::pin(async move { accept(&mut conn, &new, now).await }))
            .await?;
        match submitted {
            Submitted::Accepted { .. } => self.notices.work(),
            Submitted::KeptUnpaid => self.notices.mail(),
            _ => {}
        }
        Ok(submitted)
    }
}

async fn accept(conn: &mut Conn<'_>, new: &NewJob, now: Timestamp) -> Result<Submitted, StoreError> {
    // Also keeps two requests with one key apart.
    let organization = lock_organization(conn, &new.organization_id).await?;
    if let (Some(token), Some(idempotency)) = (&new.token_id, &new.idempotency)
        && let Some(earlier) = earlier(conn, token, idempotency, now).await?
    {
        return Ok(earlier);
    }

    let before = standing(conn, &new.organization_id, now).await?;
    if !organization.unmetered && before.balance < new.price {
        if new.without_credits == WithoutCredits::Refuse {
            return Ok(Submitted::NoCredits);
        }
        hold(conn, &new.organization_id, &new.id, FileRole::Input, &new.input, now).await?;
        insert(conn, new, JobState::Unpaid, 0, 0, now).await?;
        note_batch(conn, new, now).await?;
        for delivery in &new.when_unpaid {
            post(conn, delivery, now).await?;
        }
        wake(conn, notice::MAIL).await?;
        return Ok(Submitted::KeptUnpaid);
    }
    if organization.daily_allowance.is_some_and(|daily| before.used_today >= daily) {
        return Ok(Submitted::DailyLimit);
    }

    hold(conn, &new.organization_id, &new.id, FileRole::Input, &new.input, now).await?;
    let charged = if organization.unmetered { 0 } else { new.price };
    charge(conn, new, charged, now).await?;
    count_day(conn, &new.organization_id, &now.day(), 1).await?;
    let turn = next_turn(conn, &new.account_id, weight(new.width, new.height)).await?;
    insert(conn, new, JobState::Waiting, charged, turn, now).await?;
    note_batch(conn, new, now).await?;
    let standing = standing(conn, &new.organization_id, now).await?;
    if let (Some(token), Some(idempotency)) = (&new.token_id, &new.idempotency) {
        remember(conn, token, idempotency, &new.id, standing.quota()).await?;
    }
    wake(conn, notice::WORK).await?;
    Ok(Submitted::Accepted { standing })
}

async fn earlier(
    conn: &mut Conn<'_>,
    token: &TokenId,
    idempotency: &Idempotency,
    now: Timestamp,
) -> Result<Option<Submitted>, StoreError> {
    // A job whose time is over is no answer to anybody: its client would be sent to what is not there.
    let known = row!(
        (String, JobId, i64),
        conn,
        "SELECT fingerprint, job_id, quota FROM idempotency i WHERE token_id = $1 AND key = $2 AND expires_at > $3
             AND EXISTS (SELECT 1 FROM jobs j WHERE j.id = i.job_id AND NOT j.purged
                 AND (j.expires_at > $3 OR j.state IN ('waiting', 'active', 'delayed')))",
        token.as_str(),
        &idempotency.key,
        now.0
    )?;
    Ok(known.map(|(fingerprint, job, quota)| {
        if fingerprint == idempotency.fingerprint {
            Submitted::Replayed { job, quota }
        } else {
            Submitted::KeyReused
        }
    }))
}

async fn remember(
    conn: &mut Conn<'_>,
    token: &TokenId,
    idempotency: &Idempotency,
    job: &JobId,
    quota: i64,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO idempotency (token_id, key, fingerprint, job_id, quota, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (token_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, job_id = excluded.job_id,
             quota = excluded.quota, expires_at = excluded.expires_at",
        token.as_str(),
        &idempotency.key,
        &idempotency.fingerprint,
        job.as_str(),
        quota,
        idempotency.expires_at.0
    )
    .map(drop)
}

async fn charge(conn: &mut Conn<'_>, new: &NewJob, charged: i64, now: Timestamp) -> Result<(), StoreError> {
    if charged == 0 {
        return Ok(());
    }
    let movement = Movement {
        amount: -charged,
        kind: LedgerKind::Charge,
        job: Some((&new.id, 0)),
        note: "",
        actor: new.account_id.as_str(),
    };
    move_credits(conn, &new.organization_id, &movement, now).await.map(drop)
}

/// The job's place in virtual time: behind its account's earlier jobs, but never before what is being served now.
pub(super) async fn next_turn(
    conn: &mut Conn<'_>,
    account: &AccountId,
    weight: i64,
) -> Result<i64, StoreError> {
    let served = value!(i64, conn, "SELECT turn FROM queue_turn WHERE one = 1")?.unwrap_or(0);
    let end = value!(
        i64,
        conn,
        "UPDATE accounts SET turn = (CASE WHEN turn < $2 THEN $2 ELSE turn END) + $3 WHERE id = $1 RETURNING turn",
        account.as_str(),
        served,
        weight
    )?;
    Ok(end.ok_or(StoreError::Missing("account"))? - weight)
}

async fn insert(
    conn: &mut Conn<'_>,
    new: &NewJob,
    state: JobState,
    charged: i64,
    turn: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let unwritable = |error: serde_json::Error| StoreError::Corrupt(error.to_string());
    let hooks = serde_json::to_string(&new.hooks).map_err(unwritable)?;
    let labels = serde_json::to_string(&new.labels).map_err(unwritable)?;
    let workflow = new.workflow.as_ref();
    execute!(
        conn,
        "INSERT INTO jobs (id, organization_id, account_id, token_id, dialect, work, state, priority, turn, round,
             attempt, max_attempts, run_at, progress, step, plugin, reason, cancel_requested, input_hash, input_name,
             input_media_type, input_bytes, width, height, memory, price, charged, charged_day, hooks, created_at,
             expires_at, purged, workflow_id, workflow_version, workflow_name, review, labels, batch_id, trace)
         VALUES ($1, $2, $3, $4, $5, $6, $23, $7, $8, 0, 0, $9, $10, 0, '', '', '', FALSE, $11, $12, $13, $14,
             $15, $16, $17, $18, $19, $20, $21, $10, $22, FALSE, $24, $25, $26, $27, $28, $29, $30)",
        new.id.as_str(),
        new.organization_id.as_str(),
        new.account_id.as_str(),
        new.token_id.as_ref().map(TokenId::as_str),
        new.dialect.as_str(),
        &new.work,
        new.priority,
        turn,
        new.max_attempts,
        now.0,
        new.input.hash.hex(),
        &new.input.name,
        &new.input.media_type,
        new.input.bytes,
        new.width,
        new.height,
        new.memory,
        new.price,
        charged,
        now.day(),
        &hooks,
        new.expires_at.0,
        state.as_str(),
        workflow.map(|workflow| workflow.id.as_str()),
        workflow.map(|workflow| workflow.version.as_str()),
        workflow.map_or("", |workflow| workflow.name.as_str()),
        workflow.is_some_and(|workflow| workflow.review),
        &labels,
        new.batch.as_ref().map(|batch| batch.id.as_str()),
        &new.trace
    )
    .map(drop)
}

/// Tells other processes, once this transaction is written. SQLite has no such wire: its other processes look often.
pub(crate) async fn wake(conn: &mut Conn<'_>, payload: &str) -> Result<(), StoreError> {
    if let Conn::Postgres(_) = conn {
        execute!(conn, "SELECT pg_notify($1, $2)", notice::CHANNEL, payload)?;
    }
    Ok(())
}
