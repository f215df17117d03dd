//! Paths as clients write them: repeated slashes count as one, a trailing slash is ignored, and the version in front of
//! AutoRetouch's paths may be left out; all without redirects.

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

use crate::autoretouch;

/// The path as the client wrote it, where it was rewritten.
#[derive(Clone, Debug)]
pub struct AskedPath(pub String);

/// Rewrites the request's path before it is routed.
pub fn tidy_request(mut request: Request) -> Request {
    if let Some(uri) = tidy_uri(request.uri()) {
        let asked = AskedPath(request.uri().path().to_owned());
        request.extensions_mut().insert(asked);
        *request.uri_mut() = uri;
    }
    request
}

/// The tidied address, or none when it is tidy already.
fn tidy_uri(uri: &Uri) -> Option<Uri> {
    let tidied = tidy(uri.path());
    let path = versioned(tidied.as_deref().unwrap_or(uri.path())).or(tidied)?;
    let with_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(with_query.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

/// The path with single slashes and without the last one, or none when nothing changes.
fn tidy(path: &str) -> Option<String> {
    let is_tidy = !path.contains("//") && (path.len() <= 1 || !path.ends_with('/'));
    if is_tidy {
        return None;
    }
    let tidied: String =
        path.split('/').filter(|part| !part.is_empty()).flat_map(|part| ["/", part]).collect();
    Some(if tidied.is_empty() { "/".to_owned() } else { tidied })
}

/// The path with the version in front, or none when it has one or needs none.
fn versioned(path: &str) -> Option<String> {
    let first = path.strip_prefix('/')?.split('/').next()?;
    autoretouch::FAMILIES.contains(&first).then(|| format!("/v1{path}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slashes_are_counted_once_and_the_last_is_dropped() {
        assert_eq!(tidy("/api/v1/retoucher//start").as_deref(), Some("/api/v1/retoucher/start"));
        assert_eq!(tidy("//api/v1/retoucher/status//").as_deref(), Some("/api/v1/retoucher/status"));
        assert_eq!(tidy("///").as_deref(), Some("/"));
        assert_eq!((tidy("/"), tidy("/health"), tidy("")), (None, None, None));
    }

    #[test]
    fn the_query_stays_as_it_is() {
        let uri: Uri = "/docs//?a=//&b=/".parse().expect("an address");
        assert_eq!(tidy_uri(&uri).expect("tidied").to_string(), "/docs?a=//&b=/");
    }

    #[test]
    fn the_version_may_be_left_out_where_the_dialect_has_one() {
        let tidied = |path: &str| tidy_uri(&path.parse().expect("an address")).map(|uri| uri.to_string());
        assert_eq!(tidied("/workflow/?a=1").as_deref(), Some("/v1/workflow?a=1"));
        assert_eq!(tidied("/upload").as_deref(), Some("/v1/upload"));
        assert_eq!(tidied("/v1/workflow/"), Some("/v1/workflow".to_owned()));
        for path in ["/v1/workflow", "/api/v1/balance", "/health", "/uploads", "/"] {
            assert_eq!(tidied(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn tidying_twice_changes_nothing_more(path in "/[a-z/%.]{0,40}") {
            let once = tidy(&path).unwrap_or(path);
            prop_assert!(!once.contains("//"));
            prop_assert_eq!(tidy(&once), None);
        }
    }
}
