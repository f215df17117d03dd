//! What people change about their own account.

use store::{Account, AccountChange, StoreError};

use crate::account::{FOUNDER_EMAIL, looks_like_an_address};
use crate::secret::hash;
use crate::{AccountError, Member, Service, hash_password, new_hook_secret, verify_password};

/// Longest part of a name in characters.
const LONGEST_NAME: usize = 100;

/// Why an account stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The password in use was asked for and another one was given.
    #[error("the password you use now is another one")]
    WrongPassword,
    /// Too many wrong passwords.
    #[error("there were too many tries: wait a quarter of an hour")]
    TooManyTries,
    /// The new password is the old one.
    #[error("the new password is the one you use now: choose another")]
    SamePassword,
    /// Longer than names are.
    #[error("a name has {LONGEST_NAME} characters at most")]
    LongName,
    /// Another account has the address.
    #[error("another account has this address")]
    Taken,
    /// Address or password cannot be used.
    #[error(transparent)]
    Unfit(AccountError),
    /// The database is away.
    #[error(transparent)]
    Store(StoreError),
}

impl From<AccountError> for ProfileError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Store(error) => error.into(),
            error => Self::Unfit(error),
        }
    }
}

impl From<StoreError> for ProfileError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) => Self::Taken,
            error => Self::Store(error),
        }
    }
}

/// What an account still has from whoever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstSteps {
    /// Its password was chosen by somebody else.
    pub password: bool,
    /// Its address is the one every house begins with.
    pub email: bool,
}

impl FirstSteps {
    /// What is left to do for an account; nothing when it is all its owner's own.
    pub fn of(account: &Account) -> Option<Self> {
        let steps = Self { password: account.provisional, email: account.email == FOUNDER_EMAIL };
        (steps.password || steps.email).then_some(steps)
    }
}

impl Service {
    /// Gives an account another password and signs its other browsers out. `cookie` is that of the session that stays.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub async fn change_password(
        &self,
        account: &Account,
        old: &str,
        new: &str,
        cookie: &str,
    ) -> Result<(), ProfileError> {
        self.prove(account, old).await?;
        if old == new {
            return Err(ProfileError::SamePassword);
        }
        let password = Some((hash_password(new).await?, false));
        let change = AccountChange { password, ..AccountChange::default() };
        self.store().change_account(&account.id, &change).await?;
        self.store().end_other_sessions(&account.id, Some(&hash(cookie))).await?;
        self.store().audit(&account.email, "account.password", &account.email, "", self.now()).await?;
        Ok(())
    }

    /// Gives an account another address to sign in with.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub async fn change_email(
        &self,
        account: &Account,
        password: &str,
        email: &str,
    ) -> Result<(), ProfileError> {
        self.prove(account, password).await?;
        let email = email.trim();
        if !looks_like_an_address(email) {
            return Err(AccountError::NotAnAddress(email.to_owned()).into());
        }
        let change = AccountChange { email: Some(email.to_owned()), ..AccountChange::default() };
        let changed = self.store().change_account(&account.id, &change).await?;
        self.store().audit(&account.email, "account.email", &changed.email, "", self.now()).await?;
        Ok(())
    }

    /// Gives an account other names; empty ones are none.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub async fn change_names(
        &self,
        account: &Account,
        given: &str,
        family: &str,
    ) -> Result<(), ProfileError> {
        let name = |text: &str| {
            let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
            if text.chars().count() > LONGEST_NAME {
                return Err(ProfileError::LongName);
            }
            Ok(Some(text).filter(|text| !text.is_empty()))
        };
        let change = AccountChange {
            given_name: Some(name(given)?),
            family_name: Some(name(family)?),
            ..AccountChange::default()
        };
        self.store().change_account(&account.id, &change).await?;
        Ok(())
    }

    /// Gives an account another secret for its webhooks; signatures by the old one end at once.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn renew_hook_secret(&self, member: &Member) -> Result<String, StoreError> {
        let secret = new_hook_secret();
        let email = &member.account.email;
        self.store().set_hook_secret(&member.account.id, &secret).await?;
        self.store().audit(email, "hook-secret.renew", email, "", self.now()).await?;
        Ok(secret)
    }

    /// Asks for the password in use; wrong ones are counted.
    async fn prove(&self, account: &Account, password: &str) -> Result<(), ProfileError> {
        let (name, now) = (format!("proof {}", account.id), self.now());
        if self.sign_in_throttle().is_shut(&name, now) {
            return Err(ProfileError::TooManyTries);
        }
        let hash = account.password_hash.as_deref().unwrap_or_default();
        if !verify_password(hash, password).await {
            self.sign_in_throttle().failed(&name, now);
            return Err(ProfileError::WrongPassword);
        }
        self.sign_in_throttle().succeeded(&name);
        Ok(())
    }
}
