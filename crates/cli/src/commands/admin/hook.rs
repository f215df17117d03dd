//! `atelier admin hook-host` and `hook-secret`.

use super::office::Office;
use super::table::{table, yes};
use crate::commands::{Failure, json};

/// What can be done with hosts.
#[derive(Debug, clap::Subcommand)]
pub enum HostDeed {
    /// Allow a host, or all hosts of a domain: hooks.example.org, *.example.org
    Allow {
        /// The host
        host: String,
        /// It may stand on a private network or on this machine
        #[arg(long)]
        private: bool,
    },
    /// Take a host off the list
    Forbid {
        /// The host as it was allowed
        host: String,
    },
    /// List all
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Arguments of `hook-secret`.
#[derive(Debug, clap::Args)]
pub struct SecretArguments {
    /// Whose
    #[arg(long, value_name = "EMAIL")]
    account: String,
    /// Make a new one; signatures by the old one end at once
    #[arg(long)]
    renew: bool,
}

/// Does it.
pub async fn run(office: &Office, deed: &HostDeed) -> Result<String, Failure> {
    match deed {
        HostDeed::Allow { host, private } => {
            office.steward().allow_host(host, *private).await?;
            Ok(String::new())
        }
        HostDeed::Forbid { host } => {
            if !office.steward().forbid_host(host).await? {
                return Err(Failure::Work(format!(
                    "{host} is not on the list; `atelier admin hook-host list` shows it"
                )));
            }
            Ok(String::new())
        }
        HostDeed::List { json: as_json } => {
            let hosts = office.store.allowed_hosts().await?;
            if *as_json {
                return json(&hosts);
            }
            let rows: Vec<_> = hosts.into_iter().map(|host| [host.pattern, yes(host.private)]).collect();
            Ok(table(["host", "private"], &rows))
        }
    }
}

/// Prints the secret alone.
pub async fn secret(office: &Office, arguments: &SecretArguments) -> Result<String, Failure> {
    let account = office.account(&arguments.account).await?;
    if !arguments.renew {
        return Ok(format!("{}\n", account.hook_secret));
    }
    let secret = office.steward().renew_hook_secret(&account).await?;
    Ok(format!("{secret}\n"))
}
