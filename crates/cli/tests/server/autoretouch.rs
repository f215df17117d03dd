//! The AutoRetouch API of the real program, on SQLite with a disk and on PostgreSQL with S3: the whole way of a shop, and
//! every kind of webhook.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use service::{Clock as _, ContentHash, Draft, SystemClock, save_workflow};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::hooks::{header, read_request};
use super::house::House;
use super::pictures::tiny;
use super::shop::{CLIENT_ID, Shop};

const EXECUTION: &str = "id workflow workflowVersion workflowName organizationId companyId status userId createdAt \
     startedAt finishedAt inputFileName inputContentHash resultContentHash resultContentType resultFileName resultPath \
     labels chargedCredits failureReason";

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_goes_the_whole_way_with_sqlite_and_disk() {
    whole_way(House::embedded(&[])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_goes_the_whole_way_with_postgres_and_s3() {
    whole_way(House::networked(&[])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_is_told_with_sqlite_and_disk() {
    every_end_is_told(House::embedded(&[])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_is_told_with_postgres_and_s3() {
    every_end_is_told(House::networked(&[])).await;
}

async fn whole_way(mut house: House) {
    house.serve();
    let mut shop = Shop::open(&house, "north", 500).await;
    let other = Shop::open(&house, "south", 500).await;
    organizations_and_workflows(&shop).await;
    let hash = uploads(&house, &shop).await;
    let export = shop.workflow("Export only").await;
    executions(&shop, &export, &hash).await;
    batches(&shop, &export, &hash).await;
    errors(&shop, &other, &export, &hash).await;
    devices_come_and_go(&mut shop).await;
}

async fn organizations_and_workflows(shop: &Shop) {
    for path in ["/organization", "/v1/organization/", "/v1/organization?limit=50&offset=0"] {
        let page = shop.get(path).await;
        assert_eq!(
            (page.status, page.keys()),
            (200, vec!["entries".to_owned(), "total".to_owned()]),
            "{path}"
        );
        assert_eq!(page.json()["entries"][0]["name"], shop.name.as_str());
    }
    let one = shop.get(&format!("/v1/organization/{}/", shop.organization)).await;
    assert_eq!(one.keys(), ["id", "version", "name", "members"]);
    assert_eq!(one.json()["members"][0]["roles"], json!(["admin"]));
    assert_eq!(shop.balance().await, 500);
    assert_eq!(shop.get("/v1/company/balance").await.text(), "500");
    let page = shop.get("/v1/workflow").await.json();
    assert_eq!(page["total"], 5, "{page}");
    let first = &page["entries"][0];
    let single = shop.get(&format!("/v1/workflow/{}", first["id"].as_str().expect("an id"))).await;
    let keys = ["id", "version", "name", "date", "author", "workflowComponents", "executionPrice"];
    assert_eq!(single.keys(), keys);
    assert_eq!(single.json(), *first);
}

/// By form and by address; the same bytes have the same name.
async fn uploads(house: &House, shop: &Shop) -> String {
    let bytes = tiny(1);
    let hash = shop.upload(bytes.clone()).await;
    assert_eq!(hash, ContentHash::of(&bytes).hex());
    assert_eq!(shop.upload(bytes.clone()).await, hash);
    for (asked, status) in
        [(hash.clone(), 200), (hash.to_uppercase(), 200), (ContentHash::of(b"x").hex(), 404)]
    {
        let head = shop.request(Method::HEAD, &format!("/upload?contentHash={asked}"));
        assert_eq!(shop.send(head).await.status, status, "{asked}");
    }
    assert_eq!(shop.get(&format!("/image/{hash}/any name.png")).await.bytes, bytes);

    let address = pictures_at(HashMap::from([("/front.png", tiny(2)), ("/back.png", tiny(3))])).await;
    let list =
        json!({"urls": {"front": format!("{address}/front.png"), "back": format!("{address}/back.png")}});
    let refused = shop.post("/v1/upload", &list).await;
    assert_eq!(refused.status, 422, "an address of this machine: {}", refused.text());
    house.admin(&["hook-host", "allow", "127.0.0.1", "--private"]);
    let told = shop.post("/v1/upload", &list).await;
    let urls = json!({"front": ContentHash::of(&tiny(2)).hex(), "back": ContentHash::of(&tiny(3)).hex()});
    assert_eq!((told.status, told.json()), (201, json!({"urls": urls})));
    let gone = json!({"urls": {"a": format!("{address}/front.png"), "b": format!("{address}/gone.png")}});
    let told = shop.post("/v1/upload", &gone).await;
    assert!(told.status == 422 && told.text().contains('b'), "{}", told.text());
    hash
}

/// A web server with these files.
async fn pictures_at(files: HashMap<&'static str, Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let files = Arc::new(files);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let files = files.clone();
            tokio::spawn(async move {
                let request = read_request(&mut stream).await;
                let path = request.split_whitespace().nth(1).unwrap_or_default();
                let (status, body) =
                    files.get(path).map_or(("404 No", &[][..]), |file| ("200 OK", file.as_slice()));
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
            });
        }
    });
    address
}

/// By reference and by file; followed, waited for, fetched, tried again, spoken of.
async fn executions(shop: &Shop, workflow: &str, hash: &str) {
    let before = shop.balance().await;
    let by_reference =
        shop.execute(workflow, hash, json!({"labels": {"sku": "A 100"}, "settings": {"input": {}}})).await;
    let part = Part::bytes(tiny(7)).file_name("jäcket \"back\".png").mime_str("application/octet-stream");
    let form = Form::new().part("file", part.expect("a type"));
    let path = format!("/workflow/execution/create?workflow={workflow}&&label%5Bsku%5D=B&labels[n]=2&");
    let by_file = shop.send(shop.request(Method::POST, &path).multipart(form)).await;
    assert_eq!(
        (by_file.status, by_file.kind.as_str()),
        (201, "text/plain;charset=UTF-8"),
        "{}",
        by_file.text()
    );
    let by_file = by_file.text();

    for (id, labels) in [(&by_reference, json!({"sku": "A 100"})), (&by_file, json!({"n": "2", "sku": "B"}))]
    {
        let stream = shop.get(&format!("/v1/workflow/execution/{id}/status")).await;
        assert_eq!(stream.kind, "text/event-stream;charset=UTF-8");
        assert!(stream.text().ends_with("data:COMPLETED\n\n"), "{}", stream.text());
        let result = shop.get(&format!("/v1/workflow/execution/{id}/result/default")).await;
        assert_eq!((result.status, result.kind.as_str()), (200, "image/png"));
        let told = shop.get(&format!("/workflow/execution/{id}")).await;
        assert_eq!(told.keys().join(" "), EXECUTION);
        let execution = told.json();
        assert_eq!((&execution["status"], &execution["labels"]), (&json!("COMPLETED"), &labels));
        assert_eq!(
            (&execution["chargedCredits"], &execution["companyId"]),
            (&json!(1), &execution["organizationId"])
        );
        let path = execution["resultPath"].as_str().expect("a path");
        assert!(path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-/".contains(&byte)), "{path}");
        for prefix in ["", "/v1"] {
            let fetched = shop.get(&format!("{prefix}{path}")).await;
            assert_eq!((fetched.status, &fetched.bytes), (200, &result.bytes));
        }
        assert_eq!(execution["resultContentHash"], ContentHash::of(&result.bytes).hex());
        let retry = shop.request(Method::POST, &format!("/workflow/execution/{id}/retry"));
        assert_eq!(shop.send(retry.header("content-type", "json")).await.status, 200, "nothing to do");
        let opinion = json!({"thumbsUp": false, "expectedImages": [hash]});
        assert_eq!(shop.post(&format!("/v1/workflow/execution/{id}/feedback"), &opinion).await.status, 200);
    }
    assert_eq!(before - shop.balance().await, 2);
    let page = shop.get(&format!("/v1/workflow/execution?workflow={workflow}&limit=1")).await;
    assert_eq!(page.keys(), ["entries", "total"]);
    let page = page.json();
    assert_eq!((&page["total"], &page["entries"][0]["id"]), (&json!(2), &json!(by_file)), "newest first");
}

async fn batches(shop: &Shop, workflow: &str, hash: &str) {
    let labels = json!({"labels": {
        "autoretouch_batch_id": "b/1", "autoretouch_batch_name": "Autumn",
        "autoretouch_batch_createdAt": "2025-11-03T08:19:55.120Z"
    }});
    for _ in 0..3 {
        let id = shop.execute(workflow, hash, labels.clone()).await;
        shop.reaches(&id, "COMPLETED").await;
    }
    let page = shop.get("/v1/batch?batchId=b%2F1").await.json();
    let batch = &page["entries"][0];
    let keys: Vec<_> = batch.as_object().expect("an object").keys().cloned().collect();
    let expected = ["id", "name", "author", "createdAt", "executions", "price", "workflowId", "workflowName"];
    assert_eq!(keys, expected);
    assert_eq!((&page["total"], &batch["name"]), (&json!(1), &json!("Autumn")));
    assert_eq!((&batch["executions"], &batch["price"]), (&json!(3), &json!(3)));
}

/// The error body of every status a client meets.
async fn errors(shop: &Shop, other: &Shop, workflow: &str, hash: &str) {
    let mine = shop.execute(workflow, hash, json!({})).await;
    let create = |query: String| format!("/v1/workflow/execution/create?{query}");
    let order = json!({"image": {"name": "a", "contentHash": hash}});
    let nobody = ContentHash::of(b"nobody").hex();
    let unknown = json!({"image": {"name": "a", "contentHash": nobody}});
    let nonsense = shop.request(Method::POST, "/v1/upload").multipart(Form::new().text("filesize", "3"));
    let no_picture = Form::new().part("file", Part::bytes(&b"no picture"[..]).file_name("a.jpg"));
    let bearer = |token: &str| {
        reqwest::Client::new().get(format!("{}/v1/workflow", shop.base)).header("authorization", token)
    };
    let forged = format!("Bearer {}", alg_none(&shop.access));
    let told = [
        (shop.send(nonsense).await, 400, "/v1/upload"),
        (shop.post("/v1/upload", &json!({"urls": []})).await, 400, "/v1/upload"),
        (shop.get("/v1/workflow?limit=-1").await, 400, "/v1/workflow"),
        (shop.send(bearer("Bearer nonsense")).await, 401, "/v1/workflow"),
        (shop.send(bearer(&forged)).await, 401, "/v1/workflow"),
        (shop.get(&format!("/workflow?organization={}", other.organization)).await, 403, "/workflow"),
        (shop.get("/v1/workflow/nobody").await, 404, "/v1/workflow/nobody"),
        (shop.get("/v1/nowhere").await, 404, "/v1/nowhere"),
        (shop.post(&create("workflow=nobody".into()), &order).await, 404, "/v1/workflow/execution/create"),
        (
            shop.post(&create(format!("workflow={workflow}")), &unknown).await,
            404,
            "/v1/workflow/execution/create",
        ),
        (
            shop.send(shop.request(Method::DELETE, "/v1/workflow/execution")).await,
            405,
            "/v1/workflow/execution",
        ),
        (shop.send(shop.request(Method::POST, "/v1/upload").multipart(no_picture)).await, 422, "/v1/upload"),
    ];
    for (told, status, path) in told {
        assert_eq!(told.status, status, "{path}: {}", told.text());
        assert_eq!(told.keys(), ["timestamp", "status", "error", "message", "path"]);
        assert_eq!((&told.json()["status"], &told.json()["path"]), (&json!(status), &json!(path)));
    }
    for path in [
        format!("/v1/workflow/execution/{mine}"),
        format!("/v1/workflow/execution/{mine}/status"),
        format!("/v1/workflow/execution/{mine}/result/default"),
        format!("/v1/workflow/{workflow}"),
        format!("/v1/image/{hash}/a.png"),
        format!("/v1/organization/{}", shop.organization),
    ] {
        assert_eq!(other.get(&path).await.status, 404, "another shop sees {path}");
    }
}

/// The token with its signature taken off and its algorithm called none.
fn alg_none(token: &str) -> String {
    let payload = token.split('.').nth(1).expect("three parts");
    // {"alg":"none","typ":"JWT"}
    format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.")
}

async fn devices_come_and_go(shop: &mut Shop) {
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", shop.refresh.as_str()), ("client_id", CLIENT_ID)];
    let renewed = shop.form("oauth/token", &refresh).await;
    assert_eq!(
        (renewed.status, renewed.keys().join(" ")),
        (200, "access_token scope expires_in token_type".into())
    );
    let access = renewed.json()["access_token"].as_str().expect("a token").to_owned();
    let again = shop.form("oauth/token", &refresh).await;
    assert_eq!(again.status, 200, "a refresh token lasts");
    let revoke = shop
        .request(Method::POST, "/oauth/revoke")
        .json(&json!({"client_id": CLIENT_ID, "token": shop.refresh}));
    let revoked = shop.send(revoke).await;
    assert_eq!((revoked.status, revoked.bytes.len()), (200, 0));
    let gone = shop.form("oauth/token", &refresh).await;
    assert_eq!((gone.status, &gone.json()["error"]), (400, &json!("invalid_grant")));
    assert_eq!(shop.get("/v1/organization").await.status, 401);
    shop.access = access;
    assert_eq!(shop.get("/v1/organization").await.status, 401, "tokens of the same device end with it");
}

/// A call that came in: what it said, and what the result's address answered at that moment.
type Call = (String, Value, Option<u16>);

/// A receiver that looks the result up before it answers.
async fn receiver(base: String, access: String) -> (String, Arc<Mutex<Vec<Call>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let calls = Arc::new(Mutex::new(Vec::new()));
    let kept = calls.clone();
    tokio::spawn(async move {
        let http = reqwest::Client::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_request(&mut stream).await;
            assert_eq!(header(&request, "content-type"), Some("application/json"));
            assert!(header(&request, "x-webhook-signature").is_some_and(|one| one.starts_with("sha256=")));
            let body = request.split_once("\r\n\r\n").expect("a body").1;
            let told: Value = serde_json::from_str(body).expect("JSON");
            let result = match told["content"]["resultPath"].as_str() {
                Some(path) => {
                    let asked = http.get(format!("{base}{path}")).bearer_auth(&access).send().await;
                    Some(asked.expect("an answer").status().as_u16())
                }
                None => None,
            };
            let event = told["event"].as_str().expect("an event").to_owned();
            kept.lock().expect("whole").push((event, told["content"].clone(), result));
            let _ = stream.write_all(b"HTTP/1.1 204 Fine\r\nConnection: close\r\n\r\n").await;
        }
    });
    (address, calls)
}

async fn told_of(calls: &Mutex<Vec<Call>>, id: &str, count: usize) -> Vec<Call> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let all = calls.lock().expect("whole").clone();
        let own: Vec<Call> = all.into_iter().filter(|(_, content, _)| content["id"] == id).collect();
        if own.len() >= count {
            return own;
        }
        assert!(Instant::now() < deadline, "{} of {count} calls about {id}: {own:?}", own.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn every_end_is_told(mut house: House) {
    house.serve();
    house.admin(&["hook-host", "allow", "127.0.0.1", "--private"]);
    let shop = Shop::open(&house, "north", 30).await;
    let (address, calls) = receiver(shop.base.clone(), shop.access.clone()).await;
    let hooks = json!({"webhooks": [address]});
    let hash = shop.upload(tiny(1)).await;
    let export = shop.workflow("Export only").await;

    let good = shop.execute(&export, &hash, hooks.clone()).await;
    let told = told_of(&calls, &good, 1).await;
    let [(event, content, result)] = &told[..] else { panic!("one call") };
    assert_eq!(
        (event.as_str(), *result),
        ("WORKFLOW_EXECUTION_COMPLETED", Some(200)),
        "there before it is told"
    );
    let keys: Vec<_> = content.as_object().expect("an object").keys().cloned().collect();
    assert_eq!((keys.join(" "), &content["status"]), (EXECUTION.to_owned(), &json!("COMPLETED")));

    let whole = tiny(2);
    let half = shop.upload(whole[..whole.len() / 2].to_vec()).await;
    let bad = shop.execute(&export, &half, hooks.clone()).await;
    let told = told_of(&calls, &bad, 1).await;
    let [(event, content, result)] = &told[..] else { panic!("one call") };
    assert_eq!((event.as_str(), *result), ("WORKFLOW_EXECUTION_FAILED", None));
    assert_eq!(content["chargedCredits"], 0);
    let reason = content["failureReason"].as_str().expect("a reason");
    assert!(reason.contains("file"), "what to do: {reason}");

    let checked = workflow_with_review(&house, &shop).await;
    for (verdict, end, answer) in [
        (json!({"approved": true}), "WORKFLOW_EXECUTION_COMPLETED", Some(200)),
        (json!({"approved": false, "reason": "hair"}), "WORKFLOW_EXECUTION_FAILED", None),
    ] {
        let id = shop.execute(&checked, &hash, hooks.clone()).await;
        assert_eq!(told_of(&calls, &id, 1).await[0].0, "WORKFLOW_EXECUTION_IN_QA");
        assert_eq!(shop.execution(&id).await["status"], "IN_QA");
        assert_eq!(shop.post(&format!("/v1/workflow/execution/{id}/review"), &verdict).await.status, 200);
        let told = told_of(&calls, &id, 2).await;
        assert_eq!((told[1].0.as_str(), told[1].2), (end, answer));
    }

    let balance = shop.balance().await;
    house.admin(&["credits", "add", "--organization", &shop.name, &(-balance).to_string()]);
    let poor = shop.execute(&export, &hash, hooks).await;
    assert_eq!(told_of(&calls, &poor, 1).await[0].0, "WORKFLOW_EXECUTION_PAYMENT_REQUIRED");
    house.admin(&["credits", "add", "--organization", &shop.name, "5"]);
    assert_eq!(shop.post(&format!("/v1/workflow/execution/{poor}/retry"), &json!({})).await.status, 200);
    let told = told_of(&calls, &poor, 2).await;
    assert_eq!((told[1].0.as_str(), told[1].2), ("WORKFLOW_EXECUTION_COMPLETED", Some(200)));
    assert_eq!(shop.balance().await, 4);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(calls.lock().expect("whole").len(), 8, "each end is told once");
}

async fn workflow_with_review(house: &House, shop: &Shop) -> String {
    let store = house.store().await;
    let organization = store.organization_named(&shop.name).await.expect("asked").expect("there");
    let author = store.account_by_email(&shop.email).await.expect("asked").expect("there");
    let components = json!([
        {"type": "input", "label": "input", "settings": {}},
        {"type": "export", "label": "export", "settings": {}},
    ]);
    let components = retouch::Workflow::from_value(&components).expect("components");
    let draft = Draft { name: "Looked at".into(), components, price: 10, review: true };
    let saved = save_workflow(&store, &organization.id, &author, None, &draft, SystemClock.now()).await;
    store.close().await;
    saved.expect("a workflow").workflow_id.to_string()
}
