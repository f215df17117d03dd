//! Admission by memory: running jobs stay under the budget together; one that is larger runs alone.

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::lock;

/// The budget and what is taken of it.
pub(super) struct Admission {
    budget: u64,
    max_jobs: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Clone, Copy, Default)]
struct Taken {
    bytes: u64,
    jobs: usize,
}

/// What may be started now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// Nothing.
    Full,
    /// Nobody runs: a job of any size.
    Anything,
    /// A job that needs no more than so many bytes.
    UpTo(i64),
}

/// A job's share of the budget; given back when dropped.
pub(super) struct Reservation {
    admission: Arc<Admission>,
    share: Mutex<Taken>,
}

impl Admission {
    pub fn new(budget: u64, max_jobs: usize) -> Self {
        metrics::gauge!("atelier_memory_budget_bytes").set(budget as f64);
        metrics::gauge!("atelier_memory_reserved_bytes").set(0.0);
        Self { budget, max_jobs: max_jobs.max(1), taken: Mutex::default(), freed: Notify::new() }
    }

    pub fn room(&self) -> Room {
        let taken = *lock(&self.taken);
        if taken.jobs >= self.max_jobs {
            return Room::Full;
        }
        if taken.jobs == 0 && taken.bytes == 0 {
            return Room::Anything;
        }
        match self.budget.saturating_sub(taken.bytes) {
            0 => Room::Full,
            left => Room::UpTo(i64::try_from(left).unwrap_or(i64::MAX)),
        }
    }

    pub fn take(self: &Arc<Self>, memory: i64) -> Reservation {
        let bytes = u64::try_from(memory).unwrap_or(0);
        let mut taken = lock(&self.taken);
        taken.bytes = taken.bytes.saturating_add(bytes);
        taken.jobs += 1;
        tell(*taken);
        drop(taken);
        Reservation { admission: self.clone(), share: Mutex::new(Taken { bytes, jobs: 1 }) }
    }

    /// Waits until something was given back.
    pub async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Jobs that run.
    pub fn jobs(&self) -> usize {
        lock(&self.taken).jobs
    }
}

impl Reservation {
    /// The work is done, only its result of so many bytes is still held: another job may begin meanwhile.
    pub fn shrink(&self, result: usize) {
        let result = u64::try_from(result).unwrap_or(u64::MAX);
        let bytes = lock(&self.share).bytes.min(result);
        self.keep(Taken { bytes, jobs: 0 });
    }

    fn keep(&self, kept: Taken) {
        let given_back = std::mem::replace(&mut *lock(&self.share), kept);
        let mut taken = lock(&self.admission.taken);
        taken.bytes = taken.bytes.saturating_sub(given_back.bytes).saturating_add(kept.bytes);
        taken.jobs = taken.jobs.saturating_sub(given_back.jobs) + kept.jobs;
        tell(*taken);
        drop(taken);
        self.admission.freed.notify_one();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.keep(Taken::default());
    }
}

fn tell(taken: Taken) {
    metrics::gauge!("atelier_memory_reserved_bytes").set(taken.bytes as f64);
    metrics::gauge!("atelier_jobs_running").set(taken.jobs as f64);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_job_beyond_the_budget_runs_alone() {
        let admission = Arc::new(Admission::new(100, 4));
        assert_eq!(admission.room(), Room::Anything);
        let large = admission.take(1_000);
        assert_eq!(admission.room(), Room::Full);
        drop(large);
        let small = admission.take(30);
        assert_eq!(admission.room(), Room::UpTo(70));
        drop(small);
        assert_eq!(admission.room(), Room::Anything);
    }

    #[test]
    fn jobs_are_counted_too() {
        let admission = Arc::new(Admission::new(100, 2));
        let _one = admission.take(1);
        let two = admission.take(1);
        assert_eq!((admission.room(), admission.jobs()), (Room::Full, 2));
        drop(two);
        assert_eq!(admission.room(), Room::UpTo(99));
    }

    #[test]
    fn a_job_that_only_stores_its_result_holds_no_more_than_that() {
        let admission = Arc::new(Admission::new(100, 1));
        let job = admission.take(90);
        assert_eq!(admission.room(), Room::Full);
        job.shrink(30);
        assert_eq!(admission.room(), Room::UpTo(70));
        let next = admission.take(70);
        drop(job);
        assert_eq!((admission.room(), admission.jobs()), (Room::Full, 1));
        drop(next);
        assert_eq!(admission.room(), Room::Anything);
    }

    proptest! {
        #[test]
        fn the_budget_holds_unless_one_runs_alone(
            steps in prop::collection::vec((1i64..250, any::<bool>()), 1..200),
        ) {
            let admission = Arc::new(Admission::new(100, 5));
            let mut running: Vec<(i64, Reservation)> = Vec::new();
            for (memory, ends) in steps {
                if ends && !running.is_empty() {
                    running.remove(0);
                }
                let fits = match admission.room() {
                    Room::Full => false,
                    Room::Anything => true,
                    Room::UpTo(bytes) => memory <= bytes,
                };
                if fits {
                    running.push((memory, admission.take(memory)));
                }
                let sum: i64 = running.iter().map(|(memory, _)| memory).sum();
                prop_assert!(running.len() <= 5 && (sum <= 100 || running.len() == 1));
            }
            running.clear();
            prop_assert_eq!(admission.room(), Room::Anything);
        }
    }
}
