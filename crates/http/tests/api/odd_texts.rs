//! Texts that no honest client writes: they name nothing, and no database stumbles over them.

use reqwest::Method;
use serde_json::json;

use crate::desk::{Desk, PIXEL};
use crate::shop::order;

#[tokio::test]
async fn a_zero_byte_in_a_name_of_something_finds_nothing() {
    let desk = Desk::open().await;
    assert_eq!(desk.status("%00").await.refusal().0, 404);
    assert_eq!(desk.file("a%00b").await.refusal().0, 404);
    let shop = desk.shop("north", 0).await;
    for (path, status) in [
        ("/v1/organization/%00", 404),
        ("/v1/organization/balance?organization=%00", 403),
        ("/v1/workflow/%00", 404),
        ("/v1/workflow/execution/%00", 404),
        ("/v1/workflow/execution?workflow=%00", 200),
        ("/v1/workflow/execution?batchId=a%00b", 200),
        ("/v1/workflow/execution?label[%00]=%00", 200),
        ("/v1/batch?batchId=%00", 200),
        ("/v1/image/%00/x", 404),
    ] {
        let answer = desk.see(&shop, path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
    }
    let known = format!("/v1/workflow/execution/create?workflow={}", shop.workflow.workflow_id);
    for path in ["/v1/workflow/execution/create?workflow=%00", &format!("{known}&version=%00")] {
        let answer = desk.tell(&shop, path, &order("00")).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
    let verdict = json!({"approved": true});
    assert_eq!(desk.tell(&shop, "/v1/batch/%00/review", &verdict).await.status, 404);
}

#[tokio::test]
async fn a_zero_byte_in_a_file_name_does_not_hinder_the_picture() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 100).await;
    let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''a%00b.png\r\n\r\n";
    let body = [head.as_bytes(), PIXEL, b"\r\n--b--\r\n"].concat();
    let upload = desk.with_token(Method::POST, "/v1/upload", &shop.access).body(body);
    let answer = desk.send(upload.header("content-type", "multipart/form-data; boundary=b")).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let mut named = order(&answer.text());
    named["image"]["name"] = json!("a\0b.png");
    let id = desk.ordered(&shop, &named).await;
    assert_eq!(desk.execution(&shop, &id).await["inputFileName"], "a\u{fffd}b.png");
}

#[tokio::test]
async fn a_body_of_another_shape_is_told_what_is_wanted_and_nothing_of_our_insides() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let create = format!("/v1/workflow/execution/create?workflow={}", shop.workflow.workflow_id);
    for (path, body, wanted) in [
        (create.as_str(), json!([]), "an object with `image`"),
        (&create, json!({"image": "x.jpg"}), "an object with `name` and `contentHash`"),
        ("/v1/upload", json!(7), "an object with `urls`"),
    ] {
        let answer = desk.tell(&shop, path, &body).await;
        let told = answer.told(path.split('?').next().unwrap_or(path));
        assert!(told.0 == 400 && told.1.contains(wanted) && !told.1.contains("struct"), "{told:?}");
    }
}
