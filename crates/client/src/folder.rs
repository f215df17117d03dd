//! Pictures of a folder through a workflow: uploaded side by side, followed, fetched, and picked up again after a stop.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::journal::Entry;
use crate::result_file::{keep, result_place};
use crate::server::hash_of;
use crate::{ClientError, Execution, Journal, Server, Status};

/// Label by which an execution is found again when its creation was cut off.
const TICKET: &str = "atelier_ticket";
/// First and longest pause between looks at an execution.
const LOOKS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(5)];
/// Pause between looks at an execution that waits for a person: for a verdict, or for credits.
const WAIT_FOR_PEOPLE: Duration = Duration::from_secs(30);
/// First and longest pause before a server in trouble is asked again.
const TROUBLES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(15)];
/// Whoever got so far before the next trouble had a server to talk to.
const CONTACT: Duration = Duration::from_secs(60);

/// What is to be done with all pictures.
#[derive(Clone, Debug)]
pub struct Order {
    /// Which workflow.
    pub workflow: String,
    /// For which organization; the sign-in's own unless named.
    pub organization: Option<String>,
    /// Labels of every execution.
    pub labels: BTreeMap<String, String>,
    /// Where results go.
    pub out_dir: PathBuf,
    /// Uploads and downloads at a time.
    pub side_by_side: usize,
    /// How much is waited for.
    pub patience: Patience,
}

/// How long a run waits for what does not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// A server in trouble for so long; people are left to the next run.
    For(Duration),
    /// Everything, until told to stop.
    Endless,
}

/// A picture, and where its result goes below the folder of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The file.
    pub path: PathBuf,
    /// Its place below the folder that was given.
    pub relative: PathBuf,
}

/// What became of a picture.
#[derive(Debug)]
pub enum Done {
    /// Its result was fetched; under a name with a number where another file lay already.
    Fetched(PathBuf),
    /// Its result was there already.
    AlreadyThere(PathBuf),
    /// It waits for a person's verdict; the next run fetches it.
    InReview,
    /// It waits for credits; the next run tries again.
    Unpaid,
    /// There is no result.
    Failed(String),
    /// The run was stopped before it was done; the next run goes on.
    Stopped,
}

/// Someone who hears of each picture as it is done.
pub trait Seen: Send + Sync {
    /// Called once for each picture.
    fn done(&self, item: &Item, done: &Done);
}

/// Takes pictures through a workflow. A picture that was done before, by content, is not done again. Stopped by `stop`,
/// nothing is lost: what runs on the server is fetched by the next run.
///
/// # Errors
/// Only when the journal cannot be kept, or the sign-in does not count any more; everything else is told picture by picture.
pub async fn process(
    server: &Server,
    order: &Order,
    items: Vec<Item>,
    journal: Journal,
    seen: Arc<dyn Seen>,
    stop: CancellationToken,
) -> Result<(), ClientError> {
    let mut run = Run::new(server, order, journal, seen, stop);
    items.into_iter().for_each(|item| run.take(item));
    run.end().await
}

/// Pictures on their way, all at once.
pub(crate) struct Run {
    shared: Arc<Shared>,
    seen: Arc<dyn Seen>,
    all: JoinSet<Result<(), ClientError>>,
}

struct Shared {
    server: Server,
    order: Order,
    journal: Mutex<Journal>,
    /// The pictures on their way, by content.
    busy: Mutex<HashMap<String, Arc<Mutex<()>>>>,
    lanes: Semaphore,
    stop: CancellationToken,
}

impl Run {
    pub(crate) fn new(
        server: &Server,
        order: &Order,
        journal: Journal,
        seen: Arc<dyn Seen>,
        stop: CancellationToken,
    ) -> Self {
        let shared = Shared {
            server: server.clone(),
            order: order.clone(),
            journal: Mutex::new(journal),
            busy: Mutex::default(),
            lanes: Semaphore::new(order.side_by_side.max(1)),
            stop,
        };
        Self { shared: Arc::new(shared), seen, all: JoinSet::new() }
    }

    /// Begins with a picture.
    pub(crate) fn take(&mut self, item: Item) {
        let (shared, seen) = (self.shared.clone(), self.seen.clone());
        self.all.spawn(async move {
            match shared.see_through_troubles(&item).await {
                Err(error) if error.ends_all() => return Err(error),
                Err(error) => seen.done(&item, &Done::Failed(error.to_string())),
                Ok(done) => seen.done(&item, &done),
            }
            Ok(())
        });
    }

    /// Hears of pictures that have ended; never waits.
    ///
    /// # Errors
    /// When the journal cannot be kept, or the sign-in does not count any more.
    pub(crate) fn check(&mut self) -> Result<(), ClientError> {
        while let Some(ended) = self.all.try_join_next() {
            heard(ended)?;
        }
        Ok(())
    }

    /// Waits for all pictures.
    ///
    /// # Errors
    /// When the journal cannot be kept, or the sign-in does not count any more.
    pub(crate) async fn end(mut self) -> Result<(), ClientError> {
        while let Some(ended) = self.all.join_next().await {
            heard(ended)?;
        }
        Ok(())
    }
}

fn heard(ended: Result<Result<(), ClientError>, tokio::task::JoinError>) -> Result<(), ClientError> {
    ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

impl Shared {
    /// Goes on after troubles that pass, as the journal says how far the picture is.
    async fn see_through_troubles(&self, item: &Item) -> Result<Done, ClientError> {
        let mut troubled: Option<Instant> = None;
        let [mut pause, longest] = TROUBLES;
        loop {
            let began = Instant::now();
            let trouble = match self.see_through(item).await {
                Err(trouble) if trouble.passes() => trouble,
                done => return done,
            };
            if began.elapsed() > CONTACT {
                (troubled, pause) = (None, TROUBLES[0]);
            }
            let since = *troubled.get_or_insert(began);
            if let Patience::For(time) = self.order.patience
                && since.elapsed() >= time
            {
                return Err(trouble);
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => return Ok(Done::Stopped),
            }
            pause = (pause * 2).min(longest);
        }
    }

    async fn see_through(&self, item: &Item) -> Result<Done, ClientError> {
        let picture = hash_of(&item.path).await?;
        // Whoever lies in the folder twice waits for itself, and is there already.
        let turn = self.busy.lock().await.entry(picture.clone()).or_default().clone();
        let _turn = turn.lock().await;
        let known = self.journal.lock().await.of(&picture, &self.order.workflow).cloned();
        let execution = match known {
            Some(Entry::Fetched { result }) if self.order.out_dir.join(&result).is_file() => {
                return Ok(Done::AlreadyThere(result));
            }
            Some(Entry::Failed { reason }) => return Ok(Done::Failed(reason)),
            Some(Entry::Running { execution }) => Some(execution),
            Some(Entry::Asked { ticket }) => self.by_ticket(&ticket).await?,
            Some(Entry::Fetched { .. }) | None => None,
        };
        if let Some(execution) = execution {
            match self.follow(item, &picture, &execution).await {
                // The server has let go of it before its result was fetched.
                Err(ClientError::Refused { status: 404, .. }) => {}
                done => return done,
            }
        }
        match self.begin(item, &picture).await? {
            Some(execution) => self.follow(item, &picture, &execution).await,
            None => Ok(Done::Stopped),
        }
    }

    /// The execution that an earlier run asked for and never heard of.
    async fn by_ticket(&self, ticket: &str) -> Result<Option<String>, ClientError> {
        let organization = self.order.organization.as_deref();
        let found = self.server.labelled(TICKET, ticket, organization).await?;
        // A server that does not filter by label gives everything.
        let ours = found.into_iter().find(|one| one.labels.get(TICKET).is_some_and(|label| label == ticket));
        Ok(ours.map(|execution| execution.id))
    }

    async fn begin(&self, item: &Item, picture: &str) -> Result<Option<String>, ClientError> {
        let organization = self.order.organization.as_deref();
        let lane = tokio::select! {
            lane = self.lanes.acquire() => lane,
            () = self.stop.cancelled() => return Ok(None),
        };
        let hash = self.server.upload(&item.path, organization).await?;
        let ticket = format!("{picture}-{:08x}", rand_ticket());
        let mut labels = self.order.labels.clone();
        labels.insert(TICKET.to_owned(), ticket.clone());
        self.note(picture, Entry::Asked { ticket }).await?;
        let name = item.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let execution =
            self.server.execute(&self.order.workflow, organization, &name, &hash, &labels).await?;
        self.note(picture, Entry::Running { execution: execution.clone() }).await?;
        drop(lane);
        Ok(Some(execution))
    }

    async fn follow(&self, item: &Item, picture: &str, id: &str) -> Result<Done, ClientError> {
        let organization = self.order.organization.as_deref();
        let [mut pause, longest] = LOOKS;
        let mut retried = false;
        loop {
            let execution = self.server.execution(id, organization).await?;
            match execution.status {
                Status::Completed => return self.fetch(item, picture, &execution).await,
                Status::InQa if self.order.patience == Patience::Endless => pause = WAIT_FOR_PEOPLE,
                Status::InQa => return Ok(Done::InReview),
                Status::PaymentRequired if self.order.patience == Patience::Endless => {
                    self.server.retry(id, organization).await?;
                    pause = WAIT_FOR_PEOPLE;
                }
                Status::PaymentRequired if retried => return Ok(Done::Unpaid),
                Status::PaymentRequired => {
                    // An earlier run may have left it unpaid; by now there may be credits.
                    retried = true;
                    if self.server.retry(id, organization).await.is_err() {
                        return Ok(Done::Unpaid);
                    }
                }
                Status::Failed => {
                    let reason = "the server could not process this picture".to_owned();
                    self.note(picture, Entry::Failed { reason: reason.clone() }).await?;
                    return Ok(Done::Failed(reason));
                }
                Status::Created | Status::Active | Status::Unknown => {}
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => return Ok(Done::Stopped),
            }
            pause = (pause * 3 / 2).min(longest.max(pause));
        }
    }

    async fn fetch(&self, item: &Item, picture: &str, execution: &Execution) -> Result<Done, ClientError> {
        let _lane = self.lanes.acquire().await;
        let bytes = self.server.download(execution, self.order.organization.as_deref()).await?;
        let wanted = result_place(item, execution.result_file_name.as_deref());
        let result = keep(&self.order.out_dir, &wanted, &bytes)?;
        self.note(picture, Entry::Fetched { result: result.clone() }).await?;
        Ok(Done::Fetched(result))
    }

    async fn note(&self, picture: &str, entry: Entry) -> Result<(), ClientError> {
        self.journal.lock().await.note(picture, &self.order.workflow, entry)
    }
}

/// Tells the runs of one picture apart.
fn rand_ticket() -> u32 {
    use std::hash::{BuildHasher as _, Hasher as _};
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u8(0);
    hasher.finish() as u32
}
