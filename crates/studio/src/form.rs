//! Forms as pages send them, and the answer that follows them.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use http_doors::body::small;
use http_doors::browser::forgery::is_from_here;
use serde::de::DeserializeOwned;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::visitor::Visitor;

/// Longest form without files.
const MAX_FORM: u64 = 1024 * 1024;
/// The header in which scripts carry the form token.
const TOKEN_HEADER: &str = "x-form-token";

/// The fields of a form.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a form's body.
    pub async fn read(desk: &Desk, request: Request) -> Result<Self, Failure> {
        let body = small(request.into_body(), desk.settings().uploads, MAX_FORM).await;
        let body = body.map_err(|trouble| Failure::bad_request(trouble.to_string()))?;
        Ok(Self(url::form_urlencoded::parse(&body).into_owned().collect()))
    }

    /// A field that is not empty, without white space around it.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(given, value)| given == name && !value.trim().is_empty());
        found.map(|(_, value)| value.trim())
    }

    /// A field as it was written, white space and all; empty when it is not there.
    pub fn exactly(&self, name: &str) -> &str {
        self.0.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value)
    }

    /// True for a box that was ticked.
    pub fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A path on this server, as a place to go on to.
    pub fn local_path(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|path| is_local(path))
    }
}

/// True for a path on this server: what begins with two slashes, or a slash and a backslash, is another one to browsers.
pub fn is_local(path: &str) -> bool {
    path.starts_with("/studio") && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// A form that a page of ours sent for somebody who is signed in.
pub struct SignedForm {
    pub visitor: Visitor,
    pub fields: Fields,
}

impl FromRequest<Desk> for SignedForm {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Response> {
        let (visitor, request) = came_from_here(request, desk).await?;
        let fields = Fields::read(desk, request).await.map_err(IntoResponse::into_response)?;
        if fields.get("form_token") != Some(visitor.form_token.as_str()) {
            return Err(Failure::forged().into_response());
        }
        Ok(Self { visitor, fields })
    }
}

/// JSON that a script of ours sent for somebody who is signed in.
pub struct SignedJson<T> {
    pub visitor: Visitor,
    pub value: T,
}

impl<T: DeserializeOwned> FromRequest<Desk> for SignedJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Response> {
        let Signed { visitor, request } = Signed::from_request(request, desk).await?;
        let body = small(request.into_body(), desk.settings().uploads, MAX_FORM).await;
        let body = body.map_err(|trouble| Failure::bad_request(trouble.to_string()).into_response())?;
        match serde_json::from_slice(&body) {
            Ok(value) => Ok(Self { visitor, value }),
            Err(error) => Err(Failure::bad_request(error.to_string()).into_response()),
        }
    }
}

/// A request of a script of ours whose body the handler reads itself, an upload above all.
pub struct Signed {
    pub visitor: Visitor,
    pub request: Request,
}

impl FromRequest<Desk> for Signed {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Response> {
        let (visitor, request) = came_from_here(request, desk).await?;
        let token = request.headers().get(TOKEN_HEADER).and_then(|value| value.to_str().ok());
        if token != Some(visitor.form_token.as_str()) {
            return Err(Failure::forged().into_response());
        }
        Ok(Self { visitor, request })
    }
}

async fn came_from_here(request: Request, desk: &Desk) -> Result<(Visitor, Request), Response> {
    if !is_from_here(request.headers(), desk.public_url()) {
        return Err(Failure::forged().into_response());
    }
    let (mut parts, body) = request.into_parts();
    let visitor = Visitor::from_request_parts(&mut parts, desk).await?;
    Ok((visitor, Request::from_parts(parts, body)))
}

/// Go on there: the answer to a form that did something, so that loading again does not do it again.
pub fn see_other(path: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let target = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/studio"));
    response.headers_mut().insert(LOCATION, target);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_studio_are_places_to_go_on_to() {
        assert!(is_local("/studio") && is_local("/studio/orders?page=2"));
        for elsewhere in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "/v1", "/studio\r\nX: y"]
        {
            assert!(!is_local(elsewhere), "{elsewhere}");
        }
    }
}
