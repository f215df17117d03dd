//! `/studio/devices`: programs that were let in, and a refresh token to paste into one.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use service::{PUBLISHED_CLIENT, RefreshToken};

use crate::account::{Said, show as page, time_or_dash};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{SignedForm, see_other};
use crate::visitor::Visitor;
use crate::widget::{badge, form_token, time};
use crate::words::{account, devices as words};

pub fn routes() -> Router<Desk> {
    Router::new().route("/studio/devices", get(list).post(add)).route("/studio/devices/revoke", post(revoke))
}

async fn list(State(desk): State<Desk>, visitor: Visitor) -> Result<Response, Failure> {
    show(&desk, &visitor, &Said::default(), false).await
}

async fn add(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let name: String = form.fields.get("name").unwrap_or(words::UNNAMED).chars().take(100).collect();
    let member = &form.visitor.member;
    let refresh =
        desk.service().add_device(&member.account, &member.organization.id, PUBLISHED_CLIENT, &name).await?;
    show(&desk, &form.visitor, &Said::secret(words::REFRESH_TOKEN, refresh), true).await
}

async fn revoke(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let id = form.fields.get("device").unwrap_or_default();
    if !desk.service().put_out(&form.visitor.member, id).await? {
        return Err(Failure::not_found());
    }
    Ok(see_other("/studio/devices?notice=revoked"))
}

async fn show(desk: &Desk, visitor: &Visitor, said: &Said, is_fresh: bool) -> Result<Response, Failure> {
    let devices = desk.service().devices(&visitor.member).await?;
    let content = html! {
        @if is_fresh { (use_it(visitor)) }
        p { (words::ABOUT) }
        div .pair.panels {
            section .panel aria-labelledby="approve" {
                h2 #approve { (words::APPROVE) }
                p .soft { (words::APPROVE_TEXT) }
                form .row.end method="get" action="/activate" {
                    label .grow { (words::CODE) input .code name="user_code" maxlength="20" required autocomplete="off" autocapitalize="characters" spellcheck="false" placeholder="XXXX-XXXX"; }
                    button { (words::CONTINUE) }
                }
            }
            section .panel aria-labelledby="add" {
                h2 #add { (words::ADD) }
                p .soft { (words::ADD_TEXT) }
                form .row.end method="post" action="/studio/devices" {
                    (form_token(visitor))
                    label .grow { (words::NAME) input name="name" maxlength="100" required placeholder=(words::NAME_EXAMPLE); }
                    button .main { (words::ADD_BUTTON) }
                }
            }
        }
        h2 { (words::LIST) }
        (table(visitor, &devices))
    };
    Ok(page(visitor, words::TITLE, &[], said, &content))
}

fn use_it(visitor: &Visitor) -> Markup {
    html! {
        section .panel aria-labelledby="use-it" {
            h2 #use-it { (words::USE_IT) }
            ol { @for step in words::STEPS { li { (step) } } }
            dl .facts {
                dt { (words::SERVER) } dd { code { (visitor.server) } }
                dt { (words::CLIENT_ID) } dd { code { (PUBLISHED_CLIENT) } }
            }
            p { (words::EXCHANGE) }
            pre tabindex="0" { code { (words::exchange(&visitor.server, PUBLISHED_CLIENT)) } }
        }
    }
}

fn table(visitor: &Visitor, devices: &[RefreshToken]) -> Markup {
    html! {
        @if devices.is_empty() { div .empty { p { (words::NONE) } } } @else {
            div .scroll tabindex="0" role="group" aria-label=(words::LIST) {
                table {
                    thead { tr {
                        th { (account::NAME) } th { (words::CLIENT) } th { (account::CREATED) } th { (account::LAST_USED) }
                        th { (account::STATE) } th { span .out-of-sight { (account::ACTIONS) } }
                    } }
                    tbody { @for device in devices { (row(visitor, device)) } }
                }
            }
        }
    }
}

fn row(visitor: &Visitor, device: &RefreshToken) -> Markup {
    let name = if device.name.is_empty() { words::BY_CODE } else { &device.name };
    let client = if device.client_id == PUBLISHED_CLIENT { words::PUBLISHED } else { &device.client_id };
    html! {
        tr .gone[device.revoked_at.is_some()] {
            td { (name) }
            td { (client) }
            td { (time(device.created_at)) }
            td { (time_or_dash(device.last_used_at)) }
            td { @if device.revoked_at.is_some() { (badge("", account::REVOKED)) } @else { (badge("good", account::ACTIVE)) } }
            td .number { @if device.revoked_at.is_none() {
                form method="post" action="/studio/devices/revoke" data-confirm=(account::confirm_revoke(name)) {
                    (form_token(visitor))
                    input type="hidden" name="device" value=(device.id);
                    button .small.danger aria-label=(account::revoke_named(name)) { (account::REVOKE) }
                }
            } }
        }
    }
}
