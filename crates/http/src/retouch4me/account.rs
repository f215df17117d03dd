//! The routes on the side: what uploads may be, and what is left on an account.

use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde_json::{Map, Value};
use service::{Caller, TokenError};
use tracing::error;

use super::balance_form::BalanceForm;
use super::errors::Refusal;
use super::given_token;
use super::types::{
    ArchiveLimits, BalanceBody, BalanceFields, BalanceQuestion, ErrorBody, ImageLimits, LimitsBody,
    plain_number,
};
use crate::app::Doors;
use crate::body::small;
use crate::reply;

/// Bytes of a megabyte on this wire.
pub(super) const MEGABYTE: f64 = 1_048_576.0;
/// Longest balance question in bytes.
const MAX_QUESTION: u64 = 64 * 1024;
/// The modes of this dialect; all are paid in the same credits.
const MODES: [&str; 3] = ["professional", "facefeatures", "retouch4fun"];
/// What an account without metering shows, as in the vendor's examples.
const UNMETERED: i64 = 999;

/// What uploads may be.
#[utoipa::path(
    get, path = "/api/v1/info/limits", tag = "Account", operation_id = "limits",
    summary = "What uploads may be",
    responses((status = 200, description = "The limits of this server. No token is needed.", body = LimitsBody))
)]
pub(crate) async fn limits(State(doors): State<Doors>) -> Response {
    let limits = &doors.service.settings().limits;
    let body = LimitsBody {
        image: ImageLimits {
            formats: vec!["png", "jpg", "jpeg"],
            max_file_size_in_mb: plain_number(limits.max_bytes as f64 / MEGABYTE),
            max_megapixels: plain_number(limits.max_megapixels),
        },
        archive: ArchiveLimits { formats: vec!["zip"] },
    };
    reply::json(200, &body)
}

/// The credits left, by JSON.
///
/// Only the modes asked for are listed, unknown ones as 0; without any, `professional`. Forms are understood too.
#[utoipa::path(
    post, path = "/api/v1/balance", tag = "Account", operation_id = "balance",
    summary = "Ask for the credits left",
    params(("X-Retouch-Token" = Option<String>, Header, description = "The token.")),
    request_body(content = BalanceQuestion, content_type = "application/json"),
    responses(
        (status = 200, description = "The credits left.", body = BalanceBody),
        (status = 400, description = "A body that is not what it says it is.", body = ErrorBody),
        (status = 401, description = "No token, an unknown or a revoked one.", body = ErrorBody),
        (status = 429, description = "Too many requests; `Retry-After` says when to come again.", body = ErrorBody),
        (status = 500, description = "Trouble on the server; ask again.", body = ErrorBody),
    )
)]
pub(crate) async fn balance(State(doors): State<Doors>, request: Request) -> Result<Response, Refusal> {
    answer(doors, request).await
}

/// The credits left, by form.
///
/// The older of the two routes; both take forms, url-encoded or multipart, and JSON.
#[utoipa::path(
    post, path = "/api/retouch/v1/balance", tag = "Account", operation_id = "balanceByForm",
    summary = "Ask for the credits left, by form",
    params(("X-Retouch-Token" = Option<String>, Header, description = "The token, instead of the form field.")),
    request_body(content(
        (BalanceFields = "multipart/form-data"), (BalanceFields = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "The credits left.", body = BalanceBody),
        (status = 400, description = "A body that is not what it says it is.", body = ErrorBody),
        (status = 401, description = "No token, an unknown or a revoked one.", body = ErrorBody),
        (status = 429, description = "Too many requests; `Retry-After` says when to come again.", body = ErrorBody),
        (status = 500, description = "Trouble on the server; ask again.", body = ErrorBody),
    )
)]
pub(crate) async fn balance_by_form(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Response, Refusal> {
    answer(doors, request).await
}

async fn answer(doors: Doors, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let body = small(body, doors.settings.uploads, MAX_QUESTION).await;
    let body = body.map_err(|trouble| Refusal::bad(trouble.to_string()).closing())?;
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = BalanceForm::read(kind, &body).await?;
    let token = given_token(&parts.headers, form.token).unwrap_or_default();
    let caller = caller(&doors, &token).await?.ok_or_else(|| {
        Refusal::token_refused("Token issue: it is missing, invalid or expired, get a new one")
    })?;
    doors.rates.token(caller.token.id.as_str())?;
    let standing = doors.service.standing(&caller).await.map_err(|trouble| {
        error!(%trouble, "a balance could not be read");
        Refusal::trouble()
    })?;
    let left = if standing.unmetered { UNMETERED } else { standing.balance.max(0) };
    let credits = |mode: &str| if MODES.contains(&mode) { left } else { 0 };
    let remaining: Map<String, Value> = form
        .modes
        .into_iter()
        .map(|mode| {
            let left = credits(&mode);
            (mode, Value::from(left))
        })
        .collect();
    Ok(reply::json(200, &BalanceBody { status: 200, remaining }))
}

/// Whose token this is; none for a token that is missing, unknown or revoked.
pub(super) async fn caller(doors: &Doors, token: &str) -> Result<Option<Caller>, Refusal> {
    match doors.service.retouch_token(token).await {
        Ok(caller) => Ok(Some(caller)),
        Err(TokenError::Missing | TokenError::Unknown) => Ok(None),
        Err(trouble) => {
            error!(%trouble, "a token could not be looked up");
            Err(Refusal::trouble())
        }
    }
}
