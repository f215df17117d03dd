//! Where somebody is signed in, and for which organization.

use store::{OrganizationId, StoreError, Timestamp};

use super::Member;
use crate::Service;
use crate::secret::hash;

/// A browser somebody is signed in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// Names it; opens nothing.
    pub name: String,
    /// True for the one that asks.
    pub is_this: bool,
    /// The browser in its own words.
    pub agent: String,
    /// Where it was when it signed in.
    pub address: String,
    /// The organization it is turned to.
    pub organization: OrganizationId,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Service {
    /// Where a person is signed in, newest first. `cookie` is that of the session that asks.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn sessions(&self, member: &Member, cookie: &str) -> Result<Vec<OpenSession>, StoreError> {
        let own = store::ContentHash::from_digest(hash(cookie)).hex();
        let all = self.store().sessions_of(&member.account.id, self.now()).await?;
        let open = all.into_iter().map(|named| OpenSession {
            is_this: named.hash == own,
            name: named.hash,
            agent: named.session.agent,
            address: named.session.address,
            organization: named.session.organization_id,
            created_at: named.session.created_at,
            expires_at: named.session.expires_at,
        });
        Ok(open.collect())
    }

    /// Signs a person out of one of their browsers; false when it is none of theirs.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn end_session(&self, member: &Member, name: &str) -> Result<bool, StoreError> {
        self.store().end_named_session(&member.account.id, name).await
    }

    /// Signs a person out of all browsers but this one; gives how many.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn end_other_sessions(&self, member: &Member, cookie: &str) -> Result<u64, StoreError> {
        self.store().end_other_sessions(&member.account.id, Some(&hash(cookie))).await
    }

    /// Turns a session to another organization; false when its person is no member there.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn turn_session(&self, cookie: &str, to: &OrganizationId) -> Result<bool, StoreError> {
        self.store().turn_session(&hash(cookie), to).await
    }
}
