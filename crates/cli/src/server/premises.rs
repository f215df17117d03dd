//! What the server stands on: data folder, spool, database, pictures, and the service over them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http_doors::{BodyPatience, HttpSettings, RateSettings, ServeLimits};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use service::{HouseClock, Service, Settings, UploadLimits};
use store::{Blobs, DatabaseUrl, Dialect, S3Place, Store, StoreError};
use studio::StudioSettings;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::spool::SpoolFolder;
use crate::commands::Failure;
use crate::config::{Config, StorePlace};

/// How long a start waits for a database server that is still starting itself.
const DATABASE_PATIENCE: Duration = Duration::from_secs(180);
/// Bounds of the histograms, seconds.
const SECONDS: [f64; 13] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];

/// All of it.
pub struct Premises {
    /// The service.
    pub service: Service,
    /// What it goes by.
    pub clock: Arc<HouseClock>,
    /// The database.
    pub store: Store,
    /// Goes with the process.
    _spool: SpoolFolder,
}

impl Premises {
    /// Opens everything; makes what an empty data folder lacks.
    pub async fn open(config: &Config, stop: &CancellationToken) -> Result<Self, Failure> {
        super::make_private(&config.data_dir).map_err(Failure::work)?;
        let spool_parent = config.data_dir.join("spool");
        let spool = SpoolFolder::open(&spool_parent).map_err(|error| {
            Failure::Work(format!("{}: {}", spool_parent.display(), crate::delivery::advice(&error)))
        })?;
        let url = DatabaseUrl::parse(&config.database()).map_err(Failure::usage)?;
        let store = open_store(&url, stop).await?;
        let blobs = open_blobs(config)?;
        let settings = settings(config, &spool);
        let clock = Arc::new(HouseClock::default());
        clock.set(&store).await.map_err(Failure::work)?;
        let service = Service::new(store.clone(), blobs, clock.clone(), settings, http_doors::voices());
        Ok(Self { service, clock, store, _spool: spool })
    }

    /// Closes the database after everything written is safe.
    pub async fn close(self) {
        // A database that is gone must not hold the exit.
        let _ = tokio::time::timeout(Duration::from_secs(5), self.store.close()).await;
    }
}

/// A file is there or not; a server may need a moment more than we do.
async fn open_store(url: &DatabaseUrl, stop: &CancellationToken) -> Result<Store, Failure> {
    let patience = if matches!(url, DatabaseUrl::Postgres(_)) { DATABASE_PATIENCE } else { Duration::ZERO };
    let began = Instant::now();
    while began.elapsed() < patience {
        match Store::open(url).await {
            Err(StoreError::Unavailable(why)) => warn!(why, "waiting for the database"),
            end => return end.map_err(Failure::work),
        }
        tokio::select! {
            () = stop.cancelled() => return Err(Failure::Work("stopped before the database was there".into())),
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
    Store::open(url).await.map_err(Failure::work)
}

fn open_blobs(config: &Config) -> Result<Blobs, Failure> {
    match &config.store {
        StorePlace::Disk => {
            let folder = config.blob_folder();
            Blobs::disk(&folder).map_err(|error| Failure::Work(format!("{}: {error}", folder.display())))
        }
        StorePlace::S3 { bucket, prefix } => Blobs::s3(&S3Place {
            bucket: bucket.clone(),
            prefix: prefix.clone(),
            endpoint: config.store_endpoint.clone(),
            region: config.store_region.clone(),
            access_key: config.store_access_key.clone(),
            secret_key: config.store_secret_key.clone(),
        })
        .map_err(Failure::work),
    }
}

fn settings(config: &Config, spool: &SpoolFolder) -> Settings {
    let defaults = Settings::default();
    let mut hook_schedules = defaults.hook_schedules;
    hook_schedules.insert(Dialect::Retouch4me, config.hook_schedule.clone());
    Settings {
        limits: UploadLimits {
            max_bytes: u64::from(config.max_upload_mb) << 20,
            max_megapixels: config.max_megapixels,
            ..defaults.limits
        },
        spool_dir: spool.path().to_owned(),
        memory_budget: config.memory_budget,
        max_jobs: config.max_jobs,
        lease: config.lease,
        heartbeat: config.heartbeat,
        attempt_delays: config.attempt_delays.clone(),
        keep: config.keep,
        keep_uploads: config.keep_uploads,
        clients: config.device_clients.clone(),
        time_limit_base: config.time_limit_base,
        time_limit_per_megapixel: config.time_limit_per_megapixel,
        jpeg_quality: config.jpeg_quality,
        hook_schedules,
        hook_timeout: config.hook_timeout,
        hook_jobs: config.hook_jobs,
        hook_jobs_per_host: config.hook_jobs_per_host,
        shutdown_time: config.shutdown_time,
        sweep_every: config.sweep_every,
        first_credits: config.first_credits,
        public_url: config.base_url(config.listen),
        ..Settings::default()
    }
}

/// What HTTP is to know.
pub fn http_settings(config: &Config, metrics: Option<PrometheusHandle>) -> HttpSettings {
    HttpSettings {
        rates: RateSettings {
            per_token: config.rate_per_token,
            per_address: config.rate_per_address,
            per_job: config.rate_per_job,
            burst_seconds: u32::try_from(config.rate_burst.as_secs()).unwrap_or(u32::MAX),
        },
        trusted_header: config.trusted_header.clone(),
        uploads: BodyPatience { idle: config.upload_pause, whole: config.upload_time },
        metrics,
        metrics_token: config.metrics_token.clone(),
        public_url: config.public_url.clone(),
        ..HttpSettings::default()
    }
}

/// What the studio is to know.
pub fn studio_settings(config: &Config) -> StudioSettings {
    StudioSettings {
        public_url: config.public_url.clone(),
        trusted_header: config.trusted_header.clone(),
        uploads: BodyPatience { idle: config.upload_pause, whole: config.upload_time },
    }
}

/// What connections may take.
pub fn serve_limits(config: &Config) -> ServeLimits {
    ServeLimits {
        connections: config.max_connections,
        connections_per_address: Some(config.max_connections_per_address)
            .filter(|most| *most > 0 && config.trusted_header.is_none()),
        head: config.client_timeout,
        write_stall: config.stall_timeout,
        farewell: config.shutdown_time,
    }
}

/// The recorder behind `/metrics`.
pub fn recorder() -> Option<PrometheusHandle> {
    let recorder =
        PrometheusBuilder::new().set_buckets(&SECONDS).and_then(PrometheusBuilder::install_recorder);
    recorder.inspect_err(|error| warn!(%error, "no figures are kept")).ok()
}
