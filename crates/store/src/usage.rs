//! What was done on which day: counted when jobs end, summed up when somebody asks.

use serde::Serialize;

use crate::db::{Conn, execute, rows};
use crate::{Job, JobState, OrganizationId, Store, StoreError, Timestamp};

/// Milliseconds of a day.
const DAY: i64 = 24 * 3_600 * 1_000;

/// One line of the accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct WorkLine {
    /// The day (UTC), or the name of what was counted.
    pub name: String,
    /// Pictures.
    pub pictures: i64,
    /// Credits they cost.
    pub credits: i64,
    /// Their pixels together.
    pub pixels: i64,
    /// Milliseconds of work on them.
    pub millis: i64,
}

/// What is counted beside the days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkKind {
    /// How jobs ended.
    Result,
    /// Through which wire API they came.
    Dialect,
    /// Which workflow they ran.
    Workflow,
    /// Which plugins and components they used.
    Step,
}

impl WorkKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Dialect => "dialect",
            Self::Workflow => "workflow",
            Self::Step => "step",
        }
    }
}

impl Store {
    /// Completed pictures of an organization, day by day from `from` to `to` inclusive (`2026-03-18`); days without
    /// work are left out.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn work_by_day(
        &self,
        organization: &OrganizationId,
        from: &str,
        to: &str,
    ) -> Result<Vec<WorkLine>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            WorkLine,
            &mut conn.conn(),
            "SELECT day AS name, pictures, credits, pixels, millis FROM daily_work
             WHERE organization_id = $1 AND kind = 'result' AND name = 'completed' AND day >= $2 AND day <= $3
             ORDER BY day",
            organization.as_str(),
            from,
            to
        )
    }

    /// Sums by name of one kind over days, the largest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn work_by_name(
        &self,
        organization: &OrganizationId,
        kind: WorkKind,
        from: &str,
        to: &str,
    ) -> Result<Vec<WorkLine>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            WorkLine,
            &mut conn.conn(),
            "SELECT name, CAST(SUM(pictures) AS BIGINT) AS pictures, CAST(SUM(credits) AS BIGINT) AS credits,
                 CAST(SUM(pixels) AS BIGINT) AS pixels, CAST(SUM(millis) AS BIGINT) AS millis
             FROM daily_work WHERE organization_id = $1 AND kind = $2 AND day >= $3 AND day <= $4
             GROUP BY name ORDER BY SUM(pictures) DESC, name",
            organization.as_str(),
            kind.as_str(),
            from,
            to
        )
    }

    /// Credits that jobs cost an organization day by day, refunds taken off, from one time until before another: day
    /// number since 1970 (UTC) and credits.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn spent_by_day(
        &self,
        organization: &OrganizationId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let mut conn = self.db.read().await?;
        let days = rows!(
            (i64, i64),
            &mut conn.conn(),
            "SELECT at / 86400000 AS day, CAST(-SUM(amount) AS BIGINT) FROM ledger
             WHERE organization_id = $1 AND at >= $2 AND at < $3 AND kind IN ('charge', 'refund')
             GROUP BY at / 86400000 ORDER BY at / 86400000",
            organization.as_str(),
            from.0,
            until.0
        )?;
        Ok(days.into_iter().map(|(day, credits)| (Timestamp(day * DAY).day(), credits)).collect())
    }
}

/// Counts a job that has just ended, in the transaction that ends it. `steps` are the plugins and components it used.
pub(crate) async fn count_work(
    conn: &mut Conn<'_>,
    job: &Job,
    state: JobState,
    steps: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    let is_done = state == JobState::Completed;
    let credits = if is_done { job.charged } else { 0 };
    let millis = job.started_at.map_or(0, |start| now.0.saturating_sub(start.0).max(0));
    let mut lines = vec![(WorkKind::Result, state.as_str())];
    if is_done {
        lines.push((WorkKind::Dialect, job.dialect.as_str()));
        lines.extend(job.workflow.iter().map(|workflow| (WorkKind::Workflow, workflow.name.as_str())));
        lines.extend(steps.iter().map(|step| (WorkKind::Step, step.as_str())));
    }
    // Everybody takes the rows in one order, so that nobody waits for each other in a circle.
    lines.sort_by_key(|(kind, name)| (kind.as_str(), *name));
    lines.dedup();
    for (kind, name) in lines {
        execute!(
            conn,
            "INSERT INTO daily_work (organization_id, day, kind, name, pictures, credits, pixels, millis)
             VALUES ($1, $2, $3, $4, 1, $5, $6, $7)
             ON CONFLICT (organization_id, day, kind, name) DO UPDATE SET
                 pictures = daily_work.pictures + 1, credits = daily_work.credits + excluded.credits,
                 pixels = daily_work.pixels + excluded.pixels, millis = daily_work.millis + excluded.millis",
            job.organization_id.as_str(),
            now.day(),
            kind.as_str(),
            name,
            credits,
            job.width.saturating_mul(job.height),
            millis
        )?;
    }
    Ok(())
}
