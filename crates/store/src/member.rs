//! Who belongs to an organization, changed by its admins. An organization never loses its last admin who can sign in.

use crate::credit::lock_organization;
use crate::db::{Conn, execute, row, value};
use crate::{AccountId, OrganizationId, Role, Store, StoreError, Timestamp};

/// What became of a change to a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// It is done.
    Done,
    /// They are no member.
    NoMember,
    /// They are the last admin, so it stays as it was.
    LastAdmin,
}

impl Store {
    /// What an account may do in an organization; nothing when it is no member.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn role_in(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
    ) -> Result<Option<Role>, StoreError> {
        let mut conn = self.db.read().await?;
        role(&mut conn.conn(), organization, account).await
    }

    /// Gives a member another role.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without the organization.
    pub async fn set_role(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
        wanted: Role,
    ) -> Result<MemberChange, StoreError> {
        let (organization, account) = (organization.clone(), account.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    lock_organization(&mut conn, &organization).await?;
                    if let Some(refused) =
                        refusal(&mut conn, &organization, &account, wanted == Role::Admin).await?
                    {
                        return Ok(refused);
                    }
                    execute!(
                        &mut conn,
                        "UPDATE members SET role = $3 WHERE organization_id = $1 AND account_id = $2",
                        organization.as_str(),
                        account.as_str(),
                        wanted.as_str()
                    )?;
                    Ok(MemberChange::Done)
                })
            })
            .await
    }

    /// Takes somebody out of an organization, and ends their tokens, devices and sessions there.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without the organization.
    pub async fn remove_member(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<MemberChange, StoreError> {
        let (organization, account) = (organization.clone(), account.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    lock_organization(&mut conn, &organization).await?;
                    if let Some(refused) = refusal(&mut conn, &organization, &account, false).await? {
                        return Ok(refused);
                    }
                    let (organization, account) = (organization.as_str(), account.as_str());
                    execute!(
                        &mut conn,
                        "UPDATE tokens SET revoked_at = $3
                         WHERE organization_id = $1 AND account_id = $2 AND revoked_at IS NULL",
                        organization,
                        account,
                        now.0
                    )?;
                    execute!(
                        &mut conn,
                        "UPDATE refresh_tokens SET revoked_at = $3
                         WHERE organization_id = $1 AND account_id = $2 AND revoked_at IS NULL",
                        organization,
                        account,
                        now.0
                    )?;
                    execute!(
                        &mut conn,
                        "DELETE FROM sessions WHERE organization_id = $1 AND account_id = $2",
                        organization,
                        account
                    )?;
                    execute!(
                        &mut conn,
                        "DELETE FROM members WHERE organization_id = $1 AND account_id = $2",
                        organization,
                        account
                    )?;
                    Ok(MemberChange::Done)
                })
            })
            .await
    }

    /// Gives an organization another name.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is another's, [`StoreError::Missing`] without the organization.
    pub async fn rename_organization(&self, id: &OrganizationId, name: &str) -> Result<(), StoreError> {
        let (id, name) = (id.clone(), name.to_owned());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let changed = execute!(
                        &mut conn,
                        "UPDATE organizations SET name = $2 WHERE id = $1",
                        id.as_str(),
                        &name
                    );
                    match changed.map_err(|error| error.named("an organization of this name"))? {
                        0 => Err(StoreError::Missing("organization")),
                        _ => Ok(()),
                    }
                })
            })
            .await
    }
}

async fn role(
    conn: &mut Conn<'_>,
    organization: &OrganizationId,
    account: &AccountId,
) -> Result<Option<Role>, StoreError> {
    let found = row!(
        (Role,),
        conn,
        "SELECT role FROM members WHERE organization_id = $1 AND account_id = $2",
        organization.as_str(),
        account.as_str()
    )?;
    Ok(found.map(|(role,)| role))
}

/// Why a member may not change: there is none, or no admin would be left when this one is none any more.
async fn refusal(
    conn: &mut Conn<'_>,
    organization: &OrganizationId,
    account: &AccountId,
    stays_admin: bool,
) -> Result<Option<MemberChange>, StoreError> {
    Ok(match role(conn, organization, account).await? {
        None => Some(MemberChange::NoMember),
        Some(Role::Admin) if !stays_admin && other_admins(conn, organization, account).await? == 0 => {
            Some(MemberChange::LastAdmin)
        }
        Some(_) => None,
    })
}

/// Admins of an organization beside this one, those aside who may not sign in.
async fn other_admins(
    conn: &mut Conn<'_>,
    organization: &OrganizationId,
    account: &AccountId,
) -> Result<i64, StoreError> {
    let count = value!(
        i64,
        conn,
        "SELECT COUNT(*) FROM members m JOIN accounts a ON a.id = m.account_id
         WHERE m.organization_id = $1 AND m.account_id <> $2 AND m.role = 'admin' AND NOT a.disabled",
        organization.as_str(),
        account.as_str()
    )?;
    Ok(count.unwrap_or(0))
}
