//! The pages for people: the API's description as JSON, the same to read.

mod render;
pub(crate) mod text;

use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;

use crate::address::server;
use crate::app::{Doors, RouteList};
use crate::openapi;

/// The pages need nothing but their own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Stands for the server's address until it is known.
const SERVER: &str = "{server}";

static DESCRIPTION: LazyLock<Value> = LazyLock::new(openapi::description);
static PAGE: LazyLock<String> = LazyLock::new(|| render::page(&DESCRIPTION));

/// Adds the routes.
pub(crate) fn routes(routes: RouteList) -> RouteList {
    routes.on(&["get"], "/docs/api", get(page)).on(&["get"], "/docs/openapi.json", get(description))
}

/// The description to read.
#[utoipa::path(
    get, path = "/docs/api", tag = "Documentation", operation_id = "page", summary = "This page",
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
pub(crate) async fn page(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    let server = server(doors.settings.public_url.as_deref(), &headers);
    html(PAGE.replace(SERVER, &text::escaped(&server)))
}

/// The description for programs.
#[utoipa::path(
    get, path = "/docs/openapi.json", tag = "Documentation", operation_id = "description",
    summary = "The same for programs (OpenAPI 3.1)",
    responses((status = 200, description = "The description.", body = Object, content_type = "application/json"))
)]
pub(crate) async fn description(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    let server = server(doors.settings.public_url.as_deref(), &headers);
    // Only lines of curl hold the mark; an address of the characters let through needs no escaping in JSON.
    let text = DESCRIPTION.to_string().replace(SERVER, &server);
    answer("application/json", text)
}

fn html(page: String) -> Response {
    let mut response = answer("text/html; charset=utf-8", page);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

fn answer(kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_route_and_every_plugin_and_needs_nothing_else() {
        let paths = DESCRIPTION["paths"].as_object().expect("paths");
        for path in paths.keys() {
            assert!(PAGE.contains(&text::escaped(path)), "{path}");
        }
        for plugin in retouch::plugins() {
            assert!(PAGE.contains(&text::escaped(plugin.spec().name)), "{}", plugin.spec().name);
        }
        assert!(PAGE.contains("<code>delayed</code>"), "states are listed");
        for stranger in ["<script", "src=", "@import", "url("] {
            assert!(!PAGE.contains(stranger), "{stranger}");
        }
    }

    #[test]
    fn links_within_the_page_lead_somewhere() {
        for target in PAGE.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(PAGE.contains(&format!("id=\"{target}\"")), "{target}");
        }
    }
}
