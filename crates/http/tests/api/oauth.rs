//! Device codes, tokens and revocation: exact key sets, every error, bodies as real clients write them.

use std::time::Duration;

use serde_json::{Value, json};
use service::PUBLISHED_CLIENT;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::desk::{Answer, DAY, Desk};
use crate::shop::keys;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn form(desk: &Desk, path: &str, body: &str) -> Answer {
    let request = desk.post(path).header("content-type", "application/x-www-form-urlencoded");
    desk.send(request.body(body.to_owned())).await
}

async fn codes(desk: &Desk) -> Value {
    let body =
        format!("client_id={PUBLISHED_CLIENT}&scope=offline_access&audience=https://api.autoretouch.com");
    let answer = form(desk, "/oauth/device/code", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn poll(desk: &Desk, codes: &Value) -> Answer {
    let code = codes["device_code"].as_str().expect("a code");
    form(
        desk,
        "/oauth/token",
        &format!("grant_type={DEVICE}&device_code={code}&client_id={PUBLISHED_CLIENT}"),
    )
    .await
}

fn refused(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    assert_eq!(keys(&body), "error error_description");
    (answer.status, body["error"].as_str().expect("a word").to_owned())
}

fn is_plain(text: &Value) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    text.as_str().is_some_and(|text| !text.is_empty() && text.bytes().all(safe))
}

#[tokio::test]
async fn a_device_is_let_in_with_exactly_the_documented_keys() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let codes = codes(&desk).await;
    assert_eq!(
        keys(&codes),
        "device_code user_code verification_uri verification_uri_complete expires_in interval"
    );
    assert_eq!((&codes["expires_in"], &codes["interval"]), (&json!(900), &json!(5)));
    assert!(is_plain(&codes["device_code"]) && is_plain(&codes["user_code"]));
    let user_code = codes["user_code"].as_str().expect("a code");
    let uri = codes["verification_uri"].as_str().expect("an address");
    assert_eq!(uri, format!("{}/activate", desk.url), "as the program knows this server");
    assert_eq!(codes["verification_uri_complete"], format!("{uri}?user_code={user_code}"));

    assert_eq!(refused(&poll(&desk, &codes).await), (400, "authorization_pending".into()));
    let grant = desk.service.device_request(user_code, "t").await.expect("asked").expect("a request");
    desk.service.decide_device(&grant, &shop.account, Some(&shop.organization.id)).await.expect("decided");
    let answer = poll(&desk, &codes).await;
    let tokens = answer.json();
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    assert_eq!(keys(&tokens), "access_token refresh_token scope expires_in token_type");
    assert_eq!((&tokens["scope"], &tokens["expires_in"]), (&json!("offline_access"), &json!(86_400)));
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(is_plain(&tokens["access_token"]) && is_plain(&tokens["refresh_token"]));
    assert_eq!(
        refused(&poll(&desk, &codes).await),
        (400, "invalid_grant".into()),
        "a code gives tokens once"
    );

    let refresh = tokens["refresh_token"].as_str().expect("a token");
    for _ in 0..2 {
        let body = format!("grant_type=refresh_token&refresh_token={refresh}&client_id={PUBLISHED_CLIENT}");
        let again = form(&desk, "/oauth/token/", &body).await.json();
        assert_eq!(keys(&again), "access_token scope expires_in token_type", "no rotation");
    }
}

#[tokio::test]
async fn pollers_that_never_slow_down_are_not_starved() {
    let desk = Desk::open().await;
    let codes = codes(&desk).await;
    assert_eq!(refused(&poll(&desk, &codes).await).1, "authorization_pending", "at once");
    assert_eq!(refused(&poll(&desk, &codes).await), (400, "slow_down".into()), "clearly too soon");
    for _ in 0..5 {
        desk.pass(Duration::from_millis(4_200));
        assert_eq!(
            refused(&poll(&desk, &codes).await).1,
            "authorization_pending",
            "the interval never grows"
        );
    }
    let shop = desk.shop("north", 0).await;
    let user_code = codes["user_code"].as_str().expect("a code");
    let grant = desk.service.device_request(user_code, "t").await.expect("asked").expect("a request");
    desk.service.decide_device(&grant, &shop.account, Some(&shop.organization.id)).await.expect("decided");
    assert_eq!(poll(&desk, &codes).await.status, 200, "a confirmed code is never told to slow down");
}

#[tokio::test]
async fn codes_that_lead_nowhere_say_so() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let declined = codes(&desk).await;
    let user_code = declined["user_code"].as_str().expect("a code");
    let grant = desk.service.device_request(user_code, "t").await.expect("asked").expect("a request");
    desk.service.decide_device(&grant, &shop.account, None).await.expect("decided");
    assert_eq!(refused(&poll(&desk, &declined).await), (400, "access_denied".into()));
    let late = codes(&desk).await;
    desk.pass(Duration::from_secs(901));
    assert_eq!(refused(&poll(&desk, &late).await), (400, "expired_token".into()));
    desk.pass(DAY + DAY);
    codes(&desk).await;
    assert_eq!(refused(&poll(&desk, &late).await), (400, "invalid_grant".into()), "forgotten");
}

#[tokio::test]
async fn questions_that_mean_nothing_are_told_as_json() {
    let desk = Desk::open().await;
    let refresh = format!("grant_type=refresh_token&client_id={PUBLISHED_CLIENT}");
    for (path, body, expected) in [
        ("/oauth/device/code", "", (400, "invalid_request")),
        ("/oauth/device/code", "client_id=stranger", (401, "invalid_client")),
        ("/oauth/device/code", &format!("client_id={PUBLISHED_CLIENT}&scope=%C3%A4"), (400, "invalid_scope")),
        ("/oauth/token", "", (400, "invalid_request")),
        ("/oauth/token", "{", (400, "invalid_request")),
        ("/oauth/token", "grant_type=password&client_id=x", (400, "unsupported_grant_type")),
        ("/oauth/token", &format!("grant_type={DEVICE}&client_id=x"), (400, "invalid_request")),
        ("/oauth/token", &format!("grant_type={DEVICE}&client_id=x&device_code=y"), (401, "invalid_client")),
        ("/oauth/token", &refresh, (400, "invalid_request")),
        ("/oauth/token", &format!("{refresh}&refresh_token=nonsense"), (400, "invalid_grant")),
        ("/oauth/revoke", "", (400, "invalid_request")),
    ] {
        let answer = form(&desk, path, body).await;
        assert_eq!(refused(&answer), (expected.0, expected.1.to_owned()), "{path} {body}");
    }
    assert_eq!(refused(&desk.get("/oauth/token").await), (405, "invalid_request".into()));
    assert_eq!(refused(&desk.get("/oauth/authorize").await), (404, "invalid_request".into()));
}

/// Body and Content-Type for a token.
type Body = fn(&str) -> (String, &'static str);

#[tokio::test]
async fn a_revoked_device_is_out_at_once_in_every_way_of_saying_so() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let bodies: [Body; 3] = [
        |token| (json!({"client_id": PUBLISHED_CLIENT, "token": token}).to_string(), "application/json"),
        |token| (format!("client_id={PUBLISHED_CLIENT}&token={token}"), "application/x-www-form-urlencoded"),
        |token| (format!("token={}", token.replace('-', "%2D").replace('_', "%5F")), "text/plain"),
    ];
    for body in bodies {
        let (access, refresh) = desk.tokens(&shop.organization, &shop.account).await;
        let path = "/v1/organization";
        assert_eq!(desk.send(desk.with_token(reqwest::Method::GET, path, &access)).await.status, 200);
        let (body, kind) = body(&refresh);
        for _ in 0..2 {
            let request = desk.post("/oauth/revoke").header("content-type", kind).body(body.clone());
            let answer = desk.send(request).await;
            assert_eq!((answer.status, answer.text().as_str()), (200, ""), "also when it is out already");
        }
        let body = format!("grant_type=refresh_token&refresh_token={refresh}&client_id={PUBLISHED_CLIENT}");
        assert_eq!(refused(&form(&desk, "/oauth/token", &body).await), (400, "invalid_grant".into()));
        assert_eq!(desk.send(desk.with_token(reqwest::Method::GET, path, &access)).await.told(path).0, 401);
    }
}

#[tokio::test]
async fn programs_find_the_endpoints_and_the_keys() {
    let desk = Desk::open().await;
    let metadata = desk.get("/.well-known/oauth-authorization-server").await;
    insta::assert_snapshot!("metadata", serde_json::to_string_pretty(&metadata.json()).expect("text"));
    let openid = desk.get("/.well-known/openid-configuration").await.json();
    assert_eq!(openid["jwks_uri"], metadata.json()["jwks_uri"]);
    let keys = desk.get("/.well-known/jwks.json").await.json();
    let key = &keys["keys"][0];
    assert_eq!(
        (key["kty"].as_str(), key["crv"].as_str(), key["alg"].as_str()),
        (Some("EC"), Some("P-256"), Some("ES256"))
    );
    assert!(key.get("d").is_none(), "nothing secret");
}

#[tokio::test]
async fn a_program_that_names_no_host_is_sent_to_the_address_of_the_settings() {
    let desk = Desk::open().await;
    let mut stream = TcpStream::connect(desk.url.trim_start_matches("http://")).await.expect("connected");
    let body = format!("client_id={PUBLISHED_CLIENT}");
    let head = format!("POST /oauth/device/code HTTP/1.0\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.contains("\"verification_uri\":\"http://127.0.0.1:8080/activate\""), "{answer}");
}
