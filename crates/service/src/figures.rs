//! The house in figures, for whoever collects them.

use store::{JobState, StoreError};

use crate::Service;

impl Service {
    /// Asks the database for the figures that are not counted while working: the queue and jobs by state. To be called
    /// when somebody collects them.
    ///
    /// # Errors
    /// When the database is away; the figures stay as they were.
    pub async fn note_figures(&self) -> Result<(), StoreError> {
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
