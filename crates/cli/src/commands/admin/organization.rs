//! `atelier admin organization`.

use store::{NewOrganization, OrganizationChange};

use super::office::Office;
use super::table::{or_nothing, table, yes};
use crate::commands::{Failure, json};

/// What can be done.
#[derive(Debug, clap::Subcommand)]
pub enum Deed {
    /// Make one; prints its id
    Create {
        /// Its name, unique
        name: String,
        #[command(flatten)]
        means: Means,
    },
    /// Change one
    Set {
        /// Its name
        name: String,
        #[command(flatten)]
        means: Means,
    },
    /// List all
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// What an organization may have.
#[derive(Debug, clap::Args)]
pub struct Means {
    /// Retouches a day (UTC) at most, or none
    #[arg(long, value_name = "N|none", value_parser = allowance)]
    daily_allowance: Option<Allowance>,
    /// Jobs cost nothing
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    unmetered: Option<bool>,
    /// Jobs go before those of lower priority
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Allowance(Option<i64>);

fn allowance(text: &str) -> Result<Allowance, String> {
    match (text, text.parse::<i64>()) {
        ("none", _) => Ok(Allowance(None)),
        (_, Ok(count)) if count >= 0 => Ok(Allowance(Some(count))),
        _ => Err("must be a number from 0, or none".into()),
    }
}

/// Does it.
pub async fn run(office: &Office, deed: &Deed) -> Result<String, Failure> {
    match deed {
        Deed::Create { name, means } => create(office, name, means).await,
        Deed::Set { name, means } => set(office, name, means).await,
        Deed::List { json } => list(office, *json).await,
    }
}

async fn create(office: &Office, name: &str, means: &Means) -> Result<String, Failure> {
    let new = NewOrganization {
        name: name.to_owned(),
        unmetered: means.unmetered.unwrap_or(false),
        daily_allowance: means.daily_allowance.and_then(|allowance| allowance.0),
        priority: means.priority.unwrap_or(0),
    };
    let made = office.steward().create_organization(&new).await?;
    Ok(format!("{}\n", made.id))
}

async fn set(office: &Office, name: &str, means: &Means) -> Result<String, Failure> {
    let organization = office.organization(name).await?;
    let change = OrganizationChange {
        unmetered: means.unmetered,
        daily_allowance: means.daily_allowance.map(|allowance| allowance.0),
        priority: means.priority,
    };
    if means.daily_allowance.is_none() && means.unmetered.is_none() && means.priority.is_none() {
        return Err(Failure::Usage(
            "say what to change: --daily-allowance, --unmetered or --priority".into(),
        ));
    }
    office.steward().set_organization(&organization, &change).await?;
    Ok(String::new())
}

async fn list(office: &Office, as_json: bool) -> Result<String, Failure> {
    let organizations = office.store.organizations().await?;
    if as_json {
        return json(&organizations);
    }
    let rows: Vec<_> = organizations
        .into_iter()
        .map(|own| {
            let (daily, priority) = (or_nothing(own.daily_allowance), own.priority.to_string());
            [own.name, yes(own.unmetered), daily, priority, own.created_at.to_string(), own.id.to_string()]
        })
        .collect();
    Ok(table(["name", "unmetered", "a day", "priority", "made", "id"], &rows))
}
