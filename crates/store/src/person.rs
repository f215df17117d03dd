//! What people change about their accounts.

use crate::db::{row, value};
use crate::{Account, AccountId, Store, StoreError};

/// What is to be different about an account; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// The address to sign in with; made lower case.
    pub email: Option<String>,
    /// Name given; inner `None` for none.
    pub given_name: Option<Option<String>>,
    /// Name of the family; inner `None` for none.
    pub family_name: Option<Option<String>>,
    /// A password's hash, and whether somebody else chose the password.
    pub password: Option<(String, bool)>,
    /// True when it may do nothing any more.
    pub disabled: Option<bool>,
    /// True for those who run the house.
    pub operator: Option<bool>,
}

impl Store {
    /// Changes an account; gives it as it is then.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without the account, [`StoreError::Conflict`] when the address is another's.
    pub async fn change_account(
        &self,
        account: &AccountId,
        change: &AccountChange,
    ) -> Result<Account, StoreError> {
        let (id, change) = (account.clone(), change.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let found =
                        row!(Account, &mut conn, "SELECT * FROM accounts WHERE id = $1", id.as_str())?;
                    let was = found.ok_or(StoreError::Missing("account"))?;
                    let (hash, provisional) = match change.password {
                        Some((hash, provisional)) => (Some(hash), provisional),
                        None => (was.password_hash, was.provisional),
                    };
                    let changed = row!(
                        Account,
                        &mut conn,
                        "UPDATE accounts SET email = $2, given_name = $3, family_name = $4, password_hash = $5,
                             provisional = $6, disabled = $7, operator = $8
                         WHERE id = $1 RETURNING *",
                        id.as_str(),
                        change.email.map_or(was.email, |email| email.to_lowercase()),
                        change.given_name.unwrap_or(was.given_name),
                        change.family_name.unwrap_or(was.family_name),
                        hash,
                        provisional,
                        change.disabled.unwrap_or(was.disabled),
                        change.operator.unwrap_or(was.operator)
                    );
                    let changed = changed.map_err(|error| error.named("an account with this address"))?;
                    changed.ok_or(StoreError::Missing("account"))
                })
            })
            .await
    }

    /// How many accounts run the house and may sign in.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn count_operators(&self) -> Result<i64, StoreError> {
        let mut conn = self.db.read().await?;
        let count =
            value!(i64, &mut conn.conn(), "SELECT COUNT(*) FROM accounts WHERE operator AND NOT disabled")?;
        Ok(count.unwrap_or(0))
    }
}
