//! A picture as multipart/form-data, in every way the clients write it: names with and without quotes, parts with a
//! wrong Content-Type or none, other parts before and after.

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_DISPOSITION;
use service::{Service, SpoolError, Upload};

use super::errors::{Refusal, unkept};
use crate::app::Doors;
use crate::body::{Holdback, steady};
use crate::disposition;

/// Room for everything in a form but the picture.
const FORM_ROOM: u64 = 1024 * 1024;
/// How much of a picture that is too large is read on, so that a client that sends first and listens later still hears
/// why it was refused.
const POLITENESS: u64 = 1024 * 1024 * 1024;
/// Most parts of one form.
const MAX_PARTS: usize = 64;

/// A picture that came in a form.
pub struct PictureForm {
    /// Its bytes.
    pub upload: Upload,
    /// Its name as given; may be empty.
    pub name: String,
}

impl PictureForm {
    /// Reads a form to its end.
    ///
    /// # Errors
    /// 400 without form or `file`, 422 for a file that is too large.
    pub async fn read(doors: &Doors, request: Request) -> Result<Self, Refusal> {
        let holdback = Holdback::default();
        let limit = doors.service.settings().limits.max_bytes;
        let (parts, body) = request.into_parts();
        let body = steady(body, doors.settings.uploads, limit + FORM_ROOM + POLITENESS, holdback.clone());
        let no_form = |_| Refusal::bad("No form: send multipart/form-data with a part file").closing();
        let mut form =
            Multipart::from_request(Request::from_parts(parts, body), &()).await.map_err(no_form)?;
        let mut found = None;
        let mut count = 0;
        while let Some(field) = form.next_field().await.map_err(unreadable)? {
            holdback.release();
            count += 1;
            if count > MAX_PARTS {
                return Err(Refusal::bad("The form has too many parts: send file").closing());
            }
            if field.name() == Some("file") && found.is_none() {
                found = Some(take(&doors.service, field, &holdback).await?);
            } else {
                drain(field, &holdback).await?;
            }
        }
        let (upload, name) = found.ok_or_else(|| Refusal::bad("The form has no part file"))?;
        let upload = upload.map_err(|trouble| unkept(trouble, doors))?;
        Ok(Self { upload, name })
    }
}

/// The part's bytes and name; a part that cannot be kept is read to its end all the same.
async fn take(
    service: &Service,
    mut field: Field<'_>,
    holdback: &Holdback,
) -> Result<(Result<Upload, SpoolError>, String), Refusal> {
    let header = field.headers().get(CONTENT_DISPOSITION).map(|value| value.as_bytes());
    let name = header.and_then(disposition::given_name).unwrap_or_default();
    let mut spool = service.spool().await;
    while let Some(piece) = field.chunk().await.map_err(unreadable)? {
        holdback.release();
        if let Ok(open) = &mut spool
            && let Err(trouble) = open.write(&piece).await
        {
            spool = Err(trouble);
        }
    }
    let upload = match spool {
        Ok(spool) => spool.finish().await,
        Err(trouble) => Err(trouble),
    };
    Ok((upload, name))
}

async fn drain(mut field: Field<'_>, holdback: &Holdback) -> Result<(), Refusal> {
    while field.chunk().await.map_err(unreadable)?.is_some() {
        holdback.release();
    }
    Ok(())
}

fn unreadable(error: MultipartError) -> Refusal {
    // The innermost cause says it best: a stalled upload, a part without end.
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Refusal::bad(format!("The form cannot be read ({cause}): send it again")).closing()
}
