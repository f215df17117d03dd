//! The queue: leases, turns, priorities, memory, recovery.

use std::collections::HashSet;

use store::{Claim, Hold, JobState, NewJob, Outcome, Step, Store, WorkerId};

use crate::setting::{LEASE, NOON, accepted, after, claim, ending, failed, someone};

pub async fn a_claimed_job_belongs_to_its_lease(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    accepted(&store, &ada.job(), NOON).await;
    let (job, lease) = claim(&store, NOON).await.expect("a job");
    assert_eq!((job.state, job.attempt, job.started_at), (JobState::Active, 1, Some(NOON)));
    assert!(claim(&store, NOON).await.is_none());
    let stranger = store::Lease::random();
    let tell = |lease: store::Lease, at: u64| {
        let (store, id) = (store.clone(), job.id.clone());
        async move {
            let until = after(at).plus(LEASE);
            store.progress(&id, &lease, Step::Processing, "Heal", 40, until).await.expect("an answer")
        }
    };
    assert_eq!(tell(stranger.clone(), 1).await, Hold::Lost);
    assert_eq!(tell(lease.clone(), 8).await, Hold::Ours);
    let told = store.job(&job.id).await.expect("an answer").expect("the job");
    assert_eq!((told.step, told.plugin.as_str(), told.progress), (Step::Processing, "Heal", 40));
    assert_eq!(tell(lease.clone(), 17).await, Hold::Ours, "each word keeps the lease");
    assert_eq!(tell(lease.clone(), 40).await, Hold::Ours, "it was over, but nobody has taken the job up");
    assert!(store.overdue(after(49)).await.expect("jobs").is_empty());
    assert!(!store.finish(&job.id, &stranger, failed(), after(41)).await.expect("an answer"));
    let again = ending(Outcome::Delayed { reason: "the worker is gone".into(), run_at: after(60) });
    assert!(store.finish(&job.id, &lease, again, after(60)).await.expect("an answer"));
    assert_eq!(tell(lease, 61).await, Hold::Lost, "somebody has");
}

pub async fn a_clock_that_is_behind_keeps_no_job_waiting(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    accepted(&store, &ada.job(), after(3_600)).await;
    let (job, lease) =
        claim(&store, NOON).await.expect("a job, by the clock of whoever accepted it not made yet");
    let delayed = ending(Outcome::Delayed { reason: "again".into(), run_at: after(2) });
    assert!(store.finish(&job.id, &lease, delayed, NOON).await.expect("an answer"));
    assert!(claim(&store, NOON).await.is_none(), "a pause is kept");
}

pub async fn two_workers_never_hold_one_attempt(store: Store) {
    let ada = someone(&store, "ada", 200).await;
    for _ in 0..60 {
        accepted(&store, &ada.job(), NOON).await;
    }
    let workers = (0..6).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Some((job, lease)) = claim(&store, NOON).await {
                held.push((job.id, lease));
            }
            held
        })
    });
    let mut held = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        held.extend(worker.await.expect("a worker"));
    }
    // A worker that found the head taken by another may have left early; what is left is for the next.
    while let Some((job, lease)) = claim(&store, NOON).await {
        held.push((job.id, lease));
    }
    let jobs: HashSet<_> = held.iter().map(|(job, _)| job.clone()).collect();
    assert_eq!((held.len(), jobs.len()), (60, 60));
}

pub async fn a_backlog_does_not_stand_before_anybody_elses_job(store: Store) {
    let (busy, late) = (someone(&store, "busy", 500).await, someone(&store, "late", 5).await);
    for _ in 0..100 {
        accepted(&store, &busy.job(), NOON).await;
    }
    for _ in 0..20 {
        claim(&store, NOON).await.expect("a job");
    }
    let (one, two) = (late.job(), late.job());
    accepted(&store, &one, NOON).await;
    accepted(&store, &two, NOON).await;
    let mut order = Vec::new();
    for _ in 0..5 {
        order.push(claim(&store, NOON).await.expect("a job").0.account_id == late.account.id);
    }
    let first = order.iter().position(|late| *late);
    assert!(first.is_some_and(|place| place <= 1), "{order:?}");
    assert_eq!(order.iter().filter(|late| **late).count(), 2, "{order:?}");
}

pub async fn higher_priority_goes_first(store: Store) {
    let ada = someone(&store, "ada", 50).await;
    let (low, high) = (ada.job(), NewJob { priority: 5, ..ada.job() });
    accepted(&store, &low, NOON).await;
    accepted(&store, &high, NOON).await;
    assert_eq!(claim(&store, NOON).await.expect("a job").0.id, high.id);
    assert_eq!(claim(&store, NOON).await.expect("a job").0.id, low.id);
}

pub async fn nobody_overtakes_a_large_job(store: Store) {
    let ada = someone(&store, "ada", 50).await;
    let (large, small) = (NewJob { memory: 10_000, ..ada.job() }, ada.job());
    accepted(&store, &large, NOON).await;
    accepted(&store, &small, NOON).await;
    let worker = WorkerId::random();
    let ask = |fits| store.claim(&worker, fits, NOON, NOON.plus(LEASE));
    assert!(matches!(ask(Some(5_000)).await, Ok(Claim::TooLarge { memory: 10_000 })));
    assert!(matches!(ask(None).await, Ok(Claim::Job(job)) if job.id == large.id));
    assert!(matches!(ask(Some(5_000)).await, Ok(Claim::Job(job)) if job.id == small.id));
}

pub async fn an_overdue_job_goes_to_one_finder_only(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    accepted(&store, &ada.job(), NOON).await;
    let (job, lease) = claim(&store, NOON).await.expect("a job");
    assert!(store.overdue(after(9)).await.expect("jobs").is_empty());
    let overdue = store.overdue(after(10)).await.expect("jobs");
    assert_eq!(
        overdue.iter().map(|job| (&job.id, job.lease.as_ref())).collect::<Vec<_>>(),
        [(&job.id, Some(&lease))]
    );
    let again = || ending(Outcome::Delayed { reason: "the worker is gone".into(), run_at: after(12) });
    assert!(store.finish(&job.id, &lease, again(), after(10)).await.expect("an answer"));
    assert!(!store.finish(&job.id, &lease, again(), after(10)).await.expect("an answer"));
    let (again, _) = claim(&store, after(12)).await.expect("a job");
    assert_eq!((again.attempt, again.id == job.id), (2, true));
    let late = ending(Outcome::Completed { result: crate::setting::file("late") });
    assert!(
        !store.finish(&job.id, &lease, late, after(13)).await.expect("an answer"),
        "the first worker wakes up"
    );
}

pub async fn a_delayed_job_waits_for_its_time(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    accepted(&store, &ada.job(), NOON).await;
    let (job, lease) = claim(&store, NOON).await.expect("a job");
    let delayed = ending(Outcome::Delayed { reason: "again".into(), run_at: after(2) });
    assert!(store.finish(&job.id, &lease, delayed, NOON).await.expect("an answer"));
    let waiting = store.job(&job.id).await.expect("an answer").expect("the job");
    assert_eq!((waiting.state, waiting.attempt, waiting.progress), (JobState::Delayed, 1, 0));
    let nothing = store.claim(&WorkerId::random(), None, after(1), after(11)).await.expect("an answer");
    assert!(matches!(nothing, Claim::Nothing { next_at } if next_at == Some(after(2))));
    assert_eq!(claim(&store, after(2)).await.expect("a job").0.attempt, 2);
    assert_eq!(ada.balance(&store).await, 4);
}

pub async fn a_job_handed_back_keeps_its_attempts(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    accepted(&store, &ada.job(), NOON).await;
    for _ in 0..5 {
        let (job, lease) = claim(&store, NOON).await.expect("a job");
        assert_eq!(job.attempt, 1);
        assert!(store.finish(&job.id, &lease, ending(Outcome::HandedBack), NOON).await.expect("an answer"));
        let waiting = store.job(&job.id).await.expect("an answer").expect("the job");
        assert_eq!((waiting.state, waiting.attempt), (JobState::Waiting, 0));
    }
    assert_eq!(ada.balance(&store).await, 4);
}

pub async fn figures_follow_the_queue(store: Store) {
    assert_eq!(store.queue().await.expect("figures"), store::QueueFigures::default());
    let ada = someone(&store, "ada", 5).await;
    accepted(&store, &ada.job(), NOON).await;
    accepted(&store, &ada.job(), after(5)).await;
    let (job, lease) = claim(&store, after(6)).await.expect("a job");
    let figures = store.queue().await.expect("figures");
    assert_eq!((figures.waiting, figures.active, figures.active_memory), (1, 1, 1_000));
    assert!(figures.oldest_waiting_at.is_some());
    assert!(store.finish(&job.id, &lease, failed(), after(7)).await.expect("an answer"));
    let mut states = store.states().await.expect("states");
    states.sort_by_key(|(state, _)| state.as_str());
    assert_eq!(states, [(JobState::Failed, 1), (JobState::Waiting, 1)]);
}
