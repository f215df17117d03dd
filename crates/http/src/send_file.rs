//! A stored file as an answer: whole, in part, or not at all when the client has it already.

use std::ops::Range;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use futures_util::StreamExt;
use service::{FileFacts, Service, StoreError};

use crate::range::{Wanted, wanted};

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    NotModified,
    Outside,
    Bytes { status: StatusCode, range: Range<u64> },
}

/// Answers with a file, or with none when the range asked for lies outside of it: the caller words that error.
///
/// # Errors
/// When the store cannot give the bytes.
pub async fn send_file(
    service: &Service,
    method: &Method,
    asked: &HeaderMap,
    file: &FileFacts,
    disposition: HeaderValue,
) -> Result<Option<Response<Body>>, StoreError> {
    let length = u64::try_from(file.bytes).unwrap_or_default();
    let tag = format!("\"{}\"", file.hash.hex());
    let (status, range) = match answer(method, asked, &tag, length) {
        Answer::Outside => return Ok(None),
        Answer::NotModified => (StatusCode::NOT_MODIFIED, None),
        Answer::Bytes { status, range } => (status, Some(range)),
    };
    let body = match &range {
        Some(range) if method != Method::HEAD && !range.is_empty() => bytes(service, file, range).await?,
        _ => Body::empty(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(ETAG, value(&tag));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Some(range) = range {
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(CONTENT_TYPE, value(&file.media_type));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
        headers.insert(CONTENT_DISPOSITION, disposition);
        if status == StatusCode::PARTIAL_CONTENT {
            let part = format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1));
            headers.insert(CONTENT_RANGE, value(&part));
        }
    }
    Ok(Some(response))
}

/// The header that tells a client how long the file is whose range it missed.
pub(crate) fn outside(length: i64) -> (HeaderName, HeaderValue) {
    (CONTENT_RANGE, value(&format!("bytes */{length}")))
}

/// The first piece is fetched before the answer begins: a store that is gone is an error, not a broken download.
async fn bytes(service: &Service, file: &FileFacts, range: &Range<u64>) -> Result<Body, StoreError> {
    let mut stream = service.open(file, range.clone()).await?;
    let first = match stream.next().await {
        Some(first) => first?,
        None => return Err(StoreError::Missing("the file")),
    };
    Ok(Body::from_stream(futures_util::stream::iter([Ok(first)]).chain(stream)))
}

fn answer(method: &Method, asked: &HeaderMap, tag: &str, length: u64) -> Answer {
    let text = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
    let matches = |list: &str| {
        list.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == tag || one == "*")
    };
    if text(IF_NONE_MATCH).is_some_and(matches) {
        return Answer::NotModified;
    }
    let is_same = text(IF_RANGE).is_none_or(|expected| expected.trim() == tag);
    // Ranges are defined for GET alone.
    let range = text(RANGE).filter(|_| is_same && method == Method::GET);
    match wanted(range, length) {
        Wanted::Whole => Answer::Bytes { status: StatusCode::OK, range: 0..length },
        Wanted::Part(range) => Answer::Bytes { status: StatusCode::PARTIAL_CONTENT, range },
        Wanted::Outside => Answer::Outside,
    }
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(HeaderName, &str)]) -> HeaderMap {
        headers.iter().map(|(name, text)| (name.clone(), value(text))).collect()
    }

    fn told(method: Method, headers: &[(HeaderName, &str)]) -> Answer {
        answer(&method, &asked(headers), "\"tag\"", 10)
    }

    #[test]
    fn a_file_the_client_has_is_not_sent_again() {
        for tags in ["\"tag\"", "W/\"tag\"", "\"old\", \"tag\"", "*"] {
            assert_eq!(told(Method::GET, &[(IF_NONE_MATCH, tags)]), Answer::NotModified, "{tags}");
        }
        assert!(matches!(told(Method::GET, &[(IF_NONE_MATCH, "\"old\"")]), Answer::Bytes { .. }));
    }

    #[test]
    fn a_range_counts_for_get_and_the_same_file_only() {
        let part = Answer::Bytes { status: StatusCode::PARTIAL_CONTENT, range: 0..4 };
        let whole = Answer::Bytes { status: StatusCode::OK, range: 0..10 };
        let range = (RANGE, "bytes=0-3");
        assert_eq!(told(Method::GET, std::slice::from_ref(&range)), part);
        assert_eq!(told(Method::HEAD, std::slice::from_ref(&range)), whole);
        assert_eq!(told(Method::GET, &[range.clone(), (IF_RANGE, "\"tag\"")]), part);
        assert_eq!(told(Method::GET, &[range, (IF_RANGE, "\"old\"")]), whole);
        assert_eq!(told(Method::GET, &[(RANGE, "bytes=10-")]), Answer::Outside);
    }
}
