//! The founding of an empty house: its first organization, administrator and credits, in one transaction.

use crate::credit::{LedgerKind, Movement, lock_organization, move_credits, standing};
use crate::db::value;
use crate::{
    Account, NewAccount, NewOrganization, Organization, OrganizationId, Role, Store, StoreError, Timestamp,
};

/// What an empty house begins with.
#[derive(Clone, Debug)]
pub struct Founding {
    /// Name of the organization.
    pub organization: String,
    /// Credits it has afterwards, at least.
    pub credits: i64,
    /// For people who read the ledger.
    pub note: String,
    /// Who did it.
    pub actor: String,
    /// The administrator's address.
    pub email: String,
    /// An argon2id hash in PHC form.
    pub password_hash: String,
    /// Signs the administrator's webhooks.
    pub hook_secret: String,
}

impl Store {
    /// Founds the house unless somebody has an account already. Of several processes that start on one empty database,
    /// one founds it; the others get nothing.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn found(
        &self,
        founding: Founding,
        now: Timestamp,
    ) -> Result<Option<(Organization, Account)>, StoreError> {
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    // Whoever comes second waits here for the first, and then sees what it wrote.
                    let new = NewOrganization {
                        name: founding.organization.clone(),
                        unmetered: false,
                        daily_allowance: None,
                        priority: 0,
                    };
                    new.insert(&mut conn, now).await?;
                    let id = value!(
                        OrganizationId,
                        &mut conn,
                        "SELECT id FROM organizations WHERE name = $1",
                        &founding.organization
                    )?;
                    let id = id.ok_or(StoreError::Missing("organization"))?;
                    let organization = lock_organization(&mut conn, &id).await?;
                    let accounts = value!(i64, &mut conn, "SELECT COUNT(*) FROM accounts")?;
                    if accounts != Some(0) {
                        return Ok(None);
                    }
                    let missing = founding.credits - standing(&mut conn, &id, now).await?.balance;
                    if missing > 0 {
                        let movement = Movement {
                            amount: missing,
                            kind: LedgerKind::Grant,
                            job: None,
                            note: &founding.note,
                            actor: &founding.actor,
                        };
                        move_credits(&mut conn, &id, &movement, now).await?;
                    }
                    let new = NewAccount {
                        email: founding.email,
                        password_hash: Some(founding.password_hash),
                        operator: true,
                        organization: id,
                        role: Role::Admin,
                        hook_secret: founding.hook_secret,
                    };
                    let account = new.insert(&mut conn, now).await?;
                    Ok(Some((organization, account)))
                })
            })
            .await
    }
}
