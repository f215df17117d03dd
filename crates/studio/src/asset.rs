//! Styles, scripts and pictures of the pages: embedded, under a path that changes with their content, so that browsers may
//! keep them for ever.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;
use service::ContentHash;

use crate::desk::Desk;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// Names the content of all assets together: scripts name each other by relative paths, so all share one folder.
static STAMP: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Assets::iter().collect();
    names.sort();
    let mut all = Vec::new();
    for name in names {
        let file = Assets::get(&name);
        all.extend(name.bytes());
        all.extend(file.iter().flat_map(|file| file.metadata.sha256_hash()));
    }
    ContentHash::of(&all).hex()[..16].to_owned()
});

/// The address of an asset.
pub fn url(name: &str) -> String {
    format!("/studio/assets/{}/{name}", *STAMP)
}

pub fn routes() -> Router<Desk> {
    Router::new().route("/studio/assets/{stamp}/{*name}", get(asset))
}

async fn asset(Path((stamp, name)): Path<(String, String)>) -> Response {
    let Some(file) = Assets::get(&name) else {
        return (StatusCode::NOT_FOUND, "There is no such file: load the page again").into_response();
    };
    let mut response = Response::new(Body::from(file.data));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(&name)));
    // A page from before an update names files by their old stamp: it gets the new ones, but must not keep them.
    let kept = if stamp == *STAMP { "public, max-age=31536000, immutable" } else { "no-store" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    response
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webp" => "image/webp",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_has_a_type_browsers_take() {
        for name in Assets::iter().filter(|name| !name.ends_with(".json")) {
            assert_ne!(media_type(&name), "application/octet-stream", "{name}");
        }
        assert!(url("base.css").ends_with("/base.css"));
    }

    /// The page where programs are let in is served by another crate; it must look like these.
    #[test]
    fn the_page_of_devices_has_the_colours_of_the_studio() {
        let ours = Assets::get("base.css").expect("the base").data;
        let ours = String::from_utf8_lossy(&ours);
        let theirs = concat!(
            include_str!("../../http/src/oauth/page.css"),
            include_str!("../../http/src/oauth/dark.css")
        );
        let tokens: Vec<_> = theirs.lines().map(str::trim).filter(|line| line.starts_with("--")).collect();
        assert!(tokens.len() > 20, "{tokens:?}");
        assert!(tokens.iter().all(|token| ours.contains(token)), "{tokens:?}");
    }

    /// Pages must not need anything from elsewhere.
    #[test]
    fn no_asset_reaches_out() {
        for name in Assets::iter() {
            let file = Assets::get(&name).expect("an asset");
            let text = String::from_utf8_lossy(&file.data);
            for mark in ["http://", "https://", "@import"] {
                let outside =
                    text.match_indices(mark).find(|(at, _)| !text[*at..].starts_with("http://www.w3.org/"));
                assert!(outside.is_none(), "{name} names {mark}");
            }
        }
    }
}
