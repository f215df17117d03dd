//! A job as this dialect tells it: over the status route and, with its id, to a webhook.

use service::{HookMessage, Job, JobState, Step, Voice};

use super::types::{HookBody, StateName, StatusBody};

/// The status of a job in the dialect's words.
pub fn status(job: &Job) -> StatusBody {
    let is_completed = job.state == JobState::Completed;
    StatusBody {
        status: 200,
        state: state(job.state),
        // Clients end their loops on 100 without looking at the state.
        progress: if is_completed { 100 } else { job.progress.clamp(0, 99) },
        reason: reason(job),
        attempt: job.attempt,
        current_step: if is_completed { Step::Uploading.as_str() } else { job.step.as_str() },
        max_attempts: job.max_attempts,
        plugin_name: if job.state == JobState::Active { job.plugin.clone() } else { String::new() },
        expire_date: job.expires_at.to_string(),
    }
}

/// This dialect knows no cancelled tasks: its clients would poll them for ever. It makes no tasks that wait for a
/// verdict or for credits either.
fn state(state: JobState) -> StateName {
    match state {
        JobState::Waiting => StateName::Waiting,
        JobState::Active | JobState::InReview => StateName::Active,
        JobState::Delayed => StateName::Delayed,
        JobState::Completed => StateName::Completed,
        JobState::Failed | JobState::Cancelled | JobState::Unpaid => StateName::Failed,
    }
}

/// Why a job gave no result; empty for all others.
pub fn reason(job: &Job) -> String {
    match job.state {
        JobState::Failed if job.reason.is_empty() => "The task failed: start it again".to_owned(),
        JobState::Cancelled if job.reason.is_empty() => "The task was cancelled".to_owned(),
        JobState::Failed | JobState::Cancelled => job.reason.clone(),
        JobState::Unpaid => "There are too few credits".to_owned(),
        _ => String::new(),
    }
}

/// The words of this dialect's webhooks.
#[derive(Clone, Copy, Debug)]
pub struct Retouch4meVoice;

impl Voice for Retouch4meVoice {
    fn hook(&self, job: &Job) -> Option<HookMessage> {
        let event = match job.state {
            JobState::Completed => "completed",
            JobState::Failed | JobState::Cancelled => "failed",
            _ => return None,
        };
        let body = HookBody { id: job.id.to_string(), body: status(job) };
        let body = serde_json::to_string(&body).ok()?;
        Some(HookMessage { event: event.to_owned(), body })
    }
}

#[cfg(test)]
mod tests;
