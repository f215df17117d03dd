//! Answers as JSON, never cached, with the words of unusual status numbers in the status line.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::retouch4me::reason_phrase;

/// A JSON answer with any status from 200 to 999.
pub fn json(status: u16, body: &impl Serialize) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = serde_json::to_vec(body).unwrap_or_else(|error| {
        tracing::error!(%error, "an answer could not be written as JSON");
        b"{}".to_vec()
    });
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(phrase) = reason_phrase(status) {
        response.extensions_mut().insert(phrase);
    }
    response
}
