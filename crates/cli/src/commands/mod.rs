//! The subcommands, one file each.

pub mod admin;
pub mod check_config;
pub mod completions;
pub mod inspect;
pub mod plugins;
pub mod remote;
pub mod retouch;
pub mod serve;
pub mod size_limits;
pub mod worker;

use std::io;

use crate::standard;

/// Why a command ended without doing all it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A mistake on the command line; nothing was begun.
    #[error("{0}")]
    Usage(String),
    /// The work itself failed.
    #[error("{0}")]
    Work(String),
}

impl Failure {
    /// A mistake on the command line.
    pub fn usage(error: impl std::fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    /// A failure of the work.
    pub fn work(error: impl std::fmt::Display) -> Self {
        Self::Work(error.to_string())
    }
}

/// Writes to standard output. A reader that went away (`| head`) has all it wanted.
pub fn print(text: &str) -> Result<(), Failure> {
    match standard::send(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Work(format!(
            "cannot write to standard output: {}",
            crate::delivery::advice(&error)
        ))),
        _ => Ok(()),
    }
}

/// A value as indented JSON with a line end.
pub fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::work)?;
    Ok(text + "\n")
}
