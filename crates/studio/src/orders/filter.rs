//! The filters above lists of orders and executions.

use maud::{Markup, html};
use service::{JobFilter, OrderFilter, Workflow};

use crate::asked::{Asked, PAGE};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::visitor::Visitor;
use crate::words::orders as words;

/// Workflows to choose from.
const CHOICES: i64 = 500;

/// The workflows that a list may be narrowed to.
pub async fn choices(desk: &Desk, visitor: &Visitor) -> Result<Vec<Workflow>, Failure> {
    let organization = &visitor.member.organization;
    let mut choices = desk.service().workflows(organization, CHOICES, 0).await?.0;
    choices.extend(desk.service().archived_workflows(organization).await?);
    Ok(choices)
}

/// What a list of executions is asked for.
pub fn of_executions(asked: &Asked) -> JobFilter {
    let (state, or_state) = asked.states();
    JobFilter {
        state,
        or_state,
        workflow: asked.workflow(),
        batch: asked.get("order").map(str::to_owned),
        text: asked.get("text").map(str::to_owned),
        since: asked.day("since"),
        before: asked.day_end("until"),
        limit: PAGE,
        offset: asked.offset(),
        ..JobFilter::default()
    }
}

/// What a list of orders is asked for.
pub fn of_orders(asked: &Asked) -> OrderFilter {
    let (state, or_state) = asked.states();
    OrderFilter {
        state,
        or_state,
        workflow: asked.workflow(),
        text: asked.get("text").map(str::to_owned),
        since: asked.day("since"),
        before: asked.day_end("until"),
        limit: PAGE,
        offset: asked.offset(),
        ..OrderFilter::default()
    }
}

/// The form; without workflows to choose from for the executions of one order.
pub fn form(path: &str, asked: &Asked, workflows: &[Workflow]) -> Markup {
    let chosen = |name: &str, value: &str| asked.get(name) == Some(value);
    html! {
        form .filters action=(path) role="search" {
            label { (words::STATE) select name="state" {
                option value="" { (words::ANY_STATE) }
                @for (key, word, ..) in words::STATES { option value=(key) selected[chosen("state", key)] { (word) } }
            } }
            @if !workflows.is_empty() {
                label { (words::WORKFLOW) select name="workflow" {
                    option value="" { (words::ANY_WORKFLOW) }
                    @for one in workflows {
                        option value=(one.workflow_id) selected[chosen("workflow", one.workflow_id.as_str())] { (one.name) }
                    }
                } }
            }
            label { (words::TEXT) input name="text" type="search" value=[asked.get("text")] placeholder=(words::TEXT_HINT); }
            label { (words::SINCE) input name="since" type="date" value=[asked.get("since")]; }
            label { (words::UNTIL) input name="until" type="date" value=[asked.get("until")]; }
            div .row {
                button { (words::FILTER) }
                @if asked.narrows() { a href=(path) { (words::ALL) } }
            }
        }
    }
}
