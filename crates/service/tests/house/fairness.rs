//! One account's many jobs do not starve another's one; and nobody waits for a poll.

use std::time::Duration;

use retouch::Recipe;
use service::{Dialect, NewPerson, Order, Role, Settings, Work, add_credits, create_account, issue_token};

use crate::setting::{House, IDLE, echo, png, quick};

#[tokio::test(flavor = "multi_thread")]
async fn another_accounts_job_goes_soon() {
    let mut house = House::new(Settings { max_jobs: 1, ..quick() }).await;
    let mut many = Vec::new();
    for number in 0..30 {
        many.push(house.submit(number).await.job);
    }
    let (service, organization) = (house.service.clone(), house.caller.organization.id.clone());
    let person = NewPerson {
        email: "other@example.org".to_owned(),
        password: None,
        operator: false,
        organization: organization.clone(),
        role: Role::Operator,
    };
    let now = service.now();
    let account = create_account(service.store(), person, now).await.unwrap();
    add_credits(service.store(), &organization, 1, "", "test", now).await.unwrap();
    let token = issue_token(service.store(), &account.id, &organization, "", now).await.unwrap();
    let caller = service.retouch_token(&token.text).await.unwrap();
    house.work(|upload, _, _| {
        std::thread::sleep(Duration::from_millis(10));
        echo(upload)
    });
    house.completed(&many[3]).await;
    let upload = house.upload(&png(200)).await;
    let facts = service.survey(&upload).await.unwrap();
    let order = Order {
        caller,
        dialect: Dialect::Retouch4me,
        work: Work::Retouch(Recipe::from_json(IDLE).unwrap()),
        upload,
        facts,
        name: "one.png".to_owned(),
        hooks: Vec::new(),
        idempotency_key: None,
    };
    let one = house.completed(&service.submit(order).await.unwrap().job).await;
    let last = house.completed(&many[29]).await;
    assert!(one.finished_at < last.started_at, "{:?} {:?}", one.finished_at, last.started_at);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_begins_at_once() {
    let mut house = House::new(quick()).await;
    house.work(|upload, _, _| echo(upload));
    let mut waits = Vec::new();
    for number in 0..100 {
        let job = house.completed(&house.submit(number).await.job).await;
        waits.push(job.started_at.unwrap().since(job.created_at));
    }
    waits.sort();
    println!("accept to start: median {:?}, 99th percentile {:?}", waits[50], waits[98]);
    // Generous, for a machine that builds beside; a poll would show as hundreds of milliseconds.
    assert!(waits[90] < Duration::from_millis(100), "{waits:?}");
    house.stop().await;
}
