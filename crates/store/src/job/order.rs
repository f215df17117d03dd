//! Orders as people follow them: batches with the states of their jobs.

use serde::Serialize;

use super::JobState;
use super::history::text_pattern;
use crate::db::{rows, value};
use crate::{OrganizationId, Store, StoreError, Timestamp, WorkflowId};

/// A batch with the states of its jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Order {
    /// The client's name for it.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The workflow of its first job.
    pub workflow_id: WorkflowId,
    /// That workflow's name then.
    pub workflow_name: String,
    /// When its first job came.
    pub created_at: Timestamp,
    /// Who sent its first job, by address.
    pub author: String,
    /// Jobs that wait.
    pub waiting: i64,
    /// Jobs being worked on, or between two attempts.
    pub active: i64,
    /// Jobs with a result that counts.
    pub completed: i64,
    /// Jobs that brought nothing, called off or not.
    pub failed: i64,
    /// Jobs that wait for a person's verdict.
    pub in_review: i64,
    /// Jobs that wait for credits.
    pub unpaid: i64,
    /// Credits charged for all of them.
    pub price: i64,
}

impl Order {
    /// How many jobs it has.
    pub fn total(&self) -> i64 {
        self.under_way() + self.completed + self.failed + self.in_review + self.unpaid
    }

    /// How many jobs will still change by themselves.
    pub fn under_way(&self) -> i64 {
        self.waiting + self.active
    }
}

/// Which orders to list.
#[derive(Clone, Debug, Default)]
pub struct OrderFilter {
    /// The one of this name.
    pub id: Option<String>,
    /// With a job in this state.
    pub state: Option<JobState>,
    /// Or in this one.
    pub or_state: Option<JobState>,
    /// Begun with this workflow.
    pub workflow: Option<WorkflowId>,
    /// With this text in its name, in any case.
    pub text: Option<String>,
    /// Begun at this time or later.
    pub since: Option<Timestamp>,
    /// Begun before this time.
    pub before: Option<Timestamp>,
    /// How many at most.
    pub limit: i64,
    /// How many to leave out.
    pub offset: i64,
}

/// A query over the orders that a filter lets through; its first eight binds are the filter's.
macro_rules! filtered {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            " FROM batches
             WHERE organization_id = $1
                 AND (CAST($2 AS TEXT) IS NULL OR id = $2)
                 AND (CAST($3 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM jobs j
                     WHERE j.organization_id = batches.organization_id AND j.batch_id = batches.id
                         AND j.state IN ($3, CAST($4 AS TEXT))))
                 AND (CAST($5 AS TEXT) IS NULL OR workflow_id = $5)
                 AND (CAST($6 AS TEXT) IS NULL OR LOWER(name) LIKE LOWER($6) ESCAPE '!')
                 AND ($7 <= created_at AND created_at < $8) ",
            $tail
        )
    };
}

impl Store {
    /// An organization's orders, newest first, and how many the filter lets through.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn orders(
        &self,
        organization: &OrganizationId,
        filter: &OrderFilter,
    ) -> Result<(Vec<Order>, i64), StoreError> {
        let mut conn = self.db.read().await?;
        let mut conn = conn.conn();
        let state = filter.state.map(JobState::as_str);
        let or_state = filter.or_state.map(JobState::as_str);
        let workflow = filter.workflow.as_ref().map(WorkflowId::as_str);
        let text = text_pattern(filter.text.as_deref());
        let since = filter.since.map_or(i64::MIN, |at| at.0);
        let before = filter.before.map_or(i64::MAX, |at| at.0);
        let found = rows!(
            Order,
            &mut conn,
            filtered!(
                "SELECT b.id, b.name, b.workflow_id, b.workflow_name, b.created_at, a.email AS author,
                     COUNT(CASE WHEN j.state = 'waiting' THEN 1 END) AS waiting,
                     COUNT(CASE WHEN j.state IN ('active', 'delayed') THEN 1 END) AS active,
                     COUNT(CASE WHEN j.state = 'completed' THEN 1 END) AS completed,
                     COUNT(CASE WHEN j.state IN ('failed', 'cancelled') THEN 1 END) AS failed,
                     COUNT(CASE WHEN j.state = 'in_review' THEN 1 END) AS in_review,
                     COUNT(CASE WHEN j.state = 'unpaid' THEN 1 END) AS unpaid,
                     CAST(COALESCE(SUM(j.charged), 0) AS BIGINT) AS price
                 FROM (SELECT *",
                "ORDER BY created_at DESC, id LIMIT $9 OFFSET $10) b
                 JOIN accounts a ON a.id = b.account_id
                 LEFT JOIN jobs j ON j.organization_id = b.organization_id AND j.batch_id = b.id
                 GROUP BY b.id, b.name, b.workflow_id, b.workflow_name, b.created_at, a.email
                 ORDER BY b.created_at DESC, b.id"
            ),
            organization.as_str(),
            filter.id.as_deref(),
            state,
            or_state,
            workflow,
            text.as_deref(),
            since,
            before,
            filter.limit,
            filter.offset
        )?;
        let total = value!(
            i64,
            &mut conn,
            filtered!("SELECT COUNT(*)", ""),
            organization.as_str(),
            filter.id.as_deref(),
            state,
            or_state,
            workflow,
            text.as_deref(),
            since,
            before
        )?;
        Ok((found, total.unwrap_or(0)))
    }
}
