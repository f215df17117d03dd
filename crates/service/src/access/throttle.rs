//! Counts tries against guessing: so many for each name in a while, then a pause.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use store::Timestamp;

/// Names are forgotten when there are more than this and their time is over.
const TIDY_ABOVE: usize = 10_000;

/// A counter of failed tries by name.
pub(crate) struct Throttle {
    most: u32,
    within: Duration,
    tries: Mutex<HashMap<String, (Timestamp, u32)>>,
}

impl Throttle {
    /// Allows `most` failed tries in each stretch of `within`.
    pub(crate) fn new(most: u32, within: Duration) -> Self {
        Self { most, within, tries: Mutex::default() }
    }

    /// True when this name has failed too often just now.
    pub(crate) fn is_shut(&self, name: &str, now: Timestamp) -> bool {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries.get(name).is_some_and(|(since, count)| now.since(*since) < self.within && *count >= self.most)
    }

    /// Counts a failed try.
    pub(crate) fn failed(&self, name: &str, now: Timestamp) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() > TIDY_ABOVE {
            tries.retain(|_, (since, _)| now.since(*since) < self.within);
        }
        let entry = tries.entry(name.to_owned()).or_insert((now, 0));
        if now.since(entry.0) >= self.within {
            *entry = (now, 0);
        }
        entry.1 += 1;
    }

    /// Forgets the failures of somebody who got it right.
    pub(crate) fn succeeded(&self, name: &str) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shut_out_for_a_while_and_others_are_not() {
        let throttle = Throttle::new(3, Duration::from_secs(60));
        let at = |seconds: i64| Timestamp(seconds * 1_000);
        for second in 0..3 {
            assert!(!throttle.is_shut("ada", at(second)));
            throttle.failed("ada", at(second));
        }
        assert!(throttle.is_shut("ada", at(4)) && throttle.is_shut("ada", at(59)));
        assert!(!throttle.is_shut("eve", at(4)));
        assert!(!throttle.is_shut("ada", at(60)));
        throttle.failed("ada", at(61));
        assert!(!throttle.is_shut("ada", at(62)));
    }

    #[test]
    fn getting_it_right_wipes_the_slate() {
        let throttle = Throttle::new(1, Duration::from_secs(60));
        throttle.failed("ada", Timestamp(0));
        assert!(throttle.is_shut("ada", Timestamp(1)));
        throttle.succeeded("ada");
        assert!(!throttle.is_shut("ada", Timestamp(1)));
    }
}
