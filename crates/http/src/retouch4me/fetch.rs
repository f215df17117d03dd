//! `status` and `getFile`: guarded by the id alone.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use service::{Dialect, Job, JobState};
use tracing::error;

use super::errors::Refusal;
use super::status as words;
use super::types::{ErrorBody, LostBody, StatusBody};
use crate::app::Doors;
use crate::around::note_job;
use crate::send_file::{outside, send_file};
use crate::{address, disposition, reply};

/// How a task is doing.
///
/// Poll once a second at most; `completed` and `failed` are final.
#[utoipa::path(
    get, path = "/api/v1/retoucher/status/{id}", tag = "Retouching", operation_id = "status",
    summary = "Ask how a task is doing",
    params(("id" = String, Path, description = "The id that start gave.")),
    responses(
        (status = 200, description = "The task's status.", body = StatusBody),
        (status = 404, description = "No such task, or it has expired. The body carries `state` `failed`, so that every client stops asking.", body = LostBody),
        (status = 429, description = "Too many requests; `Retry-After` says when to come again.", body = ErrorBody),
        (status = 500, description = "Trouble on the server; ask again.", body = ErrorBody),
    )
)]
pub(crate) async fn status(
    State(doors): State<Doors>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let (asked, _) = request.into_parts();
    match job(&doors, id, &asked).await? {
        Some(job) => Ok(reply::json(200, &words::status(&job))),
        None => Ok(lost()),
    }
}

/// The status of no task at all.
///
/// The published PHP client asks for this after a refused start.
#[utoipa::path(
    get, path = "/api/v1/retoucher/status", tag = "Retouching", operation_id = "statusOfNothing",
    summary = "Ask without an id",
    responses((status = 404, description = "Always.", body = LostBody))
)]
pub(crate) async fn status_of_nothing() -> Response {
    lost()
}

/// The result of a completed task.
///
/// A JPEG or PNG like the upload, a ZIP when a task has `Layer` 1, JSON in mode `facefeatures`. It may be
/// fetched any number of times until `expireDate`. Range requests and `If-None-Match` are answered.
#[utoipa::path(
    method(get, head), path = "/api/v1/retoucher/getFile/{id}", tag = "Retouching", operation_id = "getFile",
    summary = "Fetch the result",
    params(
        ("id" = String, Path, description = "The id that start gave."),
        ("Range" = Option<String>, Header, description = "One range of bytes, for GET; several are answered with the whole file."),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of an earlier answer."),
    ),
    responses(
        (status = 200, description = "The file, named after the upload in Content-Disposition.", content(
            (String = "image/jpeg"), (String = "image/png"), (String = "application/zip"), (String = "application/json"),
        )),
        (status = 206, description = "The bytes asked for."),
        (status = 304, description = "The client has this file."),
        (status = 404, description = "No such task, `Result is not ready`, or why the task failed.", body = ErrorBody),
        (status = 416, description = "The range lies behind the file's end.", body = ErrorBody),
        (status = 429, description = "Too many requests; `Retry-After` says when to come again.", body = ErrorBody),
        (status = 500, description = "Trouble on the server; ask again.", body = ErrorBody),
    )
)]
pub(crate) async fn get_file(
    State(doors): State<Doors>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let (asked, _) = request.into_parts();
    let job = job(&doors, id, &asked).await?;
    let job = job.ok_or_else(|| Refusal::not_found(LostBody::TASK_NOT_FOUND.message))?;
    let file = match job.state {
        JobState::Completed => doors.service.result(&job),
        JobState::Failed | JobState::Cancelled => return Err(Refusal::not_found(words::reason(&job))),
        JobState::Waiting | JobState::Active | JobState::Delayed | JobState::InReview | JobState::Unpaid => {
            None
        }
    };
    let file = file.ok_or_else(|| Refusal::not_found("Result is not ready"))?;
    let name = disposition::attachment(&job.input.name, extension(&file.media_type));
    let sent = send_file(&doors.service, &asked.method, &asked.headers, &file, name).await;
    match sent {
        Ok(Some(response)) => Ok(response),
        Ok(None) => {
            let refusal = Refusal::new(416, "The range lies behind the end of the file");
            let mut response = refusal.into_response();
            response.headers_mut().extend([outside(file.bytes)]);
            Ok(response)
        }
        Err(trouble) => {
            error!(%trouble, "a result could not be read");
            Err(Refusal::trouble())
        }
    }
}

/// The file of no task at all.
#[utoipa::path(
    get, path = "/api/v1/retoucher/getFile", tag = "Retouching", operation_id = "fileOfNothing",
    summary = "Fetch without an id",
    responses((status = 404, description = "Always.", body = ErrorBody))
)]
pub(crate) async fn file_of_nothing() -> Refusal {
    Refusal::not_found(LostBody::TASK_NOT_FOUND.message)
}

fn lost() -> Response {
    reply::json(StatusCode::NOT_FOUND.as_u16(), &LostBody::TASK_NOT_FOUND)
}

/// The job behind an id, if it belongs to this dialect.
///
/// A job that exists is limited by itself alone, as the specification promises; wrong ids are counted against the
/// address that tries them.
async fn job(
    doors: &Doors,
    id: Result<Path<String>, PathRejection>,
    asked: &Parts,
) -> Result<Option<Job>, Refusal> {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let found = doors.service.job(&id).await.map_err(|trouble| {
        error!(%trouble, "a job could not be read");
        Refusal::trouble()
    })?;
    let found = found.filter(|job| job.dialect == Dialect::Retouch4me);
    match &found {
        Some(job) => {
            note_job(job.id.as_str());
            doors.rates.job(&id)?;
        }
        None => {
            let trusted = doors.settings.trusted_header.as_ref();
            doors.rates.address(address::client(&asked.headers, &asked.extensions, trusted))?;
        }
    }
    Ok(found)
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "application/zip" => "zip",
        "application/json" => "json",
        _ => "bin",
    }
}
