//! Starts that are accepted, in every way clients write them.

use reqwest::multipart::Form;
use store::JobId;

use crate::desk::{DAY, Desk, HEAL, PIXEL, Purse, file, masked};

#[tokio::test]
async fn an_accepted_start_has_the_documented_body() {
    let desk = Desk::open().await;
    let answer = desk.start(desk.form()).await;
    let id = answer.json()["id"].as_str().expect("an id").to_owned();
    insta::assert_snapshot!(masked(&answer, &id), @r#"
    200
    {"status":200,"id":"ID","retouchQuota":4}
    "#);
    assert!(
        id.len() >= 20 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
        "{id}"
    );
    let job = desk.store.job(&JobId::from(id.as_str())).await.expect("asked").expect("a job");
    assert_eq!((job.input.name.as_str(), job.input.media_type.as_str()), ("portrait.png", "image/png"));
    assert_eq!(job.max_attempts, 3);
    assert_eq!(desk.balance().await, 4);
    assert_eq!(desk.spooled(), 0, "nothing is left in the spool");
}

#[tokio::test]
async fn the_quota_is_the_smaller_of_credits_and_day_and_999_without_metering() {
    let quota = async |purse| {
        let desk = Desk::with(purse, |_| {}, |_| {}).await;
        desk.start(desk.form()).await.json()["retouchQuota"].clone()
    };
    assert_eq!(quota(Purse { credits: 5, daily: Some(3), ..Purse::default() }).await, 2);
    assert_eq!(quota(Purse { credits: 2, daily: Some(30), ..Purse::default() }).await, 1);
    assert_eq!(quota(Purse { unmetered: true, credits: 0, ..Purse::default() }).await, 999);
}

#[tokio::test]
async fn parts_come_in_any_order_and_the_token_may_be_a_header() {
    let desk = Desk::rich().await;
    let orders = [
        Form::new().part("file", file(PIXEL)).text("token", desk.token.clone()).text("payload", HEAL),
        Form::new().text("payload", HEAL).part("file", file(PIXEL)).text("token", desk.token.clone()),
        Form::new()
            .text("token", format!(" \"{}\"\n", desk.token))
            .text("payload", HEAL)
            .part("file", file(PIXEL)),
    ];
    for form in orders {
        let answer = desk.start(form).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let with_header = desk.post("/api/v1/retoucher/start").header("X-Retouch-Token", &desk.token);
    let form = Form::new().part("file", file(PIXEL)).text("payload", HEAL).text("token", "wrong");
    let answer = desk.send(with_header.multipart(form)).await;
    assert_eq!(answer.status, 200, "the header wins: {}", answer.text());
    let wrong_header = desk.post("/api/v1/retoucher/start").header("X-Retouch-Token", "wrong");
    let answer = desk.send(wrong_header.multipart(desk.form())).await;
    assert_eq!(answer.refusal(), (460, "Token issue".to_owned()));
}

#[tokio::test]
async fn slashes_too_many_are_forgiven() {
    let desk = Desk::rich().await;
    for path in ["/api/v1/retoucher//start", "//api/v1/retoucher/start/", "/api//v1///retoucher/start//"] {
        let answer = desk.send(desk.post(path).multipart(desk.form())).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn all_modes_and_number_spellings_are_taken() {
    let desk = Desk::rich().await;
    let payloads = [
        r#"{"mode":"facefeatures"}"#,
        r#"{"mode":"retouch4fun"}"#,
        r#"{"mode":"professional","tasks":[{"Plugin":"Heal","Scale":0,"Alpha1":1,"Layer":true}]}"#,
        r#"{"mode":"professional","tasks":[{"Plugin":"Dodge & Burn","Scale":2.0,"Alpha1":9.5,"Alpha2":0,"New":{}}]}"#,
        "\u{feff} {\"mode\":\"professional\",\"tasks\":[{\"Plugin\":\"Heal\"}]}\n",
    ];
    for payload in payloads {
        let form =
            Form::new().text("token", desk.token.clone()).text("payload", payload).part("file", file(PIXEL));
        let answer = desk.start(form).await;
        assert_eq!(answer.status, 200, "{payload}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_repeated_start_is_answered_again_and_charged_once() {
    let desk = Desk::open().await;
    let start = async |payload: &str| {
        let request = desk.post("/api/v1/retoucher/start").header("Idempotency-Key", "order-7");
        let form = Form::new().text("token", desk.token.clone()).text("payload", payload.to_owned());
        desk.send(request.multipart(form.part("file", file(PIXEL)))).await
    };
    let first = start(HEAL).await;
    let again = start(HEAL).await;
    assert_eq!((first.status, first.json()), (200, again.json()));
    assert_eq!(desk.balance().await, 4);
    let other = start(&HEAL.replace("1.0", "0.5")).await;
    assert_eq!(other.refusal().0, 400);
    assert_eq!(desk.balance().await, 4);
    desk.pass(DAY + DAY / 24);
    let later = start(HEAL).await;
    assert_eq!(later.status, 200);
    assert_ne!(later.json()["id"], first.json()["id"]);
}

#[tokio::test]
async fn a_hook_is_kept_with_the_job_and_an_empty_one_is_none() {
    let desk = Desk::rich().await;
    for (hook, kept) in [("https://example.org/done?a=1", 1), ("", 0)] {
        let answer = desk.start(desk.form().text("hook", hook)).await;
        let id = answer.json()["id"].as_str().expect("an id").to_owned();
        let job = desk.store.job(&JobId::from(id.as_str())).await.expect("asked").expect("a job");
        assert_eq!(job.hooks.len(), kept);
    }
}
