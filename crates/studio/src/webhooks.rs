//! `/studio/webhooks`: who may be told, how to know that it was us, and every message with its tries.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use service::{
    AllowedHost, Delivery, DeliverySearch, DeliveryState, HookHeaders, StewardError, TestError, Try,
};

use crate::account::{Asked, Said, choice, day, day_after, offset, path_with, show as page, text};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{SignedForm, see_other};
use crate::visitor::Visitor;
use crate::widget::{badge, form_token, pager, time};
use crate::words::{account, profile, webhooks as words};

/// Messages on one page.
const PAGE: i64 = 50;
const FILTERS: [&str; 4] = ["state", "host", "from", "to"];

pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/studio/webhooks", get(webhooks))
        .route("/studio/webhooks/hosts", post(allow))
        .route("/studio/webhooks/hosts/forbid", post(forbid))
        .route("/studio/webhooks/test", post(test))
        .route("/studio/webhooks/{id}", get(delivery))
        .route("/studio/webhooks/{id}/resend", post(resend))
}

async fn webhooks(
    State(desk): State<Desk>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    show(&desk, &visitor, &asked, &Said::default()).await
}

async fn allow(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let steward = desk.service().steward(&form.visitor.member).ok_or_else(Failure::forbidden)?;
    let host = form.fields.get("host").unwrap_or_default();
    match steward.allow_host(host, form.fields.is_set("private")).await {
        Ok(_) => Ok(see_other("/studio/webhooks?notice=host-allowed")),
        Err(StewardError::Store(trouble)) => Err(trouble.into()),
        Err(trouble) => {
            let said = Said::trouble(StatusCode::BAD_REQUEST, profile::sentence(&trouble.to_string()));
            show(&desk, &form.visitor, &Asked::new(), &said).await
        }
    }
}

async fn forbid(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let steward = desk.service().steward(&form.visitor.member).ok_or_else(Failure::forbidden)?;
    let host = form.fields.get("host").unwrap_or_default();
    match steward.forbid_host(host).await {
        Ok(true) => Ok(see_other("/studio/webhooks?notice=host-forbidden")),
        Ok(false) => Err(Failure::not_found()),
        Err(StewardError::Store(trouble)) => Err(trouble.into()),
        Err(trouble) => Err(Failure::bad_request(profile::sentence(&trouble.to_string()))),
    }
}

async fn test(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let address = form.fields.get("url").unwrap_or_default();
    match desk.service().send_test(&form.visitor.member, address).await {
        Ok(delivery) => Ok(see_other(&format!("/studio/webhooks/{}?notice=test-sent", delivery.id))),
        Err(TestError::Store(trouble)) => Err(trouble.into()),
        Err(trouble) => {
            let said = Said::trouble(StatusCode::BAD_REQUEST, profile::sentence(&trouble.to_string()));
            show(&desk, &form.visitor, &Asked::new(), &said).await
        }
    }
}

async fn resend(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    form: SignedForm,
) -> Result<Response, Failure> {
    if !desk.service().resend(&form.visitor.member, &id).await? {
        return Err(Failure::not_found());
    }
    Ok(see_other(&format!("/studio/webhooks/{id}?notice=resent")))
}

async fn show(desk: &Desk, visitor: &Visitor, asked: &Asked, said: &Said) -> Result<Response, Failure> {
    let organization = &visitor.member.organization;
    let search = DeliverySearch {
        state: text(asked, "state").and_then(DeliveryState::from_text),
        host: text(asked, "host").map(str::to_owned),
        from: day(asked, "from"),
        until: day_after(asked, "to"),
        limit: PAGE,
        offset: offset(asked),
    };
    let (deliveries, total) = desk.service().deliveries(organization, &search).await?;
    let hosts = desk.service().allowed_hosts().await?;
    let content = html! {
        (list(asked, &deliveries, total, search.offset))
        (test_form(visitor, &hosts))
        (hosts_section(visitor, &hosts))
        (signatures())
    };
    Ok(page(visitor, words::TITLE, &[], said, &content))
}

fn list(asked: &Asked, deliveries: &[Delivery], total: i64, offset: i64) -> Markup {
    let states = [
        ("", account::ALL),
        ("pending", words::state(DeliveryState::Pending)),
        ("delivered", words::state(DeliveryState::Delivered)),
        ("given_up", words::state(DeliveryState::GivenUp)),
        ("refused", words::state(DeliveryState::Refused)),
    ];
    html! {
        section .panel aria-labelledby="deliveries" {
            h2 #deliveries { (words::DELIVERIES) }
            form .row.end.filters method="get" action="/studio/webhooks" {
                (choice("state", account::STATE, &states, text(asked, "state")))
                label { (words::HOST) input name="host" value=(text(asked, "host").unwrap_or_default()); }
                label { (account::FROM) input type="date" name="from" value=(text(asked, "from").unwrap_or_default()); }
                label { (account::TO) input type="date" name="to" value=(text(asked, "to").unwrap_or_default()); }
                button { (account::FILTER) }
            }
            @if deliveries.is_empty() { div .empty { p { (words::NONE) } } } @else {
                div .scroll tabindex="0" role="group" aria-label=(words::DELIVERIES) {
                    table {
                        thead { tr {
                            th { (account::TIME) } th { (words::EVENT) } th { (words::HOST) } th { (account::STATE) }
                            th .number { (words::TRIES) } th { (words::LAST) }
                        } }
                        tbody { @for one in deliveries {
                            tr {
                                td { a href=(format!("/studio/webhooks/{}", one.id)) { (time(one.created_at)) } }
                                td { (one.event) }
                                td { (one.host) }
                                td { (state_badge(one.state)) }
                                td .number { (one.tries) }
                                td { (outcome(one)) }
                            }
                        } }
                    }
                }
                (pager(&path_with("/studio/webhooks", asked, &FILTERS), offset, PAGE, total))
            }
        }
    }
}

fn state_badge(state: DeliveryState) -> Markup {
    let kind = match state {
        DeliveryState::Pending => "busy",
        DeliveryState::Delivered => "good",
        DeliveryState::GivenUp => "bad",
        DeliveryState::Refused => "warn",
    };
    badge(kind, words::state(state))
}

fn outcome(one: &Delivery) -> String {
    match (one.note.as_str(), one.last_error.as_str(), one.last_status) {
        ("", "", Some(status)) => status.to_string(),
        ("", error, _) => error.to_owned(),
        (note, _, _) => note.to_owned(),
    }
}

fn test_form(visitor: &Visitor, hosts: &[AllowedHost]) -> Markup {
    html! {
        section .panel aria-labelledby="test" {
            h2 #test { (words::TEST) }
            p .soft { (if hosts.is_empty() { words::TEST_NO_HOSTS } else { words::TEST_TEXT }) }
            form .row.end method="post" action="/studio/webhooks/test" {
                (form_token(visitor))
                label .grow { (words::ADDRESS) input name="url" type="url" required placeholder="https://hooks.example.org/atelier"; }
                button { (words::SEND) }
            }
        }
    }
}

fn hosts_section(visitor: &Visitor, hosts: &[AllowedHost]) -> Markup {
    html! {
        section .panel aria-labelledby="hosts" {
            h2 #hosts { (words::HOSTS) }
            p .soft { (words::HOSTS_TEXT) }
            @if hosts.is_empty() { p { (words::NO_HOSTS) } } @else {
                ul .plain-list { @for host in hosts {
                    li {
                        span .grow { code { (host.pattern) } @if host.private { " " (badge("warn", words::PRIVATE)) } }
                        @if visitor.is_operator() {
                            form method="post" action="/studio/webhooks/hosts/forbid" data-confirm=(words::confirm_forbid(&host.pattern)) {
                                (form_token(visitor))
                                input type="hidden" name="host" value=(host.pattern);
                                button .small.danger aria-label=(words::forbid_named(&host.pattern)) { (words::FORBID) }
                            }
                        }
                    }
                } }
            }
            @if visitor.is_operator() {
                form .row.end method="post" action="/studio/webhooks/hosts" {
                    (form_token(visitor))
                    label .grow { (words::HOST_LABEL) input name="host" required placeholder="hooks.example.org"; }
                    label .check { input type="checkbox" name="private" value="yes"; " " (words::PRIVATE_LABEL) }
                    button { (words::ALLOW) }
                }
            } @else { p .soft { (words::ONLY_OPERATORS) } }
        }
    }
}

fn signatures() -> Markup {
    html! {
        section .panel aria-labelledby="signatures" {
            h2 #signatures { (words::SIGNATURES) }
            p { (words::SIGNATURES_TEXT) " " a href="/studio/profile#webhooks" { (words::TO_SECRET) } }
            @for (name, code) in words::VERIFY {
                details open[name == words::VERIFY[0].0] {
                    summary { (name) }
                    pre tabindex="0" { code { (code) } }
                }
            }
        }
    }
}

async fn delivery(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let found = desk.service().delivery(&visitor.member.organization, &id).await?;
    let (one, tries) = found.ok_or_else(Failure::not_found)?;
    let at = tries.last().map_or(one.created_at, |last| last.at);
    let headers = desk.service().hook_headers(&one, at).await?;
    let content = html! {
        p { a href="/studio/webhooks" { (words::BACK) } }
        section .panel aria-labelledby="state" {
            h2 #state { (state_badge(one.state)) " " (one.event) }
            dl .facts {
                dt { (account::CREATED) } dd { (time(one.created_at)) }
                @if let Some(job) = &one.job_id { dt { (words::JOB) } dd { code { (job) } } }
                @if one.state == DeliveryState::Pending { dt { (words::NEXT) } dd { (time(one.next_at)) } }
                @if !one.note.is_empty() { dt { (words::NOTE) } dd { (one.note) } }
            }
            form .row method="post" action=(format!("/studio/webhooks/{}/resend", one.id)) {
                (form_token(&visitor))
                button .main { (words::RESEND) }
                a .button href=(format!("/studio/webhooks/{}", one.id)) { (words::LOOK_AGAIN) }
            }
        }
        (request(&one, headers.as_ref()))
        (tries_section(&tries))
    };
    Ok(page(&visitor, words::DELIVERY, &[], &Said::default(), &content))
}

fn request(one: &Delivery, headers: Option<&HookHeaders>) -> Markup {
    let body = serde_json::from_str::<serde_json::Value>(&one.body)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| one.body.clone());
    html! {
        section .panel aria-labelledby="request" {
            h2 #request { (words::REQUEST) }
            p { code { "POST " (one.url) } }
            @if let Some(headers) = headers {
                dl .facts { @for (name, value) in headers { dt { (name) } dd { code { (value) } } } }
                p .soft { (words::HEADERS_TEXT) }
            }
            pre tabindex="0" aria-label=(words::BODY) { code { (body) } }
        }
    }
}

fn tries_section(tries: &[Try]) -> Markup {
    html! {
        section .panel aria-labelledby="tries" {
            h2 #tries { (words::TRIES) }
            @if tries.is_empty() { p .soft { (words::NO_TRIES) } } @else {
                div .scroll tabindex="0" role="group" aria-label=(words::TRIES) {
                    table {
                        thead { tr {
                            th { (account::TIME) } th { (words::STATUS) } th .number { (words::DURATION) } th { (words::ERROR) } th { (words::ANSWER) }
                        } }
                        tbody { @for one in tries {
                            tr {
                                td { (time(one.at)) }
                                td { @if let Some(status) = one.status { (badge(if one.error.is_empty() { "good" } else { "bad" }, &status.to_string())) } @else { (badge("bad", words::NO_ANSWER)) } }
                                td .number { (one.millis) " ms" }
                                td { (one.error) }
                                td { @if !one.excerpt.is_empty() { code { (one.excerpt) } } }
                            }
                        } }
                    }
                }
            }
        }
    }
}
