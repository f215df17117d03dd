//! How jobs end: well, badly, late, called off, tried again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pixel::codec::{Limits, decode};
use retouch::Engine;
use service::{CraftError, EngineCraft, JobState, Settings, Step, Work};

use crate::setting::{House, echo, endless, png, quick};

fn real(settings: &Settings) -> Arc<EngineCraft> {
    Arc::new(EngineCraft::new(Arc::new(Engine::new()), settings))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_comes_back_as_the_engine_makes_it() {
    let mut house = House::new(quick()).await;
    house.work_with(real(house.service.settings()));
    let job = house.completed(&house.submit(7).await.job).await;
    assert_eq!((job.progress, job.step, job.attempt, job.plugin.as_str()), (100, Step::Uploading, 1, ""));
    let result = house.service.result(&job).expect("a result");
    assert_eq!((result.name.as_str(), result.media_type.as_str()), ("portrait 7_retouched.png", "image/png"));
    let bytes = house.service.blobs().read(&result.hash).await.unwrap();
    assert_eq!(bytes.len() as i64, result.bytes);
    let (before, after) =
        (decode(&png(7), &Limits::default()).unwrap(), decode(&bytes, &Limits::default()).unwrap());
    assert_eq!(before.picture.rgb, after.picture.rgb, "strength 0 changes nothing");
    let attempts = house.service.store().attempts(&job.id).await.unwrap();
    assert_eq!(attempts.len(), 1);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn features_are_json() {
    let mut house = House::new(quick()).await;
    house.work_with(real(house.service.settings()));
    let mut order = house.order(1).await;
    order.work = Work::Features;
    let job = house.completed(&house.service.submit(order).await.unwrap().job).await;
    let result = house.service.result(&job).expect("a result");
    assert_eq!(result.media_type, "application/json");
    let bytes = house.service.blobs().read(&result.hash).await.unwrap();
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(value["jsonVersion"], "1");
    assert_eq!((&value["image"]["width"], &value["image"]["orientation"]), (&64.into(), &1.into()));
    assert_eq!(value["faces"].as_array().map(Vec::len), Some(0));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_cannot_be_decoded_fails_at_once_and_is_refunded() {
    let mut house = House::new(quick()).await;
    let before = house.balance().await;
    house.work_with(real(house.service.settings()));
    let mut order = house.order(1).await;
    let whole = png(1);
    order.upload = house.upload(&whole[..whole.len() / 2]).await;
    let job = house.ended(&house.service.submit(order).await.unwrap().job).await;
    assert_eq!((job.state, job.attempt), (JobState::Failed, 1));
    assert!(job.reason.contains("PNG") && !job.reason.contains("panic"), "{}", job.reason);
    assert_eq!(house.balance().await, before);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_attempts_then_failed_and_refunded() {
    let mut house = House::new(quick()).await;
    let before = house.balance().await;
    house.work(|_, _, _| Err(CraftError::Failed("no luck: try again".to_owned())));
    let job = house.submit(1).await.job;
    assert_eq!(house.balance().await, before - 1);
    let job = house.ended(&job).await;
    assert_eq!((job.state, job.attempt, job.reason.as_str()), (JobState::Failed, 3, "no luck: try again"));
    assert_eq!(house.balance().await, before);
    let attempts = house.service.store().attempts(&job.id).await.unwrap();
    let outcomes: Vec<&str> = attempts.iter().map(|attempt| attempt.outcome.as_str()).collect();
    assert_eq!(outcomes, ["delayed", "delayed", "failed"]);
    assert!(attempts[1].started_at.since(attempts[0].finished_at.unwrap()) >= Duration::from_millis(30));
    assert!(attempts[2].started_at.since(attempts[1].finished_at.unwrap()) >= Duration::from_millis(60));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_one_attempt_only() {
    let mut house = House::new(quick()).await;
    let before = house.balance().await;
    let tries = Arc::new(AtomicU32::new(0));
    let counted = tries.clone();
    house.work(move |upload, _, watch| {
        watch.step(retouch::Step::Plugin { index: 0, total: 1, name: "Heal" });
        assert!(counted.fetch_add(1, Ordering::SeqCst) > 0, "index out of bounds in heal/repair.rs");
        echo(upload)
    });
    let job = house.submit(1).await.job;
    let delayed = house.until(&job, |job| job.state == JobState::Delayed || job.state.is_final()).await;
    if delayed.state == JobState::Delayed {
        assert!(delayed.reason.starts_with("Heal failed on this picture"), "{}", delayed.reason);
    }
    let job = house.completed(&job).await;
    assert_eq!((job.attempt, tries.load(Ordering::SeqCst)), (2, 2));
    let attempts = house.service.store().attempts(&job.id).await.unwrap();
    assert!(
        !attempts[0].reason.contains("bounds") && attempts[0].reason.contains("Heal"),
        "{}",
        attempts[0].reason
    );
    assert_eq!(house.balance().await, before - 1);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_while_the_work_goes_on() {
    let mut house = House::new(quick()).await;
    house.work(|upload, _, watch| {
        watch.step(retouch::Step::Decoding);
        watch.step(retouch::Step::Plugin { index: 0, total: 1, name: "Heal" });
        std::thread::sleep(Duration::from_millis(600));
        watch.step(retouch::Step::Encoding);
        echo(upload)
    });
    let job = house.submit(1).await.job;
    let seen = house.until(&job, |job| job.plugin == "Heal" || job.state.is_final()).await;
    assert_eq!((seen.state, seen.step, seen.attempt), (JobState::Active, Step::Processing, 1));
    assert!(seen.progress > 5 && seen.progress < 95, "{}", seen.progress);
    house.completed(&job).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_is_called_off() {
    let mut house = House::new(quick()).await;
    let before = house.balance().await;
    house.work(|_, _, watch| endless(watch));
    let job = house.submit(1).await.job;
    house.until(&job, |job| job.state == JobState::Active).await;
    house.service.cancel(&job).await.unwrap();
    let job = house.ended(&job).await;
    assert_eq!(job.state, JobState::Cancelled);
    assert_eq!(house.balance().await, before);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_takes_too_long_is_ended() {
    let settings = Settings { time_limit_base: Duration::from_millis(150), ..quick() };
    let mut house = House::new(settings).await;
    let before = house.balance().await;
    house.work(|_, _, watch| endless(watch));
    let job = house.ended(&house.submit(1).await.job).await;
    assert_eq!((job.state, job.attempt), (JobState::Failed, 1), "once more would take as long again");
    assert!(job.reason.contains("too long"), "{}", job.reason);
    assert_eq!(house.balance().await, before);
    house.stop().await;
}
