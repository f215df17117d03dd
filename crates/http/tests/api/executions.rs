//! Executions: created in both forms, looked at in every state, listed, tried again, spoken well of.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use service::ContentHash;
use store::{DeliveryFilter, JobId, OrganizationChange, Outcome};

use crate::desk::{Desk, PIXEL, file};
use crate::shop::{Shop, keys, order};

const KEYS: &str = "id workflow workflowVersion workflowName organizationId companyId status userId createdAt startedAt \
     finishedAt inputFileName inputContentHash resultContentHash resultContentType resultFileName resultPath labels \
     chargedCredits failureReason";

/// The object with its ids replaced, so that it can be compared.
fn masked(shop: &Shop, execution: &Value) -> String {
    let mut text = serde_json::to_string_pretty(execution).expect("text");
    for (name, id) in [
        ("EXECUTION", execution["id"].as_str().expect("an id")),
        ("WORKFLOW", shop.workflow.workflow_id.as_str()),
        ("VERSION", shop.workflow.id.as_str()),
        ("ORGANIZATION", shop.organization.id.as_str()),
        ("ACCOUNT", shop.account.id.as_str()),
    ] {
        text = text.replace(id, name);
    }
    text
}

#[tokio::test]
async fn every_state_shows_every_key() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 25).await;
    let hash = desk.uploaded(&shop).await;
    let id = desk.ordered(&shop, &order(&hash)).await;
    insta::assert_snapshot!("created", masked(&shop, &desk.execution(&shop, &id).await));
    assert_eq!(desk.see(&shop, "/organization/balance").await.text(), "15", "charged at creation");
    let job = desk.claim().await;
    insta::assert_snapshot!("active", masked(&shop, &desk.execution(&shop, &id).await));
    let run_at = desk.now();
    desk.finish(&job, Outcome::Delayed { reason: "once more".into(), run_at }).await;
    assert_eq!(desk.execution(&shop, &id).await["status"], "ACTIVE", "a pause is no new beginning");
    let job = desk.claim().await;
    desk.made(&job, b"the result").await;
    let completed = desk.execution(&shop, &id).await;
    insta::assert_snapshot!("completed", masked(&shop, &completed));
    for prefix in ["", "/v1"] {
        let path = completed["resultPath"].as_str().expect("a path");
        let image = desk.see(&shop, &format!("{prefix}{path}")).await;
        assert_eq!((image.status, image.header("content-type")), (200, "image/png"));
        assert_eq!(image.bytes, b"the result");
    }
    let id = desk.ordered(&shop, &order(&hash)).await;
    let job = desk.claim().await;
    desk.finish(&job, Outcome::Failed { reason: "no".into() }).await;
    insta::assert_snapshot!("failed", masked(&shop, &desk.execution(&shop, &id).await));
    assert_eq!(desk.see(&shop, "/organization/balance").await.text(), "15", "given back");
    desk.ordered(&shop, &order(&hash)).await;
    let id = desk.ordered(&shop, &order(&hash)).await;
    insta::assert_snapshot!("payment_required", masked(&shop, &desk.execution(&shop, &id).await));
    for entry in desk.see(&shop, "/workflow/execution").await.json()["entries"].as_array().expect("entries") {
        assert_eq!(keys(entry), KEYS.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

#[tokio::test]
async fn both_forms_create_and_their_answer_is_the_bare_id() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 1000).await;
    let hash = desk.uploaded(&shop).await;
    let path = format!(
        "/v1/workflow/execution/create?workflow={}&version={}&organization={}",
        shop.workflow.workflow_id, shop.workflow.id, shop.organization.id
    );
    let form = Form::new().part("file", Part::bytes(PIXEL).file_name("ä/b \"c\".png")).text("filesize", "70");
    let by_file = desk.with_token(Method::POST, &format!("{path}&label%5Bsku%5D=A%20100"), &shop.access);
    let by_file = desk.send(by_file.multipart(form)).await;
    let body = json!({
        "image": {"name": "x", "contentHash": hash.to_uppercase(), "contentType": "nonsense"},
        "labels": {"sku": "json wins", "n": 7, "gone": null},
        "settings": {"export": {}, "no such component": {"a": 1}},
        "webhooks": ["https://shop.example/hook"],
        "unknown": true,
    });
    let by_reference = desk
        .tell(&shop, &format!("{path}&labels[sku]=query&label[b]=2&webhook=https://b.example/"), &body)
        .await;
    for answer in [&by_file, &by_reference] {
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.header("content-type"), "text/plain;charset=UTF-8");
        assert_eq!(answer.text().len(), 36);
    }
    let execution = desk.execution(&shop, &by_file.text()).await;
    assert_eq!(execution["labels"], json!({"sku": "A 100"}));
    assert_eq!(execution["inputContentHash"], ContentHash::of(PIXEL).hex());
    assert!(execution["inputFileName"].as_str().is_some_and(|name| name.contains("ä/b")), "as given");
    let execution = desk.execution(&shop, &by_reference.text()).await;
    assert_eq!(execution["labels"], json!({"b": "2", "n": "7", "sku": "json wins"}));
    let job = desk.store.job(&JobId::from(by_reference.text())).await.expect("asked").expect("a job");
    assert_eq!(job.hooks, ["https://b.example/", "https://shop.example/hook"]);
    assert_eq!(desk.spooled(), 0);
}

#[tokio::test]
async fn creations_that_cannot_be_are_told() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 1000).await;
    let hash = desk.uploaded(&shop).await;
    let create = "/workflow/execution/create";
    let good = format!("workflow={}", shop.workflow.workflow_id);
    let fine = order(&hash);
    let with = |key: &str, value: Value| {
        let mut order = fine.clone();
        order[key] = value;
        order
    };
    let none = ContentHash::of(b"none").hex();
    for (query, body, expected) in [
        (String::new(), fine.clone(), 400),
        ("workflow=unknown".to_owned(), fine.clone(), 404),
        (format!("{good}&version=unknown"), fine.clone(), 404),
        (format!("{good}&organization=unknown"), fine.clone(), 403),
        (good.clone(), json!({}), 400),
        (good.clone(), with("image", json!({"name": "x"})), 400),
        (good.clone(), with("image", json!({"name": "x", "contentHash": none})), 404),
        (good.clone(), with("image", json!({"name": "x", "contentHash": "nonsense"})), 404),
        (good.clone(), with("labels", json!({"a": {}})), 400),
        (good.clone(), with("settings", json!([])), 400),
        (good.clone(), with("webhooks", json!(["ftp://x.example/"])), 400),
    ] {
        let answer = desk.tell(&shop, &format!("{create}?{query}"), &body).await;
        assert_eq!(answer.told(create).0, expected, "{query} {body}");
    }
    let send = async |form: Form| {
        let request = desk.with_token(Method::POST, &format!("{create}?{good}"), &shop.access);
        desk.send(request.multipart(form)).await.told(create).0
    };
    assert_eq!(send(Form::new().text("a", "b")).await, 400);
    assert_eq!(send(Form::new().part("file", file(b"no picture"))).await, 422);
    assert_eq!(desk.see(&shop, "/workflow/execution").await.json()["total"], 0);
}

#[tokio::test]
async fn lists_are_filtered_and_paged_newest_first() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 40).await;
    let hash = desk.uploaded(&shop).await;
    let mut ids = Vec::new();
    for (number, sku) in ["a", "b", "a", "a\",\"x"].into_iter().enumerate() {
        desk.pass(std::time::Duration::from_secs(1));
        let labels =
            json!({"sku": sku, "n": number, "autoretouch_batch_id": format!("batch {}", number % 2)});
        let mut order = order(&hash);
        order["labels"] = labels;
        ids.push(desk.ordered(&shop, &order).await);
    }
    let list = async |query: &str| {
        let page = desk.see(&shop, &format!("/v1/workflow/execution?{query}")).await.json();
        let entries = page["entries"].as_array().expect("entries").clone();
        let found = entries.iter().map(|entry| {
            let id = entry["id"].as_str().expect("an id");
            ids.iter().position(|known| known == id).expect("one of ours")
        });
        (found.collect::<Vec<_>>(), page["total"].as_i64().expect("a number"))
    };
    assert_eq!(list("").await, (vec![3, 2, 1, 0], 4));
    assert_eq!(list("limit=2&offset=1").await, (vec![2, 1], 4));
    assert_eq!(list(&format!("workflow={}", shop.workflow.workflow_id)).await.1, 4);
    assert_eq!(list("workflow=other").await, (vec![], 0));
    assert_eq!(list("batchId=batch%201").await, (vec![3, 1], 2));
    assert_eq!(list("label%5Bsku%5D=a").await, (vec![2, 0], 2));
    assert_eq!(list("label[sku]=A").await, (vec![], 0));
    assert_eq!(list("label[n]=3").await, (vec![3], 1));
    desk.claim().await;
    assert_eq!(list("status=ACTIVE").await, (vec![0], 1));
    assert_eq!(list("status=created").await, (vec![3, 2, 1], 3));
    assert_eq!(list("status=FAILED").await.1, 0);
    for wrong in ["status=DONE", "label[a]=1&label[b]=2", "limit=-1"] {
        let answer = desk.see(&shop, &format!("/v1/workflow/execution?{wrong}")).await;
        assert_eq!(answer.told("/v1/workflow/execution").0, 400, "{wrong}");
    }
    let batches = desk.see(&shop, "/batch").await.json();
    assert_eq!((keys(&batches).as_str(), &batches["total"]), ("entries total", &json!(2)));
    let one = desk.see(&shop, "/v1/batch?batchId=batch%200").await.json();
    let batch = &one["entries"][0];
    assert_eq!(keys(batch), "id name author createdAt executions price workflowId workflowName");
    assert_eq!((&batch["executions"], &batch["price"]), (&json!(2), &json!(20)));
    assert_eq!(batch["name"], "batch 0", "its id, for it has no name");
}

#[tokio::test]
async fn an_execution_is_run_again_when_it_makes_sense() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 10).await;
    let hash = desk.uploaded(&shop).await;
    let id = desk.ordered(&shop, &order(&hash)).await;
    let again = async |path: &str| {
        let request =
            desk.with_token(Method::POST, path, &shop.access).header("content-type", "application/json");
        desk.send(request).await
    };
    let path = format!("/v1/workflow/execution/{id}/retry");
    assert_eq!(again(&path).await.told(&path).0, 409, "it waits already");
    let job = desk.claim().await;
    desk.finish(&job, Outcome::Failed { reason: "no".into() }).await;
    let answer = again(&path).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, ""));
    let execution = desk.execution(&shop, &id).await;
    assert_eq!((&execution["status"], &execution["chargedCredits"]), (&json!("CREATED"), &json!(10)));
    assert_eq!((&execution["startedAt"], &execution["finishedAt"]), (&Value::Null, &Value::Null));
    let unpaid = desk.ordered(&shop, &order(&hash)).await;
    let old = format!("/workflow/execution/retry?execution={unpaid}");
    assert_eq!(again(&old).await.status, 200);
    assert_eq!(desk.execution(&shop, &unpaid).await["status"], "PAYMENT_REQUIRED", "still no credits");
    desk.store.add_credits(&shop.organization.id, 10, "", "test", desk.now()).await.expect("credits");
    assert_eq!(again(&old).await.status, 200);
    assert_eq!(desk.execution(&shop, &unpaid).await["status"], "CREATED");
    let job = desk.claim().await;
    desk.made(&job, b"result").await;
    let done = format!("/workflow/execution/{}/retry/", job.id);
    assert_eq!(again(&done).await.status, 200);
    assert_eq!(desk.execution(&shop, job.id.as_str()).await["status"], "COMPLETED");
    for path in ["/v1/workflow/execution/none/retry", "/workflow/execution/retry"] {
        assert!(matches!(again(path).await.told(path).0, 400 | 404), "{path}");
    }
}

#[tokio::test]
async fn feedback_is_kept_and_the_last_counts() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 10).await;
    let hash = desk.uploaded(&shop).await;
    let id = desk.ordered(&shop, &order(&hash)).await;
    let path = format!("/v1/workflow/execution/{id}/feedback");
    for thumbs in [true, false] {
        let answer = desk.tell(&shop, &path, &json!({"thumbsUp": thumbs, "expectedImages": [hash]})).await;
        assert_eq!(answer.status, 200);
    }
    let job = desk.store.job(&JobId::from(id.as_str())).await.expect("asked").expect("a job");
    let kept: Value = serde_json::from_str(&job.feedback.expect("an opinion")).expect("JSON");
    assert_eq!(kept, json!({"thumbsUp": false, "expectedImages": [hash]}));
    assert_eq!(desk.tell(&shop, &path, &json!({"thumbsUp": "yes"})).await.told(&path).0, 400);
}

#[tokio::test]
async fn webhooks_speak_of_too_few_credits_in_the_documented_form() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 0).await;
    let hash = desk.uploaded(&shop).await;
    let mut order = order(&hash);
    order["webhooks"] = json!(["https://shop.example/hook"]);
    let id = desk.ordered(&shop, &order).await;
    let filter =
        DeliveryFilter { job: Some(JobId::from(id.as_str())), limit: 10, ..DeliveryFilter::default() };
    let deliveries = desk.store.deliveries(&filter).await.expect("deliveries");
    assert_eq!(deliveries.len(), 1);
    let body: Value = serde_json::from_str(&deliveries[0].body).expect("JSON");
    assert_eq!(keys(&body), "event content");
    assert_eq!(body["event"], "WORKFLOW_EXECUTION_PAYMENT_REQUIRED");
    assert_eq!(body["content"], desk.execution(&shop, &id).await, "the very object");
}

#[tokio::test]
async fn a_retry_that_cannot_be_paid_is_told_to_webhooks_once() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 10).await;
    let hash = desk.uploaded(&shop).await;
    let mut wanted = order(&hash);
    wanted["webhooks"] = json!(["https://shop.example/hook"]);
    let id = desk.ordered(&shop, &wanted).await;
    let job = desk.claim().await;
    desk.finish(&job, Outcome::Failed { reason: "no".into() }).await;
    desk.ordered(&shop, &order(&hash)).await;
    for _ in 0..2 {
        let retry = format!("/v1/workflow/execution/{id}/retry");
        assert_eq!(desk.tell(&shop, &retry, &json!({})).await.status, 200);
        assert_eq!(desk.execution(&shop, &id).await["status"], "PAYMENT_REQUIRED");
    }
    let filter =
        DeliveryFilter { job: Some(JobId::from(id.as_str())), limit: 10, ..DeliveryFilter::default() };
    let deliveries = desk.store.deliveries(&filter).await.expect("deliveries");
    assert_eq!(deliveries.len(), 1, "the desk's own ends tell nobody");
    let body: Value = serde_json::from_str(&deliveries[0].body).expect("JSON");
    assert_eq!(body["event"], "WORKFLOW_EXECUTION_PAYMENT_REQUIRED");
    assert_eq!(body["content"], desk.execution(&shop, &id).await, "the very object");
}

#[tokio::test]
async fn a_retry_counts_for_the_day_like_a_new_execution() {
    let desk = Desk::open().await;
    let shop = desk.shop("north", 100).await;
    let id = desk.ordered(&shop, &order(&desk.uploaded(&shop).await)).await;
    let job = desk.claim().await;
    desk.finish(&job, Outcome::Failed { reason: "no".into() }).await;
    let change = OrganizationChange { daily_allowance: Some(Some(0)), ..OrganizationChange::default() };
    desk.store.set_organization(&shop.organization.id, &change).await.expect("an allowance");
    let path = format!("/v1/workflow/execution/{id}/retry");
    let refused = desk.tell(&shop, &path, &json!({})).await;
    assert_eq!((refused.told(&path).0, refused.header("retry-after")), (429, "3600"));
    assert_eq!(desk.execution(&shop, &id).await["status"], "FAILED");
}
