//! Logging: text or JSON lines to standard error, panics among them.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Begins to log. A second call changes nothing.
pub fn begin(config: &Config) {
    let filter = EnvFilter::builder().parse_lossy(&config.log_level);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let begun = match config.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
    };
    if begun.is_ok() {
        // A plugin's panic ends one attempt only; its text belongs between the other lines, in their format.
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "panic: {}", panic.payload_as_str().unwrap_or("of unknown kind"));
        }));
    }
}
