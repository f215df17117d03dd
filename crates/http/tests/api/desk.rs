//! A server of its own for each test, with a clock the test turns, and a client.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http_doors::{HttpSettings, ServeLimits, router, serve, voices};
use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use service::{Clock, ContentHash, Dialect, FileFacts, Service, Settings, Store, Timestamp, issue_token};
use store::{
    Claim, Finish, Job, JobId, NewAccount, NewOrganization, Organization, Outcome, Role, Step, WorkerId,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// 2026-03-17T21:58:47.836Z.
const MORNING: i64 = 1_773_784_727_836;
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// One pixel, as PNG.
pub const PIXEL: &[u8] = &[
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 31,
    21, 196, 137, 0, 0, 0, 13, 73, 68, 65, 84, 120, 218, 99, 252, 207, 192, 240, 31, 0, 5, 5, 2, 0, 95, 200,
    241, 210, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130,
];
/// A payload that is fine.
pub const HEAL: &str =
    r#"{"mode":"professional","tasks":[{"Plugin":"Heal","Scale":0,"Alpha1":1.0,"Layer":0}]}"#;

/// The photograph of the repository: 1000 x 1000, about a megabyte.
pub fn portrait() -> Vec<u8> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/portrait.jpg");
    std::fs::read(samples).expect("the sample")
}

struct TurnedClock(AtomicI64);

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// What an organization of a test may do.
#[derive(Clone, Copy)]
pub struct Purse {
    pub credits: i64,
    pub unmetered: bool,
    pub daily: Option<i64>,
}

impl Default for Purse {
    fn default() -> Self {
        Self { credits: 5, unmetered: false, daily: None }
    }
}

pub struct Desk {
    pub url: String,
    pub store: Store,
    pub service: Service,
    pub client: Client,
    pub token: String,
    pub organization: Organization,
    clock: Arc<TurnedClock>,
    folder: TempDir,
    stop: CancellationToken,
}

/// An answer with everything tests look at.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).expect("text")
    }

    /// The body as JSON; also holds the two status numbers of errors against each other.
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{}", self.text());
        serde_json::from_slice(&self.bytes).expect("JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    /// Status and message of an error.
    pub fn refusal(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(body["status"], self.status, "both status numbers are equal");
        let message = body["message"].as_str().expect("a message").to_owned();
        assert!(!message.is_empty() && !message.contains('\n'));
        (self.status, message)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Desk {
    pub async fn open() -> Self {
        Self::with(Purse::default(), |_| {}, |_| {}).await
    }

    pub async fn rich() -> Self {
        Self::with(Purse { unmetered: true, ..Purse::default() }, |_| {}, |_| {}).await
    }

    pub async fn with(
        purse: Purse,
        rules: impl FnOnce(&mut Settings),
        doors: impl FnOnce(&mut HttpSettings),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, blobs) = crate::stores::open(folder.path()).await;
        let clock = Arc::new(TurnedClock(AtomicI64::new(MORNING)));
        let mut settings = Settings { spool_dir: folder.path().join("spool"), ..Settings::default() };
        rules(&mut settings);
        let service = Service::new(store.clone(), blobs, clock.clone(), settings, voices());
        let (organization, token) = customer(&store, purse, clock.now()).await;

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let stop = CancellationToken::new();
        let mut http = HttpSettings::default();
        doors(&mut http);
        let router = router(service.clone(), http, axum::Router::new());
        tokio::spawn(serve(listener, router, stop.clone(), ServeLimits::default()));
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        let client = client.expect("a client");
        Self { url, store, service, client, token, organization, clock, folder, stop }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(time.as_millis() as i64, Ordering::SeqCst);
    }

    /// Files left in the spool.
    pub fn spooled(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("spool")).map_or(0, Iterator::count)
    }

    pub async fn balance(&self) -> i64 {
        self.store.standing(&self.organization.id, self.now()).await.expect("a standing").balance
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("a body").to_vec();
        Answer { status, headers, bytes }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    pub async fn start(&self, form: Form) -> Answer {
        self.send(self.post("/api/v1/retoucher/start").multipart(form)).await
    }

    /// The form as the published clients write it.
    pub fn form(&self) -> Form {
        Form::new().text("token", self.token.clone()).text("payload", HEAL).part("file", file(PIXEL))
    }

    /// Starts a task that is fine; its id.
    pub async fn started(&self) -> String {
        let answer = self.start(self.form()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    pub async fn status(&self, id: &str) -> Answer {
        self.get(&format!("/api/v1/retoucher/status/{id}")).await
    }

    pub async fn file(&self, id: &str) -> Answer {
        self.get(&format!("/api/v1/retoucher/getFile/{id}")).await
    }

    /// Takes the next job as a worker would.
    pub async fn claim(&self) -> Job {
        let worker = WorkerId::random();
        self.store.register_worker(&worker, "test", 1 << 30, self.now()).await.expect("registered");
        let until = self.now().plus(Duration::from_secs(10));
        match self.store.claim(&worker, None, self.now(), until).await.expect("a claim") {
            Claim::Job(job) => *job,
            other => panic!("no job: {other:?}"),
        }
    }

    pub async fn progress(&self, job: &Job, step: Step, plugin: &str, percent: i64) {
        let lease = job.lease.as_ref().expect("a lease");
        let until = self.now().plus(Duration::from_secs(10));
        self.store.progress(&job.id, lease, step, plugin, percent, until).await.expect("told");
    }

    pub async fn finish(&self, job: &Job, outcome: Outcome) {
        let lease = job.lease.clone().expect("a lease");
        let finish = Finish { outcome, expires_at: self.now().plus(DAY), deliveries: Vec::new() };
        assert!(self.store.finish(&job.id, &lease, finish, self.now()).await.expect("finished"));
    }

    /// A finished task with this result.
    pub async fn completed(&self, bytes: &[u8], media_type: &str) -> String {
        let id = self.started().await;
        let job = self.claim().await;
        self.pass(Duration::from_secs(7));
        let hash = ContentHash::of(bytes);
        self.store.expect_blob(&hash, bytes.len() as i64, self.now()).await.expect("announced");
        self.service.blobs().put(&hash, bytes.to_vec().into()).await.expect("kept");
        let result = FileFacts {
            hash,
            name: "result".into(),
            media_type: media_type.into(),
            bytes: bytes.len() as i64,
        };
        self.finish(&job, Outcome::Completed { result }).await;
        id
    }

    /// A job of another dialect.
    pub async fn foreign(&self) -> JobId {
        let id = self.started().await;
        let job = self.store.job(&JobId::from(id.as_str())).await.expect("asked").expect("a job");
        let new = store::NewJob {
            id: JobId::secret(),
            organization_id: job.organization_id,
            account_id: job.account_id,
            token_id: None,
            dialect: Dialect::AutoRetouch,
            work: job.work,
            priority: 0,
            max_attempts: 3,
            input: job.input,
            width: 1,
            height: 1,
            memory: 1,
            price: 1,
            hooks: Vec::new(),
            expires_at: self.now().plus(DAY),
            idempotency: None,
            workflow: None,
            labels: std::collections::BTreeMap::new(),
            batch: None,
            without_credits: store::WithoutCredits::Refuse,
            when_unpaid: Vec::new(),
            trace: None,
        };
        self.store.submit(&new, self.now()).await.expect("submitted");
        new.id
    }
}

/// A file part as Node and PHP send it: no useful type.
pub fn file(bytes: &[u8]) -> Part {
    let part = Part::bytes(bytes.to_vec()).file_name("portrait.png");
    part.mime_str("application/octet-stream").expect("a type")
}

/// The id replaced, so that bodies can be compared.
pub fn masked(answer: &Answer, id: &str) -> String {
    format!("{}\n{}", answer.status, answer.text().replace(id, "ID"))
}

async fn customer(store: &Store, purse: Purse, now: Timestamp) -> (Organization, String) {
    let new = NewOrganization {
        name: "Studio".into(),
        unmetered: purse.unmetered,
        daily_allowance: purse.daily,
        priority: 0,
    };
    let organization = store.create_organization(&new, now).await.expect("an organization");
    if purse.credits > 0 {
        store.add_credits(&organization.id, purse.credits, "", "test", now).await.expect("credits");
    }
    let new = NewAccount {
        email: "studio@example.org".into(),
        password_hash: None,
        operator: false,
        organization: organization.id.clone(),
        role: Role::Admin,
        hook_secret: "secret".into(),
    };
    let account = store.create_account(&new, now).await.expect("an account");
    let issued = issue_token(store, &account.id, &organization.id, "test", now).await.expect("a token");
    (organization, issued.text)
}

/// A JSON body of a balance question.
pub fn modes(modes: &[&str]) -> Value {
    json!({ "modes": modes })
}
