//! `atelier organizations`: lists the organizations you belong to.

use std::process::ExitCode;

use super::{Connection, talk};
use crate::commands::{Failure, json, print};

/// Arguments of `atelier organizations`.
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
    let all = talk(async { server.organizations().await })?;
    let text = if arguments.json {
        json(&all)?
    } else {
        all.iter().map(|one| format!("{}  {}\n", one.id, one.name)).collect()
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}
