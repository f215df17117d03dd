//! `/activate`: where a person signs in, sees which program asks, and decides.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use service::{AccessError, Member, OrganizationId, SignIn, StoreError, random_text};
use tracing::error;
use url::form_urlencoded;

use super::errors::Refusal;
use super::fields::Fields;
use super::metadata::server;
use super::page::{self, Form};
use crate::address;
use crate::app::Doors;
use crate::browser::cookie::{self, SESSION, VISITOR};
use crate::browser::forgery::{form_token, is_from_here};
use crate::browser::theme::Theme;

/// Seconds in which a sign-in form may be sent.
const VISIT: u64 = 60 * 60;

/// The page where a person confirms a program.
#[utoipa::path(
    get, path = "/activate", tag = "Sign-in of programs", operation_id = "activate",
    summary = "Confirm a program (a page for people)",
    params(("user_code" = Option<String>, Query, description = "The code that the program shows.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
pub(crate) async fn show(State(doors): State<Doors>, request: Request) -> Response {
    let (asked, _) = request.into_parts();
    let query = asked.uri.query().unwrap_or_default();
    let code = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "user_code");
    let code = code.map(|(_, code)| code.chars().take(20).collect::<String>()).unwrap_or_default();
    let page = match visitor(&doors, &asked).await {
        Ok(Some((member, cookie))) => decide(&doors, &member, &cookie, code.trim()).await,
        Ok(None) => ask_sign_in(&doors, &asked, StatusCode::OK, &code, "", ""),
        Err(trouble) => away(&trouble),
    };
    page::in_theme(page, Theme::of(&asked.headers))
}

/// The page's forms: sign in, approve, decline, sign out.
#[utoipa::path(
    post, path = "/activate", tag = "Sign-in of programs", operation_id = "activateForm",
    summary = "The forms of that page",
    responses(
        (status = 200, description = "How it ended.", body = String, content_type = "text/html"),
        (status = 303, description = "Signed in or out: back to the page."),
        (status = 401, description = "Address or password are wrong.", body = String, content_type = "text/html"),
        (status = 403, description = "The form was not sent by this page.", body = String, content_type = "text/html"),
        (status = 404, description = "There is no such code, or it cannot be decided any more.", body = String, content_type = "text/html"),
        (status = 429, description = "Too many tries.", body = String, content_type = "text/html"),
    )
)]
pub(crate) async fn act(State(doors): State<Doors>, request: Request) -> Result<Response, Refusal> {
    let (asked, body) = request.into_parts();
    let page = answered(&doors, &asked, body).await?;
    Ok(page::in_theme(page, Theme::of(&asked.headers)))
}

async fn answered(doors: &Doors, asked: &Parts, body: Body) -> Result<Response, Refusal> {
    if !is_from_here(&asked.headers, server(doors)) {
        return Ok(forged());
    }
    let fields = Fields::read(doors, Request::new(body)).await?;
    let action = fields.get("action").unwrap_or_default().to_owned();
    let session = match visitor(doors, asked).await {
        Ok(session) => session,
        Err(trouble) => return Ok(away(&trouble)),
    };
    let secret = match (&session, action.as_str()) {
        (_, "sign_in") | (None, _) => cookie::value(&asked.headers, VISITOR),
        (Some((_, cookie)), _) => Some(cookie.as_str()),
    };
    let code = fields.get("user_code").unwrap_or_default();
    let is_ours = secret.is_some_and(|secret| fields.get("form_token") == Some(form_token(secret).as_str()));
    if !is_ours {
        // A form from before a sign-out, or with cookies forbidden: show it anew.
        let message = "This form is out of date: fill it in again. Cookies must be allowed for this page.";
        return Ok(match session {
            Some(_) => forged(),
            None => ask_sign_in(doors, asked, StatusCode::FORBIDDEN, code, message, ""),
        });
    }
    Ok(match (action.as_str(), session) {
        ("sign_in", _) => sign_in(doors, asked, &fields, code).await,
        ("sign_out", Some((_, cookie))) => sign_out(doors, &cookie).await,
        ("approve", Some((member, _))) => {
            let chosen = fields.get("organization").unwrap_or(member.organization.id.as_str()).to_owned();
            settle(doors, &member, code, Some(&OrganizationId::from(chosen))).await
        }
        ("decline", Some((member, _))) => settle(doors, &member, code, None).await,
        (_, None) => {
            ask_sign_in(doors, asked, StatusCode::FORBIDDEN, code, "You are not signed in any more", "")
        }
        (_, Some(_)) => {
            page::outcome(StatusCode::BAD_REQUEST, "Nothing done", "The form says nothing to do.")
        }
    })
}

/// Who is signed in, with their cookie.
async fn visitor(doors: &Doors, asked: &Parts) -> Result<Option<(Member, String)>, StoreError> {
    let Some(cookie) = cookie::value(&asked.headers, SESSION) else { return Ok(None) };
    let member = doors.service.signed_in(cookie).await?;
    Ok(member.map(|member| (member, cookie.to_owned())))
}

fn ask_sign_in(
    doors: &Doors,
    asked: &Parts,
    status: StatusCode,
    code: &str,
    trouble: &str,
    email: &str,
) -> Response {
    // Windows that were opened together share one cookie: a new secret would put the others' forms out of date.
    let known = cookie::value(&asked.headers, VISITOR).filter(|secret| !secret.is_empty());
    let secret = known.map_or_else(random_text, str::to_owned);
    let form = Form { token: &form_token(&secret), code, trouble };
    let mut response = page::sign_in(status, form, email);
    let cookie = cookie::set(VISITOR, &secret, VISIT, is_secure(doors));
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

async fn sign_in(doors: &Doors, asked: &Parts, fields: &Fields, code: &str) -> Response {
    let email = fields.get("email").unwrap_or_default();
    let trusted = doors.settings.trusted_header.as_ref();
    let peer = address::client(&asked.headers, &asked.extensions, trusted).to_string();
    let password = fields.exactly("password").unwrap_or_default();
    let agent = asked.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match doors.service.sign_in(SignIn { email, password, peer: &peer, agent }).await {
        Ok(signed_in) => {
            let mut response = back(code);
            let secure = is_secure(doors);
            let headers = response.headers_mut();
            headers.append(SET_COOKIE, cookie::set(SESSION, &signed_in.cookie, signed_in.lives, secure));
            headers.append(SET_COOKIE, cookie::set(VISITOR, "", 0, secure));
            response
        }
        Err(AccessError::Unavailable(trouble)) => away(&trouble),
        Err(AccessError::TooManyTries) => {
            let message = "There were too many tries: wait a quarter of an hour";
            ask_sign_in(doors, asked, StatusCode::TOO_MANY_REQUESTS, code, message, email)
        }
        Err(_) => {
            ask_sign_in(doors, asked, StatusCode::UNAUTHORIZED, code, "Address or password are wrong", email)
        }
    }
}

async fn sign_out(doors: &Doors, cookie: &str) -> Response {
    if let Err(trouble) = doors.service.sign_out(cookie).await {
        return away(&trouble);
    }
    let mut response = back("");
    response.headers_mut().append(SET_COOKIE, cookie::set(SESSION, "", 0, is_secure(doors)));
    response
}

/// Shows the request behind a code, or asks for another.
async fn decide(doors: &Doors, member: &Member, cookie: &str, code: &str) -> Response {
    let token = form_token(cookie);
    let form = Form { token: &token, code, trouble: "" };
    if code.is_empty() {
        return page::enter_code(StatusCode::OK, form, member);
    }
    match doors.service.device_request(code, &guesser(member)).await {
        Ok(Some(grant)) => {
            let organizations = match doors.service.memberships(&member.account).await {
                Ok(all) => all.into_iter().map(|(organization, _)| organization).collect::<Vec<_>>(),
                Err(trouble) => return away(&trouble),
            };
            let asked_at = grant.created_at.to_string();
            let asked_at = format!("{} UTC", asked_at.get(11..16).unwrap_or(&asked_at));
            let form = Form { code: &grant.user_code, ..form };
            page::confirm(form, &grant.client_id, &asked_at, &organizations, member)
        }
        Ok(None) => {
            let trouble = "There is no such code, or it was used or has expired";
            page::enter_code(StatusCode::NOT_FOUND, Form { trouble, ..form }, member)
        }
        Err(AccessError::Unavailable(trouble)) => away(&trouble),
        Err(_) => {
            let trouble = "There were too many wrong codes: wait a quarter of an hour";
            page::enter_code(StatusCode::TOO_MANY_REQUESTS, Form { trouble, ..form }, member)
        }
    }
}

/// Writes down what the person decided.
async fn settle(doors: &Doors, member: &Member, code: &str, chosen: Option<&OrganizationId>) -> Response {
    let service = &doors.service;
    if let Some(id) = chosen {
        match service.member_of(member, id).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                let text = "You are no member of this organization.";
                return page::outcome(StatusCode::FORBIDDEN, "Nothing done", text);
            }
            Err(trouble) => return away(&trouble),
        }
    }
    let grant = match service.device_request(code, &guesser(member)).await {
        Ok(Some(grant)) => grant,
        Err(AccessError::Unavailable(trouble)) => return away(&trouble),
        Err(AccessError::TooManyTries) => {
            let text = "There were too many wrong codes: wait a quarter of an hour.";
            return page::outcome(StatusCode::TOO_MANY_REQUESTS, "Nothing done", text);
        }
        Ok(None) | Err(_) => return too_late(),
    };
    match service.decide_device(&grant, &member.account, chosen).await {
        Err(trouble) => away(&trouble),
        Ok(false) => too_late(),
        Ok(true) if chosen.is_some() => {
            let text = "The program is let in. Go back to it; you may close this page.";
            page::outcome(StatusCode::OK, "Approved", text)
        }
        Ok(true) => {
            page::outcome(StatusCode::OK, "Declined", "The program is not let in. You may close this page.")
        }
    }
}

/// Wrong codes are counted by whoever types them.
fn guesser(member: &Member) -> String {
    format!("account {}", member.account.id)
}

/// Back to the page, so that going back or reloading sends no form again.
fn back(code: &str) -> Response {
    let query: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("user_code", code).finish();
    let target = if code.is_empty() { "/activate".to_owned() } else { format!("/activate?{query}") };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let target = HeaderValue::from_str(&target).unwrap_or_else(|_| HeaderValue::from_static("/activate"));
    response.headers_mut().insert(LOCATION, target);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn is_secure(doors: &Doors) -> bool {
    server(doors).starts_with("https:")
}

fn too_late() -> Response {
    let text = "There is no such code, or it was used or has expired. Start again in the program.";
    page::outcome(StatusCode::NOT_FOUND, "Nothing done", text)
}

fn forged() -> Response {
    let text = "The form was not sent by this page. Open the address again that the program shows.";
    page::outcome(StatusCode::FORBIDDEN, "Nothing done", text)
}

fn away(trouble: &StoreError) -> Response {
    error!(%trouble, "the store could not be used");
    let text = "The server cannot reach its store. Try again in a moment.";
    page::outcome(StatusCode::SERVICE_UNAVAILABLE, "Not just now", text)
}
