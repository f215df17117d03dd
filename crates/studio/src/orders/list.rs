//! The lists of orders and of executions.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use service::{Job, JobState, OrderStanding};

use super::filter;
use crate::asked::{Asked, PAGE, segment};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::page::{Page, Place};
use crate::visitor::Visitor;
use crate::widget;
use crate::words::orders as words;

pub async fn orders(State(desk): State<Desk>, visitor: Visitor) -> Result<Response, Failure> {
    let asked = Asked::of(&visitor.path);
    let found = desk.service().orders(&visitor.member.organization, &filter::of_orders(&asked)).await?;
    let workflows = filter::choices(&desk, &visitor).await?;
    let (orders, total) = found;
    let content = html! {
        div .row { h1 .grow { (words::TITLE) } (tabs("/studio/orders")) }
        (filter::form("/studio/orders", &asked, &workflows))
        @if orders.is_empty() { (empty(&asked)) } @else {
            div .scroll tabindex="0" role="region" aria-label=(words::TITLE) {
                table .orders {
                    thead { tr {
                        th scope="col" { (words::NAME) }
                        th scope="col" { (words::PROGRESS) }
                        th .number scope="col" { (words::CREDITS) }
                        th scope="col" { (words::CREATED) }
                        th scope="col" { (words::BY) }
                    } }
                    tbody { @for order in &orders { (order_row(order)) } }
                }
            }
        }
        (widget::pager(&asked.list(), asked.offset(), PAGE, total))
    };
    Ok(Page::new(words::TITLE, Place::Orders, &visitor)
        .styles(&["orders.css"])
        .scripts(&["orders/live.js"])
        .show(content))
}

pub async fn executions(State(desk): State<Desk>, visitor: Visitor) -> Result<Response, Failure> {
    let asked = Asked::of(&visitor.path);
    let wanted = filter::of_executions(&asked);
    let (jobs, total) = desk.service().executions(&visitor.member.organization, wanted).await?;
    let workflows = filter::choices(&desk, &visitor).await?;
    let content = html! {
        div .row { h1 .grow { (words::EXECUTIONS) } (tabs("/studio/executions")) }
        (filter::form("/studio/executions", &asked, &workflows))
        @if jobs.is_empty() { (empty(&asked)) } @else { (execution_table(&jobs, &visitor, true)) }
        (widget::pager(&asked.list(), asked.offset(), PAGE, total))
    };
    Ok(Page::new(words::EXECUTIONS, Place::Orders, &visitor)
        .styles(&["orders.css"])
        .scripts(&["orders/live.js"])
        .show(content))
}

fn tabs(here: &str) -> Markup {
    html! {
        nav .tabs aria-label=(words::TITLE) {
            @for (path, word) in [("/studio/orders", words::TITLE), ("/studio/executions", words::EXECUTIONS)] {
                a href=(path) aria-current=[(path == here).then_some("page")] { (word) }
            }
        }
    }
}

fn empty(asked: &Asked) -> Markup {
    html! {
        div .empty {
            @if asked.narrows() { p { (words::NO_MATCH) } } @else {
                p { (words::NO_ORDERS) } p { (words::NO_ORDERS_HINT) }
                p { a .button href="/studio/workflows" { (words::TO_WORKFLOWS) } }
            }
        }
    }
}

fn order_row(order: &OrderStanding) -> Markup {
    html! {
        tr data-order=(order.id) {
            th scope="row" { a href={ "/studio/orders/" (segment(&order.id)) } { (order.name) } span .soft .under { (order.workflow_name) } }
            td .wide-cell { (standing(order)) }
            td .number data-price { (order.price) }
            td { (widget::time(order.created_at)) }
            td { (order.author) }
        }
    }
}

/// How many of an order's executions are where.
pub fn standing(order: &OrderStanding) -> Markup {
    let done = order.total() - order.under_way();
    html! {
        progress max=(order.total().max(1)) value=(done) aria-label={ (words::PROGRESS) " " (order.name) } {}
        p .counts data-counts { (counts(order)) }
    }
}

/// The counts in words: `3 done · 1 failed · 4 pictures`.
fn counts(order: &OrderStanding) -> String {
    let parts = [
        (order.completed, words::state(JobState::Completed).1),
        (order.in_review, words::state(JobState::InReview).1),
        (order.failed, words::NOT_DONE),
        (order.unpaid, words::state(JobState::Unpaid).1),
        (order.active, words::state(JobState::Active).1),
        (order.waiting, words::state(JobState::Waiting).1),
    ];
    let told = parts.iter().filter(|(count, _)| *count > 0);
    let told = told.map(|(count, word)| format!("{count} {word}"));
    let all = format!("{} {}", order.total(), words::PICTURES);
    told.chain([all]).collect::<Vec<_>>().join(" · ")
}

/// Executions with what may be done with each; those of one order all have the same workflow, which need not be said.
pub fn execution_table(jobs: &[Job], visitor: &Visitor, with_workflow: bool) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label=(words::EXECUTIONS) {
            table .executions {
                thead { tr {
                    th scope="col" { (words::PICTURE) }
                    th scope="col" { (words::STATE) }
                    @if with_workflow { th scope="col" { (words::WORKFLOW) } }
                    th .number scope="col" { (words::CREDITS) }
                    th scope="col" { (words::CREATED) }
                    th scope="col" { span .out-of-sight { (words::ACTIONS) } }
                } }
                tbody { @for job in jobs { (execution_row(job, visitor, with_workflow)) } }
            }
        }
    }
}

fn execution_row(job: &Job, visitor: &Visitor, with_workflow: bool) -> Markup {
    let path = format!("/studio/executions/{}", job.id);
    let name = if job.input.name.is_empty() { job.id.as_str() } else { &job.input.name };
    let may = May::of(job);
    html! {
        tr data-execution=(job.id) data-state=(job.state.as_str()) {
            th scope="row" {
                a .picture href=(path) {
                    (thumb(job))
                    span { (name) @if let Some(folder) = job.labels.get("folder") { span .soft .under { (folder) } } }
                }
            }
            td { (state(job)) }
            @if with_workflow {
                td { @if let Some(workflow) = &job.workflow { a href={ "/studio/workflows/" (workflow.id) "?version=" (workflow.version) } { (workflow.name) } } }
            }
            td .number data-price { (job.charged) }
            td { (widget::time(job.created_at)) }
            td { div .row .tight {
                a .button .small href={ (path) "/result" } data-may="fetch" hidden[!may.fetch] { (words::DOWNLOAD) span .out-of-sight { " " (name) } }
                @for (deed, word, is_possible) in [("retry", words::RETRY, may.retry), ("cancel", words::CANCEL, may.cancel)] {
                    form method="post" action={ (path) "/" (deed) } data-may=(deed) hidden[!is_possible] {
                        (widget::form_token(visitor))
                        input type="hidden" name="next" value=(visitor.path);
                        button .small { (word) span .out-of-sight { " " (name) } }
                    }
                }
            } }
        }
    }
}

/// What may be done with an execution.
pub struct May {
    pub fetch: bool,
    pub retry: bool,
    pub cancel: bool,
}

impl May {
    pub fn of(job: &Job) -> Self {
        Self {
            fetch: job.state == JobState::Completed && !job.purged,
            retry: matches!(job.state, JobState::Failed | JobState::Cancelled | JobState::Unpaid)
                && !job.purged,
            cancel: !job.state.is_final(),
        }
    }
}

/// A small picture of the result, or of the upload while there is none.
pub fn thumb(job: &Job) -> Markup {
    let which =
        if matches!(job.state, JobState::Completed | JobState::InReview) { "result" } else { "input" };
    html! {
        @if job.purged { span .thumb .gone {} } @else {
            img .thumb src={ "/studio/pictures/" (job.id) "/" (which) "/thumb?edge=96" } alt="" width="48" height="48" loading="lazy" data-thumb=(which);
        }
    }
}

/// State, progress and reason of an execution.
pub fn state(job: &Job) -> Markup {
    let (kind, word) = words::state(job.state);
    html! {
        span data-badge { (widget::badge(kind, word)) }
        progress data-progress max="100" value=(job.progress) hidden[job.state != JobState::Active] aria-label={ (words::PROGRESS) " " (job.input.name) } {}
        span .soft .under data-reason { (job.reason) }
    }
}
