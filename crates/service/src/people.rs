//! Who belongs where.

use store::{Account, AccountId, Organization, Role, StoreError};

use crate::Service;

impl Service {
    /// The organizations of an account and its roles there, oldest first.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn memberships(&self, account: &Account) -> Result<Vec<(Organization, Role)>, StoreError> {
        self.store().organizations_of(&account.id).await
    }

    /// The people of an organization and their roles in it.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn people(&self, organization: &Organization) -> Result<Vec<(Account, Role)>, StoreError> {
        self.store().members(&organization.id).await
    }

    /// Who has this account.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn person(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        self.store().account(id).await
    }
}
