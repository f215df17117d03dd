//! Looking at an upload before it is accepted: its header only.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use pixel::codec::{DecodeError, Limits, probe, sniff};

use crate::settings::{UploadFormat, UploadLimits};
use crate::{Service, Upload};

/// How much of a file is looked at, step by step; the header of nearly every picture is in the first.
pub(crate) const LOOKS: [u64; 2] = [256 * 1024, 4 * 1024 * 1024];

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureFacts {
    /// Format by content.
    pub format: UploadFormat,
    /// Its media type.
    pub media_type: &'static str,
    /// Stored width in pixels.
    pub width: u32,
    /// Stored height in pixels.
    pub height: u32,
}

/// Why a picture is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum PictureRefused {
    /// No picture at all.
    #[error("the file is no {0} picture: export it as one")]
    NotAPicture(String),
    /// A picture of a format that is not accepted.
    #[error("{format} pictures are not accepted: send {accepted}")]
    FormatNotAccepted {
        /// What it is.
        format: UploadFormat,
        /// What is accepted.
        accepted: String,
    },
    /// Too many bytes.
    #[error("the file is larger than {0} MB: send a smaller one")]
    TooManyBytes(f64),
    /// Too many pixels.
    #[error(
        "the picture has {width} x {height} pixels and at most {limit} megapixels are accepted: scale it down"
    )]
    TooManyPixels {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
        /// Limit in millions of pixels.
        limit: f64,
    },
    /// A damaged picture, or one of an odd kind; the text says what to do.
    #[error("{0}")]
    Undecodable(String),
    /// The spool made trouble; not the picture's fault.
    #[error("the file could not be read on the server: send it again")]
    Unreadable,
}

impl Service {
    /// Reads what the header of an upload says and checks it against the limits.
    ///
    /// # Errors
    /// See [`PictureRefused`].
    pub async fn survey(&self, upload: &Upload) -> Result<PictureFacts, PictureRefused> {
        self.survey_within(upload, self.settings().limits.clone()).await
    }

    /// The same for a picture of a workflow, which takes more formats.
    ///
    /// # Errors
    /// See [`PictureRefused`].
    pub async fn survey_for_workflow(&self, upload: &Upload) -> Result<PictureFacts, PictureRefused> {
        self.survey_within(upload, self.settings().picture_limits()).await
    }

    async fn survey_within(
        &self,
        upload: &Upload,
        limits: UploadLimits,
    ) -> Result<PictureFacts, PictureRefused> {
        let (path, bytes) = (upload.path().to_owned(), upload.bytes);
        let looked = tokio::task::spawn_blocking(move || survey(&path, bytes, &limits));
        looked.await.unwrap_or(Err(PictureRefused::Unreadable))
    }
}

fn survey(path: &Path, bytes: u64, limits: &UploadLimits) -> Result<PictureFacts, PictureRefused> {
    if bytes > limits.max_bytes {
        return Err(PictureRefused::TooManyBytes(limits.max_bytes as f64 / 1_048_576.0));
    }
    let mut file = File::open(path).map_err(unreadable)?;
    let mut seen = Vec::new();
    for end in LOOKS.into_iter().map(|end| end.min(bytes)).chain([bytes]) {
        let more = end.saturating_sub(seen.len() as u64);
        file.by_ref().take(more).read_to_end(&mut seen).map_err(unreadable)?;
        if let Some(facts) = look(&seen, bytes, limits)? {
            return Ok(facts);
        }
    }
    Err(PictureRefused::Unreadable)
}

/// What the beginning of a file of so many bytes says; nothing when its header may go on behind.
pub(crate) fn look(
    seen: &[u8],
    bytes: u64,
    limits: &UploadLimits,
) -> Result<Option<PictureFacts>, PictureRefused> {
    let format = accepted(seen, limits)?;
    let probing = Limits { max_bytes: u64::MAX, max_pixels: limits.max_pixels() };
    match probe(seen, &probing) {
        Ok(header) => {
            let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
            Ok(Some(PictureFacts {
                format,
                media_type: format.mime_type(),
                width: side(header.size.width),
                height: side(header.size.height),
            }))
        }
        Err(DecodeError::TooManyPixels { width, height, .. }) => {
            Err(PictureRefused::TooManyPixels { width, height, limit: limits.max_megapixels })
        }
        Err(error) if seen.len() as u64 >= bytes => Err(PictureRefused::Undecodable(error.to_string())),
        Err(_) => Ok(None),
    }
}

fn accepted(beginning: &[u8], limits: &UploadLimits) -> Result<UploadFormat, PictureRefused> {
    let names: Vec<String> = limits.formats.iter().map(ToString::to_string).collect();
    let accepted = names.join(" or ");
    match sniff(beginning) {
        None => Err(PictureRefused::NotAPicture(accepted)),
        Some(format) if !limits.formats.contains(&format) => {
            Err(PictureRefused::FormatNotAccepted { format, accepted })
        }
        Some(format) => Ok(format),
    }
}

fn unreadable(error: std::io::Error) -> PictureRefused {
    tracing::error!(%error, "an upload in the spool could not be read");
    PictureRefused::Unreadable
}
