//! Uploads, pictures, organizations, workflows and balances.

use axum::Router;
use axum::routing::get;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use service::ContentHash;
use tokio::net::TcpListener;

use crate::desk::{Desk, PIXEL, file};
use crate::shop::keys;

#[tokio::test]
async fn an_upload_is_answered_with_its_hash_and_nothing_else() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let hash = ContentHash::of(PIXEL);
    let forms = [
        Form::new().part("file", file(PIXEL)),
        Form::new().text("filesize", "70").part("file", Part::bytes(PIXEL).file_name("bär & co.png")),
        Form::new().part("file", file(PIXEL)).text("filesize", "wrong"),
    ];
    for (path, form) in ["/upload", "/v1/upload", "/v1/upload/"].into_iter().zip(forms) {
        let answer = desk.send(desk.with_token(Method::POST, path, &shop.access).multipart(form)).await;
        assert_eq!((answer.status, answer.text()), (201, hash.hex()), "{path}");
        assert_eq!(answer.header("content-type"), "text/plain;charset=UTF-8");
    }
    for (query, expected) in [
        (format!("contentHash={hash}"), 200),
        (format!("contentHash={}", hash.hex().to_uppercase()), 200),
        (format!("contentHash={}", ContentHash::of(b"other")), 404),
        ("contentHash=nonsense".to_owned(), 404),
        (String::new(), 400),
    ] {
        let request = desk.with_token(Method::HEAD, &format!("/upload?{query}"), &shop.access);
        let answer = desk.send(request).await;
        assert_eq!((answer.status, answer.bytes.len()), (expected, 0), "{query}");
    }
    for name in ["portrait.png", "any%20name", "%2520", "a%E9.jpg"] {
        let answer = desk.see(&shop, &format!("/image/{hash}/{name}")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"), "{name}");
        assert_eq!(answer.bytes, PIXEL);
    }
    let part = desk.with_token(Method::GET, &format!("/v1/image/{hash}/x.png"), &shop.access);
    let part = desk.send(part.header("range", "bytes=1-3")).await;
    assert_eq!((part.status, part.bytes.as_slice()), (206, &b"PNG"[..]));
    let head =
        desk.send(desk.with_token(Method::HEAD, &format!("/v1/image/{hash}/x.png"), &shop.access)).await;
    assert_eq!((head.status, head.bytes.len()), (200, 0));
    let outside = desk.with_token(Method::GET, &format!("/v1/image/{hash}/x.png"), &shop.access);
    let outside = desk.send(outside.header("range", "bytes=1000-")).await;
    assert_eq!(outside.told(&format!("/v1/image/{hash}/x.png")).0, 416);
    assert_eq!(desk.spooled(), 0);
}

#[tokio::test]
async fn uploads_that_cannot_be_used_are_told() {
    let desk = Desk::with(crate::desk::Purse::default(), |rules| rules.limits.max_bytes = 1000, |_| {}).await;
    let shop = desk.shop("north", 0).await;
    let send = async |form: Form| {
        let request = desk.with_token(Method::POST, "/upload", &shop.access).multipart(form);
        desk.send(request).await.told("/upload").0
    };
    assert_eq!(send(Form::new().text("other", "x")).await, 400, "no file");
    assert_eq!(send(Form::new().part("file", file(b"no picture"))).await, 422);
    assert_eq!(send(Form::new().part("file", file(b""))).await, 422);
    let large = Form::new().part("file", file(&[0; 5000]));
    let large = desk.send(desk.with_token(Method::POST, "/upload", &shop.access).multipart(large)).await;
    let told = large.told("/upload");
    assert!(told.0 == 422 && told.1.contains("larger than 0.0009"), "it says how large it may be: {told:?}");
    for body in ["", "{", "[]", r#"{"urls": []}"#, r#"{"urls": {}}"#] {
        let request = desk.with_token(Method::POST, "/v1/upload", &shop.access);
        let request = request.header("content-type", "application/json").body(body);
        assert_eq!(desk.send(request).await.told("/v1/upload").0, 400, "{body}");
    }
    assert_eq!(desk.spooled(), 0);
}

#[tokio::test]
async fn pictures_are_fetched_by_address_all_or_none_and_never_from_inside() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let pictures = Router::new()
        .route("/a.png", get(async || PIXEL))
        .route("/moved", get(async || axum::response::Redirect::to("/a.png")))
        .route("/text", get(async || "no picture"));
    tokio::spawn(async move { axum::serve(listener, pictures).await });
    let from = |path: &str| format!("http://{address}{path}");
    let one = json!({"urls": {"a.png": from("/a.png")}});
    let refused = desk.tell(&shop, "/v1/upload", &one).await.told("/v1/upload");
    assert!(refused.0 == 422 && refused.1.contains("a.png") && refused.1.contains("private"), "{refused:?}");
    desk.store.allow_host("127.0.0.1", true, "test", desk.now()).await.expect("allowed");
    let two = json!({"urls": {"a.png": from("/a.png"), "b.png": from("/moved")}});
    let answer = desk.tell(&shop, "/v1/upload", &two).await;
    let hash = ContentHash::of(PIXEL).hex();
    assert_eq!((answer.status, answer.json()), (201, json!({"urls": {"a.png": hash, "b.png": hash}})));
    let other = desk.shop("south", 0).await;
    for bad in ["/text", "/missing"] {
        let mixed = json!({"urls": {"a.png": from("/a.png"), "bad": from(bad)}});
        let refused = desk.tell(&other, "/upload", &mixed).await.told("/upload");
        assert!(
            refused.0 == 422 && refused.1.contains("bad: ") && !refused.1.contains("a.png"),
            "{refused:?}"
        );
    }
    let head = desk.with_token(Method::HEAD, &format!("/upload?contentHash={hash}"), &other.access);
    assert_eq!(desk.send(head).await.status, 404, "nothing was kept");
    assert_eq!(desk.spooled(), 0);
}

#[tokio::test]
async fn organizations_workflows_and_balances_have_every_key() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 2480).await;
    for path in ["/organization", "/v1/organization/", "/v1/organization?limit=50&offset=0"] {
        let page = desk.see(&shop, path).await.json();
        assert_eq!(keys(&page), "entries total", "{path}");
        assert_eq!(page["total"], 1);
        let organization = &page["entries"][0];
        assert_eq!(keys(organization), "id version name members");
        assert_eq!(keys(&organization["members"][0]), "id givenName familyName email picture roles");
        assert_eq!(organization["members"][0]["roles"], json!(["admin"]));
        let id = organization["id"].as_str().expect("an id");
        assert_eq!(&desk.see(&shop, &format!("/v1/organization/{id}/")).await.json(), organization);
    }
    let missing = desk.see(&shop, "/v1/organization/0b6c1f52-7f0e-4c0b-9a51-1d2f8f6f2b11").await;
    assert_eq!(missing.told("/v1/organization/0b6c1f52-7f0e-4c0b-9a51-1d2f8f6f2b11").0, 404);
    for path in
        ["/organization/balance", "/v1/organization/balance/", "/company/balance", "/v1/company/balance"]
    {
        let answer = desk.see(&shop, path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{path}");
        assert_eq!(answer.text(), "2480");
    }
    for path in ["/workflow", "/workflow/", "/v1/workflow"] {
        let page = desk.see(&shop, path).await.json();
        assert_eq!((keys(&page).as_str(), &page["total"]), ("entries total", &json!(1)), "{path}");
        let workflow = &page["entries"][0];
        assert_eq!(keys(workflow), "id version name date author workflowComponents executionPrice");
        assert_eq!(keys(&workflow["author"]), "id firstName lastName email");
        assert_eq!(workflow["executionPrice"], 10);
        assert_eq!(keys(&workflow["workflowComponents"][0]), "type label settings");
        let id = workflow["id"].as_str().expect("an id");
        assert_eq!(&desk.see(&shop, &format!("/v1/workflow/{id}")).await.json(), workflow);
        assert_eq!(desk.see(&shop, &format!("/workflow/{id}?version=none")).await.status, 404);
    }
    assert_eq!(desk.see(&shop, "/v1/workflow?limit=0").await.json(), json!({"entries": [], "total": 1}));
    for wrong in ["limit=-1", "limit=x", "offset=-5"] {
        assert_eq!(desk.see(&shop, &format!("/workflow?{wrong}")).await.told("/workflow").0, 400);
    }
}
