//! `atelier worker`: runs jobs of a server that stands elsewhere, against the same database and store.

use std::process::ExitCode;

use super::Failure;
use crate::config::{self, SettingFlags};
use crate::server::{self, Part};

/// Arguments of `atelier worker`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  atelier serve --run-jobs false                          on one machine, and on any number of others:
  atelier worker --database-url postgres://atelier@db/atelier --store s3://photos/atelier

Exit codes as for `atelier serve`.")]
pub struct Arguments {
    #[command(flatten)]
    settings: SettingFlags,
}

/// Works until it is told to stop.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    server::run(&config::settled(&arguments.settings.0)?, Part::Worker)
}
