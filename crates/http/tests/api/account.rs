//! Limits and balance.

use reqwest::RequestBuilder;
use reqwest::multipart::Form;

use crate::desk::{Answer, Desk, Purse, modes};

const OLD: &str = "/api/retouch/v1/balance";
const NEW: &str = "/api/v1/balance";

#[tokio::test]
async fn the_limits_are_as_documented_and_follow_the_settings() {
    let desk = Desk::open().await;
    insta::assert_snapshot!(desk.get("/api/v1/info/limits").await.text(), @r#"{"image":{"formats":["png","jpg","jpeg"],"maxFileSizeInMB":100,"maxMegapixels":250},"archive":{"formats":["zip"]}}"#);
    let rules = |rules: &mut service::Settings| {
        rules.limits.max_bytes = 1_572_864;
        rules.limits.max_megapixels = 40.0;
    };
    let small = Desk::with(Purse::default(), rules, |_| {}).await;
    let body = small.get("/api/v1/info/limits/").await.json();
    assert_eq!(
        (&body["image"]["maxFileSizeInMB"], &body["image"]["maxMegapixels"]),
        (&1.5.into(), &40.into())
    );
}

/// The question in every form clients ask it.
fn questions(desk: &Desk, path: &str) -> Vec<RequestBuilder> {
    let token = &desk.token;
    vec![
        desk.post(path)
            .multipart(Form::new().text("retouchtoken", token.clone()).text("modes[]", "professional")),
        desk.post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("retouchtoken={token}&modes%5B%5D=professional")),
        desk.post(path).header("X-Retouch-Token", token).json(&modes(&["professional"])),
        desk.post(path).header("X-Retouch-Token", format!("\" {token} \"")),
    ]
}

#[tokio::test]
async fn both_routes_understand_every_form_of_the_question() {
    let desk = Desk::open().await;
    for path in [OLD, NEW] {
        for question in questions(&desk, path) {
            let answer = desk.send(question).await;
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (200, r#"{"status":200,"remaining":{"professional":5}}"#)
            );
        }
    }
}

#[tokio::test]
async fn only_the_modes_asked_for_are_listed_unknown_ones_as_none() {
    let desk = Desk::open().await;
    let asked = modes(&["retouch4fun", "painting", "facefeatures"]);
    let question = desk.post(NEW).header("X-Retouch-Token", &desk.token).json(&asked);
    let text = desk.send(question).await.text();
    assert_eq!(text, r#"{"status":200,"remaining":{"retouch4fun":5,"painting":0,"facefeatures":5}}"#);
    let rich = Desk::rich().await;
    let question = rich.post(NEW).header("X-Retouch-Token", &rich.token);
    assert_eq!(rich.send(question).await.json()["remaining"]["professional"], 999);
}

#[tokio::test]
async fn a_token_that_is_not_good_is_401_with_an_explanation() {
    let desk = Desk::open().await;
    for path in [OLD, NEW] {
        let questions = [
            desk.post(path),
            desk.post(path).header("X-Retouch-Token", "wrong"),
            desk.post(path).multipart(Form::new().text("retouchtoken", "wrong")),
        ];
        for question in questions {
            let (status, message) = desk.send(question).await.refusal();
            assert_eq!(status, 401);
            assert!(message.contains("invalid or expired"), "{message}");
        }
    }
}

#[tokio::test]
async fn broken_questions_are_400_and_trouble_is_500() {
    let desk = Desk::open().await;
    let broken = desk.post(NEW).header("content-type", "application/json").body("{");
    assert_eq!(desk.send(broken).await.refusal().0, 400);
    let endless = desk.post(NEW).body(vec![b'x'; 200_000]);
    assert_eq!(desk.send(endless).await.refusal().0, 400);
    desk.store.close().await;
    let answer: Answer = desk.send(desk.post(NEW).header("X-Retouch-Token", &desk.token)).await;
    assert_eq!(answer.refusal().0, 500);
}
