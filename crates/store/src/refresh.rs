//! Refresh tokens: a device's lasting right to act for an account. Only their hashes are kept.

use serde::Serialize;

use crate::db::{Conn, execute, row, rows};
use crate::{AccountId, ContentHash, OrganizationId, RefreshTokenId, Store, StoreError, Timestamp};

/// A device that may act for an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct RefreshToken {
    /// Its name inside; access tokens carry it.
    pub id: RefreshTokenId,
    /// For whom.
    pub account_id: AccountId,
    /// In which organization.
    pub organization_id: OrganizationId,
    /// Which program.
    pub client_id: String,
    /// For what.
    pub scope: String,
    /// Its name for people; empty unless a person gave one.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was shown last.
    pub last_used_at: Option<Timestamp>,
    /// When it stopped counting.
    pub revoked_at: Option<Timestamp>,
}

/// A device to be let in.
#[derive(Clone, Debug)]
pub struct NewRefreshToken {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// For whom.
    pub account_id: AccountId,
    /// In which organization.
    pub organization_id: OrganizationId,
    /// Which program.
    pub client_id: String,
    /// For what.
    pub scope: String,
    /// Its name for people.
    pub name: String,
}

impl Store {
    /// Lets a device in.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without the account or the organization.
    pub async fn create_refresh_token(
        &self,
        new: &NewRefreshToken,
        now: Timestamp,
    ) -> Result<RefreshToken, StoreError> {
        let new = new.clone();
        self.db
            .write(move |mut conn| Box::pin(async move { insert_refresh(&mut conn, &new, now).await }))
            .await
    }

    /// The device that shows a token with this SHA-256, noted as used now; nobody when it is revoked or its account
    /// disabled.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn use_refresh_token(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<RefreshToken>, StoreError> {
        let hash = ContentHash::from_digest(*hash).hex();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    row!(
                        RefreshToken,
                        &mut conn,
                        "UPDATE refresh_tokens SET last_used_at = $2
                         WHERE hash = $1 AND revoked_at IS NULL
                             AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = account_id AND NOT a.disabled)
                         RETURNING *",
                        &hash,
                        now.0
                    )
                })
            })
            .await
    }

    /// A device that still counts.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn live_refresh_token(&self, id: &RefreshTokenId) -> Result<Option<RefreshToken>, StoreError> {
        let mut conn = self.db.read().await?;
        row!(
            RefreshToken,
            &mut conn.conn(),
            "SELECT * FROM refresh_tokens WHERE id = $1 AND revoked_at IS NULL
                 AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = account_id AND NOT a.disabled)",
            id.as_str()
        )
    }

    /// An account's devices, newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn refresh_tokens(&self, account: &AccountId) -> Result<Vec<RefreshToken>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            RefreshToken,
            &mut conn.conn(),
            "SELECT * FROM refresh_tokens WHERE account_id = $1 ORDER BY created_at DESC, id",
            account.as_str()
        )
    }

    /// Ends a device's right by its token; true when it counted until now.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn revoke_refresh_token(&self, hash: &[u8; 32], now: Timestamp) -> Result<bool, StoreError> {
        let hash = ContentHash::from_digest(*hash).hex();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let changed = execute!(
                        &mut conn,
                        "UPDATE refresh_tokens SET revoked_at = $2 WHERE hash = $1 AND revoked_at IS NULL",
                        &hash,
                        now.0
                    )?;
                    Ok(changed > 0)
                })
            })
            .await
    }

    /// Ends one of an account's devices; true when it counted until now.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn revoke_device(
        &self,
        account: &AccountId,
        id: &RefreshTokenId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (account, id) = (account.clone(), id.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let changed = execute!(
                        &mut conn,
                        "UPDATE refresh_tokens SET revoked_at = $3
                         WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL",
                        id.as_str(),
                        account.as_str(),
                        now.0
                    )?;
                    Ok(changed > 0)
                })
            })
            .await
    }
}

pub(crate) async fn insert_refresh(
    conn: &mut Conn<'_>,
    new: &NewRefreshToken,
    now: Timestamp,
) -> Result<RefreshToken, StoreError> {
    let made = row!(
        RefreshToken,
        conn,
        "INSERT INTO refresh_tokens (id, hash, account_id, organization_id, client_id, scope, name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *",
        RefreshTokenId::random().as_str(),
        ContentHash::from_digest(new.hash).hex(),
        new.account_id.as_str(),
        new.organization_id.as_str(),
        &new.client_id,
        &new.scope,
        &new.name,
        now.0
    )?;
    made.ok_or(StoreError::Missing("refresh token"))
}
