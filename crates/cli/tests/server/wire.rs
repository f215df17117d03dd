//! A client of the Retouch4me API, as patient or impatient as a test wants it.

use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

/// How long a job of the tests may take on a busy machine.
const DONE: Duration = Duration::from_secs(120);

/// A client with its token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
    header: Option<(String, String)>,
}

/// One start.
#[derive(Clone, Default)]
pub struct Start {
    /// The picture.
    pub file: Vec<u8>,
    /// Its tasks; without any, a light one.
    pub tasks: Option<Value>,
    /// Whom to tell.
    pub hook: Option<String>,
    /// The `Idempotency-Key`.
    pub key: Option<String>,
}

/// A task that costs a few milliseconds: at strength 0 the picture is not even looked at.
pub fn light() -> Value {
    json!([{ "Plugin": "Skin Tone", "Alpha1": 0 }])
}

/// A task that looks for faces, which takes a while of any picture.
pub fn searching() -> Value {
    json!([{ "Plugin": "Heal" }])
}

impl Client {
    /// A client that keeps no connection: the server may be another process each time.
    pub fn new(base: String, token: String) -> Self {
        let http = reqwest::Client::builder().pool_max_idle_per_host(0).timeout(Duration::from_secs(60));
        Self { http: http.build().expect("a client"), base, token, header: None }
    }

    /// The same client, with a header more at every start.
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        Self { header: Some((name.to_owned(), value.to_owned())), ..self.clone() }
    }

    /// The token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Status and body of a start.
    pub async fn start(&self, start: Start) -> reqwest::Result<(u16, Value)> {
        let payload = json!({ "mode": "professional", "tasks": start.tasks.unwrap_or_else(light) });
        let mut form = Form::new()
            .text("payload", payload.to_string())
            .part("file", Part::bytes(start.file).file_name("picture.png"));
        if let Some(hook) = start.hook {
            form = form.text("hook", hook);
        }
        let mut request = self.http.post(format!("{}/api/v1/retoucher/start", self.base));
        if let Some(key) = start.key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some((name, value)) = &self.header {
            request = request.header(name, value);
        }
        let answer = request.header("X-Retouch-Token", &self.token).multipart(form).send().await?;
        let code = answer.status().as_u16();
        Ok((code, answer.json().await?))
    }

    /// The id of a job that must be accepted.
    pub async fn accepted(&self, start: Start) -> String {
        let (code, body) = self.start(start).await.expect("an answer");
        assert_eq!(code, 200, "{body}");
        body["id"].as_str().expect("an id").to_owned()
    }

    /// Status and body of a question.
    pub async fn status(&self, id: &str) -> reqwest::Result<(u16, Value)> {
        let answer = self.http.get(format!("{}/api/v1/retoucher/status/{id}", self.base)).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    /// The last status of a job, once it has ended; a server that is away is waited for.
    pub async fn ended(&self, id: &str) -> Value {
        let deadline = Instant::now() + DONE;
        let mut last = Value::Null;
        while Instant::now() < deadline {
            if let Ok((_, status)) = self.status(id).await {
                if ["completed", "failed"].contains(&status["state"].as_str().unwrap_or_default()) {
                    return status;
                }
                last = status;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("job {id} did not end: {last}");
    }

    /// Waits until a job is in a state.
    pub async fn reaches(&self, id: &str, state: &str) {
        let deadline = Instant::now() + DONE;
        while Instant::now() < deadline {
            if self.status(id).await.is_ok_and(|(_, status)| status["state"] == state) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("job {id} did not become {state}");
    }

    /// Status and bytes of a result.
    pub async fn file(&self, id: &str) -> reqwest::Result<(u16, Vec<u8>)> {
        let answer = self.http.get(format!("{}/api/v1/retoucher/getFile/{id}", self.base)).send().await?;
        Ok((answer.status().as_u16(), answer.bytes().await?.to_vec()))
    }

    /// Status of a plain page.
    pub async fn page(&self, path: &str) -> reqwest::Result<u16> {
        Ok(self.http.get(format!("{}{path}", self.base)).send().await?.status().as_u16())
    }
}
