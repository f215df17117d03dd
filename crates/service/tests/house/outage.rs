//! The blob store goes away and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use retouch::{Upload, Watch};
use service::{ContentHash, Craft, CraftError, JobState, Piece, Work};

use crate::setting::{House, echo, png, quick};

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

/// Hands that ask for a picture beside the upload, once they are told to.
struct Background {
    hash: ContentHash,
    may_ask: Arc<AtomicBool>,
}

impl Craft for Background {
    fn run(&self, upload: &Upload<'_>, _: &Work, _: &dyn Watch) -> Result<Piece, CraftError> {
        while !self.may_ask.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        match upload.assets.fetch(&self.hash.hex()) {
            Some(_) => echo(upload.bytes),
            None => Err(CraftError::Hopeless("there is no such picture".to_owned())),
        }
    }
}

async fn with_a_background(house: &mut House) -> Arc<AtomicBool> {
    let upload = house.upload(&png(200)).await;
    let facts = house.service.survey(&upload).await.unwrap();
    let organization = house.caller.organization.clone();
    let kept = house.service.keep_picture(&organization, upload, &facts, "sky.png").await.unwrap();
    let may_ask = Arc::new(AtomicBool::new(false));
    house.work_with(Arc::new(Background { hash: kept.hash, may_ask: may_ask.clone() }));
    may_ask
}

#[tokio::test(flavor = "multi_thread")]
async fn a_background_is_waited_for_like_the_upload() {
    let mut house = House::new(quick()).await;
    let may_ask = with_a_background(&mut house).await;
    let job = house.submit(1).await.job;
    house.until(&job, |job| job.state == JobState::Active && job.progress >= 5).await;
    let (blobs, away) = (house.folder.path().join("blobs"), house.folder.path().join("away"));
    std::fs::rename(&blobs, &away).unwrap();
    may_ask.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(house.job(&job).await.state, JobState::Active);
    std::fs::rename(&away, &blobs).unwrap();
    assert_eq!(house.completed(&job).await.attempt, 1);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_background_is_handed_back_when_the_worker_stops() {
    let mut house = House::new(quick()).await;
    let may_ask = with_a_background(&mut house).await;
    let job = house.submit(1).await.job;
    house.until(&job, |job| job.state == JobState::Active && job.progress >= 5).await;
    std::fs::rename(house.folder.path().join("blobs"), house.folder.path().join("away")).unwrap();
    may_ask.store(true, Ordering::SeqCst);
    house.stop().await;
    let waiting = house.job(&job).await;
    assert_eq!((waiting.state, waiting.attempt), (JobState::Waiting, 0));
}
