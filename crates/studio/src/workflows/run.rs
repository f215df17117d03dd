//! Running a workflow on photos from the browser: each file is an execution of one order, streamed as it comes.

use std::collections::BTreeMap;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use http_doors::body::{Holdback, steady};
use maud::{Markup, html};
use serde_json::{Map, json};
use service::{
    BATCH_ID, BATCH_NAME, BATCH_TIME, ExecutionError, FileFacts, NewExecution, PictureFacts, Upload,
    Workflow, WorkflowId, batch_of, random_text,
};

use crate::asked::Asked;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::Signed;
use crate::page::{Page, Place};
use crate::visitor::Visitor;
use crate::words::workflows as words;

/// Label with the folder that a file was dropped in.
pub const FOLDER: &str = "folder";
/// Longest label in characters.
const LONGEST_LABEL: usize = 500;

pub async fn page(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let workflow = find(&desk, &visitor, id).await?;
    let standing = desk.service().standing_of(&visitor.member.organization).await?;
    let balance = if standing.unmetered { words::UNMETERED.to_owned() } else { standing.balance.to_string() };
    let title = format!("{} {}", words::RUN_TITLE, workflow.name);
    let content = html! {
        h1 { (title) }
        dl .figures {
            div { dt { (words::COST) } dd #cost data-price=(workflow.price) { "0" } }
            div { dt { (words::BALANCE) } dd { (balance) } }
        }
        noscript { p .notice { (words::RUN_SCRIPTS) } }
        (form(&desk, &workflow))
    };
    Ok(Page::new(&title, Place::Workflows, &visitor)
        .styles(&["workflows.css"])
        .scripts(&["workflows/run.js"])
        .show(content))
}

fn form(desk: &Desk, workflow: &Workflow) -> Markup {
    let limits = desk.service().settings().picture_limits();
    let types: Vec<&str> = limits.formats.iter().map(|format| format.mime_type()).collect();
    html! {
        form #run .stack data-workflow=(workflow.workflow_id) data-workflow-name=(workflow.name) data-order=(random_text()) {
            div #drop .drop {
                p { (words::DROP) }
                div .row {
                    button type="button" #pick { (words::PICK_FILES) }
                    button type="button" #pick-folder { (words::PICK_FOLDER) }
                }
                input #files .out-of-sight type="file" multiple tabindex="-1" aria-label=(words::PICK_FILES) accept=(types.join(","));
                input #folder .out-of-sight type="file" webkitdirectory tabindex="-1" aria-label=(words::PICK_FOLDER);
            }
            div .row .end {
                label .grow { (words::ORDER_NAME) input #order-name maxlength="200" autocomplete="off"; }
                button .main #start disabled { (words::START) }
                button type="button" #stop hidden { (words::STOP) }
                button type="button" .quiet #clear hidden { (words::CLEAR) }
            }
            div #total hidden { progress #total-bar max="1" value="0" aria-label=(words::FILES) {} p #total-said role="status" {} }
            ul #list .files aria-label=(words::FILES) {}
        }
    }
}

/// Takes one file and makes an execution of it.
pub async fn execute(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Signed { visitor, request }: Signed,
) -> Result<Response, Failure> {
    let asked = Asked::of(&visitor.path);
    let workflow = find(&desk, &visitor, id).await?;
    let label = |name: &str| {
        asked
            .get(name)
            .map(|text| text.chars().filter(|c| !c.is_control()).take(LONGEST_LABEL).collect::<String>())
    };
    let mut labels = BTreeMap::new();
    let order = label("order").ok_or_else(|| Failure::bad_request("order"))?;
    labels.insert(BATCH_NAME.to_owned(), label("order_name").unwrap_or_else(|| workflow.name.clone()));
    labels.insert(BATCH_ID.to_owned(), order);
    labels.insert(BATCH_TIME.to_owned(), desk.service().now().to_string());
    labels.extend(label(FOLDER).map(|folder| (FOLDER.to_owned(), folder)));
    let (picture, facts) = keep(&desk, &visitor, request, &asked).await?;
    let new = NewExecution {
        name: picture.name.clone(),
        batch: batch_of(&labels),
        member: visitor.member.clone(),
        workflow,
        picture,
        facts,
        labels,
        settings: Map::new(),
        hooks: Vec::new(),
    };
    let id = desk.service().execute(new).await.map_err(refused)?;
    let job = desk.service().execution(&visitor.member.organization, id.as_str()).await?;
    let state = job.map_or("", |job| job.state.as_str());
    Ok((StatusCode::CREATED, axum::Json(json!({ "id": id, "state": state }))).into_response())
}

/// Takes a picture that a workflow names.
pub async fn keep_picture(
    State(desk): State<Desk>,
    Signed { visitor, request }: Signed,
) -> Result<Response, Failure> {
    let asked = Asked::of(&visitor.path);
    let (file, facts) = keep(&desk, &visitor, request, &asked).await?;
    let told =
        json!({ "hash": file.hash.hex(), "name": file.name, "width": facts.width, "height": facts.height });
    Ok((StatusCode::CREATED, axum::Json(told)).into_response())
}

async fn keep(
    desk: &Desk,
    visitor: &Visitor,
    request: Request,
    asked: &Asked,
) -> Result<(FileFacts, PictureFacts), Failure> {
    let upload = take(desk, request).await?;
    let unfit = |error: service::PictureRefused| {
        Failure::new(StatusCode::UNPROCESSABLE_ENTITY, words::NO_PICTURE, error.to_string())
    };
    let facts = desk.service().survey_for_workflow(&upload).await.map_err(unfit)?;
    let name = asked.get("name").unwrap_or("image").replace('\0', "");
    let file = desk.service().keep_picture(&visitor.member.organization, upload, &facts, &name).await?;
    Ok((file, facts))
}

/// A request's body in the spool, never whole in memory.
pub async fn take(desk: &Desk, request: Request) -> Result<Upload, Failure> {
    let limit = desk.service().settings().limits.max_bytes;
    let large = |error: &dyn std::fmt::Display| {
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, words::NO_PICTURE, error.to_string())
    };
    let holdback = Holdback::default();
    let body = steady(request.into_body(), desk.settings().uploads, limit + 1, holdback.clone());
    let mut spool = desk.service().spool().await.map_err(|error| large(&error))?;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        holdback.release();
        let piece = piece.map_err(|error| Failure::bad_request(error.to_string()))?;
        spool.write(&piece).await.map_err(|error| large(&error))?;
    }
    spool.finish().await.map_err(|error| large(&error))
}

async fn find(desk: &Desk, visitor: &Visitor, id: String) -> Result<Workflow, Failure> {
    let found = desk.service().workflow(&visitor.member.organization, &WorkflowId::from(id), None).await?;
    let workflow = found.ok_or_else(Failure::not_found)?;
    if workflow.archived {
        return Err(Failure::new(StatusCode::CONFLICT, words::NO_PICTURE, words::IS_ARCHIVED));
    }
    Ok(workflow)
}

fn refused(error: ExecutionError) -> Failure {
    match error {
        ExecutionError::Unavailable(trouble) => trouble.into(),
        ExecutionError::DailyLimit => {
            Failure::new(StatusCode::TOO_MANY_REQUESTS, words::NO_PICTURE, error.to_string())
        }
        ExecutionError::Settings(_) => Failure::bad_request(error.to_string()),
    }
}
