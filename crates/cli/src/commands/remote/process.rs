//! `atelier process`: a folder of pictures through a workflow, as one batch, picked up again after a stop.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use client::{Journal, Patience, process};

use super::{FolderWork, Tally, items, seen, stopper, talk};
use crate::commands::Failure;
use crate::interrupt;
use crate::progress::tell;

/// How long a server that is away, or restarting, is waited for.
const PATIENCE: Duration = Duration::from_secs(180);

/// Arguments of `atelier process`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  atelier process autumn/ --workflow \"Catalogue on white\"
  atelier process autumn/ --workflow \"Catalogue on white\" --out-dir done/     run again to go on

Pictures that were done before are known by their content and not sent again.
Exit codes: 0 all went well, 1 some pictures failed, 2 a mistake on the command line, 130 stopped.")]
pub struct Arguments {
    #[command(flatten)]
    work: FolderWork,
    /// Name of the batch [default: the folder's name]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
}

/// Sends, follows, fetches.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let work = &arguments.work;
    let intake = work.intake().map_err(Failure::usage)?;
    let server = work.connection.open()?;
    if !intake.unread.is_empty() {
        tell(&intake.unread.to_string());
    }
    let items = items(intake);
    let tally = Arc::new(Tally::with_bar(items.len()));
    let stop = stopper();
    talk(async {
        let order = work.order(&server, batch(arguments), Patience::For(PATIENCE)).await?;
        let journal = Journal::open(&order.out_dir)?;
        process(&server, &order, items, journal, seen(&tally), stop).await
    })?;
    let (summary, all_well) = tally.summary();
    tell(&format!("{summary}; results in {}", work.out_dir().display()));
    Ok(match (interrupt::requested(), all_well) {
        (true, _) => ExitCode::from(interrupt::EXIT_CODE),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::FAILURE,
    })
}

/// The labels that make a batch of the run (specification section 6.4).
fn batch(arguments: &Arguments) -> Vec<(String, String)> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let folder = std::fs::canonicalize(&arguments.work.folder).ok();
    let folder =
        folder.as_deref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
    let name = arguments.name.clone().or(folder).unwrap_or_else(|| "pictures".to_owned());
    let created = i64::try_from(now.as_millis()).unwrap_or(0);
    [
        ("autoretouch_batch_id", format!("{name}-{:x}", now.as_nanos())),
        ("autoretouch_batch_name", name),
        ("autoretouch_batch_createdAt", store::Timestamp(created).to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}
