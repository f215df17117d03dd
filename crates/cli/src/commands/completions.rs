//! `atelier completions`: scripts that let a shell complete the command line.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Failure, print};
use crate::Cli;

/// Arguments of `atelier completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  mkdir -p ~/.local/share/bash-completion/completions
  atelier completions bash > ~/.local/share/bash-completion/completions/atelier")]
pub struct Arguments {
    /// Shell to write the script for
    shell: Shell,
}

/// Writes the script to standard output.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "atelier", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
