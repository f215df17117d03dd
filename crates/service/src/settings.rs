//! How the house is run: limits, times, memory.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use store::Dialect;

pub use pixel::codec::Format as UploadFormat;

/// Everything an operator may decide.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is accepted as an upload.
    pub limits: UploadLimits,
    /// Where uploads lie until they are whole; a folder of this process alone.
    pub spool_dir: PathBuf,
    /// Bytes of memory that running jobs may need together; a larger job runs alone.
    pub memory_budget: u64,
    /// Most jobs at a time.
    pub max_jobs: usize,
    /// A job without a sign of life for so long is taken over.
    pub lease: Duration,
    /// How often a running job gives a sign of life.
    pub heartbeat: Duration,
    /// Pauses before the second attempt, the third, and so on; one more attempt than pauses is made.
    pub attempt_delays: Vec<Duration>,
    /// How long uploads and results are kept after a job has ended.
    pub keep: Duration,
    /// Time an attempt may take whatever its size.
    pub time_limit_base: Duration,
    /// Time it may take more for each megapixel.
    pub time_limit_per_megapixel: Duration,
    /// Quality of JPEG results, 1 to 100.
    pub jpeg_quality: u8,
    /// Pauses between the tries of a webhook message, in each dialect; then it is given up.
    pub hook_schedules: HashMap<Dialect, Vec<Duration>>,
    /// Dialects whose webhooks go to listed hosts only; those of others may go to any public address.
    pub listed_hosts_only: HashSet<Dialect>,
    /// How long an upload without a job is kept.
    pub keep_uploads: Duration,
    /// Time a receiver has to answer.
    pub hook_timeout: Duration,
    /// Messages under way at a time.
    pub hook_jobs: usize,
    /// Messages under way to one host at a time.
    pub hook_jobs_per_host: usize,
    /// Time running jobs have left when the worker is told to stop; then they are handed back.
    pub shutdown_time: Duration,
    /// How often expired files are looked for.
    pub sweep_every: Duration,
    /// Credits a new house begins with.
    pub first_credits: i64,
    /// Where people and programs reach this server, without a final slash.
    pub public_url: String,
    /// Client ids that may ask for device grants.
    pub clients: Vec<String>,
}

/// What is accepted as an upload.
#[derive(Clone, Debug)]
pub struct UploadLimits {
    /// Largest file in bytes.
    pub max_bytes: u64,
    /// Largest picture in millions of pixels.
    pub max_megapixels: f64,
    /// Formats, told by content.
    pub formats: Vec<UploadFormat>,
}

impl UploadLimits {
    /// Largest picture in pixels.
    pub fn max_pixels(&self) -> u64 {
        (self.max_megapixels * 1e6) as u64
    }
}

impl Default for UploadLimits {
    /// 100 MiB, 250 megapixels, JPEG and PNG.
    fn default() -> Self {
        Self {
            max_bytes: 100 * 1_048_576,
            max_megapixels: 250.0,
            formats: vec![UploadFormat::Jpeg, UploadFormat::Png],
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        let hooks = vec![seconds(5), seconds(30), seconds(120), seconds(600), seconds(3_600)];
        let mut patient = hooks.clone();
        patient.push(seconds(6 * 3_600));
        Self {
            limits: UploadLimits::default(),
            spool_dir: std::env::temp_dir().join("atelier-spool"),
            memory_budget: 2 << 30,
            max_jobs: std::thread::available_parallelism().map_or(1, usize::from),
            lease: seconds(10),
            heartbeat: seconds(3),
            attempt_delays: vec![seconds(2), seconds(10)],
            keep: seconds(24 * 3_600),
            time_limit_base: seconds(120),
            time_limit_per_megapixel: seconds(3),
            jpeg_quality: 95,
            hook_schedules: HashMap::from([
                (Dialect::Retouch4me, hooks.clone()),
                (Dialect::AutoRetouch, patient),
                (Dialect::Studio, hooks),
            ]),
            listed_hosts_only: HashSet::from([Dialect::Retouch4me, Dialect::Studio]),
            keep_uploads: seconds(7 * 24 * 3_600),
            hook_timeout: seconds(10),
            hook_jobs: 32,
            hook_jobs_per_host: 4,
            shutdown_time: seconds(30),
            sweep_every: seconds(60),
            first_credits: 1_000,
            public_url: "http://127.0.0.1:8080".to_owned(),
            clients: vec![crate::PUBLISHED_CLIENT.to_owned()],
        }
    }
}

impl Settings {
    /// What workflows accept: every format we read, a side of 10,000 pixels at most in both directions
    /// (specification section 13).
    pub fn picture_limits(&self) -> UploadLimits {
        UploadLimits {
            max_bytes: self.limits.max_bytes,
            max_megapixels: self.limits.max_megapixels.min(100.0),
            formats: vec![UploadFormat::Jpeg, UploadFormat::Png, UploadFormat::Tiff, UploadFormat::WebP],
        }
    }

    /// Attempts a job gets.
    pub fn max_attempts(&self) -> i64 {
        i64::try_from(self.attempt_delays.len()).unwrap_or(i64::MAX - 1) + 1
    }

    /// Time one attempt at a picture of so many pixels may take.
    pub fn time_limit(&self, width: i64, height: i64) -> Duration {
        let megapixels = width.max(0) as f64 * height.max(0) as f64 / 1e6;
        self.time_limit_base + self.time_limit_per_megapixel.mul_f64(megapixels)
    }

    /// The pause after an attempt that failed; nothing when it was the last.
    pub(crate) fn pause_after(&self, attempt: i64, max_attempts: i64) -> Option<Duration> {
        if attempt >= max_attempts {
            return None;
        }
        let index = usize::try_from(attempt - 1).unwrap_or(0);
        Some(self.attempt_delays.get(index).or(self.attempt_delays.last()).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_attempts_with_the_documented_pauses() {
        let settings = Settings::default();
        assert_eq!(settings.max_attempts(), 3);
        assert_eq!(settings.pause_after(1, 3), Some(Duration::from_secs(2)));
        assert_eq!(settings.pause_after(2, 3), Some(Duration::from_secs(10)));
        assert_eq!(settings.pause_after(3, 3), None);
    }

    #[test]
    fn the_time_limit_grows_with_the_picture() {
        let settings = Settings::default();
        assert_eq!(settings.time_limit(5_000, 2_000), Duration::from_secs(150));
        assert_eq!(settings.time_limit(0, 0), Duration::from_secs(120));
    }
}
