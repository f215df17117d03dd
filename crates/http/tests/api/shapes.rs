//! Requests byte by byte as the published clients write them.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::desk::{Desk, PIXEL};
use crate::shop::Shop;

/// Sends a request as it is; status and body of the answer.
async fn raw(desk: &Desk, shop: &Shop, head: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(desk.url.trim_start_matches("http://")).await.expect("a connection");
    let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
    let headers = headers.replace('\n', "\r\n");
    let head = format!(
        "{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Length: {}\r\n{headers}\r\n\r\n",
        shop.access,
        body.len()
    );
    stream
        .write_all(&[head.replace("\r\n\r\n\r\n", "\r\n\r\n").as_bytes(), body].concat())
        .await
        .expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

fn form(part_head: &str) -> Vec<u8> {
    [format!("--b\r\n{part_head}\r\n\r\n").as_bytes(), PIXEL, b"\r\n--b--\r\n"].concat()
}

const FORM: &str = "Content-Type: multipart/form-data; boundary=b";

#[tokio::test]
async fn forms_of_every_client_are_read() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 1000).await;
    let create = format!("POST /v1/workflow/execution/create?workflow={}", shop.workflow.workflow_id);
    let heads = [
        // The desktop uploader: nothing quoted.
        ("Content-Disposition: form-data; name=file; filename=jacket_front.png", "jacket_front.png"),
        ("Content-Disposition: form-data; name=file; filename=jacket front.png", "jacket front.png"),
        // The Java client: a wrong type and a length of its own.
        (
            "Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: application/octet-stream\r\nContent-Length: 70",
            "a.png",
        ),
        // The Python package: raw UTF-8, no type.
        ("Content-Disposition: form-data; name=\"file\"; filename=\"bär.png\"", "bär.png"),
        (
            "content-disposition: form-data; name=\"file\"; filename=\"x.jpg\"\r\nContent-Type: text/plain",
            "x.jpg",
        ),
    ];
    for (head, name) in heads {
        let (status, id) = raw(&desk, &shop, &format!("{create}\n{FORM}"), &form(head)).await;
        assert_eq!(status, 201, "{head}: {id}");
        assert_eq!(desk.execution(&shop, &id).await["inputFileName"], name, "{head}");
    }
}

#[tokio::test]
async fn queries_of_every_client_are_read() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 1000).await;
    let id = &shop.workflow.workflow_id;
    let part = form("Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"");
    for (query, labels) in [
        (format!("workflow={id}&&labels%5Bk%5D=v"), r#"{"k":"v"}"#),
        (format!("workflow={id}&labels[k]=v&"), r#"{"k":"v"}"#),
        (format!("&workflow={id}&label%5Bk%5D=v&label[l]=w"), r#"{"k":"v","l":"w"}"#),
        (format!("workflow={id}&&"), "{}"),
        (format!("workflow={id}&version=&organization="), "{}"),
    ] {
        for path in ["/workflow/execution/create", "/v1/workflow/execution/create/"] {
            let (status, id) = raw(&desk, &shop, &format!("POST {path}?{query}\n{FORM}"), &part).await;
            assert_eq!(status, 201, "{query}: {id}");
            assert_eq!(desk.execution(&shop, &id).await["labels"].to_string(), labels, "{query}");
        }
    }
}

#[tokio::test]
async fn meaningless_content_types_and_accepts_change_nothing() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 1000).await;
    let hash = desk.uploaded(&shop).await;
    let (_, id) = raw(
        &desk,
        &shop,
        &format!(
            "POST /workflow/execution/create?workflow={}\nContent-Type: json",
            shop.workflow.workflow_id
        ),
        format!("{{\"image\": {{\"name\": \"x\", \"contentHash\": \"{hash}\"}}}}").as_bytes(),
    )
    .await;
    assert_eq!(id.len(), 36, "{id}");
    for kind in ["json", "application/json", "text/event-stream", "text/plain", ";;;", "multipart/form-data"]
    {
        for path in
            ["/workflow", "/v1/organization/", &format!("/workflow/execution/{id}"), "/organization/balance"]
        {
            let head = format!("GET {path}\nContent-Type: {kind}\nAccept: application/x-none");
            let (status, body) = raw(&desk, &shop, &head, b"").await;
            assert_eq!(status, 200, "{kind} {path}: {body}");
        }
    }
    let job = desk.claim().await;
    desk.finish(&job, store::Outcome::Failed { reason: "no".into() }).await;
    let head =
        format!("POST /workflow/execution/{id}/retry\nContent-Type: application/x-www-form-urlencoded");
    assert_eq!(raw(&desk, &shop, &head, b"").await.0, 200);
}

#[tokio::test]
async fn paths_that_were_escaped_twice_still_lead_to_the_picture() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 1000).await;
    let hash = desk.uploaded(&shop).await;
    for path in [
        format!("/image/{hash}/jacket%2520front.png"),
        format!("/v1/image/{hash}/jacket%20front.png"),
        format!("/v1/image/{hash}/a/b.png?organization={}", shop.organization.id),
        format!("/image//{hash}/x/"),
    ] {
        let (status, body) = raw(&desk, &shop, &format!("GET {path}"), b"").await;
        assert_eq!(status, 200, "{path}: {body}");
    }
}

#[tokio::test]
async fn unknown_routes_and_wrong_methods_have_the_documented_body() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    for path in
        ["/v1", "/v1/nowhere", "/workflow/a/b/c", "/v1/image/x", "/batch/", "/organization/x/y/", "/upload/x"]
    {
        let expected = if path == "/batch/" { 200 } else { 404 };
        let answer = desk.see(&shop, &format!("{path}?a=1")).await;
        assert_eq!(answer.status, expected, "{path}");
        if expected == 404 {
            answer.told(path);
        }
    }
    for (method, path) in [
        (reqwest::Method::DELETE, "/v1/workflow/"),
        (reqwest::Method::GET, "/upload"),
        (reqwest::Method::PUT, "/v1/workflow/execution/x"),
        (reqwest::Method::POST, "/organization/balance"),
    ] {
        let answer = desk.send(desk.with_token(method, path, &shop.access)).await;
        assert_eq!(answer.told(path).0, 405);
        assert!(!answer.header("allow").is_empty());
    }
    desk.store.close().await;
    let answer = desk.see(&shop, "/workflow").await;
    assert!(matches!(answer.told("/workflow").0, 500 | 503));
}
