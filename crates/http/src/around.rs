//! What surrounds every request: its id, its line in the log, its place in the figures, and a net under panics.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::Status;
use tracing::{Instrument, Span, debug, error, field, info, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::app::Doors;
use crate::dialect::Tongue;
use crate::paths::AskedPath;
use crate::{address, autoretouch};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id taken over from a client or proxy.
const MAX_REQUEST_ID: usize = 128;

/// Runs a request.
pub(crate) async fn around(State(doors): State<Doors>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(request.headers());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let asked = request.extensions().get::<AskedPath>().map_or_else(|| path.clone(), |asked| asked.0.clone());
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let client =
        address::client(request.headers(), request.extensions(), doors.settings.trusted_header.as_ref());
    let span = info_span!(
        "request", id = ?id, %method, path, %client, job = field::Empty, otel.name = field::Empty,
        otel.kind = field::Empty
    );
    trace(&span, request.headers(), method.as_str(), &route);
    let answered = async {
        let checked = if is_unlimited(&route) { Ok(()) } else { doors.rates.address(client) };
        match checked {
            Ok(()) => caught(&path, next.run(request)).await,
            Err(too_many) => Tongue::at(&path).too_many(too_many),
        }
    };
    let response = answered.instrument(span.clone()).await;
    let mut response = autoretouch::worded(response, &asked, doors.service.now());
    add_headers(response.headers_mut(), id);
    let status = response.status().as_u16();
    let taken = began.elapsed();
    let labels = [("method", method.to_string()), ("route", route.clone()), ("status", status.to_string())];
    ::metrics::counter!("atelier_http_requests_total", &labels).increment(1);
    ::metrics::histogram!("atelier_http_request_seconds", "route" => route.clone())
        .record(taken.as_secs_f64());
    let milliseconds = taken.as_millis() as u64;
    span.set_attribute("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.set_status(Status::error(""));
    }
    span.in_scope(|| {
        if is_routine(&route) {
            debug!(status, milliseconds, "answered");
        } else {
            info!(status, milliseconds, "answered");
        }
    });
    response
}

/// Where traces are kept, a request that belongs to one (`traceparent` of W3C Trace Context) goes on with it, and has the
/// names that collectors know.
fn trace(span: &Span, headers: &HeaderMap, method: &str, route: &str) {
    let context = opentelemetry::global::get_text_map_propagator(|format| format.extract(&Headers(headers)));
    // Refused where nobody keeps traces; then the names would only fill the log.
    if span.set_parent(context).is_ok() {
        span.record("otel.name", format!("{method} {route}"));
        span.record("otel.kind", "server");
        span.set_attribute("http.request.method", method.to_owned());
        span.set_attribute("http.route", route.to_owned());
    }
}

/// Headers, as a propagator reads them.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// A net under a handler: a panic becomes a 500 in the dialect of the path.
async fn caught(path: &str, answer: impl Future<Output = Response>) -> Response {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|panic| {
        error!(panic = panic_text(&*panic), "a request failed without an answer of its own");
        let message = "The server has a problem: try again in a moment";
        Tongue::at(path).error(StatusCode::INTERNAL_SERVER_ERROR, message)
    })
}

/// Routes that an address may ask without end: those about a job that exists are limited by that job alone (see
/// `fetch`), and a sign of life costs nothing but must never be missed.
fn is_unlimited(route: &str) -> bool {
    let about_a_job = ["/status/{id}", "/getFile/{id}", "/workflow/execution/{id}"];
    let is_about_a_job = about_a_job.iter().any(|end| route.ends_with(end));
    is_about_a_job || ["/health", "/v1/health", "/health/live"].contains(&route)
}

/// Notes which job a request is about.
pub(crate) fn note_job(id: &str) {
    Span::current().record("job", id);
}

/// Questions that machines ask every few seconds would bury everything else in the log.
fn is_routine(route: &str) -> bool {
    let is_question = route.contains("/status") || route.ends_with("/workflow/execution/{id}");
    is_question || route.contains("/health") || route == "/metrics" || route == "/oauth/token"
}

fn add_headers(headers: &mut HeaderMap, id: HeaderValue) {
    headers.insert(REQUEST_ID, id);
    let protection = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in protection {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// The client's id for the request, if it has one fit for a log, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_fit = |value: &&HeaderValue| {
        let fits = (1..=MAX_REQUEST_ID).contains(&value.len());
        fits && value.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte))
    };
    match headers.get(REQUEST_ID).filter(is_fit) {
        Some(given) => given.clone(),
        None => HeaderValue::from_str(&new_id()).unwrap_or(HeaderValue::from_static("unknown")),
    }
}

/// Different for every request and every run; nothing depends on its being unguessable.
fn new_id() -> String {
    static RUN: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}", RUN.hash_one(count))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(given: &str) -> HeaderValue {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(given).expect("a header"));
        request_id(&headers)
    }

    #[test]
    fn a_clients_id_is_kept_when_it_is_fit_for_a_log() {
        assert_eq!(id_for("abc-1.2:3"), "abc-1.2:3");
        for unfit in ["", "a b", "a\"b", &"x".repeat(129)] {
            assert_ne!(id_for(unfit), unfit);
            assert_eq!(id_for(unfit).len(), 16);
        }
    }

    #[tokio::test]
    async fn a_panic_becomes_an_answer() {
        let response = caught("/api/v1/info/limits", async { panic!("of the {}", "test") }).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 1000).await.expect("a body");
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(body.starts_with("{\"status\":500,") && !body.contains("test"), "{body}");
    }

    #[test]
    fn new_ids_differ() {
        assert_ne!(new_id(), new_id());
    }

    #[test]
    fn a_page_may_have_a_policy_of_its_own() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'self'"));
        add_headers(&mut headers, HeaderValue::from_static("id"));
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "default-src 'self'");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}
