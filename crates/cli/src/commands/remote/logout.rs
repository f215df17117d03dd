//! `atelier logout`: ends this machine's sign-in, on the server too.

use std::process::ExitCode;

use super::{Connection, talk};
use crate::commands::Failure;
use crate::progress::tell;

/// Arguments of `atelier logout`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
}

/// Revokes the sign-in, then forgets it. A server that cannot be reached keeps nobody signed in on this machine.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let server = arguments.connection.open()?;
    let revoked = talk(server.revoke());
    let mut accounts = arguments.connection.accounts()?;
    if accounts.forget(server.address()).map_err(Failure::work)?.is_none() {
        tell(&format!("Nobody was signed in at {}.", server.address()));
        return Ok(ExitCode::SUCCESS);
    }
    if let Err(failure) = revoked {
        tell(&format!("Signed out on this machine, but not on the server: {failure}"));
        return Ok(ExitCode::FAILURE);
    }
    tell(&format!("Signed out at {}.", server.address()));
    Ok(ExitCode::SUCCESS)
}
