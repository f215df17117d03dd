//! Creating an execution: of a picture that was uploaded before, or of one that comes along.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Map, Value};
use service::{NewExecution, batch_of};
use url::Url;

use super::errors::Refusal;
use super::guest::Guest;
use super::picture_form::PictureForm;
use super::types::{ErrorBody, ExecutionOrder, PictureFields};
use super::upload::{created, is_form, json, keep, stored};
use super::workflow;
use crate::app::Doors;
use crate::around::note_job;

/// Most labels of an execution.
const MOST_LABELS: usize = 100;
/// Longest label, key and value together, in bytes.
const LONGEST_LABEL: usize = 4 * 1024;
/// Most webhooks of an execution.
const MOST_HOOKS: usize = 10;
/// Longest webhook address in bytes.
const LONGEST_HOOK: usize = 4 * 1024;

/// Creates an execution.
///
/// The answer is its id and nothing else. With too few credits it is created all the same, in state
/// `PAYMENT_REQUIRED`.
#[utoipa::path(
    post, path = "/v1/workflow/execution/create", tag = "AutoRetouch", operation_id = "createExecution",
    summary = "Take a picture through a workflow",
    params(
        ("workflow" = String, Query, description = "The workflow's id."),
        ("version" = Option<String>, Query, description = "A version's id, the newest unless given."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
        ("label[KEY]" = Option<String>, Query, description = "A label, also as `labels[KEY]`. Executions with the same `autoretouch_batch_id` form a batch; `autoretouch_batch_name` and `autoretouch_batch_createdAt` describe it."),
        ("webhook" = Option<Vec<String>>, Query, description = "An address that is told of the end; may be repeated."),
    ),
    request_body(content((ExecutionOrder = "application/json"), (PictureFields = "multipart/form-data"))),
    responses(
        (status = 201, description = "Created; the execution's id.", body = String, content_type = "text/plain"),
        (status = 400, description = "No `workflow`, no form with `file` and no JSON, or settings that cannot be used.", body = ErrorBody),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 403, description = "You are no member of the organization.", body = ErrorBody),
        (status = 404, description = "No such workflow, version or picture.", body = ErrorBody),
        (status = 422, description = "A picture that cannot be processed.", body = ErrorBody),
        (status = 429, description = "The day's allowance is used up.", body = ErrorBody),
        (status = 503, description = "The store is not there or full.", body = ErrorBody),
    )
)]
pub(crate) async fn create(
    State(doors): State<Doors>,
    guest: Guest,
    request: Request,
) -> Result<Response, Refusal> {
    let id = guest.query.get("workflow").ok_or_else(|| Refusal::bad("workflow is missing").closing())?;
    let workflow = workflow::find(&doors, &guest, id).await.map_err(Refusal::closing)?;
    let mut labels = guest.query.labels();
    let mut hooks: Vec<String> = guest.query.all("webhook").map(str::to_owned).collect();
    let (picture, facts, name, settings) = if is_form(request.headers()) {
        let form = PictureForm::read(&doors, request).await?;
        let (file, facts) = keep(&doors, &guest, form.upload, &form.name).await?;
        let name = file.name.clone();
        (file, facts, name, Map::new())
    } else {
        let order: ExecutionOrder = json(&doors, request).await?;
        labels.extend(texts(order.labels.unwrap_or_default())?);
        hooks.extend(order.webhooks.unwrap_or_default());
        let file = stored(&doors, &guest, &order.image.content_hash).await?;
        let facts = doors.service.survey_picture(&file).await?;
        (file, facts, order.image.name, order.settings.unwrap_or_default())
    };
    check_labels(&labels)?;
    let new = NewExecution {
        batch: batch_of(&labels),
        member: guest.member,
        workflow,
        picture,
        facts,
        name,
        labels,
        settings,
        hooks: addresses(hooks)?,
    };
    let id = doors.service.execute(new).await?;
    note_job(id.as_str());
    Ok(created(id.as_str()))
}

/// Labels are texts; numbers and truths are taken for the text they look like, nulls for none.
fn texts(labels: BTreeMap<String, Option<Value>>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut texts = BTreeMap::new();
    for (key, value) in labels {
        let text = match value {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) => text,
            Some(plain @ (Value::Number(_) | Value::Bool(_))) => plain.to_string(),
            Some(_) => return Err(Refusal::bad(format!("The label {key} must be a text"))),
        };
        texts.insert(key, text);
    }
    Ok(texts)
}

fn check_labels(labels: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if labels.len() > MOST_LABELS {
        return Err(Refusal::bad(format!("An execution has at most {MOST_LABELS} labels")));
    }
    for (key, value) in labels {
        if key.is_empty() || key.len() + value.len() > LONGEST_LABEL {
            let message = format!("A label needs a key, and at most {LONGEST_LABEL} bytes with its value");
            return Err(Refusal::bad(message));
        }
        // PostgreSQL keeps no NUL in a text.
        if key.contains('\0') || value.contains('\0') {
            return Err(Refusal::bad("A label must not contain a zero byte"));
        }
    }
    Ok(())
}

fn addresses(hooks: Vec<String>) -> Result<Vec<String>, Refusal> {
    if hooks.len() > MOST_HOOKS {
        return Err(Refusal::bad(format!("An execution has at most {MOST_HOOKS} webhooks")));
    }
    let address = |hook: String| match Url::parse(hook.trim()) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && hook.len() <= LONGEST_HOOK => Ok(url.into()),
        _ => Err(Refusal::bad("A webhook must be an absolute http or https address")),
    };
    hooks.into_iter().map(address).collect()
}

/// Reads the order of an execution, for fuzz targets.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_order(body: &[u8]) {
    let Ok(order) = serde_json::from_slice::<ExecutionOrder>(body) else { return };
    if let Ok(labels) = texts(order.labels.unwrap_or_default())
        && check_labels(&labels).is_ok()
    {
        assert!(labels.len() <= MOST_LABELS);
        batch_of(&labels);
    }
    let _ = addresses(order.webhooks.unwrap_or_default());
}
