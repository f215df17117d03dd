//! The list of workflows.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use service::Workflow;

use crate::asked::{Asked, PAGE};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::page::{Page, Place};
use crate::visitor::Visitor;
use crate::widget;
use crate::words::workflows as words;

pub async fn list(State(desk): State<Desk>, visitor: Visitor) -> Result<Response, Failure> {
    let asked = Asked::of(&visitor.path);
    let organization = &visitor.member.organization;
    let (workflows, total) = desk.service().workflows(organization, PAGE, asked.offset()).await?;
    let archived = match asked.get("archived") {
        Some(_) => Some(desk.service().archived_workflows(organization).await?),
        None => None,
    };
    let content = html! {
        div .row {
            h1 .grow { (words::TITLE) }
            @if visitor.is_admin() { (begin()) }
        }
        @if !visitor.is_admin() { p .soft { (words::ADMINS_ONLY) } }
        @if workflows.is_empty() { div .empty { p { (words::NONE) } } } @else { (table(&workflows)) }
        (widget::pager("/studio/workflows", asked.offset(), PAGE, total))
        @match &archived {
            None => p { a href="/studio/workflows?archived=1" { (words::SHOW_ARCHIVED) } },
            Some(archived) => {
                h2 { (words::ARCHIVED) }
                @if archived.is_empty() { p .soft { (words::NO_ARCHIVED) } } @else { (table(archived)) }
            }
        }
    };
    Ok(Page::new(words::TITLE, Place::Workflows, &visitor).styles(&["workflows.css"]).show(content))
}

/// A new workflow, from nothing or from an example.
fn begin() -> Markup {
    let examples = service::examples().unwrap_or_default();
    html! {
        form .row .end action="/studio/workflows/new" {
            label { (words::BEGIN_WITH)
                select name="from" {
                    option value="" { (words::BLANK) }
                    @for (index, example) in examples.iter().enumerate() { option value=(index) { (example.name) } }
                }
            }
            button .main { (words::NEW) }
        }
    }
}

fn table(workflows: &[Workflow]) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label=(words::TITLE) {
            table .workflows {
                thead { tr {
                    th scope="col" { (words::NAME) }
                    th scope="col" { (words::STEPS) }
                    th .number scope="col" { (words::PRICE) }
                    th scope="col" { (words::REVIEW) }
                    th scope="col" { (words::CHANGED) }
                    th scope="col" { span .out-of-sight { (words::ACTIONS) } }
                } }
                tbody { @for workflow in workflows { (row(workflow)) } }
            }
        }
    }
}

fn row(workflow: &Workflow) -> Markup {
    let path = format!("/studio/workflows/{}", workflow.workflow_id);
    html! {
        tr {
            th scope="row" { a href=(path) { (workflow.name) } }
            td .steps { (steps(workflow)) }
            td .number { (workflow.price) }
            td { @if workflow.review { (widget::badge("warn", words::REVIEW_ON)) } }
            td { (words::VERSION) " " (workflow.number) ", " (widget::time(workflow.saved_at)) }
            td { @if !workflow.archived { a .button .small href={ (path) "/run" } { (words::RUN) span .out-of-sight { " " (workflow.name) } } } }
        }
    }
}

/// The steps between input and export, in a line.
fn steps(workflow: &Workflow) -> Markup {
    let components = retouch::Workflow::from_json(&workflow.components);
    let labels: Vec<&str> = match &components {
        Ok(components) => components.steps().iter().map(super::show::title).collect(),
        Err(_) => vec![words::UNREADABLE_ONE],
    };
    html! { @for (index, label) in labels.iter().enumerate() { @if index > 0 { span aria-hidden="true" { " → " } } (label) } }
}
