//! Limits over HTTP: when they strike, how they are told, and what they never touch.

use std::time::{Duration, Instant};

use http_doors::{BodyPatience, HeaderName, HttpSettings, RateSettings};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::desk::{Answer, Desk, Purse};

async fn strict(rates: RateSettings) -> Desk {
    let purse = Purse { unmetered: true, ..Purse::default() };
    Desk::with(purse, |_| {}, |http: &mut HttpSettings| http.rates = rates).await
}

fn assert_told(answer: &Answer) {
    let (status, message) = answer.refusal();
    assert_eq!(status, 429, "{message}");
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=2).contains(&wait) && message.contains("Too many requests"), "{wait} {message}");
}

#[tokio::test]
async fn a_token_is_limited_on_start_and_balance() {
    let desk = strict(RateSettings { per_token: 1, burst_seconds: 2, ..RateSettings::default() }).await;
    desk.started().await;
    desk.started().await;
    assert_told(&desk.start(desk.form()).await);
    let balance = desk.post("/api/v1/balance").header("X-Retouch-Token", &desk.token);
    assert_told(&desk.send(balance).await);
    assert_eq!(desk.spooled(), 0);
}

#[tokio::test]
async fn an_address_that_tries_ids_is_limited_but_real_ids_are_not() {
    let desk = strict(RateSettings { per_address: 1, burst_seconds: 4, ..RateSettings::default() }).await;
    let id = desk.started().await;
    for guess in 0..3 {
        assert_eq!(desk.status(&format!("guess-{guess}")).await.status, 404);
    }
    assert_told(&desk.status("guess-4").await);
    for _ in 0..30 {
        assert_eq!(desk.status(&id).await.status, 200);
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_counts_alone() {
    let rates = RateSettings { per_address: 1, burst_seconds: 1, ..RateSettings::default() };
    let trusting = |http: &mut HttpSettings| {
        http.rates = rates;
        http.trusted_header = Some(HeaderName::from_static("x-forwarded-for"));
    };
    let desk = Desk::with(Purse::default(), |_| {}, trusting).await;
    let ask = async |client: &str| {
        let request = desk.request(Method::GET, "/api/v1/info/limits").header("x-forwarded-for", client);
        desk.send(request.header("Origin", "https://panel.example")).await
    };
    assert_eq!(ask("203.0.113.1").await.status, 200);
    assert_eq!(ask("203.0.113.2").await.status, 200);
    let refused = ask("198.51.100.1, 203.0.113.1").await;
    assert_told(&refused);
    assert_eq!(refused.header("access-control-allow-origin"), "*", "pages can read it");
    assert!(!refused.header("x-request-id").is_empty());
    for _ in 0..5 {
        assert_eq!(desk.get("/health/live").await.status, 200, "signs of life are never refused");
    }
}

#[tokio::test]
async fn the_promised_ten_a_second_hold_whatever_is_set() {
    let desk = strict(RateSettings { per_job: 1, burst_seconds: 1, ..RateSettings::default() }).await;
    let id = desk.started().await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(2) {
        assert_eq!(desk.status(&id).await.status, 200);
        tokio::time::sleep(Duration::from_millis(105)).await;
    }
    let mut refused = None;
    for _ in 0..40 {
        let answer = desk.status(&id).await;
        refused = (answer.status == 429).then_some(answer).or(refused);
    }
    assert_told(&refused.expect("a flood is stopped"));
}

#[tokio::test]
async fn an_upload_that_stalls_is_given_up() {
    let patience = BodyPatience { idle: Duration::from_millis(200), ..BodyPatience::default() };
    let desk = Desk::with(Purse::default(), |_| {}, |http: &mut HttpSettings| http.uploads = patience).await;
    let mut stream = TcpStream::connect(desk.url.trim_start_matches("http://")).await.expect("a connection");
    let begun = "POST /api/v1/retoucher/start HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\
        Content-Type: multipart/form-data; boundary=b\r\n\r\n\
        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc";
    stream.write_all(begun.as_bytes()).await.expect("sent");
    let mut text = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(8), stream.read_to_end(&mut text)).await;
    read.expect("an end in time").expect("an answer");
    let text = String::from_utf8_lossy(&text);
    assert!(text.starts_with("HTTP/1.1 400 ") && text.contains("stalled"), "{text}");
    assert_eq!(desk.spooled(), 0);
}
