//! Figures for Prometheus: what was counted on the way, and the queue as it is at the moment of asking.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};
use tracing::warn;

use crate::app::{Doors, RouteList};
use crate::retouch4me::Refusal;

/// Adds the route.
pub(crate) fn routes(routes: RouteList) -> RouteList {
    routes.on(&["get"], "/metrics", get(scrape))
}

/// Figures in Prometheus' text form.
///
/// Left out (404) when the server was started without a recorder, or shows its figures on an address of their own.
#[utoipa::path(
    get, path = "/metrics", tag = "Operation", operation_id = "metrics", summary = "Figures for Prometheus",
    responses(
        (status = 200, description = "The figures.", body = String, content_type = "text/plain"),
        (
            status = 401, description = "This server wants a bearer token for them, and this is not it.",
            body = crate::retouch4me::types::ErrorBody
        ),
        (status = 404, description = "This server keeps no figures.", body = crate::retouch4me::types::ErrorBody),
    )
)]
pub(crate) async fn scrape(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    let Some(recorder) = &doors.settings.metrics else {
        return Refusal::not_found("No such route: /docs/api lists them").into_response();
    };
    if let Some(token) = &doors.settings.metrics_token
        && !is_let_in(&headers, token)
    {
        let message = "These figures need a token: send it as Authorization: Bearer TOKEN";
        let mut response = Refusal::new(401, message).into_response();
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    }
    describe();
    // Figures of the process are worth having while the database is gone.
    let is_reachable = match doors.service.note_figures().await {
        Ok(()) => 1.0,
        Err(trouble) => {
            warn!(%trouble, "the queue could not be counted");
            0.0
        }
    };
    gauge!("atelier_database_reachable").set(is_reachable);
    recorder.run_upkeep();
    let mut response = Response::new(Body::from(recorder.render()));
    *response.status_mut() = StatusCode::OK;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// True when the request carries the token. How long the comparison takes tells nothing of where they differ.
fn is_let_in(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let expected = format!("Bearer {token}").into_bytes();
    let differing = given.iter().zip(&expected).fold(0, |sum, (one, other)| sum | (one ^ other));
    given.len() == expected.len() && differing == 0
}

/// What is counted, whoever counts it.
const COUNTERS: [(&str, &str); 8] = [
    ("atelier_http_requests_total", "Requests answered, by method, route and status"),
    ("atelier_http_connections_refused_total", "Connections of addresses that had as many as they may"),
    ("atelier_jobs_accepted_total", "Jobs accepted, by dialect"),
    ("atelier_attempts_total", "Attempts ended, by outcome"),
    ("atelier_attempts_lost_total", "Attempts whose worker was lost, counted by whoever took them up"),
    ("atelier_panics_total", "Attempts in which a plugin panicked"),
    ("atelier_webhook_tries_total", "Tries to deliver a webhook, by outcome"),
    ("atelier_swept_blobs_total", "Files deleted after their time"),
];
/// What stands somewhere at the moment.
const GAUGES: [(&str, &str); 8] = [
    (
        "atelier_queue_jobs",
        "Jobs of the house that wait, wait for their next attempt, or are worked on, by state",
    ),
    ("atelier_queue_oldest_seconds", "Age of the oldest waiting job of the house"),
    (
        "atelier_active_memory_bytes",
        "Estimated memory of the jobs being worked on, by all workers of the house",
    ),
    ("atelier_jobs", "Jobs the house keeps, by state"),
    ("atelier_jobs_running", "Jobs being worked on in this process"),
    ("atelier_memory_budget_bytes", "Memory that jobs of this process may need together"),
    ("atelier_memory_reserved_bytes", "Estimated memory of the jobs of this process"),
    ("atelier_database_reachable", "1 when the database answered this scrape"),
];
/// What is measured in seconds.
const HISTOGRAMS: [(&str, &str); 5] = [
    ("atelier_http_request_seconds", "Time to the head of the answer, by route"),
    ("atelier_accept_to_start_seconds", "Time from a job's acceptance to its first attempt"),
    ("atelier_job_seconds", "Time of an attempt that brought a result"),
    ("atelier_plugin_seconds", "Time of a plugin's part of an attempt, by plugin"),
    ("atelier_webhook_seconds", "Time of a webhook's try"),
];

/// Says what each figure means.
fn describe() {
    for (name, meaning) in COUNTERS {
        describe_counter!(name, meaning);
    }
    for (name, meaning) in GAUGES {
        describe_gauge!(name, meaning);
    }
    for (name, meaning) in HISTOGRAMS {
        describe_histogram!(name, meaning);
    }
    counter!("atelier_http_connections_refused_total").increment(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_for_operators_names_every_figure() {
        let page = include_str!("../../../docs/operating.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `atelier_")?.split('`').next());
        let mut told: Vec<String> = rows.map(|name| format!("atelier_{name}")).collect();
        let mut kept: Vec<&str> =
            [&COUNTERS[..], &GAUGES, &HISTOGRAMS].concat().iter().map(|one| one.0).collect();
        told.sort();
        kept.sort_unstable();
        assert_eq!(told, kept);
    }

    #[test]
    fn only_the_very_token_is_let_in() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().expect("a value"));
            is_let_in(&headers, "sesame")
        };
        assert!(with("Bearer sesame"));
        for wrong in ["Bearer sesam", "Bearer sesamee", "bearer sesame", "Basic sesame", "sesame", "Bearer "]
        {
            assert!(!with(wrong), "{wrong}");
        }
        assert!(!is_let_in(&HeaderMap::new(), "sesame"));
    }
}
