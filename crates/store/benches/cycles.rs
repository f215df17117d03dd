//! Durable job cycles a second: accept, claim, progress, complete, each answered only when it would survive a power cut.
//!
//! `cargo bench -p atelier-store --bench cycles [-- DATABASE_URL]`; without a URL, SQLite in a temporary folder.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use store::{
    Claim, ContentHash, DatabaseUrl, Dialect, FileFacts, Finish, JobId, NewAccount, NewJob, NewOrganization,
    Outcome, Role, Step, Store, Timestamp, WorkerId,
};

const JOBS: usize = 4_000;
const CLIENTS: usize = 16;
const WORKERS: usize = 8;

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(0))
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = format!("sqlite://{}", folder.path().join("atelier.db").display());
    let url = std::env::args().skip(1).find(|argument| argument.contains("://")).unwrap_or(here);
    let store = Store::open(&DatabaseUrl::parse(&url).expect("a database URL")).await.expect("a database");
    let new =
        NewOrganization { name: format!("{}", now()), unmetered: false, daily_allowance: None, priority: 0 };
    let organization = store.create_organization(&new, now()).await.expect("an organization");
    store.add_credits(&organization.id, JOBS as i64, "", "bench", now()).await.expect("credits");
    let account = NewAccount {
        email: format!("{}@example.org", now()),
        password_hash: None,
        operator: false,
        organization: organization.id.clone(),
        role: Role::Admin,
        hook_secret: String::new(),
    };
    let account = store.create_account(&account, now()).await.expect("an account");

    let begun = Instant::now();
    let clients = (0..CLIENTS).map(|_| {
        let (store, organization, account) = (store.clone(), organization.id.clone(), account.id.clone());
        tokio::spawn(async move {
            for _ in 0..JOBS / CLIENTS {
                let id = JobId::secret();
                let input = FileFacts {
                    hash: ContentHash::of(id.as_str().as_bytes()),
                    name: "a.jpg".into(),
                    media_type: "image/jpeg".into(),
                    bytes: 1,
                };
                store.expect_blob(&input.hash, 1, now()).await.expect("announced");
                let job = NewJob {
                    id,
                    organization_id: organization.clone(),
                    account_id: account.clone(),
                    token_id: None,
                    dialect: Dialect::Retouch4me,
                    work: "{}".into(),
                    priority: 0,
                    max_attempts: 3,
                    input,
                    width: 1,
                    height: 1,
                    memory: 1,
                    price: 1,
                    hooks: Vec::new(),
                    expires_at: now(),
                    idempotency: None,
                    workflow: None,
                    labels: std::collections::BTreeMap::new(),
                    batch: None,
                    without_credits: store::WithoutCredits::Refuse,
                    when_unpaid: Vec::new(),
                    trace: None,
                };
                store.submit(&job, now()).await.expect("accepted");
            }
        })
    });
    let workers = (0..WORKERS).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let worker = WorkerId::random();
            let mut done = 0;
            loop {
                let lease_until = now().plus(Duration::from_secs(30));
                match store.claim(&worker, None, now(), lease_until).await.expect("an answer") {
                    Claim::Job(job) => {
                        let lease = job.lease.clone().expect("a lease");
                        let step = Step::Processing;
                        store.progress(&job.id, &lease, step, "", 50, lease_until).await.expect("told");
                        let result = FileFacts {
                            hash: ContentHash::of(lease.as_str().as_bytes()),
                            ..job.input.clone()
                        };
                        store.expect_blob(&result.hash, 1, now()).await.expect("announced");
                        let outcome = Outcome::Completed { result };
                        let finish = Finish { outcome, expires_at: now(), deliveries: Vec::new() };
                        assert!(store.finish(&job.id, &lease, finish, now()).await.expect("finished"));
                        done += 1;
                    }
                    _ if store.queue().await.expect("figures").active == 0 && done > 0 => {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        if store.states().await.expect("states").iter().map(|(_, count)| count).sum::<i64>()
                            >= JOBS as i64
                        {
                            return done;
                        }
                    }
                    _ => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            }
        })
    });
    let (clients, workers): (Vec<_>, Vec<_>) = (clients.collect(), workers.collect());
    for client in clients {
        client.await.expect("a client");
    }
    let accepted = begun.elapsed();
    let mut done = 0;
    for worker in workers {
        done += worker.await.expect("a worker");
    }
    let all = begun.elapsed();
    println!(
        "{done} jobs: accepted in {accepted:.1?}, completed in {all:.1?}: {:.0} cycles/s",
        done as f64 / all.as_secs_f64()
    );
}
