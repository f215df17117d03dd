//! What a caller may still do.

use store::{Organization, Standing, StoreError};

use crate::{Caller, Service};

impl Service {
    /// Credits and today's allowance of the organization that pays for a caller.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn standing(&self, caller: &Caller) -> Result<Standing, StoreError> {
        self.standing_of(&caller.organization).await
    }

    /// Credits and today's allowance of an organization.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn standing_of(&self, organization: &Organization) -> Result<Standing, StoreError> {
        self.store().standing(&organization.id, self.now()).await
    }
}
