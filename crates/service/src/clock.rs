//! The present, so that tests can choose it and all processes of a house agree on it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use store::{Store, StoreError, Timestamp};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How often the database is asked for the time.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// What is said aloud, in milliseconds: less may lie between two machines that are kept in order.
const ODD: i64 = 1_000;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(0).plus(since)
    }
}

/// The clock of a house of several machines: that of its database server. Leases, pauses and claims are times which one
/// process writes and another reads; by the clocks of their machines, one that is minutes off would take what another
/// holds, or keep what it has let drop.
#[derive(Debug, Default)]
pub struct HouseClock {
    /// Milliseconds that the database is ahead of this machine.
    ahead: AtomicI64,
}

impl Clock for HouseClock {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0.saturating_add(self.ahead.load(Ordering::Relaxed)))
    }
}

impl HouseClock {
    /// Asks the database for the time. A database without a clock of its own changes nothing.
    ///
    /// # Errors
    /// When the database is away; the clock goes on as it was.
    pub async fn set(&self, store: &Store) -> Result<(), StoreError> {
        let asked = SystemClock.now();
        let Some(told) = store.time().await? else { return Ok(()) };
        let was = self.ahead.load(Ordering::Relaxed);
        let ahead = corrected(was, asked, told, SystemClock.now());
        self.ahead.store(ahead, Ordering::Relaxed);
        if ahead.abs_diff(was) >= ODD.unsigned_abs() {
            let seconds = -ahead as f64 / 1e3;
            tracing::warn!(
                seconds,
                "this machine's clock is ahead of the database's, or behind it; the database's counts: set this one right"
            );
        }
        Ok(())
    }

    /// Asks again and again until told to stop: clocks drift, and jump.
    pub async fn keep(&self, store: &Store, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = sleep(ASK_EVERY) => {}
                () = stop.cancelled() => return,
            }
            if let Err(error) = self.set(store).await {
                tracing::debug!(%error, "the database could not be asked for the time");
            }
        }
    }
}

/// How far ahead the database is, which told its time somewhere between being asked and the answer's arrival: what was
/// thought before, moved only as far as that contradicts it. So two processes of one machine keep one time, however
/// long an answer takes.
fn corrected(was: i64, asked: Timestamp, told: Timestamp, heard: Timestamp) -> i64 {
    // Both sides cut off parts of milliseconds.
    let (least, most) = (told.0 - heard.0 - 1, told.0 - asked.0 + 1);
    // A clock that jumped meanwhile says nothing.
    if least > most { was } else { was.clamp(least, most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_does_not_contradict_stays() {
        let at = Timestamp;
        assert_eq!(corrected(0, at(1_000), at(1_004), at(1_009)), 0);
        assert_eq!(corrected(3, at(1_000), at(1_004), at(1_009)), 3);
        assert_eq!(corrected(0, at(1_000), at(241_000), at(1_010)), 239_989);
        assert_eq!(corrected(0, at(241_000), at(1_000), at(241_010)), -239_999);
        assert_eq!(corrected(240_000, at(1_000), at(1_002), at(1_004)), 3);
        assert_eq!(corrected(7, at(9_000), at(5_000), at(1_000)), 7, "a clock that jumped back meanwhile");
    }
}
