//! Saved workflows.

use std::collections::HashMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;
use service::{AccountId, Workflow, WorkflowId, WorkflowVersionId};

use super::errors::Refusal;
use super::guest::Guest;
use super::types::{AuthorBody, ErrorBody, Page, WorkflowBody};
use crate::app::Doors;
use crate::reply;

/// The organization's saved workflows, newest first.
#[utoipa::path(
    get, path = "/v1/workflow", tag = "AutoRetouch", operation_id = "workflows", summary = "List the workflows",
    params(
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
        ("limit" = Option<i64>, Query, description = "Entries at most; 50 unless given, never more than 500."),
        ("offset" = Option<i64>, Query, description = "Entries to leave out."),
    ),
    responses(
        (status = 200, description = "A page of workflows.", body = Page<WorkflowBody>),
        (status = 400, description = "`limit` or `offset` are no numbers.", body = ErrorBody),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 403, description = "You are no member of the organization.", body = ErrorBody),
    )
)]
pub(crate) async fn list(State(doors): State<Doors>, guest: Guest) -> Result<Response, Refusal> {
    let (limit, offset) = guest.query.page()?;
    let (found, total) = doors.service.workflows(guest.organization(), limit, offset).await?;
    let mut authors = Authors::default();
    let mut entries = Vec::with_capacity(found.len());
    for workflow in found {
        entries.push(authors.body(&doors, workflow).await?);
    }
    Ok(reply::json(200, &Page { entries, total }))
}

/// One workflow with the settings of every component.
#[utoipa::path(
    get, path = "/v1/workflow/{id}", tag = "AutoRetouch", operation_id = "workflow", summary = "Look at a workflow",
    params(
        ("id" = String, Path, description = "The workflow's id."),
        ("version" = Option<String>, Query, description = "A version's id, the newest unless given."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
    ),
    responses(
        (status = 200, description = "The workflow.", body = WorkflowBody),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 404, description = "The organization has no such workflow.", body = ErrorBody),
    )
)]
pub(crate) async fn single(
    State(doors): State<Doors>,
    id: Result<Path<String>, PathRejection>,
    guest: Guest,
) -> Result<Response, Refusal> {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let workflow = find(&doors, &guest, &id).await?;
    Ok(reply::json(200, &Authors::default().body(&doors, workflow).await?))
}

/// A workflow of the guest's organization, in the version that the query names.
///
/// # Errors
/// 404 without workflow or version.
pub(super) async fn find(doors: &Doors, guest: &Guest, id: &str) -> Result<Workflow, Refusal> {
    let version = guest.query.get("version").map(WorkflowVersionId::from);
    let found = doors.service.workflow(guest.organization(), &WorkflowId::from(id), version.as_ref()).await?;
    found.ok_or_else(|| match version {
        Some(_) => Refusal::not_found("Workflow version not found"),
        None => Refusal::not_found("Workflow not found"),
    })
}

/// Addresses of authors, each looked up once.
#[derive(Default)]
struct Authors(HashMap<AccountId, Option<String>>);

impl Authors {
    async fn body(&mut self, doors: &Doors, workflow: Workflow) -> Result<WorkflowBody, Refusal> {
        let id = workflow.account_id;
        if !self.0.contains_key(&id) {
            let email = doors.service.person(&id).await?.map(|account| account.email);
            self.0.insert(id.clone(), email);
        }
        let components: Value = serde_json::from_str(&workflow.components).map_err(|error| {
            tracing::error!(%error, workflow = %workflow.workflow_id, "a workflow cannot be read");
            Refusal::trouble()
        })?;
        Ok(WorkflowBody {
            id: workflow.workflow_id.to_string(),
            version: workflow.id.to_string(),
            name: workflow.name,
            date: workflow.saved_at.to_string(),
            author: AuthorBody {
                email: self.0.get(&id).cloned().flatten(),
                id: id.to_string(),
                first_name: None,
                last_name: None,
            },
            workflow_components: components,
            execution_price: workflow.price,
        })
    }
}
