//! What this dialect says in webhooks (specification section 8).

use service::{HookMessage, Job, JobState, Voice};

use super::object;
use super::types::HookBody;

/// The words of this dialect's webhooks.
#[derive(Clone, Copy, Debug)]
pub struct AutoRetouchVoice;

impl Voice for AutoRetouchVoice {
    fn hook(&self, job: &Job) -> Option<HookMessage> {
        if matches!(job.state, JobState::Waiting | JobState::Active | JobState::Delayed) {
            return None;
        }
        let event = format!("WORKFLOW_EXECUTION_{}", object::state(job.state));
        let body = HookBody { event: event.clone(), content: object::execution(job) };
        let body = serde_json::to_string(&body).ok()?;
        Some(HookMessage { event, body })
    }
}
