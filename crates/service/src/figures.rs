//! The house in figures, for whoever collects them.

use store::{Dialect, JobState, StoreError};

use crate::Service;

/// Ends of attempts, as they are counted.
const OUTCOMES: [&str; 5] = ["completed", "failed", "delayed", "handed_back", "cancelled"];
/// Ends of a webhook's try.
const TRIES: [&str; 3] = ["delivered", "again", "given_up"];

/// Lets all counters be there from the beginning: of one that appears as 1, nobody sees that it has risen.
fn begin_counters() {
    for dialect in Dialect::ALL {
        metrics::counter!("atelier_jobs_accepted_total", "dialect" => dialect.as_str()).increment(0);
    }
    for outcome in OUTCOMES {
        metrics::counter!("atelier_attempts_total", "outcome" => outcome).increment(0);
    }
    for outcome in TRIES {
        metrics::counter!("atelier_webhook_tries_total", "outcome" => outcome).increment(0);
    }
    for name in ["atelier_attempts_lost_total", "atelier_panics_total", "atelier_swept_blobs_total"] {
        metrics::counter!(name).increment(0);
    }
    metrics::gauge!("atelier_jobs_running").increment(0.0);
}

impl Service {
    /// Asks the database for the figures that are not counted while working: the queue and jobs by state. To be called
    /// when somebody collects them.
    ///
    /// # Errors
    /// When the database is away; the figures stay as they were.
    pub async fn note_figures(&self) -> Result<(), StoreError> {
        begin_counters();
        let queue = self.store().queue().await?;
        let states = self.store().states().await?;
        for (state, count) in
            [("waiting", queue.waiting), ("delayed", queue.delayed), ("active", queue.active)]
        {
            metrics::gauge!("atelier_queue_jobs", "state" => state).set(count as f64);
        }
        let age = queue.oldest_waiting_at.map_or(0.0, |at| self.now().since(at).as_secs_f64());
        metrics::gauge!("atelier_queue_oldest_seconds").set(age);
        metrics::gauge!("atelier_active_memory_bytes").set(queue.active_memory as f64);
        for &state in JobState::ALL {
            let count = states.iter().find(|(one, _)| *one == state).map_or(0, |(_, count)| *count);
            metrics::gauge!("atelier_jobs", "state" => state.as_str()).set(count as f64);
        }
        Ok(())
    }
}
