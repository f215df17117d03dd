//! `atelier watch`: a hot folder; whatever picture appears in it goes through a workflow.

use std::cell::RefCell;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use client::{ClientError, Order, Patience, Server};
use tokio_util::sync::CancellationToken;

use super::{FolderWork, Tally, items, seen, stopper, talk};
use crate::commands::Failure;
use crate::intake::{Intake, IntakeError};
use crate::progress::tell;
use crate::unread::Unread;

/// Pause before a server that is away is asked again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Arguments of `atelier watch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  atelier watch incoming/ --workflow \"Portrait, balanced\" --out-dir done/

A picture is taken when it has stopped growing, and once only, across restarts too. Ctrl-C ends the watch; what is under
way on the server is fetched by the next one. Pictures of kinds that are not read are told of and left where they are.
Exit codes: 0 stopped, 1 it cannot go on, 2 a mistake on the command line.")]
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

/// What lies in the folder. One without pictures, or one that is gone for a moment, holds nothing just now.
fn now_in(work: &FolderWork) -> Intake {
    work.intake().unwrap_or_else(|nothing| match nothing {
        IntakeError::Nothing(unread) => Intake { unread, ..Intake::default() },
        _ => Intake::default(),
    })
}

/// What was left out when the folder was last looked at, and what of it was told.
#[derive(Default)]
struct LeftOut {
    last: Unread,
    told: Unread,
}

impl LeftOut {
    /// What there is to tell of: once for whatever comes together, so that a card that is being copied makes one line,
    /// and nothing when files go away.
    fn news(&mut self, now: &Unread) -> Option<Unread> {
        let is_settled = *now == self.last;
        self.last = now.clone();
        if !is_settled || *now == self.told {
            return None;
        }
        let has_more = now.has_more_than(&self.told);
        self.told = now.clone();
        has_more.then(|| now.clone())
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
        let left_out = RefCell::new(LeftOut::default());
        let find = || {
            let intake = now_in(work);
            if let Some(news) = left_out.borrow_mut().news(&intake.unread) {
                tell(&news.to_string());
            }
            items(intake)
        };
        client::watch(&server, &order, find, seen(&tally), stop).await
    })?;
    let (summary, _) = tally.summary();
    tell(&format!("{summary}; results in {}", work.out_dir().display()));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_told_once_when_no_more_comes() {
        let of = |kinds: &[&str]| {
            let mut unread = Unread::default();
            kinds.iter().for_each(|&kind| unread.add(kind.to_owned()));
            unread
        };
        let mut left_out = LeftOut::default();
        let mut news = |kinds: &[&str]| left_out.news(&of(kinds)).map(|news| news.to_string());
        assert_eq!(news(&[]), None);
        assert_eq!(news(&["nef"]), None, "more may come");
        assert_eq!(news(&["nef", "nef"]), None);
        assert_eq!(news(&["nef", "nef"]).as_deref(), Some("left out 2 files that are not read: 2 nef"));
        assert_eq!(news(&["nef", "nef"]), None, "it was told");
        for _ in 0..2 {
            assert_eq!(news(&["nef"]), None, "one was taken away");
        }
        assert_eq!(news(&["nef", "heic"]), None);
        assert!(news(&["nef", "heic"]).is_some());
    }
}
