//! Reviews: opt-in by workflow, decided by admins, one by one or by batch.

use reqwest::Method;
use serde_json::{Value, json};
use store::{DeliveryFilter, JobId, NewAccount, Role};

use crate::desk::Desk;
use crate::shop::{Shop, order};

/// Executions in review, with this batch id.
async fn in_review(desk: &Desk, shop: &mut Shop, count: usize) -> Vec<String> {
    shop.workflow = desk.workflow(&shop.organization, &shop.account, 10, true).await;
    let hash = desk.uploaded(shop).await;
    let mut ids = Vec::new();
    for _ in 0..count {
        let mut order = order(&hash);
        order["labels"] = json!({"autoretouch_batch_id": "b/1", "autoretouch_batch_name": "Autumn"});
        order["webhooks"] = json!(["https://shop.example/hook"]);
        ids.push(desk.ordered(shop, &order).await);
        let job = desk.claim().await;
        desk.made(&job, format!("result {}", ids.len()).as_bytes()).await;
    }
    ids
}

#[tokio::test]
async fn a_result_counts_when_an_admin_says_so() {
    let desk = Desk::open().await;
    let mut shop = desk.shop("north", 100).await;
    let ids = in_review(&desk, &mut shop, 2).await;
    let waiting = desk.see(&shop, "/workflow/execution?status=IN_QA").await.json();
    assert_eq!(waiting["total"], 2);
    let execution = desk.execution(&shop, &ids[0]).await;
    assert_eq!((&execution["status"], &execution["resultPath"]), (&json!("IN_QA"), &Value::Null));
    let path = |id: &str| format!("/v1/workflow/execution/{id}/review");
    assert_eq!(desk.see(&shop, &path(&ids[0])).await.bytes, b"result 1");

    let approved = desk.tell(&shop, &path(&ids[0]), &json!({"approved": true})).await;
    assert_eq!((approved.status, &approved.json()["status"]), (200, &json!("COMPLETED")));
    let rejected = desk.tell(&shop, &path(&ids[1]), &json!({"approved": false, "reason": "hair"})).await;
    assert_eq!(
        (&rejected.json()["status"], &rejected.json()["chargedCredits"]),
        (&json!("FAILED"), &json!(0))
    );
    assert_eq!(
        desk.tell(&shop, &path(&ids[0]), &json!({"approved": true})).await.told(&path(&ids[0])).0,
        409
    );
    assert_eq!(desk.tell(&shop, &path(&ids[1]), &json!({})).await.told(&path(&ids[1])).0, 400);
    assert_eq!(desk.see(&shop, &path(&ids[1])).await.told(&path(&ids[1])).0, 409);
    assert_eq!(desk.see(&shop, "/organization/balance").await.text(), "90");
    for (id, event) in [(&ids[0], "WORKFLOW_EXECUTION_COMPLETED"), (&ids[1], "WORKFLOW_EXECUTION_FAILED")] {
        let filter =
            DeliveryFilter { job: Some(JobId::from(id.as_str())), limit: 9, ..DeliveryFilter::default() };
        let told = desk.store.deliveries(&filter).await.expect("deliveries");
        assert!(told.iter().any(|delivery| delivery.event == event), "{event}");
    }
}

#[tokio::test]
async fn a_batch_is_judged_as_a_whole() {
    let desk = Desk::open().await;
    let mut shop = desk.shop("north", 100).await;
    in_review(&desk, &mut shop, 3).await;
    let path = "/batch/b%2F1/review";
    let answer = desk.tell(&shop, path, &json!({"approved": true})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"reviewed": 3})));
    assert_eq!(desk.see(&shop, "/workflow/execution?status=COMPLETED").await.json()["total"], 3);
    assert_eq!(desk.tell(&shop, path, &json!({"approved": true})).await.json()["reviewed"], 0);
    assert_eq!(desk.tell(&shop, "/batch/none/review", &json!({"approved": true})).await.status, 404);
}

#[tokio::test]
async fn what_another_reviewer_looks_at_is_left_to_them() {
    let desk = Desk::open().await;
    let mut shop = desk.shop("north", 100).await;
    let ids = in_review(&desk, &mut shop, 2).await;
    let new = NewAccount {
        email: "reviewer@example.org".into(),
        password_hash: None,
        operator: false,
        organization: shop.organization.id.clone(),
        role: Role::Admin,
        hook_secret: "secret".into(),
    };
    let reviewer = desk.store.create_account(&new, desk.now()).await.expect("an account");
    let until = desk.now().plus(std::time::Duration::from_secs(60));
    let claimed = JobId::from(ids[0].as_str());
    desk.store.claim_review(&claimed, &reviewer.id, desk.now(), until).await.expect("a claim");
    let path = format!("/v1/workflow/execution/{}/review", ids[0]);
    let (status, message) = desk.tell(&shop, &path, &json!({"approved": true})).await.told(&path);
    assert_eq!(status, 409);
    assert!(message.contains("reviewer@example.org"), "{message}");
    let batch = desk.tell(&shop, "/batch/b%2F1/review", &json!({"approved": true})).await;
    assert_eq!(batch.json(), json!({"reviewed": 1}));
    desk.store.release_review(&claimed, &reviewer.id).await.expect("released");
    assert_eq!(desk.tell(&shop, &path, &json!({"approved": true})).await.status, 200);
}

#[tokio::test]
async fn operators_do_everything_but_decide() {
    let desk = Desk::open().await;
    let mut shop = desk.shop("north", 100).await;
    let ids = in_review(&desk, &mut shop, 1).await;
    let new = NewAccount {
        email: "operator@example.org".into(),
        password_hash: None,
        operator: false,
        organization: shop.organization.id.clone(),
        role: Role::Operator,
        hook_secret: "secret".into(),
    };
    let account = desk.store.create_account(&new, desk.now()).await.expect("an account");
    let (access, refresh) = desk.tokens(&shop.organization, &account).await;
    let operator = Shop { account, access, refresh, ..shop };
    let hash = desk.uploaded(&operator).await;
    let id = desk.ordered(&operator, &order(&hash)).await;
    for path in ["/organization", "/organization/balance", "/workflow", "/workflow/execution", "/batch"] {
        assert_eq!(desk.see(&operator, path).await.status, 200, "{path}");
    }
    assert_eq!(desk.execution(&operator, &id).await["userId"], operator.account.id.as_str());
    let verdict = json!({"approved": true});
    for path in [format!("/v1/workflow/execution/{}/review", ids[0]), "/batch/b%2F1/review".to_owned()] {
        assert_eq!(desk.tell(&operator, &path, &verdict).await.told(&path).0, 403);
    }
    let look =
        desk.with_token(Method::GET, &format!("/v1/workflow/execution/{}/review", ids[0]), &operator.access);
    assert_eq!(desk.send(look).await.status, 403);
}
