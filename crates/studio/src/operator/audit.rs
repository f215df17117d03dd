//! `/studio/operator/audit`: who did what.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use maud::html;
use service::AuditFilter;

use super::show;
use crate::account::{Asked, Said, day, day_after, offset, path_with, text};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::visitor::Operator;
use crate::widget::{pager, time};
use crate::words::{account, operator as words};

const PAGE: i64 = 100;

pub fn routes() -> Router<Desk> {
    Router::new().route("/studio/operator/audit", get(audit))
}

async fn audit(
    State(desk): State<Desk>,
    Operator(visitor): Operator,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let filter = AuditFilter {
        actor: text(&asked, "actor").map(str::to_owned),
        action: text(&asked, "action").map(str::to_owned),
        from: day(&asked, "from"),
        until: day_after(&asked, "to"),
        limit: PAGE,
        offset: offset(&asked),
    };
    let (entries, total) = desk.service().store().audit_page(&filter).await?;
    let content = html! {
        form .row.end.filters method="get" action="/studio/operator/audit" {
            label { (words::WHO) input name="actor" value=(text(&asked, "actor").unwrap_or_default()); }
            label { (words::WHAT) input name="action" value=(text(&asked, "action").unwrap_or_default()) placeholder="token."; }
            label { (account::FROM) input type="date" name="from" value=(text(&asked, "from").unwrap_or_default()); }
            label { (account::TO) input type="date" name="to" value=(text(&asked, "to").unwrap_or_default()); }
            button { (account::FILTER) }
        }
        @if entries.is_empty() { div .empty { p { (words::NO_DEEDS) } } } @else {
            div .scroll tabindex="0" role="group" aria-label=(words::AUDIT) {
                table {
                    thead { tr { th { (account::TIME) } th { (words::WHO) } th { (words::WHAT) } th { (words::TARGET) } th { (words::DETAIL) } } }
                    tbody { @for one in &entries {
                        tr { td { (time(one.at)) } td { (one.actor) } td { code { (one.action) } } td { (one.target) } td { (one.detail) } }
                    } }
                }
            }
            (pager(&path_with("/studio/operator/audit", &asked, &["actor", "action", "from", "to"]), filter.offset, PAGE, total))
        }
    };
    Ok(show(&visitor, words::AUDIT, &Said::default(), &content))
}
