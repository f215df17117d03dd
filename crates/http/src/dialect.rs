//! Which dialect a path belongs to: errors that no handler answers are worded by it.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::rate::TooMany;
use crate::{autoretouch, oauth, retouch4me};

/// A wire dialect served on this origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tongue {
    /// Everything under `/api`, and whatever no other dialect claims.
    Retouch4me,
    /// Everything under `/v1`.
    AutoRetouch,
    /// The authorization server that goes with it.
    OAuth,
    /// Pages for people: `/` and all below `/studio`.
    Pages,
}

impl Tongue {
    /// The dialect spoken at a tidied path.
    pub fn at(path: &str) -> Self {
        match path.split('/').nth(1).unwrap_or_default() {
            "v1" => Self::AutoRetouch,
            "oauth" | ".well-known" | "activate" => Self::OAuth,
            "" | "studio" => Self::Pages,
            _ => Self::Retouch4me,
        }
    }

    /// An error in this dialect's form.
    pub fn error(self, status: StatusCode, message: &str) -> Response {
        match self {
            Self::Retouch4me => retouch4me::Refusal::new(status.as_u16(), message).into_response(),
            Self::AutoRetouch => autoretouch::Refusal::new(status, message).into_response(),
            Self::OAuth => oauth::Refusal::of_status(status, message).into_response(),
            Self::Pages => oauth::outcome(status, status.canonical_reason().unwrap_or("Error"), message),
        }
    }

    /// 429 in this dialect's form.
    pub fn too_many(self, too_many: TooMany) -> Response {
        match self {
            Self::Retouch4me => retouch4me::Refusal::too_many(too_many).into_response(),
            Self::AutoRetouch => autoretouch::Refusal::too_many(too_many).into_response(),
            Self::OAuth => oauth::Refusal::too_many(too_many).into_response(),
            Self::Pages => {
                let text =
                    format!("Too many requests: wait {} s and load the page again.", too_many.seconds());
                let mut page = oauth::outcome(StatusCode::TOO_MANY_REQUESTS, "Too many requests", &text);
                page.headers_mut().insert(RETRY_AFTER, HeaderValue::from(too_many.seconds()));
                page
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_has_its_paths() {
        for path in ["/v1", "/v1/workflow", "/v1/nowhere", "/v1/health"] {
            assert_eq!(Tongue::at(path), Tongue::AutoRetouch, "{path}");
        }
        for path in ["/oauth/token", "/.well-known/jwks.json", "/activate"] {
            assert_eq!(Tongue::at(path), Tongue::OAuth, "{path}");
        }
        for path in ["/", "/studio", "/studio/try"] {
            assert_eq!(Tongue::at(path), Tongue::Pages, "{path}");
        }
        for path in ["/api/v1/balance", "/docs/api", "/v10", "/nowhere"] {
            assert_eq!(Tongue::at(path), Tongue::Retouch4me, "{path}");
        }
    }
}
