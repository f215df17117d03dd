//! Reviews: results of workflows that ask for a person's verdict. An extension of this server.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use service::{JobState, Review, ReviewError};

use super::errors::Refusal;
use super::guest::Guest;
use super::types::{ErrorBody, ExecutionBody, Reviewed, Verdict};
use super::{execution, image, object, upload};
use crate::app::Doors;
use crate::reply;

/// The picture that waits for a verdict.
#[utoipa::path(
    get, path = "/v1/workflow/execution/{id}/review", tag = "AutoRetouch", operation_id = "pictureInReview",
    summary = "Fetch the picture in review",
    params(
        ("id" = String, Path, description = "The execution's id."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
    ),
    responses(
        (status = 200, description = "The picture.", content((String = "image/jpeg"), (String = "image/png"), (String = "image/tiff"), (String = "image/webp"))),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 403, description = "You are no admin of the organization.", body = ErrorBody),
        (status = 404, description = "The organization has no such execution.", body = ErrorBody),
        (status = 409, description = "It is not in review.", body = ErrorBody),
    )
)]
pub(crate) async fn picture(
    State(doors): State<Doors>,
    id: Result<Path<String>, PathRejection>,
    guest: Guest,
    request: Request,
) -> Result<Response, Refusal> {
    let job = execution::find(&doors, &guest, id).await?;
    guest.decides()?;
    let (asked, _) = request.into_parts();
    match job.result.as_ref().filter(|_| job.state == JobState::InReview) {
        Some(file) => image::send(&doors, &asked, file, &object::result_name(file)).await,
        None => Err(not_in_review()),
    }
}

/// Ends an execution's review.
///
/// Approved, it is `COMPLETED`; otherwise it is `FAILED` with the reason, and its credits come back. The list with
/// `status=IN_QA` shows what waits.
#[utoipa::path(
    post, path = "/v1/workflow/execution/{id}/review", tag = "AutoRetouch", operation_id = "reviewExecution",
    summary = "Approve or reject a result",
    params(
        ("id" = String, Path, description = "The execution's id."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
    ),
    request_body(content = Verdict, content_type = "application/json"),
    responses(
        (status = 200, description = "The execution as it is now.", body = ExecutionBody),
        (status = 400, description = "No such JSON.", body = ErrorBody),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 403, description = "You are no admin of the organization.", body = ErrorBody),
        (status = 404, description = "The organization has no such execution.", body = ErrorBody),
        (status = 409, description = "It is not in review, or another reviewer looks at it in the studio.", body = ErrorBody),
    )
)]
pub(crate) async fn execution(
    State(doors): State<Doors>,
    id: Result<Path<String>, PathRejection>,
    guest: Guest,
    request: Request,
) -> Result<Response, Refusal> {
    let job = execution::find(&doors, &guest, id).await?;
    guest.decides()?;
    let review = verdict(&doors, request).await?;
    doors.service.review(&guest.member, &job, &review).await?;
    let found = doors.service.execution(guest.organization(), job.id.as_str()).await?;
    Ok(reply::json(200, &object::execution(&found.ok_or_else(Refusal::no_execution)?)))
}

/// Ends the review of all of a batch's executions that wait for one.
///
/// Those that a reviewer looks at in the studio just now are left to them.
#[utoipa::path(
    post, path = "/v1/batch/{id}/review", tag = "AutoRetouch", operation_id = "reviewBatch",
    summary = "Approve or reject what waits of a batch",
    params(
        ("id" = String, Path, description = "The batch's id."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
    ),
    request_body(content = Verdict, content_type = "application/json"),
    responses(
        (status = 200, description = "How many executions the verdict ended.", body = Reviewed),
        (status = 400, description = "No such JSON.", body = ErrorBody),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 403, description = "You are no admin of the organization.", body = ErrorBody),
        (status = 404, description = "The organization has no such batch.", body = ErrorBody),
    )
)]
pub(crate) async fn batch(
    State(doors): State<Doors>,
    id: Result<Path<String>, PathRejection>,
    guest: Guest,
    request: Request,
) -> Result<Response, Refusal> {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let organization = guest.organization();
    if doors.service.batches(organization, Some(&id), 1, 0).await?.1 == 0 {
        return Err(Refusal::not_found("Batch not found"));
    }
    guest.decides()?;
    let review = verdict(&doors, request).await?;
    let done = doors.service.review_batch(&guest.member, &id, &review).await?;
    Ok(reply::json(200, &Reviewed { reviewed: done.reviewed }))
}

async fn verdict(doors: &Doors, request: Request) -> Result<Review, Refusal> {
    let verdict: Verdict = upload::json(doors, request).await?;
    Ok(Review::new(verdict.approved, verdict.reason.as_deref().unwrap_or_default(), Vec::new())?)
}

impl From<ReviewError> for Refusal {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::NotInReview => not_in_review(),
            ReviewError::Claimed(_) => Self::conflict(error.to_string()),
            ReviewError::NotAnAdmin => Self::forbidden(error.to_string()),
            ReviewError::LongReason | ReviewError::BadMarking => Self::bad(error.to_string()),
            ReviewError::Unavailable(trouble) => trouble.into(),
        }
    }
}

fn not_in_review() -> Refusal {
    Refusal::conflict("The execution is not in review")
}
