//! The token endpoint, with exactly the keys a published client breaks without; and revocation.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service::AccessToken;
use utoipa::ToSchema;

use super::errors::{OAuthErrorBody, Refusal};
use super::fields::Fields;
use crate::app::Doors;
use crate::reply;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const REFRESH: &str = "refresh_token";

/// A program's question.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a form for the description; the fields are read one by one")]
pub(crate) struct TokenQuestion {
    /// `urn:ietf:params:oauth:grant-type:device_code` or `refresh_token`.
    grant_type: String,
    /// The program.
    client_id: String,
    /// For the first.
    device_code: Option<String>,
    /// For the second.
    refresh_token: Option<String>,
}

/// Tokens: exactly these keys, and no `refresh_token` when one was shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tokens {
    /// For the next day, as `Authorization: Bearer`.
    access_token: String,
    /// For getting more, until it is revoked; it is never changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// What they are good for.
    scope: String,
    /// Seconds the access token lives.
    expires_in: u64,
    /// `Bearer`.
    token_type: &'static str,
}

/// What is to be revoked.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a form for the description; the fields are read one by one")]
pub(crate) struct RevokeQuestion {
    /// The refresh token.
    token: String,
    /// The program.
    client_id: Option<String>,
}

/// Gives tokens for a confirmed device code, or another access token for a refresh token.
#[utoipa::path(
    post, path = "/oauth/token", tag = "Sign-in of programs", operation_id = "token", summary = "Ask for tokens",
    request_body(content((TokenQuestion = "application/x-www-form-urlencoded"), (TokenQuestion = "application/json"))),
    responses(
        (status = 200, description = "The tokens.", body = Tokens),
        (status = 400, description = "`authorization_pending`, `slow_down`, `access_denied`, `expired_token`, `invalid_grant`, `unsupported_grant_type`, `invalid_request`, `temporarily_unavailable`.", body = OAuthErrorBody),
        (status = 401, description = "`invalid_client`.", body = OAuthErrorBody),
    )
)]
pub(crate) async fn token(State(doors): State<Doors>, request: Request) -> Result<Response, Refusal> {
    let fields = Fields::read(&doors, request).await?;
    let tokens = match fields.need("grant_type")? {
        DEVICE => {
            let (client, code) = (fields.need("client_id")?, fields.need("device_code")?);
            let tokens = doors.service.poll_device(client, code).await?;
            body(tokens.access, Some(tokens.refresh))
        }
        REFRESH => {
            let (client, refresh) = (fields.need("client_id")?, fields.need("refresh_token")?);
            body(doors.service.refresh(client, refresh).await?, None)
        }
        _ => {
            let description = format!("grant_type must be {DEVICE} or {REFRESH}");
            return Err(Refusal::bad("unsupported_grant_type", description));
        }
    };
    Ok(reply::json(200, &tokens))
}

/// Puts a device out: its refresh token and all access tokens made with it.
#[utoipa::path(
    post, path = "/oauth/revoke", tag = "Sign-in of programs", operation_id = "revoke", summary = "Sign a program out",
    request_body(content((RevokeQuestion = "application/json"), (RevokeQuestion = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "It counts no more, if it ever did."),
        (status = 400, description = "`invalid_request`, `temporarily_unavailable`.", body = OAuthErrorBody),
    )
)]
pub(crate) async fn revoke(State(doors): State<Doors>, request: Request) -> Result<Response, Refusal> {
    let fields = Fields::read(&doors, request).await?;
    doors.service.revoke(fields.need("token")?).await?;
    let mut response = StatusCode::OK.into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn body(access: AccessToken, refresh_token: Option<String>) -> Tokens {
    Tokens {
        access_token: access.text,
        refresh_token,
        scope: access.scope,
        expires_in: access.expires_in,
        token_type: "Bearer",
    }
}
