//! A job as its table holds it.

use super::{Dialect, Job, JobState, Step, WorkflowUse};
use crate::{
    AccountId, ContentHash, FileFacts, JobId, Lease, OrganizationId, StoreError, Timestamp, TokenId,
    WorkflowId, WorkflowVersionId,
};

/// All columns but those that only the queue needs.
#[derive(sqlx::FromRow)]
pub(crate) struct JobRow {
    id: JobId,
    organization_id: OrganizationId,
    account_id: AccountId,
    token_id: Option<TokenId>,
    dialect: Dialect,
    work: String,
    state: JobState,
    priority: i64,
    round: i64,
    attempt: i64,
    max_attempts: i64,
    run_at: Timestamp,
    lease: Option<Lease>,
    lease_until: Option<Timestamp>,
    worker: Option<String>,
    progress: i64,
    step: Step,
    plugin: String,
    reason: String,
    cancel_requested: bool,
    input_hash: String,
    input_name: String,
    input_media_type: String,
    input_bytes: i64,
    width: i64,
    height: i64,
    memory: i64,
    price: i64,
    charged: i64,
    pub charged_day: String,
    hooks: String,
    result_hash: Option<String>,
    result_name: Option<String>,
    result_media_type: Option<String>,
    result_bytes: Option<i64>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    expires_at: Timestamp,
    purged: bool,
    workflow_id: Option<WorkflowId>,
    workflow_version: Option<WorkflowVersionId>,
    workflow_name: String,
    review: bool,
    labels: String,
    batch_id: Option<String>,
    feedback: Option<String>,
    trace: Option<String>,
}

impl JobRow {
    pub(crate) fn job(self) -> Result<Job, StoreError> {
        let hash = |text: String| ContentHash::try_from(text).map_err(StoreError::Corrupt);
        let result = match (self.result_hash, self.result_name, self.result_media_type, self.result_bytes) {
            (Some(text), Some(name), Some(media_type), Some(bytes)) => {
                Some(FileFacts { hash: hash(text)?, name, media_type, bytes })
            }
            _ => None,
        };
        let unreadable = |error: serde_json::Error| StoreError::Corrupt(error.to_string());
        let hooks = serde_json::from_str(&self.hooks).map_err(unreadable)?;
        let labels = serde_json::from_str(&self.labels).map_err(unreadable)?;
        let (name, review) = (self.workflow_name, self.review);
        let workflow = self.workflow_id.zip(self.workflow_version).map(|(id, version)| WorkflowUse {
            id,
            version,
            name,
            review,
        });
        Ok(Job {
            id: self.id,
            organization_id: self.organization_id,
            account_id: self.account_id,
            token_id: self.token_id,
            dialect: self.dialect,
            work: self.work,
            state: self.state,
            priority: self.priority,
            round: self.round,
            attempt: self.attempt,
            max_attempts: self.max_attempts,
            run_at: self.run_at,
            lease: self.lease,
            lease_until: self.lease_until,
            worker: self.worker,
            progress: self.progress,
            step: self.step,
            plugin: self.plugin,
            reason: self.reason,
            cancel_requested: self.cancel_requested,
            input: FileFacts {
                hash: hash(self.input_hash)?,
                name: self.input_name,
                media_type: self.input_media_type,
                bytes: self.input_bytes,
            },
            width: self.width,
            height: self.height,
            memory: self.memory,
            price: self.price,
            charged: self.charged,
            hooks,
            result,
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            expires_at: self.expires_at,
            purged: self.purged,
            workflow,
            labels,
            batch_id: self.batch_id,
            feedback: self.feedback,
            trace: self.trace,
        })
    }
}
