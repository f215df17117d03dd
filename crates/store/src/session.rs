//! Sign-in sessions of people at a browser. Only the hashes of their cookies are kept.

use crate::db::{execute, row};
use crate::{AccountId, ContentHash, OrganizationId, Store, StoreError, Timestamp};

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Session {
    /// Who.
    pub account_id: AccountId,
    /// For which organization.
    pub organization_id: OrganizationId,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Store {
    /// Signs somebody in.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without the account or the organization.
    pub async fn create_session(&self, hash: &[u8; 32], session: &Session) -> Result<(), StoreError> {
        let (hash, session) = (ContentHash::from_digest(*hash).hex(), session.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(&mut conn, "DELETE FROM sessions WHERE expires_at <= $1", session.created_at.0)?;
                    execute!(
                        &mut conn,
                        "INSERT INTO sessions (hash, account_id, organization_id, created_at, expires_at)
                         VALUES ($1, $2, $3, $4, $5)",
                        &hash,
                        session.account_id.as_str(),
                        session.organization_id.as_str(),
                        session.created_at.0,
                        session.expires_at.0
                    )
                    .map(drop)
                })
            })
            .await
    }

    /// Who shows a cookie with this SHA-256; nobody when the session is over or the account disabled.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn session(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<Session>, StoreError> {
        let mut conn = self.db.read().await?;
        row!(
            Session,
            &mut conn.conn(),
            "SELECT * FROM sessions WHERE hash = $1 AND expires_at > $2
                 AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = account_id AND NOT a.disabled)",
            ContentHash::from_digest(*hash).hex(),
            now.0
        )
    }

    /// Signs somebody out.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_session(&self, hash: &[u8; 32]) -> Result<(), StoreError> {
        let hash = ContentHash::from_digest(*hash).hex();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(&mut conn, "DELETE FROM sessions WHERE hash = $1", &hash).map(drop)
                })
            })
            .await
    }
}
