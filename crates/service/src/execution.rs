//! Executions: pictures that go through workflows, alone or as a batch, and what people say about the results.

use std::collections::BTreeMap;

use retouch::{Workflow as Components, WorkflowError};
use serde_json::{Map, Value};
use store::{
    Batch, BatchTag, Dialect, FileFacts, Job, JobFilter, JobId, JobState, NewJob, Organization, Restart,
    Restarted, Step, StoreError, Submitted, Timestamp, WithoutCredits, Workflow, WorkflowUse,
};

use crate::{Member, PictureFacts, Service, Work, memory_need};

/// A picture somebody wants taken through a workflow.
#[derive(Clone, Debug)]
pub struct NewExecution {
    /// Who wants it, and in which organization.
    pub member: Member,
    /// Which workflow, in the version that is to run.
    pub workflow: Workflow,
    /// The picture: [`Service::keep_picture`] or [`Service::picture`] told of it.
    pub picture: FileFacts,
    /// What its header says.
    pub facts: PictureFacts,
    /// Its file name, exactly as given.
    pub name: String,
    /// The client's own labels.
    pub labels: BTreeMap<String, String>,
    /// Settings of this one execution, by the label of their component.
    pub settings: Map<String, Value>,
    /// Addresses to tell.
    pub hooks: Vec<String>,
    /// The batch it belongs to.
    pub batch: Option<BatchTag>,
}

/// Why there is no execution. Too few credits are no such reason: then it waits as [`JobState::Unpaid`].
#[derive(Debug, thiserror::Error)]
pub enum ExecutionError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] WorkflowError),
    /// The day's allowance is used up.
    #[error("the daily limit is reached: come back tomorrow (UTC)")]
    DailyLimit,
    /// Database or store are away, or full.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

/// What became of a wish to run an execution again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retried {
    /// It waits in the queue.
    Again,
    /// It is completed; nothing to do.
    Completed,
    /// It is under way or in review.
    UnderWay,
    /// Too few credits: it waits for some.
    Unpaid,
    /// The day's allowance is used up: it stays as it was.
    DailyLimit,
    /// Its files have gone.
    NotPossible,
}

impl Service {
    /// Accepts an execution.
    ///
    /// # Errors
    /// See [`ExecutionError`].
    pub async fn execute(&self, new: NewExecution) -> Result<JobId, ExecutionError> {
        let components = Components::from_json(&new.workflow.components)?.with_settings(&new.settings)?;
        let work = Work::Workflow(components);
        let now = self.now();
        let organization = &new.member.organization;
        let mut job = NewJob {
            id: JobId::random(),
            organization_id: organization.id.clone(),
            account_id: new.member.account.id.clone(),
            token_id: None,
            dialect: Dialect::AutoRetouch,
            memory: memory_need(new.facts.width, new.facts.height, &work),
            work: work.to_json(),
            priority: organization.priority,
            max_attempts: self.settings().max_attempts(),
            input: FileFacts { name: crate::submit::short_name(&new.name), ..new.picture },
            width: i64::from(new.facts.width),
            height: i64::from(new.facts.height),
            price: new.workflow.price,
            hooks: new.hooks,
            expires_at: now.plus(self.settings().keep),
            idempotency: None,
            workflow: Some(WorkflowUse {
                id: new.workflow.workflow_id,
                version: new.workflow.id,
                name: new.workflow.name,
                review: new.workflow.review,
            }),
            labels: new.labels,
            batch: new.batch,
            without_credits: WithoutCredits::Keep,
            when_unpaid: Vec::new(),
            trace: crate::trace::here(),
        };
        job.when_unpaid = self.messages(&unpaid(&job, now), now).await?;
        match self.queue(&job).await? {
            Submitted::DailyLimit => Err(ExecutionError::DailyLimit),
            submitted => {
                tracing::info!(job = %job.id, ?submitted, "execution accepted");
                Ok(job.id)
            }
        }
    }

    /// An execution of an organization; another organization's are not there.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn execution(&self, organization: &Organization, id: &str) -> Result<Option<Job>, StoreError> {
        let found = self.store().job(&JobId::from(id)).await?;
        Ok(found.filter(|job| job.organization_id == organization.id && job.workflow.is_some()))
    }

    /// An organization's executions, newest first, and how many the filter lets through.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn executions(
        &self,
        organization: &Organization,
        filter: JobFilter,
    ) -> Result<(Vec<Job>, i64), StoreError> {
        let filter = JobFilter {
            organization: Some(organization.id.clone()),
            dialect: Some(Dialect::AutoRetouch),
            ..filter
        };
        Ok((self.store().jobs(&filter).await?, self.store().count_jobs(&filter).await?))
    }

    /// Runs an execution that failed, or could not be paid for, once more.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn retry_execution(&self, job: &Job) -> Result<Retried, StoreError> {
        match job.state {
            JobState::Completed => return Ok(Retried::Completed),
            JobState::Waiting | JobState::Active | JobState::Delayed | JobState::InReview => {
                return Ok(Retried::UnderWay);
            }
            JobState::Failed | JobState::Cancelled | JobState::Unpaid => {}
        }
        let now = self.now();
        let restart = Restart {
            expires_at: now.plus(self.settings().keep),
            heeds_allowance: true,
            when_unpaid: self.messages(&waiting_for_credits(job), now).await?,
        };
        Ok(match self.store().retry(&job.id, restart, now).await? {
            Restarted::Again => Retried::Again,
            Restarted::NoCredits if job.workflow.is_some() => Retried::Unpaid,
            Restarted::DailyLimit => Retried::DailyLimit,
            Restarted::NoCredits | Restarted::NotPossible => Retried::NotPossible,
        })
    }

    /// Keeps what a client thought of a result.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn feedback(&self, job: &Job, opinion: &Value) -> Result<(), StoreError> {
        self.store().set_feedback(&job.id, &opinion.to_string()).await.map(drop)
    }

    /// An organization's batches, newest first, all or the one named, and how many there are.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn batches(
        &self,
        organization: &Organization,
        id: Option<&str>,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Batch>, i64), StoreError> {
        self.store().batches(&organization.id, id, limit, offset).await
    }
}

/// A job that has ended as it will be when its next round cannot be paid for.
fn waiting_for_credits(ended: &Job) -> Job {
    Job {
        state: JobState::Unpaid,
        reason: String::new(),
        charged: 0,
        started_at: None,
        finished_at: None,
        result: None,
        ..ended.clone()
    }
}

/// The job as it will be when it is kept unpaid.
fn unpaid(new: &NewJob, now: Timestamp) -> Job {
    Job {
        id: new.id.clone(),
        organization_id: new.organization_id.clone(),
        account_id: new.account_id.clone(),
        token_id: None,
        dialect: new.dialect,
        work: new.work.clone(),
        state: JobState::Unpaid,
        priority: new.priority,
        round: 0,
        attempt: 0,
        max_attempts: new.max_attempts,
        run_at: now,
        lease: None,
        lease_until: None,
        worker: None,
        progress: 0,
        step: Step::None,
        plugin: String::new(),
        reason: String::new(),
        cancel_requested: false,
        input: new.input.clone(),
        width: new.width,
        height: new.height,
        memory: new.memory,
        price: new.price,
        charged: 0,
        hooks: new.hooks.clone(),
        result: None,
        created_at: now,
        started_at: None,
        finished_at: None,
        expires_at: new.expires_at,
        purged: false,
        workflow: new.workflow.clone(),
        labels: new.labels.clone(),
        batch_id: new.batch.as_ref().map(|batch| batch.id.clone()),
        feedback: None,
        trace: new.trace.clone(),
    }
}
