//! Logging: text or JSON lines to standard error, panics among them; and spans to whoever collects traces.

use std::io::{self, IsTerminal};

use opentelemetry_sdk::trace::SdkTracer;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry};

use crate::config::{Config, LogFormat};

/// Our own crates: the spans of libraries, the exporter's client among them, are nobody's business.
const OWN: [&str; 4] = ["atelier", "http_doors", "service", "store"];

/// Begins to log. A second call changes nothing.
pub fn begin(config: &Config, tracer: Option<SdkTracer>) {
    let filter = EnvFilter::builder().parse_lossy(&config.log_level);
    let lines = tracing_subscriber::fmt::layer::<Registry>()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let lines = match config.log_format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(false).with_filter(filter).boxed()
        }
    };
    let own = Targets::new().with_targets(OWN.map(|target| (target, LevelFilter::INFO)));
    let spans = tracer.map(|tracer| {
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        layer.with_location(false).with_threads(false).with_tracked_inactivity(false).with_filter(own)
    });
    if tracing_subscriber::registry().with(lines).with(spans).try_init().is_ok() {
        // A plugin's panic ends one attempt only; its text belongs between the other lines, in their format.
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "panic: {}", panic.payload_as_str().unwrap_or("of unknown kind"));
        }));
    }
}
