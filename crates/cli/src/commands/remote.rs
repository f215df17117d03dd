//! Commands that work with a server which speaks the AutoRetouch API: ours by default, any other by its address.

pub mod balance;
pub mod login;
pub mod logout;
pub mod organizations;
pub mod process;
pub mod upload;
pub mod watch;
pub mod workflows;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use client::{Accounts, ClientError, Done, Item, Order, Patience, Seen, Server};
use tokio_util::sync::CancellationToken;

use super::Failure;
use crate::intake::{self, Intake};
use crate::interrupt;
use crate::progress::tell;

/// Which server, and who we are there.
#[derive(Clone, Debug, clap::Args)]
pub struct Connection {
    /// Address of the server
    #[arg(long, value_name = "URL", env = "ATELIER_SERVER", default_value = "http://127.0.0.1:8080")]
    server: String,
    /// Organization, by its id or name [default: the sign-in's own]
    #[arg(long, value_name = "ID|NAME", env = "ATELIER_ORGANIZATION")]
    organization: Option<String>,
    /// File with the sign-ins [default: atelier/sign-ins.json in the configuration folder]
    #[arg(long, value_name = "FILE", env = "ATELIER_SIGN_INS")]
    sign_ins: Option<PathBuf>,
}

impl Connection {
    /// All sign-ins on this machine.
    fn accounts(&self) -> Result<Accounts, Failure> {
        let path = self.sign_ins.clone().or_else(default_sign_ins);
        let path = path.ok_or_else(|| Failure::usage("no home folder: name a file with --sign-ins"))?;
        Accounts::open(&path).map_err(Failure::work)
    }

    /// The server, with the sign-in kept for it.
    fn open(&self) -> Result<Server, Failure> {
        let bare = Server::new(&self.server, None).map_err(Failure::usage)?;
        let profile = self.accounts()?.at(bare.address()).cloned();
        Server::new(&self.server, profile).map_err(Failure::usage)
    }

    /// The organization's id, looked up when a name was given.
    async fn organization(&self, server: &Server) -> Result<Option<String>, ClientError> {
        let Some(wanted) = self.organization.as_deref() else { return Ok(None) };
        let all = server.organizations().await?;
        let found =
            all.iter().find(|one| one.id == wanted).or_else(|| all.iter().find(|one| one.name == wanted));
        // An id that is not listed may still be known to the server, which then says what is wrong with it.
        Ok(Some(found.map_or_else(|| wanted.to_owned(), |one| one.id.clone())))
    }
}

/// Where a person's programs keep their settings, by the custom of their system.
fn default_sign_ins() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let folder = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    folder.or_else(home).map(|folder| folder.join("atelier/sign-ins.json"))
}

/// Runs a command that talks to a server.
fn talk<T>(work: impl Future<Output = Result<T, ClientError>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::work)?;
    runtime.block_on(work).map_err(Failure::work)
}

/// What `process` and `watch` have in common.
#[derive(Clone, Debug, clap::Args)]
pub struct FolderWork {
    /// Folder with pictures (JPEG, PNG, TIFF, WebP), its sub-folders included
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Workflow, by its id or name
    #[arg(long, value_name = "ID|NAME")]
    workflow: String,
    /// Folder for the results [default: FOLDER/retouched]
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// Uploads and downloads at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Label for every execution
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    connection: Connection,
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it like sku=A-100".to_owned()),
    }
}

impl FolderWork {
    fn out_dir(&self) -> PathBuf {
        self.out_dir.clone().unwrap_or_else(|| self.folder.join("retouched"))
    }

    /// The pictures that lie in the folder now, and what else lies there.
    fn intake(&self) -> Result<Intake, intake::IntakeError> {
        intake::gather(std::slice::from_ref(&self.folder), Some(&self.out_dir()))
    }

    /// The order for the server, names turned into ids.
    async fn order(
        &self,
        server: &Server,
        labels: Vec<(String, String)>,
        patience: Patience,
    ) -> Result<Order, ClientError> {
        let organization = self.connection.organization(server).await?;
        let all = server.workflows(organization.as_deref()).await?;
        let wanted = |one: &&client::Workflow| one.id == self.workflow || one.name == self.workflow;
        let workflow = all.iter().find(wanted).map_or_else(|| self.workflow.clone(), |one| one.id.clone());
        Ok(Order {
            workflow,
            organization,
            labels: self.labels.iter().cloned().chain(labels).collect(),
            out_dir: self.out_dir(),
            side_by_side: usize::from(self.jobs),
            patience,
        })
    }
}

fn items(intake: Intake) -> Vec<Item> {
    let item = |found: intake::Found| Item { path: found.path, relative: found.relative };
    intake.pictures.into_iter().map(item).collect()
}

/// Counts what became of the pictures, and tells of those that need attention.
#[derive(Default)]
pub struct Tally {
    bar: Option<indicatif::ProgressBar>,
    fetched: AtomicUsize,
    there: AtomicUsize,
    waiting: AtomicUsize,
    failed: AtomicUsize,
}

impl Tally {
    fn with_bar(pictures: usize) -> Self {
        let template = "{bar:24} {pos}/{len} pictures, {per_sec}, {eta} left  {wide_msg}";
        let style = indicatif::ProgressStyle::with_template(template);
        let bar = indicatif::ProgressBar::new(pictures as u64)
            .with_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()));
        bar.enable_steady_tick(std::time::Duration::from_millis(250));
        Self { bar: Some(bar), ..Self::default() }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| tell(line)),
            None => tell(line),
        }
    }

    /// One line about all of it, and whether all went well.
    fn summary(&self) -> (String, bool) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let count = |number: &AtomicUsize| number.load(Ordering::Relaxed);
        let (fetched, there) = (count(&self.fetched), count(&self.there));
        let (waiting, failed) = (count(&self.waiting), count(&self.failed));
        let mut parts = vec![format!("{fetched} fetched")];
        for (number, what) in [(there, "there already"), (waiting, "waiting"), (failed, "failed")] {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        (parts.join(", "), failed == 0)
    }
}

impl Seen for Tally {
    fn done(&self, item: &Item, done: &Done) {
        let name = item.relative.display();
        let counter = match done {
            Done::Fetched(result) => {
                if result.file_stem() != item.relative.file_stem() {
                    self.say(&format!("atelier: {name}: the result is called {}", result.display()));
                }
                &self.fetched
            }
            Done::AlreadyThere(_) => &self.there,
            Done::Stopped => &self.waiting,
            Done::InReview => {
                self.say(&format!("atelier: {name}: waits for a verdict; run again to fetch it"));
                &self.waiting
            }
            Done::Unpaid => {
                self.say(&format!("atelier: {name}: waits for credits; run again when there are some"));
                &self.waiting
            }
            Done::Failed(reason) => {
                self.say(&format!("atelier: {name}: {reason}"));
                &self.failed
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }
}

/// A token that is cancelled by Ctrl-C or termination.
fn stopper() -> CancellationToken {
    interrupt::listen();
    let stop = CancellationToken::new();
    let told = stop.clone();
    std::thread::spawn(move || {
        while !interrupt::requested() {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        told.cancel();
    });
    stop
}

/// A shared tally as someone who sees.
fn seen(tally: &Arc<Tally>) -> Arc<dyn Seen> {
    tally.clone()
}
