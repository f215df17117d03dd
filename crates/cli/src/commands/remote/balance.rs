//! `atelier balance`: credits left.

use std::process::ExitCode;

use super::{Connection, talk};
use crate::commands::{Failure, print};

/// Arguments of `atelier balance`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
}

/// Prints the number alone.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let server = arguments.connection.open()?;
    let balance = talk(async {
        let organization = arguments.connection.organization(&server).await?;
        server.balance(organization.as_deref()).await
    })?;
    print(&format!("{balance}\n"))?;
    Ok(ExitCode::SUCCESS)
}
