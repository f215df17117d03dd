//! Words of the pages for those who run the house.

use std::time::Duration;

use service::Standing;

pub const TITLE: &str = "Running the server";
pub const QUEUE: &str = "Queue and workers";
pub const ACCOUNTS: &str = "Accounts";
pub const ORGANIZATIONS: &str = "Organizations";
pub const STORAGE: &str = "Storage";
pub const AUDIT: &str = "Audit log";
pub const HOSTS: &str = "Webhook hosts";

pub const UNDER_WAY: &str = "In line and at work";
pub const JOBS: &str = "Jobs";
pub const NO_JOBS: &str = "Nothing waits and nothing runs.";
pub const FAILED: &str = "Failed last";
pub const NO_FAILED: &str = "None.";
pub const ACTIVE: &str = "Running";
pub const WAITING: &str = "Waiting";
pub const DELAYED: &str = "Waiting to be tried again";
pub const OLDEST: &str = "Longest wait";
pub const MEMORY: &str = "Memory";
pub const JOB: &str = "Job";
pub const STEP: &str = "Doing";
pub const WORKER: &str = "Worker";
pub const ACCEPTED: &str = "Accepted";
pub const CANCELLING: &str = "being called off";
pub const CANCEL: &str = "Cancel";
pub const RETRY: &str = "Retry";
pub const WORKERS: &str = "Workers";
pub const RUNNING: &str = "Jobs";
pub const BUDGET: &str = "Budget";
pub const STARTED: &str = "Started";
pub const SEEN: &str = "Seen";
pub const STOPPED: &str = "stopped";
pub const ALIVE: &str = "alive";
pub const SILENT: &str = "silent";

pub const CREATE: &str = "Make an account";
pub const CREATE_TEXT: &str =
    "You get a password to hand over, which its owner changes. The organization is made when it is new.";
pub const EMAIL: &str = "E-mail address";
pub const ORGANIZATION: &str = "Organization";
pub const ROLE: &str = "Role";
pub const RUNS_HOUSE: &str = "runs this server";
pub const RUNS_HOUSE_BADGE: &str = "runs the server";
pub const CREATE_BUTTON: &str = "Make account";
pub const ACCOUNT: &str = "Account";
pub const DISABLED: &str = "disabled";
pub const ENABLED: &str = "enabled";
pub const PROVISIONAL: &str = "first password";
pub const THEIR_EMAIL: &str = "They sign in with";
pub const THEIR_PASSWORD: &str = "Their password";
pub const ALL_ACCOUNTS: &str = "All accounts";
pub const TOKENS: &str = "Tokens";
pub const USED_LAST: &str = "used last";
pub const SESSIONS: &str = "Browsers signed in";
pub const ENABLE: &str = "Enable";
pub const DISABLE: &str = "Disable";
pub const MAKE_OPERATOR: &str = "Let run the server";
pub const NO_OPERATOR: &str = "No longer run the server";
pub const RESET_PASSWORD: &str = "Set a new password";
pub const TAKE_OUT: &str = "Take out";
pub const SET_MEMBER: &str = "Set membership";

pub const NEW_ORGANIZATION: &str = "Name of a new organization";
pub const CREATE_ORGANIZATION: &str = "Make organization";
pub const DAILY: &str = "Pictures a day at most";
pub const NO_LIMIT: &str = "no limit";
pub const PRIORITY: &str = "Priority";
pub const UNMETERED: &str = "jobs cost nothing";
pub const AMOUNT: &str = "Credits";
pub const AMOUNT_HINT: &str = "Below zero takes some away.";
pub const NOTE: &str = "What for";
pub const ADD_CREDITS: &str = "Book credits";
pub const NOT_A_NUMBER: &str = "This needs a whole number.";

pub const FILES: &str = "Files";
pub const BYTES: &str = "Size";
pub const KEPT_JOBS: &str = "Jobs with files";
pub const RETENTION: &str = "Retention";
pub const RETENTION_TEXT: &str = "Set with --keep, --keep-uploads and --sweep-every, or in atelier.toml.";
pub const KEEP: &str = "After a job's end";
pub const KEEP_UPLOADS: &str = "Uploads without a job";
pub const SWEEP: &str = "Looked after every";
pub const EXPIRIES: &str = "What goes next";
pub const NEXT: &str = "Next";
pub const DUE: &str = "Due now";
pub const IN_AN_HOUR: &str = "Within an hour";
pub const IN_SIX_HOURS: &str = "Within six hours";
pub const IN_A_DAY: &str = "Within a day";
pub const SHARES: &str = "By organization";
pub const NO_FILES: &str = "No files.";

pub const WHO: &str = "Who";
pub const WHAT: &str = "What begins with";
pub const TARGET: &str = "To what";
pub const DETAIL: &str = "Detail";
pub const NO_DEEDS: &str = "No entries like this.";

pub fn attempt(number: i64, most: i64) -> String {
    format!("attempt {number}/{most}")
}

pub fn job_button(word: &str, id: &str) -> String {
    format!("{word} {id}")
}

pub fn confirm_disable(email: &str) -> String {
    format!(
        "Disable {email}? It is signed out, and its tokens and devices do nothing until it is enabled again."
    )
}

pub fn confirm_password(email: &str) -> String {
    format!("Set a new password for {email}? The one in use ends, and it is signed out everywhere.")
}

pub fn take_out(email: &str, organization: &str) -> String {
    format!("Take out {email} from {organization}")
}

pub fn save_named(name: &str) -> String {
    format!("Save {name}")
}

pub fn add_credits_to(name: &str) -> String {
    format!("Book credits for {name}")
}

pub fn jobs(count: i64) -> String {
    if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") }
}

/// What an organization has, in one line.
pub fn standing(standing: &Standing) -> String {
    let credits =
        if standing.unmetered { "not metered".to_owned() } else { format!("{} credits", standing.balance) };
    format!("{credits}, {} pictures today", standing.used_today)
}

/// A span of time as people say it.
pub fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7_199 => format!("{} min", seconds / 60),
        seconds @ 7_200..=172_799 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_the_unit_that_fits() {
        let said = |seconds| span(Duration::from_secs(seconds));
        assert_eq!([said(5), said(600), said(86_400), said(604_800)], ["5 s", "10 min", "24 h", "7 days"]);
    }
}
