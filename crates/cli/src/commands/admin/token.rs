//! `atelier admin token`.

use sha2::{Digest as _, Sha256};
use store::TokenId;

use super::office::Office;
use super::table::{or_nothing, table};
use crate::commands::{Failure, json};

/// What can be done.
#[derive(Debug, clap::Subcommand)]
pub enum Deed {
    /// Make one and print it; it cannot be shown again
    Create {
        /// Whose
        #[arg(long, value_name = "EMAIL")]
        account: String,
        /// Its name, to tell tokens apart
        #[arg(long, value_name = "TEXT", default_value = "")]
        name: String,
        /// Who pays, where the account belongs to several
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
    },
    /// List an account's tokens, without their secrets
    List {
        /// Whose
        #[arg(long, value_name = "EMAIL")]
        account: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End one, at once
    Revoke {
        /// Its id as listed, or the token itself
        token: String,
    },
}

/// Does it.
pub async fn run(office: &Office, deed: &Deed) -> Result<String, Failure> {
    match deed {
        Deed::Create { account, name, organization } => {
            create(office, account, name, organization.as_deref()).await
        }
        Deed::List { account, json } => list(office, account, *json).await,
        Deed::Revoke { token } => revoke(office, token.trim()).await,
    }
}

async fn create(office: &Office, email: &str, name: &str, payer: Option<&str>) -> Result<String, Failure> {
    let account = office.account(email).await?;
    let member = office.store.organizations_of(&account.id).await?.into_iter().map(|(own, _)| own);
    let organization = match payer {
        Some(payer) => member.into_iter().find(|own| own.name == payer.trim()),
        None => member.into_iter().next(),
    };
    let organization = organization.ok_or_else(|| {
        Failure::Work(format!("{email} does not belong to {}", payer.unwrap_or("any organization")))
    })?;
    let issued =
        service::issue_token(&office.store, &account.id, &organization.id, name, office.now()).await?;
    office.note("token.create", issued.token.id.as_str(), format!("{email} {name}").trim_end()).await?;
    Ok(format!("{}\n", issued.text))
}

async fn revoke(office: &Office, token: &str) -> Result<String, Failure> {
    // The text of a token is known by its hash alone.
    let holder = office.store.token_holder(&Sha256::digest(token.as_bytes()).into()).await?;
    let id = holder.map_or_else(|| TokenId::from(token), |holder| holder.token.id);
    if !office.store.revoke_token(&id, office.now()).await? {
        return Err(Failure::Work(
            "there is no such token, or it was revoked before; `atelier admin token list` shows ids".into(),
        ));
    }
    office.note("token.revoke", id.as_str(), "").await?;
    Ok(String::new())
}

async fn list(office: &Office, email: &str, as_json: bool) -> Result<String, Failure> {
    let account = office.account(email).await?;
    let tokens = office.store.tokens(&account.id).await?;
    if as_json {
        return json(&tokens);
    }
    let rows: Vec<_> = tokens
        .into_iter()
        .map(|own| {
            let times =
                [own.created_at.to_string(), or_nothing(own.last_used_at), or_nothing(own.revoked_at)];
            let [made, used, revoked] = times;
            [own.id.to_string(), own.name, format!("…{}", own.hint), made, used, revoked]
        })
        .collect();
    Ok(table(["id", "name", "ends with", "made", "used last", "revoked"], &rows))
}
