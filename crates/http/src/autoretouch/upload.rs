//! Uploads: by form or by address; and whether a picture is there.

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use service::{FetchError, FileFacts, PictureFacts, Upload};

use super::content_hash;
use super::errors::{Refusal, unkept};
use super::guest::Guest;
use super::picture_form::PictureForm;
use super::types::{ErrorBody, PictureFields, Urls};
use crate::app::Doors;
use crate::body::small;
use crate::reply;

/// Most addresses in one request.
const MOST_URLS: usize = 100;
/// Addresses fetched at a time.
const AT_A_TIME: usize = 4;
/// Longest JSON body.
const MAX_JSON: u64 = 1024 * 1024;
/// How results are named that have no name.
const NAMELESS: &str = "image";

/// Keeps pictures.
///
/// As a form, the answer is the picture's hash and nothing else. As JSON with `urls`, the server fetches each picture
/// from its public address and answers with their hashes; all of them are kept or none.
#[utoipa::path(
    post, path = "/v1/upload", tag = "AutoRetouch", operation_id = "upload", summary = "Upload a picture",
    params(("organization" = Option<String>, Query, description = "Another of your organizations than the token's.")),
    request_body(content((PictureFields = "multipart/form-data"), (Urls = "application/json"))),
    responses(
        (status = 201, description = "Kept; the hash, 64 lowercase hexadecimal digits.", content((String = "text/plain"), (Urls = "application/json"))),
        (status = 400, description = "No form with `file`, and no JSON with `urls`.", body = ErrorBody),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 403, description = "You are no member of the organization.", body = ErrorBody),
        (status = 422, description = "A picture that cannot be used or fetched.", body = ErrorBody),
        (status = 503, description = "The store is not there or full.", body = ErrorBody),
    )
)]
pub(crate) async fn upload(
    State(doors): State<Doors>,
    guest: Guest,
    request: Request,
) -> Result<Response, Refusal> {
    if !is_form(request.headers()) {
        let wanted: Urls = json(&doors, request).await?;
        let urls = by_address(&doors, &guest, wanted.urls).await?;
        return Ok(reply::json(201, &Urls { urls }));
    }
    let form = PictureForm::read(&doors, request).await?;
    let (file, _) = keep(&doors, &guest, form.upload, &form.name).await?;
    Ok(created(&file.hash.hex()))
}

/// Whether the organization has a picture.
#[utoipa::path(
    head, path = "/v1/upload", tag = "AutoRetouch", operation_id = "isUploaded",
    summary = "Ask whether a picture is there",
    params(
        ("contentHash" = String, Query, description = "Its hash, as hexadecimal or Base64."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
    ),
    responses(
        (status = 200, description = "It is there."),
        (status = 400, description = "No `contentHash`."),
        (status = 404, description = "It was never uploaded, or has been removed."),
    )
)]
pub(crate) async fn is_there(State(doors): State<Doors>, guest: Guest) -> Result<Response, Refusal> {
    let text = guest.query.get("contentHash").ok_or_else(|| Refusal::bad("contentHash is missing"))?;
    stored(&doors, &guest, text).await?;
    Ok(StatusCode::OK.into_response())
}

/// A picture of the organization by any spelling of its hash.
///
/// # Errors
/// 404.
pub(super) async fn stored(doors: &Doors, guest: &Guest, hash: &str) -> Result<FileFacts, Refusal> {
    let found = match content_hash::read(hash) {
        Some(hash) => doors.service.picture(guest.organization(), &hash).await?,
        None => None,
    };
    found.ok_or_else(|| Refusal::not_found("Image not found"))
}

/// Checks a picture and keeps it.
///
/// # Errors
/// 422 for what is no picture.
pub(super) async fn keep(
    doors: &Doors,
    guest: &Guest,
    upload: Upload,
    name: &str,
) -> Result<(FileFacts, PictureFacts), Refusal> {
    let facts = doors.service.survey_for_workflow(&upload).await?;
    let name = if name.is_empty() { NAMELESS } else { name };
    let file = doors.service.keep_picture(guest.organization(), upload, &facts, name).await?;
    Ok((file, facts))
}

/// True for a form; everything else is read as JSON, whatever it says it is.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
    kind.is_some_and(|kind| kind.trim_ascii_start().starts_with(b"multipart/"))
}

/// A body as JSON.
///
/// # Errors
/// 400 when it is none, or lacks what is needed.
pub(super) async fn json<T: DeserializeOwned>(doors: &Doors, request: Request) -> Result<T, Refusal> {
    let body = small(request.into_body(), doors.settings.uploads, MAX_JSON).await?;
    serde_json::from_slice(&body)
        .map_err(|error| Refusal::bad(format!("The body is not the JSON expected here: {error}")))
}

/// The bare text that answers an upload or a creation.
pub(super) fn created(text: &str) -> Response {
    let mut response = (StatusCode::CREATED, text.to_owned()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// All or nothing: nothing is kept before everything has been fetched and looked at.
async fn by_address(
    doors: &Doors,
    guest: &Guest,
    urls: Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    if urls.is_empty() || urls.len() > MOST_URLS {
        return Err(Refusal::bad(format!("Send from 1 to {MOST_URLS} urls")));
    }
    let fetched = stream::iter(urls).map(async |(name, address)| {
        let fetched = fetched(doors, address.as_str().unwrap_or_default()).await;
        (name, fetched)
    });
    let fetched: Vec<_> = fetched.buffered(AT_A_TIME).collect().await;
    let mut pictures = Vec::new();
    let mut refused = Vec::new();
    for (name, fetched) in fetched {
        match fetched {
            Ok((upload, facts)) => pictures.push((name, upload, facts)),
            Err(refusal) if refusal.is_ours() => return Err(refusal),
            Err(refusal) => refused.push(format!("{name}: {}", refusal.message())),
        }
    }
    if !refused.is_empty() {
        return Err(Refusal::unprocessable(format!("Nothing was kept. {}", refused.join("; "))));
    }
    let mut hashes = Map::new();
    for (name, upload, facts) in pictures {
        let file = doors.service.keep_picture(guest.organization(), upload, &facts, &name).await?;
        hashes.insert(name, Value::from(file.hash.hex()));
    }
    Ok(hashes)
}

async fn fetched(doors: &Doors, address: &str) -> Result<(Upload, PictureFacts), Refusal> {
    let upload = doors.service.fetch_picture(address).await.map_err(|error| match error {
        FetchError::Spool(trouble) => unkept(trouble, doors),
        error => error.into(),
    })?;
    let facts = doors.service.survey_for_workflow(&upload).await?;
    Ok((upload, facts))
}
