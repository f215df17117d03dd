//! Looking at jobs: one, many, their attempts, the queue in figures.

use super::{Attempt, Dialect, Job, JobFilter, JobRow, JobState, QueueFigures};
use crate::db::{row, rows, value};
use crate::{AccountId, JobId, OrganizationId, Store, StoreError, WorkflowId};

/// A query over the jobs that a filter lets through; its first eleven binds are the filter's.
macro_rules! filtered {
    ($head:literal, $scope:literal, $tail:literal) => {
        concat!(
            $head,
            " FROM jobs WHERE ",
            $scope,
            "
         AND (CAST($1 AS TEXT) IS NULL OR organization_id = $1)
         AND (CAST($2 AS TEXT) IS NULL OR account_id = $2)
         AND (CAST($3 AS TEXT) IS NULL OR state IN ($3, CAST($7 AS TEXT)))
         AND (CAST($4 AS TEXT) IS NULL OR workflow_id = $4)
         AND (CAST($5 AS TEXT) IS NULL OR batch_id = $5)
         AND (CAST($6 AS TEXT) IS NULL OR dialect = $6)
         AND (CAST($8 AS TEXT) IS NULL
             OR REPLACE(',' || SUBSTR(labels, 2), $8, '') <> ',' || SUBSTR(labels, 2))
         AND (CAST($9 AS TEXT) IS NULL
             OR LOWER(input_name || ' ' || id || ' ' || labels) LIKE LOWER($9) ESCAPE '!')
         AND ($10 <= created_at AND created_at < $11) ",
            $tail
        )
    };
}

/// What of a filter leads to an index. The rest may be anything or nothing, and such conditions lead to none: without a
/// scope every list would look at all jobs there ever were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Batch,
    ReviewDesk,
    Organization,
    InLine,
    UnderWay,
    House,
}

impl Scope {
    #[cfg(test)]
    const ALL: [Self; 6] =
        [Self::Batch, Self::ReviewDesk, Self::Organization, Self::InLine, Self::UnderWay, Self::House];

    fn of(filter: &JobFilter) -> Self {
        let state = filter.state.filter(|_| filter.or_state.is_none());
        match (filter.organization.is_some(), state) {
            (true, _) if filter.batch.is_some() => Self::Batch,
            (true, Some(JobState::InReview)) => Self::ReviewDesk,
            (true, _) => Self::Organization,
            (false, Some(JobState::Waiting | JobState::Delayed)) => Self::InLine,
            (false, Some(JobState::Active)) => Self::UnderWay,
            (false, _) => Self::House,
        }
    }
}

/// [`filtered!`] in the words of a scope.
macro_rules! within {
    ($scope:expr, $head:literal, $tail:literal) => {
        match $scope {
            Scope::Batch => filtered!($head, "organization_id = $1 AND batch_id = $5", $tail),
            Scope::ReviewDesk => filtered!($head, "organization_id = $1 AND state = 'in_review'", $tail),
            Scope::Organization => filtered!($head, "organization_id = $1", $tail),
            Scope::InLine => filtered!($head, "state IN ('waiting', 'delayed')", $tail),
            Scope::UnderWay => filtered!($head, "state = 'active'", $tail),
            Scope::House => filtered!($head, "TRUE", $tail),
        }
    };
}

/// In the words of the two indexes of jobs that have not ended.
const QUEUE: &str = "SELECT COUNT(CASE WHEN state = 'waiting' THEN 1 END) AS waiting,
         COUNT(CASE WHEN state = 'delayed' THEN 1 END) AS delayed,
         (SELECT COUNT(*) FROM jobs WHERE state = 'active') AS active,
         MIN(CASE WHEN state = 'waiting' THEN created_at END) AS oldest_waiting_at,
         (SELECT CAST(COALESCE(SUM(memory), 0) AS BIGINT) FROM jobs WHERE state = 'active') AS active_memory
     FROM jobs WHERE state IN ('waiting', 'delayed')";

impl Store {
    /// A job.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn job(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        let mut conn = self.db.read().await?;
        row!(JobRow, &mut conn.conn(), "SELECT * FROM jobs WHERE id = $1", id.as_str())?
            .map(JobRow::job)
            .transpose()
    }

    /// Jobs, newest first unless the filter says otherwise.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
        let scope = Scope::of(filter);
        let sql = match filter.oldest_first {
            false => within!(scope, "SELECT *", "ORDER BY created_at DESC, id LIMIT $12 OFFSET $13"),
            true => within!(scope, "SELECT *", "ORDER BY finished_at, id LIMIT $12 OFFSET $13"),
        };
        let mut conn = self.db.read().await?;
        let found = rows!(
            JobRow,
            &mut conn.conn(),
            sql,
            filter.organization.as_ref().map(OrganizationId::as_str),
            filter.account.as_ref().map(AccountId::as_str),
            filter.state.map(JobState::as_str),
            filter.workflow.as_ref().map(WorkflowId::as_str),
            filter.batch.as_deref(),
            filter.dialect.map(Dialect::as_str),
            filter.or_state.map(JobState::as_str),
            label_text(filter),
            text_pattern(filter.text.as_deref()),
            filter.since.map_or(i64::MIN, |at| at.0),
            filter.before.map_or(i64::MAX, |at| at.0),
            filter.limit,
            filter.offset
        )?;
        found.into_iter().map(JobRow::job).collect()
    }

    /// How many jobs a filter lets through, its limit and offset aside.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn count_jobs(&self, filter: &JobFilter) -> Result<i64, StoreError> {
        let mut conn = self.db.read().await?;
        let count = value!(
            i64,
            &mut conn.conn(),
            within!(Scope::of(filter), "SELECT COUNT(*)", ""),
            filter.organization.as_ref().map(OrganizationId::as_str),
            filter.account.as_ref().map(AccountId::as_str),
            filter.state.map(JobState::as_str),
            filter.workflow.as_ref().map(WorkflowId::as_str),
            filter.batch.as_deref(),
            filter.dialect.map(Dialect::as_str),
            filter.or_state.map(JobState::as_str),
            label_text(filter),
            text_pattern(filter.text.as_deref()),
            filter.since.map_or(i64::MIN, |at| at.0),
            filter.before.map_or(i64::MAX, |at| at.0)
        )?;
        Ok(count.unwrap_or(0))
    }

    /// All attempts at a job, first to last.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn attempts(&self, job: &JobId) -> Result<Vec<Attempt>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            Attempt,
            &mut conn.conn(),
            "SELECT * FROM attempts WHERE job_id = $1 ORDER BY started_at, round, attempt",
            job.as_str()
        )
    }

    /// The queue in figures.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn queue(&self) -> Result<QueueFigures, StoreError> {
        let mut conn = self.db.read().await?;
        let figures = row!(QueueFigures, &mut conn.conn(), QUEUE)?;
        Ok(figures.unwrap_or_default())
    }

    /// How many jobs are in each state; states without jobs are left out.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn states(&self) -> Result<Vec<(JobState, i64)>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!((JobState, i64), &mut conn.conn(), "SELECT state, COUNT(*) FROM jobs GROUP BY state")
    }
}

/// A label as it stands in the kept JSON behind a comma; the first one's brace is read as one. Keys and values are
/// escaped alike on both sides, so nothing but a whole label fits.
fn label_text(filter: &JobFilter) -> Option<String> {
    let (key, value) = filter.label.as_ref()?;
    Some(format!(",{}:{}", serde_json::Value::from(key.as_str()), serde_json::Value::from(value.as_str())))
}

/// What `LIKE … ESCAPE '!'` takes for any text with this one in it.
pub(super) fn text_pattern(text: Option<&str>) -> Option<String> {
    let escape = |c: char| if matches!(c, '!' | '%' | '_') { vec!['!', c] } else { vec![c] };
    text.map(|text| format!("%{}%", text.chars().flat_map(escape).collect::<String>()))
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Connection as _};

    use super::*;

    /// How SQLite would go about a query, step by step.
    async fn plan(conn: &mut sqlx::SqliteConnection, sql: &str, binds: usize) -> Vec<String> {
        let mut query = sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        for _ in 0..binds {
            query = query.bind(1);
        }
        let steps: Vec<(i64, i64, i64, String)> = query.fetch_all(conn).await.expect("a plan");
        steps.into_iter().map(|(.., step)| step).collect()
    }

    #[tokio::test]
    async fn lists_look_at_what_they_show_and_not_at_all_jobs_there_ever_were() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("atelier.db");
        let store = Store::open(&crate::DatabaseUrl::Sqlite(path.clone())).await.expect("a database");
        let url = format!("sqlite://{}", path.display());
        let mut conn = sqlx::SqliteConnection::connect(&url).await.expect("a connection");
        for scope in Scope::ALL.into_iter().filter(|scope| *scope != Scope::House) {
            let page = within!(scope, "SELECT *", "ORDER BY created_at DESC, id LIMIT $12 OFFSET $13");
            let steps = plan(&mut conn, page, 13).await;
            assert!(steps[0].contains("USING INDEX jobs_"), "{scope:?}: {steps:?}");
            let steps = plan(&mut conn, within!(scope, "SELECT COUNT(*)", ""), 11).await;
            assert!(steps[0].contains("USING INDEX jobs_"), "{scope:?}: {steps:?}");
        }
        let steps = plan(&mut conn, QUEUE, 0).await;
        assert!(steps.iter().all(|step| step.contains("jobs_") || step.starts_with("SCALAR")), "{steps:?}");
        store.close().await;
    }

    #[test]
    fn a_filter_is_asked_by_what_it_names() {
        let filter = JobFilter { organization: Some("o".into()), ..JobFilter::default() };
        assert_eq!(Scope::of(&filter), Scope::Organization);
        let batch = JobFilter { batch: Some("b".to_owned()), ..filter.clone() };
        assert_eq!(Scope::of(&batch), Scope::Batch);
        let desk = JobFilter { state: Some(JobState::InReview), ..filter.clone() };
        assert_eq!(Scope::of(&desk), Scope::ReviewDesk);
        let two = JobFilter { or_state: Some(JobState::Completed), ..desk };
        assert_eq!(Scope::of(&two), Scope::Organization);
        let line = JobFilter { state: Some(JobState::Delayed), ..JobFilter::default() };
        assert_eq!(Scope::of(&line), Scope::InLine);
        assert_eq!(Scope::of(&JobFilter::default()), Scope::House);
    }
}
