//! What the review page's script asks for: the queue, rounds, claims, verdicts.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::{Job, JobFilter, JobState, Marking, Review, ReviewError, Reviewed};

use crate::asked::Asked;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::SignedJson;
use crate::orders::find_execution;
use crate::visitor::Visitor;
use crate::words::review as words;

/// Results in one answer.
const QUEUE: i64 = 100;

/// A result that waits.
#[derive(Serialize)]
pub struct Waiting {
    pub id: String,
    pub name: String,
    pub workflow: String,
    pub order: Option<String>,
    pub order_name: Option<String>,
    pub since: String,
    pub round: i64,
    /// False for results that are no picture, layers as a ZIP above all.
    pub is_picture: bool,
    /// Who looks at it, when it is somebody else.
    pub claimed_by: Option<String>,
}

/// What a reviewer decided.
#[derive(Deserialize)]
pub struct Sent {
    approved: bool,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    markings: Vec<Marking>,
}

/// Which results are approved in one go.
#[derive(Deserialize)]
pub struct Many {
    #[serde(default)]
    ids: Vec<String>,
    order: Option<String>,
}

/// What the page's address narrows the queue to: the longest waiting first.
pub fn filter(asked: &Asked) -> JobFilter {
    JobFilter {
        state: Some(JobState::InReview),
        workflow: asked.workflow(),
        batch: asked.get("order").map(str::to_owned),
        text: asked.get("execution").map(str::to_owned),
        oldest_first: true,
        limit: QUEUE,
        offset: asked.offset(),
        ..JobFilter::default()
    }
}

/// The queue and how long it is.
pub async fn waiting(desk: &Desk, visitor: &Visitor, asked: &Asked) -> Result<(Vec<Waiting>, i64), Failure> {
    let organization = &visitor.member.organization;
    let (jobs, total) = desk.service().executions(organization, filter(asked)).await?;
    let claims = desk.service().review_claims(organization).await?;
    let own = &visitor.member.account.id;
    let others: HashMap<_, _> = claims
        .into_iter()
        .filter(|claim| claim.account_id != *own)
        .map(|claim| (claim.job_id, claim.email))
        .collect();
    let entry = |job: Job| Waiting {
        claimed_by: others.get(&job.id).cloned(),
        id: job.id.to_string(),
        name: job.input.name,
        workflow: job.workflow.map(|workflow| workflow.name).unwrap_or_default(),
        order_name: job.labels.get(service::BATCH_NAME).cloned().or_else(|| job.batch_id.clone()),
        order: job.batch_id,
        since: job.finished_at.unwrap_or(job.created_at).to_string(),
        round: job.round,
        is_picture: job.result.is_some_and(|file| file.media_type.starts_with("image/")),
    };
    Ok((jobs.into_iter().map(entry).collect(), total))
}

pub async fn queue(State(desk): State<Desk>, visitor: Visitor) -> Result<Response, Failure> {
    let (entries, total) = waiting(&desk, &visitor, &Asked::of(&visitor.path)).await?;
    Ok(axum::Json(json!({ "entries": entries, "total": total })).into_response())
}

/// The rounds so far, with what was said and marked.
pub async fn rounds(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let job = find_execution(&desk, &visitor, &id).await?;
    let rounds = desk.service().rounds(&job).await?;
    let told: Vec<Value> = rounds
        .iter()
        .map(|round| {
            json!({
                "number": round.number,
                "isKept": round.result.is_some(),
                "verdict": round.verdict.as_ref().map(|verdict| json!({
                    "approved": verdict.approved,
                    "reason": verdict.reason,
                    "actor": verdict.actor,
                    "at": verdict.at,
                })),
                "markings": round.markings,
            })
        })
        .collect();
    Ok(axum::Json(json!({ "rounds": told, "round": job.round })).into_response())
}

pub async fn claim(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    SignedJson { visitor, .. }: SignedJson<Value>,
) -> Result<Response, Failure> {
    let job = find_execution(&desk, &visitor, &id).await?;
    match desk.service().claim_review(&visitor.member, &job).await {
        Ok(claim) => Ok(axum::Json(json!({ "isOurs": true, "until": claim.expires_at })).into_response()),
        Err(error @ (ReviewError::Claimed(_) | ReviewError::NotInReview)) => Ok(not_done(&error)),
        Err(error) => Err(refused(error)),
    }
}

pub async fn release(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    SignedJson { visitor, .. }: SignedJson<Value>,
) -> Result<Response, Failure> {
    let job = find_execution(&desk, &visitor, &id).await?;
    desk.service().release_review(&visitor.member, &job.id).await?;
    Ok(axum::Json(json!({})).into_response())
}

pub async fn verdict(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    SignedJson { visitor, value: sent }: SignedJson<Sent>,
) -> Result<Response, Failure> {
    let job = find_execution(&desk, &visitor, &id).await?;
    let review = Review::new(sent.approved, &sent.reason, sent.markings).map_err(refused)?;
    match desk.service().review(&visitor.member, &job, &review).await {
        Ok(()) => Ok(axum::Json(json!({ "isDone": true })).into_response()),
        Err(error @ (ReviewError::Claimed(_) | ReviewError::NotInReview)) => Ok(not_done(&error)),
        Err(error) => Err(refused(error)),
    }
}

pub async fn approve_many(
    State(desk): State<Desk>,
    SignedJson { visitor, value: many }: SignedJson<Many>,
) -> Result<Response, Failure> {
    let review = Review::approval();
    if let Some(order) = many.order {
        crate::orders::find_order(&desk, &visitor, &order).await?;
        let done = desk.service().review_batch(&visitor.member, &order, &review).await.map_err(refused)?;
        return Ok(axum::Json(json!(done)).into_response());
    }
    let mut done = Reviewed::default();
    for id in many.ids.iter().take(usize::try_from(QUEUE).unwrap_or(0)) {
        let job = find_execution(&desk, &visitor, id).await?;
        match desk.service().review(&visitor.member, &job, &review).await {
            Ok(()) => done.reviewed += 1,
            Err(ReviewError::Claimed(_) | ReviewError::NotInReview) => done.skipped += 1,
            Err(error) => return Err(refused(error)),
        }
    }
    Ok(axum::Json(json!(done)).into_response())
}

/// Somebody else was faster: no failure, but nothing was done.
fn not_done(error: &ReviewError) -> Response {
    let by = match error {
        ReviewError::Claimed(claim) => Some(claim.email.as_str()),
        _ => None,
    };
    axum::Json(json!({ "isDone": false, "isOurs": false, "by": by, "message": error.to_string() }))
        .into_response()
}

/// Why nothing was decided, as a page.
pub fn refused(error: ReviewError) -> Failure {
    match error {
        ReviewError::NotAnAdmin => Failure::forbidden(),
        ReviewError::NotInReview | ReviewError::Claimed(_) => {
            Failure::new(StatusCode::CONFLICT, words::TITLE, error.to_string())
        }
        ReviewError::LongReason | ReviewError::BadMarking => Failure::bad_request(error.to_string()),
        ReviewError::Unavailable(trouble) => trouble.into(),
    }
}
