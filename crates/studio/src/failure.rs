//! What a page cannot do, as a page that says so.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::StoreError;
use tracing::error;

use crate::theme::Theme;

/// Why there is no such page, in words for the person who asked.
#[derive(Clone, Debug)]
pub struct Failure {
    status: StatusCode,
    title: &'static str,
    text: String,
}

impl Failure {
    /// A failure with its title and what the person can do.
    pub fn new(status: StatusCode, title: &'static str, text: impl Into<String>) -> Self {
        Self { status, title, text: text.into() }
    }

    /// There is nothing here, or nothing of theirs.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Not found",
            "There is nothing here, or it has expired, or it belongs to another organization.",
        )
    }

    /// They may not do this.
    pub fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Not yours to do",
            "Your role does not allow this. Ask an admin of your organization.",
        )
    }

    /// What they sent cannot be used.
    pub fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "That did not work", text)
    }

    /// The form is not one of ours.
    pub fn forged() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Nothing done",
            "The form was not sent by this page, or is out of date. Load the page again and repeat it.",
        )
    }
}

impl From<StoreError> for Failure {
    fn from(trouble: StoreError) -> Self {
        error!(%trouble, "the store could not be used");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Not just now",
            "The server cannot reach its store. Try again in a moment.",
        )
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = crate::page::failure(self.status, self.title, &self.text, Theme::System);
        response.extensions_mut().insert(self);
        response
    }
}

/// Failures are made where nobody knows the browser: here their pages get its theme.
pub async fn in_theme(request: Request, next: Next) -> Response {
    let theme = Theme::of(request.headers());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Failure>() {
        Some(failure) => crate::page::failure(failure.status, failure.title, &failure.text, theme),
        None => response,
    }
}
