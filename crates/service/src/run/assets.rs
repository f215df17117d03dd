//! Pictures that a workflow names by their content: the organization's own, fetched where blocking is fine.

use retouch::components::Assets;
use store::{ContentHash, OrganizationId, StoreError};
use tokio::runtime::Handle;

use crate::Service;

/// The pictures of one organization.
pub struct Pictures {
    service: Service,
    organization: OrganizationId,
    runtime: Handle,
}

impl Pictures {
    /// Must be called on the runtime; what it gives may be used on any thread that may block.
    pub fn new(service: Service, organization: OrganizationId) -> Self {
        Self { service, organization, runtime: Handle::current() }
    }

    async fn read(&self, hash: &ContentHash) -> Result<Option<Vec<u8>>, StoreError> {
        match self.service.store().image(&self.organization, hash).await? {
            Some(_) => Ok(Some(self.service.blobs().read(hash).await?.to_vec())),
            None => Ok(None),
        }
    }
}

impl Assets for Pictures {
    fn fetch(&self, hash: &str) -> Option<Vec<u8>> {
        let hash = ContentHash::from_hex(hash)?;
        self.runtime.block_on(self.read(&hash)).unwrap_or_else(|error| {
            tracing::warn!(%error, %hash, "a picture that a workflow names could not be read");
            None
        })
    }
}
