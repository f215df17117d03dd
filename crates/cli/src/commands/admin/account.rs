//! `atelier admin account`.

use std::io::Read as _;

use service::NewPerson;
use store::{Organization, Role};

use super::office::Office;
use super::table::{table, yes};
use crate::commands::{Failure, json};
use crate::progress::tell;

/// More than any password has is a file given by mistake; it is refused by its length.
const MOST_INPUT: u64 = 64 * 1024;

/// What can be done.
#[derive(Debug, clap::Subcommand)]
pub enum Deed {
    /// Make one; prints its id
    Create(Create),
    /// List all
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// An account to be made.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Its address, unique
    email: String,
    /// Where it belongs; made when it is missing
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// Read the password from standard input; without it the account cannot sign in, only its tokens count
    #[arg(long)]
    password_stdin: bool,
    /// What it may do there: admin or operator
    #[arg(long, value_parser = role, default_value = "admin")]
    role: Role,
    /// It may run the house
    #[arg(long)]
    operator: bool,
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_text(text).ok_or_else(|| "must be admin or operator".into())
}

/// Does it.
pub async fn run(office: &Office, deed: &Deed) -> Result<String, Failure> {
    match deed {
        Deed::Create(wanted) => create(office, wanted).await,
        Deed::List { json } => list(office, *json).await,
    }
}

async fn create(office: &Office, wanted: &Create) -> Result<String, Failure> {
    if office.store.account_by_email(wanted.email.trim()).await?.is_some() {
        return Err(Failure::Work(format!("there is an account {} already", wanted.email.trim())));
    }
    let password = if wanted.password_stdin { Some(read_password()?) } else { None };
    let organization = organization(office, wanted.organization.trim()).await?;
    let person = NewPerson {
        email: wanted.email.clone(),
        password,
        operator: wanted.operator,
        organization: organization.id.clone(),
        role: wanted.role,
    };
    let account = office.steward().create_account(person, &organization).await?;
    Ok(format!("{}\n", account.id))
}

/// The organization of this name, made when it is missing.
async fn organization(office: &Office, name: &str) -> Result<Organization, Failure> {
    if name.is_empty() {
        return Err(Failure::Usage("--organization needs a name".into()));
    }
    let (organization, is_new) = office.steward().organization(name).await?;
    if is_new {
        tell(&format!("atelier: made the organization {name}; it has no credits yet"));
    }
    Ok(organization)
}

fn read_password() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().take(MOST_INPUT).read_to_string(&mut text);
    read.map_err(|error| Failure::Work(format!("the password cannot be read: {error}; give it as text")))?;
    let password =
        text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(password.to_owned())
}

async fn list(office: &Office, as_json: bool) -> Result<String, Failure> {
    let accounts = office.store.accounts().await?;
    if as_json {
        return json(&accounts);
    }
    let mut rows = Vec::with_capacity(accounts.len());
    for own in accounts {
        let member: Vec<String> = office
            .store
            .organizations_of(&own.id)
            .await?
            .into_iter()
            .map(|(organization, role)| format!("{} ({})", organization.name, role.as_str()))
            .collect();
        let marks = [yes(own.operator), yes(own.disabled)];
        let [operator, disabled] = marks;
        rows.push([
            own.email,
            member.join(", "),
            operator,
            disabled,
            own.created_at.to_string(),
            own.id.to_string(),
        ]);
    }
    Ok(table(["account", "organizations", "runs the house", "disabled", "made", "id"], &rows))
}
