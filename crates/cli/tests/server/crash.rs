//! Kill -9 at random moments during 200 jobs: no job lost, none charged twice, none charged without a result, no stray
//! blob.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use store::{JobFilter, JobState, LedgerKind, Store};

use super::house::{CREDITS, House};
use super::pictures::tiny;
use super::wire::{Client, Start, searching};

const JOBS: usize = 200;
const KILLS: usize = 8;
const CLIENTS: usize = 4;
/// One job of so many takes long enough to be killed in the middle.
const LONG_EVERY: usize = 10;
/// Short, so that a dead process's jobs are soon taken over.
const BRISK: [&str; 6] = ["--lease", "2s", "--heartbeat", "300ms", "--attempt-delays", "50ms,100ms"];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_server_is_killed_again_and_again() {
    let mut house = House::embedded(&BRISK);
    house.serve();
    let client = house.client();
    let starts = tokio::spawn(start_all(client.clone()));
    for _ in 0..KILLS {
        tokio::time::sleep(a_while()).await;
        house.kill();
        house.serve();
    }
    let accepted = starts.await.expect("all accepted");
    settle(&house, &client, &accepted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_workers_and_server_are_killed_with_postgres_and_s3() {
    let mut house = House::networked(&[&BRISK[..], &["--run-jobs", "false"]].concat());
    house.serve();
    house.hire();
    house.hire();
    let client = house.client();
    let starts = tokio::spawn(start_all(client.clone()));
    for round in 0..KILLS {
        tokio::time::sleep(a_while()).await;
        if round % 4 == 3 {
            house.kill();
            house.serve();
        } else {
            house.kill_worker(0);
            house.hire();
        }
    }
    let accepted = starts.await.expect("all accepted");
    settle(&house, &client, &accepted).await;
}

fn a_while() -> Duration {
    Duration::from_millis(300 + rand::random::<u64>() % 1200)
}

/// Starts all jobs as a careful client does: the same key until there is an answer.
async fn start_all(client: Client) -> Vec<String> {
    let lanes = (0..CLIENTS).map(|lane| {
        let client = client.clone();
        tokio::spawn(async move {
            let mut accepted = Vec::new();
            for number in (lane..JOBS).step_by(CLIENTS) {
                accepted.push(start(&client, number).await);
            }
            accepted
        })
    });
    let mut accepted = Vec::new();
    for lane in lanes.collect::<Vec<_>>() {
        accepted.extend(lane.await.expect("a lane"));
    }
    accepted
}

async fn start(client: &Client, number: usize) -> String {
    loop {
        let tasks = number.is_multiple_of(LONG_EVERY).then(searching);
        let start =
            Start { file: tiny(number), tasks, key: Some(format!("job-{number}")), ..Start::default() };
        match client.start(start).await {
            Ok((200, body)) => return body["id"].as_str().expect("an id").to_owned(),
            // A dying server may still say so itself.
            Ok((500.., _)) | Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            Ok((code, body)) => panic!("{code}: {body}"),
        }
    }
}

async fn settle(house: &House, client: &Client, accepted: &[String]) {
    assert_eq!(accepted.iter().collect::<HashSet<_>>().len(), JOBS, "every start has a job of its own");
    let mut completed = 0;
    for id in accepted {
        let last = client.ended(id).await;
        if last["state"] == "completed" {
            let (code, bytes) = client.file(id).await.expect("an answer");
            assert!(code == 200 && bytes.starts_with(b"\x89PNG"), "{id}: {code}");
            completed += 1;
        }
    }
    // Three deaths in one job's way make it fail; that is rare, and then it costs nothing.
    assert!(completed >= JOBS - 5, "{completed} of {JOBS}");
    let store = house.store().await;
    books_are_right(&store, completed).await;
    attempts_never_overlap(&store).await;
    no_stray_blob(house, &store).await;
}

/// Balance, ledger and jobs agree: one credit for each result, none for anything else.
async fn books_are_right(store: &Store, completed: usize) {
    let organization = store.organization_named("Test").await.expect("asked").expect("there");
    let filter = JobFilter { limit: 10_000, ..JobFilter::default() };
    let jobs = store.jobs(&filter).await.expect("listed");
    assert_eq!(jobs.len(), JOBS, "no job without an answered start, none lost");
    let mut paid: HashMap<String, i64> = HashMap::new();
    let entries = store.ledger(&organization.id, 10_000).await.expect("listed");
    for entry in entries.iter().filter(|entry| entry.kind != LedgerKind::Grant) {
        *paid.entry(entry.job_id.as_ref().expect("a job").to_string()).or_default() -= entry.amount;
    }
    for job in &jobs {
        let due = i64::from(job.state == JobState::Completed);
        assert_eq!(paid.get(job.id.as_str()).copied().unwrap_or(0), due, "{} is {:?}", job.id, job.state);
        assert_eq!(job.charged, due, "{}", job.id);
    }
    let now = jobs.iter().map(|job| job.created_at).max().expect("a job");
    let standing = store.standing(&organization.id, now).await.expect("asked");
    assert_eq!(standing.balance, CREDITS - completed as i64);
}

/// An attempt begins only when the one before has ended, and each was made by one worker.
pub async fn attempts_never_overlap(store: &Store) {
    let filter = JobFilter { limit: 10_000, ..JobFilter::default() };
    for job in store.jobs(&filter).await.expect("listed") {
        let attempts = store.attempts(&job.id).await.expect("listed");
        let finished: Vec<_> = attempts.iter().filter(|attempt| attempt.outcome == "completed").collect();
        assert!(finished.len() <= 1, "{}: {attempts:?}", job.id);
        for pair in attempts.windows(2) {
            let end = pair[0].finished_at.unwrap_or_else(|| panic!("{}: {attempts:?}", job.id));
            assert!(end <= pair[1].started_at, "{}: {attempts:?}", job.id);
        }
    }
}

/// What lies in the store is known to the database, and nothing half-written lies about.
async fn no_stray_blob(house: &House, store: &Store) {
    for hash in house.blobs().list().await.expect("listed") {
        assert!(store.known_blob(&hash).await.expect("asked"), "{} is a stray", hash.hex());
    }
    if house.bucket.is_none() {
        // A draft that was being written at a kill is hidden, and goes at a start an hour later.
        let mut odd = names(&house.data().join("blobs"));
        odd.retain(|name| name.len() != 64 && !name.starts_with('.'));
        assert_eq!(odd, Vec::<String>::new(), "drafts in the store");
    }
    let spooled = names(&house.data().join("spool"));
    assert!(spooled.iter().all(|name| name == "lock"), "uploads of dead runs: {spooled:?}");
}

fn names(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(names(&entry.path()));
        } else {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}
