//! `atelier login`: lets this machine act for a person, confirmed in a browser.

use std::process::ExitCode;

use client::{Server, SignIn};

use super::{Connection, talk};
use crate::commands::Failure;
use crate::progress::tell;

/// Arguments of `atelier login`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  atelier login                                       at a server on this machine
  atelier login --server https://retouch.example.org")]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
}

/// Shows an address and a code, waits for the person, keeps the sign-in.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut accounts = arguments.connection.accounts()?;
    let server = Server::new(&arguments.connection.server, None).map_err(Failure::usage)?;
    let profile = talk(async {
        let sign_in = SignIn::begin(server.clone()).await?;
        let confirmation = sign_in.confirmation();
        tell(&format!("Open this address and confirm the code {}:", confirmation.code));
        tell(&format!("  {}", confirmation.address));
        sign_in.wait().await
    })?;
    accounts.keep(server.address(), profile).map_err(Failure::work)?;
    tell(&format!("Signed in at {}.", server.address()));
    Ok(ExitCode::SUCCESS)
}
