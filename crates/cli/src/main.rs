//! `atelier`, the program: flags, files, settings and wiring. All craft is in the crate `retouch`, the rules of the
//! service are in the crate `service`.

mod batch;
mod commands;
mod config;
mod delivery;
mod intake;
mod interrupt;
mod ledger;
mod order;
mod path_text;
mod picture_file;
mod places;
mod progress;
mod report;
mod server;
mod standard;
mod unread;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::remote::{balance, login, logout, organizations, process, upload, watch, workflows};
use commands::{Failure, admin, check_config, completions, inspect, plugins, retouch, serve, worker};

/// Faster than the system's allocator where many threads take and give back large planes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Retouches portraits on your own machine: by the command line, or as a service.
#[derive(Debug, Parser)]
#[command(name = "atelier", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Examples:
  atelier retouch portrait.jpg -o out.jpg --preset balanced
  atelier retouch wedding/ --out-dir done/
  atelier plugins
  atelier serve

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
    /// Serve the API and run jobs
    Serve(Box<serve::Arguments>),
    /// Run jobs alone, for a server that stands elsewhere
    Worker(Box<worker::Arguments>),
    /// Look after accounts, tokens, credits, jobs and webhooks
    Admin(Box<admin::Arguments>),
    /// Show the settings in effect and say what is wrong with them
    CheckConfig(Box<check_config::Arguments>),
    /// Sign this machine in at a server
    Login(login::Arguments),
    /// End this machine's sign-in
    Logout(logout::Arguments),
    /// List the organizations you belong to
    Organizations(organizations::Arguments),
    /// List the workflows of an organization
    Workflows(workflows::Arguments),
    /// Show the credits left
    Balance(balance::Arguments),
    /// Store pictures on a server
    Upload(upload::Arguments),
    /// Take a folder of pictures through a workflow on a server
    Process(process::Arguments),
    /// Take every picture that appears in a folder through a workflow on a server
    Watch(watch::Arguments),
    /// Write a completion script for a shell
    Completions(completions::Arguments),
}

fn main() -> ExitCode {
    let end = match &Cli::parse().command {
        Command::Retouch(arguments) => retouch::run(arguments),
        Command::Plugins(arguments) => plugins::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Worker(arguments) => worker::run(arguments),
        Command::Admin(arguments) => admin::run(arguments),
        Command::CheckConfig(arguments) => check_config::run(arguments),
        Command::Login(arguments) => login::run(arguments),
        Command::Logout(arguments) => logout::run(arguments),
        Command::Organizations(arguments) => organizations::run(arguments),
        Command::Workflows(arguments) => workflows::run(arguments),
        Command::Balance(arguments) => balance::run(arguments),
        Command::Upload(arguments) => upload::run(arguments),
        Command::Process(arguments) => process::run(arguments),
        Command::Watch(arguments) => watch::run(arguments),
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
