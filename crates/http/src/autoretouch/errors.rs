//! Errors as this dialect's clients read them (specification section 9).
//!
//! A refusal knows neither the path that was asked for nor the time; [`worded`] adds both on the way out.

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use service::{AccessError, ExecutionError, FetchError, PictureRefused, SpoolError, StoreError, Timestamp};
use tracing::error;

use super::types::ErrorBody;
use crate::app::Doors;
use crate::body::BodyTrouble;
use crate::rate::TooMany;

/// Seconds after which a client may try again when the server is not at its best.
const SOON: u64 = 5;
/// Bytes of a megabyte in texts.
const MEGABYTE: f64 = 1_048_576.0;

/// What a client is told instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    message: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The text of a refusal on its way out.
#[derive(Clone, Debug)]
struct Told(String);

impl Refusal {
    /// Any status; the message is for people.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), headers: Vec::new() }
    }

    /// 400: the request is not what the route takes.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401: no token, or one that does not count.
    pub fn token(message: impl Into<String>) -> Self {
        let challenge = (WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        Self::new(StatusCode::UNAUTHORIZED, message).with(challenge)
    }

    /// 403: a good token, but not for this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 404.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 404 for executions, in the vendor's words.
    pub fn no_execution() -> Self {
        Self::not_found("Workflow execution not found")
    }

    /// 409: not in this state.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// 422: the picture cannot be processed.
    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// 429 with the time to wait.
    pub fn too_many(too_many: TooMany) -> Self {
        let seconds = too_many.seconds();
        let message = format!("Too many requests: try again in {seconds} s");
        Self::new(StatusCode::TOO_MANY_REQUESTS, message).after(seconds)
    }

    /// 500: our fault; what happened is in the log, not in the answer.
    pub fn trouble() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The server has a problem: try again in a moment")
    }

    /// 503: not now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message).after(SOON)
    }

    /// With another header.
    #[must_use]
    pub fn with(mut self, header: (HeaderName, HeaderValue)) -> Self {
        self.headers.push(header);
        self
    }

    /// With the seconds after which to try again.
    #[must_use]
    pub fn after(self, seconds: u64) -> Self {
        self.with((RETRY_AFTER, HeaderValue::from(seconds)))
    }

    /// The same, and the connection ends after it: the request's body was not read to its end.
    #[must_use]
    pub fn closing(self) -> Self {
        self.with((CONNECTION, HeaderValue::from_static("close")))
    }

    /// What went wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// True when it is the server's doing and may pass.
    pub fn is_ours(&self) -> bool {
        self.status.is_server_error()
    }
}

impl From<TooMany> for Refusal {
    fn from(too_many: TooMany) -> Self {
        Self::too_many(too_many)
    }
}

impl From<StoreError> for Refusal {
    fn from(trouble: StoreError) -> Self {
        error!(%trouble, "the store could not be used");
        match trouble {
            StoreError::Unavailable(_) => {
                Self::unavailable("The server cannot reach its store: try again in a moment")
            }
            StoreError::NoRoom => Self::unavailable("The server has no room left: try again later"),
            StoreError::BlobGone => Self::unavailable("The picture is gone from the server: send it again"),
            _ => Self::trouble(),
        }
    }
}

impl From<AccessError> for Refusal {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Unavailable(trouble) => trouble.into(),
            _ => Self::token("The access token is missing, expired, revoked or not ours: sign in again"),
        }
    }
}

impl From<PictureRefused> for Refusal {
    fn from(refused: PictureRefused) -> Self {
        match refused {
            PictureRefused::Unreadable => Self::trouble(),
            refused => Self::unprocessable(refused.to_string()),
        }
    }
}

/// Why an upload was not kept; one that is too large is told how large it may be, for no route of this dialect says so.
pub(super) fn unkept(trouble: SpoolError, doors: &Doors) -> Refusal {
    match trouble {
        SpoolError::TooLarge => {
            let limit = doors.service.settings().limits.max_bytes as f64 / MEGABYTE;
            PictureRefused::TooManyBytes(limit).into()
        }
        trouble => trouble.into(),
    }
}

impl From<SpoolError> for Refusal {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::TooLarge => Self::unprocessable(error.to_string()),
            SpoolError::NoRoom => Self::unavailable(error.to_string()),
            SpoolError::Io(_) => {
                error!(%error, "an upload could not be kept");
                Self::trouble()
            }
        }
    }
}

impl From<FetchError> for Refusal {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Spool(error) => error.into(),
            FetchError::Unavailable(trouble) => trouble.into(),
            error => Self::unprocessable(error.to_string()),
        }
    }
}

impl From<ExecutionError> for Refusal {
    fn from(error: ExecutionError) -> Self {
        match error {
            ExecutionError::Settings(error) => Self::bad(format!("The settings cannot be used: {error}")),
            ExecutionError::DailyLimit => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string()).after(60 * 60)
            }
            ExecutionError::Unavailable(trouble) => trouble.into(),
        }
    }
}

impl From<BodyTrouble> for Refusal {
    fn from(trouble: BodyTrouble) -> Self {
        Self::bad(trouble.to_string()).closing()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response.extensions_mut().insert(Told(self.message));
        response
    }
}

/// Writes the body of a refusal; any other answer stays as it is.
pub(crate) fn worded(mut response: Response, path: &str, now: Timestamp) -> Response {
    let Some(Told(message)) = response.extensions_mut().remove::<Told>() else { return response };
    let status = response.status();
    let body = ErrorBody {
        timestamp: now.to_string().replace('Z', "+00:00"),
        status: status.as_u16(),
        error: status.canonical_reason().unwrap_or("Error"),
        message,
        path: path.to_owned(),
    };
    let text = serde_json::to_vec(&body).unwrap_or_default();
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    *response.body_mut() = Body::from(text);
    response
}
