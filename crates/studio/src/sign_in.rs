//! `/studio/sign-in`: address and password, without scripts.

use axum::extract::{FromRequestParts as _, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http_doors::address;
use http_doors::browser::cookie::{self, SESSION, VISITOR};
use http_doors::browser::forgery::{form_token, is_from_here};
use maud::html;
use serde::Deserialize;
use serde_json::json;
use service::{AccessError, SignIn, random_text};

use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{Fields, SignedForm, is_local, see_other};
use crate::page::outside;
use crate::theme::Theme;
use crate::visitor::Visitor;
use crate::words::sign_in as words;

/// Seconds in which the form may be sent.
const VISIT: u64 = 60 * 60;

pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/studio/sign-in", get(show).post(sign_in))
        .route("/studio/form-token", get(renew))
        .route("/studio/sign-out", post(sign_out))
}

#[derive(Deserialize)]
struct Asked {
    next: Option<String>,
}

async fn show(
    State(desk): State<Desk>,
    visitor: Option<Visitor>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let next = asked.next.filter(|path| is_local(path)).unwrap_or_else(|| "/studio".to_owned());
    if visitor.is_some() {
        return Ok(see_other(&next));
    }
    let form = Form { next: &next, email: "", trouble: "" };
    form.show(&desk, StatusCode::OK, &headers).await
}

async fn sign_in(State(desk): State<Desk>, request: Request) -> Result<Response, Failure> {
    let (mut asked, body) = request.into_parts();
    if !is_from_here(&asked.headers, desk.public_url()) {
        return Err(Failure::forged());
    }
    let fields = Fields::read(&desk, Request::new(body)).await?;
    let next = fields.local_path("next").unwrap_or("/studio");
    let email = fields.get("email").unwrap_or_default();
    let form = Form { next, email, trouble: "" };
    let secret = cookie::value(&asked.headers, VISITOR).map(str::to_owned);
    if secret.is_none_or(|secret| fields.get("form_token") != Some(form_token(&secret).as_str())) {
        // Signed in by another window meanwhile: there is nothing left to do.
        if let Ok(Some(_)) = Option::<Visitor>::from_request_parts(&mut asked, &desk).await {
            return Ok(see_other(next));
        }
        let form = Form { trouble: words::OUT_OF_DATE, ..form };
        return form.show(&desk, StatusCode::FORBIDDEN, &asked.headers).await;
    }
    let trusted = desk.settings().trusted_header.as_ref();
    let peer = address::client(&asked.headers, &asked.extensions, trusted).to_string();
    let agent = asked.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let who = SignIn { email, password: fields.exactly("password"), peer: &peer, agent };
    match desk.service().sign_in(who).await {
        Ok(signed_in) => {
            let mut response = see_other(next);
            let secure = desk.is_secure();
            let headers = response.headers_mut();
            headers.append(SET_COOKIE, cookie::set(SESSION, &signed_in.cookie, signed_in.lives, secure));
            headers.append(SET_COOKIE, cookie::set(VISITOR, "", 0, secure));
            Ok(response)
        }
        Err(AccessError::Unavailable(trouble)) => Err(trouble.into()),
        Err(AccessError::TooManyTries) => {
            let form = Form { trouble: words::TOO_MANY, ..form };
            form.show(&desk, StatusCode::TOO_MANY_REQUESTS, &asked.headers).await
        }
        Err(_) => {
            let form = Form { trouble: words::WRONG, ..form };
            form.show(&desk, StatusCode::UNAUTHORIZED, &asked.headers).await
        }
    }
}

/// A new token for a page whose session has ended, once its person has signed in again in another window.
async fn renew(visitor: Visitor) -> Response {
    let told = json!({ "token": visitor.form_token, "person": visitor.person() });
    ([(CACHE_CONTROL, "no-store")], Json(told)).into_response()
}

async fn sign_out(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    desk.service().sign_out(&form.visitor.cookie).await?;
    let mut response = see_other("/studio/sign-in");
    response.headers_mut().append(SET_COOKIE, cookie::set(SESSION, "", 0, desk.is_secure()));
    Ok(response)
}

#[derive(Clone, Copy)]
struct Form<'a> {
    next: &'a str,
    email: &'a str,
    trouble: &'a str,
}

impl Form<'_> {
    async fn show(self, desk: &Desk, status: StatusCode, headers: &HeaderMap) -> Result<Response, Failure> {
        // Windows that were opened together share one cookie: a new secret would put the others' forms out of date.
        let known = cookie::value(headers, VISITOR).filter(|secret| !secret.is_empty());
        let secret = known.map_or_else(random_text, str::to_owned);
        let is_new = desk.service().has_only_its_founder().await?;
        let content = html! {
            section .panel {
                h1 { (words::TITLE) }
                @if is_new { p .soft { (words::FIRST) } }
                @if !self.trouble.is_empty() { p .bad role="alert" { (self.trouble) } }
                form .stack method="post" action="/studio/sign-in" {
                    input type="hidden" name="form_token" value=(form_token(&secret));
                    input type="hidden" name="next" value=(self.next);
                    label { (words::EMAIL) input name="email" type="email" autocomplete="username" required value=(self.email); }
                    label { (words::PASSWORD) input name="password" type="password" autocomplete="current-password" required; }
                    button .main { (words::BUTTON) }
                }
            }
        };
        let mut response = outside(status, words::TITLE, Theme::of(headers), content);
        let cookie = cookie::set(VISITOR, &secret, VISIT, desk.is_secure());
        response.headers_mut().append(SET_COOKIE, cookie);
        Ok(response)
    }
}
