//! `atelier`, the program: flags, files and wiring. All craft is in the crate `retouch`.

mod batch;
mod commands;
mod delivery;
mod intake;
mod interrupt;
mod ledger;
mod order;
mod progress;
mod report;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{Failure, completions, inspect, plugins, retouch};

/// Faster than the system's allocator where many threads take and give back large planes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Retouches portraits on your own machine.
#[derive(Debug, Parser)]
#[command(name = "atelier", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Examples:
  atelier retouch portrait.jpg -o out.jpg --preset balanced
  atelier retouch wedding/ --out-dir done/
  atelier plugins

`atelier help COMMAND` tells more about a command.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Retouch pictures: files, or all pictures of folders
    Retouch(Box<retouch::Arguments>),
    /// List the plugins with their sliders
    Plugins(plugins::Arguments),
    /// Show what is seen on a picture: faces, landmarks, regions
    Inspect(inspect::Arguments),
    /// Write a completion script for a shell
    Completions(completions::Arguments),
}

fn main() -> ExitCode {
    let end = match &Cli::parse().command {
        Command::Retouch(arguments) => retouch::run(arguments),
        Command::Plugins(arguments) => plugins::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
    };
    end.unwrap_or_else(|failure| {
        progress::tell(&format!("atelier: {failure}"));
        ExitCode::from(match failure {
            Failure::Usage(_) => 2,
            Failure::Work(_) => 1,
        })
    })
}
