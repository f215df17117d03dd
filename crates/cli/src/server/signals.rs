//! Signals: the first asks the server to stop, the second ends it at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::interrupt;

/// Cancels `stop` at the first SIGTERM or SIGINT; the second ends the process.
///
/// # Errors
/// When the system refuses to tell of signals.
pub fn listen(stop: CancellationToken) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        for count in 1.. {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupted.recv() => {}
            }
            if count == 1 {
                info!("stopping: no new work is taken; once more ends at once");
                stop.cancel();
            } else {
                warn!("ended by a second signal; what was not finished is done after the next start");
                std::process::exit(i32::from(interrupt::EXIT_CODE));
            }
        }
    });
    Ok(())
}
