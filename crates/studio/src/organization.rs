//! `/studio/organization`: its name, its people and what each may do.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use service::{Account, AccountId, PeopleError, Role};

use crate::account::{Said, choice, show as page};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{SignedForm, see_other};
use crate::visitor::Visitor;
use crate::widget::{badge, form_token, time};
use crate::words::{account, organization as words, profile};

pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/studio/organization", get(organization))
        .route("/studio/organization/name", post(rename))
        .route("/studio/organization/members", post(admit))
        .route("/studio/organization/members/role", post(give_role))
        .route("/studio/organization/members/remove", post(dismiss))
}

async fn organization(State(desk): State<Desk>, visitor: Visitor) -> Result<Response, Failure> {
    show(&desk, &visitor, &Said::default()).await
}

async fn rename(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let name = form.fields.get("name").unwrap_or_default();
    let done = desk.service().rename_organization(&form.visitor.member, name).await;
    settled(&desk, &form.visitor, done, "renamed").await
}

async fn admit(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let email = form.fields.get("email").unwrap_or_default();
    let admitted = desk.service().admit(&form.visitor.member, email, role_of(&form)).await;
    match admitted.map(|admitted| (admitted.account.email, admitted.password)) {
        Ok((email, Some(password))) => {
            let secrets = vec![(words::THEIR_EMAIL, email), (words::THEIR_PASSWORD, password)];
            show(&desk, &form.visitor, &Said { secrets, ..Said::default() }).await
        }
        done => settled(&desk, &form.visitor, done.map(drop), "member-added").await,
    }
}

async fn give_role(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let done = desk.service().give_role(&form.visitor.member, &account_of(&form), role_of(&form)).await;
    settled(&desk, &form.visitor, done, "role").await
}

async fn dismiss(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let done = desk.service().dismiss(&form.visitor.member, &account_of(&form)).await;
    if done.is_ok() && form.visitor.member.account.id == account_of(&form) {
        return Ok(see_other("/studio/sign-in"));
    }
    settled(&desk, &form.visitor, done, "member-removed").await
}

fn account_of(form: &SignedForm) -> AccountId {
    AccountId::from(form.fields.get("account").unwrap_or_default())
}

fn role_of(form: &SignedForm) -> Role {
    form.fields.get("role").and_then(Role::from_text).unwrap_or(Role::Operator)
}

async fn settled(
    desk: &Desk,
    visitor: &Visitor,
    done: Result<(), PeopleError>,
    notice: &str,
) -> Result<Response, Failure> {
    let trouble = match done {
        Ok(()) => return Ok(see_other(&format!("/studio/organization?notice={notice}"))),
        Err(PeopleError::NotAdmin) => return Err(Failure::forbidden()),
        Err(PeopleError::Store(trouble)) => return Err(trouble.into()),
        Err(trouble) => trouble,
    };
    let status = match &trouble {
        PeopleError::BadName | PeopleError::Account(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::CONFLICT,
    };
    show(desk, visitor, &Said::trouble(status, profile::sentence(&trouble.to_string()))).await
}

async fn show(desk: &Desk, visitor: &Visitor, said: &Said) -> Result<Response, Failure> {
    let people = desk.service().people(&visitor.member.organization).await?;
    let content = html! {
        (name(visitor))
        section .panel aria-labelledby="members" {
            h2 #members { (words::MEMBERS) }
            p .soft { (words::ROLES) }
            div .scroll tabindex="0" role="group" aria-label=(words::MEMBERS) {
                table {
                    thead { tr {
                        th { (words::PERSON) } th { (words::ROLE) } th { (account::CREATED) }
                        th { span .out-of-sight { (account::ACTIONS) } }
                    } }
                    tbody { @for (one, role) in &people { (row(visitor, one, *role)) } }
                }
            }
        }
        @if visitor.is_admin() { (admit_form(visitor)) } @else { p .soft { (account::ONLY_ADMINS) } }
    };
    Ok(page(visitor, words::TITLE, &[], said, &content))
}

fn name(visitor: &Visitor) -> Markup {
    let name = &visitor.member.organization.name;
    html! {
        section .panel aria-labelledby="name" {
            h2 #name { (words::NAME) }
            @if visitor.is_admin() {
                form .row.end method="post" action="/studio/organization/name" {
                    (form_token(visitor))
                    label .grow { (words::NAME_LABEL) input name="name" required maxlength="100" value=(name); }
                    button { (words::RENAME) }
                }
            } @else { p { (name) } }
        }
    }
}

fn row(visitor: &Visitor, one: &Account, role: Role) -> Markup {
    let names: Vec<&str> =
        [one.given_name.as_deref(), one.family_name.as_deref()].into_iter().flatten().collect();
    let is_self = one.id == visitor.member.account.id;
    html! {
        tr .gone[one.disabled] {
            td { (one.email) @if !names.is_empty() { br; span .soft { (names.join(" ")) } }
                @if is_self { " " (badge("busy", words::YOU)) } @if one.disabled { " " (badge("bad", words::DISABLED)) } }
            td { @if visitor.is_admin() {
                form .row method="post" action="/studio/organization/members/role" {
                    (form_token(visitor))
                    input type="hidden" name="account" value=(one.id);
                    select .compact name="role" aria-label=(words::role_of(&one.email)) {
                        @for option in [Role::Admin, Role::Operator] {
                            option value=(option.as_str()) selected[option == role] { (profile::role(option)) }
                        }
                    }
                    button .small aria-label=(words::change_role_of(&one.email)) { (words::CHANGE) }
                }
            } @else { (profile::role(role)) } }
            td { (time(one.created_at)) }
            td .number { @if visitor.is_admin() || is_self {
                form method="post" action="/studio/organization/members/remove" data-confirm=(words::confirm_remove(&one.email)) {
                    (form_token(visitor))
                    input type="hidden" name="account" value=(one.id);
                    button .small.danger aria-label=(if is_self { words::leave_named(&visitor.member.organization.name) } else { words::remove_named(&one.email) }) { (if is_self { words::LEAVE } else { words::REMOVE }) }
                }
            } }
        }
    }
}

fn admit_form(visitor: &Visitor) -> Markup {
    html! {
        section .panel aria-labelledby="admit" {
            h2 #admit { (words::ADMIT) }
            p .soft { (words::ADMIT_TEXT) }
            form .row.end method="post" action="/studio/organization/members" {
                (form_token(visitor))
                label .grow { (words::EMAIL) input name="email" type="email" required autocomplete="off"; }
                (choice("role", words::ROLE, &[("operator", profile::role(Role::Operator)), ("admin", profile::role(Role::Admin))], None))
                button .main { (words::ADD) }
            }
        }
    }
}
