//! Who is looking at a page.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use http_doors::address::server;
use http_doors::browser::cookie::{self, SESSION};
use http_doors::browser::forgery::form_token;
use service::{Member, Role};
use url::form_urlencoded;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::see_other;
use crate::theme::Theme;

/// Somebody who is signed in. As an argument of a handler it sends everybody else to the sign-in page and back.
#[derive(Clone)]
pub struct Visitor {
    /// Who, in which organization, with which role.
    pub member: Member,
    /// Stands in every form of theirs.
    pub form_token: String,
    /// Their session's cookie.
    pub cookie: String,
    /// How pages look to them.
    pub theme: Theme,
    /// The address by which they know this server, without a slash at its end.
    pub server: String,
    /// The page they asked for, with its query.
    pub path: String,
}

impl Visitor {
    /// True for those who may change what belongs to the organization.
    pub fn is_admin(&self) -> bool {
        self.member.role == Role::Admin
    }

    /// Names the person and their organization, for scripts that compare whether it is still the same.
    pub fn person(&self) -> String {
        format!("{} {}", self.member.account.id, self.member.organization.id)
    }

    /// True for those who run the house.
    pub fn is_operator(&self) -> bool {
        self.member.account.operator
    }
}

impl OptionalFromRequestParts<Desk> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Option<Self>, Response> {
        let Some(cookie) = cookie::value(&parts.headers, SESSION) else { return Ok(None) };
        let member = desk.service().signed_in(cookie).await;
        let member = member.map_err(|trouble| Failure::from(trouble).into_response())?;
        Ok(member.map(|member| Self {
            // Another window may turn the session to another organization: forms of the one do nothing in the other.
            form_token: form_token(&format!("{cookie} {}", member.organization.id)),
            member,
            cookie: cookie.to_owned(),
            theme: Theme::of(&parts.headers),
            server: server(desk.settings().public_url.as_deref(), &parts.headers),
            path: parts.uri.path_and_query().map_or("/studio", |path| path.as_str()).to_owned(),
        }))
    }
}

impl FromRequestParts<Desk> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Response> {
        let found = <Self as OptionalFromRequestParts<Desk>>::from_request_parts(parts, desk).await?;
        found.ok_or_else(|| {
            // What a form wanted is not repeated after the sign-in: its page is shown again.
            let path = parts.uri.path_and_query().filter(|_| parts.method.is_safe());
            let next = path.map_or("/studio", |path| path.as_str());
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            see_other(&format!("/studio/sign-in?{query}"))
        })
    }
}

/// Somebody who may change what belongs to the organization.
pub struct Admin(pub Visitor);

impl FromRequestParts<Desk> for Admin {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Response> {
        let visitor = <Visitor as FromRequestParts<Desk>>::from_request_parts(parts, desk).await?;
        if visitor.is_admin() { Ok(Self(visitor)) } else { Err(Failure::forbidden().into_response()) }
    }
}

/// Somebody who runs the house.
pub struct Operator(pub Visitor);

impl FromRequestParts<Desk> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Response> {
        let visitor = <Visitor as FromRequestParts<Desk>>::from_request_parts(parts, desk).await?;
        if visitor.is_operator() { Ok(Self(visitor)) } else { Err(Failure::forbidden().into_response()) }
    }
}
