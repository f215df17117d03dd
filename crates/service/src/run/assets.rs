//! Pictures that a workflow names by their content: the organization's own, fetched where blocking is fine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use retouch::components::Assets;
use store::{ContentHash, OrganizationId, StoreError};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::watch::Overseer;
use super::{FIRST_PAUSE, LONGEST_PAUSE};
use crate::Service;

/// The pictures of one organization.
pub struct Pictures {
    service: Service,
    organization: OrganizationId,
    runtime: Handle,
    /// Of whoever can wait for a store that is away, and when to stop.
    overseer: Option<Arc<Overseer>>,
    gave_up: Arc<AtomicBool>,
}

impl Pictures {
    /// For somebody who looks: what cannot be had at once is not there. Must be called on the runtime; what it gives may
    /// be used on any thread that may block.
    pub fn new(service: Service, organization: OrganizationId) -> Self {
        let runtime = Handle::current();
        Self { service, organization, runtime, overseer: None, gave_up: Arc::default() }
    }

    /// For an attempt: a store that is away is waited for until the attempt must stop.
    pub(super) fn of_attempt(
        service: Service,
        organization: OrganizationId,
        overseer: Arc<Overseer>,
    ) -> Self {
        Self { overseer: Some(overseer), ..Self::new(service, organization) }
    }

    /// Becomes true when a picture was waited for in vain: that it was not given does not mean that it is not there.
    pub(super) fn gave_up(&self) -> Arc<AtomicBool> {
        self.gave_up.clone()
    }

    async fn find(&self, hash: &ContentHash) -> Option<Vec<u8>> {
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.read(hash).await {
                Ok(found) => return found,
                Err(error) => error,
            };
            // Missing for good only if the store itself is there to say so.
            let is_gone = matches!(error, StoreError::Missing(_))
                && matches!(self.service.blobs().size(hash).await, Ok(None));
            if pause == FIRST_PAUSE {
                tracing::warn!(%error, %hash, "a picture that a workflow names could not be read");
            }
            let overseer = self.overseer.as_ref().filter(|_| !is_gone)?;
            if timeout(pause, overseer.stopped()).await.is_ok() {
                self.gave_up.store(true, Ordering::Release);
                return None;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
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
        self.runtime.block_on(self.find(&hash))
    }
}
