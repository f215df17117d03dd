//! `atelier admin hook-host` and `hook-secret`.

use super::office::{ACTOR, Office};
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
            let host = pattern(host)?;
            office.store.allow_host(&host, *private, ACTOR, office.now()).await?;
            office.note("hook-host.allow", &host, if *private { "private" } else { "" }).await?;
            Ok(String::new())
        }
        HostDeed::Forbid { host } => {
            let host = pattern(host)?;
            if !office.store.forbid_host(&host).await? {
                return Err(Failure::Work(format!(
                    "{host} is not on the list; `atelier admin hook-host list` shows it"
                )));
            }
            office.note("hook-host.forbid", &host, "").await?;
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
    let secret = service::new_hook_secret();
    office.store.set_hook_secret(&account.id, &secret).await?;
    office.note("hook-secret.renew", &account.email, "").await?;
    Ok(format!("{secret}\n"))
}

/// A host name or `*.` and a domain, in lower case. An address is a host too.
fn pattern(text: &str) -> Result<String, Failure> {
    let text = text.trim().trim_end_matches('.').to_lowercase();
    let name = text.strip_prefix("*.").unwrap_or(&text);
    let fits = |letter: char| letter.is_alphanumeric() || "-._:[]".contains(letter);
    if name.is_empty() || name.contains("..") || !name.chars().all(fits) || name.contains("//") {
        return Err(Failure::Usage(format!(
            "{text:?} is no host; write the name alone, like hooks.example.org or *.example.org"
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_alone() {
        for (text, host) in [
            ("Hooks.Example.org", "hooks.example.org"),
            ("*.example.org", "*.example.org"),
            ("127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(pattern(text).ok().as_deref(), Some(host));
        }
        for text in ["", "*.", "https://example.org", "example.org/path", "a b", "a*b", "*"] {
            assert!(pattern(text).is_err(), "{text}");
        }
    }
}
