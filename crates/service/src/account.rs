//! Accounts: making them, their passwords, and the first start of an empty house.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use store::{
    Account, AccountChange, AccountId, Founding, NewAccount, OrganizationId, Role, Store, StoreError,
    Timestamp,
};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::secret::{new_hook_secret, random_password};
use crate::token::issue_token;
use crate::{DraftError, Service, seed_workflows};

/// Shortest password in characters.
const SHORTEST_PASSWORD: usize = 8;
/// Longest password in bytes; more only costs time.
const LONGEST_PASSWORD: usize = 1_024;
/// Longest address in bytes.
pub(crate) const LONGEST_EMAIL: usize = 254;
/// Passwords worked on at a time. Each takes 19 MiB and all of a core by design: a crowd at the door that was let in at
/// once would take the memory and the threads that jobs need.
const AT_A_TIME: usize = 2;

/// Who made what the first start makes.
const FOUNDER: &str = "first start";
/// The address of the administrator that the first start makes.
pub(crate) const FOUNDER_EMAIL: &str = "admin@localhost";

/// Why an account could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Not an e-mail address.
    #[error("\"{0}\" is no e-mail address: write it like name@example.org")]
    NotAnAddress(String),
    /// Too short or too long.
    #[error(
        "the password must have {SHORTEST_PASSWORD} characters or more and {LONGEST_PASSWORD} bytes at most"
    )]
    BadPassword,
    /// The hash could not be worked out.
    #[error("the password could not be hashed ({0}): try again")]
    Hash(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A person or program that is to get an account.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// The address to sign in with.
    pub email: String,
    /// In clear; none for an account that cannot sign in.
    pub password: Option<String>,
    /// True for those who run the house.
    pub operator: bool,
    /// Where it belongs.
    pub organization: OrganizationId,
    /// What it may do there.
    pub role: Role,
}

/// What somebody needs who starts an empty house. Told once, kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct FirstStart {
    /// The administrator's address.
    pub email: String,
    /// The administrator's password.
    pub password: String,
    /// A retouch token with credits.
    pub token: String,
}

/// Secrets do not belong into logs.
impl std::fmt::Debug for FirstStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FirstStart").field("email", &self.email).finish_non_exhaustive()
    }
}

/// Makes an account with a secret of its own for webhooks.
///
/// # Errors
/// When address or password cannot be used, the address is taken ([`StoreError::Conflict`]), or the database is away.
pub async fn create_account(store: &Store, new: NewPerson, now: Timestamp) -> Result<Account, AccountError> {
    let email = new.email.trim().to_owned();
    if !looks_like_an_address(&email) {
        return Err(AccountError::NotAnAddress(email));
    }
    let password_hash = match &new.password {
        Some(password) => Some(hash_password(password).await?),
        None => None,
    };
    let account = NewAccount {
        email,
        password_hash,
        operator: new.operator,
        organization: new.organization,
        role: new.role,
        hook_secret: new_hook_secret(),
    };
    Ok(store.create_account(&account, now).await?)
}

/// A place to work on a password, in the order of asking.
async fn place() -> Option<SemaphorePermit<'static>> {
    static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(AT_A_TIME));
    // Never closed.
    PLACES.acquire().await.ok()
}

/// The argon2id hash of a password in PHC form; worked out on a thread that may block.
///
/// # Errors
/// When the password is too short or too long.
pub async fn hash_password(password: &str) -> Result<String, AccountError> {
    if password.chars().count() < SHORTEST_PASSWORD || password.len() > LONGEST_PASSWORD {
        return Err(AccountError::BadPassword);
    }
    let (password, place) = (password.to_owned(), place().await);
    let hashed = tokio::task::spawn_blocking(move || {
        // Held by the thread: who asked may have gone.
        let _place = place;
        Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
    });
    match hashed.await {
        Ok(Ok(hash)) => Ok(hash),
        Ok(Err(error)) => Err(AccountError::Hash(error.to_string())),
        Err(error) => Err(AccountError::Hash(error.to_string())),
    }
}

/// True when the password belongs to the hash. A hash that cannot be read fits no password.
pub async fn verify_password(hash: &str, password: &str) -> bool {
    if password.len() > LONGEST_PASSWORD {
        return false;
    }
    let (hash, password, place) = (hash.to_owned(), password.to_owned(), place().await);
    let verified = tokio::task::spawn_blocking(move || {
        let _place = place;
        let hash = PasswordHash::new(&hash).ok()?;
        Argon2::default().verify_password(password.as_bytes(), &hash).ok()
    });
    matches!(verified.await, Ok(Some(())))
}

pub(crate) fn looks_like_an_address(email: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@')
    };
    let Some((name, host)) = email.rsplit_once('@') else { return false };
    email.len() <= LONGEST_EMAIL && plain(name) && plain(host)
}

impl Service {
    /// True while the administrator of the first start is the only account: the sign-in page then says where to look.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn has_only_its_founder(&self) -> Result<bool, StoreError> {
        let accounts = self.store().accounts().await?;
        Ok(matches!(&accounts[..], [only] if only.email == FOUNDER_EMAIL))
    }

    /// Makes what an empty house needs to be used at once: an organization, an administrator, a token, credits.
    /// Nothing when somebody has an account already.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn first_start(&self) -> Result<Option<FirstStart>, AccountError> {
        const ORGANIZATION: &str = "Atelier";
        let store = self.store();
        if !store.is_empty().await? {
            return Ok(None);
        }
        let now = self.now();
        let password = random_password();
        let founding = Founding {
            organization: ORGANIZATION.to_owned(),
            credits: self.settings().first_credits,
            note: "welcome".to_owned(),
            actor: FOUNDER.to_owned(),
            email: FOUNDER_EMAIL.to_owned(),
            password_hash: hash_password(&password).await?,
            hook_secret: new_hook_secret(),
        };
        // Another process of the house may have begun at the same moment.
        let Some((organization, account)) = store.found(founding, now).await? else {
            return Ok(None);
        };
        let credits = self.settings().first_credits;
        if credits > 0 {
            store.audit(FOUNDER, "credits.add", organization.id.as_str(), &credits.to_string(), now).await?;
        }
        // Whoever signs in with it is asked to choose another.
        let hash = account.password_hash.clone().unwrap_or_default();
        let change = AccountChange { password: Some((hash, true)), ..AccountChange::default() };
        store.change_account(&account.id, &change).await?;
        let seeded = seed_workflows(store, &organization.id, &account, now).await;
        seeded.map_err(|error| match error {
            DraftError::Store(error) => error,
            error => StoreError::Corrupt(error.to_string()),
        })?;
        let token = self.first_token(&account.id, &organization.id, now).await?;
        store.audit(FOUNDER, "account.create", &account.email, "", now).await?;
        Ok(Some(FirstStart { email: account.email, password, token }))
    }

    async fn first_token(
        &self,
        account: &AccountId,
        organization: &OrganizationId,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let issued = issue_token(self.store(), account, organization, "first token", now).await?;
        self.store().audit(FOUNDER, "token.create", issued.token.id.as_str(), "first token", now).await?;
        Ok(issued.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_two_parts() {
        assert!(looks_like_an_address("a@localhost") && looks_like_an_address("a.b@example.org"));
        for wrong in ["", "a", "@", "a@", "@b", "a b@c", "a@b c", "a@@b"] {
            assert!(!looks_like_an_address(wrong), "{wrong}");
        }
    }

    #[tokio::test]
    async fn passwords_are_hashed_with_argon2id_and_recognised() {
        let hash = hash_password("correct horse").await.expect("a hash");
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify_password(&hash, "correct horse").await);
        assert!(!verify_password(&hash, "battery staple").await);
        assert!(!verify_password("nonsense", "correct horse").await);
        assert!(matches!(hash_password("short").await, Err(AccountError::BadPassword)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_crowd_at_the_door_is_let_in_one_by_one() {
        let places = [place().await, place().await];
        let hashed = tokio::spawn(hash_password("correct horse"));
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert!(!hashed.is_finished(), "it waits for a place");
        drop(places);
        assert!(hashed.await.expect("an end").is_ok());
    }
}
