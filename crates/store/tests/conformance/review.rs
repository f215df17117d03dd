//! Reviewing together: claims, verdicts with markings, results of earlier rounds; and orders as people follow them.

use std::time::Duration;

use store::{
    AccountId, BatchTag, JobFilter, JobId, JobState, Judged, NewAccount, NewJob, OrderFilter, Outcome,
    Restarted, Role, Store, Verdict, WorkflowDraft, WorkflowUse,
};

use crate::setting::{NOON, Someone, accepted, after, again, claim, ending, failed, file, someone};

/// A job of a workflow whose results are reviewed, or not.
async fn job_of(store: &Store, ada: &Someone, review: bool) -> NewJob {
    let draft = WorkflowDraft {
        name: "white".into(),
        components: "[]".into(),
        price: 1,
        review,
        account_id: ada.account.id.clone(),
    };
    let workflow = store.create_workflow(&ada.organization.id, &draft, NOON).await.expect("a workflow");
    let usage = WorkflowUse { id: workflow.workflow_id, version: workflow.id, name: workflow.name, review };
    NewJob { workflow: Some(usage), ..ada.job() }
}

/// Works on the next job and brings a result with this content.
async fn made(store: &Store, content: &str, at: u64) -> JobId {
    let (job, lease) = claim(store, after(at)).await.expect("a job");
    let result = file(content);
    store.expect_blob(&result.hash, result.bytes, after(at)).await.expect("announced");
    assert!(
        store
            .finish(&job.id, &lease, ending(Outcome::Completed { result }), after(at))
            .await
            .expect("an answer")
    );
    job.id
}

fn verdict(account: &AccountId, approved: bool) -> Verdict {
    Verdict {
        approved,
        reason: "skin too smooth".into(),
        markings: r#"[{"x":0.5,"y":0.5}]"#.into(),
        account: account.clone(),
        actor: "ada@example.org".into(),
        expires_at: after(99),
        deliveries: Vec::new(),
    }
}

async fn colleague(store: &Store, ada: &Someone) -> AccountId {
    let new = NewAccount {
        email: "bob@example.org".into(),
        password_hash: None,
        operator: false,
        organization: ada.organization.id.clone(),
        role: Role::Admin,
        hook_secret: "secret".into(),
    };
    store.create_account(&new, NOON).await.expect("an account").id
}

pub async fn two_reviewers_do_not_judge_the_same_result(store: Store) {
    let ada = someone(&store, "ada", 9).await;
    let (hers, his) = (ada.account.id.clone(), colleague(&store, &ada).await);
    let new = job_of(&store, &ada, true).await;
    accepted(&store, &new, NOON).await;
    let early = store.claim_review(&new.id, &hers, NOON, after(60)).await.expect("an answer");
    assert_eq!(early, None, "nothing to look at yet");
    let id = made(&store, "result", 0).await;

    let claim =
        store.claim_review(&id, &hers, after(1), after(60)).await.expect("an answer").expect("a claim");
    assert_eq!((&claim.account_id, claim.email.as_str()), (&hers, "ada@example.org"));
    let late = store.claim_review(&id, &his, after(2), after(60)).await.expect("an answer").expect("a claim");
    assert_eq!(late.account_id, hers);
    let refused = store.judge(&id, verdict(&his, true), after(3)).await.expect("an answer");
    assert_eq!(refused, Judged::Claimed(claim));
    assert_eq!(store.review_claims(&ada.organization.id, after(3)).await.expect("claims").len(), 1);
    let eve = someone(&store, "eve", 0).await;
    assert_eq!(store.review_claims(&eve.organization.id, after(3)).await.expect("claims"), []);

    store.release_review(&id, &his).await.expect("an answer");
    assert_eq!(
        store.review_claims(&ada.organization.id, after(3)).await.expect("claims").len(),
        1,
        "not his to give up"
    );
    store.release_review(&id, &hers).await.expect("an answer");
    assert_eq!(store.review_claims(&ada.organization.id, after(3)).await.expect("claims"), []);

    store.claim_review(&id, &hers, after(4), after(60)).await.expect("an answer");
    let over =
        store.claim_review(&id, &his, after(60), after(120)).await.expect("an answer").expect("a claim");
    assert_eq!(over.account_id, his, "a claim ends by itself");
    assert_eq!(store.judge(&id, verdict(&his, true), after(61)).await.expect("an answer"), Judged::Done);
    assert_eq!(store.review_claims(&ada.organization.id, after(61)).await.expect("claims"), []);
    assert_eq!(store.claim_review(&id, &hers, after(62), after(90)).await.expect("an answer"), None);
}

pub async fn earlier_results_stay_as_long_as_the_job(store: Store) {
    let ada = someone(&store, "ada", 9).await;
    let new = job_of(&store, &ada, true).await;
    accepted(&store, &new, NOON).await;
    for (at, content) in [(0, "first"), (10, "second")] {
        let id = made(&store, content, at).await;
        let rejected = store.judge(&id, verdict(&ada.account.id, false), after(at)).await.expect("an answer");
        assert_eq!(rejected, Judged::Done);
        assert_eq!(again(&store, &id, after(at + 5), after(99)).await, Restarted::Again);
    }
    let id = made(&store, "third", 20).await;
    let earlier = store.earlier_results(&id).await.expect("results");
    let rounds: Vec<_> = earlier.iter().map(|result| (result.round, result.file.hash)).collect();
    assert_eq!(rounds, [(0, file("first").hash), (1, file("second").hash)]);
    let verdicts = store.verdicts(&id).await.expect("verdicts");
    assert_eq!(
        verdicts.iter().map(|one| (one.round, one.approved)).collect::<Vec<_>>(),
        [(0, false), (1, false)]
    );
    assert!(verdicts[0].markings.contains("0.5"));
    let found = store.image(&ada.organization.id, &file("first").hash).await.expect("an answer");
    assert!(found.is_some(), "an earlier result is a picture of the organization");
    let later = NOON.plus(Duration::from_secs(9 * 24 * 3600));
    assert!(store.loose_blobs(later, later, 99).await.expect("loose").is_empty());

    store.judge(&id, verdict(&ada.account.id, true), after(21)).await.expect("an answer");
    store.purge_job(&id, after(100)).await.expect("purged");
    assert_eq!(store.earlier_results(&id).await.expect("results"), []);
    let verdicts = store.verdicts(&id).await.expect("verdicts");
    assert!(verdicts.iter().all(|one| one.markings == "[]"), "notes go with the picture");
    assert_eq!(store.loose_blobs(later, later, 99).await.expect("loose").len(), 4);
}

pub async fn a_picture_of_a_workflow_is_no_upload_that_expires(store: Store) {
    let ada = someone(&store, "ada", 0).await;
    let new = job_of(&store, &ada, false).await;
    let (workflow, ground) = (new.workflow.expect("a workflow").id, file("a backdrop"));
    store.expect_blob(&ground.hash, ground.bytes, NOON).await.expect("announced");
    store.keep_upload(&ada.organization.id, &ground, NOON).await.expect("kept");
    for _ in 0..2 {
        store.keep_asset(&ada.organization.id, &workflow, &ground, NOON).await.expect("kept");
    }
    assert_eq!(store.drop_uploads(after(9)).await.expect("dropped"), 1);
    assert_eq!(store.loose_blobs(after(9), after(9), 9).await.expect("loose"), []);
    assert!(store.image(&ada.organization.id, &ground.hash).await.expect("an answer").is_some());
}

pub async fn orders_tell_how_their_jobs_stand(store: Store) {
    let (ada, eve) = (someone(&store, "ada", 99).await, someone(&store, "eve", 99).await);
    let tag = |id: &str, name: &str| BatchTag { id: id.into(), name: name.into(), told_at: String::new() };
    let plain = job_of(&store, &ada, false).await;
    let reviewed = job_of(&store, &ada, true).await;
    let all = [
        (&ada, &plain, "b1", "Autumn 50%"),
        (&ada, &plain, "b1", "Autumn 50%"),
        (&ada, &reviewed, "b1", "Autumn 50%"),
        (&ada, &plain, "b2", "Winter"),
        (&eve, &job_of(&store, &eve, false).await, "b1", "Spring"),
    ];
    for (index, (someone, model, id, name)) in all.into_iter().enumerate() {
        let job = NewJob { workflow: model.workflow.clone(), batch: Some(tag(id, name)), ..someone.job() };
        accepted(&store, &job, after(index as u64)).await;
    }
    let (job, lease) = claim(&store, after(9)).await.expect("a job");
    assert!(store.finish(&job.id, &lease, failed(), after(9)).await.expect("an answer"));
    let of_ada = |filter: OrderFilter| {
        let (store, id) = (store.clone(), ada.organization.id.clone());
        async move { store.orders(&id, &OrderFilter { limit: 9, ..filter }).await.expect("orders") }
    };
    let (orders, total) = of_ada(OrderFilter::default()).await;
    assert_eq!((orders.len(), total, orders[0].name.as_str(), orders[1].total()), (2, 2, "Winter", 3));
    assert_eq!(orders[1].author, "ada@example.org");
    let (orders, _) = of_ada(OrderFilter { state: Some(JobState::Failed), ..OrderFilter::default() }).await;
    assert!(orders.iter().all(|order| order.failed == 1), "{orders:?}");
    for (text, count) in [("autumn", 1), ("50%", 1), ("5_%", 0), ("nobody", 0), ("", 2)] {
        let filter = OrderFilter { text: Some(text.into()), ..OrderFilter::default() };
        assert_eq!(of_ada(filter).await.1, count, "{text}");
    }
    let filter = OrderFilter { since: Some(after(3)), ..OrderFilter::default() };
    assert_eq!(of_ada(filter).await.0[0].id, "b2");
    let filter = OrderFilter { id: Some("b1".into()), before: Some(after(1)), ..OrderFilter::default() };
    assert_eq!(of_ada(filter).await.1, 1);

    let jobs = |filter: JobFilter| {
        let (store, organization) = (store.clone(), Some(ada.organization.id.clone()));
        async move {
            let filter = JobFilter { organization, limit: 9, ..filter };
            (
                store.jobs(&filter).await.expect("jobs").len(),
                store.count_jobs(&filter).await.expect("a count"),
            )
        }
    };
    let named = |text: &str| JobFilter { text: Some(text.into()), ..JobFilter::default() };
    assert_eq!(jobs(named("PORTRAIT")).await, (4, 4));
    assert_eq!(jobs(named("no such")).await, (0, 0));
    let since = JobFilter { since: Some(after(3)), ..JobFilter::default() };
    assert_eq!(jobs(since).await, (1, 1));
    let before = JobFilter { before: Some(after(3)), oldest_first: true, ..JobFilter::default() };
    assert_eq!(jobs(before).await, (3, 3));
}
