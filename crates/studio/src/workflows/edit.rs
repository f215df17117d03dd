//! The editor of workflows: its page, checking a stack of steps, saving it as the newest version.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, PreEscaped, html};
use retouch::components::components;
use retouch::{Workflow as Components, WorkflowError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::{Draft, DraftError, SaveError, WorkflowId, WorkflowVersionId};

use super::sample;
use super::show::refused;
use crate::asked::Asked;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::SignedJson;
use crate::page::{Page, Place};
use crate::visitor::Admin;
use crate::words::workflows as words;

/// What the editor begins with.
struct Begin {
    title: String,
    name: String,
    components: Value,
    price: i64,
    review: bool,
    /// The workflow and the version that is edited; none for a new one.
    edited: Option<(WorkflowId, WorkflowVersionId)>,
}

/// What the editor sends.
#[derive(Deserialize)]
pub struct Sent {
    id: Option<String>,
    edited: Option<String>,
    name: String,
    /// None for what is no number.
    price: Option<f64>,
    review: bool,
    components: Value,
}

/// Something that keeps a stack of steps from being run.
#[derive(Serialize)]
struct Problem {
    /// The step at fault, from 0; none when it is the whole.
    index: Option<usize>,
    /// The setting at fault.
    key: Option<&'static str>,
    message: String,
}

pub async fn new(State(desk): State<Desk>, Admin(visitor): Admin) -> Result<Response, Failure> {
    let asked = Asked::of(&visitor.path);
    let examples = service::examples().map_err(|error| Failure::bad_request(error.to_string()))?;
    let chosen = asked.get("from").and_then(|index| index.parse::<usize>().ok());
    let example = chosen.and_then(|index| examples.into_iter().nth(index));
    let blank = json!([{ "type": "input" }, { "type": "export" }]);
    let blank = Components::from_value(&blank).map_err(|error| Failure::bad_request(error.to_string()))?;
    let begin = match example {
        Some(draft) => Begin {
            title: words::NEW.to_owned(),
            name: draft.name,
            components: draft.components.to_json(),
            price: draft.price,
            review: draft.review,
            edited: None,
        },
        None => Begin {
            title: words::NEW.to_owned(),
            name: String::new(),
            components: blank.to_json(),
            price: 1,
            review: false,
            edited: None,
        },
    };
    Ok(page(&desk, &visitor, &begin))
}

pub async fn edit(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Admin(visitor): Admin,
) -> Result<Response, Failure> {
    let organization = &visitor.member.organization;
    let found = desk.service().workflow(organization, &WorkflowId::from(id), None).await?;
    let workflow = found.ok_or_else(Failure::not_found)?;
    let components = Components::from_json(&workflow.components);
    let begin = Begin {
        title: format!("{} {}", words::EDIT, workflow.name),
        // What cannot be read any more is shown as it was kept, with what is wrong with it.
        components: match components {
            Ok(components) => components.to_json(),
            Err(_) => serde_json::from_str(&workflow.components).unwrap_or_default(),
        },
        name: workflow.name,
        price: workflow.price,
        review: workflow.review,
        edited: Some((workflow.workflow_id, workflow.id)),
    };
    Ok(page(&desk, &visitor, &begin))
}

pub async fn check(SignedJson { value, .. }: SignedJson<Value>) -> Response {
    let problems: Vec<Problem> = Components::from_value(&value).err().iter().map(problem).collect();
    axum::Json(json!({ "problems": problems })).into_response()
}

pub async fn save(
    State(desk): State<Desk>,
    SignedJson { visitor, value: sent }: SignedJson<Sent>,
) -> Result<Response, Failure> {
    let components = match Components::from_value(&sent.components) {
        Ok(components) => components,
        Err(error) => return Ok(axum::Json(json!({ "problems": [problem(&error)] })).into_response()),
    };
    let Some(price) = sent.price.and_then(whole) else {
        let problem = Problem { index: None, key: None, message: words::WHOLE_PRICE.to_owned() };
        return Ok(axum::Json(json!({ "problems": [problem] })).into_response());
    };
    let draft = Draft { name: sent.name, components, price, review: sent.review };
    let author = &visitor.member;
    let saved = match (sent.id, sent.edited) {
        (Some(id), Some(edited)) => {
            let (id, edited) = (WorkflowId::from(id), WorkflowVersionId::from(edited));
            desk.service().save_version(author, &id, &edited, &draft).await
        }
        _ => desk.service().save_new_workflow(author, &draft).await,
    };
    match saved {
        Ok(saved) => {
            let path = format!("/studio/workflows/{}?notice=workflow-saved", saved.workflow_id);
            Ok(axum::Json(json!({ "path": path })).into_response())
        }
        Err(
            error @ (SaveError::Overtaken
            | SaveError::NoPicture
            | SaveError::Draft(DraftError::BadName | DraftError::BadPrice | DraftError::Components(_))),
        ) => {
            let problem = Problem { index: None, key: None, message: error.to_string() };
            Ok(axum::Json(json!({ "problems": [problem] })).into_response())
        }
        Err(error) => Err(refused(error)),
    }
}

/// A number of credits; none for parts of them, and for more than anybody could mean.
fn whole(price: f64) -> Option<i64> {
    (price.fract() == 0.0 && price.abs() < 1e9).then_some(price as i64)
}

fn problem(error: &WorkflowError) -> Problem {
    let (index, key) = match error {
        WorkflowError::NotAComponent { index }
        | WorkflowError::WrongField { index, .. }
        | WorkflowError::UnknownType { index, .. } => (Some(*index), None),
        WorkflowError::WrongSetting { index, key, .. } => (Some(*index), Some(*key)),
        _ => (None, None),
    };
    Problem { index, key, message: error.to_string() }
}

fn page(desk: &Desk, visitor: &crate::visitor::Visitor, begin: &Begin) -> Response {
    let back = match &begin.edited {
        Some((id, _)) => format!("/studio/workflows/{id}"),
        None => "/studio/workflows".to_owned(),
    };
    let content = html! {
        form #editor .editor novalidate data-id=[begin.edited.as_ref().map(|(id, _)| id)] data-edited=[begin.edited.as_ref().map(|(_, version)| version)] {
            div .editor-head {
                h1 { (begin.title) }
                div .row .end {
                    label .grow { (words::NAME) input name="name" value=(begin.name) maxlength="200" required autocomplete="off"; }
                    label .price { (words::PRICE) input name="price" type="number" min="0" step="1" value=(begin.price) aria-describedby="price-hint"; }
                    label .check { input name="review" type="checkbox" checked[begin.review]; " " (words::REVIEW) }
                    button .main #save { (words::SAVE) }
                    a .button href=(back) { (words::CANCEL) }
                }
                p .hint { span #price-hint { (words::PRICE_HINT) } ". " (words::REVIEW) ": " (words::REVIEW_HINT) "." }
                p #problem .bad role="alert" {}
            }
            noscript { p .notice { (words::NEEDS_SCRIPTS) } }
            div .editor-work {
                section .stack aria-label=(words::STEPS) {
                    ol #steps .steps-edited {}
                    div { button type="button" #add { (words::ADD_STEP) } }
                }
                (preview(desk))
            }
            div #said .out-of-sight role="status" {}
        }
        (palette())
        (data("declarations", &declarations()))
        (data("components", &begin.components))
    };
    Page::new(&begin.title, Place::Workflows, visitor)
        .styles(&["workflows.css"])
        .scripts(&["workflows/editor.js"])
        .wide()
        .show(content)
}

fn preview(desk: &Desk) -> Markup {
    let limits = desk.service().settings().picture_limits();
    let types: Vec<&str> = limits.formats.iter().map(|format| format.mime_type()).collect();
    html! {
        section .preview aria-labelledby="preview-title" {
            div .row {
                h2 #preview-title .grow { (words::PREVIEW) }
                label .sample { (words::SAMPLE)
                    select #sample {
                        option value=(sample::PORTRAIT) { (words::SAMPLE_PORTRAIT) }
                        option value=(sample::PRODUCT) { (words::SAMPLE_PRODUCT) }
                        option value="own" { (words::SAMPLE_OWN) }
                    }
                }
                button #choose-own .small type="button" hidden { (words::CHOOSE_PICTURE) }
                input #own .out-of-sight type="file" tabindex="-1" aria-label=(words::CHOOSE_PICTURE) accept=(types.join(","));
            }
            div .pair {
                figure { img #before alt=(words::BEFORE); figcaption { (words::BEFORE) } }
                figure { img #after alt=(words::AFTER); figcaption { (words::AFTER) " " span #took .soft {} } }
            }
            p #preview-said .soft role="status" {}
            p .hint { (words::PREVIEW_HINT) }
        }
    }
}

/// All steps there are to add.
fn palette() -> Markup {
    let plugins: Vec<&str> = retouch::plugins().iter().map(|plugin| plugin.spec().name).collect();
    let addable = || {
        components()
            .iter()
            .map(|component| component.declaration())
            .filter(|one| one.kind != "input" && one.kind != "export")
    };
    let group = |title: &str, of_plugins: bool| {
        html! {
            h3 { (title) }
            ul {
                @for one in addable().filter(|one| plugins.contains(&one.label) == of_plugins) {
                    li { button type="button" data-kind=(one.kind) { strong { (one.label) } span { (one.about) } } }
                }
            }
        }
    };
    html! {
        dialog #palette .palette aria-labelledby="palette-title" {
            div .row {
                h2 #palette-title .grow { (words::ADD_STEP) }
                button type="button" #palette-close { (words::CLOSE) }
            }
            (group(words::RETOUCH_GROUP, true))
            (group(words::CUT_GROUP, false))
        }
    }
}

fn declarations() -> Value {
    let all: Vec<_> = components().iter().map(|component| component.declaration()).collect();
    serde_json::to_value(all).unwrap_or_default()
}

/// Data for a script. Nothing in it can end the element.
fn data(id: &str, value: &Value) -> Markup {
    let text = value.to_string().replace('<', "\\u003c");
    html! { script type="application/json" id=(id) { (PreEscaped(text)) } }
}
