//! `atelier watch`: a hot folder; whatever picture appears in it goes through a workflow.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use client::{ClientError, Order, Patience, Server};
use tokio_util::sync::CancellationToken;

use super::{FolderWork, Tally, items, seen, stopper, talk};
use crate::commands::Failure;
use crate::intake::IntakeError;
use crate::progress::tell;

/// Pause before a server that is away is asked again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Arguments of `atelier watch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  atelier watch incoming/ --workflow \"Portrait, balanced\" --out-dir done/

A picture is taken when it has stopped growing, and once only, across restarts too. Ctrl-C ends the watch; what is under
way on the server is fetched by the next one.")]
pub struct Arguments {
    #[command(flatten)]
    work: FolderWork,
}

/// The order; a server that is not there yet is waited for, as after a start of the whole machine. Nothing when told to
/// stop.
async fn order(
    work: &FolderWork,
    server: &Server,
    stop: &CancellationToken,
) -> Result<Option<Order>, ClientError> {
    let mut is_told = false;
    loop {
        match work.order(server, Vec::new(), Patience::Endless).await {
            Err(trouble) if trouble.passes() => {
                if !is_told {
                    tell(&format!("atelier: {trouble}; waiting for it"));
                }
                is_told = true;
            }
            order => return order.map(Some),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}

/// Watches until told to stop.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let work = &arguments.work;
    if !work.folder.is_dir() {
        return Err(Failure::Usage(format!("{} is no folder", work.folder.display())));
    }
    if let Err(same @ IntakeError::OutDirIsInput(_)) = work.intake() {
        return Err(Failure::usage(same));
    }
    let server = work.connection.open()?;
    let tally = Arc::new(Tally::default());
    let stop = stopper();
    talk(async {
        let Some(order) = order(work, &server, &stop).await? else { return Ok(()) };
        tell(&format!("Watching {}; results go to {}.", work.folder.display(), order.out_dir.display()));
        // A folder without pictures, or one that is gone for a moment, holds nothing just now.
        let find = || work.intake().map(items).unwrap_or_default();
        client::watch(&server, &order, find, seen(&tally), stop).await
    })?;
    let (summary, _) = tally.summary();
    tell(&format!("{summary}; results in {}", work.out_dir().display()));
    Ok(ExitCode::SUCCESS)
}
