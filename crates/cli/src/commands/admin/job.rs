//! `atelier admin job`.

use service::Settings;
use store::{DeliveryFilter, Job, JobFilter, JobId, JobState};

use super::office::Office;
use super::table::table;
use crate::commands::{Failure, json};

/// Deliveries shown with a job.
const DELIVERIES: i64 = 100;

/// What can be done.
#[derive(Debug, clap::Subcommand)]
pub enum Deed {
    /// List jobs, newest first
    List {
        /// In this state: waiting, active, delayed, completed, failed, cancelled
        #[arg(long, value_parser = state)]
        state: Option<JobState>,
        /// Of this organization
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
        /// Of this account
        #[arg(long, value_name = "EMAIL")]
        account: Option<String>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: i64,
        /// How many to leave out
        #[arg(long, value_name = "N", default_value_t = 0)]
        offset: i64,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one with its attempts and webhook deliveries, as JSON
    Show {
        /// Its id
        id: String,
    },
    /// Begin a failed or cancelled one anew, charged again; prints its state
    Retry {
        /// Its id
        id: String,
    },
    /// Call one off; prints its state: an active one stays active until its worker notices
    Cancel {
        /// Its id
        id: String,
    },
}

fn state(text: &str) -> Result<JobState, String> {
    JobState::from_text(text)
        .ok_or_else(|| "must be waiting, active, delayed, completed, failed or cancelled".into())
}

/// Does it.
pub async fn run(office: &Office, deed: &Deed) -> Result<String, Failure> {
    match deed {
        Deed::List { state, organization, account, limit, offset, json } => {
            let organization = match organization {
                Some(name) => Some(office.organization(name).await?.id),
                None => None,
            };
            let account = match account {
                Some(email) => Some(office.account(email).await?.id),
                None => None,
            };
            let filter = JobFilter {
                organization,
                account,
                state: *state,
                limit: *limit,
                offset: *offset,
                ..JobFilter::default()
            };
            list(office, &filter, *json).await
        }
        Deed::Show { id } => show(office, &known(office, id).await?).await,
        Deed::Retry { id } => retry(office, &known(office, id).await?).await,
        Deed::Cancel { id } => cancel(office, &known(office, id).await?).await,
    }
}

async fn known(office: &Office, id: &str) -> Result<Job, Failure> {
    let job = office.store.job(&JobId::from(id)).await?;
    job.ok_or_else(|| Failure::Work(format!("there is no job {id}; `atelier admin job list` shows all")))
}

async fn show(office: &Office, job: &Job) -> Result<String, Failure> {
    let attempts = office.store.attempts(&job.id).await?;
    let filter = DeliveryFilter { job: Some(job.id.clone()), limit: DELIVERIES, ..DeliveryFilter::default() };
    let deliveries = office.store.deliveries(&filter).await?;
    json(&serde_json::json!({ "job": job, "attempts": attempts, "deliveries": deliveries }))
}

async fn retry(office: &Office, job: &Job) -> Result<String, Failure> {
    if !office.steward().retry(job, office.config.keep).await? {
        let state = job.state.as_str();
        return Err(Failure::Work(format!(
            "job {} is {state} and stays so: only failed or cancelled ones whose upload is still there can be begun anew",
            job.id
        )));
    }
    Ok(format!("{}\n", JobState::Waiting.as_str()))
}

async fn cancel(office: &Office, job: &Job) -> Result<String, Failure> {
    let settings = Settings { keep: office.config.keep, ..Settings::default() };
    if !office.steward().cancel(job, &settings, &http_doors::voices()).await? {
        return Err(Failure::Work(format!("job {} is {} already", job.id, job.state.as_str())));
    }
    Ok(format!("{}\n", known(office, job.id.as_str()).await?.state.as_str()))
}

async fn list(office: &Office, filter: &JobFilter, as_json: bool) -> Result<String, Failure> {
    let jobs = office.store.jobs(filter).await?;
    if as_json {
        return json(&jobs);
    }
    let rows: Vec<_> = jobs
        .into_iter()
        .map(|job| {
            let attempt = format!("{}/{}", job.attempt, job.max_attempts);
            let size = format!("{}x{}", job.width, job.height);
            let (state, progress) = (job.state.as_str().to_owned(), format!("{} %", job.progress));
            [job.id.to_string(), state, progress, attempt, size, job.created_at.to_string(), job.reason]
        })
        .collect();
    Ok(table(["id", "state", "progress", "attempt", "pixels", "accepted", "reason"], &rows))
}
