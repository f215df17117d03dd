//! Houses for the cases to play in.

use std::time::Duration;

use store::{
    Account, Blobs, Claim, ContentHash, DatabaseUrl, Dialect, FileFacts, Finish, Job, JobId, Lease,
    NewAccount, NewJob, NewOrganization, Organization, Outcome, Restart, Restarted, Role, Store, Submitted,
    Timestamp, WorkerId,
};

/// The time at which the cases begin.
pub const NOON: Timestamp = Timestamp(1_773_835_200_000);
/// How long leases last.
pub const LEASE: Duration = Duration::from_secs(10);

pub async fn open(url: &str) -> Store {
    Store::open(&DatabaseUrl::parse(url).expect("a database URL")).await.expect("an open database")
}

pub async fn sqlite() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&format!("sqlite://{}", folder.path().join("atelier.db").display())).await;
    (store, folder)
}

pub fn blobs() -> (Blobs, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    (Blobs::disk(folder.path()).expect("a blob folder"), folder)
}

pub fn after(seconds: u64) -> Timestamp {
    NOON.plus(Duration::from_secs(seconds))
}

/// Somebody with an organization and credits.
pub struct Someone {
    pub organization: Organization,
    pub account: Account,
}

pub async fn someone(store: &Store, name: &str, credits: i64) -> Someone {
    let organization =
        NewOrganization { name: name.to_owned(), unmetered: false, daily_allowance: None, priority: 0 };
    let organization = store.create_organization(&organization, NOON).await.expect("an organization");
    let account = NewAccount {
        email: format!("{name}@example.org"),
        password_hash: None,
        operator: false,
        organization: organization.id.clone(),
        role: Role::Admin,
        hook_secret: "secret".into(),
    };
    let account = store.create_account(&account, NOON).await.expect("an account");
    store.add_credits(&organization.id, credits, "", "operator", NOON).await.expect("credits");
    Someone { organization, account }
}

pub fn file(content: &str) -> FileFacts {
    FileFacts {
        hash: ContentHash::of(content.as_bytes()),
        name: "portrait.jpg".into(),
        media_type: "image/jpeg".into(),
        bytes: content.len() as i64,
    }
}

impl Someone {
    /// A job of one credit on a small picture of its own.
    pub fn job(&self) -> NewJob {
        let id = JobId::secret();
        NewJob {
            organization_id: self.organization.id.clone(),
            account_id: self.account.id.clone(),
            token_id: None,
            dialect: Dialect::Retouch4me,
            work: "{}".into(),
            priority: 0,
            max_attempts: 3,
            input: file(id.as_str()),
            id,
            width: 100,
            height: 100,
            memory: 1_000,
            price: 1,
            hooks: Vec::new(),
            expires_at: after(24 * 3600),
            idempotency: None,
            workflow: None,
            labels: std::collections::BTreeMap::new(),
            batch: None,
            without_credits: store::WithoutCredits::Refuse,
            when_unpaid: Vec::new(),
            trace: None,
        }
    }

    pub async fn balance(&self, store: &Store) -> i64 {
        store.standing(&self.organization.id, NOON).await.expect("a standing").balance
    }
}

/// Announces the upload and submits.
pub async fn submit(store: &Store, job: &NewJob, now: Timestamp) -> Submitted {
    store.expect_blob(&job.input.hash, job.input.bytes, now).await.expect("an announced blob");
    store.submit(job, now).await.expect("an answer")
}

pub async fn accepted(store: &Store, job: &NewJob, now: Timestamp) {
    let submitted = submit(store, job, now).await;
    assert!(matches!(submitted, Submitted::Accepted { .. }), "{submitted:?}");
}

pub async fn claim(store: &Store, now: Timestamp) -> Option<(Job, Lease)> {
    match store.claim(&WorkerId::random(), None, now, now.plus(LEASE)).await.expect("an answer") {
        Claim::Job(job) => {
            let lease = job.lease.clone().expect("a lease");
            Some((*job, lease))
        }
        Claim::Nothing { .. } | Claim::TooLarge { .. } => None,
    }
}

/// Begins a job anew, as its owner may.
pub async fn again(store: &Store, job: &JobId, now: Timestamp, expires_at: Timestamp) -> Restarted {
    let restart = Restart { expires_at, heeds_allowance: true, when_unpaid: Vec::new() };
    store.retry(job, restart, now).await.expect("an answer")
}

pub fn ending(outcome: Outcome) -> Finish {
    Finish { outcome, expires_at: after(48 * 3600), deliveries: Vec::new() }
}

pub fn failed() -> Finish {
    ending(Outcome::Failed { reason: "it did not work".into() })
}
