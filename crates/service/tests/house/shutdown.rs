//! Stopping in order, and stopping without.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use service::{JobState, Timestamp, WorkerId};
use store::{Claim, Hold};

use crate::setting::{House, echo, endless, quick};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_not_done_in_time_is_handed_back_and_loses_nothing() {
    let mut house = House::new(quick()).await;
    house.work(|_, _, watch| endless(watch));
    let job = house.submit(1).await.job;
    house.until(&job, |job| job.state == JobState::Active).await;
    house.stop().await;
    let waiting = house.job(&job).await;
    assert_eq!((waiting.state, waiting.attempt), (JobState::Waiting, 0));
    house.work(|upload, _, _| echo(upload));
    let done = house.completed(&job).await;
    assert_eq!(done.attempt, 1);
    house.stop().await;
    let workers = house.service.store().workers().await.unwrap();
    assert!(workers.len() == 2 && workers.iter().all(|worker| worker.stopped_at.is_some()), "{workers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_nearly_done_is_finished() {
    let mut house = House::new(quick()).await;
    house.work(|upload, _, _| {
        std::thread::sleep(Duration::from_millis(150));
        echo(upload)
    });
    let job = house.submit(1).await.job;
    house.until(&job, |job| job.state == JobState::Active).await;
    house.stop().await;
    assert_eq!(house.job(&job).await.state, JobState::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_worker_dropped_is_taken_up() {
    let mut house = House::new(quick()).await;
    let before = house.balance().await;
    let job = house.submit(1).await.job;
    // A worker that claims and dies.
    let (store, now) = (house.service.store(), house.service.now());
    let claim =
        store.claim(&WorkerId::random(), None, now, now.plus(Duration::from_millis(50))).await.unwrap();
    assert!(matches!(claim, Claim::Job(_)));
    house.work(|upload, _, _| echo(upload));
    let done = house.completed(&job).await;
    assert_eq!(done.attempt, 2);
    let attempts = house.service.store().attempts(&job).await.unwrap();
    assert_eq!(attempts[0].outcome, "delayed");
    assert_eq!(house.balance().await, before - 1);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_lease_stops_and_changes_nothing() {
    let mut house = House::new(quick()).await;
    let is_stopped = Arc::new(AtomicBool::new(false));
    let calls = AtomicU32::new(0);
    let seen = is_stopped.clone();
    house.work(move |upload, _, watch| {
        if calls.fetch_add(1, Ordering::SeqCst) > 0 {
            return echo(upload);
        }
        let outcome = endless(watch);
        seen.store(true, Ordering::SeqCst);
        outcome
    });
    let job = house.submit(1).await.job;
    let active = house.until(&job, |job| job.state == JobState::Active).await;
    // Somebody else decides that the lease is over.
    let lease = active.lease.clone().expect("a lease");
    let finish = store::Finish {
        outcome: store::Outcome::Delayed { reason: "taken".to_owned(), run_at: house.service.now() },
        expires_at: Timestamp(i64::MAX),
        deliveries: Vec::new(),
    };
    let (store, now) = (house.service.store(), house.service.now());
    assert!(store.finish(&job, &lease, finish, now).await.unwrap());
    let hold = store.progress(&job, &lease, service::Step::Processing, "", 50, now).await.unwrap();
    assert_eq!(hold, Hold::Lost);
    let done = house.completed(&job).await;
    assert_eq!(done.attempt, 2);
    assert_eq!(house.service.store().attempts(&job).await.unwrap().len() as i64, done.attempt);
    house.stop().await;
    assert!(is_stopped.load(Ordering::SeqCst), "the first attempt heard that it is over");
}
