//! `atelier admin audit`.

use super::office::Office;
use super::table::table;
use crate::commands::{Failure, json};

/// What to show.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How many entries
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: i64,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Shows it.
pub async fn run(office: &Office, arguments: &Arguments) -> Result<String, Failure> {
    let entries = office.store.audit_log(arguments.limit).await?;
    if arguments.json {
        return json(&entries);
    }
    let rows: Vec<_> = entries
        .into_iter()
        .map(|entry| [entry.at.to_string(), entry.actor, entry.action, entry.target, entry.detail])
        .collect();
    Ok(table(["at", "who", "what", "to what", "detail"], &rows))
}
