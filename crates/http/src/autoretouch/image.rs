//! Pictures by their hash, whatever name stands behind it.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use service::{FileFacts, StoreError};

use super::errors::Refusal;
use super::guest::Guest;
use super::types::ErrorBody;
use super::upload;
use crate::app::Doors;
use crate::send_file::{outside, send_file};
use crate::{disposition, percent};

/// A picture of the organization, uploaded or made.
///
/// Found by its hash alone; the name may be anything. Range requests and `If-None-Match` are answered.
#[utoipa::path(
    method(get, head), path = "/v1/image/{hash}/{name}", tag = "AutoRetouch", operation_id = "image",
    summary = "Fetch a picture",
    params(
        ("hash" = String, Path, description = "SHA-256 of the picture, as hexadecimal or Base64url."),
        ("name" = String, Path, description = "Any name."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
        ("Range" = Option<String>, Header, description = "One range of bytes, for GET."),
    ),
    responses(
        (status = 200, description = "The picture.", content((String = "image/jpeg"), (String = "image/png"), (String = "image/tiff"), (String = "image/webp"))),
        (status = 206, description = "The bytes asked for."),
        (status = 304, description = "The client has this picture."),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 404, description = "The organization has no such picture.", body = ErrorBody),
        (status = 416, description = "The range lies behind the picture's end.", body = ErrorBody),
    )
)]
pub(crate) async fn image(
    State(doors): State<Doors>,
    guest: Guest,
    request: Request,
) -> Result<Response, Refusal> {
    let (asked, _) = request.into_parts();
    // Read by hand: names come escaped in ways that are no UTF-8.
    let mut segments = asked.uri.path().split('/').skip(3);
    let text = |segment: Option<&str>| {
        String::from_utf8_lossy(&percent::decoded(segment.unwrap_or_default())).into_owned()
    };
    let hash = text(segments.next());
    let name = text(segments.last());
    let file = upload::stored(&doors, &guest, &hash).await?;
    send(&doors, &asked, &file, &name).await
}

/// A picture as an answer.
///
/// # Errors
/// 404 when its bytes have gone, 416 for a range outside of it.
pub(super) async fn send(
    doors: &Doors,
    asked: &Parts,
    file: &FileFacts,
    name: &str,
) -> Result<Response, Refusal> {
    let offered = disposition::offered_as(name);
    match send_file(&doors.service, &asked.method, &asked.headers, file, offered).await {
        Ok(Some(response)) => Ok(response),
        Ok(None) => {
            let message = "The range lies behind the end of the picture";
            Err(Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, message).with(outside(file.bytes)))
        }
        Err(StoreError::Missing(_)) => Err(Refusal::not_found("Image not found")),
        Err(trouble) => Err(trouble.into()),
    }
}
