//! What a dialect says in its webhooks. The words are the doors' business; the house only carries them.

use std::collections::HashMap;
use std::sync::Arc;

use store::{Dialect, Job};

/// A dialect's own words for the end of a job.
pub trait Voice: Send + Sync {
    /// The message about a job, which is given as it will be when it has ended; nothing when the dialect is silent
    /// about such an end.
    fn hook(&self, job: &Job) -> Option<HookMessage>;
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookMessage {
    /// What happened, `completed`.
    pub event: String,
    /// What is sent.
    pub body: String,
}

/// The voices of all dialects; one that is missing is silent.
#[derive(Clone, Default)]
pub struct Voices(pub HashMap<Dialect, Arc<dyn Voice>>);

impl Voices {
    /// What a job's dialect says about its end.
    pub(crate) fn hook(&self, job: &Job) -> Option<HookMessage> {
        self.0.get(&job.dialect)?.hook(job)
    }
}
