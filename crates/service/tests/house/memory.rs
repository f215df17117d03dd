//! Admission by memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use service::{Settings, memory_need};

use crate::setting::{House, echo, quick};

#[tokio::test(flavor = "multi_thread")]
async fn a_large_job_waits_for_room_then_runs_alone_and_nobody_overtakes_it() {
    let small = { memory_need(64, 64, &service::Work::Features) as u64 };
    let mut house = House::new(Settings { memory_budget: 3 * small, ..quick() }).await;
    let running = Arc::new(AtomicUsize::new(0));
    let beside_large = Arc::new(AtomicUsize::new(0));
    let (now, beside) = (running.clone(), beside_large.clone());
    let large_bytes = crate::setting::png(100);
    house.work(move |upload, _, _| {
        let others = now.fetch_add(1, Ordering::SeqCst);
        assert!(others < 3, "the budget holds three");
        let is_large = upload == large_bytes;
        if is_large {
            beside.fetch_max(others, Ordering::SeqCst);
        }
        std::thread::sleep(Duration::from_millis(60));
        if is_large {
            beside.fetch_max(now.load(Ordering::SeqCst) - 1, Ordering::SeqCst);
        }
        now.fetch_sub(1, Ordering::SeqCst);
        echo(upload)
    });
    let mut jobs = Vec::new();
    for number in 0..4 {
        jobs.push(house.submit(number).await.job);
    }
    // Far beyond the whole budget.
    let large = house.submit_sized(100, 30_000, 30_000).await.unwrap().job;
    for number in 4..10 {
        jobs.push(house.submit(number).await.job);
    }
    let large = house.completed(&large).await;
    assert_eq!(beside_large.load(Ordering::SeqCst), 0, "it runs alone");
    for job in &jobs {
        house.completed(job).await;
    }
    let last = house.job(&jobs[9]).await;
    assert!(last.started_at.unwrap() >= large.finished_at.unwrap(), "who came later goes later");
    house.stop().await;
}
