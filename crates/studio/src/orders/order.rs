//! One order: its executions, and what may be done with all of them.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::html;
use service::OrderStanding;

use super::filter;
use super::list::{execution_table, standing};
use crate::asked::{Asked, PAGE, segment};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{SignedForm, see_other};
use crate::page::{Page, Place};
use crate::visitor::Visitor;
use crate::widget;
use crate::words::orders as words;

pub async fn show(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let asked = Asked::of(&visitor.path);
    let order = find(&desk, &visitor, &id).await?;
    let wanted = service::JobFilter { batch: Some(id.clone()), ..filter::of_executions(&asked) };
    let (jobs, total) = desk.service().executions(&visitor.member.organization, wanted).await?;
    let path = format!("/studio/orders/{}", segment(&id));
    let content = html! {
        p .trail { a href="/studio/orders" { (words::TITLE) } }
        h1 { (order.name) }
        section .panel .order-head data-order=(order.id) aria-label=(words::LIVE) {
            p { (order.workflow_name) " · " (widget::time(order.created_at)) " · " (order.author) " · " span data-price { (order.price) } " " (words::CREDITS) }
            div role="status" { (standing(&order)) }
            div .row {
                a .button .main href={ (path) "/zip" } hidden[order.completed == 0] data-may="zip" { (words::DOWNLOAD_ALL) }
                a .button href={ "/studio/review?" (query("order", &id)) } hidden[order.in_review == 0] data-may="review" { (words::REVIEW_ALL) }
                form method="post" action={ (path) "/retry" } hidden[order.failed + order.unpaid == 0] data-may="retry-all" {
                    (widget::form_token(&visitor)) button { (words::RETRY_ALL) }
                }
                form method="post" action={ (path) "/cancel" } data-confirm=(words::CANCEL_SURE) hidden[order.under_way() == 0] data-may="cancel-all" {
                    (widget::form_token(&visitor)) button .danger { (words::CANCEL_ALL) }
                }
            }
        }
        (filter::form(&path, &asked, &[]))
        @if jobs.is_empty() { div .empty { p { (words::NO_MATCH) } } } @else { (execution_table(&jobs, &visitor, false)) }
        (widget::pager(&asked.list(), asked.offset(), PAGE, total))
    };
    Ok(Page::new(&order.name, Place::Orders, &visitor)
        .styles(&["orders.css"])
        .scripts(&["orders/live.js"])
        .show(content))
}

pub async fn retry(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    SignedForm { visitor, .. }: SignedForm,
) -> Result<Response, Failure> {
    find(&desk, &visitor, &id).await?;
    desk.service().retry_order(&visitor.member.organization, &id).await?;
    Ok(see_other(&format!("/studio/orders/{}?notice=order-retried", segment(&id))))
}

pub async fn cancel(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    SignedForm { visitor, .. }: SignedForm,
) -> Result<Response, Failure> {
    find(&desk, &visitor, &id).await?;
    desk.service().cancel_order(&visitor.member.organization, &id).await?;
    Ok(see_other(&format!("/studio/orders/{}?notice=order-cancelled", segment(&id))))
}

/// An order of the visitor's organization.
///
/// # Errors
/// 404.
pub async fn find(desk: &Desk, visitor: &Visitor, id: &str) -> Result<OrderStanding, Failure> {
    desk.service().order(&visitor.member.organization, id).await?.ok_or_else(Failure::not_found)
}

fn query(name: &str, value: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}
