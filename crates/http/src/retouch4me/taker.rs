//! The file of a form on its way into the service's spool.

use service::{Service, Spool, SpoolError, Upload};
use tracing::{debug, error};

use super::upload_form::{FileTaker, FileTrouble};

/// Spools a file while it arrives, unless its token is refused already.
pub struct SpoolTaker<'a> {
    service: &'a Service,
    header_token: Option<String>,
    spool: Option<Spool>,
}

impl<'a> SpoolTaker<'a> {
    /// A taker for one form; `header_token` wins over the form's own.
    pub fn new(service: &'a Service, header_token: Option<String>) -> Self {
        Self { service, header_token, spool: None }
    }

    /// The file, whole and hashed.
    pub async fn finish(self) -> Option<Upload> {
        match self.spool?.finish().await {
            Ok(upload) => Some(upload),
            Err(trouble) => {
                error!(%trouble, "an upload could not be kept");
                None
            }
        }
    }
}

impl FileTaker for SpoolTaker<'_> {
    async fn begin(&mut self, token: Option<&str>) -> bool {
        let known = self.header_token.as_deref().or(token);
        match known {
            // Nobody without a token fills the disk. A token that is still to come is waited for; a
            // database that is gone is told of later.
            Some(token) => !matches!(
                self.service.retouch_token(token).await,
                Err(service::TokenError::Missing | service::TokenError::Unknown)
            ),
            None => true,
        }
    }

    async fn take(&mut self, piece: &[u8]) -> Result<(), FileTrouble> {
        if self.spool.is_none() {
            self.spool = Some(self.service.spool().await.map_err(refused)?);
        }
        let Some(spool) = &mut self.spool else { return Err(FileTrouble::NotKept) };
        let taken = spool.write(piece).await.map_err(refused);
        if taken.is_err() {
            // What was written so far is of no use to anyone.
            self.spool = None;
        }
        taken
    }
}

fn refused(error: SpoolError) -> FileTrouble {
    match error {
        SpoolError::TooLarge => {
            debug!("an upload is too large");
            FileTrouble::TooLarge
        }
        trouble => {
            error!(%trouble, "an upload could not be kept");
            FileTrouble::NotKept
        }
    }
}
