//! Webhooks: signed, tried again, never led astray.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use service::{Delivery, DeliveryState, JobId, JobState, Settings, TestError, signature};
use store::DeliveryFilter;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::setting::{House, echo, quick};

/// What a receiver got.
type Got = Arc<Mutex<Vec<String>>>;

/// A receiver that answers its requests one after the other with these lines; the last one goes on.
async fn receiver(answers: Vec<&'static str>) -> (u16, Got) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let got = Got::default();
    let heard = got.clone();
    tokio::spawn(async move {
        let mut number = 0;
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = answers[number.min(answers.len() - 1)];
            number += 1;
            let heard = heard.clone();
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"}") {
                    let mut piece = [0; 4096];
                    match stream.read(&mut piece).await {
                        Ok(0) | Err(_) => break,
                        Ok(read) => request.extend_from_slice(&piece[..read]),
                    }
                }
                heard.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
                if answer.is_empty() {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    (port, got)
}

const OK: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
const BROKEN: &str = "HTTP/1.1 500 Oops\r\ncontent-length: 5\r\nconnection: close\r\n\r\nsorry";

async fn told(house: &House, number: u8, url: String) -> JobId {
    let mut order = house.order(number).await;
    order.hooks = vec![url];
    let job = house.service.submit(order).await.unwrap().job;
    house.completed(&job).await;
    job
}

async fn allow(house: &House, host: &str, private: bool) {
    house.service.store().allow_host(host, private, "test", house.service.now()).await.unwrap();
}

async fn delivery(house: &House, job: &JobId, wanted: impl Fn(&Delivery) -> bool) -> Delivery {
    let filter = DeliveryFilter { job: Some(job.clone()), limit: 10, ..DeliveryFilter::default() };
    for _ in 0..2_000 {
        let found = house.service.store().deliveries(&filter).await.unwrap();
        if let Some(delivery) = found.into_iter().next().filter(&wanted) {
            return delivery;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("waited in vain: {:?}", house.service.store().deliveries(&filter).await);
}

async fn house() -> House {
    let mut house = House::new(quick()).await;
    house.work(|upload, _, _| echo(upload));
    house.deliver();
    house
}

fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let line = request.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
    line.and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_signed_and_tried_again_until_it_arrives() {
    let mut house = house().await;
    allow(&house, "127.0.0.1", true).await;
    let (port, got) = receiver(vec![BROKEN, OK]).await;
    let job = told(&house, 1, format!("http://127.0.0.1:{port}/done?x=1")).await;
    let delivered = delivery(&house, &job, |one| one.state == DeliveryState::Delivered).await;
    assert_eq!(
        (delivered.tries, delivered.last_status, delivered.event.as_str()),
        (2, Some(204), "completed")
    );
    let tries = house.service.store().tries(&delivered.id).await.unwrap();
    assert_eq!(
        (tries[0].status, tries[0].excerpt.as_str(), tries[1].error.as_str()),
        (Some(500), "sorry", "")
    );

    let got = got.lock().unwrap().clone();
    assert!(got[0].starts_with("POST /done?x=1 HTTP/1.1\r\n"), "{}", got[0]);
    let bodies: Vec<&str> = got.iter().map(|one| one.split_once("\r\n\r\n").unwrap().1).collect();
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[0], format!(r#"{{"id":"{job}","state":"completed","progress":100}}"#));
    for request in &got {
        assert_eq!(header(request, "content-type"), "application/json");
        assert_eq!(header(request, "x-webhook-id"), delivered.id.as_str());
        let at: i64 = header(request, "x-webhook-timestamp").parse().unwrap();
        let expected = signature(&house.caller.account.hook_secret, at, bodies[0]);
        assert_eq!(header(request, "x-webhook-signature"), expected);
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() {
    let mut house = house().await;
    allow(&house, "127.0.0.1", true).await;
    let (inner, inner_got) = receiver(vec![OK]).await;
    let moved =
        format!("HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:{inner}/\r\nconnection: close\r\n\r\n");
    let (port, got) = receiver(vec![moved.leak()]).await;
    let job = told(&house, 1, format!("http://127.0.0.1:{port}/")).await;
    let given_up = delivery(&house, &job, |one| one.state == DeliveryState::GivenUp).await;
    assert_eq!((given_up.tries, given_up.last_status), (3, Some(307)));
    assert_eq!((got.lock().unwrap().len(), inner_got.lock().unwrap().len()), (3, 0));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_need_a_permission_and_unlisted_hosts_get_nothing() {
    let mut house = house().await;
    allow(&house, "localhost", false).await;
    let (port, got) = receiver(vec![OK]).await;
    let job = told(&house, 1, format!("http://localhost:{port}/")).await;
    let given_up = delivery(&house, &job, |one| one.state == DeliveryState::GivenUp).await;
    assert!(given_up.last_error.contains("private"), "{}", given_up.last_error);

    let job = told(&house, 2, format!("http://127.0.0.1:{port}/")).await;
    let refused = delivery(&house, &job, |one| one.state == DeliveryState::Refused).await;
    assert_eq!((refused.tries, refused.note.as_str()), (0, "the host is not on the allow list"));
    assert!(got.lock().unwrap().is_empty());

    allow(&house, "localhost", true).await;
    house.service.store().resend(&given_up.id, house.service.now()).await.unwrap();
    delivery(&house, &given_up.job_id.expect("a job"), |one| one.state == DeliveryState::Delivered).await;
    assert_eq!(got.lock().unwrap().len(), 1);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dialect_without_a_list_may_tell_any_public_address_and_no_private_one() {
    let mut settings = quick();
    settings.listed_hosts_only.clear();
    let mut house = House::new(settings).await;
    house.work(|upload, _, _| echo(upload));
    house.deliver();
    let (port, got) = receiver(vec![OK]).await;
    let job = told(&house, 1, format!("http://127.0.0.1:{port}/")).await;
    let given_up = delivery(&house, &job, |one| one.state == DeliveryState::GivenUp).await;
    assert!(given_up.last_error.contains("private"), "{}", given_up.last_error);
    assert!(got.lock().unwrap().is_empty());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_goes_to_listed_hosts_once() {
    let mut house = house().await;
    let member = house.member();
    let (port, got) = receiver(vec![BROKEN]).await;
    let address = format!("http://127.0.0.1:{port}/");
    let refused = house.service.send_test(&member, &address).await;
    assert!(matches!(refused, Err(TestError::NotAllowed(_))), "{:?}", refused.err());
    assert!(matches!(house.service.send_test(&member, "ftp://x").await, Err(TestError::NotAnAddress)));
    allow(&house, "127.0.0.1", true).await;
    let sent = house.service.send_test(&member, &address).await.unwrap();
    let found =
        async || house.service.delivery(&member.organization, sent.id.as_str()).await.unwrap().unwrap();
    while found().await.0.state == DeliveryState::Pending {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (one, tries) = found().await;
    assert_eq!((one.state, one.tries, tries[0].status), (DeliveryState::GivenUp, 1, Some(500)));
    assert_eq!(header(&got.lock().unwrap()[0], "x-webhook-id"), one.id.as_str());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_delays_nobody_else() {
    let mut house = house().await;
    allow(&house, "127.0.0.1", true).await;
    allow(&house, "localhost", true).await;
    let (slow, _) = receiver(vec![""]).await;
    let (quick, _) = receiver(vec![OK]).await;
    let mut hanging = Vec::new();
    for number in 0..12 {
        hanging.push(told(&house, number, format!("http://127.0.0.1:{slow}/")).await);
    }
    let job = told(&house, 50, format!("http://localhost:{quick}/")).await;
    let delivered = delivery(&house, &job, |one| one.state == DeliveryState::Delivered).await;
    let waited = delivered.finished_at.unwrap().since(delivered.created_at);
    assert!(waited < Duration::from_millis(350), "{waited:?}");
    let late = delivery(&house, &hanging[0], |one| one.tries > 0).await;
    assert!(late.last_error.contains("no answer within"), "{}", late.last_error);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_job_that_is_called_off_is_told_like_any_other_end() {
    let mut house = House::new(quick()).await;
    house.deliver();
    allow(&house, "127.0.0.1", true).await;
    let before = house.balance().await;
    let (port, got) = receiver(vec![OK]).await;
    let mut order = house.order(1).await;
    order.hooks = vec![format!("http://127.0.0.1:{port}/")];
    let job = house.service.submit(order).await.unwrap().job;
    assert_eq!(house.service.cancel(&job).await.unwrap(), Some(JobState::Waiting));
    let delivered = delivery(&house, &job, |one| one.state == DeliveryState::Delivered).await;
    assert_eq!(delivered.event, "cancelled");
    assert!(
        got.lock().unwrap()[0].ends_with(&format!(r#"{{"id":"{job}","state":"cancelled","progress":0}}"#))
    );
    assert_eq!(house.balance().await, before);
    assert_eq!(house.service.cancel(&job).await.unwrap(), Some(JobState::Cancelled));
    assert_eq!(got.lock().unwrap().len(), 1, "told once");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dialects_without_a_list_reach_any_public_host_but_no_private_one() {
    let mut house = House::new(Settings { listed_hosts_only: HashSet::new(), ..quick() }).await;
    house.work(|upload, _, _| echo(upload));
    house.deliver();
    let (port, got) = receiver(vec![OK]).await;
    let job = told(&house, 1, format!("http://localhost:{port}/")).await;
    let given_up = delivery(&house, &job, |one| one.state == DeliveryState::GivenUp).await;
    assert!(given_up.last_error.contains("private"), "asked, not left out: {}", given_up.last_error);
    assert!(got.lock().unwrap().is_empty());
    house.stop().await;
}
