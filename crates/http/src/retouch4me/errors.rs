//! Errors as this dialect's clients read them: HTTP status and JSON `status` are always equal.

use axum::http::header::{CONNECTION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::ext::ReasonPhrase;

use super::types::ErrorBody;
use crate::rate::TooMany;
use crate::reply;

/// What a client is told instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    message: String,
    retry_after: Option<u64>,
    closes: bool,
}

impl Refusal {
    /// Any status; the message is for people and never empty.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after: None, closes: false }
    }

    /// 400: the request is not what the route takes.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// 400 in the vendor's words.
    pub fn no_file() -> Self {
        Self::bad("No file uploaded")
    }

    /// 401, balance routes only.
    pub fn token_refused(message: impl Into<String>) -> Self {
        Self::new(401, message)
    }

    /// 404: no such job, or nothing to fetch yet.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, message)
    }

    /// 460 in the vendor's words: no token, an unknown or a revoked one.
    pub fn token_issue() -> Self {
        Self::new(460, "Token issue")
    }

    /// 461: no credits, or the day's allowance is used up.
    pub fn limit_reached(message: impl Into<String>) -> Self {
        Self::new(461, message)
    }

    /// 462: JSON, but no task this server runs.
    pub fn invalid_task(message: impl Into<String>) -> Self {
        Self::new(462, message)
    }

    /// 429 with the time to wait.
    pub fn too_many(too_many: TooMany) -> Self {
        let seconds = too_many.seconds();
        let message = format!("Too many requests: try again in {seconds} s");
        Self { retry_after: Some(seconds), ..Self::new(429, message) }
    }

    /// 500: our fault; what happened is in the log, not in the answer.
    pub fn trouble() -> Self {
        Self::new(500, "The server has a problem: try again in a moment")
    }

    /// The same, and the connection ends after it: the request's body was not read to its end.
    #[must_use]
    pub fn closing(self) -> Self {
        Self { closes: true, ..self }
    }

    /// The status sent, on HTTP and in the body.
    #[cfg(test)]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The text sent.
    #[cfg(test)]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<TooMany> for Refusal {
    fn from(too_many: TooMany) -> Self {
        Self::too_many(too_many)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response =
            reply::json(self.status, &ErrorBody { status: self.status, message: self.message });
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.closes {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// The words behind the dialect's own status numbers, for the status line.
pub(crate) fn reason_phrase(status: StatusCode) -> Option<ReasonPhrase> {
    match status.as_u16() {
        460 => Some(ReasonPhrase::from_static(b"Token Issue")),
        461 => Some(ReasonPhrase::from_static(b"Limit Reached")),
        462 => Some(ReasonPhrase::from_static(b"Invalid Task")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn both_status_numbers_are_equal() {
        for refusal in [Refusal::no_file(), Refusal::token_issue(), Refusal::trouble()] {
            let status = refusal.status();
            let response = refusal.into_response();
            assert_eq!(response.status().as_u16(), status);
            let body = axum::body::to_bytes(response.into_body(), 1000).await.expect("a body");
            let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(body["status"], status);
            assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()));
        }
    }

    #[test]
    fn too_many_requests_are_told_when_to_come_again() {
        let refusal = Refusal::from(TooMany { wait: Duration::from_millis(1200) });
        let response = refusal.into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[RETRY_AFTER], "2");
    }
}
