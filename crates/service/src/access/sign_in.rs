//! People at a browser: address, password, a cookie.

use std::time::Duration;

use store::{Account, Session, StoreError};

use super::{AccessError, Member};
use crate::account::LONGEST_EMAIL;
use crate::secret::{hash, random_text};
use crate::{Service, verify_password};

/// How long somebody stays signed in.
const SESSION_LIFE: Duration = Duration::from_secs(14 * 24 * 3_600);
/// So much is kept of a browser's words.
const LONGEST_AGENT: usize = 300;
/// A hash that no password fits, so that unknown addresses take as long as wrong passwords.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$dGhpcyBmaXRzIG5vIHBhc3N3b3JkIGF0IGFsbC4uLi4";

/// Somebody at the door.
#[derive(Clone)]
pub struct SignIn<'a> {
    /// The address as typed.
    pub email: &'a str,
    /// The password as typed.
    pub password: &'a str,
    /// Where the request comes from, to count tries.
    pub peer: &'a str,
    /// The browser in its own words, so that people recognise the session.
    pub agent: &'a str,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub struct SignedIn {
    /// The text of their cookie; told once, kept nowhere.
    pub cookie: String,
    /// Who.
    pub member: Member,
    /// Seconds the cookie counts.
    pub lives: u64,
}

impl Service {
    /// Signs somebody in.
    ///
    /// # Errors
    /// [`AccessError::WrongPassword`] for a wrong address or password alike, [`AccessError::TooManyTries`] after many of
    /// them from one place or for one address.
    pub async fn sign_in(&self, who: SignIn<'_>) -> Result<SignedIn, AccessError> {
        let now = self.now();
        // Nobody has a longer one, and what is counted is kept for a while.
        let email: String = who.email.trim().chars().take(LONGEST_EMAIL + 1).collect();
        let email = email.to_lowercase();
        let names = [format!("address {email}"), format!("peer {}", who.peer)];
        if names.iter().any(|name| self.sign_in_throttle().is_shut(name, now)) {
            return Err(AccessError::TooManyTries);
        }
        let account = self.store().account_by_email(&email).await?.filter(|account| !account.disabled);
        let hash = account.as_ref().and_then(|account| account.password_hash.as_deref()).unwrap_or(NOBODY);
        let fits = verify_password(hash, who.password).await;
        let Some(account) = account.filter(|_| fits) else {
            names.iter().for_each(|name| self.sign_in_throttle().failed(name, now));
            return Err(AccessError::WrongPassword);
        };
        self.sign_in_throttle().succeeded(&names[0]);
        self.open_session(account, &who).await
    }

    async fn open_session(&self, account: Account, who: &SignIn<'_>) -> Result<SignedIn, AccessError> {
        let now = self.now();
        let first = self.store().organizations_of(&account.id).await?.into_iter().next();
        // An account without an organization can do nothing here.
        let (organization, role) = first.ok_or(AccessError::WrongPassword)?;
        let cookie = random_text();
        let session = Session {
            account_id: account.id.clone(),
            organization_id: organization.id.clone(),
            agent: who.agent.chars().filter(|c| !c.is_control()).take(LONGEST_AGENT).collect(),
            address: who.peer.to_owned(),
            created_at: now,
            expires_at: now.plus(SESSION_LIFE),
        };
        self.store().create_session(&hash(&cookie), &session).await?;
        let member = Member { account, organization, role };
        Ok(SignedIn { cookie, member, lives: SESSION_LIFE.as_secs() })
    }

    /// Who shows a cookie; nobody when it does not count.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn signed_in(&self, cookie: &str) -> Result<Option<Member>, StoreError> {
        let Some(session) = self.store().session(&hash(cookie), self.now()).await? else { return Ok(None) };
        let Some(account) = self.store().account(&session.account_id).await? else { return Ok(None) };
        let membership = self.membership(&account, &session.organization_id).await?;
        Ok(membership.map(|(organization, role)| Member { account, organization, role }))
    }

    /// Signs somebody out.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn sign_out(&self, cookie: &str) -> Result<(), StoreError> {
        self.store().end_session(&hash(cookie)).await
    }
}
