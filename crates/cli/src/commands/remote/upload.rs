//! `atelier upload`: stores pictures on a server and prints their content hashes.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Connection, talk};
use crate::commands::{Failure, print};
use crate::progress::tell;

/// Arguments of `atelier upload`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Pictures
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

/// Prints hash and name of each; one that fails does not stop the others.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let server = arguments.connection.open()?;
    let failed = talk(async {
        let organization = arguments.connection.organization(&server).await?;
        let mut failed = 0;
        for file in &arguments.files {
            match server.upload(file, organization.as_deref()).await {
                // A reader that went away has all it wanted.
                Ok(hash) => drop(print(&format!("{hash}  {}\n", file.display()))),
                Err(error) => {
                    tell(&format!("atelier: {}: {error}", file.display()));
                    failed += 1;
                }
            }
        }
        Ok(failed)
    })?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
