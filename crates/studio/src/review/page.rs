//! The review page: the desk for those with scripts, a list with plain forms for those without.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, PreEscaped, html};
use serde_json::json;
use service::{JobState, OrderFilter, OrderStanding, Review, ReviewError, Workflow};

use super::desk::{Waiting, refused, waiting};
use crate::asked::Asked;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{SignedForm, see_other};
use crate::orders::find_execution;
use crate::page::{Page, Place};
use crate::visitor::Visitor;
use crate::widget;
use crate::words::review as words;

/// Orders to choose from.
const ORDERS: i64 = 200;
/// Workflows to choose from.
const WORKFLOWS: i64 = 500;

pub async fn page(State(desk): State<Desk>, visitor: Visitor) -> Result<Response, Failure> {
    let asked = Asked::of(&visitor.path);
    let organization = &visitor.member.organization;
    let (entries, total) = waiting(&desk, &visitor, &asked).await?;
    let in_review = OrderFilter { state: Some(JobState::InReview), limit: ORDERS, ..OrderFilter::default() };
    let orders = desk.service().orders(organization, &in_review).await?.0;
    let workflows = desk.service().workflows(organization, WORKFLOWS, 0).await?.0;
    let workflows: Vec<_> = workflows.into_iter().filter(|workflow| workflow.review).collect();
    let content = html! {
        div .review-head {
            h1 { (words::TITLE) " " span #count .badge { (total) } }
            (filters(&asked, &orders, &workflows))
            @if visitor.is_admin() { (bulk(&asked)) }
            button type="button" #keys .small { (words::KEYS) }
        }
        @if !visitor.is_admin() { p .notice { (words::ADMINS_ONLY) } }
        (place(&visitor))
        noscript { (plain(&entries, &visitor)) }
        div #none .empty hidden[!entries.is_empty()] { p { (words::NOTHING) } p { (words::NOTHING_HINT) } }
        (dialogs())
        (data(&entries, total))
    };
    Ok(Page::new(words::TITLE, Place::Review, &visitor)
        .styles(&["viewer/viewer.css", "review.css"])
        .scripts(&["review/review.js"])
        .wide()
        .show(content))
}

/// The verdict of somebody without scripts.
pub async fn decide(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    SignedForm { visitor, fields }: SignedForm,
) -> Result<Response, Failure> {
    let job = find_execution(&desk, &visitor, &id).await?;
    let approved = fields.is_set("approve");
    let reason =
        [fields.get("reason"), fields.get("comment")].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let review = Review::new(approved, &reason, Vec::new()).map_err(refused)?;
    let notice = match desk.service().review(&visitor.member, &job, &review).await {
        Ok(()) if approved => "approved",
        Ok(()) => "rejected",
        Err(ReviewError::NotInReview) => "not-in-review",
        Err(ReviewError::Claimed(_)) => "claimed",
        Err(error) => return Err(refused(error)),
    };
    Ok(see_other(&format!("/studio/review?notice={notice}")))
}

fn filters(asked: &Asked, orders: &[OrderStanding], workflows: &[Workflow]) -> Markup {
    let chosen = |name: &str, value: &str| asked.get(name) == Some(value);
    html! {
        form .row .end .grow #filters action="/studio/review" role="search" {
            label { span .out-of-sight { (words::ORDER) } select name="order" {
                option value="" { (words::ANY_ORDER) }
                @for one in orders { option value=(one.id) selected[chosen("order", &one.id)] { (one.name) " (" (one.in_review) ")" } }
            } }
            label { span .out-of-sight { (words::WORKFLOW) } select name="workflow" {
                option value="" { (words::ANY_WORKFLOW) }
                @for one in workflows { option value=(one.workflow_id) selected[chosen("workflow", one.workflow_id.as_str())] { (one.name) } }
            } }
            button .small { (words::FILTER) }
        }
    }
}

fn bulk(asked: &Asked) -> Markup {
    html! {
        div .row #bulk {
            button type="button" .small #select-all { (words::SELECT_ALL) }
            button type="button" .small #approve-selected disabled { (words::APPROVE_SELECTED) }
            @if let Some(order) = asked.get("order") {
                button type="button" .small #approve-order data-order=(order) { (words::APPROVE_ORDER) }
            }
        }
    }
}

/// The desk: filled by the script.
fn place(visitor: &Visitor) -> Markup {
    html! {
        div #desk .review-desk hidden data-decides=(if visitor.is_admin() { "yes" } else { "no" }) {
            nav .queue aria-label=(words::QUEUE) { ol #queue {} }
            section #viewer .viewer-place aria-label=(words::PICTURE) {}
            aside .verdict aria-label=(words::REVIEW_PANEL) {
                h2 #name {}
                p #about .soft {}
                p #claim .claim role="status" {}
                div .row {
                    button type="button" .main #approve { (words::APPROVE) kbd { "A" } }
                    button type="button" .danger #reject { (words::REJECT) kbd { "R" } }
                }
                div .row {
                    button type="button" .small #previous { (words::PREVIOUS) kbd { "←" } }
                    button type="button" .small #next { (words::NEXT) kbd { "→" } }
                    button type="button" .small #toggle { (words::TOGGLE) kbd { "Space" } }
                    button type="button" .small #mark aria-pressed="false" { (words::MARK) kbd { "M" } }
                }
                label { (words::COMPARE_WITH) select #against { option value="input" { (words::ORIGINAL) } } }
                h3 { (words::MARKS) }
                p .hint { (words::MARK_HINT) }
                ol #marks .marks {}
                section #rounds-place hidden { h3 { (words::ROUNDS) } ol #rounds .rounds {} }
            }
        }
        div #said .out-of-sight role="status" {}
    }
}

fn dialogs() -> Markup {
    html! {
        dialog #reject-dialog aria-labelledby="reject-title" {
            form .stack method="dialog" {
                h2 #reject-title { (words::REJECT_TITLE) }
                fieldset .reasons { legend { (words::REASON) }
                    @for (index, reason) in words::REASONS.iter().enumerate() {
                        label { input type="radio" name="reason" value=(reason) checked[index == 0]; " " (reason) kbd { (index + 1) } }
                    }
                }
                label { (words::COMMENT) textarea #comment maxlength="900" rows="2" {} }
                div .row {
                    button type="submit" .danger value="reject" #reject-now { (words::REJECT) }
                    button type="submit" value="back" formnovalidate { (words::CANCEL) }
                }
            }
        }
        dialog #keys-dialog aria-labelledby="keys-title" {
            h2 #keys-title { (words::KEYS) }
            dl .key-list { @for (key, what) in words::KEY_LIST { div { dt { kbd { (key) } } dd { (what) } } } }
            form method="dialog" { button autofocus { (words::CLOSE) } }
        }
    }
}

fn plain(entries: &[Waiting], visitor: &Visitor) -> Markup {
    html! {
        ul .plain {
            @for one in entries {
                li .panel {
                    p { strong { (one.name) } " · " (one.workflow) @if let Some(by) = &one.claimed_by { " · " (words::CLAIMED_BY) " " (by) } }
                    p { a href={ "/studio/executions/" (one.id) } { (words::LOOK) } }
                    @if visitor.is_admin() {
                        form .row .end method="post" action={ "/studio/review/" (one.id) "/decide" } {
                            (widget::form_token(visitor))
                            label { (words::REASON) select name="reason" { @for reason in words::REASONS { option { (reason) } } } }
                            label { (words::COMMENT) input name="comment" maxlength="900"; }
                            button .main name="approve" value="1" { (words::APPROVE) }
                            button .danger { (words::REJECT) }
                        }
                    }
                }
            }
        }
    }
}

/// The queue for the script. Nothing in it can end the element.
fn data(entries: &[Waiting], total: i64) -> Markup {
    let text = json!({ "entries": entries, "total": total }).to_string().replace('<', "\\u003c");
    html! { script type="application/json" id="entries" { (PreEscaped(text)) } }
}
