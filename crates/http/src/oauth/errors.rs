//! Errors as clients of an authorization server read them (RFC 6749, section 5.2).

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service::{AccessError, StoreError};
use tracing::error;
use utoipa::ToSchema;

use crate::rate::TooMany;
use crate::reply;

/// An error.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OAuthError, example = json!({
    "error": "authorization_pending", "error_description": "the request has not been confirmed yet"
}))]
pub struct OAuthErrorBody {
    /// One of the standard's words.
    pub error: &'static str,
    /// What it means, for people.
    pub error_description: String,
}

/// What a client is told instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    error: &'static str,
    description: String,
    retry_after: Option<u64>,
}

impl Refusal {
    /// 400 with one of the standard's words.
    pub fn bad(error: &'static str, description: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, description: description.into(), retry_after: None }
    }

    /// A field is missing, or the body is no form.
    pub fn invalid(description: impl Into<String>) -> Self {
        Self::bad("invalid_request", description)
    }

    /// Any status.
    pub fn of_status(status: StatusCode, description: impl Into<String>) -> Self {
        let error = if status.is_server_error() { "server_error" } else { "invalid_request" };
        Self { status, ..Self::bad(error, description) }
    }

    /// 429 with the time to wait.
    pub fn too_many(too_many: TooMany) -> Self {
        let seconds = too_many.seconds();
        let description = format!("too many requests: try again in {seconds} s");
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after: Some(seconds),
            ..Self::bad("slow_down", description)
        }
    }
}

impl From<AccessError> for Refusal {
    fn from(error: AccessError) -> Self {
        let name = match &error {
            AccessError::UnknownClient => "invalid_client",
            AccessError::Pending => "authorization_pending",
            AccessError::SlowDown => "slow_down",
            AccessError::Declined => "access_denied",
            AccessError::Expired => "expired_token",
            AccessError::InvalidGrant | AccessError::BadToken => "invalid_grant",
            AccessError::WrongPassword | AccessError::TooManyTries => "invalid_request",
            AccessError::Unavailable(_) => "temporarily_unavailable",
        };
        match error {
            AccessError::Unavailable(trouble) => trouble.into(),
            AccessError::UnknownClient => {
                Self { status: StatusCode::UNAUTHORIZED, ..Self::bad(name, error.to_string()) }
            }
            error => Self::bad(name, error.to_string()),
        }
    }
}

impl From<StoreError> for Refusal {
    /// 400 too: a published client gives up its sign-in on anything from 500.
    fn from(trouble: StoreError) -> Self {
        error!(%trouble, "the store could not be used");
        let description = "the server cannot reach its store: try again in a moment";
        Self { retry_after: Some(5), ..Self::bad("temporarily_unavailable", description) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = OAuthErrorBody { error: self.error, error_description: self.description };
        let mut response = reply::json(self.status.as_u16(), &body);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_away_does_not_end_a_sign_in() {
        let trouble = || StoreError::Unavailable("away".to_owned());
        for refusal in [Refusal::from(trouble()), Refusal::from(AccessError::Unavailable(trouble()))] {
            assert_eq!((refusal.status, refusal.error), (StatusCode::BAD_REQUEST, "temporarily_unavailable"));
            assert!(refusal.into_response().headers().contains_key(RETRY_AFTER));
        }
        let refusal = Refusal::from(AccessError::UnknownClient);
        assert_eq!((refusal.status, refusal.error), (StatusCode::UNAUTHORIZED, "invalid_client"));
    }
}
