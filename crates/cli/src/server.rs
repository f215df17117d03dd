//! The server: what it stands on, what runs in it, and how it ends.

mod logging;
mod premises;
mod signals;
mod spool;
mod traces;
mod welcome;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use retouch::Engine;
use service::{Courier, Sweeper, Worker};
use store::DatabaseUrl;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::commands::{Failure, print};
use crate::config::Config;
use crate::delivery::advice;
use premises::Premises;
use traces::Traces;

/// What the farewell may take longer than the set time: handing back, closing files.
const GRACE: Duration = Duration::from_secs(15);

/// What a process of the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Serves HTTP, and runs jobs unless the settings say otherwise.
    Whole,
    /// Runs jobs alone.
    Worker,
}

/// Runs until it is told to stop.
///
/// # Errors
/// What kept it from starting, or ended it without being asked.
pub fn run(config: &Config, part: Part) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::work)?;
    let traces = Traces::begin(config, runtime.handle()).map_err(Failure::Usage)?;
    logging::begin(config, traces.as_ref().map(Traces::tracer));
    let end = runtime.block_on(live(config, part));
    if let Some(traces) = traces {
        traces.end();
    }
    // A plugin at work cannot be stopped in the middle of a step; its attempt was handed back already.
    runtime.shutdown_background();
    end.map(|()| ExitCode::SUCCESS)
}

async fn live(config: &Config, part: Part) -> Result<(), Failure> {
    let stop = CancellationToken::new();
    signals::listen(stop.clone()).map_err(Failure::work)?;
    // An address in use must be found before an empty house greets its owner.
    let listener = match part {
        Part::Whole => Some(bind(config.listen, "--listen").await?),
        Part::Worker => None,
    };
    let watch_listener = match config.metrics_listen {
        Some(address) => Some(bind(address, "--metrics-listen").await?),
        None => None,
    };
    if matches!(part, Part::Worker) {
        warn_of_a_new_database(config);
    }
    let metrics = if config.metrics { premises::recorder() } else { None };
    let premises = Premises::open(config, &stop).await?;
    let service = &premises.service;
    let engine = Arc::new(Engine::new());

    let mut tasks = Tasks::new(stop.clone());
    if let Some(listener) = listener {
        let address = listener.local_addr().map_err(Failure::work)?;
        let base = config.base_url(address);
        if let Some(first) = service.first_start().await.map_err(Failure::work)? {
            print(&welcome::text(&first, &base, config))?;
        }
        print(&format!("Atelier listens on {base}\n"))?;
        // Figures with an address of their own are shown there only.
        let shown = metrics.clone().filter(|_| config.metrics_listen.is_none());
        let pages = studio::pages(service.clone(), Arc::clone(&engine), premises::studio_settings(config));
        let router = http_doors::router(service.clone(), premises::http_settings(config, shown), pages);
        tasks.serve("http", listener, router, config);
    }
    if let Some(listener) = watch_listener {
        let address = listener.local_addr().map_err(Failure::work)?;
        print(&format!("Figures at http://{address}/metrics\n"))?;
        let router = http_doors::watch_router(service.clone(), premises::http_settings(config, metrics));
        tasks.serve("figures", listener, router, config);
    }
    if part == Part::Worker || config.run_jobs {
        let worker = Worker::new(service.clone(), engine);
        let stop = stop.clone();
        tasks.spawn("worker", async move { worker.run(stop).await });
    }
    let (clock, store, stopped) = (premises.clock.clone(), premises.store.clone(), stop.clone());
    tasks.spawn("clock", async move { clock.keep(&store, stopped).await });
    let (courier, sweeper) = (Courier::new(service.clone()), Sweeper::new(service.clone()));
    let stops = (stop.clone(), stop.clone());
    tasks.spawn("courier", async move { courier.run(stops.0).await });
    tasks.spawn("sweeper", async move { sweeper.run(stops.1).await });
    info!(
        data = %config.data_dir.display(),
        memory = crate::config::spoken_bytes(config.memory_budget),
        jobs = config.max_jobs,
        "started"
    );
    let end = tasks.end(config.shutdown_time + GRACE).await;
    premises.close().await;
    info!("stopped");
    end
}

/// A worker that was not told where its server's database is makes one of its own, and waits there for ever.
fn warn_of_a_new_database(config: &Config) {
    if let Ok(DatabaseUrl::Sqlite(path)) = DatabaseUrl::parse(&config.database())
        && !path.exists()
    {
        let path = path.display();
        warn!(
            "{path} is new and holds no jobs: name the database of the server with --database-url or --data-dir"
        );
    }
}

async fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => "it is in use".to_owned(),
            _ => error.to_string(),
        };
        Failure::Work(format!("cannot listen on {address}: {why}; choose another address with {flag}"))
    })
}

/// What runs side by side until the end.
struct Tasks {
    set: JoinSet<&'static str>,
    stop: CancellationToken,
}

impl Tasks {
    fn new(stop: CancellationToken) -> Self {
        Self { set: JoinSet::new(), stop }
    }

    fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.set.spawn(async move {
            task.await;
            name
        });
    }

    fn serve(
        &mut self,
        name: &'static str,
        listener: TcpListener,
        router: http_doors::Router,
        config: &Config,
    ) {
        let serving = http_doors::serve(listener, router, self.stop.clone(), premises::serve_limits(config));
        self.spawn(name, async move {
            if let Err(trouble) = serving.await {
                error!(%trouble, "the listener broke");
            }
        });
    }

    /// Waits for the wish to stop, then for all tasks, but no longer than `longest`. A task that ends by itself is a
    /// failure: whoever looks after this process should start it again.
    async fn end(mut self, longest: Duration) -> Result<(), Failure> {
        let early = tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            ended = self.set.join_next() => ended,
        };
        let failure = early.map(|ended| {
            let what =
                ended.map_or_else(|trouble| trouble.to_string(), |name| format!("{name} ended by itself"));
            error!(what, "stopping: a part of the server ended");
            Failure::Work(format!("a part of the server ended ({what}); the log says why, start it again"))
        });
        self.stop.cancel();
        let all = async { while self.set.join_next().await.is_some() {} };
        if tokio::time::timeout(longest, all).await.is_err() {
            error!("not everything ended in time; what was not finished is done after the next start");
        }
        failure.map_or(Ok(()), Err)
    }
}

/// Makes a folder that only its owner may look into; one that is there keeps its permissions.
///
/// # Errors
/// What to do about it.
pub fn make_private(folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt as _;
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent)
            .map_err(|error| format!("{}: {}", parent.display(), advice(&error)))?;
    }
    let made = std::fs::DirBuilder::new().mode(0o700).create(folder);
    made.map_err(|error| format!("{}: {}", folder.display(), advice(&error)))
}
