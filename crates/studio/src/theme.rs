//! Light or dark: as the system says, or as the person chose. The choice is a cookie, so that pages are right from the first
//! pixel and without scripts.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use axum::routing::post;
use http_doors::browser::cookie;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{Fields, see_other};

const COOKIE: &str = "atelier_theme";
/// A year.
const LIFE: u64 = 365 * 24 * 3_600;

/// How pages look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// As the browser's cookie says.
    pub fn of(headers: &HeaderMap) -> Self {
        cookie::value(headers, COOKIE).map(Self::named).unwrap_or_default()
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }
}

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
