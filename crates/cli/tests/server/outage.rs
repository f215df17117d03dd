//! The database or the store is gone for half a minute: requests say so, jobs wait, nothing is lost.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::house::{CREDITS, House};
use super::pictures::tiny;
use super::wire::{Client, Start};

const OUTAGE: Duration = Duration::from_secs(30);
const JOBS: usize = 40;

async fn start_some(client: &Client, from: usize, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in from..from + count {
        ids.push(client.accepted(Start { file: tiny(number), ..Start::default() }).await);
    }
    ids
}

/// Asks on while something is gone: every answer is quick and says 500, and the process is alive.
async fn refused_meanwhile(client: &Client, house: &House, known: &str) {
    let until = Instant::now() + OUTAGE;
    let mut refused = 0;
    while Instant::now() < until {
        let began = Instant::now();
        let start = Start { file: tiny(900 + refused), ..Start::default() };
        let (code, body) = client.start(start).await.expect("an answer");
        assert!(began.elapsed() < Duration::from_secs(30), "the answer took {:?}", began.elapsed());
        assert_eq!((code, &body["status"]), (500, &Value::from(500)), "{body}");
        assert!(!body["message"].as_str().unwrap_or_default().is_empty(), "{body}");
        assert_eq!(client.page("/health/live").await.expect("an answer"), 200);
        assert_eq!(client.page("/health/ready").await.expect("an answer"), 503);
        let _ = client.status(known).await.expect("an answer");
        refused += 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(refused > 1, "{}", house.log());
}

async fn all_completed_and_paid_once(client: &Client, house: &House, ids: &[String]) {
    for id in ids {
        let last = client.ended(id).await;
        assert_eq!(last["state"], "completed", "{id}: {last}");
        assert_eq!(client.file(id).await.expect("an answer").0, 200);
    }
    let balance = house.admin(&["credits", "show", "--organization", "Test"]);
    assert_eq!(balance, (CREDITS - ids.len() as i64).to_string(), "refused starts cost nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_minute_without_the_database() {
    let mut house = House::networked(&["--lease", "2s", "--heartbeat", "500ms"]);
    house.serve();
    let client = house.client();
    let mut ids = start_some(&client, 0, JOBS).await;
    house.postgres.as_ref().expect("a cluster").pause().expect("stopped");
    refused_meanwhile(&client, &house, &ids[0]).await;
    house.postgres.as_ref().expect("a cluster").resume().expect("started");
    ready_again(&client).await;
    ids.extend(start_some(&client, JOBS, 5).await);
    all_completed_and_paid_once(&client, &house, &ids).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_minute_without_the_store() {
    // Attempts that meet the outage must not be used up by it.
    let mut house = House::networked(&["--lease", "2s", "--heartbeat", "500ms"]);
    house.serve();
    let client = house.client();
    let mut ids = start_some(&client, 0, JOBS).await;
    house.bucket.as_mut().expect("a bucket").stop();
    refused_meanwhile(&client, &house, &ids[0]).await;
    house.bucket.as_mut().expect("a bucket").resume();
    ready_again(&client).await;
    ids.extend(start_some(&client, JOBS, 5).await);
    all_completed_and_paid_once(&client, &house, &ids).await;
}

async fn ready_again(client: &Client) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while client.page("/health/ready").await.expect("an answer") != 200 {
        assert!(Instant::now() < deadline, "not ready after the outage");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
