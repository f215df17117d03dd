//! Webhooks to receivers that fail, hang, redirect, or stand where nothing may be sent.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::house::House;
use super::pictures::tiny;
use super::wire::{Client, Start};

const QUICK: [&str; 4] = ["--hook-schedule", "200ms,200ms,200ms", "--hook-timeout", "1s"];

/// What a receiver answers.
#[derive(Clone)]
enum Manner {
    /// This status; from the given request on, 200.
    Status(u16, usize),
    /// Nothing, ever.
    Hang,
    /// Elsewhere.
    Redirect(String),
}

/// A small HTTP server that keeps what it was sent.
struct Receiver {
    port: u16,
    got: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = got.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (manner, kept) = (manner.clone(), kept.clone());
                tokio::spawn(async move {
                    let request = read_request(&mut stream).await;
                    let count = {
                        let mut kept = kept.lock().expect("whole");
                        kept.push(request);
                        kept.len()
                    };
                    let head = match manner {
                        Manner::Status(code, until) if count < until => format!("{code} Well"),
                        Manner::Status(..) => "200 OK".to_owned(),
                        Manner::Redirect(to) => format!("302 Found\r\nLocation: {to}"),
                        Manner::Hang => return std::future::pending().await,
                    };
                    let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { port, got }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?a=b", self.port)
    }

    fn requests(&self) -> Vec<String> {
        self.got.lock().expect("whole").clone()
    }

    async fn gets(&self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.requests().len() < count {
            assert!(Instant::now() < deadline, "{} of {count} requests", self.requests().len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.requests()
    }
}

/// A whole request as text.
pub async fn read_request(stream: &mut tokio::net::TcpStream) -> String {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && header(head, "content-length").and_then(|length| length.parse().ok()) <= Some(body.len())
        {
            return text;
        }
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return text,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

/// A header of a request.
pub fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    let head = request.split("\r\n\r\n").next().unwrap_or_default();
    head.lines().find_map(|line| {
        let (own, value) = line.split_once(':')?;
        own.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

async fn job_with(client: &Client, number: usize, hook: String) -> String {
    let id = client.accepted(Start { file: tiny(number), hook: Some(hook), ..Start::default() }).await;
    assert_eq!(client.ended(&id).await["state"], "completed", "a webhook never stops a job");
    id
}

/// The only delivery of a job, once it is in a state.
async fn delivery(house: &House, job: &str, state: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let text = house.admin(&["delivery", "list", "--job", job, "--json"]);
        let found: Vec<Value> = serde_json::from_str(&text).expect("JSON");
        match found.as_slice() {
            [own] if own["state"] == state => {
                let shown = house.admin(&["delivery", "show", own["id"].as_str().expect("an id")]);
                return serde_json::from_str(&shown).expect("JSON");
            }
            found => assert!(Instant::now() < deadline, "not {state}: {found:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn tries(shown: &Value) -> usize {
    shown["tries"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_receiver_gets_what_it_deserves() {
    let mut house = House::embedded(&QUICK);
    house.serve();
    let client = house.client();
    house.admin(&["hook-host", "allow", "127.0.0.1", "--private"]);
    let secret = house.admin(&["hook-secret", "--account", "test@example.org"]);

    let good = Receiver::start(Manner::Status(200, 0)).await;
    let hanging = Receiver::start(Manner::Hang).await;
    let recovering = Receiver::start(Manner::Status(503, 3)).await;
    let failing = Receiver::start(Manner::Status(500, usize::MAX)).await;
    let elsewhere = Receiver::start(Manner::Redirect(good.url())).await;

    let slow = job_with(&client, 1, hanging.url()).await;
    let id = job_with(&client, 2, good.url()).await;
    let began = Instant::now();
    let request = good.gets(1).await.remove(0);
    assert!(began.elapsed() < Duration::from_secs(3), "a slow receiver delays another's");
    checked(&request, &secret, &id);
    assert_eq!(tries(&delivery(&house, &id, "delivered").await), 1);

    let moved = job_with(&client, 3, elsewhere.url()).await;
    let lucky = job_with(&client, 4, recovering.url()).await;
    let lost = job_with(&client, 5, failing.url()).await;
    let shown = delivery(&house, &lucky, "delivered").await;
    assert_eq!(tries(&shown), 3, "{shown}");
    let requests = recovering.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.split("\r\n\r\n").nth(1) == requests[0].split("\r\n\r\n").nth(1))
    );
    assert!(
        requests
            .iter()
            .all(|request| header(request, "x-webhook-id") == header(&requests[0], "x-webhook-id"))
    );
    for job in [&slow, &moved, &lost] {
        let shown = delivery(&house, job, "given_up").await;
        assert_eq!(tries(&shown), 4, "{shown}");
    }
    assert_eq!(good.requests().len(), 1, "redirects are not followed");

    let shown = delivery(&house, &lost, "given_up").await;
    house.admin(&["delivery", "resend", shown["delivery"]["id"].as_str().expect("an id")]);
    failing.gets(5).await;
}

/// Headers, signature and body of a delivery.
fn checked(request: &str, secret: &str, job: &str) {
    let (_, body) = request.split_once("\r\n\r\n").expect("a body");
    let told: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(
        (&told["id"], &told["state"], &told["progress"]),
        (&Value::from(job), &Value::from("completed"), &Value::from(100))
    );
    assert!(request.starts_with("POST /hook?a=b "), "{request}");
    assert_eq!(header(request, "content-type"), Some("application/json"));
    let at = header(request, "x-webhook-timestamp").expect("a timestamp");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
    mac.update(format!("{at}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(header(request, "x-webhook-signature"), Some(format!("sha256={hex}").as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_hosts_that_are_not_allowed_or_stand_on_private_addresses() {
    let mut house = House::embedded(&QUICK);
    house.serve();
    let client = house.client();
    let receiver = Receiver::start(Manner::Status(200, 0)).await;

    let unlisted = job_with(&client, 1, receiver.url()).await;
    delivery(&house, &unlisted, "refused").await;

    house.admin(&["hook-host", "allow", "127.0.0.1"]);
    house.admin(&["hook-host", "allow", "localhost"]);
    let by_address = job_with(&client, 2, receiver.url()).await;
    let by_name = job_with(&client, 3, receiver.url().replace("127.0.0.1", "localhost")).await;
    for job in [&by_address, &by_name] {
        let shown = ended(&house, job).await;
        assert_ne!(shown["delivery"]["state"], "delivered", "{shown}");
    }
    assert_eq!(receiver.requests().len(), 0, "not even a connection with a request");

    let (code, body) = client
        .start(Start { file: tiny(4), hook: Some("ftp://127.0.0.1/".into()), ..Start::default() })
        .await
        .expect("an answer");
    assert_eq!(code, 400, "{body}");

    house.admin(&["hook-host", "allow", "localhost", "--private"]);
    job_with(&client, 5, receiver.url().replace("127.0.0.1", "localhost")).await;
    receiver.gets(1).await;
}

/// The only delivery of a job, once nothing more will happen to it.
async fn ended(house: &House, job: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let text = house.admin(&["delivery", "list", "--job", job, "--json"]);
        let found: Vec<Value> = serde_json::from_str(&text).expect("JSON");
        if let [own] = found.as_slice()
            && own["state"] != "pending"
        {
            let shown = house.admin(&["delivery", "show", own["id"].as_str().expect("an id")]);
            return serde_json::from_str(&shown).expect("JSON");
        }
        assert!(Instant::now() < deadline, "{found:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
