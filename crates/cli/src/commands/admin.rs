//! `atelier admin`: what an operator does, on a stopped or a running server. The wanted value stands alone on standard
//! output, so that scripts can use it; everything done is noted in the audit log.

mod account;
mod audit;
mod credits;
mod delivery;
mod hook;
mod job;
mod office;
mod organization;
mod table;
mod token;

use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, print};
use crate::config::ReachFlags;
use office::Office;

/// Arguments of `atelier admin`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  atelier admin account create anna@example.org --organization Studio --password-stdin < password.txt
  token=$(atelier admin token create --account anna@example.org)
  atelier admin credits add --organization Studio 500
  atelier admin job list --state failed --json

All commands work on a stopped and on a running server. Exit codes: 0 done, 1 not done, 2 a mistake on the command line.")]
pub struct Arguments {
    #[command(flatten)]
    reach: ReachFlags,
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// Accounts: who signs in
    #[command(subcommand)]
    Account(account::Deed),
    /// Retouch tokens: what programs show
    #[command(subcommand)]
    Token(token::Deed),
    /// Credits of organizations
    #[command(subcommand)]
    Credits(credits::Deed),
    /// Organizations: who pays, and how much they may have
    #[command(subcommand)]
    Organization(organization::Deed),
    /// Hosts that webhooks may go to
    #[command(subcommand)]
    HookHost(hook::HostDeed),
    /// Print the secret that signs an account's webhooks
    HookSecret(hook::SecretArguments),
    /// Jobs
    #[command(subcommand)]
    Job(job::Deed),
    /// Webhook deliveries
    #[command(subcommand)]
    Delivery(delivery::Deed),
    /// Show who did what, newest first
    Audit(audit::Arguments),
}

/// Does one thing and ends.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::work)?;
    runtime.block_on(async {
        let office = Office::open(&arguments.reach, may_found(&arguments.deed)).await?;
        let text = match &arguments.deed {
            Deed::Account(deed) => account::run(&office, deed).await,
            Deed::Token(deed) => token::run(&office, deed).await,
            Deed::Credits(deed) => credits::run(&office, deed).await,
            Deed::Organization(deed) => organization::run(&office, deed).await,
            Deed::HookHost(deed) => hook::run(&office, deed).await,
            Deed::HookSecret(arguments) => hook::secret(&office, arguments).await,
            Deed::Job(deed) => job::run(&office, deed).await,
            Deed::Delivery(deed) => delivery::run(&office, deed).await,
            Deed::Audit(arguments) => audit::run(&office, arguments).await,
        };
        office.close().await;
        print(&text?)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Only what makes something out of nothing may make a database; elsewhere a missing one is a wrong path.
fn may_found(deed: &Deed) -> bool {
    matches!(
        deed,
        Deed::Account(account::Deed::Create(_)) | Deed::Organization(organization::Deed::Create { .. })
    )
}
