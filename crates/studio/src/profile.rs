//! `/studio/profile`: the person's own account.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use service::{Member, OpenSession, Organization, OrganizationId, ProfileError, Role};

use crate::account::{Said, show as page};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{SignedForm, see_other};
use crate::visitor::Visitor;
use crate::widget::{form_token, time};
use crate::words::{account, profile as words};

pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/studio/profile", get(profile))
        .route("/studio/profile/names", post(names))
        .route("/studio/profile/email", post(email))
        .route("/studio/profile/password", post(password))
        .route("/studio/profile/sessions/end", post(end_session))
        .route("/studio/profile/sessions/others", post(end_others))
        .route("/studio/profile/hook-secret", post(hook_secret))
        .route("/studio/profile/organization", post(turn))
}

async fn profile(State(desk): State<Desk>, visitor: Visitor) -> Result<Response, Failure> {
    show(&desk, &visitor, &Said::default()).await
}

async fn names(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let (fields, visitor) = (&form.fields, &form.visitor);
    let done = desk
        .service()
        .change_names(&visitor.member.account, fields.exactly("given_name"), fields.exactly("family_name"))
        .await;
    settled(&desk, visitor, done, "names").await
}

async fn email(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let (fields, visitor) = (&form.fields, &form.visitor);
    let wanted = fields.get("email").unwrap_or_default();
    let done = desk.service().change_email(&visitor.member.account, fields.exactly("password"), wanted).await;
    settled(&desk, visitor, done, "email").await
}

async fn password(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let (fields, visitor) = (&form.fields, &form.visitor);
    let (old, new) = (fields.exactly("old"), fields.exactly("new"));
    if new != fields.exactly("again") {
        return show(&desk, visitor, &Said::trouble(StatusCode::BAD_REQUEST, words::NOT_AGAIN)).await;
    }
    let done = desk.service().change_password(&visitor.member.account, old, new, &visitor.cookie).await;
    settled(&desk, visitor, done, "password").await
}

async fn settled(
    desk: &Desk,
    visitor: &Visitor,
    done: Result<(), ProfileError>,
    notice: &str,
) -> Result<Response, Failure> {
    let status = match &done {
        Ok(()) => return Ok(see_other(&format!("/studio/profile?notice={notice}"))),
        Err(ProfileError::Store(_)) => StatusCode::SERVICE_UNAVAILABLE,
        Err(ProfileError::WrongPassword) => StatusCode::FORBIDDEN,
        Err(ProfileError::TooManyTries) => StatusCode::TOO_MANY_REQUESTS,
        Err(ProfileError::Taken) => StatusCode::CONFLICT,
        Err(ProfileError::SamePassword | ProfileError::LongName | ProfileError::Unfit(_)) => {
            StatusCode::BAD_REQUEST
        }
    };
    match done {
        Err(ProfileError::Store(trouble)) => Err(trouble.into()),
        Err(trouble) => {
            show(desk, visitor, &Said::trouble(status, words::sentence(&trouble.to_string()))).await
        }
        Ok(()) => Ok(see_other("/studio/profile")),
    }
}

async fn end_session(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let name = form.fields.get("session").unwrap_or_default();
    if !desk.service().end_session(&form.visitor.member, name).await? {
        return Err(Failure::not_found());
    }
    Ok(see_other("/studio/profile?notice=session-ended"))
}

async fn end_others(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    desk.service().end_other_sessions(&form.visitor.member, &form.visitor.cookie).await?;
    Ok(see_other("/studio/profile?notice=session-ended"))
}

/// Shows the secret, or a new one.
async fn hook_secret(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let member = &form.visitor.member;
    let text = if form.fields.get("action") == Some("renew") {
        desk.service().renew_hook_secret(member).await?
    } else {
        member.account.hook_secret.clone()
    };
    let secrets = vec![(words::HOOK_SECRET, text)];
    show(&desk, &form.visitor, &Said { secrets, are_kept: true, ..Said::default() }).await
}

async fn turn(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let id = OrganizationId::from(form.fields.get("organization").unwrap_or_default());
    if !desk.service().turn_session(&form.visitor.cookie, &id).await? {
        return Err(Failure::not_found());
    }
    Ok(see_other(form.fields.local_path("next").unwrap_or("/studio?notice=turned")))
}

async fn show(desk: &Desk, visitor: &Visitor, said: &Said) -> Result<Response, Failure> {
    let member = &visitor.member;
    let sessions = desk.service().sessions(member, &visitor.cookie).await?;
    let organizations = desk.service().memberships(&member.account).await?;
    let content = html! {
        (names_form(visitor))
        (password_form(visitor))
        (email_form(visitor))
        (organizations_list(visitor, &organizations))
        (sessions_list(visitor, &sessions, &organizations))
        (secret_form(visitor))
    };
    Ok(page(visitor, words::TITLE, &[], said, &content))
}

fn names_form(visitor: &Visitor) -> Markup {
    let own = &visitor.member.account;
    html! {
        section .panel aria-labelledby="names" {
            h2 #names { (words::NAMES) }
            form .stack method="post" action="/studio/profile/names" {
                (form_token(visitor))
                div .pair {
                    label { (words::GIVEN) input name="given_name" autocomplete="given-name" maxlength="100" value=(own.given_name.as_deref().unwrap_or_default()); }
                    label { (words::FAMILY) input name="family_name" autocomplete="family-name" maxlength="100" value=(own.family_name.as_deref().unwrap_or_default()); }
                }
                div { button { (account::SAVE) } }
            }
        }
    }
}

fn password_form(visitor: &Visitor) -> Markup {
    let own = &visitor.member.account;
    html! {
        section .panel aria-labelledby="password" {
            h2 #password { (words::PASSWORD) }
            p .soft { (words::PASSWORD_TEXT) }
            form .stack method="post" action="/studio/profile/password" {
                (form_token(visitor))
                input type="email" name="username" autocomplete="username" value=(own.email) hidden;
                label { (words::OLD) input name="old" type="password" autocomplete="current-password" required; }
                div .pair {
                    label { (words::NEW) input name="new" type="password" autocomplete="new-password" required minlength="8"; }
                    label { (words::AGAIN) input name="again" type="password" autocomplete="new-password" required minlength="8"; }
                }
                div { button .main[own.provisional] { (words::CHANGE_PASSWORD) } }
            }
        }
    }
}

fn email_form(visitor: &Visitor) -> Markup {
    html! {
        section .panel aria-labelledby="email" {
            h2 #email { (words::EMAIL) }
            p .soft { (words::EMAIL_TEXT) }
            form .stack method="post" action="/studio/profile/email" {
                (form_token(visitor))
                div .pair {
                    label { (words::NEW_EMAIL) input name="email" type="email" autocomplete="email" required value=(visitor.member.account.email); }
                    label { (words::EMAIL_PROOF) input name="password" type="password" autocomplete="current-password" required; }
                }
                div { button { (words::CHANGE_EMAIL) } }
            }
        }
    }
}

fn organizations_list(visitor: &Visitor, organizations: &[(Organization, Role)]) -> Markup {
    let Member { organization: here, .. } = &visitor.member;
    html! {
        section #organizations .panel aria-labelledby="organizations-title" {
            h2 #organizations-title { (words::ORGANIZATIONS) }
            ul .plain-list {
                @for (one, role) in organizations {
                    li {
                        span .grow { strong { (one.name) } " " span .soft { (words::role(*role)) } }
                        @if one.id == here.id { span .badge.busy { (words::HERE) } } @else {
                            form method="post" action="/studio/profile/organization" {
                                (form_token(visitor))
                                input type="hidden" name="organization" value=(one.id);
                                button .small aria-label=(words::turn_to(&one.name)) { (words::TURN) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn sessions_list(
    visitor: &Visitor,
    sessions: &[OpenSession],
    organizations: &[(Organization, Role)],
) -> Markup {
    let named = |session: &OpenSession| {
        organizations.iter().find(|(one, _)| one.id == session.organization).map(|(one, _)| one.name.clone())
    };
    html! {
        section .panel aria-labelledby="sessions" {
            h2 #sessions { (words::SESSIONS) }
            ul .plain-list {
                @for session in sessions {
                    li {
                        span .grow {
                            strong { (words::browser(&session.agent)) }
                            " " span .soft { (session.address) " · " (words::SINCE) " " (time(session.created_at))
                                @if let Some(name) = named(session) { " · " (name) } }
                        }
                        @if session.is_this { span .badge.busy { (words::THIS_ONE) } } @else {
                            form method="post" action="/studio/profile/sessions/end" {
                                (form_token(visitor))
                                input type="hidden" name="session" value=(session.name);
                                button .small aria-label=(words::end_named(&words::browser(&session.agent))) { (words::END) }
                            }
                        }
                    }
                }
            }
            @if sessions.len() > 1 {
                form .row method="post" action="/studio/profile/sessions/others" {
                    (form_token(visitor))
                    button { (words::END_OTHERS) }
                }
            }
        }
    }
}

fn secret_form(visitor: &Visitor) -> Markup {
    html! {
        section #webhooks .panel aria-labelledby="hook-secret" {
            h2 #hook-secret { (words::HOOK_SECRET) }
            p .soft { (words::HOOK_SECRET_TEXT) }
            form .row method="post" action="/studio/profile/hook-secret" {
                (form_token(visitor))
                button name="action" value="show" { (words::SHOW_SECRET) }
                button .danger name="action" value="renew" data-confirm=(words::RENEW_CONFIRM) { (words::RENEW_SECRET) }
            }
        }
    }
}
