//! Guards against forms that other sites send in somebody's name: where a form comes from, and a token that only a page
//! of ours can hold.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use service::ContentHash;
use url::Url;

/// The token of a form, made from the cookie of whoever it is shown to; the cookie cannot be worked out from it.
pub fn form_token(cookie: &str) -> String {
    ContentHash::of(format!("form of atelier\0{cookie}").as_bytes()).hex()
}

/// True for a form that a page of this server has sent. Browsers say so in one header or the other; a request without
/// either comes from no browser that people sign in with.
pub fn is_from_here(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    match text(ORIGIN.as_str()) {
        None => site.is_some(),
        Some(origin) => {
            let Ok(origin) = Url::parse(origin) else { return false };
            let is_public = Url::parse(public_url).is_ok_and(|public| public.origin() == origin.origin());
            // Behind a proxy or beside it, people may know the server by another name.
            let host = text(HOST.as_str())
                .and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok());
            is_public || host.is_some_and(|host| host.origin() == origin.origin())
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn sent(headers: &[(&'static str, &'static str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        is_from_here(&headers, "https://photos.example")
    }

    #[test]
    fn forms_of_other_sites_are_told_apart() {
        assert!(sent(&[("sec-fetch-site", "same-origin"), ("origin", "https://photos.example")]));
        assert!(sent(&[("origin", "https://photos.example")]));
        assert!(sent(&[("origin", "http://10.0.0.7:8080"), ("host", "10.0.0.7:8080")]));
        assert!(sent(&[("sec-fetch-site", "same-origin")]));
        for foreign in [
            &[][..],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://photos.example")],
            &[("sec-fetch-site", "same-site"), ("origin", "https://evil.photos.example")],
            &[("sec-fetch-site", "none")],
            &[("origin", "null"), ("host", "photos.example")],
            &[("origin", "https://evil.example"), ("host", "photos.example")],
            &[("origin", "https://photos.example:444"), ("host", "photos.example")],
        ] {
            assert!(!sent(foreign), "{foreign:?}");
        }
    }

    #[test]
    fn a_form_token_belongs_to_one_cookie() {
        assert_eq!(form_token("a"), form_token("a"));
        assert_ne!(form_token("a"), form_token("b"));
    }
}
