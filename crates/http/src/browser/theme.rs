//! Light or dark: as the system says, or as the person chose. The choice is a cookie, so that pages are right from the first
//! pixel and without scripts.

use axum::http::HeaderMap;

use super::cookie;

/// The cookie that holds the choice.
pub const COOKIE: &str = "atelier_theme";

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
    /// All there are.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// As the browser's cookie says.
    pub fn of(headers: &HeaderMap) -> Self {
        cookie::value(headers, COOKIE).map(Self::named).unwrap_or_default()
    }

    /// Its name in cookie, forms and pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of a name; as the system says for any other.
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }
}
