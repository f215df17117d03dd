//! Batches: jobs that came in under one label.

use serde::Serialize;

use super::NewJob;
use crate::db::{Conn, execute, rows, value};
use crate::{AccountId, OrganizationId, Store, StoreError, Timestamp, WorkflowId};

/// Jobs that a client calls one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Batch {
    /// The client's name for it.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// When the client says it was made; empty when it did not say.
    pub told_at: String,
    /// Who sent its first job.
    pub account_id: AccountId,
    /// The workflow of its first job.
    pub workflow_id: WorkflowId,
    /// That workflow's name then.
    pub workflow_name: String,
    /// When its first job came.
    pub created_at: Timestamp,
    /// How many jobs it has.
    pub executions: i64,
    /// Credits charged for all of them.
    pub price: i64,
}

impl Store {
    /// An organization's batches, newest first, all or the one named; and how many there are.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn batches(
        &self,
        organization: &OrganizationId,
        id: Option<&str>,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Batch>, i64), StoreError> {
        let mut conn = self.db.read().await?;
        let mut conn = conn.conn();
        let found = rows!(
            Batch,
            &mut conn,
            "SELECT b.*,
                 (SELECT COUNT(*) FROM jobs j WHERE j.organization_id = b.organization_id AND j.batch_id = b.id)
                     AS executions,
                 (SELECT CAST(COALESCE(SUM(j.charged), 0) AS BIGINT) FROM jobs j
                     WHERE j.organization_id = b.organization_id AND j.batch_id = b.id) AS price
             FROM batches b WHERE b.organization_id = $1 AND (CAST($2 AS TEXT) IS NULL OR b.id = $2)
             ORDER BY b.created_at DESC, b.id LIMIT $3 OFFSET $4",
            organization.as_str(),
            id,
            limit,
            offset
        )?;
        let total = value!(
            i64,
            &mut conn,
            "SELECT COUNT(*) FROM batches WHERE organization_id = $1 AND (CAST($2 AS TEXT) IS NULL OR id = $2)",
            organization.as_str(),
            id
        )?;
        Ok((found, total.unwrap_or(0)))
    }
}

/// Notes a job's batch, unless an earlier job has.
pub(super) async fn note_batch(conn: &mut Conn<'_>, new: &NewJob, now: Timestamp) -> Result<(), StoreError> {
    let (Some(batch), Some(workflow)) = (&new.batch, &new.workflow) else { return Ok(()) };
    execute!(
        conn,
        "INSERT INTO batches
             (organization_id, id, name, told_at, account_id, workflow_id, workflow_name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (organization_id, id) DO NOTHING",
        new.organization_id.as_str(),
        &batch.id,
        &batch.name,
        &batch.told_at,
        new.account_id.as_str(),
        workflow.id.as_str(),
        &workflow.name,
        now.0
    )
    .map(drop)
}
