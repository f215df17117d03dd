//! Uploads and results of jobs for the viewer: tiles, size, thumbnail.

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use service::{FileFacts, Job};

use crate::desk::Desk;
use crate::failure::Failure;
use crate::gallery::{Part, ShowError};
use crate::visitor::Visitor;
use crate::words::jobs as words;

/// Longest edge of a thumbnail.
const LONGEST_EDGE: usize = 1024;
/// Long edge of a thumbnail when nobody says.
const USUAL_EDGE: usize = 240;
/// An address that names the content by its tag never means anything else.
const FOR_EVER: &str = "private, max-age=31536000, immutable";
/// Any other may mean another version the next time, so it is asked for again, which costs an empty answer.
const ASK_AGAIN: &str = "private, no-cache";

pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/studio/pictures/{job}/{which}/info", get(info))
        .route("/studio/pictures/{job}/{which}/thumb", get(thumb))
        .route("/studio/pictures/{job}/{which}/{level}/{column}/{row}", get(tile))
}

/// Which picture of a job.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
enum Which {
    Input,
    Result,
    /// What an earlier round brought, as long as it is kept: `result-0`.
    ResultOf(i64),
}

impl TryFrom<String> for Which {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let round = text.strip_prefix("result-").and_then(|round| round.parse().ok());
        match (text.as_str(), round) {
            ("input", _) => Ok(Self::Input),
            ("result", _) => Ok(Self::Result),
            (_, Some(round)) => Ok(Self::ResultOf(round)),
            _ => Err("input, result or result-ROUND"),
        }
    }
}

#[derive(Deserialize)]
struct Asked {
    /// Long edge of a thumbnail.
    edge: Option<usize>,
    /// The tag of the content, when the page knows it.
    v: Option<String>,
}

async fn info(
    State(desk): State<Desk>,
    visitor: Visitor,
    Path((job, which)): Path<(String, Which)>,
) -> Result<Response, Failure> {
    let file = file(&desk, &visitor, &job, which).await?;
    let size = desk.gallery().size(desk.service(), &file).await?;
    let info = json!({ "width": size.width, "height": size.height, "version": tag(&file) });
    Ok(([(CACHE_CONTROL, HeaderValue::from_static(ASK_AGAIN))], Json(info)).into_response())
}

async fn thumb(
    State(desk): State<Desk>,
    visitor: Visitor,
    Path((job, which)): Path<(String, Which)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let file = file(&desk, &visitor, &job, which).await?;
    let edge = asked.edge.unwrap_or(USUAL_EDGE).clamp(16, LONGEST_EDGE);
    part(&desk, &file, Part::Thumb(edge), asked.v.as_deref(), &headers).await
}

async fn tile(
    State(desk): State<Desk>,
    visitor: Visitor,
    Path((job, which, level, column, row)): Path<(String, Which, u8, usize, usize)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let file = file(&desk, &visitor, &job, which).await?;
    part(&desk, &file, Part::Tile(level, column, row), asked.v.as_deref(), &headers).await
}

async fn part(
    desk: &Desk,
    file: &FileFacts,
    part: Part,
    version: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let tag = tag(file);
    let kept = if version == Some(tag.as_str()) { FOR_EVER } else { ASK_AGAIN };
    // The address says the rest.
    let tag = format!("\"{tag}\"");
    if has(headers, &tag) {
        return Ok(not_modified(&tag, kept));
    }
    let jpeg = desk.gallery().part(desk.service(), file, part).await?;
    Ok(jpeg_response(jpeg, &tag, kept))
}

/// True when the browser has it.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    known.is_some_and(|list| list.split(',').any(|one| one.trim() == tag))
}

fn not_modified(tag: &str, kept: &'static str) -> Response {
    (StatusCode::NOT_MODIFIED, [(ETAG, tag.to_owned()), (CACHE_CONTROL, kept.to_owned())]).into_response()
}

fn jpeg_response(jpeg: Bytes, tag: &str, kept: &'static str) -> Response {
    let mut response = Response::new(Body::from(jpeg));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// The file of a job of the visitor's organization, if it is a picture that is still kept.
async fn file(desk: &Desk, visitor: &Visitor, job: &str, which: Which) -> Result<FileFacts, Failure> {
    let organization = &visitor.member.organization;
    let job = desk.service().job_of(organization, job).await?.filter(|job| !job.purged);
    let job = job.ok_or_else(Failure::not_found)?;
    let file = match which {
        Which::Input => Some(job.input),
        Which::Result => job.result,
        Which::ResultOf(round) => desk.service().round_result(&job, round).await?,
    };
    file.filter(is_picture).ok_or_else(Failure::not_found)
}

/// True for what the viewer can show; archives and layered files are for downloading.
fn is_picture(file: &FileFacts) -> bool {
    matches!(file.media_type.as_str(), "image/jpeg" | "image/png" | "image/tiff" | "image/webp")
}

/// True when a job's result can be shown beside its upload.
pub fn has_picture(job: &Job) -> bool {
    !job.purged && job.result.as_ref().is_some_and(is_picture)
}

/// Names the content in addresses.
fn tag(file: &FileFacts) -> String {
    file.hash.hex().chars().take(16).collect()
}

impl From<ShowError> for Failure {
    fn from(error: ShowError) -> Self {
        match error {
            ShowError::Outside | ShowError::Store(service::StoreError::Missing(_)) => Self::not_found(),
            ShowError::Store(trouble) => trouble.into(),
            ShowError::Unreadable(trouble) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, words::NOT_SHOWN, trouble.to_string())
            }
            ShowError::Stopping => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, words::NOT_NOW, words::STOPPING)
            }
        }
    }
}
