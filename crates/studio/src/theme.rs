//! Choosing between light and dark, see [`Theme`].

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use axum::routing::post;
use http_doors::browser::cookie;
use http_doors::browser::theme::COOKIE;
pub use http_doors::browser::theme::Theme;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{Fields, see_other};

/// A year.
const LIFE: u64 = 365 * 24 * 3_600;

pub fn routes() -> Router<Desk> {
    Router::new().route("/studio/theme", post(choose))
}

/// Nobody is harmed by a foreign form that changes a theme; the form comes without a token, from the sign-in page too.
async fn choose(State(desk): State<Desk>, request: Request) -> Result<Response, Failure> {
    let fields = Fields::read(&desk, request).await?;
    let theme = Theme::named(fields.get("theme").unwrap_or_default());
    let mut response = see_other(fields.local_path("next").unwrap_or("/studio"));
    let cookie = cookie::set(COOKIE, theme.name(), LIFE, desk.is_secure());
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}
