//! The outbox.

use std::time::{Duration, Instant};

use store::{
    DeliveryFilter, DeliveryState, Dialect, Finish, Job, NewDelivery, Next, Store, TestMessage, Timestamp,
    Try,
};

use crate::setting::{NOON, Someone, accepted, after, claim, failed, someone};

fn message(job: &Job, host: &str, state: DeliveryState) -> NewDelivery {
    NewDelivery {
        organization_id: job.organization_id.clone(),
        account_id: job.account_id.clone(),
        job_id: job.id.clone(),
        dialect: Dialect::Retouch4me,
        event: "failed".into(),
        url: format!("https://{host}/hook"),
        host: host.into(),
        body: "{}".into(),
        state,
        note: String::new(),
        next_at: NOON,
    }
}

/// Ends a job with messages to these hosts.
async fn post(store: &Store, ada: &Someone, hosts: &[(&str, DeliveryState)]) -> Job {
    accepted(store, &ada.job(), NOON).await;
    let (job, lease) = claim(store, NOON).await.expect("a job");
    let deliveries = hosts.iter().map(|(host, state)| message(&job, host, *state)).collect();
    let ending = Finish { deliveries, ..failed() };
    assert!(store.finish(&job.id, &lease, ending, NOON).await.expect("an answer"));
    job
}

fn tried(at: Timestamp, status: Option<i64>) -> Try {
    Try { at, millis: 20, status, error: "no answer".into(), excerpt: String::new() }
}

pub async fn messages_leave_with_the_state_they_tell_of(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    let hosts = [("good.example", DeliveryState::Pending), ("bad.example", DeliveryState::Refused)];
    let job = post(&store, &ada, &hosts).await;
    let due = store.claim_deliveries(NOON, 10, 4, after(20)).await.expect("messages");
    assert_eq!(due.iter().map(|one| one.host.as_str()).collect::<Vec<_>>(), ["good.example"]);
    assert!(store.claim_deliveries(after(5), 10, 4, after(25)).await.expect("messages").is_empty());
    let again = store.claim_deliveries(after(20), 10, 4, after(40)).await.expect("messages");
    assert_eq!(again.len(), 1, "a courier that died loses its messages");
    store.record_try(&again[0].id, tried(after(20), Some(204)), Next::Delivered).await.expect("a note");
    assert!(store.claim_deliveries(after(90), 10, 4, after(99)).await.expect("messages").is_empty());
    let filter = DeliveryFilter { job: Some(job.id), limit: 10, ..Default::default() };
    let mut states: Vec<_> =
        store.deliveries(&filter).await.expect("messages").iter().map(|one| one.state.as_str()).collect();
    states.sort_unstable();
    assert_eq!(states, ["delivered", "refused"]);
}

pub async fn a_slow_host_does_not_hold_up_others(store: Store) {
    let ada = someone(&store, "ada", 50).await;
    for _ in 0..10 {
        post(&store, &ada, &[("slow.example", DeliveryState::Pending)]).await;
    }
    post(&store, &ada, &[("quick.example", DeliveryState::Pending)]).await;
    let due = store.claim_deliveries(NOON, 5, 3, after(20)).await.expect("messages");
    let slow = due.iter().filter(|one| one.host == "slow.example").count();
    assert_eq!((due.len(), slow), (4, 3));
    assert!(store.claim_deliveries(after(1), 5, 3, after(20)).await.expect("messages").is_empty());
    let first = due.iter().find(|one| one.host == "slow.example").expect("a slow one");
    store.record_try(&first.id, tried(after(1), None), Next::Again(after(60))).await.expect("a note");
    assert_eq!(store.claim_deliveries(after(2), 5, 3, after(20)).await.expect("messages").len(), 1);
}

pub async fn tries_are_listed_and_messages_can_be_sent_again(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    post(&store, &ada, &[("some.example", DeliveryState::Pending)]).await;
    let due = store.claim_deliveries(NOON, 5, 3, after(20)).await.expect("messages");
    store.record_try(&due[0].id, tried(after(1), None), Next::Again(after(6))).await.expect("a note");
    assert_eq!(store.next_delivery_at().await.expect("a time"), Some(after(6)));
    store.record_try(&due[0].id, tried(after(6), Some(500)), Next::GiveUp).await.expect("a note");
    assert_eq!(store.next_delivery_at().await.expect("a time"), None);
    let tries = store.tries(&due[0].id).await.expect("tries");
    assert_eq!(tries, [tried(after(1), None), tried(after(6), Some(500))]);
    let filter = DeliveryFilter { state: Some(DeliveryState::GivenUp), limit: 5, ..Default::default() };
    assert_eq!(store.deliveries(&filter).await.expect("messages")[0].tries, 2);
    assert!(store.resend(&due[0].id, after(100)).await.expect("an answer"));
    assert!(!store.resend(&"nobody".into(), after(100)).await.expect("an answer"));
    let again = store.claim_deliveries(after(100), 5, 3, after(120)).await.expect("messages");
    assert_eq!((again.len(), again[0].tries), (1, 0), "it begins anew");
    store.record_try(&due[0].id, tried(after(101), Some(200)), Next::Delivered).await.expect("a note");
    let times: Vec<_> = store.tries(&due[0].id).await.expect("tries").into_iter().map(|one| one.at).collect();
    assert_eq!(times, [after(1), after(6), after(101)], "what was tried before stays listed");
}

pub async fn a_long_backlog_is_no_long_look(store: Store) {
    const BACKLOG: usize = 4_000;
    let ada = someone(&store, "ada", 5).await;
    let message = TestMessage {
        organization_id: ada.organization.id.clone(),
        account_id: ada.account.id.clone(),
        dialect: Dialect::Studio,
        event: "test".into(),
        url: "https://slow.example/hook".into(),
        host: "slow.example".into(),
        body: "{}".into(),
        state: DeliveryState::Pending,
        note: String::new(),
    };
    let posted = (0..8).map(|_| {
        let (store, message) = (store.clone(), message.clone());
        tokio::spawn(async move {
            for _ in 0..BACKLOG / 8 {
                store.post_test(&message, NOON).await.expect("a message");
            }
        })
    });
    for posted in posted.collect::<Vec<_>>() {
        posted.await.expect("posted");
    }
    assert_eq!(store.claim_deliveries(NOON, 10, 4, after(20)).await.expect("messages").len(), 4);
    let began = Instant::now();
    assert!(store.claim_deliveries(after(1), 10, 4, after(20)).await.expect("messages").is_empty());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?} for one look", began.elapsed());
}

pub async fn a_late_note_brings_no_message_back(store: Store) {
    let ada = someone(&store, "ada", 5).await;
    post(&store, &ada, &[("some.example", DeliveryState::Pending)]).await;
    let slow = store.claim_deliveries(NOON, 5, 3, after(20)).await.expect("messages");
    let quick = store.claim_deliveries(after(20), 5, 3, after(40)).await.expect("messages");
    assert_eq!(slow[0].id, quick[0].id, "the first courier is taken for dead");
    store.record_try(&quick[0].id, tried(after(21), Some(200)), Next::Delivered).await.expect("a note");
    store.record_try(&slow[0].id, tried(after(22), None), Next::Again(after(30))).await.expect("a note");
    let kept = store.delivery(&slow[0].id).await.expect("an answer").expect("the message");
    assert_eq!(kept.state, DeliveryState::Delivered);
    assert!(store.claim_deliveries(after(60), 5, 3, after(80)).await.expect("messages").is_empty());
    assert_eq!(store.tries(&slow[0].id).await.expect("tries").len(), 2);
    let nobody = store.record_try(&"nobody".into(), tried(NOON, None), Next::GiveUp).await;
    assert!(nobody.is_err());
}
