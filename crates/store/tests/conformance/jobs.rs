//! Accepting jobs and ending them: credits, keys, files.

use std::time::Duration;

use store::{
    Idempotency, JobState, NewJob, NewToken, Outcome, Restart, Restarted, Store, StoreError, Submitted,
    TokenId,
};

use crate::setting::{NOON, Someone, accepted, after, again, claim, ending, failed, file, someone, submit};

pub async fn a_job_is_paid_for_when_it_is_accepted(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    let new = ada.job();
    let Submitted::Accepted { standing } = submit(&store, &new, NOON).await else { panic!("not accepted") };
    assert_eq!((standing.balance, standing.used_today, standing.quota()), (4, 1, 4));
    let job = store.job(&new.id).await.expect("an answer").expect("the job");
    assert_eq!((job.state, job.attempt, job.charged, &job.input), (JobState::Waiting, 0, 1, &new.input));
    assert_eq!(store.image(&ada.organization.id, &new.input.hash).await.expect("an answer"), Some(new.input));
    let other = someone(&store, "other", 0).await;
    assert_eq!(store.image(&other.organization.id, &job.input.hash).await.expect("an answer"), None);
}

pub async fn no_credits_no_job(store: Store) {
    let ada = someone(&store, "ada", 1).await;
    accepted(&store, &ada.job(), NOON).await;
    let refused = ada.job();
    assert_eq!(submit(&store, &refused, NOON).await, Submitted::NoCredits);
    assert_eq!(store.job(&refused.id).await.expect("an answer"), None);
    assert_eq!(store.image(&ada.organization.id, &refused.input.hash).await.expect("an answer"), None);
}

pub async fn the_day_has_its_limit_and_failed_jobs_do_not_count(store: Store) {
    let ada = someone(&store, "ada", 100).await;
    let limit = store::OrganizationChange { daily_allowance: Some(Some(2)), ..Default::default() };
    store.set_organization(&ada.organization.id, &limit).await.expect("a limit");
    accepted(&store, &ada.job(), NOON).await;
    accepted(&store, &ada.job(), NOON).await;
    assert_eq!(submit(&store, &ada.job(), NOON).await, Submitted::DailyLimit);
    let (job, lease) = claim(&store, NOON).await.expect("a job");
    assert!(store.finish(&job.id, &lease, failed(), NOON).await.expect("an answer"));
    accepted(&store, &ada.job(), NOON).await;
    assert_eq!(submit(&store, &ada.job(), NOON).await, Submitted::DailyLimit);
    assert_eq!(again(&store, &job.id, after(5), after(99)).await, Restarted::DailyLimit);
    let kept = store.job(&job.id).await.expect("an answer").expect("the job");
    assert_eq!((kept.state, ada.balance(&store).await), (JobState::Failed, 98));
    let by_the_house = Restart { expires_at: after(99), heeds_allowance: false, when_unpaid: Vec::new() };
    let restarted = store.retry(&job.id, by_the_house, after(6)).await.expect("an answer");
    assert_eq!((restarted, ada.balance(&store).await), (Restarted::Again, 97));
    accepted(&store, &ada.job(), after(24 * 3600)).await;
}

async fn token(store: &Store, ada: &Someone) -> TokenId {
    let new = NewToken {
        account_id: ada.account.id.clone(),
        organization_id: ada.organization.id.clone(),
        name: String::new(),
        hash: [1; 32],
        hint: String::new(),
    };
    store.create_token(&new, NOON).await.expect("a token").id
}

fn keyed(ada: &Someone, token: &TokenId, key: &str, fingerprint: &str) -> NewJob {
    let idempotency =
        Idempotency { key: key.into(), fingerprint: fingerprint.into(), expires_at: after(24 * 3600) };
    NewJob {
        token_id: Some(token.clone()),
        idempotency: Some(idempotency),
        input: file("one picture"),
        ..ada.job()
    }
}

pub async fn one_key_is_one_job(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    let token = token(&store, &ada).await;
    let first = keyed(&ada, &token, "k", "same");
    accepted(&store, &first, NOON).await;
    let replayed = submit(&store, &keyed(&ada, &token, "k", "same"), after(60)).await;
    assert_eq!(replayed, Submitted::Replayed { job: first.id.clone(), quota: 4 });
    assert_eq!(submit(&store, &keyed(&ada, &token, "k", "other"), after(60)).await, Submitted::KeyReused);
    assert_eq!(ada.balance(&store).await, 4);
    accepted(&store, &keyed(&ada, &token, "k2", "other"), after(60)).await;
    accepted(&store, &keyed(&ada, &token, "k", "other"), after(24 * 3600 + 1)).await;
}

pub async fn a_key_is_free_again_when_its_job_is_over(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    let token = token(&store, &ada).await;
    let first = keyed(&ada, &token, "k", "same");
    accepted(&store, &first, NOON).await;
    let (job, lease) = claim(&store, NOON).await.expect("a job");
    let ending = store::Finish { expires_at: after(100), ..failed() };
    assert!(store.finish(&job.id, &lease, ending, NOON).await.expect("an answer"));
    let again = submit(&store, &keyed(&ada, &token, "k", "same"), after(99)).await;
    assert!(matches!(again, Submitted::Replayed { job, .. } if job == first.id));
    let second = keyed(&ada, &token, "k", "same");
    accepted(&store, &second, after(100)).await;
    let again = submit(&store, &keyed(&ada, &token, "k", "same"), after(101)).await;
    assert!(matches!(again, Submitted::Replayed { job, .. } if job == second.id));
}

pub async fn fifty_equal_requests_at_once_are_one_job(store: Store) {
    let ada = someone(&store, "ada", 100).await;
    let token = token(&store, &ada).await;
    let requests = (0..50).map(|_| {
        let (store, job) = (store.clone(), keyed(&ada, &token, "k", "same"));
        tokio::spawn(async move { submit(&store, &job, NOON).await })
    });
    let mut accepted = 0;
    for request in requests.collect::<Vec<_>>() {
        match request.await.expect("a task") {
            Submitted::Accepted { .. } => accepted += 1,
            other => assert!(matches!(other, Submitted::Replayed { .. }), "{other:?}"),
        }
    }
    assert_eq!((accepted, ada.balance(&store).await), (1, 99));
}

pub async fn an_upload_that_was_swept_away_is_noticed(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    let job = ada.job();
    let refused = store.submit(&job, NOON).await;
    assert!(matches!(refused, Err(StoreError::BlobGone)), "{refused:?}");
    assert_eq!(ada.balance(&store).await, 5);
    store.expect_blob(&job.input.hash, 1, NOON).await.expect("announced");
    assert_eq!(store.loose_blobs(after(10), after(10), 10).await.expect("loose"), [job.input.hash]);
    assert!(matches!(store.submit(&job, after(20)).await, Err(StoreError::BlobGone)));
    assert!(matches!(store.expect_blob(&job.input.hash, 1, after(20)).await, Err(StoreError::BlobGone)));
    store.forget_blob(&job.input.hash).await.expect("forgotten");
    accepted(&store, &job, after(20)).await;
}

pub async fn a_failed_job_is_refunded_once_and_may_begin_again(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    let new = ada.job();
    accepted(&store, &new, NOON).await;
    let (job, lease) = claim(&store, NOON).await.expect("a job");
    assert!(store.finish(&job.id, &lease, failed(), after(1)).await.expect("an answer"));
    assert!(!store.finish(&job.id, &lease, failed(), after(2)).await.expect("an answer"));
    assert_eq!(ada.balance(&store).await, 5);
    let job = store.job(&new.id).await.expect("an answer").expect("the job");
    assert_eq!((job.state, job.charged, job.finished_at), (JobState::Failed, 0, Some(after(1))));
    assert_eq!((job.reason.as_str(), job.expires_at), ("it did not work", after(48 * 3600)));

    assert_eq!(again(&store, &new.id, after(3), after(9)).await, Restarted::Again);
    assert_eq!(again(&store, &new.id, after(3), after(9)).await, Restarted::NotPossible);
    assert_eq!(ada.balance(&store).await, 4);
    let (job, lease) = claim(&store, after(4)).await.expect("a job");
    assert_eq!((job.round, job.attempt), (1, 1));
    let result = file("the result");
    store.expect_blob(&result.hash, result.bytes, after(4)).await.expect("announced");
    let done = ending(Outcome::Completed { result: result.clone() });
    assert!(store.finish(&job.id, &lease, done, after(5)).await.expect("an answer"));
    let job = store.job(&new.id).await.expect("an answer").expect("the job");
    assert_eq!((job.state, job.progress, job.result), (JobState::Completed, 100, Some(result)));
    assert_eq!(ada.balance(&store).await, 4);
    let outcomes: Vec<_> =
        store.attempts(&new.id).await.expect("attempts").into_iter().map(|a| a.outcome).collect();
    assert_eq!(outcomes, ["failed", "completed"]);
    let ledger = store.ledger(&ada.organization.id, 10).await.expect("a ledger");
    assert_eq!(ledger.iter().map(|entry| entry.amount).collect::<Vec<_>>(), [-1, 1, -1, 5]);
}

pub async fn a_cancelled_job_is_refunded(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    let (waiting, active) = (ada.job(), ada.job());
    accepted(&store, &active, NOON).await;
    let (job, lease) = claim(&store, NOON).await.expect("a job");
    accepted(&store, &waiting, NOON).await;
    assert_eq!(
        store.cancel(&waiting.id, NOON, Vec::new(), NOON).await.expect("an answer"),
        Some(JobState::Waiting)
    );
    assert_eq!(
        store.cancel(&active.id, NOON, Vec::new(), NOON).await.expect("an answer"),
        Some(JobState::Active)
    );
    assert_eq!(store.cancel(&"nobody".into(), NOON, Vec::new(), NOON).await.expect("an answer"), None);
    assert_eq!(ada.balance(&store).await, 4);
    let hold = store.progress(&job.id, &lease, store::Step::Processing, "Heal", 10, after(11)).await;
    assert_eq!(hold.expect("an answer"), store::Hold::CancelAsked);
    assert!(store.finish(&job.id, &lease, ending(Outcome::Cancelled), after(1)).await.expect("an answer"));
    assert_eq!(ada.balance(&store).await, 5);
    assert!(claim(&store, after(1)).await.is_none());
}

pub async fn expired_files_are_let_go_and_shared_bytes_stay(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    let first = NewJob { input: file("shared"), ..ada.job() };
    let second = NewJob { input: file("shared"), ..ada.job() };
    accepted(&store, &first, NOON).await;
    accepted(&store, &second, NOON).await;
    let (job, lease) = claim(&store, NOON).await.expect("a job");
    let ending = store::Finish { expires_at: after(100), ..failed() };
    assert!(store.finish(&job.id, &lease, ending, NOON).await.expect("an answer"));
    assert!(store.expired_jobs(after(99), 10).await.expect("jobs").is_empty());
    assert_eq!(store.expired_jobs(after(100), 10).await.expect("jobs"), std::slice::from_ref(&job.id));
    store.purge_job(&job.id, after(100)).await.expect("purged");
    assert!(store.expired_jobs(after(100), 10).await.expect("jobs").is_empty());
    let purged = store.job(&job.id).await.expect("an answer").expect("the job");
    assert!(purged.purged && purged.input.name.is_empty());
    let later = after(24 * 3600);
    assert!(
        store.loose_blobs(later, later, 10).await.expect("loose").is_empty(),
        "the other job needs the bytes"
    );
    let other = if job.id == first.id { &second.id } else { &first.id };
    store.cancel(other, later, Vec::new(), later).await.expect("cancelled");
    store.purge_job(other, later).await.expect("purged");
    let much_later = later.plus(Duration::from_secs(3600));
    assert_eq!(store.loose_blobs(much_later, much_later, 10).await.expect("loose"), [file("shared").hash]);
    assert!(store.known_blob(&file("shared").hash).await.expect("an answer"));
    store.forget_blob(&file("shared").hash).await.expect("forgotten");
    assert!(!store.known_blob(&file("shared").hash).await.expect("an answer"));
}

pub async fn a_job_that_began_anew_keeps_its_files(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    let new = ada.job();
    accepted(&store, &new, NOON).await;
    store.cancel(&new.id, after(100), Vec::new(), NOON).await.expect("cancelled");
    let due = store.expired_jobs(after(100), 10).await.expect("jobs");
    assert_eq!(due, std::slice::from_ref(&new.id));
    let meanwhile = again(&store, &new.id, after(100), after(500)).await;
    assert_eq!(meanwhile, Restarted::Again, "while the sweeper is at it");
    assert!(!store.purge_job(&due[0], after(100)).await.expect("an answer"));
    let job = store.job(&new.id).await.expect("an answer").expect("the job");
    assert!(!job.purged && job.input == new.input);
    let kept = store.image(&ada.organization.id, &new.input.hash).await.expect("an answer");
    assert_eq!(kept, Some(new.input));
}

pub async fn two_sweepers_never_take_the_same_bytes_away(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    let new = ada.job();
    store.expect_blob(&new.input.hash, new.input.bytes, NOON).await.expect("announced");
    let first = store.loose_blobs(after(10), after(130), 10).await.expect("loose");
    assert_eq!(first, [new.input.hash]);
    let second = store.loose_blobs(after(11), after(131), 10).await.expect("loose");
    assert_eq!(
        second,
        [],
        "what the first deletes and forgets may be stored anew before the second deletes it"
    );
    let abandoned = store.loose_blobs(after(131), after(251), 10).await.expect("loose");
    assert_eq!(abandoned, first, "a sweeper that died loses them to the next");
}

pub async fn the_same_bytes_may_come_from_many_sides_at_once(store: Store) {
    let ada = someone(&store, "ada", 1_000).await;
    let shared = file("shared");
    accepted(&store, &NewJob { input: shared.clone(), ..ada.job() }, NOON).await;
    let sides = (0..12).map(|side| {
        let (store, organization, shared) = (store.clone(), ada.organization.id.clone(), shared.clone());
        let jobs: Vec<_> = (0..25).map(|_| NewJob { input: shared.clone(), ..ada.job() }).collect();
        tokio::spawn(async move {
            for job in jobs {
                if side % 2 == 0 {
                    store.keep_upload(&organization, &shared, NOON).await.expect("kept");
                } else {
                    accepted(&store, &job, NOON).await;
                }
            }
        })
    });
    for side in sides.collect::<Vec<_>>() {
        side.await.expect("no two wait for each other");
    }
}

pub async fn balances_hold_when_many_spend_at_once(store: Store) {
    let ada = someone(&store, "ada", 30).await;
    let requests = (0..60).map(|_| {
        let (store, job) = (store.clone(), ada.job());
        tokio::spawn(async move { submit(&store, &job, NOON).await })
    });
    let mut accepted = 0;
    for request in requests.collect::<Vec<_>>() {
        match request.await.expect("a task") {
            Submitted::Accepted { .. } => accepted += 1,
            other => assert_eq!(other, Submitted::NoCredits),
        }
    }
    assert_eq!((accepted, ada.balance(&store).await), (30, 0));
    let ledger = store.ledger(&ada.organization.id, 100).await.expect("a ledger");
    assert_eq!(ledger.iter().map(|entry| entry.amount).sum::<i64>(), 0);
}
