//! `atelier workflows`: lists the workflows of an organization.

use std::process::ExitCode;

use super::{Connection, talk};
use crate::commands::{Failure, json, print};

/// Arguments of `atelier workflows`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Prints one line each.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let server = arguments.connection.open()?;
    let all = talk(async {
        {
            let organization = arguments.connection.organization(&server).await?;
            server.workflows(organization.as_deref()).await
        }
    })?;
    let text = if arguments.json {
        json(&all)?
    } else {
        all.iter()
            .map(|one| format!("{}  {:>4} credits  {}\n", one.id, one.execution_price, one.name))
            .collect()
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}
