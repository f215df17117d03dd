//! The form of `start`: parts in any order, the file handed on piece by piece, texts kept short.

use std::future::Future;

use axum::extract::Multipart;
use axum::extract::multipart::Field;
use axum::http::header::CONTENT_DISPOSITION;

use crate::body::Holdback;
use crate::disposition;

/// Most parts of one form.
const MAX_PARTS: usize = 64;
/// Longest token in bytes.
const MAX_TOKEN: usize = 4 * 1024;
/// Longest task list in bytes.
const MAX_PAYLOAD: usize = 256 * 1024;
/// Longest webhook address in bytes.
const MAX_HOOK: usize = 4 * 1024;

/// Takes the file while the form is still being read.
pub trait FileTaker: Send {
    /// The file begins. `token` is what the form said before it; false throws the file away unread,
    /// because the request will be refused anyway.
    fn begin(&mut self, token: Option<&str>) -> impl Future<Output = bool> + Send;
    /// The next piece.
    fn take(&mut self, piece: &[u8]) -> impl Future<Output = Result<(), FileTrouble>> + Send;
}

/// Why a file was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileTrouble {
    /// Longer than this server takes.
    TooLarge,
    /// The disk is full or broken.
    NotKept,
}

/// What became of the file part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FilePart {
    /// There was none, or an empty one as browsers send when no file was chosen.
    #[default]
    Missing,
    /// Handed to the taker whole.
    Taken {
        /// The name the client gave.
        name: String,
    },
    /// Read but thrown away at the taker's wish.
    Skipped,
    /// Read to its end for politeness, but not kept.
    Refused(FileTrouble),
}

/// A text part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// As sent.
    Whole(String),
    /// Longer than the field may be: its limit in bytes.
    TooLong(usize),
    /// Not UTF-8.
    Garbled,
}

/// The parts of a form, in whatever order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartForm {
    /// The picture.
    pub file: FilePart,
    /// The user's token.
    pub token: Option<Text>,
    /// The task list as JSON.
    pub payload: Option<Text>,
    /// The address to call.
    pub hook: Option<Text>,
}

/// A form that cannot be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum FormTrouble {
    /// The parser's words.
    #[error("the form cannot be read ({0}): send multipart/form-data with file, token and payload")]
    Unreadable(String),
    /// Parts without end.
    #[error("the form has more than {MAX_PARTS} parts: send file, token, payload and hook")]
    TooManyParts,
    /// Two pictures.
    #[error("the form has two files: send one picture a request")]
    TwoFiles,
}

impl From<axum::extract::multipart::MultipartError> for FormTrouble {
    fn from(error: axum::extract::multipart::MultipartError) -> Self {
        // The innermost cause says it best: a stalled upload, a part without end.
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        Self::Unreadable(cause.to_string())
    }
}

impl StartForm {
    /// Reads a form to its end.
    ///
    /// # Errors
    /// [`FormTrouble`] when it has no end or no shape.
    pub async fn read(
        mut form: Multipart,
        holdback: &Holdback,
        taker: &mut impl FileTaker,
    ) -> Result<Self, FormTrouble> {
        let mut read = Self::default();
        let mut parts = 0;
        while let Some(field) = form.next_field().await? {
            holdback.release();
            parts += 1;
            if parts > MAX_PARTS {
                return Err(FormTrouble::TooManyParts);
            }
            match field.name() {
                Some("file") => read.take_file(field, holdback, taker).await?,
                Some("token") => keep_first(&mut read.token, text(field, MAX_TOKEN, holdback).await?),
                Some("payload") => keep_first(&mut read.payload, text(field, MAX_PAYLOAD, holdback).await?),
                Some("hook") => keep_first(&mut read.hook, text(field, MAX_HOOK, holdback).await?),
                _ => drop(text(field, 0, holdback).await?),
            }
        }
        Ok(read)
    }

    async fn take_file(
        &mut self,
        mut field: Field<'_>,
        holdback: &Holdback,
        taker: &mut impl FileTaker,
    ) -> Result<(), FormTrouble> {
        let header = field.headers().get(CONTENT_DISPOSITION).map(|value| value.as_bytes());
        let name = header.and_then(disposition::file_name).unwrap_or_default();
        let token = match &self.token {
            Some(Text::Whole(token)) => Some(token.as_str()),
            _ => None,
        };
        let mut part = FilePart::Missing;
        while let Some(piece) = field.chunk().await? {
            holdback.release();
            if piece.is_empty() {
                continue;
            }
            if part == FilePart::Missing {
                if self.file != FilePart::Missing {
                    return Err(FormTrouble::TwoFiles);
                }
                part = match taker.begin(token).await {
                    true => FilePart::Taken { name: name.clone() },
                    false => FilePart::Skipped,
                };
            }
            if let FilePart::Taken { .. } = part
                && let Err(trouble) = taker.take(&piece).await
            {
                part = FilePart::Refused(trouble);
            }
        }
        if part != FilePart::Missing {
            self.file = part;
        }
        Ok(())
    }
}

fn keep_first(place: &mut Option<Text>, text: Text) {
    place.get_or_insert(text);
}

/// A part as text; what is over the limit is read and dropped, so that the other parts are still seen.
async fn text(mut field: Field<'_>, limit: usize, holdback: &Holdback) -> Result<Text, FormTrouble> {
    let mut bytes = Vec::new();
    let mut is_over = false;
    while let Some(piece) = field.chunk().await? {
        holdback.release();
        is_over = is_over || bytes.len() + piece.len() > limit;
        if !is_over {
            bytes.extend_from_slice(&piece);
        }
    }
    Ok(match String::from_utf8(bytes) {
        _ if is_over => Text::TooLong(limit),
        Ok(text) => Text::Whole(text),
        Err(_) => Text::Garbled,
    })
}

#[cfg(test)]
mod tests;
