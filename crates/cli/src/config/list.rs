//! The list of settings: all that can be set, with defaults, ranges and purpose. Flags, environment, file and
//! documentation come from here.

use std::sync::LazyLock;
use std::time::Duration;

use http_doors::HeaderName;

use super::{Config, LogFormat, StorePlace, value};

/// One setting.
pub struct Setting {
    /// Name in the file; flag and environment variable follow from it.
    pub key: &'static str,
    /// What it is without being set.
    pub default: &'static str,
    /// What an empty default stands for; else empty.
    pub stands_for: &'static str,
    /// Unit and range, or what may be written.
    pub range: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Never shown.
    pub secret: bool,
    /// Reads the text and writes the value, or says what would be right.
    pub put: fn(&mut Config, &str) -> Result<(), String>,
}

impl Setting {
    /// The environment variable: `ATELIER_MAX_JOBS`.
    pub fn variable(&self) -> String {
        format!("ATELIER_{}", self.key.to_ascii_uppercase())
    }

    /// The flag without its dashes: `max-jobs`.
    pub fn flag(&self) -> &'static str {
        let place = SETTINGS.iter().position(|setting| setting.key == self.key);
        place.and_then(|place| FLAGS.get(place)).map_or("", String::as_str)
    }
}

/// The command line's names live as long as the program.
static FLAGS: LazyLock<Vec<String>> =
    LazyLock::new(|| SETTINGS.iter().map(|setting| setting.key.replace('_', "-")).collect());

/// A setting whose parse function writes the field of the same name.
macro_rules! setting {
    ($key:ident = $default:literal, $range:literal, $about:literal, $parse:expr $(, $more:ident: $value:expr)*) => {
        Setting {
            $($more: $value,)*
            ..Setting {
                key: stringify!($key),
                default: $default,
                stands_for: "",
                range: $range,
                about: $about,
                secret: false,
                put: |config, text| {
                    config.$key = ($parse)(text)?;
                    Ok(())
                },
            }
        }
    };
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// All settings, in the order of the documentation.
pub static SETTINGS: &[Setting] = &[
    setting!(
        listen = "127.0.0.1:8080",
        "HOST:PORT",
        "where HTTP is served; port 0 takes a free one",
        value::address
    ),
    setting!(public_url = "", "http(s) address", "under which address clients reach the server", |text: &str| {
        optional(text, value::web_address)
    }, stands_for: "http:// and `listen`"),
    setting!(
        data_dir = "data",
        "folder",
        "everything that is kept on this machine: database, pictures, uploads on their way",
        |text: &str| { filled(text).map(Into::into) }
    ),
    setting!(database_url = "", "`sqlite:///PATH` or `postgres://USER:PASSWORD@HOST/NAME`", "the database", |text: &str| {
        optional(text, database)
    }, stands_for: "`atelier.db` in `data_dir`", secret: true),
    setting!(
        store = "disk",
        "`disk` or `s3://BUCKET/PREFIX`",
        "where pictures lie; `disk` is the folder `blobs` in `data_dir`",
        store
    ),
    setting!(store_endpoint = "", "http(s) address", "the S3 service, when it is not Amazon's", |text: &str| {
        optional(text, value::web_address)
    }, stands_for: "Amazon S3"),
    setting!(store_region = "us-east-1", "text", "region of the bucket", filled),
    setting!(store_access_key = "", "text", "name of the S3 key", plain),
    setting!(store_secret_key = "", "text", "secret of the S3 key", plain, secret: true),
    setting!(max_upload_mb = "100", "MiB, 1 to 4096", "largest upload", |text: &str| value::number(
        text,
        1..=4096
    )),
    setting!(max_megapixels = "250", "megapixels, 0.01 to 4000", "largest picture", |text: &str| {
        value::number(text, 0.01..=4000.0)
    }),
    setting!(
        memory_budget = "60%",
        "share of the machine's memory, or MiB or GiB, at least 64MiB",
        "what running jobs may need together; a larger picture runs alone",
        value::memory
    ),
    setting!(
        run_jobs = "true",
        "`true` or `false`",
        "`serve` runs jobs itself; `false` where `atelier worker` does",
        value::switch
    ),
    setting!(max_jobs = "0", "0 to 256", "most jobs at a time", jobs, stands_for: "0: one a core"),
    setting!(
        lease = "10s",
        "1s to 10m",
        "a job without a sign of life for so long is taken over",
        |text: &str| { value::duration(text, seconds(1)..=seconds(600)) }
    ),
    setting!(
        heartbeat = "3s",
        "100ms to 5m",
        "how often a running job gives a sign of life",
        |text: &str| { value::duration(text, Duration::from_millis(100)..=seconds(300)) }
    ),
    setting!(
        attempt_delays = "2s,10s",
        "two times",
        "pauses before the second and the third attempt",
        two_times
    ),
    setting!(
        keep = "24h",
        "1s to 365d",
        "how long uploads and results are kept after a job ends",
        |text: &str| { value::duration(text, seconds(1)..=seconds(365 * DAY)) }
    ),
    setting!(
        keep_uploads = "168h",
        "1s to 365d",
        "how long uploads without an execution are kept (AutoRetouch API)",
        |text: &str| { value::duration(text, seconds(1)..=seconds(365 * DAY)) }
    ),
    setting!(
        device_clients = "V8EkfbxtBi93cAySTVWAecEum4d6pt4J",
        "client ids",
        "programs that may ask to be signed in by device, separated by commas; the published clients share this one",
        |text: &str| Ok::<_, String>(
            text.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect()
        )
    ),
    setting!(
        sweep_every = "60s",
        "100ms to 24h",
        "how often files whose time is over are looked for",
        |text: &str| value::duration(text, Duration::from_millis(100)..=seconds(DAY))
    ),
    setting!(
        time_limit_base = "120s",
        "1s to 24h",
        "time a job may take whatever its size; one that takes longer has failed and is not tried again",
        |text: &str| value::duration(text, seconds(1)..=seconds(DAY))
    ),
    setting!(
        time_limit_per_megapixel = "3s",
        "0s to 1h",
        "time it may take more for each megapixel",
        |text: &str| { value::duration(text, seconds(0)..=seconds(HOUR)) }
    ),
    setting!(jpeg_quality = "95", "1 to 100", "quality of JPEG results", |text: &str| value::number(
        text,
        1..=100
    )),
    setting!(
        first_credits = "1000",
        "0 to 1000000000",
        "credits of the organization that the first start makes",
        |text: &str| value::number(text, 0..=1_000_000_000)
    ),
    setting!(hook_timeout = "10s", "100ms to 2m", "time a webhook receiver has to answer", |text: &str| {
        value::duration(text, Duration::from_millis(100)..=seconds(120))
    }),
    setting!(
        hook_schedule = "5s,30s,2m,10m,1h",
        "times",
        "pauses between the tries of a Retouch4me webhook; then it is given up",
        |text: &str| { value::durations(text, Duration::from_millis(1)..=seconds(7 * DAY)) }
    ),
    setting!(hook_jobs = "32", "1 to 1000", "webhook deliveries at a time", |text: &str| value::number(
        text,
        1..=1000
    )),
    setting!(
        hook_jobs_per_host = "4",
        "1 to 1000",
        "webhook deliveries at a time to one host",
        |text: &str| value::number(text, 1..=1000)
    ),
    setting!(
        rate_per_token = "100",
        "a second, 0 to 1000000",
        "starts and balance requests of one token; 0 is no limit",
        |text: &str| value::number(text, 0..=1_000_000)
    ),
    setting!(
        rate_per_address = "300",
        "a second, 0 to 1000000",
        "requests of one address; 0 is no limit",
        |text: &str| value::number(text, 0..=1_000_000)
    ),
    setting!(
        rate_per_job = "50",
        "a second, 0 or 10 to 1000000",
        "requests about one job; 0 is no limit, and 10 are always served",
        |text: &str| value::number(text, 0..=1_000_000)
    ),
    setting!(
        rate_burst = "10s",
        "1s to 1h",
        "how much of a rate may come at once after a pause",
        |text: &str| value::duration(text, seconds(1)..=seconds(HOUR))
    ),
    setting!(max_connections = "1024", "1 to 1000000", "connections at a time; more wait", |text: &str| {
        value::number(text, 1..=1_000_000)
    }),
    setting!(
        max_connections_per_address = "512",
        "0 to 1000000",
        "connections at a time of one address, more are refused with 429; 0 is no limit, and there is none behind a \
         proxy (`trusted_header`)",
        |text: &str| value::number(text, 0..=1_000_000)
    ),
    setting!(client_timeout = "30s", "1s to 10m", "time for a request's head", |text: &str| {
        value::duration(text, seconds(1)..=seconds(600))
    }),
    setting!(
        stall_timeout = "60s",
        "1s to 1h",
        "time in which some of an answer must be taken",
        |text: &str| value::duration(text, seconds(1)..=seconds(HOUR))
    ),
    setting!(upload_pause = "30s", "1s to 10m", "longest pause within an upload", |text: &str| {
        value::duration(text, seconds(1)..=seconds(600))
    }),
    setting!(upload_time = "30m", "1s to 24h", "longest time for a whole upload", |text: &str| {
        value::duration(text, seconds(1)..=seconds(DAY))
    }),
    setting!(
        trusted_header = "",
        "header name",
        "header in which your proxy names the client's address, like x-forwarded-for; only where every request comes \
         through that proxy",
        |text: &str| optional(text, header),
        stands_for: "none"
    ),
    setting!(metrics = "true", "`true` or `false`", "serve `/metrics`", value::switch),
    setting!(
        metrics_token = "",
        "text",
        "who asks for `/metrics` must send this as `Authorization: Bearer`",
        |text: &str| Ok::<_, String>(Some(text.trim().to_owned()).filter(|token| !token.is_empty())),
        stands_for: "none: everybody sees them",
        secret: true
    ),
    setting!(
        metrics_listen = "",
        "HOST:PORT",
        "an address of their own for `/metrics` and `/health`, `listen` then has no `/metrics`; a `worker` shows its \
         figures only here",
        |text: &str| optional(text, value::address),
        stands_for: "none"
    ),
    setting!(
        otlp_endpoint = "",
        "http(s) address",
        "collector that traces are sent to over OTLP/HTTP, like http://127.0.0.1:4318; headers for it in \
         OTEL_EXPORTER_OTLP_HEADERS",
        |text: &str| optional(text, value::web_address),
        stands_for: "none: no traces"
    ),
    setting!(
        otlp_sample = "1",
        "0 to 1",
        "share of traces that is sent; requests that bring a trace of their own follow that",
        |text: &str| value::number(text, 0.0..=1.0)
    ),
    setting!(
        shutdown_time = "30s",
        "0s to 1h",
        "time running jobs and requests have after the first signal; jobs that need more are handed back",
        |text: &str| { value::duration(text, seconds(0)..=seconds(HOUR)) }
    ),
    setting!(log_format = "text", "`text` or `json`", "how log lines look", log_format),
    setting!(
        log_level = "info",
        "`error`, `warn`, `info`, `debug`, `trace`, or directives like `info,store=debug`",
        "what is logged",
        log_level
    ),
];

fn plain(text: &str) -> Result<String, String> {
    Ok(text.trim().to_owned())
}

fn filled(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("must not be empty".into()),
        text => Ok(text.to_owned()),
    }
}

fn optional<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.trim().is_empty() { Ok(None) } else { parse(text).map(Some) }
}

fn database(text: &str) -> Result<String, String> {
    let text = text.trim();
    let known = ["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    if known { Ok(text.to_owned()) } else { Err("must begin with sqlite:// or postgres://".into()) }
}

fn store(text: &str) -> Result<StorePlace, String> {
    let text = text.trim();
    if text == "disk" {
        return Ok(StorePlace::Disk);
    }
    let place = text.strip_prefix("s3://").ok_or("must be disk, or s3://BUCKET/PREFIX")?;
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    if bucket.is_empty() {
        return Err("must name a bucket: s3://BUCKET/PREFIX".into());
    }
    Ok(StorePlace::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
}

fn header(text: &str) -> Result<HeaderName, String> {
    text.trim()
        .to_ascii_lowercase()
        .parse()
        .map_err(|_| "must be a header's name, like x-forwarded-for".into())
}

fn jobs(text: &str) -> Result<usize, String> {
    match value::number(text, 0..=256)? {
        0 => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
        count => Ok(count),
    }
}

fn two_times(text: &str) -> Result<Vec<Duration>, String> {
    let times = value::durations(text, Duration::from_millis(1)..=seconds(DAY))?;
    if times.len() == 2 { Ok(times) } else { Err("must be two times, like 2s,10s".into()) }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text.trim() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be text or json".into()),
    }
}

fn log_level(text: &str) -> Result<String, String> {
    let wanted =
        |_| "must be error, warn, info, debug, trace, or directives like info,store=debug".to_owned();
    tracing_subscriber::EnvFilter::builder().parse(text.trim()).map_err(wanted)?;
    filled(text)
}
