//! The cookies of people at a browser: read from a request, written into an answer.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// Holds the session of somebody who is signed in.
pub const SESSION: &str = "atelier_session";
/// Ties the sign-in form to the browser it was shown in.
pub const VISITOR: &str = "atelier_visitor";
/// No cookie of ours is longer.
const LONGEST: usize = 128;

/// The value of a cookie.
pub fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let mut pairs = pairs.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(given, value)| *given == name && value.len() <= LONGEST).map(|(_, value)| value)
}

/// A header that sets a cookie for so many seconds; 0 removes it. No script reads it and no other site sends it along.
pub fn set(name: &str, value: &str, seconds: u64, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_read_by_their_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("x_atelier_session=no; atelier_session=a-b_c"));
        headers.append(COOKIE, HeaderValue::from_static("atelier_visitor=v"));
        assert_eq!(value(&headers, SESSION), Some("a-b_c"));
        assert_eq!(value(&headers, VISITOR), Some("v"));
        assert_eq!(value(&headers, "atelier"), None);
    }

    #[test]
    fn cookies_are_for_this_site_alone() {
        let text = set(SESSION, "x", 60, true);
        assert_eq!(text, "atelier_session=x; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure");
        assert!(!set(SESSION, "x", 60, false).to_str().expect("text").contains("Secure"));
    }
}
