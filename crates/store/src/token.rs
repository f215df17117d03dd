//! Retouch tokens: what programs show; only their hashes are kept.

use serde::Serialize;

use crate::db::{execute, row, rows};
use crate::{
    Account, AccountId, ContentHash, Organization, OrganizationId, Store, StoreError, Timestamp, TokenId,
};

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Token {
    /// Its name inside.
    pub id: TokenId,
    /// Whose it is.
    pub account_id: AccountId,
    /// Who pays for what it starts.
    pub organization_id: OrganizationId,
    /// Its name for people.
    pub name: String,
    /// Its last characters, to tell tokens apart.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was shown last.
    pub last_used_at: Option<Timestamp>,
    /// When it stopped counting.
    pub revoked_at: Option<Timestamp>,
}

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose it is.
    pub account_id: AccountId,
    /// Who pays for what it starts.
    pub organization_id: OrganizationId,
    /// Its name for people.
    pub name: String,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// Its last characters.
    pub hint: String,
}

/// Who shows a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The token.
    pub token: Token,
    /// Whose it is.
    pub account: Account,
    /// Who pays.
    pub organization: Organization,
}

impl Store {
    /// Makes a token.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without the account or the organization.
    pub async fn create_token(&self, new: &NewToken, now: Timestamp) -> Result<Token, StoreError> {
        let new = new.clone();
        let token = Token {
            id: TokenId::random(),
            account_id: new.account_id,
            organization_id: new.organization_id,
            name: new.name,
            hint: new.hint,
            created_at: now,
            last_used_at: None,
            revoked_at: None,
        };
        let hash = ContentHash::from_digest(new.hash).hex();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(
                        &mut conn,
                        "INSERT INTO tokens (id, account_id, organization_id, name, hash, hint, created_at)
                         VALUES ($1, $2, $3, $4, $5, $6, $7)",
                        token.id.as_str(),
                        token.account_id.as_str(),
                        token.organization_id.as_str(),
                        &token.name,
                        &hash,
                        &token.hint,
                        now.0
                    )?;
                    Ok(token)
                })
            })
            .await
    }

    /// Who shows a secret with this SHA-256; nobody when the token is revoked or the account disabled.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn token_holder(&self, hash: &[u8; 32]) -> Result<Option<Holder>, StoreError> {
        let hash = ContentHash::from_digest(*hash).hex();
        let mut conn = self.db.read().await?;
        let mut conn = conn.conn();
        let token =
            row!(Token, &mut conn, "SELECT * FROM tokens WHERE hash = $1 AND revoked_at IS NULL", &hash)?;
        let Some(token) = token else { return Ok(None) };
        let account = row!(
            Account,
            &mut conn,
            "SELECT * FROM accounts WHERE id = $1 AND NOT disabled",
            token.account_id.as_str()
        )?;
        let organization = row!(
            Organization,
            &mut conn,
            "SELECT * FROM organizations WHERE id = $1",
            token.organization_id.as_str()
        )?;
        Ok(account.zip(organization).map(|(account, organization)| Holder { token, account, organization }))
    }

    /// Notes that a token was shown.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn touch_token(&self, token: &TokenId, now: Timestamp) -> Result<(), StoreError> {
        let token = token.clone();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(
                        &mut conn,
                        "UPDATE tokens SET last_used_at = $2 WHERE id = $1",
                        token.as_str(),
                        now.0
                    )
                    .map(drop)
                })
            })
            .await
    }

    /// An account's tokens, newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn tokens(&self, account: &AccountId) -> Result<Vec<Token>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            Token,
            &mut conn.conn(),
            "SELECT * FROM tokens WHERE account_id = $1 ORDER BY created_at DESC, id",
            account.as_str()
        )
    }

    /// Ends a token; false when there is none or it has ended before.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn revoke_token(&self, token: &TokenId, now: Timestamp) -> Result<bool, StoreError> {
        let token = token.clone();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let changed = execute!(
                        &mut conn,
                        "UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
                        token.as_str(),
                        now.0
                    )?;
                    Ok(changed > 0)
                })
            })
            .await
    }
}
