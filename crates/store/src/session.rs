//! Sign-in sessions of people at a browser. Only the hashes of their cookies are kept.

use crate::db::{execute, row, rows};
use crate::{AccountId, ContentHash, OrganizationId, Store, StoreError, Timestamp};

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Session {
    /// Who.
    pub account_id: AccountId,
    /// For which organization.
    pub organization_id: OrganizationId,
    /// With which browser, in its own words.
    pub agent: String,
    /// From which address.
    pub address: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A session with its name.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct NamedSession {
    /// The hash of its cookie: names it, opens nothing.
    pub hash: String,
    /// The session.
    #[sqlx(flatten)]
    pub session: Session,
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
                        "INSERT INTO sessions
                             (hash, account_id, organization_id, agent, address, created_at, expires_at)
                         VALUES ($1, $2, $3, $4, $5, $6, $7)",
                        &hash,
                        session.account_id.as_str(),
                        session.organization_id.as_str(),
                        &session.agent,
                        &session.address,
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

    /// An account's sessions that count, newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn sessions_of(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<NamedSession>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            NamedSession,
            &mut conn.conn(),
            "SELECT * FROM sessions WHERE account_id = $1 AND expires_at > $2 ORDER BY created_at DESC, hash",
            account.as_str(),
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

    /// Ends one of an account's sessions by its name; false when there is none.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_named_session(&self, account: &AccountId, name: &str) -> Result<bool, StoreError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let gone = execute!(
                        &mut conn,
                        "DELETE FROM sessions WHERE account_id = $1 AND hash = $2",
                        account.as_str(),
                        &name
                    )?;
                    Ok(gone > 0)
                })
            })
            .await
    }

    /// Ends all of an account's sessions but the one whose cookie has this SHA-256; gives how many.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_other_sessions(
        &self,
        account: &AccountId,
        keep: Option<&[u8; 32]>,
    ) -> Result<u64, StoreError> {
        let account = account.clone();
        let keep = keep.map(|hash| ContentHash::from_digest(*hash).hex()).unwrap_or_default();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(
                        &mut conn,
                        "DELETE FROM sessions WHERE account_id = $1 AND hash <> $2",
                        account.as_str(),
                        &keep
                    )
                })
            })
            .await
    }

    /// Turns a session to another organization of its account; false when they are no member there.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn turn_session(
        &self,
        hash: &[u8; 32],
        organization: &OrganizationId,
    ) -> Result<bool, StoreError> {
        let (hash, organization) = (ContentHash::from_digest(*hash).hex(), organization.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let turned = execute!(
                        &mut conn,
                        "UPDATE sessions SET organization_id = $2 WHERE hash = $1 AND EXISTS (
                             SELECT 1 FROM members m
                             WHERE m.organization_id = $2 AND m.account_id = sessions.account_id)",
                        &hash,
                        organization.as_str()
                    )?;
                    Ok(turned > 0)
                })
            })
            .await
    }
}
