//! How many durable job cycles the house makes in a second; prints figures, asserts nothing about them.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use service::Settings;

use crate::setting::{House, echo, quick};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: run it alone, with --ignored --nocapture"]
async fn durable_cycles_a_second() {
    const JOBS: usize = 800;
    for max_jobs in [2, 8, 32] {
        let mut house = House::new(Settings { max_jobs, memory_budget: 64 << 30, ..quick() }).await;
        house.work(|upload, _, _| echo(upload));
        let house = Arc::new(house);
        let began = Instant::now();
        let clients = (0..16).map(|client| {
            let house = house.clone();
            async move {
                for number in 0..JOBS / 16 {
                    let job = house.submit((client * 50 + number) as u8).await.job;
                    house.completed(&job).await;
                }
            }
        });
        join_all(clients).await;
        let seconds = began.elapsed().as_secs_f64();
        println!("{max_jobs} jobs at a time: {:.0} cycles a second", JOBS as f64 / seconds);
    }
}
