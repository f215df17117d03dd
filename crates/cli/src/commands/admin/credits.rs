//! `atelier admin credits`.

use super::office::Office;
use super::table::{or_nothing, table};
use crate::commands::{Failure, json};

/// What can be done.
#[derive(Debug, clap::Subcommand)]
pub enum Deed {
    /// Give credits, or take them with a number below zero; prints the new balance
    Add {
        /// Who gets them
        #[arg(long, value_name = "NAME")]
        organization: String,
        /// How many
        #[arg(allow_negative_numbers = true)]
        amount: i64,
        /// What for
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// Print the balance; with --json all figures and the latest movements
    Show {
        /// Whose
        #[arg(long, value_name = "NAME")]
        organization: String,
        /// The latest movements too, as a table
        #[arg(long)]
        ledger: bool,
        /// All figures and the latest movements as JSON
        #[arg(long)]
        json: bool,
        /// How many movements
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: i64,
    },
}

/// Does it.
pub async fn run(office: &Office, deed: &Deed) -> Result<String, Failure> {
    match deed {
        Deed::Add { organization, amount, note } => {
            let organization = office.organization(organization).await?;
            let balance = office.steward().add_credits(&organization, *amount, note).await?;
            Ok(format!("{balance}\n"))
        }
        Deed::Show { organization, ledger, json: as_json, limit } => {
            let organization = office.organization(organization).await?;
            let standing = office.store.standing(&organization.id, office.now()).await?;
            if !ledger && !as_json {
                return Ok(format!("{}\n", standing.balance));
            }
            let entries = office.store.ledger(&organization.id, *limit).await?;
            if *as_json {
                return json(&serde_json::json!({ "standing": standing, "ledger": entries }));
            }
            let rows: Vec<_> = entries
                .into_iter()
                .map(|entry| {
                    let (amount, balance) = (format!("{:+}", entry.amount), entry.balance.to_string());
                    let kind = entry.kind.as_str().to_owned();
                    [entry.at.to_string(), kind, amount, balance, or_nothing(entry.job_id), entry.note]
                })
                .collect();
            Ok(table(["at", "kind", "amount", "balance", "job", "note"], &rows))
        }
    }
}
