//! The blob store goes away and comes back.

use std::time::Duration;

use service::JobState;

use crate::setting::{House, echo, quick};

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_gone_for_a_while_costs_no_attempt() {
    let mut house = House::new(quick()).await;
    let job = house.submit(1).await.job;
    let (blobs, away) = (house.folder.path().join("blobs"), house.folder.path().join("away"));
    std::fs::rename(&blobs, &away).unwrap();
    house.work(|upload, _, _| echo(upload));
    house.until(&job, |job| job.state == JobState::Active).await;
    // Longer than a lease: heartbeats go on.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(house.job(&job).await.state, JobState::Active);
    std::fs::rename(&away, &blobs).unwrap();
    assert_eq!(house.completed(&job).await.attempt, 1);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_gone_for_good_fails_at_once() {
    let mut house = House::new(quick()).await;
    let job = house.submit(1).await.job;
    house.service.blobs().delete(&house.job(&job).await.input.hash).await.unwrap();
    house.work(|upload, _, _| echo(upload));
    let job = house.ended(&job).await;
    assert_eq!((job.state, job.attempt), (JobState::Failed, 1));
    assert!(job.reason.contains("send it again"), "{}", job.reason);
    house.stop().await;
}
