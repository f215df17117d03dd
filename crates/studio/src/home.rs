//! `/` and `/studio`: where to go from here.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};

use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::see_other;
use crate::page::{Page, Place};
use crate::visitor::Visitor;
use crate::words::{common, home as words};

pub fn routes() -> Router<Desk> {
    Router::new().route("/", get(async || see_other("/studio"))).route("/studio", get(show))
}

async fn show(State(desk): State<Desk>, visitor: Visitor) -> Result<Response, Failure> {
    let standing = desk.service().standing_of(&visitor.member.organization).await?;
    let credits = if standing.unmetered { words::UNMETERED.to_owned() } else { standing.balance.to_string() };
    let content = html! {
        h1 { (visitor.member.organization.name) }
        dl .figures {
            div { dt { (words::BALANCE) } dd { a href="/studio/credits" { (credits) } } }
            @if standing.daily_allowance.is_some() { div { dt { (words::TODAY) } dd { (standing.quota()) } } }
        }
        div .cards {
            (card("/studio/try", words::TRY, words::TRY_TEXT))
            (card("/studio/workflows", common::WORKFLOWS, words::WORKFLOWS_TEXT))
            (card("/studio/orders", common::ORDERS, words::ORDERS_TEXT))
            (card("/studio/review", common::REVIEW, words::REVIEW_TEXT))
            (card("/studio/api", words::PROGRAMS, words::PROGRAMS_TEXT))
        }
    };
    Ok(Page::new(words::TITLE, Place::Home, &visitor).show(content))
}

fn card(address: &str, title: &str, text: &str) -> Markup {
    html! { a .card href=(address) { h2 { (title) } p { (text) } } }
}
