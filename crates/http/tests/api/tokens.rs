//! Access tokens in wrong hands: everything but a live token of this house is 401.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

use crate::desk::{DAY, Desk};
use crate::shop::{Shop, keys};

const PATH: &str = "/v1/organization";

async fn status(desk: &Desk, token: &str) -> u16 {
    let answer = desk.send(desk.with_token(Method::GET, PATH, token)).await;
    if answer.status != 200 {
        assert_eq!(answer.told(PATH).0, 401);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    answer.status
}

fn parts(token: &str) -> (Value, Value, String) {
    let parts: Vec<&str> = token.split('.').collect();
    let read = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("Base64url")).expect("JSON")
    };
    (read(parts[0]), read(parts[1]), parts[2].to_owned())
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// Signs with the key of a house.
async fn signed(desk: &Desk, header: &Value, claims: &Value) -> String {
    let key = desk.store.signing_keys().await.expect("keys").remove(0);
    let key = EncodingKey::from_ec_der(&STANDARD.decode(&key.secret).expect("Base64"));
    let kid = header["kid"].as_str().map(str::to_owned);
    jsonwebtoken::encode(&Header { kid, ..Header::new(Algorithm::ES256) }, claims, &key).expect("a token")
}

#[tokio::test]
async fn the_token_carries_the_claims_that_clients_read() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let (header, claims, _) = parts(&shop.access);
    assert_eq!(header["alg"], "ES256");
    assert_eq!(keys(&claims), "iss sub aud iat exp scope sid https://autoretouch.com/selectedOrganization");
    assert_eq!(claims["https://autoretouch.com/selectedOrganization"], shop.organization.id.as_str());
    assert_eq!(claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(e, i)| e - i), Some(86_400));
}

#[tokio::test]
async fn nothing_but_a_live_token_of_ours_counts() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let (header, claims, signature) = parts(&shop.access);
    assert_eq!(status(&desk, &shop.access).await, 200);

    let none = unsigned(&json!({"alg": "none", "typ": "JWT"}), &claims);
    let none_with_key = unsigned(&json!({"alg": "none", "kid": header["kid"]}), &claims);
    let hmac = unsigned(&json!({"alg": "HS256", "kid": header["kid"]}), &claims);
    let mut promoted = claims.clone();
    promoted["sub"] = json!("somebody-else");
    let tampered = format!("{}.{signature}", unsigned(&header, &promoted));
    let other = Desk::open().await;
    let Shop { access: foreign, .. } = other.shop("north", 0).await;
    let other_key = signed(&other, &header, &claims).await;
    let unknown_device = {
        let mut claims = claims.clone();
        claims["sid"] = json!("0b6c1f52-7f0e-4c0b-9a51-1d2f8f6f2b11");
        signed(&desk, &header, &claims).await
    };
    for (what, token) in [
        ("alg none", format!("{none}.")),
        ("alg none with a key's name", format!("{none_with_key}.{signature}")),
        ("another algorithm", format!("{hmac}.{signature}")),
        ("changed claims", tampered),
        ("no signature", shop.access.rsplit_once('.').expect("parts").0.to_owned()),
        ("an empty signature", format!("{}.", shop.access.rsplit_once('.').expect("parts").0)),
        ("another house's token", foreign),
        ("another key under our key's name", other_key),
        ("an unknown device", unknown_device),
        ("a refresh token", shop.refresh.clone()),
        ("nonsense", "a.b.c".to_owned()),
        ("nothing", String::new()),
    ] {
        assert_eq!(status(&desk, &token).await, 401, "{what}");
    }
    let bare = desk.get(PATH).await;
    assert_eq!(bare.told(PATH).0, 401);
    let basic = desk.request(Method::GET, PATH).header("authorization", "Basic YTpi");
    assert_eq!(desk.send(basic).await.told(PATH).0, 401);
}

#[tokio::test]
async fn any_audience_is_taken_as_long_as_the_signature_is_ours() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let (header, mut claims, _) = parts(&shop.access);
    for audience in
        [json!("https://api.autoretouch.com"), json!("https://api.autoretouch.com/"), json!(["x", "y"])]
    {
        claims["aud"] = audience;
        let token = signed(&desk, &header, &claims).await;
        let status = status(&desk, &token).await;
        // A list is no audience of ours; what matters is that none of them opens more or less.
        assert!(status == 200 || claims["aud"].is_array(), "{}", claims["aud"]);
    }
}

#[tokio::test]
async fn tokens_end_with_their_day_and_with_their_device() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    desk.service.revoke(&shop.refresh).await.expect("revoked");
    assert_eq!(status(&desk, &shop.access).await, 401, "revoked");
    let (access, _) = desk.tokens(&shop.organization, &shop.account).await;
    desk.pass(DAY - Duration::from_secs(2));
    assert_eq!(status(&desk, &access).await, 200);
    desk.pass(Duration::from_secs(3));
    assert_eq!(status(&desk, &access).await, 401, "expired");
}
