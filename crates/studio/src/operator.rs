//! `/studio/operator`: the house, for those who run it.

mod accounts;
mod audit;
mod organizations;
mod queue;
mod storage;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use service::{Steward, StewardError};

use crate::account::Said;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::page::{Page, Place};
use crate::visitor::Visitor;
use crate::words::operator as words;

/// The side navigation of these pages.
const PAGES: [(&str, &str); 5] = [
    ("/studio/operator", words::QUEUE),
    ("/studio/operator/accounts", words::ACCOUNTS),
    ("/studio/operator/organizations", words::ORGANIZATIONS),
    ("/studio/operator/storage", words::STORAGE),
    ("/studio/operator/audit", words::AUDIT),
];

pub fn routes() -> Router<Desk> {
    Router::new()
        .merge(queue::routes())
        .merge(accounts::routes())
        .merge(organizations::routes())
        .merge(storage::routes())
        .merge(audit::routes())
}

fn show(visitor: &Visitor, title: &str, said: &Said, content: &Markup) -> Response {
    let here = visitor.path.split('?').next().unwrap_or_default();
    let status = said.trouble.as_ref().map_or(StatusCode::OK, |(status, _)| *status);
    let content = html! {
        div .sided {
            nav .side-nav aria-label=(words::TITLE) {
                @for (address, word) in PAGES { a href=(address) aria-current=[(here == address).then_some("page")] { (word) } }
                a href="/studio/webhooks#hosts" { (words::HOSTS) }
            }
            div { h1 { (title) } (said.show()) (content) }
        }
    };
    Page::new(title, Place::Operator, visitor)
        .styles(&["people.css"])
        .scripts(&["people/refresh.js"])
        .show_with(status, content)
}

/// What this visitor may do as one who runs the house.
fn steward<'a>(desk: &'a Desk, visitor: &'a Visitor) -> Result<Steward<'a>, Failure> {
    desk.service().steward(&visitor.member).ok_or_else(Failure::forbidden)
}

/// Trouble a person can do something about, as it is said on a page; anything else fails.
fn said(trouble: StewardError) -> Result<Said, Failure> {
    match trouble {
        StewardError::Store(trouble @ service::StoreError::Conflict(_)) => {
            Ok(Said::trouble(StatusCode::CONFLICT, crate::words::profile::sentence(&trouble.to_string())))
        }
        StewardError::Store(service::StoreError::Missing(_)) => Err(Failure::not_found()),
        StewardError::Store(trouble) => Err(trouble.into()),
        trouble => {
            Ok(Said::trouble(StatusCode::BAD_REQUEST, crate::words::profile::sentence(&trouble.to_string())))
        }
    }
}
