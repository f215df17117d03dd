//! The configuration: one list of settings, read from flags, environment and file, and told in one table.

mod list;
mod page;
mod read;
mod value;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_doors::HeaderName;

use crate::commands::Failure;
use crate::progress::tell;

pub use page::{markdown, overview};
pub use read::{Flags, ReachFlags, SettingFlags, load};
pub use value::spoken_bytes;

/// What the program runs with. Every field is written by exactly one entry of [`SETTINGS`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Where HTTP is served.
    pub listen: SocketAddr,
    /// Under which address clients reach the server, when it is not `listen`.
    pub public_url: Option<String>,
    /// Folder of everything that is kept on this machine.
    pub data_dir: PathBuf,
    /// `sqlite:///path` or `postgres://…`, when it is not a file in the data folder.
    pub database_url: Option<String>,
    /// Where pictures lie.
    pub store: StorePlace,
    /// Endpoint of an S3 that is not Amazon's.
    pub store_endpoint: Option<String>,
    /// Region of the bucket.
    pub store_region: String,
    /// Name of the S3 key.
    pub store_access_key: String,
    /// The S3 key's secret.
    pub store_secret_key: String,
    /// Largest upload, MiB.
    pub max_upload_mb: u32,
    /// Largest picture, megapixels.
    pub max_megapixels: f64,
    /// Bytes that running jobs may need together.
    pub memory_budget: u64,
    /// `serve` runs jobs itself.
    pub run_jobs: bool,
    /// Most jobs at a time.
    pub max_jobs: usize,
    /// How long a job is taken for alive without a sign of life.
    pub lease: Duration,
    /// How often a running job gives a sign of life.
    pub heartbeat: Duration,
    /// Pauses before the second and the third attempt.
    pub attempt_delays: Vec<Duration>,
    /// How long uploads and results are kept after a job ends.
    pub keep: Duration,
    /// How long uploads without an execution are kept.
    pub keep_uploads: Duration,
    /// Programs that may ask to be signed in by device.
    pub device_clients: Vec<String>,
    /// Time a job may take whatever its size.
    pub time_limit_base: Duration,
    /// Time it may take more for each megapixel.
    pub time_limit_per_megapixel: Duration,
    /// How often files whose time is over are looked for.
    pub sweep_every: Duration,
    /// Quality of JPEG results.
    pub jpeg_quality: u8,
    /// Credits a new house begins with.
    pub first_credits: i64,
    /// Time a webhook receiver has to answer.
    pub hook_timeout: Duration,
    /// Pauses between the tries of a Retouch4me webhook.
    pub hook_schedule: Vec<Duration>,
    /// Deliveries at a time.
    pub hook_jobs: usize,
    /// Deliveries at a time to one host.
    pub hook_jobs_per_host: usize,
    /// Starts and balance requests a second and token; 0 is no limit.
    pub rate_per_token: u32,
    /// Requests a second and address; 0 is no limit.
    pub rate_per_address: u32,
    /// Requests a second and job; 0 is no limit.
    pub rate_per_job: u32,
    /// How much of a rate may come at once.
    pub rate_burst: Duration,
    /// Connections at a time.
    pub max_connections: usize,
    /// Connections at a time of one address; 0 is no limit.
    pub max_connections_per_address: usize,
    /// Time a client has to send its request's head.
    pub client_timeout: Duration,
    /// Time in which some of an answer must be taken.
    pub stall_timeout: Duration,
    /// Longest pause within an upload.
    pub upload_pause: Duration,
    /// Longest time for a whole upload.
    pub upload_time: Duration,
    /// Where a proxy names the client.
    pub trusted_header: Option<HeaderName>,
    /// Serve `/metrics`.
    pub metrics: bool,
    /// Who asks for `/metrics` must carry it.
    pub metrics_token: Option<String>,
    /// An address of their own for figures and signs of life.
    pub metrics_listen: Option<SocketAddr>,
    /// The collector of traces.
    pub otlp_endpoint: Option<String>,
    /// Share of traces that is sent.
    pub otlp_sample: f64,
    /// Time running jobs and requests have after the first signal.
    pub shutdown_time: Duration,
    /// How log lines look.
    pub log_format: LogFormat,
    /// What is logged: a level, or directives by crate.
    pub log_level: String,
}

/// Where pictures lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorePlace {
    /// In the folder `blobs` of the data folder.
    Disk,
    /// In an S3 bucket, below a prefix.
    S3 {
        /// The bucket.
        bucket: String,
        /// The prefix, without slashes at its ends.
        prefix: String,
    },
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, an object a line.
    Json,
}

impl Config {
    /// The database: that of the settings, else a file in the data folder.
    pub fn database(&self) -> String {
        let own = || format!("sqlite://{}", absolute(&self.data_dir).join("atelier.db").display());
        self.database_url.clone().unwrap_or_else(own)
    }

    /// The address to tell people: the public one, else the one listened on, with loopback in place of "everywhere".
    pub fn base_url(&self, listening: SocketAddr) -> String {
        let host = match listening.ip() {
            ip if ip.is_unspecified() => format!("127.0.0.1:{}", listening.port()),
            _ => listening.to_string(),
        };
        self.public_url.clone().unwrap_or_else(|| format!("http://{host}"))
    }

    /// Where pictures lie on this machine, when they do.
    pub fn blob_folder(&self) -> PathBuf {
        self.data_dir.join("blobs")
    }

    /// What is wrong between settings that are right one by one.
    pub fn disagreements(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.heartbeat * 2 > self.lease {
            found.push("heartbeat must be half of lease at most, or live jobs are taken for dead".to_owned());
        }
        if let StorePlace::S3 { .. } = self.store
            && (self.store_access_key.is_empty() || self.store_secret_key.is_empty())
        {
            found.push("store is an S3 bucket: set store_access_key and store_secret_key too".to_owned());
        }
        found
    }
}

/// The settings in effect.
///
/// # Errors
/// All mistakes, a line each.
pub fn settled(flags: &Flags) -> Result<Config, Failure> {
    let loaded = load(flags);
    for remark in &loaded.remarks {
        tell(&format!("atelier: note: {remark}"));
    }
    if loaded.mistakes.is_empty() {
        Ok(loaded.config)
    } else {
        Err(Failure::Usage(loaded.mistakes.join("\natelier: ")))
    }
}

/// `path` from the root, without asking whether it exists.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
