//! What surrounds the dialect: unknown routes, CORS, ids, health, figures, pages.

use http_doors::HttpSettings;
use metrics_exporter_prometheus::PrometheusBuilder;
use reqwest::Method;

use crate::desk::{Desk, Purse};
use crate::shop::order;

#[tokio::test]
async fn unknown_routes_and_wrong_methods_are_told_as_json() {
    let desk = Desk::open().await;
    for path in ["/api/v1/retoucher/stop", "/api/v2", "/nowhere", "/api/v1/retoucher/status/a/b"] {
        assert_eq!(desk.get(path).await.refusal().0, 404, "{path}");
    }
    let wrong = [
        (Method::GET, "/api/v1/retoucher/start"),
        (Method::DELETE, "/api/v1/retoucher/status/x"),
        (Method::GET, "/api/v1/balance/"),
        (Method::POST, "/api/v1/info/limits"),
    ];
    for (method, path) in wrong {
        let answer = desk.send(desk.request(method, path)).await;
        assert_eq!(answer.refusal().0, 405, "{path}");
        assert!(!answer.header("allow").is_empty(), "{path} says what it allows");
    }
}

#[tokio::test]
async fn pages_of_any_origin_may_use_the_api() {
    let desk = Desk::open().await;
    let preflight = desk
        .request(Method::OPTIONS, "/api/v1/retoucher/start")
        .header("Origin", "https://panel.example")
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "x-retouch-token,idempotency-key,content-type");
    let answer = desk.send(preflight).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-methods"), "GET,HEAD,POST,OPTIONS");
    let headers = answer.header("access-control-allow-headers");
    assert_eq!(headers, "content-type,authorization,x-retouch-token,idempotency-key");
    for path in ["/api/v1/info/limits", "/api/v1/retoucher/status/x", "/nowhere"] {
        let answer =
            desk.send(desk.request(Method::GET, path).header("Origin", "https://panel.example")).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "errors too: {path}");
    }
}

#[tokio::test]
async fn every_answer_carries_its_id_and_protection() {
    let desk = Desk::open().await;
    for path in ["/health", "/nowhere", "/api/v1/retoucher/status/x"] {
        let answer = desk.send(desk.request(Method::GET, path).header("x-request-id", "mine-7")).await;
        assert_eq!(answer.header("x-request-id"), "mine-7");
        assert_eq!(desk.get(path).await.header("x-request-id").len(), 16);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn health_is_told_and_what_is_missing_too() {
    let desk = Desk::open().await;
    for path in ["/health", "/health/", "/v1/health", "/health/live"] {
        let answer = desk.get(path).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"status":"ok"}"#));
    }
    let ready = desk.get("/health/ready").await;
    assert_eq!(
        (ready.status, ready.text().as_str()),
        (200, r#"{"ready":true,"database":"ok","store":"ok"}"#)
    );
    desk.store.close().await;
    let missing = desk.get("/health/ready").await;
    assert_eq!(missing.status, 503);
    assert_eq!(missing.text(), r#"{"ready":false,"database":"unavailable","store":"ok"}"#);
    assert_eq!(desk.get("/health/live").await.status, 200, "the process still lives");
}

#[tokio::test]
async fn figures_tell_of_requests_and_the_queue() {
    let bare = Desk::open().await;
    assert_eq!(bare.get("/metrics").await.refusal().0, 404);
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).expect("the only recorder of this test");
    let closed = |http: &mut HttpSettings| {
        (http.metrics, http.metrics_token) = (Some(handle.clone()), Some("sesame".to_owned()));
    };
    let guarded = Desk::with(Purse::default(), |_| {}, closed).await;
    let without = guarded.get("/metrics").await;
    assert_eq!((without.refusal().0, without.header("www-authenticate")), (401, "Bearer"));
    for (token, status) in [("sesame", 200), ("guess", 401)] {
        let request = guarded.request(Method::GET, "/metrics").bearer_auth(token);
        assert_eq!(guarded.send(request).await.status, status);
    }
    let desk = Desk::with(Purse::default(), |_| {}, |http| http.metrics = Some(handle)).await;
    desk.started().await;
    let shop = desk.shop("north", 10).await;
    let hash = desk.uploaded(&shop).await;
    // The second one cannot be paid for.
    for _ in 0..2 {
        desk.ordered(&shop, &order(&hash)).await;
    }
    let figures = desk.get("/metrics").await;
    assert!(figures.header("content-type").starts_with("text/plain; version=0.0.4"));
    let text = figures.text();
    for line in [
        "atelier_queue_jobs{state=\"waiting\"} 2",
        "atelier_jobs{state=\"waiting\"} 2",
        "atelier_jobs{state=\"completed\"} 0",
        "atelier_jobs{state=\"unpaid\"} 1",
        "atelier_database_reachable 1",
        "atelier_jobs_running 0",
        "route=\"/api/v1/retoucher/start\"",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    // Counters are the process's, and other tests may run in this one.
    for (counter, least) in [
        ("atelier_jobs_accepted_total{dialect=\"retouch4me\"}", 1),
        ("atelier_jobs_accepted_total{dialect=\"autoretouch\"}", 1),
        // What has not happened yet is there too: of a counter that appears as 1 nobody sees that it rose.
        ("atelier_attempts_total{outcome=\"failed\"}", 0),
        ("atelier_webhook_tries_total{outcome=\"given_up\"}", 0),
        ("atelier_attempts_lost_total", 0),
        ("atelier_panics_total", 0),
        ("atelier_swept_blobs_total", 0),
        ("atelier_http_connections_refused_total", 0),
    ] {
        let count = text.lines().find_map(|line| line.strip_prefix(counter)?.trim().parse::<u64>().ok());
        assert!(count.is_some_and(|count| count >= least), "{counter}: {count:?} in\n{text}");
    }
    desk.store.close().await;
    let figures = desk.get("/metrics").await;
    assert!(figures.status == 200 && figures.text().contains("atelier_database_reachable 0"));
}

#[tokio::test]
async fn the_pages_are_there_and_the_description_is_json() {
    let desk = Desk::open().await;
    for path in ["/docs/api", "/docs/api/"] {
        let page = desk.get(path).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src"));
    }
    assert!(
        desk.get("/docs/api").await.text().contains(&format!("curl {}", desk.url)),
        "with its own address"
    );
    let api = desk.get("/docs/openapi.json").await.json();
    assert_eq!(api["openapi"], "3.1.0");
    assert!(!api.to_string().contains("{server}"));
}
