//! Jobs: what was asked for, how far it is, and the queue they stand in.
//!
//! The row is the truth and the queue at once: a job is claimed by writing a lease into its row, and every later change
//! names that lease. Whoever lost it changes nothing.

mod again;
mod batch;
mod claim;
mod finish;
mod history;
mod order;
mod row;
mod submit;
mod verdict;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::db::text_column;
use crate::{
    AccountId, FileFacts, JobId, Lease, NewDelivery, OrganizationId, Standing, Timestamp, TokenId,
    WorkflowId, WorkflowVersionId,
};

pub use again::{Restart, Restarted};
pub use batch::Batch;
pub use order::{Order, OrderFilter};
pub(crate) use row::JobRow;
pub(crate) use submit::wake;
pub use verdict::{Judged, PastVerdict, Verdict};

/// The wire API a job came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// The Retouch4me Cloud API.
    Retouch4me,
    /// The AutoRetouch API.
    AutoRetouch,
    /// The studio's own pages.
    Studio,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// In the queue.
    Waiting,
    /// Being worked on.
    Active,
    /// An attempt failed, the next one waits for its time.
    Delayed,
    /// Its result is stored.
    Completed,
    /// It brought nothing; its credits were given back.
    Failed,
    /// Somebody called it off; its credits were given back.
    Cancelled,
    /// Its result is stored and waits for a person's verdict.
    InReview,
    /// Too few credits when it was asked for; nothing was charged and nothing is queued.
    Unpaid,
}

/// What an active job is doing; stays at the last step when it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Not begun.
    #[serde(rename = "")]
    None,
    /// The upload is fetched.
    Downloading,
    /// The picture is worked on.
    Processing,
    /// The result is stored.
    Uploading,
}

macro_rules! texts {
    ($name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As it is stored and written.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),*
                }
            }

            /// Reads [`Self::as_str`].
            pub fn from_text(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }

        text_column!($name);
    };
}

texts!(Dialect { Retouch4me = "retouch4me", AutoRetouch = "autoretouch", Studio = "studio" });
texts!(JobState {
    Waiting = "waiting",
    Active = "active",
    Delayed = "delayed",
    Completed = "completed",
    Failed = "failed",
    Cancelled = "cancelled",
    InReview = "in_review",
    Unpaid = "unpaid",
});
texts!(Step { None = "", Downloading = "downloading", Processing = "processing", Uploading = "uploading" });

impl JobState {
    /// True when nothing more will happen by itself.
    pub fn is_final(self) -> bool {
        match self {
            Self::Completed | Self::Failed | Self::Cancelled | Self::InReview | Self::Unpaid => true,
            Self::Waiting | Self::Active | Self::Delayed => false,
        }
    }
}

/// A job as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Job {
    /// Its name, on the wire too.
    pub id: JobId,
    /// Who pays.
    pub organization_id: OrganizationId,
    /// Who asked.
    pub account_id: AccountId,
    /// With which token.
    pub token_id: Option<TokenId>,
    /// Through which wire API.
    pub dialect: Dialect,
    /// What is to be done, as JSON; the service reads it.
    pub work: String,
    /// Where it stands.
    pub state: JobState,
    /// Higher goes first.
    pub priority: i64,
    /// How often it was begun anew by hand; 0 at first.
    pub round: i64,
    /// The attempt under way or made last; 0 while it waits for the first.
    pub attempt: i64,
    /// Attempts at most.
    pub max_attempts: i64,
    /// Not before.
    pub run_at: Timestamp,
    /// The right to change it, while active.
    #[serde(skip)]
    pub lease: Option<Lease>,
    /// Until when the lease counts.
    pub lease_until: Option<Timestamp>,
    /// Who works on it, or did last.
    pub worker: Option<String>,
    /// 0 to 100.
    pub progress: i64,
    /// What it is doing.
    pub step: Step,
    /// The plugin at work.
    pub plugin: String,
    /// Why it failed or waits.
    pub reason: String,
    /// True when somebody called it off while it was active.
    pub cancel_requested: bool,
    /// The upload.
    pub input: FileFacts,
    /// Pixels across.
    pub width: i64,
    /// Pixels down.
    pub height: i64,
    /// Bytes of memory it is expected to need.
    pub memory: i64,
    /// Credits it costs.
    pub price: i64,
    /// Credits taken for it and not given back.
    pub charged: i64,
    /// Whom to tell.
    pub hooks: Vec<String>,
    /// The result, once completed.
    pub result: Option<FileFacts>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When its latest attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When its files go, once it has ended.
    pub expires_at: Timestamp,
    /// True when its files have gone.
    pub purged: bool,
    /// The workflow it runs, if it runs one.
    pub workflow: Option<WorkflowUse>,
    /// The client's own labels.
    pub labels: BTreeMap<String, String>,
    /// The batch it belongs to.
    pub batch_id: Option<String>,
    /// What the client thought of the result, as JSON.
    pub feedback: Option<String>,
    /// The trace of the request that asked for it, as W3C Trace Context writes it.
    pub trace: Option<String>,
}

/// The workflow a job runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkflowUse {
    /// The workflow.
    pub id: WorkflowId,
    /// In which version.
    pub version: WorkflowVersionId,
    /// Its name when the job was made.
    pub name: String,
    /// True when a person looks at the result before it counts.
    pub review: bool,
}

/// The batch a job belongs to; the first job of a batch names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchTag {
    /// The client's name for it; counts within its organization.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// When the client says it was made.
    pub told_at: String,
}

/// What happens to a job that cannot be paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithoutCredits {
    /// It is not accepted.
    #[default]
    Refuse,
    /// It is kept as [`JobState::Unpaid`] until somebody pays and retries.
    Keep,
}

/// A job to be accepted.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its name.
    pub id: JobId,
    /// Who pays.
    pub organization_id: OrganizationId,
    /// Who asks.
    pub account_id: AccountId,
    /// With which token.
    pub token_id: Option<TokenId>,
    /// Through which wire API.
    pub dialect: Dialect,
    /// What is to be done, as JSON.
    pub work: String,
    /// Higher goes first.
    pub priority: i64,
    /// Attempts at most.
    pub max_attempts: i64,
    /// The upload; announced with [`crate::Store::expect_blob`] and stored.
    pub input: FileFacts,
    /// Pixels across.
    pub width: i64,
    /// Pixels down.
    pub height: i64,
    /// Bytes of memory it is expected to need.
    pub memory: i64,
    /// Credits it costs.
    pub price: i64,
    /// Whom to tell.
    pub hooks: Vec<String>,
    /// When its files go, unless it ends later.
    pub expires_at: Timestamp,
    /// Stops a repeated request from being accepted twice.
    pub idempotency: Option<Idempotency>,
    /// The workflow it runs, if it runs one.
    pub workflow: Option<WorkflowUse>,
    /// The client's own labels.
    pub labels: BTreeMap<String, String>,
    /// The batch it belongs to.
    pub batch: Option<BatchTag>,
    /// What happens when it cannot be paid for.
    pub without_credits: WithoutCredits,
    /// Whom to tell when it is kept unpaid, in the same transaction.
    pub when_unpaid: Vec<NewDelivery>,
    /// The trace of the request that asks for it, as W3C Trace Context writes it.
    pub trace: Option<String>,
}

/// A client's own name for a request, with what the request was.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The client's text; counts for its token alone.
    pub key: String,
    /// Equal for equal requests.
    pub fingerprint: String,
    /// When the key is free again.
    pub expires_at: Timestamp,
}

/// What became of a [`NewJob`]. A refused one has cost nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is in the queue and paid for.
    Accepted {
        /// What the organization may still do, this job counted.
        standing: Standing,
    },
    /// The same request was accepted before.
    Replayed {
        /// Its job.
        job: JobId,
        /// The quota that was answered then.
        quota: i64,
    },
    /// The client's key was used for another request.
    KeyReused,
    /// Too few credits.
    NoCredits,
    /// Too few credits; it is kept as [`JobState::Unpaid`].
    KeptUnpaid,
    /// The day's allowance is used up.
    DailyLimit,
}

/// Which jobs to list.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Of this organization.
    pub organization: Option<OrganizationId>,
    /// Of this account.
    pub account: Option<AccountId>,
    /// In this state.
    pub state: Option<JobState>,
    /// Or in this one.
    pub or_state: Option<JobState>,
    /// With this label and this value.
    pub label: Option<(String, String)>,
    /// Of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Of this batch.
    pub batch: Option<String>,
    /// Through this wire API.
    pub dialect: Option<Dialect>,
    /// With this text in the upload's name, the job's id or the labels, in any case.
    pub text: Option<String>,
    /// Accepted at this time or later.
    pub since: Option<Timestamp>,
    /// Accepted before this time.
    pub before: Option<Timestamp>,
    /// The longest waiting first, instead of the newest.
    pub oldest_first: bool,
    /// How many at most.
    pub limit: i64,
    /// How many to leave out.
    pub offset: i64,
}

/// What a worker gets when it asks for a job.
#[derive(Clone, Debug)]
pub enum Claim {
    /// Nothing is ready.
    Nothing {
        /// When the next delayed job is.
        next_at: Option<Timestamp>,
    },
    /// The next job in line needs more memory than fits. Nobody goes before it.
    TooLarge {
        /// Bytes it needs.
        memory: i64,
    },
    /// A job, with a lease; its attempt has been counted.
    Job(Box<Job>),
}

/// What a worker hears when it tells of its progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Go on.
    Ours,
    /// Somebody called the job off: stop, and finish with [`Outcome::Cancelled`].
    CancelAsked,
    /// Somebody else has the job now: stop, nothing will be taken.
    Lost,
}

/// How an attempt ends.
#[derive(Clone, Debug)]
pub struct Finish {
    /// What came of it.
    pub outcome: Outcome,
    /// When the job's files go, if the job has ended with this.
    pub expires_at: Timestamp,
    /// Whom to tell, in the same transaction.
    pub deliveries: Vec<NewDelivery>,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The result is stored.
    Completed {
        /// Where.
        result: FileFacts,
    },
    /// No result, and no more attempts: credits are given back.
    Failed {
        /// Why, for the user.
        reason: String,
    },
    /// No result, try again.
    Delayed {
        /// Why, for the user.
        reason: String,
        /// Not before.
        run_at: Timestamp,
    },
    /// The worker stops before it is done: the attempt does not count.
    HandedBack,
    /// It was called off: credits are given back.
    Cancelled,
}

/// One try at a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Attempt {
    /// Which round of the job.
    pub round: i64,
    /// Which attempt of the round.
    pub attempt: i64,
    /// Who made it.
    pub worker: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// `running`, `completed`, `failed`, `delayed`, `handed back`, `cancelled`.
    pub outcome: String,
    /// Why it brought nothing.
    pub reason: String,
}

/// The queue in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct QueueFigures {
    /// Jobs that wait.
    pub waiting: i64,
    /// Jobs that wait for their next attempt.
    pub delayed: i64,
    /// Jobs being worked on.
    pub active: i64,
    /// Since when the oldest waiting job waits.
    pub oldest_waiting_at: Option<Timestamp>,
    /// Bytes of memory the active jobs are expected to need.
    pub active_memory: i64,
}

/// The value of a started job in virtual time: a second of a core weighs about the same for every account.
fn weight(width: i64, height: i64) -> i64 {
    const PER_JOB: i64 = 1_000;
    const PER_MEGAPIXEL: i64 = 100;
    PER_JOB + PER_MEGAPIXEL * (width.saturating_mul(height) / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        assert!(JobState::ALL.iter().all(|state| JobState::from_text(state.as_str()) == Some(*state)));
        assert!(Step::ALL.iter().all(|step| Step::from_text(step.as_str()) == Some(*step)));
        assert_eq!(Dialect::from_text("nobody"), None);
    }

    #[test]
    fn large_pictures_weigh_more() {
        assert!(weight(6000, 4000) > weight(600, 400));
        assert!(weight(1, 1) > 0);
    }
}
