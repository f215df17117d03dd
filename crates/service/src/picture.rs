//! Pictures that stay: uploads that wait for jobs, and whatever a job made of them.

use std::ops::Range;

use store::{ContentHash, FileFacts, Organization, StoreError};

use crate::jobs::FileStream;
use crate::survey::{LOOKS, look};
use crate::{PictureFacts, PictureRefused, Service, Upload};

impl Service {
    /// Keeps an upload for an organization until it is used or its time is over. Keeping it again renews it.
    ///
    /// # Errors
    /// When database or store are away, or full.
    pub async fn keep_picture(
        &self,
        organization: &Organization,
        upload: Upload,
        facts: &PictureFacts,
        name: &str,
    ) -> Result<FileFacts, StoreError> {
        let file = FileFacts {
            hash: upload.hash,
            name: crate::submit::short_name(name),
            media_type: facts.media_type.to_owned(),
            bytes: i64::try_from(upload.bytes).unwrap_or(i64::MAX),
        };
        self.store_upload(&file, &upload).await?;
        self.store().keep_upload(&organization.id, &file, self.now()).await?;
        Ok(file)
    }

    /// A picture of an organization, uploaded or made, by its content; another organization's are not there.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn picture(
        &self,
        organization: &Organization,
        hash: &ContentHash,
    ) -> Result<Option<FileFacts>, StoreError> {
        self.store().image(&organization.id, hash).await
    }

    /// All of a picture's bytes, piece by piece.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when they have gone.
    pub async fn open_picture(&self, file: &FileFacts) -> Result<FileStream, StoreError> {
        let all: Range<u64> = 0..u64::try_from(file.bytes).unwrap_or(0);
        self.open(file, all).await
    }

    /// What the header of a stored picture says.
    ///
    /// # Errors
    /// [`PictureRefused::Unreadable`] when its bytes cannot be had.
    pub async fn survey_picture(&self, file: &FileFacts) -> Result<PictureFacts, PictureRefused> {
        use futures_util::TryStreamExt as _;
        let size = u64::try_from(file.bytes).unwrap_or(0);
        let limits = self.settings().picture_limits();
        for end in LOOKS.into_iter().map(|look| look.min(size)).chain([size]) {
            let unreadable = |error: StoreError| {
                tracing::warn!(%error, "a stored picture could not be read");
                PictureRefused::Unreadable
            };
            let pieces = self.open(file, 0..end).await.map_err(unreadable)?;
            let beginning = pieces.try_fold(Vec::new(), |mut all, piece| async move {
                all.extend_from_slice(&piece);
                Ok(all)
            });
            if let Some(facts) = look(&beginning.await.map_err(unreadable)?, size, &limits)? {
                return Ok(facts);
            }
        }
        Err(PictureRefused::Unreadable)
    }
}
