//! Clocks that differ and jump: work that goes on is not done twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use service::{Clock, Service, SystemClock, Timestamp, Voices, Worker};

use crate::setting::{Hands, House, echo, quick};

/// Far more than a lease.
const HOUR: i64 = 3_600_000;

/// The machine's clock, moved by the test.
#[derive(Default)]
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.0.load(Ordering::SeqCst))
    }
}

/// Lets a job go on for several leases at the house's worker, beside a worker with another clock; `jump` is what the
/// house's own clock does meanwhile.
async fn one_attempt_only(other: Moved, jump: i64) {
    let own = Arc::new(Moved::default());
    let mut house = House::at(quick(), own.clone()).await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let slow = move |upload: &[u8], _: &service::Work, _: &dyn retouch::Watch| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(2_500));
        echo(upload)
    };
    house.work(slow.clone());
    let job = house.submit(1).await.job;
    house.until(&job, |job| job.progress >= 5).await;
    let (store, blobs) = (house.service.store().clone(), house.service.blobs().clone());
    let settings = house.service.settings().clone();
    let elsewhere = Service::new(store, blobs, Arc::new(other), settings, Voices::default());
    let stop = tokio_util::sync::CancellationToken::new();
    let worker = tokio::spawn(Worker::with_craft(elsewhere, Arc::new(Hands(slow))).run(stop.clone()));
    own.0.store(jump, Ordering::SeqCst);
    let done = house.ended(&job).await;
    assert_eq!((done.attempt, calls.load(Ordering::SeqCst)), (1, 1), "{}", done.reason);
    stop.cancel();
    worker.await.unwrap();
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_clock_is_ahead_takes_nothing_from_one_that_lives() {
    one_attempt_only(Moved(AtomicI64::new(HOUR)), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ahead_costs_no_lease() {
    one_attempt_only(Moved::default(), HOUR).await;
}
