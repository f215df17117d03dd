//! `/studio/tokens`: retouch tokens, issued, listed, revoked.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use service::Token;

use crate::account::{Said, show as page, time_or_dash};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{SignedForm, see_other};
use crate::visitor::Visitor;
use crate::widget::{badge, form_token, time};
use crate::words::{account, tokens as words};

pub fn routes() -> Router<Desk> {
    Router::new().route("/studio/tokens", get(list).post(issue)).route("/studio/tokens/revoke", post(revoke))
}

async fn list(State(desk): State<Desk>, visitor: Visitor) -> Result<Response, Failure> {
    show(&desk, &visitor, &Said::default(), None).await
}

async fn issue(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let name = form.fields.get("name").unwrap_or(words::UNNAMED);
    let issued = desk.service().give_token(&form.visitor.member, name).await?;
    let said = Said::secret(words::TOKEN, issued.text.clone());
    show(&desk, &form.visitor, &said, Some(&issued.text)).await
}

async fn revoke(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let id = form.fields.get("token").unwrap_or_default();
    if !desk.service().take_token(&form.visitor.member, id).await? {
        return Err(Failure::not_found());
    }
    Ok(see_other("/studio/tokens?notice=revoked"))
}

async fn show(desk: &Desk, visitor: &Visitor, said: &Said, fresh: Option<&str>) -> Result<Response, Failure> {
    let tokens = desk.service().tokens(&visitor.member).await?;
    let content = html! {
        @if let Some(token) = fresh { (use_it(visitor, token)) }
        p { (words::ABOUT) }
        form .panel.row.end method="post" action="/studio/tokens" {
            (form_token(visitor))
            label .grow { (words::NAME) input name="name" maxlength="100" required placeholder=(words::NAME_EXAMPLE); }
            button .main { (words::ISSUE) }
        }
        (table(visitor, &tokens))
    };
    Ok(page(visitor, words::TITLE, &[], said, &content))
}

/// A line that works as it stands, once the picture is there.
fn use_it(visitor: &Visitor, token: &str) -> Markup {
    let line = words::curl(&visitor.server, token);
    html! {
        section .panel aria-labelledby="use-it" {
            h2 #use-it { (words::USE_IT) }
            pre tabindex="0" { code #curl-line { (line) } }
            button type="button" data-copy data-copy-from="#curl-line" { (words::COPY_LINE) }
        }
    }
}

fn table(visitor: &Visitor, tokens: &[Token]) -> Markup {
    html! {
        @if tokens.is_empty() { div .empty { p { (words::NONE) } } } @else {
            div .scroll tabindex="0" role="group" aria-label=(words::TITLE) {
                table {
                    thead { tr {
                        th { (account::NAME) } th { (words::ENDS_WITH) } th { (account::CREATED) } th { (account::LAST_USED) }
                        th { (account::STATE) } th { span .out-of-sight { (account::ACTIONS) } }
                    } }
                    tbody { @for token in tokens { (row(visitor, token)) } }
                }
            }
        }
    }
}

fn row(visitor: &Visitor, token: &Token) -> Markup {
    let name = if token.name.is_empty() { words::UNNAMED } else { &token.name };
    html! {
        tr .gone[token.revoked_at.is_some()] {
            td { (name) }
            td { code { "…" (token.hint) } }
            td { (time(token.created_at)) }
            td { (time_or_dash(token.last_used_at)) }
            td { @if token.revoked_at.is_some() { (badge("", account::REVOKED)) } @else { (badge("good", account::ACTIVE)) } }
            td .number { @if token.revoked_at.is_none() {
                form method="post" action="/studio/tokens/revoke" data-confirm=(account::confirm_revoke(name)) {
                    (form_token(visitor))
                    input type="hidden" name="token" value=(token.id);
                    button .small.danger aria-label=(account::revoke_named(name)) { (account::REVOKE) }
                }
            } }
        }
    }
}
