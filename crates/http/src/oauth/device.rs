//! Device codes: how a program asks to be let in.

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::errors::{OAuthErrorBody, Refusal};
use super::fields::Fields;
use super::metadata::server;
use crate::app::Doors;
use crate::{address, reply};

/// What is asked for unless something is.
const SCOPE: &str = "offline_access";
/// Longest scope in bytes.
const LONGEST_SCOPE: usize = 200;

/// A program's question.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a form for the description; the fields are read one by one")]
pub(crate) struct DeviceQuestion {
    /// The program.
    client_id: String,
    /// `offline_access` unless given.
    scope: Option<String>,
    /// Ignored: programs name the cloud they came from.
    audience: Option<String>,
}

/// Codes for a program and for the person before it.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeviceCodes {
    /// The program's secret, for the token endpoint.
    device_code: String,
    /// What the person compares.
    user_code: String,
    /// Where the person goes.
    verification_uri: String,
    /// The same with the code.
    verification_uri_complete: String,
    /// Seconds until both codes are void.
    expires_in: u64,
    /// Seconds between questions.
    interval: u64,
}

/// Gives a program a code that a person confirms at `/activate`.
#[utoipa::path(
    post, path = "/oauth/device/code", tag = "Sign-in of programs", operation_id = "deviceCode",
    summary = "Ask to be let in",
    request_body(content((DeviceQuestion = "application/x-www-form-urlencoded"), (DeviceQuestion = "application/json"))),
    responses(
        (status = 200, description = "The codes.", body = DeviceCodes),
        (status = 400, description = "`invalid_request`, `invalid_scope`.", body = OAuthErrorBody),
        (status = 401, description = "`invalid_client`.", body = OAuthErrorBody),
    )
)]
pub(crate) async fn code(State(doors): State<Doors>, request: Request) -> Result<Response, Refusal> {
    // The person opens the page wherever the program runs, which is not always the machine we listen on.
    let asked = doors.settings.public_url.is_none().then(|| address::asked(request.headers())).flatten();
    let server = asked.unwrap_or_else(|| server(&doors).to_owned());
    let fields = Fields::read(&doors, request).await?;
    let client = fields.need("client_id")?;
    let scope = fields.get("scope").unwrap_or(SCOPE);
    if scope.len() > LONGEST_SCOPE || !scope.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(Refusal::bad("invalid_scope", "the scope cannot be granted: ask for offline_access"));
    }
    let start = doors.service.begin_device(client, scope).await?;
    let verification_uri = format!("{server}/activate");
    let codes = DeviceCodes {
        verification_uri_complete: format!("{verification_uri}?user_code={}", start.user_code),
        verification_uri,
        device_code: start.device_code,
        user_code: start.user_code,
        expires_in: start.expires_in,
        interval: start.interval,
    };
    Ok(reply::json(200, &codes))
}
