//! Workflows, batches, verdicts, uploads.

use std::time::Duration;

use store::{
    BatchTag, JobFilter, JobState, Judged, NewJob, Outcome, Restarted, Store, StoreError, Submitted, Verdict,
    WithoutCredits, Workflow, WorkflowDraft, WorkflowUse,
};

use crate::setting::{NOON, Someone, accepted, after, again, claim, ending, file, someone, submit};

fn draft(ada: &Someone, name: &str, price: i64) -> WorkflowDraft {
    WorkflowDraft {
        name: name.into(),
        components: "[]".into(),
        price,
        review: false,
        account_id: ada.account.id.clone(),
    }
}

async fn workflow(store: &Store, ada: &Someone, review: bool) -> Workflow {
    let draft = WorkflowDraft { review, ..draft(ada, "white", 3) };
    store.create_workflow(&ada.organization.id, &draft, NOON).await.expect("a workflow")
}

fn job_of(ada: &Someone, workflow: &Workflow) -> NewJob {
    let usage = WorkflowUse {
        id: workflow.workflow_id.clone(),
        version: workflow.id.clone(),
        name: workflow.name.clone(),
        review: workflow.review,
    };
    NewJob { workflow: Some(usage), price: workflow.price, ..ada.job() }
}

pub async fn every_version_of_a_workflow_is_kept(store: Store) {
    let ada = someone(&store, "ada", 0).await;
    let id = &ada.organization.id;
    let first = store.create_workflow(id, &draft(&ada, "white", 3), NOON).await.expect("a workflow");
    let second = store.save_workflow(id, &first.workflow_id, &draft(&ada, "grey", 4), after(1)).await;
    let second = second.expect("a version");
    assert_eq!((second.number, second.name.as_str(), second.price), (2, "grey", 4));
    let current = store.workflow(id, &first.workflow_id, None).await.expect("an answer");
    assert_eq!(current.as_ref(), Some(&second));
    let old = store.workflow(id, &first.workflow_id, Some(&first.id)).await.expect("an answer");
    assert_eq!(old.as_ref(), Some(&first));
    let versions = store.workflow_versions(id, &first.workflow_id).await.expect("versions");
    assert_eq!(versions, [second.clone(), first.clone()]);
    assert_eq!(store.workflows(id, 10, 0).await.expect("workflows"), (vec![second], 1));
    assert!(store.archive_workflow(id, &first.workflow_id, true).await.expect("an answer"));
    assert_eq!(store.workflows(id, 10, 0).await.expect("workflows"), (vec![], 0));
    assert!(
        store.workflow(id, &first.workflow_id, None).await.expect("an answer").is_some_and(|it| it.archived)
    );
}

pub async fn workflows_belong_to_their_organization(store: Store) {
    let (ada, eve) = (someone(&store, "ada", 0).await, someone(&store, "eve", 0).await);
    let hers = workflow(&store, &ada, false).await;
    let other = &eve.organization.id;
    assert_eq!(store.workflow(other, &hers.workflow_id, None).await.expect("an answer"), None);
    assert_eq!(store.workflow(other, &hers.workflow_id, Some(&hers.id)).await.expect("an answer"), None);
    assert_eq!(store.workflow_versions(other, &hers.workflow_id).await.expect("versions"), []);
    assert_eq!(store.workflows(other, 10, 0).await.expect("workflows"), (vec![], 0));
    assert!(!store.archive_workflow(other, &hers.workflow_id, true).await.expect("an answer"));
    let stolen = store.save_workflow(other, &hers.workflow_id, &draft(&eve, "mine", 1), NOON).await;
    assert!(matches!(stolen, Err(StoreError::Missing(_))), "{stolen:?}");
}

pub async fn an_unpaid_job_waits_for_credits_and_a_retry(store: Store) {
    let ada = someone(&store, "ada", 2).await;
    let workflow = workflow(&store, &ada, false).await;
    let new = NewJob { without_credits: WithoutCredits::Keep, ..job_of(&ada, &workflow) };
    assert_eq!(submit(&store, &new, NOON).await, Submitted::KeptUnpaid);
    let job = store.job(&new.id).await.expect("an answer").expect("the job");
    assert_eq!((job.state, job.charged, ada.balance(&store).await), (JobState::Unpaid, 0, 2));
    assert!(claim(&store, NOON).await.is_none());
    assert_eq!(again(&store, &new.id, after(1), after(99)).await, Restarted::NoCredits);
    store.add_credits(&ada.organization.id, 5, "", "operator", after(2)).await.expect("credits");
    assert_eq!(again(&store, &new.id, after(3), after(99)).await, Restarted::Again);
    assert_eq!(claim(&store, after(3)).await.expect("a job").0.charged, 3);
    assert_eq!(ada.balance(&store).await, 4);
}

pub async fn a_result_counts_when_a_person_says_so(store: Store) {
    let ada = someone(&store, "ada", 10).await;
    let workflow = workflow(&store, &ada, true).await;
    let verdict = |approved| Verdict {
        approved,
        reason: "the hair is cut off".into(),
        markings: "[]".into(),
        account: ada.account.id.clone(),
        actor: "ada@example.org".into(),
        expires_at: after(99),
        deliveries: Vec::new(),
    };
    for approved in [true, false] {
        let new = job_of(&ada, &workflow);
        accepted(&store, &new, NOON).await;
        let too_early = store.judge(&new.id, verdict(approved), NOON).await.expect("an answer");
        assert_eq!(too_early, Judged::NotInReview);
        let (job, lease) = claim(&store, NOON).await.expect("a job");
        let result = file("the result");
        store.expect_blob(&result.hash, result.bytes, NOON).await.expect("announced");
        let done = ending(Outcome::Completed { result });
        assert!(store.finish(&job.id, &lease, done, after(1)).await.expect("an answer"));
        let job = store.job(&new.id).await.expect("an answer").expect("the job");
        assert_eq!((job.state, job.charged), (JobState::InReview, 3));
        assert_eq!(store.judge(&new.id, verdict(approved), after(2)).await.expect("an answer"), Judged::Done);
        let again = store.judge(&new.id, verdict(!approved), after(3)).await.expect("an answer");
        assert_eq!(again, Judged::NotInReview);
        let job = store.job(&new.id).await.expect("an answer").expect("the job");
        let expected = if approved { (JobState::Completed, 3) } else { (JobState::Failed, 0) };
        assert_eq!((job.state, job.charged), expected);
        assert!(store.set_feedback(&new.id, "{}").await.expect("an answer"));
    }
    assert_eq!(ada.balance(&store).await, 7);
}

pub async fn a_batch_is_named_by_its_first_job(store: Store) {
    let (ada, eve) = (someone(&store, "ada", 100).await, someone(&store, "eve", 100).await);
    let tag = |name: &str| BatchTag { id: "b1".into(), name: name.into(), told_at: String::new() };
    let hers = workflow(&store, &ada, false).await;
    let others = workflow(&store, &eve, false).await;
    for (someone, workflow, name, at) in
        [(&ada, &hers, "Autumn", 0), (&ada, &hers, "Winter", 1), (&eve, &others, "Spring", 2)]
    {
        let new = NewJob { batch: Some(tag(name)), ..job_of(someone, workflow) };
        accepted(&store, &new, after(at)).await;
    }
    let (batches, total) = store.batches(&ada.organization.id, None, 10, 0).await.expect("batches");
    assert_eq!((batches.len(), total), (1, 1));
    let batch = &batches[0];
    assert_eq!((batch.name.as_str(), batch.executions, batch.price), ("Autumn", 2, 6));
    assert_eq!(store.batches(&ada.organization.id, Some("b2"), 10, 0).await.expect("batches"), (vec![], 0));
    let filter = JobFilter {
        organization: Some(ada.organization.id.clone()),
        batch: Some("b1".into()),
        workflow: Some(hers.workflow_id.clone()),
        limit: 1,
        ..JobFilter::default()
    };
    assert_eq!(store.jobs(&filter).await.expect("jobs").len(), 1);
    assert_eq!(store.count_jobs(&filter).await.expect("a count"), 2);
}

pub async fn an_upload_stays_until_it_is_dropped(store: Store) {
    let (ada, eve) = (someone(&store, "ada", 5).await, someone(&store, "eve", 5).await);
    let upload = file("an upload");
    let gone = store.keep_upload(&ada.organization.id, &upload, NOON).await;
    assert!(matches!(gone, Err(StoreError::BlobGone)), "{gone:?}");
    store.expect_blob(&upload.hash, upload.bytes, NOON).await.expect("announced");
    for at in [0, 60] {
        store.keep_upload(&ada.organization.id, &upload, after(at)).await.expect("kept");
    }
    assert_eq!(
        store.image(&ada.organization.id, &upload.hash).await.expect("an answer"),
        Some(upload.clone())
    );
    assert_eq!(store.image(&eve.organization.id, &upload.hash).await.expect("an answer"), None);
    let day = NOON.plus(Duration::from_secs(24 * 3600));
    assert!(store.loose_blobs(day, day, 10).await.expect("loose").is_empty());
    assert_eq!(store.drop_uploads(after(60)).await.expect("dropped"), 0);
    assert_eq!(store.drop_uploads(after(61)).await.expect("dropped"), 1);
    assert_eq!(store.loose_blobs(day, day, 10).await.expect("loose"), [upload.hash]);
}
