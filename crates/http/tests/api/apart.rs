//! Two organizations never see each other's pictures, workflows, executions or batches, by any route.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::json;

use crate::desk::Desk;
use crate::shop::{Shop, order};

/// What one shop has that the other must not see.
struct Treasure {
    shop: Shop,
    picture: String,
    result: String,
    execution: String,
    batch: String,
}

async fn treasure(desk: &Desk, name: &str) -> Treasure {
    let shop = desk.shop(name, 1000).await;
    let bytes = png(name);
    let part = reqwest::multipart::Part::bytes(bytes).file_name("x.png");
    let upload = desk.with_token(Method::POST, "/upload", &shop.access);
    let answer = desk.send(upload.multipart(reqwest::multipart::Form::new().part("file", part))).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let picture = answer.text();
    let batch = format!("batch of {name}");
    let mut order = order(&picture);
    order["labels"] = json!({"autoretouch_batch_id": batch, "secret": name});
    let execution = desk.ordered(&shop, &order).await;
    let job = desk.claim().await;
    let result = format!("result of {name}");
    desk.made(&job, result.as_bytes()).await;
    let result = service::ContentHash::of(result.as_bytes()).hex();
    Treasure { shop, picture, result, execution, batch }
}

/// A picture of its own for each shop: what follows the end of a PNG is not looked at.
fn png(name: &str) -> Vec<u8> {
    [crate::desk::PIXEL, name.as_bytes()].concat()
}

/// Every route with every place for a name, filled with what belongs to somebody else. True: the route lists, and shows
/// nothing instead of refusing.
fn questions(of: &Treasure) -> Vec<(Method, String, bool)> {
    let (workflow, execution) = (&of.shop.workflow.workflow_id, &of.execution);
    let batch = of.batch.replace(' ', "%20");
    let get = |path: String| (Method::GET, path, false);
    let list = |path: String| (Method::GET, path, true);
    let post = |path: String| (Method::POST, path, false);
    vec![
        list("organization?x=1".into()),
        get(format!("organization/{}?x=1", of.shop.organization.id)),
        list("workflow?x=1".into()),
        get(format!("workflow/{workflow}?x=1")),
        get(format!("workflow/{workflow}?version={}", of.shop.workflow.id)),
        list("workflow/execution?x=1".into()),
        list(format!("workflow/execution?workflow={workflow}")),
        list(format!("workflow/execution?batchId={batch}")),
        list("workflow/execution?status=COMPLETED".into()),
        list(format!("workflow/execution?label[secret]={}", of.shop.organization.name)),
        get(format!("workflow/execution/{execution}?x=1")),
        get(format!("workflow/execution/{execution}/status?x=1")),
        get(format!("workflow/execution/{execution}/result/default?x=1")),
        get(format!("workflow/execution/{execution}/review?x=1")),
        post(format!("workflow/execution/{execution}/retry?x=1")),
        post(format!("workflow/execution/retry?execution={execution}")),
        post(format!("workflow/execution/{execution}/feedback?x=1")),
        post(format!("workflow/execution/{execution}/review?x=1")),
        post(format!("workflow/execution/create?workflow={workflow}")),
        (Method::HEAD, format!("upload?contentHash={}", of.picture), false),
        (Method::HEAD, format!("upload?contentHash={}", of.result), false),
        get(format!("image/{}/x.png?x=1", of.picture)),
        get(format!("image/{}/x.png?x=1", of.result)),
        list(format!("batch?batchId={batch}")),
        list("batch?x=1".into()),
        post(format!("batch/{batch}/review?x=1")),
    ]
}

#[test]
fn what_belongs_to_one_organization_is_nowhere_for_another() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (desk, shops) = runtime.block_on(async {
        let desk = Desk::open().await;
        let shops = [treasure(&desk, "north").await, treasure(&desk, "south").await];
        (desk, shops)
    });
    let count = questions(&shops[0]).len();
    let asked = (0..2usize, 0..count, 0..3usize, any::<bool>(), any::<bool>());
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&asked, |(who, which, named, versioned, slash)| {
        let (own, other) = (&shops[who], &shops[1 - who]);
        let (method, path, lists) = questions(other).swap_remove(which);
        let (path, query) = path.split_once('?').expect("a query");
        let organization = match named {
            0 => String::new(),
            1 => format!("&organization={}", own.shop.organization.id),
            _ => format!("&organization={}", other.shop.organization.id),
        };
        let prefix = if versioned { "/v1" } else { "" };
        let end = if slash { "/" } else { "" };
        let url = format!("{prefix}/{path}{end}?{query}{organization}");
        // A body that is fine everywhere, with a picture that is the asker's own.
        let mut body = order(&own.picture);
        body["thumbsUp"] = json!(true);
        body["approved"] = json!(false);
        let request = desk.with_token(method.clone(), &url, &own.shop.access);
        let request = if method == Method::POST { request.json(&body) } else { request };
        let answer = runtime.block_on(desk.send(request));
        // A list of one's own is shown unless the other organization was named.
        if lists && named != 2 {
            prop_assert_eq!(answer.status, 200, "{}", &url);
        } else if lists {
            prop_assert_eq!(answer.status, 403, "{}", &url);
        } else {
            prop_assert!(matches!(answer.status, 403 | 404), "{} {}: {}", method, &url, answer.status);
        }
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        let mut secrets =
            vec![&other.picture, &other.result, &other.execution, &other.batch, &other.shop.account.email];
        let (name, id) = (&other.shop.organization.name, other.shop.workflow.workflow_id.to_string());
        if answer.status == 200 {
            secrets.extend([name, &id]);
        }
        for secret in secrets {
            let echoed = url.contains(&secret.replace(' ', "%20")) && answer.status != 200;
            prop_assert!(echoed || !text.contains(secret.as_str()), "{}: {} in {}", &url, secret, &text);
        }
        Ok(())
    });
    outcome.expect("two organizations are apart");
    for treasure in &shops {
        let execution = runtime.block_on(desk.execution(&treasure.shop, &treasure.execution));
        assert_eq!(execution["status"], "COMPLETED", "and nothing was changed");
        let job = runtime.block_on(desk.store.job(&store::JobId::from(treasure.execution.as_str())));
        assert_eq!(job.expect("asked").expect("a job").feedback, None);
    }
}

#[tokio::test]
async fn the_same_batch_id_in_two_organizations_is_two_batches_and_the_same_picture_two_pictures() {
    let desk = Desk::open().await;
    let (north, south) = (desk.shop("north", 100).await, desk.shop("south", 100).await);
    let hash = desk.uploaded(&north).await;
    let mine = desk.with_token(Method::HEAD, &format!("/upload?contentHash={hash}"), &south.access);
    assert_eq!(desk.send(mine).await.status, 404, "existence does not leak");
    let foreign = format!("/workflow/execution/create?workflow={}", south.workflow.workflow_id);
    assert_eq!(desk.tell(&south, &foreign, &order(&hash)).await.status, 404);
    assert_eq!(desk.uploaded(&south).await, hash);
    for shop in [&north, &south] {
        let mut order = order(&hash);
        order["labels"] = json!({"autoretouch_batch_id": "shared"});
        desk.ordered(shop, &order).await;
    }
    for shop in [&north, &south] {
        let batches = desk.see(shop, "/v1/batch?batchId=shared").await.json();
        assert_eq!((&batches["total"], &batches["entries"][0]["executions"]), (&json!(1), &json!(1)));
    }
}
