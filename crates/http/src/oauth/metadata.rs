//! What programs may want to know about the authorization server (RFC 8414), and its public keys.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::errors::Refusal;
use crate::app::Doors;
use crate::reply;

/// The address under which people and programs reach this server.
pub(super) fn server(doors: &Doors) -> &str {
    doors.service.settings().public_url.trim_end_matches('/')
}

/// Where the endpoints are and what they can do.
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "Sign-in of programs",
    operation_id = "authorizationServer", summary = "Where the endpoints are (RFC 8414)",
    responses((status = 200, description = "The metadata.", body = Object))
)]
pub(crate) async fn authorization_server(State(doors): State<Doors>) -> Response {
    reply::json(200, &metadata(&doors))
}

/// The same for programs that look for OpenID Connect; no id tokens are issued.
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", tag = "Sign-in of programs",
    operation_id = "openidConfiguration", summary = "Where the endpoints are, by the other name",
    responses((status = 200, description = "The metadata.", body = Object))
)]
pub(crate) async fn openid_configuration(State(doors): State<Doors>) -> Response {
    let mut metadata = metadata(&doors);
    metadata["subject_types_supported"] = json!(["public"]);
    metadata["id_token_signing_alg_values_supported"] = json!(["ES256"]);
    reply::json(200, &metadata)
}

/// The keys that access tokens are signed with.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "Sign-in of programs", operation_id = "keys",
    summary = "The public keys of access tokens (RFC 7517)",
    responses((status = 200, description = "The keys.", body = Object))
)]
pub(crate) async fn keys(State(doors): State<Doors>) -> Result<Response, Refusal> {
    Ok(reply::json(200, &doors.service.published_keys().await?))
}

fn metadata(doors: &Doors) -> Value {
    let server = server(doors);
    json!({
        "issuer": server,
        "device_authorization_endpoint": format!("{server}/oauth/device/code"),
        "token_endpoint": format!("{server}/oauth/token"),
        "revocation_endpoint": format!("{server}/oauth/revoke"),
        "jwks_uri": format!("{server}/.well-known/jwks.json"),
        "response_types_supported": [],
        "grant_types_supported": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
        "scopes_supported": ["offline_access"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
    })
}
