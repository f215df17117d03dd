//! `atelier admin delivery`.

use store::{DeliveryFilter, DeliveryId, DeliveryState, JobId};

use super::office::Office;
use super::table::{or_nothing, table};
use crate::commands::{Failure, json};

/// What can be done.
#[derive(Debug, clap::Subcommand)]
pub enum Deed {
    /// List webhook deliveries, newest first
    List {
        /// About this job
        #[arg(long, value_name = "ID")]
        job: Option<String>,
        /// Of this account
        #[arg(long, value_name = "EMAIL")]
        account: Option<String>,
        /// In this state: pending, delivered, given_up, refused
        #[arg(long, value_parser = state)]
        state: Option<DeliveryState>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: i64,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one with all its tries, as JSON
    Show {
        /// Its id
        id: String,
    },
    /// Send one again, from its first try
    Resend {
        /// Its id
        id: String,
    },
}

fn state(text: &str) -> Result<DeliveryState, String> {
    DeliveryState::from_text(text).ok_or_else(|| "must be pending, delivered, given_up or refused".into())
}

/// Does it.
pub async fn run(office: &Office, deed: &Deed) -> Result<String, Failure> {
    match deed {
        Deed::List { job, account, state, limit, json: as_json } => {
            let account = match account {
                Some(email) => Some(office.account(email).await?.id),
                None => None,
            };
            let job = job.as_deref().map(JobId::from);
            let filter = DeliveryFilter { job, account, state: *state, limit: *limit };
            list(office, &filter, *as_json).await
        }
        Deed::Show { id } => {
            let delivery = office.store.delivery(&DeliveryId::from(id.as_str())).await?;
            let delivery = delivery.ok_or_else(|| unknown(id))?;
            let tries = office.store.tries(&delivery.id).await?;
            json(&serde_json::json!({ "delivery": delivery, "tries": tries }))
        }
        Deed::Resend { id } => {
            let delivery = office.store.delivery(&DeliveryId::from(id.as_str())).await?;
            office.steward().resend(&delivery.ok_or_else(|| unknown(id))?).await?;
            Ok(String::new())
        }
    }
}

fn unknown(id: &str) -> Failure {
    Failure::Work(format!("there is no delivery {id}; `atelier admin delivery list` shows all"))
}

async fn list(office: &Office, filter: &DeliveryFilter, as_json: bool) -> Result<String, Failure> {
    let deliveries = office.store.deliveries(filter).await?;
    if as_json {
        return json(&deliveries);
    }
    let rows: Vec<_> = deliveries
        .into_iter()
        .map(|own| {
            let trouble = if own.note.is_empty() { own.last_error } else { own.note };
            let (tries, status) = (own.tries.to_string(), or_nothing(own.last_status));
            let state = own.state.as_str().to_owned();
            [own.id.to_string(), or_nothing(own.job_id), state, tries, status, own.url, trouble]
        })
        .collect();
    Ok(table(["id", "job", "state", "tries", "status", "to", "trouble"], &rows))
}
