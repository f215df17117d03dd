//! Waiting for executions: the stream of states, and the result that comes when it is there.

use std::time::{Duration, Instant};

use http_doors::Following;
use reqwest::Method;
use store::Outcome;

use crate::desk::{DAY, Desk, Purse};
use crate::shop::{Shop, order};

async fn waiting(following: Following) -> (Desk, Shop, String) {
    let desk = Desk::with(Purse::default(), |_| {}, |http| http.following = following).await;
    let shop = desk.shop("north", 10).await;
    let hash = desk.uploaded(&shop).await;
    let id = desk.ordered(&shop, &order(&hash)).await;
    (desk, shop, id)
}

fn quick() -> Following {
    Following { comment_every: Duration::from_millis(300), ..Following::default() }
}

#[tokio::test]
async fn the_stream_tells_each_state_and_ends_with_the_last() {
    let (desk, shop, id) = waiting(quick()).await;
    let work = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let job = desk.claim().await;
        tokio::time::sleep(Duration::from_millis(1_300)).await;
        desk.made(&job, b"result").await;
    };
    let path = format!("/v1/workflow/execution/{id}/status");
    let (answer, ()) = tokio::join!(desk.see(&shop, &path), work);
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/event-stream;charset=UTF-8"));
    assert_eq!(answer.header("x-accel-buffering"), "no", "a proxy passes each event on");
    let text = answer.text();
    let events: Vec<_> = text.lines().filter(|line| line.starts_with("data:")).collect();
    assert_eq!(events, ["data:CREATED", "data:ACTIVE", "data:COMPLETED"]);
    assert!(text.contains("\n:\n"), "signs of life: {text:?}");
    assert_eq!(desk.see(&shop, &path).await.text(), "data:COMPLETED\n\n");
    assert_eq!(
        desk.see(&shop, "/workflow/execution/none/status").await.told("/workflow/execution/none/status").0,
        404
    );
}

#[tokio::test]
async fn a_result_is_waited_for() {
    let (desk, shop, id) = waiting(Following::default()).await;
    let work = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let job = desk.claim().await;
        desk.made(&job, b"result").await;
        Instant::now()
    };
    let path = format!("/v1/workflow/execution/{id}/result/default");
    let (answer, done) = tokio::join!(desk.see(&shop, &path), work);
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    assert_eq!(answer.bytes, b"result");
    assert!(done.elapsed() < Duration::from_secs(5), "it comes when it is there");
    let other = format!("/v1/workflow/execution/{id}/result/other");
    assert_eq!(desk.see(&shop, &other).await.told(&other).0, 404);
}

#[tokio::test]
async fn results_that_do_not_come_say_why() {
    let (desk, shop, id) = waiting(Following { result_within: Duration::from_millis(200), ..quick() }).await;
    let path = |id: &str| format!("/workflow/execution/{id}/result/default");
    let late = desk.see(&shop, &path(&id)).await;
    assert_eq!(late.told(&path(&id)).0, 503);
    assert!(!late.header("retry-after").is_empty());
    let unpaid = desk.ordered(&shop, &order(&desk.uploaded(&shop).await)).await;
    assert_eq!(desk.see(&shop, &path(&unpaid)).await.told(&path(&unpaid)).0, 402);
    let stream = desk.see(&shop, &format!("/workflow/execution/{unpaid}/status")).await;
    assert_eq!(stream.text(), "data:PAYMENT_REQUIRED\n\n");
    let job = desk.claim().await;
    desk.finish(&job, Outcome::Failed { reason: "the picture is broken".into() }).await;
    assert_eq!(desk.see(&shop, &path(&id)).await.told(&path(&id)), (422, "the picture is broken".into()));
}

#[tokio::test]
async fn a_result_is_gone_when_its_time_is_over_though_its_bytes_still_lie_there() {
    let (desk, shop, id) = waiting(quick()).await;
    let job = desk.claim().await;
    desk.made(&job, b"result").await;
    let path = format!("/v1/workflow/execution/{id}/result/default");
    assert_eq!(desk.see(&shop, &path).await.status, 200);
    desk.pass(DAY);
    let (access, _) = desk.tokens(&shop.organization, &shop.account).await;
    let answer = desk.send(desk.with_token(Method::GET, &path, &access)).await;
    assert_eq!(answer.told(&path), (404, "Image not found".into()));
}
