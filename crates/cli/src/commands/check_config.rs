//! `atelier check-config`: the settings in effect, where each comes from, and what is wrong with them.

use std::process::ExitCode;

use super::{Failure, print};
use crate::config::{self, SettingFlags};
use crate::progress::tell;

/// Arguments of `atelier check-config`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 all is right, 1 something is wrong, 2 a mistake on the command line.")]
pub struct Arguments {
    #[command(flatten)]
    settings: SettingFlags,
    /// Print the reference page of the documentation
    #[arg(long)]
    markdown: bool,
}

/// Prints the settings on standard output, mistakes and remarks on standard error.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if arguments.markdown {
        print(&config::markdown())?;
        return Ok(ExitCode::SUCCESS);
    }
    let loaded = config::load(&arguments.settings.0);
    print(&config::overview(&loaded))?;
    for remark in &loaded.remarks {
        tell(&format!("note: {remark}"));
    }
    for mistake in &loaded.mistakes {
        tell(&format!("wrong: {mistake}"));
    }
    Ok(if loaded.mistakes.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
