//! A house for one test: short times, a folder of its own, and hands that do as the test says.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use pixel::Size;
use pixel::codec::{EncodeOptions, Format, encode};
use pixel::picture::{Picture, Samples};
use retouch::{Recipe, Watch};
use service::{
    Blobs, Caller, Clock, Courier, Craft, CraftError, Dialect, HookMessage, Job, JobId, JobState, Member,
    Order, Piece, Receipt, Role, Service, Settings, Store, SubmitError, SystemClock, Upload, Voice, Voices,
    Work, Worker,
};
use store::DatabaseUrl;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A recipe that changes nothing and needs no look at the picture.
pub const IDLE: &str = r#"{"mode":"professional","tasks":[{"Plugin":"Heal","Alpha1":0}]}"#;

pub struct House {
    pub service: Service,
    pub caller: Caller,
    pub folder: TempDir,
    stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

/// Settings with short times.
pub fn quick() -> Settings {
    let millis = Duration::from_millis;
    Settings {
        lease: millis(800),
        heartbeat: millis(100),
        attempt_delays: vec![millis(30), millis(60)],
        hook_schedules: HashMap::from([(Dialect::Retouch4me, vec![millis(30), millis(60)])]),
        hook_timeout: millis(400),
        shutdown_time: millis(300),
        max_jobs: 4,
        ..Settings::default()
    }
}

impl House {
    pub async fn new(settings: Settings) -> Self {
        Self::at(settings, Arc::new(SystemClock)).await
    }

    pub async fn at(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&DatabaseUrl::Sqlite(folder.path().join("house.db"))).await.unwrap();
        let blobs = Blobs::disk(&folder.path().join("blobs")).unwrap();
        let settings = Settings { spool_dir: folder.path().join("spool"), ..settings };
        let voices = Voices(HashMap::from([(Dialect::Retouch4me, Arc::new(Plain) as Arc<dyn Voice>)]));
        let service = Service::new(store, blobs, clock, settings, voices);
        let first = service.first_start().await.unwrap().expect("an empty house");
        let caller = service.retouch_token(&first.token).await.unwrap();
        Self { service, caller, folder, stop: CancellationToken::new(), running: Vec::new() }
    }

    /// Starts a worker whose hands do as they are told.
    pub fn work(
        &mut self,
        hands: impl Fn(&[u8], &Work, &dyn Watch) -> Result<Piece, CraftError> + Send + Sync + 'static,
    ) {
        self.work_with(Arc::new(Hands(hands)));
    }

    pub fn work_with(&mut self, craft: Arc<dyn Craft>) {
        let worker = Worker::with_craft(self.service.clone(), craft);
        self.running.push(tokio::spawn(worker.run(self.stop.clone())));
    }

    pub fn deliver(&mut self) {
        self.running.push(tokio::spawn(Courier::new(self.service.clone()).run(self.stop.clone())));
    }

    /// Tells everything to stop and waits for it.
    pub async fn stop(&mut self) {
        self.stop.cancel();
        for running in self.running.drain(..) {
            tokio::time::timeout(PATIENCE, running).await.expect("stops in time").unwrap();
        }
        self.stop = CancellationToken::new();
    }

    pub async fn upload(&self, bytes: &[u8]) -> Upload {
        let mut spool = self.service.spool().await.unwrap();
        for piece in bytes.chunks(1_000) {
            spool.write(piece).await.unwrap();
        }
        spool.finish().await.unwrap()
    }

    /// An order for a tiny picture; no two are the same picture.
    pub async fn order(&self, number: u8) -> Order {
        let upload = self.upload(&png(number)).await;
        let facts = self.service.survey(&upload).await.unwrap();
        Order {
            caller: self.caller.clone(),
            dialect: Dialect::Retouch4me,
            work: Work::Retouch(Recipe::from_json(IDLE).unwrap()),
            upload,
            facts,
            name: format!("portrait {number}.png"),
            hooks: Vec::new(),
            idempotency_key: None,
        }
    }

    pub async fn submit(&self, number: u8) -> Receipt {
        self.service.submit(self.order(number).await).await.unwrap()
    }

    /// A job that looks as large as wanted to admission.
    pub async fn submit_sized(&self, number: u8, width: u32, height: u32) -> Result<Receipt, SubmitError> {
        let mut order = self.order(number).await;
        (order.facts.width, order.facts.height) = (width, height);
        self.service.submit(order).await
    }

    pub async fn job(&self, id: &JobId) -> Job {
        self.service.store().job(id).await.unwrap().expect("the job")
    }

    /// Waits until the job is as wanted.
    pub async fn until(&self, id: &JobId, wanted: impl Fn(&Job) -> bool) -> Job {
        let waiting = async {
            loop {
                let job = self.job(id).await;
                if wanted(&job) {
                    return job;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(job) => job,
            Err(_) => panic!("waited in vain: {:?}", self.job(id).await),
        }
    }

    pub async fn ended(&self, id: &JobId) -> Job {
        self.until(id, |job| job.state.is_final()).await
    }

    pub async fn completed(&self, id: &JobId) -> Job {
        let job = self.ended(id).await;
        assert_eq!(job.state, JobState::Completed, "{}", job.reason);
        job
    }

    pub fn member(&self) -> Member {
        let (account, organization) = (self.caller.account.clone(), self.caller.organization.clone());
        Member { account, organization, role: Role::Admin }
    }

    pub async fn balance(&self) -> i64 {
        self.service.standing(&self.caller).await.unwrap().balance
    }
}

/// Hands that do as a function says.
pub struct Hands<F>(pub F);

impl<F: Fn(&[u8], &Work, &dyn Watch) -> Result<Piece, CraftError> + Send + Sync> Craft for Hands<F> {
    fn run(&self, upload: &retouch::Upload<'_>, work: &Work, watch: &dyn Watch) -> Result<Piece, CraftError> {
        (self.0)(upload.bytes, work, watch)
    }
}

/// A dialect of few words.
struct Plain;

impl Voice for Plain {
    fn hook(&self, job: &Job) -> Option<HookMessage> {
        let body =
            format!(r#"{{"id":"{}","state":"{}","progress":{}}}"#, job.id, job.state.as_str(), job.progress);
        Some(HookMessage { event: job.state.as_str().to_owned(), body })
    }
}

/// The result of hands that do nothing.
pub fn echo(upload: &[u8]) -> Result<Piece, CraftError> {
    Ok(Piece {
        bytes: upload.iter().rev().copied().collect(),
        media_type: "image/png",
        extension: "png",
        stem: None,
    })
}

/// Works until asked to stop.
pub fn endless(watch: &dyn Watch) -> Result<Piece, CraftError> {
    let began = std::time::Instant::now();
    while !watch.cancelled() {
        assert!(began.elapsed() < PATIENCE, "nobody stops it");
        std::thread::sleep(Duration::from_millis(2));
    }
    Err(CraftError::Stopped)
}

/// A picture of 64 x 64 pixels.
pub fn png(number: u8) -> Vec<u8> {
    let size = Size::new(64, 64);
    let rgb = (0..3 * size.area()).map(|i| (i as u8).wrapping_mul(31).wrapping_add(number)).collect();
    let picture = Picture {
        size,
        rgb: Samples::U8(rgb),
        alpha: None,
        grey: false,
        orientation: pixel::Orientation::default(),
        metadata: Default::default(),
    };
    encode(&picture, Format::Png, &EncodeOptions::default()).unwrap()
}
