//! A workflow: what it does, its versions, what two of them differ in, and what may be done with it.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use retouch::components::{Value, WorkflowStep};
use service::{
    AccountId, Difference, SaveError, ValueChange, Workflow, WorkflowId, WorkflowVersionId, differences,
};

use crate::asked::Asked;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{SignedForm, see_other};
use crate::page::{Page, Place};
use crate::visitor::Visitor;
use crate::widget;
use crate::words::workflows as words;

pub async fn show(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let asked = Asked::of(&visitor.path);
    let versions = desk.service().versions(&visitor.member.organization, &WorkflowId::from(id)).await?;
    let current = versions.first().ok_or_else(Failure::not_found)?;
    let shown = match asked.get("version") {
        Some(version) => {
            versions.iter().find(|one| one.id.as_str() == version).ok_or_else(Failure::not_found)?
        }
        None => current,
    };
    let authors = authors(&desk, &versions).await?;
    let find = |name: &str| asked.get(name).and_then(|id| versions.iter().find(|one| one.id.as_str() == id));
    let compared = find("old").zip(find("new"));
    let content = html! {
        (head(shown, current, &visitor))
        (components(shown))
        h2 #versions { (words::VERSIONS) }
        (version_table(&versions, &authors, &visitor))
        @if versions.len() > 1 {
            (compare(&versions, compared))
            @if let Some((old, new)) = compared { (difference_table(old, new)) }
        }
    };
    Ok(Page::new(&shown.name, Place::Workflows, &visitor).styles(&["workflows.css"]).show(content))
}

pub async fn restore(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    SignedForm { visitor, fields }: SignedForm,
) -> Result<Response, Failure> {
    let version = WorkflowVersionId::from(fields.exactly("version"));
    let id = WorkflowId::from(id);
    desk.service().restore_version(&visitor.member, &id, &version).await.map_err(refused)?;
    Ok(see_other(&format!("/studio/workflows/{id}?notice=workflow-restored")))
}

pub async fn duplicate(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    SignedForm { visitor, .. }: SignedForm,
) -> Result<Response, Failure> {
    let copy =
        desk.service().duplicate_workflow(&visitor.member, &WorkflowId::from(id)).await.map_err(refused)?;
    Ok(see_other(&format!("/studio/workflows/{}?notice=workflow-copied", copy.workflow_id)))
}

pub async fn archive(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    SignedForm { visitor, fields }: SignedForm,
) -> Result<Response, Failure> {
    let archived = fields.is_set("archived");
    let id = WorkflowId::from(id);
    desk.service().archive_workflow(&visitor.member, &id, archived).await.map_err(refused)?;
    let notice = if archived { "workflow-archived" } else { "workflow-back" };
    Ok(see_other(&format!("/studio/workflows/{id}?notice={notice}")))
}

/// Why a workflow was not changed, as a page.
pub fn refused(error: SaveError) -> Failure {
    match error {
        SaveError::NotAnAdmin => Failure::forbidden(),
        SaveError::NotThere => Failure::not_found(),
        SaveError::Overtaken => Failure::new(StatusCode::CONFLICT, words::NO_PICTURE, error.to_string()),
        SaveError::Draft(service::DraftError::Store(trouble)) => trouble.into(),
        SaveError::NoPicture | SaveError::Draft(_) => Failure::bad_request(error.to_string()),
    }
}

/// A step's name for people: the owner's label, or the declared one where that is only the type.
pub fn title(step: &WorkflowStep) -> &str {
    let declaration = step.component.declaration();
    if step.label == declaration.kind { declaration.label } else { &step.label }
}

async fn authors(desk: &Desk, versions: &[Workflow]) -> Result<HashMap<AccountId, String>, Failure> {
    let mut authors = HashMap::new();
    for version in versions {
        if !authors.contains_key(&version.account_id)
            && let Some(account) = desk.service().person(&version.account_id).await?
        {
            authors.insert(account.id, account.email);
        }
    }
    Ok(authors)
}

fn head(shown: &Workflow, current: &Workflow, visitor: &Visitor) -> Markup {
    let path = format!("/studio/workflows/{}", shown.workflow_id);
    html! {
        div .row {
            h1 .grow { (shown.name) @if shown.archived { " " (widget::badge("", words::ARCHIVED)) } }
            @if !shown.archived { a .button .main href={ (path) "/run" } { (words::RUN) } }
            @if visitor.is_admin() {
                a .button href={ (path) "/edit" } { (words::EDIT) }
                form method="post" action={ (path) "/duplicate" } { (widget::form_token(visitor)) button { (words::DUPLICATE) } }
                form method="post" action={ (path) "/archive" } data-confirm=[(!shown.archived).then_some(words::ARCHIVE_SURE)] {
                    (widget::form_token(visitor))
                    @if !shown.archived { input type="hidden" name="archived" value="1"; }
                    button .quiet { @if shown.archived { (words::UNARCHIVE) } @else { (words::ARCHIVE) } }
                }
            }
        }
        @if shown.id != current.id { p .notice .old { (words::OLD_VERSION) " " a href=(path) { (words::SEE_CURRENT) } } }
        dl .figures {
            div { dt { (words::VERSION) } dd { (shown.number) } }
            div { dt { (words::PRICE) } dd { (shown.price) } }
            div { dt { (words::REVIEW) } dd { (on_off(shown.review)) } }
        }
    }
}

fn on_off(on: bool) -> &'static str {
    if on { words::ON } else { words::OFF }
}

/// All steps with their settings, in words.
fn components(shown: &Workflow) -> Markup {
    let Ok(components) = retouch::Workflow::from_json(&shown.components) else {
        return html! { p .bad { (words::UNREADABLE_ONE) } };
    };
    html! {
        ol .steps-shown {
            @for step in components.steps() {
                li .panel {
                    h2 { (title(step)) }
                    p .soft { (step.component.declaration().about) }
                    (settings(step))
                }
            }
        }
    }
}

fn settings(step: &WorkflowStep) -> Markup {
    let values = step.values.to_json();
    let declaration = step.component.declaration();
    let told = declaration
        .settings
        .iter()
        .filter(|setting| values.get(setting.key) != Some(&setting.kind.default_value().to_json()));
    let told: Vec<_> = told.collect();
    html! {
        @if told.is_empty() { p .defaults { (words::DEFAULTS) } } @else {
            dl .values {
                @for setting in told {
                    div { dt { (setting.label) } dd { (value(setting.kind.read(&values[setting.key]).ok())) } }
                }
            }
        }
    }
}

fn value(value: Option<Value>) -> Markup {
    html! {
        @match value {
            Some(Value::Switch(on)) => (on_off(on)),
            Some(Value::Asset(Some(hash))) => code { (hash.chars().take(12).collect::<String>()) "…" },
            Some(Value::Asset(None)) => (words::NOTHING),
            Some(value) => (plain(&value.to_json())),
            None => (words::NOTHING),
        }
    }
}

fn plain(json: &serde_json::Value) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

fn version_table(versions: &[Workflow], authors: &HashMap<AccountId, String>, visitor: &Visitor) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label=(words::VERSIONS) {
            table {
                thead { tr {
                    th scope="col" { (words::VERSION) } th scope="col" { (words::NAME) } th scope="col" { (words::CHANGED) }
                    th scope="col" { span .out-of-sight { (words::ACTIONS) } }
                } }
                tbody {
                    @for (index, version) in versions.iter().enumerate() {
                        @let path = format!("/studio/workflows/{}", version.workflow_id);
                        tr {
                            th scope="row" { (version.number) @if index == 0 { " " (widget::badge("good", words::CURRENT)) } }
                            td { (version.name) }
                            td { (widget::time(version.saved_at)) @if let Some(author) = authors.get(&version.account_id) { " " (words::BY) " " (author) } }
                            td { div .row {
                                @let which = format!("{} {}", words::VERSION, version.number);
                                a .button .small href={ (path) "?version=" (version.id) } { (words::SHOW) span .out-of-sight { " " (which) } }
                                @if index > 0 && visitor.is_admin() {
                                    form method="post" action={ (path) "/restore" } data-confirm=(words::RESTORE_SURE) {
                                        (widget::form_token(visitor))
                                        input type="hidden" name="version" value=(version.id);
                                        button .small { (words::RESTORE) span .out-of-sight { " " (which) } }
                                    }
                                }
                            } }
                        }
                    }
                }
            }
        }
    }
}

fn compare(versions: &[Workflow], compared: Option<(&Workflow, &Workflow)>) -> Markup {
    let chosen = compared.unwrap_or((&versions[1], &versions[0]));
    let options = |chosen: &Workflow| {
        html! {
            @for one in versions { option value=(one.id) selected[one.id == chosen.id] { (words::VERSION) " " (one.number) } }
        }
    };
    html! {
        h2 #differences { (words::DIFFERENCES) }
        form .row .end .compare action={ "/studio/workflows/" (versions[0].workflow_id) "#differences" } {
            label { (words::OLDER) select name="old" { (options(chosen.0)) } }
            label { (words::NEWER) select name="new" { (options(chosen.1)) } }
            button { (words::COMPARE) }
        }
    }
}

fn difference_table(old: &Workflow, new: &Workflow) -> Markup {
    let Ok(found) = differences(old, new) else { return html! { p .bad { (words::UNREADABLE) } } };
    html! {
        @if found.is_empty() { p { (words::NO_DIFFERENCES) } } @else {
            div .scroll tabindex="0" role="region" aria-label=(words::DIFFERENCES) {
                table .differences {
                    thead { tr { th scope="col" { (words::WHAT) } th scope="col" { (words::WAS) } th scope="col" { (words::IS) } } }
                    tbody { @for one in &found { (difference(one)) } }
                }
            }
        }
    }
}

fn difference(one: &Difference) -> Markup {
    let row = |what: String, old: &str, new: &str| {
        html! { tr { th scope="row" { (what) } td { del { (old) } } td { ins { (new) } } } }
    };
    let changed = |what: &str, change: &ValueChange| row(what.to_owned(), &change.old, &change.new);
    let place = |place: &usize| format!("{place}.");
    match one {
        Difference::Name(change) => changed(words::NAME, change),
        Difference::Price(change) => changed(words::PRICE, change),
        Difference::Review(change) => {
            let word = |text: &str| on_off(text == "true");
            row(words::REVIEW.to_owned(), word(&change.old), word(&change.new))
        }
        Difference::Added { label, place: at } => row(format!("{}: {label}", words::ADDED), "", &place(at)),
        Difference::Removed { label, place: at } => {
            row(format!("{}: {label}", words::REMOVED), &place(at), "")
        }
        Difference::Moved { label, from, to } => {
            row(format!("{}: {label}", words::MOVED), &place(from), &place(to))
        }
        Difference::Renamed(change) => changed(words::RENAMED, change),
        Difference::Setting { label, setting, change } => changed(&format!("{label}: {setting}"), change),
    }
}
