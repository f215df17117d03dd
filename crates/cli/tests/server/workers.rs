//! Two workers never run one attempt at once: one that falls asleep loses its job and changes nothing when it wakes, and
//! all of them go by one clock.

use std::time::Duration;

use service::{Clock as _, SystemClock};
use store::{JobFilter, JobId};

use super::crash::attempts_never_overlap;
use super::house::{House, send};
use super::pictures::{portrait, tiny};
use super::wire::Start;

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_slept_through_its_lease_changes_nothing() {
    let mut house = House::networked(&["--run-jobs", "false", "--lease", "1s", "--heartbeat", "200ms"]);
    house.serve();
    house.hire();
    let client = house.client();
    let file = portrait();
    let tasks =
        serde_json::json!([{ "Plugin": "Heal" }, { "Plugin": "Dodge Burn" }, { "Plugin": "Skin Tone" }]);
    let id = client.accepted(Start { file, tasks: Some(tasks), ..Start::default() }).await;
    client.reaches(&id, "active").await;
    send("STOP", house.worker_id(0));
    house.hire();
    assert_eq!(client.ended(&id).await["state"], "completed");
    let store = house.store().await;
    let job = JobId::from(id.as_str());
    let ended = store.job(&job).await.expect("asked").expect("there");

    send("CONT", house.worker_id(0));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(store.job(&job).await.expect("asked").expect("there"), ended);
    let attempts = store.attempts(&job).await.expect("listed");
    assert_eq!(attempts.len(), 2, "{attempts:?}");
    assert_ne!(attempts[0].worker, attempts[1].worker);
    attempts_never_overlap(&store).await;
    assert_eq!(
        house.admin(&["credits", "show", "--organization", "Test"]),
        (super::house::CREDITS - 1).to_string()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn three_workers_share_the_jobs_and_make_each_once() {
    let mut house = House::networked(&["--run-jobs", "false"]);
    house.serve();
    (0..3).for_each(|_| house.hire());
    let client = house.client();
    let mut ids = Vec::new();
    for number in 0..60 {
        ids.push(client.accepted(Start { file: tiny(number), ..Start::default() }).await);
    }
    for id in &ids {
        assert_eq!(client.ended(id).await["state"], "completed");
    }
    let store = house.store().await;
    let jobs = store.jobs(&JobFilter { limit: 1_000, ..JobFilter::default() }).await.expect("listed");
    for job in &jobs {
        assert_eq!(store.attempts(&job.id).await.expect("listed").len(), 1, "{}", job.id);
    }
    let workers: std::collections::HashSet<_> = jobs.iter().filter_map(|job| job.worker.clone()).collect();
    assert!(workers.len() >= 2, "{workers:?}");
}

/// Machines whose clocks differ would take leases and claims of each other for over, or never for over.
#[tokio::test(flavor = "multi_thread")]
async fn all_processes_go_by_the_clock_of_the_database() {
    let mut house = House::networked(&["--run-jobs", "false"]);
    house.sql(
        "CREATE SCHEMA apart;
         CREATE FUNCTION apart.clock_timestamp() RETURNS timestamptz LANGUAGE sql
             AS 'SELECT pg_catalog.clock_timestamp() + interval ''1 hour''';
         DO $$ BEGIN
             EXECUTE format('ALTER DATABASE %I SET search_path = apart, pg_catalog', current_database());
         END $$",
    );
    house.serve();
    house.hire();
    let client = house.client();
    let id = client.accepted(Start { file: tiny(1), ..Start::default() }).await;
    assert_eq!(client.ended(&id).await["state"], "completed");
    let store = house.store().await;
    let job = store.job(&JobId::from(id.as_str())).await.expect("asked").expect("there");
    let account = store.account_by_email("test@example.org").await.expect("asked").expect("there");
    let ahead = SystemClock.now().plus(Duration::from_secs(3_600));
    let times = [
        ("an account made by admin", account.created_at),
        ("a job accepted by the server", job.created_at),
        ("taken by a worker", job.started_at.expect("started")),
        ("ended there", job.finished_at.expect("ended")),
    ];
    for (what, at) in times {
        let gap = ahead.since(at).max(at.since(ahead));
        assert!(gap < Duration::from_secs(600), "{what}: {at}, the database has {ahead}");
    }
}
