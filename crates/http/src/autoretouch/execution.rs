//! Executions: looking at them, running them again, saying what one thinks of them.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use service::{ExecutionError, Job, JobFilter, Retried, WorkflowId};

use super::errors::Refusal;
use super::guest::Guest;
use super::object;
use super::types::{ErrorBody, ExecutionBody, Feedback, Page};
use super::upload;
use crate::app::Doors;
use crate::around::note_job;
use crate::{address, reply};

/// Most pictures shown with a feedback.
const MOST_EXPECTED: usize = 100;

/// The organization's executions, newest first.
#[utoipa::path(
    get, path = "/v1/workflow/execution", tag = "AutoRetouch", operation_id = "executions",
    summary = "List executions",
    params(
        ("workflow" = Option<String>, Query, description = "Only of this workflow."),
        ("status" = Option<String>, Query, description = "Only in this state; `IN_QA` lists what waits for a review."),
        ("batchId" = Option<String>, Query, description = "Only of this batch."),
        ("label[KEY]" = Option<String>, Query, description = "Only with this label and value; one at a time."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
        ("limit" = Option<i64>, Query, description = "Entries at most; 50 unless given, never more than 500."),
        ("offset" = Option<i64>, Query, description = "Entries to leave out."),
    ),
    responses(
        (status = 200, description = "A page of executions.", body = Page<ExecutionBody>),
        (status = 400, description = "A filter that means nothing.", body = ErrorBody),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 403, description = "You are no member of the organization.", body = ErrorBody),
    )
)]
pub(crate) async fn list(State(doors): State<Doors>, guest: Guest) -> Result<Response, Refusal> {
    let (limit, offset) = guest.query.page()?;
    let states = guest.query.get("status").map(|name| {
        object::states(name).ok_or_else(|| {
            Refusal::bad("status must be CREATED, ACTIVE, COMPLETED, IN_QA, PAYMENT_REQUIRED or FAILED")
        })
    });
    let (state, or_state) = states.transpose()?.map_or((None, None), |(one, other)| (Some(one), other));
    let mut labels = guest.query.labels().into_iter();
    let label = labels.next();
    if labels.next().is_some() {
        return Err(Refusal::bad("Ask for one label at a time"));
    }
    let filter = JobFilter {
        state,
        or_state,
        label,
        workflow: guest.query.get("workflow").map(WorkflowId::from),
        batch: guest.query.get("batchId").map(str::to_owned),
        limit,
        offset,
        ..JobFilter::default()
    };
    let (jobs, total) = doors.service.executions(guest.organization(), filter).await?;
    Ok(reply::json(200, &Page { entries: jobs.iter().map(object::execution).collect(), total }))
}

/// How an execution is doing.
#[utoipa::path(
    get, path = "/v1/workflow/execution/{id}", tag = "AutoRetouch", operation_id = "execution",
    summary = "Look at an execution",
    params(
        ("id" = String, Path, description = "The execution's id."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
    ),
    responses(
        (status = 200, description = "The execution.", body = ExecutionBody),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 404, description = "The organization has no such execution.", body = ErrorBody),
        (status = 429, description = "Asked far more than ten times a second.", body = ErrorBody),
    )
)]
pub(crate) async fn single(
    State(doors): State<Doors>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut asked, _) = request.into_parts();
    let found =
        match <Guest as axum::extract::FromRequestParts<Doors>>::from_request_parts(&mut asked, &doors).await
        {
            Ok(guest) => find(&doors, &guest, id).await,
            Err(refusal) => Err(refusal),
        };
    match &found {
        // An execution that exists is limited by itself alone; wrong ids and tokens count against whoever tries them.
        Ok(job) => doors.rates.job(job.id.as_str())?,
        Err(_) => {
            let trusted = doors.settings.trusted_header.as_ref();
            doors.rates.address(address::client(&asked.headers, &asked.extensions, trusted))?;
        }
    }
    Ok(reply::json(200, &object::execution(&found?)))
}

/// Runs an execution again that failed or could not be paid for.
///
/// It keeps its id, labels and webhooks, and is charged again. For one that is `COMPLETED` nothing happens.
#[utoipa::path(
    post, path = "/v1/workflow/execution/{id}/retry", tag = "AutoRetouch", operation_id = "retryExecution",
    summary = "Run an execution again",
    params(
        ("id" = String, Path, description = "The execution's id."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
    ),
    responses(
        (status = 200, description = "It runs again, or waits for credits, or was completed already."),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 404, description = "The organization has no such execution.", body = ErrorBody),
        (status = 409, description = "It is under way or in review, or its picture has been removed.", body = ErrorBody),
        (status = 429, description = "The day's allowance is used up.", body = ErrorBody),
    )
)]
pub(crate) async fn retry(
    State(doors): State<Doors>,
    id: Result<Path<String>, PathRejection>,
    guest: Guest,
) -> Result<Response, Refusal> {
    let job = find(&doors, &guest, id).await?;
    again(&doors, &job).await
}

/// The older form of the same.
#[utoipa::path(
    post, path = "/v1/workflow/execution/retry", tag = "AutoRetouch", operation_id = "retryExecutionByQuery",
    summary = "Run an execution again, by the old form",
    params(
        ("execution" = String, Query, description = "The execution's id."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
    ),
    responses(
        (status = 200, description = "As above."),
        (status = 400, description = "No `execution`.", body = ErrorBody),
        (status = 404, description = "The organization has no such execution.", body = ErrorBody),
        (status = 409, description = "As above.", body = ErrorBody),
        (status = 429, description = "As above.", body = ErrorBody),
    )
)]
pub(crate) async fn retry_by_query(State(doors): State<Doors>, guest: Guest) -> Result<Response, Refusal> {
    let id = guest.query.get("execution").ok_or_else(|| Refusal::bad("execution is missing"))?.to_owned();
    let job = find(&doors, &guest, Ok(Path(id))).await?;
    again(&doors, &job).await
}

/// Keeps what a client thinks of a result; the last opinion counts.
#[utoipa::path(
    post, path = "/v1/workflow/execution/{id}/feedback", tag = "AutoRetouch", operation_id = "feedback",
    summary = "Say what you think of a result",
    params(
        ("id" = String, Path, description = "The execution's id."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
    ),
    request_body(content = Feedback, content_type = "application/json"),
    responses(
        (status = 200, description = "Kept."),
        (status = 400, description = "No such JSON.", body = ErrorBody),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 404, description = "The organization has no such execution.", body = ErrorBody),
    )
)]
pub(crate) async fn feedback(
    State(doors): State<Doors>,
    id: Result<Path<String>, PathRejection>,
    guest: Guest,
    request: Request,
) -> Result<Response, Refusal> {
    let job = find(&doors, &guest, id).await?;
    let opinion: Feedback = upload::json(&doors, request).await?;
    let expected = opinion.expected_images.unwrap_or_default();
    if expected.len() > MOST_EXPECTED {
        return Err(Refusal::bad(format!("Send at most {MOST_EXPECTED} expectedImages")));
    }
    let kept = json!({ "thumbsUp": opinion.thumbs_up, "expectedImages": expected });
    doors.service.feedback(&job, &kept).await?;
    Ok(done())
}

/// An execution of the guest's organization.
///
/// # Errors
/// 404.
pub(super) async fn find(
    doors: &Doors,
    guest: &Guest,
    id: Result<Path<String>, PathRejection>,
) -> Result<Job, Refusal> {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let found = doors.service.execution(guest.organization(), &id).await?;
    let job = found.ok_or_else(Refusal::no_execution)?;
    note_job(job.id.as_str());
    Ok(job)
}

async fn again(doors: &Doors, job: &Job) -> Result<Response, Refusal> {
    match doors.service.retry_execution(job).await? {
        Retried::Again | Retried::Completed | Retried::Unpaid => Ok(done()),
        Retried::UnderWay => Err(Refusal::conflict("The execution is under way: wait until it has ended")),
        Retried::DailyLimit => Err(ExecutionError::DailyLimit.into()),
        Retried::NotPossible => {
            Err(Refusal::conflict("The picture has been removed: create a new execution"))
        }
    }
}

/// 200 with nothing in it.
pub(super) fn done() -> Response {
    let mut response = StatusCode::OK.into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
