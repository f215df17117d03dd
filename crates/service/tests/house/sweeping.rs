//! What has expired goes, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use service::{Clock, ContentHash, Sweeper, SystemClock, Timestamp};

use crate::setting::{House, echo, quick};

const HOUR: i64 = 3_600_000;

/// The machine's clock, moved on by the test.
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_jobs_let_go_of_their_files_and_strays_leave_after_an_hour() {
    let clock = Arc::new(Moved(AtomicI64::new(0)));
    let mut house = House::at(quick(), clock.clone()).await;
    house.work(|upload, _, _| echo(upload));
    let job = house.submit(1).await.job;
    let done = house.completed(&job).await;
    house.stop().await;
    let (input, result) = (done.input.hash, house.service.result(&done).expect("a result").hash);
    let sweeper = Sweeper::new(house.service.clone());
    let blobs = house.service.blobs().clone();

    let stray = ContentHash::of(b"stray");
    blobs.put(&stray, Bytes::from_static(b"stray")).await.unwrap();
    assert_eq!(sweeper.compare().await.unwrap(), 1);
    assert_eq!(sweeper.compare().await.unwrap(), 0, "it is known now");
    assert_eq!(sweeper.sweep().await.unwrap().blobs, 0, "nothing is due");
    assert!(blobs.size(&stray).await.unwrap().is_some());

    clock.0.store(2 * HOUR, Ordering::SeqCst);
    assert_eq!(sweeper.sweep().await.unwrap().blobs, 1);
    assert!(blobs.size(&stray).await.unwrap().is_none());
    assert!(house.service.job(job.as_str()).await.unwrap().is_some());

    clock.0.store(24 * HOUR + 60_000, Ordering::SeqCst);
    assert!(house.service.job(job.as_str()).await.unwrap().is_none(), "its time is over");
    let swept = sweeper.sweep().await.unwrap();
    assert_eq!((swept.jobs, swept.blobs), (1, 2));
    for hash in [input, result] {
        assert!(blobs.size(&hash).await.unwrap().is_none());
    }
    assert!(blobs.list().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_spool_keeps_what_is_being_written() {
    let house = House::new(quick()).await;
    let upload = house.upload(b"half").await;
    let spool = house.folder.path().join("spool");
    let left = spool.join("upload-left");
    std::fs::write(&left, b"x").unwrap();
    let old = std::time::SystemTime::now() - Duration::from_secs(2 * 3_600);
    std::fs::File::options().write(true).open(&left).unwrap().set_modified(old).unwrap();
    assert_eq!(house.service.clear_spool().unwrap(), 1);
    assert!(upload.path().exists() && !left.exists());
}
