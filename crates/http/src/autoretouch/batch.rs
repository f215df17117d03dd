//! Batches: executions that share a label.

use axum::extract::State;
use axum::response::Response;
use service::Batch;

use super::errors::Refusal;
use super::guest::Guest;
use super::types::{BatchBody, ErrorBody, Page};
use crate::app::Doors;
use crate::reply;

/// The organization's batches, newest first.
#[utoipa::path(
    get, path = "/v1/batch", tag = "AutoRetouch", operation_id = "batches", summary = "List batches",
    params(
        ("batchId" = Option<String>, Query, description = "Only this one."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
        ("limit" = Option<i64>, Query, description = "Entries at most; 50 unless given, never more than 500."),
        ("offset" = Option<i64>, Query, description = "Entries to leave out."),
    ),
    responses(
        (status = 200, description = "A page of batches.", body = Page<BatchBody>),
        (status = 400, description = "`limit` or `offset` are no numbers.", body = ErrorBody),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 403, description = "You are no member of the organization.", body = ErrorBody),
    )
)]
pub(crate) async fn list(State(doors): State<Doors>, guest: Guest) -> Result<Response, Refusal> {
    let (limit, offset) = guest.query.page()?;
    let id = guest.query.get("batchId");
    let (found, total) = doors.service.batches(guest.organization(), id, limit, offset).await?;
    Ok(reply::json(200, &Page { entries: found.into_iter().map(body).collect(), total }))
}

fn body(batch: Batch) -> BatchBody {
    let told_at = if batch.told_at.is_empty() { batch.created_at.to_string() } else { batch.told_at };
    BatchBody {
        id: batch.id,
        name: batch.name,
        author: batch.account_id.to_string(),
        created_at: told_at,
        executions: batch.executions,
        price: batch.price,
        workflow_id: batch.workflow_id.to_string(),
        workflow_name: batch.workflow_name,
    }
}
