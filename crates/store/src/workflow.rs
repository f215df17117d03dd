//! Workflows: an organization's saved lists of components, every version kept.

use serde::Serialize;

use crate::db::{Conn, execute, row, rows, value};
use crate::{AccountId, OrganizationId, Store, StoreError, Timestamp, WorkflowId, WorkflowVersionId};

/// One saved version of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Workflow {
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// This version.
    pub id: WorkflowVersionId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Counts up from 1.
    pub number: i64,
    /// Its name for people.
    pub name: String,
    /// A JSON array of components; the service reads it.
    pub components: String,
    /// Credits a picture.
    pub price: i64,
    /// True when a person looks at each result before it counts.
    pub review: bool,
    /// Who saved this version.
    pub account_id: AccountId,
    /// When.
    pub saved_at: Timestamp,
    /// True when it is no longer offered.
    pub archived: bool,
}

/// What a person saves.
#[derive(Clone, Debug)]
pub struct WorkflowDraft {
    /// Its name for people.
    pub name: String,
    /// A JSON array of components.
    pub components: String,
    /// Credits a picture.
    pub price: i64,
    /// True when a person looks at each result before it counts.
    pub review: bool,
    /// Who saves it.
    pub account_id: AccountId,
}

const SELECT: &str = "SELECT v.*, w.organization_id, w.archived FROM workflow_versions v
    JOIN workflows w ON w.id = v.workflow_id ";

macro_rules! select {
    ($rest:literal) => {
        sqlx::AssertSqlSafe(format!("{SELECT}{}", $rest))
    };
}

impl Store {
    /// Saves a new workflow.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without the organization or the account.
    pub async fn create_workflow(
        &self,
        organization: &OrganizationId,
        draft: &WorkflowDraft,
        now: Timestamp,
    ) -> Result<Workflow, StoreError> {
        let (organization, draft) = (organization.clone(), draft.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let (id, version) = (WorkflowId::random(), WorkflowVersionId::random());
                    execute!(
                        &mut conn,
                        "INSERT INTO workflows (id, organization_id, archived, current_version, created_at)
                         VALUES ($1, $2, FALSE, $3, $4)",
                        id.as_str(),
                        organization.as_str(),
                        version.as_str(),
                        now.0
                    )?;
                    insert_version(&mut conn, &id, &version, 1, &draft, now).await
                })
            })
            .await
    }

    /// Saves another version of a workflow of this organization.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when the organization has no such workflow.
    pub async fn save_workflow(
        &self,
        organization: &OrganizationId,
        id: &WorkflowId,
        draft: &WorkflowDraft,
        now: Timestamp,
    ) -> Result<Workflow, StoreError> {
        let (organization, id, draft) = (organization.clone(), id.clone(), draft.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let version = WorkflowVersionId::random();
                    let changed = execute!(
                        &mut conn,
                        "UPDATE workflows SET current_version = $3 WHERE id = $1 AND organization_id = $2",
                        id.as_str(),
                        organization.as_str(),
                        version.as_str()
                    )?;
                    if changed == 0 {
                        return Err(StoreError::Missing("workflow"));
                    }
                    let last = value!(
                        Option<i64>,
                        &mut conn,
                        "SELECT MAX(number) FROM workflow_versions WHERE workflow_id = $1",
                        id.as_str()
                    )?;
                    let number = last.flatten().unwrap_or(0) + 1;
                    insert_version(&mut conn, &id, &version, number, &draft, now).await
                })
            })
            .await
    }

    /// Takes a workflow off the list, or puts it back; its executions stay. False when there is none.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn archive_workflow(
        &self,
        organization: &OrganizationId,
        id: &WorkflowId,
        archived: bool,
    ) -> Result<bool, StoreError> {
        let (organization, id) = (organization.clone(), id.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let changed = execute!(
                        &mut conn,
                        "UPDATE workflows SET archived = $3 WHERE id = $1 AND organization_id = $2",
                        id.as_str(),
                        organization.as_str(),
                        archived
                    )?;
                    Ok(changed > 0)
                })
            })
            .await
    }

    /// A workflow of an organization in one version, the current one unless named.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn workflow(
        &self,
        organization: &OrganizationId,
        id: &WorkflowId,
        version: Option<&WorkflowVersionId>,
    ) -> Result<Option<Workflow>, StoreError> {
        let mut conn = self.db.read().await?;
        row!(
            Workflow,
            &mut conn.conn(),
            select!("WHERE w.organization_id = $1 AND w.id = $2 AND v.id = COALESCE($3, w.current_version)"),
            organization.as_str(),
            id.as_str(),
            version.map(WorkflowVersionId::as_str)
        )
    }

    /// All versions of a workflow, newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn workflow_versions(
        &self,
        organization: &OrganizationId,
        id: &WorkflowId,
    ) -> Result<Vec<Workflow>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            Workflow,
            &mut conn.conn(),
            select!("WHERE w.organization_id = $1 AND w.id = $2 ORDER BY v.number DESC"),
            organization.as_str(),
            id.as_str()
        )
    }

    /// An organization's archived workflows in their current versions, newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn archived_workflows(
        &self,
        organization: &OrganizationId,
        limit: i64,
    ) -> Result<Vec<Workflow>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            Workflow,
            &mut conn.conn(),
            select!(
                "WHERE w.organization_id = $1 AND w.archived AND v.id = w.current_version
                 ORDER BY w.created_at DESC, w.id LIMIT $2"
            ),
            organization.as_str(),
            limit
        )
    }

    /// An organization's workflows in their current versions, newest first, and how many there are.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn workflows(
        &self,
        organization: &OrganizationId,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Workflow>, i64), StoreError> {
        let mut conn = self.db.read().await?;
        let mut conn = conn.conn();
        let found = rows!(
            Workflow,
            &mut conn,
            select!(
                "WHERE w.organization_id = $1 AND NOT w.archived AND v.id = w.current_version
                 ORDER BY w.created_at DESC, w.id LIMIT $2 OFFSET $3"
            ),
            organization.as_str(),
            limit,
            offset
        )?;
        let total = value!(
            i64,
            &mut conn,
            "SELECT COUNT(*) FROM workflows WHERE organization_id = $1 AND NOT archived",
            organization.as_str()
        )?;
        Ok((found, total.unwrap_or(0)))
    }
}

async fn insert_version(
    conn: &mut Conn<'_>,
    workflow: &WorkflowId,
    version: &WorkflowVersionId,
    number: i64,
    draft: &WorkflowDraft,
    now: Timestamp,
) -> Result<Workflow, StoreError> {
    execute!(
        conn,
        "INSERT INTO workflow_versions
             (id, workflow_id, number, name, components, price, review, account_id, saved_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        version.as_str(),
        workflow.as_str(),
        number,
        &draft.name,
        &draft.components,
        draft.price,
        draft.review,
        draft.account_id.as_str(),
        now.0
    )?;
    let saved = row!(Workflow, conn, select!("WHERE v.id = $1"), version.as_str())?;
    saved.ok_or(StoreError::Missing("workflow"))
}
