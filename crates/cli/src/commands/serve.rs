//! `atelier serve`: the whole server in one process.

use std::process::ExitCode;

use super::Failure;
use crate::config::{self, SettingFlags};
use crate::server::{self, Part};

/// Arguments of `atelier serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  atelier serve                                           data in ./data, on 127.0.0.1:8080
  atelier serve --listen 0.0.0.0:80 --data-dir photos
  atelier serve --database-url postgres://atelier@db/atelier --store s3://photos/atelier

The first start on an empty house prints a token and lines to try. SIGTERM and SIGINT end the server gracefully: jobs
are finished within --shutdown-time or handed back; a second signal ends it at once, and nothing is lost then either.

Exit codes: 0 stopped, 1 failed, 2 a mistake in the settings, 130 ended at once by a second signal.")]
pub struct Arguments {
    #[command(flatten)]
    settings: SettingFlags,
}

/// Serves until it is told to stop.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    server::run(&config::settled(&arguments.settings.0)?, Part::Whole)
}
