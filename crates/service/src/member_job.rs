//! Retouches that somebody who is signed in asks for, and what people can do with the jobs of their organization.

use std::collections::BTreeMap;

use bytes::Bytes;
use retouch::{OutputChoice, Recipe};
use store::{ContentHash, Dialect, FileFacts, Job, JobFilter, JobId, JobState, Organization, StoreError};

use crate::submit::{Asked, PRICE, Receipt, SubmitError, refuse_early, short_name};
use crate::{Member, PictureFacts, Retried, Service, Work};

/// The label that names the job of which another is an edition.
const EDITION_OF: &str = "edition-of";

/// A retouch somebody who is signed in wants.
#[derive(Clone, Debug)]
pub struct MemberOrder {
    /// Who wants it, and in which organization.
    pub member: Member,
    /// What is to be done.
    pub recipe: Recipe,
    /// The picture's bytes.
    pub picture: Bytes,
    /// Names them.
    pub hash: ContentHash,
    /// What [`Service::survey`] said about the picture.
    pub facts: PictureFacts,
    /// Its file name as given.
    pub name: String,
}

impl Service {
    /// Accepts a retouch of a member, or says why not.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit_for_member(&self, order: MemberOrder) -> Result<Receipt, SubmitError> {
        let organization = order.member.organization;
        refuse_early(&self.store().standing(&organization.id, self.now()).await?)?;
        let input = FileFacts {
            hash: order.hash,
            name: short_name(&order.name.replace(char::is_control, "")),
            media_type: order.facts.media_type.to_owned(),
            bytes: i64::try_from(order.picture.len()).unwrap_or(i64::MAX),
        };
        self.announce(&input).await?;
        self.blobs().put(&input.hash, order.picture).await?;
        self.accept(Asked {
            organization,
            account: order.member.account.id,
            token: None,
            dialect: Dialect::Studio,
            work: Work::Retouch(order.recipe),
            input,
            facts: order.facts,
            price: PRICE,
            hooks: Vec::new(),
            labels: BTreeMap::new(),
            idempotency_key: None,
        })
        .await
    }

    /// The same retouch of the same picture in another form of file, for as long as the paid result is kept: nothing is
    /// paid twice. Asking again gives the edition there is. Nothing when the job has no result, or is no retouch.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn edition(
        &self,
        member: &Member,
        job: &Job,
        output: OutputChoice,
    ) -> Result<Option<JobId>, SubmitError> {
        let Ok(Work::Retouch(recipe)) = Work::from_json(&job.work) else { return Ok(None) };
        if job.state != JobState::Completed || job.purged || job.labels.contains_key(EDITION_OF) {
            return Ok(None);
        }
        let recipe = match output {
            OutputChoice::Zip => Recipe { output, ..recipe.layered() },
            _ => Recipe { output, ..flat(recipe) },
        };
        let work = Work::Retouch(recipe);
        let kept = work.to_json();
        let is_there = |other: &&Job| {
            other.work == kept && !matches!(other.state, JobState::Failed | JobState::Cancelled)
        };
        if let Some(found) = self.editions(job).await?.iter().find(is_there) {
            return Ok(Some(found.id.clone()));
        }
        let facts = match self.survey_picture(&job.input).await {
            Ok(facts) => facts,
            Err(_) => return Ok(None),
        };
        let asked = Asked {
            organization: member.organization.clone(),
            account: member.account.id.clone(),
            token: None,
            dialect: Dialect::Studio,
            work,
            input: job.input.clone(),
            facts,
            price: 0,
            hooks: Vec::new(),
            labels: BTreeMap::from([(EDITION_OF.to_owned(), job.id.to_string())]),
            idempotency_key: None,
        };
        self.announce(&job.input).await?;
        Ok(Some(self.accept(asked).await?.job))
    }

    /// The other editions of a job, newest first.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn editions(&self, job: &Job) -> Result<Vec<Job>, StoreError> {
        let filter = JobFilter {
            organization: Some(job.organization_id.clone()),
            dialect: Some(Dialect::Studio),
            label: Some((EDITION_OF.to_owned(), job.id.to_string())),
            limit: 20,
            ..JobFilter::default()
        };
        let now = self.now();
        let all = self.store().jobs(&filter).await?;
        Ok(all
            .into_iter()
            .filter(|job| !job.purged && (!job.state.is_final() || job.expires_at > now))
            .collect())
    }

    /// The job of which this one is an edition.
    pub fn edition_of(job: &Job) -> Option<&str> {
        job.labels.get(EDITION_OF).map(String::as_str)
    }

    /// A job of an organization, of whatever kind; another organization's are not there.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn job_of(&self, organization: &Organization, id: &str) -> Result<Option<Job>, StoreError> {
        let found = self.store().job(&JobId::from(id)).await?;
        Ok(found.filter(|job| job.organization_id == organization.id))
    }

    /// An organization's retouches without a workflow, newest first, and how many there are: those that people asked for,
    /// or those that programs asked for.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn retouches(
        &self,
        organization: &Organization,
        by_people: bool,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Job>, i64), StoreError> {
        let dialect = if by_people { Dialect::Studio } else { Dialect::Retouch4me };
        let filter = JobFilter {
            organization: Some(organization.id.clone()),
            dialect: Some(dialect),
            limit,
            offset,
            ..JobFilter::default()
        };
        Ok((self.store().jobs(&filter).await?, self.store().count_jobs(&filter).await?))
    }

    /// Runs a job that failed or was called off once more.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn retry_job(&self, job: &Job) -> Result<Retried, StoreError> {
        self.retry_execution(job).await
    }
}

/// The recipe without layers of their own.
fn flat(mut recipe: Recipe) -> Recipe {
    recipe.tasks.iter_mut().for_each(|task| task.as_layer = false);
    recipe
}
