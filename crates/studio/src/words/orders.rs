//! Words of the pages about orders and executions.

use service::JobState;

pub const TITLE: &str = "Orders";
pub const EXECUTIONS: &str = "Executions";
pub const EXECUTION: &str = "Execution";
pub const NAME: &str = "Name";
pub const PICTURE: &str = "Picture";
pub const WORKFLOW: &str = "Workflow";
pub const ANY_WORKFLOW: &str = "Any workflow";
pub const STATE: &str = "State";
pub const ANY_STATE: &str = "Any state";
pub const TEXT: &str = "Text";
pub const TEXT_HINT: &str = "Name, label or id";
pub const SINCE: &str = "From day";
pub const UNTIL: &str = "To day";
pub const FILTER: &str = "Filter";
pub const ALL: &str = "Show all";
pub const PROGRESS: &str = "Progress";
pub const CREDITS: &str = "Credits";
pub const CREATED: &str = "Begun";
pub const BY: &str = "By";
pub const PICTURES: &str = "pictures";
/// What counts of orders sum up: both can be retried.
pub const NOT_DONE: &str = "failed or called off";
pub const NO_ORDERS: &str = "No orders yet.";
pub const NO_ORDERS_HINT: &str =
    "Run a workflow on some photos, or send executions with batch labels by the API.";
pub const NO_MATCH: &str = "Nothing fits the filter.";
pub const TO_WORKFLOWS: &str = "Choose a workflow to run";
pub const DOWNLOAD: &str = "Download";
pub const DOWNLOAD_ALL: &str = "Download all as ZIP";
pub const ORIGINAL: &str = "Original";
pub const RETRY: &str = "Retry";
pub const RETRY_ALL: &str = "Retry what is not done";
pub const CANCEL: &str = "Call off";
pub const CANCEL_ALL: &str = "Call off what is left";
pub const CANCEL_SURE: &str = "Call off everything of this order that is not done yet?";
pub const REVIEW_ALL: &str = "Review";
pub const ACTIONS: &str = "Actions";
pub const LABELS: &str = "Labels";
pub const ATTEMPTS: &str = "Attempts";
pub const ROUNDS: &str = "Rounds";
pub const ROUND: &str = "Round";
pub const ATTEMPT: &str = "Attempt";
pub const STARTED: &str = "Started";
pub const ENDED: &str = "Ended";
pub const OUTCOME: &str = "Outcome";
pub const VERDICT: &str = "Verdict";
pub const MARKINGS: &str = "Markings";
pub const RESULT: &str = "Result";
pub const APPROVED: &str = "approved";
pub const REJECTED: &str = "rejected";
pub const GONE: &str = "not kept";
pub const SIZE: &str = "Size";
pub const EXPIRES: &str = "Files kept until";
pub const PURGED: &str = "The files of this execution have been removed.";
pub const NO_ATTEMPTS: &str = "No attempt yet.";
pub const ID: &str = "Id";
pub const ARRIVED: &str = "Arrived";
pub const LIVE: &str = "Progress";
pub const COMPARE: &str = "Before and after";
pub const MISSING: &str = "NOT IN THIS ARCHIVE.txt";
pub const NOTHING_DONE: &str = "No result of this order is there to be downloaded.";
pub const NOT_RETRIED: &str =
    "This execution cannot run again: it is done or under way, or its files have gone.";

/// A state's name and the look of its badge.
pub fn state(state: JobState) -> (&'static str, &'static str) {
    match state {
        JobState::Waiting => ("", "waiting"),
        JobState::Active => ("busy", "at work"),
        JobState::Delayed => ("busy", "tries again"),
        JobState::Completed => ("good", "done"),
        JobState::Failed => ("bad", "failed"),
        JobState::Cancelled => ("bad", "called off"),
        JobState::InReview => ("warn", "in review"),
        JobState::Unpaid => ("warn", "needs credits"),
    }
}

/// The states that can be asked for: key, name, states.
pub const STATES: [(&str, &str, JobState, Option<JobState>); 6] = [
    ("waiting", "waiting", JobState::Waiting, None),
    ("working", "at work", JobState::Active, Some(JobState::Delayed)),
    ("review", "in review", JobState::InReview, None),
    ("done", "done", JobState::Completed, None),
    ("failed", NOT_DONE, JobState::Failed, Some(JobState::Cancelled)),
    ("unpaid", "needs credits", JobState::Unpaid, None),
];

/// What forms of these pages have done.
pub const NOTICES: &[(&str, &str)] = &[
    ("retried", "It is in the queue again."),
    ("retried-unpaid", "There are too few credits: add some, then retry."),
    ("retried-day-over", "The day's allowance is used up: retry tomorrow (UTC)."),
    ("order-retried", "What failed is in the queue again, as far as credits and kept files allow."),
    ("cancelled", "Called off."),
    ("order-cancelled", "What was left has been called off; what is at work stops in a moment."),
];
