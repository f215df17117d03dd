//! Status and file, in every state a task can be in.

use std::time::Duration;

use reqwest::Method;
use store::{Outcome, Step};

use crate::desk::{Answer, DAY, Desk, masked};

const RESULT: &[u8] = b"0123456789";

#[tokio::test]
async fn a_task_is_told_from_waiting_to_completed() {
    let desk = Desk::open().await;
    let id = desk.started().await;
    insta::assert_snapshot!("waiting", masked(&desk.status(&id).await, &id));
    let job = desk.claim().await;
    desk.progress(&job, Step::Downloading, "", 5).await;
    insta::assert_snapshot!("downloading", masked(&desk.status(&id).await, &id));
    desk.progress(&job, Step::Processing, "Heal", 40).await;
    insta::assert_snapshot!("processing", masked(&desk.status(&id).await, &id));
    desk.progress(&job, Step::Uploading, "", 100).await;
    let told = desk.status(&id).await.json();
    assert_eq!(
        (&told["state"], &told["progress"]),
        (&"active".into(), &99.into()),
        "100 comes with completed only"
    );
    assert_eq!(desk.file(&id).await.refusal(), (404, "Result is not ready".to_owned()));
}

#[tokio::test]
async fn a_completed_task_is_told_and_kept_for_a_day() {
    let desk = Desk::open().await;
    let id = desk.completed(RESULT, "image/png").await;
    insta::assert_snapshot!("completed", masked(&desk.status(&id).await, &id));
    assert_eq!(desk.file(&id).await.bytes, RESULT);
    desk.pass(DAY - Duration::from_secs(1));
    assert_eq!(desk.status(&id).await.status, 200);
    desk.pass(Duration::from_secs(1));
    insta::assert_snapshot!("lost", masked(&desk.status(&id).await, &id));
    assert_eq!(desk.file(&id).await.refusal(), (404, "Task not found".to_owned()));
}

#[tokio::test]
async fn a_failed_attempt_waits_and_the_last_one_fails_with_its_reason() {
    let desk = Desk::open().await;
    let id = desk.started().await;
    let job = desk.claim().await;
    let run_at = desk.now().plus(Duration::from_secs(2));
    desk.finish(&job, Outcome::Delayed { reason: "the engine stumbled".into(), run_at }).await;
    insta::assert_snapshot!("delayed", masked(&desk.status(&id).await, &id));
    assert_eq!(desk.file(&id).await.refusal().1, "Result is not ready");
    desk.pass(Duration::from_secs(2));
    let job = desk.claim().await;
    desk.finish(&job, Outcome::Failed { reason: "the picture is damaged".into() }).await;
    insta::assert_snapshot!("failed", masked(&desk.status(&id).await, &id));
    assert_eq!(desk.file(&id).await.refusal(), (404, "the picture is damaged".to_owned()));
    assert_eq!(desk.balance().await, 5, "the credit came back");
}

#[tokio::test]
async fn a_cancelled_task_shows_as_failed() {
    let desk = Desk::open().await;
    let id = desk.started().await;
    desk.service.cancel(&id.as_str().into()).await.expect("cancelled");
    let told = desk.status(&id).await.json();
    assert_eq!(told["state"], "failed");
    assert!(told["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    assert_eq!(desk.file(&id).await.refusal().0, 404);
}

#[tokio::test]
async fn ids_that_lead_nowhere_stop_every_client() {
    let desk = Desk::open().await;
    let foreign = desk.foreign().await;
    for id in ["unknown", "", "/", "%ff", "a%20b", "%2e%2e%2f", foreign.as_str()] {
        let answer = desk.status(id).await;
        assert_eq!(
            answer.text(),
            r#"{"status":404,"message":"Task not found","state":"failed","reason":"Task not found"}"#,
            "{id}"
        );
        assert_eq!(answer.status, 404);
        assert_eq!(desk.file(id).await.refusal(), (404, "Task not found".to_owned()), "{id}");
    }
}

#[tokio::test]
async fn a_file_comes_with_all_its_headers() {
    let desk = Desk::rich().await;
    for (media_type, ending) in [
        ("image/png", "png"),
        ("image/jpeg", "jpg"),
        ("application/zip", "zip"),
        ("application/json", "json"),
    ] {
        let id = desk.completed(RESULT, media_type).await;
        let answer = desk.file(&id).await;
        assert_eq!((answer.status, answer.bytes.as_slice()), (200, RESULT));
        assert_eq!(answer.header("content-type"), media_type);
        assert_eq!(answer.header("content-length"), "10");
        assert_eq!(answer.header("accept-ranges"), "bytes");
        let name = format!("portrait_retouched.{ending}");
        let offered = format!("attachment; filename=\"{name}\"; filename*=UTF-8''{name}");
        assert_eq!(answer.header("content-disposition"), offered);
        assert!(answer.header("etag").starts_with('"'));
        let path = format!("/api/v1/retoucher/getFile/{id}");
        let head = desk.send(desk.request(Method::HEAD, &path)).await;
        assert_eq!((head.status, head.bytes.len()), (200, 0));
        for same in ["content-type", "content-length", "content-disposition", "etag", "accept-ranges"] {
            assert_eq!(head.header(same), answer.header(same), "{same}");
        }
    }
}

#[tokio::test]
async fn parts_of_a_file_can_be_fetched() {
    let desk = Desk::open().await;
    let id = desk.completed(RESULT, "image/png").await;
    let ranged = async |range: &str| -> Answer {
        let path = format!("/api/v1/retoucher/getFile/{id}");
        desk.send(desk.request(Method::GET, &path).header("Range", range)).await
    };
    for (range, bytes, content) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
    ] {
        let part = ranged(range).await;
        assert_eq!((part.status, part.text().as_str(), part.header("content-range")), (206, bytes, content));
    }
    for whole in ["bytes=0-1,4-5", "bytes=x", "pages=1-2"] {
        let answer = ranged(whole).await;
        assert_eq!((answer.status, answer.bytes.as_slice()), (200, RESULT), "{whole}");
    }
    let outside = ranged("bytes=10-").await;
    assert_eq!(outside.refusal().0, 416);
    assert_eq!(outside.header("content-range"), "bytes */10");
}

#[tokio::test]
async fn a_file_the_client_has_is_not_sent_again() {
    let desk = Desk::open().await;
    let id = desk.completed(RESULT, "image/png").await;
    let tag = desk.file(&id).await.header("etag").to_owned();
    let path = format!("/api/v1/retoucher/getFile/{id}");
    let again = desk.send(desk.request(Method::GET, &path).header("If-None-Match", &tag)).await;
    assert_eq!((again.status, again.bytes.len(), again.header("etag")), (304, 0, tag.as_str()));
}

#[tokio::test]
async fn bytes_that_have_gone_are_500_not_a_broken_download() {
    let desk = Desk::open().await;
    let id = desk.completed(RESULT, "image/png").await;
    desk.service.blobs().delete(&service::ContentHash::of(RESULT)).await.expect("deleted");
    assert_eq!(desk.file(&id).await.refusal().0, 500);
}

#[tokio::test]
async fn a_database_that_is_gone_is_500() {
    let desk = Desk::open().await;
    let id = desk.started().await;
    desk.store.close().await;
    assert_eq!(desk.status(&id).await.refusal().0, 500);
    assert_eq!(desk.file(&id).await.refusal().0, 500);
}
