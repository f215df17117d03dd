//! How often a token, an address and a job may be asked for: bursts are welcome, floods get 429 and Retry-After.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// The specification promises clients ten status requests a second for each job; no setting goes below it.
const PROMISED_PER_JOB: u32 = 10;
/// Seconds between two clearings of keys nobody used lately.
const CLEARING_PERIOD: u64 = 30;

/// How many requests a second are served; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateSettings {
    /// Of one token: starts and balances.
    pub per_token: u32,
    /// Of one client address: everything but questions about jobs that exist.
    pub per_address: u32,
    /// Of one job: its status and its file. At least 10, whatever is set.
    pub per_job: u32,
    /// How many seconds' worth may come at once after a pause.
    pub burst_seconds: u32,
}

impl Default for RateSettings {
    fn default() -> Self {
        Self { per_token: 100, per_address: 300, per_job: 50, burst_seconds: 10 }
    }
}

/// Too many requests: when to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// Time to wait.
    pub wait: Duration,
}

impl TooMany {
    /// Whole seconds for Retry-After, at least one.
    pub fn seconds(self) -> u64 {
        self.wait.as_millis().div_ceil(1000).max(1) as u64
    }
}

/// The limits of one server, kept in memory: what costs money is counted in the database.
pub struct Rates {
    tokens: Option<DefaultKeyedRateLimiter<u64>>,
    addresses: Option<DefaultKeyedRateLimiter<IpAddr>>,
    jobs: Option<DefaultKeyedRateLimiter<u64>>,
    clock: DefaultClock,
    began: Instant,
    cleared: AtomicU64,
}

impl Rates {
    /// Limits as set.
    pub fn new(settings: RateSettings) -> Self {
        let per_job = match settings.per_job {
            0 => 0,
            set => set.max(PROMISED_PER_JOB),
        };
        Self {
            tokens: quota(settings.per_token, settings.burst_seconds).map(RateLimiter::keyed),
            addresses: quota(settings.per_address, settings.burst_seconds).map(RateLimiter::keyed),
            jobs: quota(per_job, settings.burst_seconds).map(RateLimiter::keyed),
            clock: DefaultClock::default(),
            began: Instant::now(),
            cleared: AtomicU64::new(0),
        }
    }

    /// Counts a request made with this token.
    ///
    /// # Errors
    /// [`TooMany`] when the token's requests are used up.
    pub fn token(&self, token: &str) -> Result<(), TooMany> {
        self.check(self.tokens.as_ref(), &shortened(token))
    }

    /// Counts a request from this address.
    ///
    /// # Errors
    /// [`TooMany`] when the address's requests are used up.
    pub fn address(&self, address: IpAddr) -> Result<(), TooMany> {
        self.check(self.addresses.as_ref(), &neighbourhood(address))
    }

    /// Counts a question about this job.
    ///
    /// # Errors
    /// [`TooMany`] when the job's requests are used up.
    pub fn job(&self, id: &str) -> Result<(), TooMany> {
        self.check(self.jobs.as_ref(), &shortened(id))
    }

    fn check<K: Hash + Eq + Clone>(
        &self,
        limiter: Option<&DefaultKeyedRateLimiter<K>>,
        key: &K,
    ) -> Result<(), TooMany> {
        self.clear_now_and_then();
        let Some(limiter) = limiter else { return Ok(()) };
        limiter.check_key(key).map_err(|not_yet| TooMany { wait: not_yet.wait_time_from(self.clock.now()) })
    }

    /// Keyed limiters grow without end unless old keys are let go.
    fn clear_now_and_then(&self) {
        let now = self.began.elapsed().as_secs();
        let last = self.cleared.load(Ordering::Relaxed);
        let is_due = now >= last + CLEARING_PERIOD;
        if !is_due || self.cleared.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        for limiter in [&self.tokens, &self.jobs].into_iter().flatten() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        if let Some(limiter) = &self.addresses {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

fn quota(per_second: u32, burst_seconds: u32) -> Option<Quota> {
    let rate = NonZeroU32::new(per_second)?;
    let burst = NonZeroU32::new(per_second.saturating_mul(burst_seconds.max(1)))?;
    Some(Quota::per_second(rate).allow_burst(burst))
}

/// Texts from outside are kept as numbers: a flood of long ids must not fill the memory.
fn shortened(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// One household of IPv6 has a whole /64 of addresses.
pub(crate) fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_stopped_and_told_when_to_come_again() {
        let rates = Rates::new(RateSettings { per_token: 2, burst_seconds: 1, ..RateSettings::default() });
        assert_eq!((rates.token("a"), rates.token("a")), (Ok(()), Ok(())));
        let refused = rates.token("a").expect_err("the third at once");
        assert_eq!(refused.seconds(), 1);
        assert_eq!(rates.token("b"), Ok(()), "another token is not concerned");
    }

    #[test]
    fn the_promise_for_a_job_is_kept_whatever_is_set() {
        let rates = Rates::new(RateSettings { per_job: 1, burst_seconds: 1, ..RateSettings::default() });
        assert!((0..10).all(|_| rates.job("job").is_ok()));
        assert!(rates.job("job").is_err());
    }

    #[test]
    fn zero_is_no_limit() {
        let rates = Rates::new(RateSettings { per_address: 0, ..RateSettings::default() });
        assert!((0..100_000).all(|_| rates.address(IpAddr::from([127, 0, 0, 1])).is_ok()));
    }

    #[test]
    fn neighbours_of_ipv6_count_as_one() {
        let near: IpAddr = "2001:db8:1:2::1".parse().expect("an address");
        let far: IpAddr = "2001:db8:1:2:ffff::9".parse().expect("an address");
        assert_eq!(neighbourhood(near), neighbourhood(far));
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().expect("an address");
        assert_eq!(neighbourhood(mapped), IpAddr::from([10, 0, 0, 1]));
    }
}
