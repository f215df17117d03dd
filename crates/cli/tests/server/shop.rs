//! A shop that speaks the AutoRetouch API to the real program: a person, a device they confirmed, their organization.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::browser::{Browser, with_form};
use super::house::House;

/// The client id that all published clients share.
pub const CLIENT_ID: &str = "V8EkfbxtBi93cAySTVWAecEum4d6pt4J";
/// Of everybody in these tests.
pub const PASSWORD: &str = "correct horse battery";
/// How long a test waits for an execution.
const DONE: Duration = Duration::from_secs(120);

/// Somebody's organization, and a device that may act for it.
pub struct Shop {
    /// Address of the server.
    pub base: String,
    /// Who signed in.
    pub email: String,
    /// Name of the organization.
    pub name: String,
    /// Id of the organization.
    pub organization: String,
    /// Of the device.
    pub access: String,
    /// Of the device.
    pub refresh: String,
    http: Client,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub struct Told {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub kind: String,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Told {
    async fn of(answer: Response) -> Self {
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type").map(|kind| kind.to_str().expect("text").to_owned());
        let bytes = answer.bytes().await.expect("a body").to_vec();
        Self { status, kind: kind.unwrap_or_default(), bytes }
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).expect("text")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Its keys, as they come.
    pub fn keys(&self) -> Vec<String> {
        self.json().as_object().expect("an object").keys().cloned().collect()
    }
}

/// Makes a person with an organization of so many credits, by the operator's commands.
pub fn person(house: &House, who: &str, credits: i64) -> (String, String) {
    let (email, name) = (format!("{who}@example.org"), format!("Shop {who}"));
    let mut create = house.program();
    create.arg("admin").args(house.reach());
    create.args(["account", "create", &email, "--password-stdin", "--organization", &name]);
    let mut create = create.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program runs");
    create.stdin.take().expect("a pipe").write_all(PASSWORD.as_bytes()).expect("written");
    assert!(create.wait().expect("an end").success());
    if credits > 0 {
        house.admin(&["credits", "add", "--organization", &name, &credits.to_string()]);
    }
    (email, name)
}

impl Shop {
    /// A new shop with a device that was confirmed on `/activate`.
    pub async fn open(house: &House, who: &str, credits: i64) -> Self {
        let (email, name) = person(house, who, credits);
        let mut shop = Self {
            base: house.base(),
            email,
            name,
            organization: String::new(),
            access: String::new(),
            refresh: String::new(),
            http: Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client"),
        };
        shop.sign_in().await;
        shop
    }

    async fn sign_in(&mut self) {
        let ask = [
            ("client_id", CLIENT_ID),
            ("scope", "offline_access"),
            ("audience", "https://api.autoretouch.com"),
        ];
        let code = self.form("oauth/device/code", &ask).await;
        assert_eq!(code.status, 200, "{}", code.text());
        let code = code.json();
        let device = code["device_code"].as_str().expect("a code").to_owned();
        let poll = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", device.as_str()),
            ("client_id", CLIENT_ID),
        ];
        let early = self.form("oauth/token", &poll).await;
        assert_eq!((early.status, &early.json()["error"]), (400, &json!("authorization_pending")));
        let address = code["verification_uri_complete"].as_str().expect("an address").to_owned();
        let page = Browser::new(&self.base).decide(&address, &self.email, PASSWORD, "approve").await;
        assert!(page.contains("Approved"), "{page}");
        let tokens = self.form("oauth/token", &poll).await;
        assert_eq!(tokens.status, 200, "{}", tokens.text());
        assert_eq!(tokens.keys(), ["access_token", "refresh_token", "scope", "expires_in", "token_type"]);
        let tokens = tokens.json();
        self.access = tokens["access_token"].as_str().expect("a token").to_owned();
        self.refresh = tokens["refresh_token"].as_str().expect("a token").to_owned();
        let used = self.form("oauth/token", &poll).await;
        assert_eq!(
            (used.status, &used.json()["error"]),
            (400, &json!("invalid_grant")),
            "a code counts once"
        );
        let mine = self.get("/organization").await.json();
        self.organization = mine["entries"][0]["id"].as_str().expect("an id").to_owned();
    }

    /// Posts a form, without a token.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Told {
        let request = with_form(self.http.post(format!("{}/{path}", self.base)), fields);
        Told::of(request.send().await.expect("an answer")).await
    }

    /// A request with the device's token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.access)
    }

    /// Sends it and reads the answer.
    pub async fn send(&self, request: RequestBuilder) -> Told {
        Told::of(request.send().await.expect("an answer")).await
    }

    /// Asks.
    pub async fn get(&self, path: &str) -> Told {
        self.send(self.request(Method::GET, path)).await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Told {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Uploads a picture; its hash.
    pub async fn upload(&self, bytes: Vec<u8>) -> String {
        let form = Form::new().part("file", Part::bytes(bytes).file_name("upload.png"));
        let told = self.send(self.request(Method::POST, "/v1/upload").multipart(form)).await;
        assert_eq!((told.status, told.kind.as_str()), (201, "text/plain;charset=UTF-8"), "{}", told.text());
        told.text()
    }

    /// A seeded workflow by its name: its id.
    pub async fn workflow(&self, name: &str) -> String {
        let all = self.get("/v1/workflow").await.json();
        let entries = all["entries"].as_array().expect("entries");
        let found = entries.iter().find(|one| one["name"].as_str().is_some_and(|own| own.contains(name)));
        let found = found.unwrap_or_else(|| panic!("no workflow {name} in {all}"));
        found["id"].as_str().expect("an id").to_owned()
    }

    /// Creates an execution by reference; its id.
    pub async fn execute(&self, workflow: &str, hash: &str, more: Value) -> String {
        let mut body =
            json!({"image": {"name": "jacket front.png", "contentHash": hash, "contentType": null}});
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        let told = self.post(&format!("/v1/workflow/execution/create?workflow={workflow}"), &body).await;
        assert_eq!((told.status, told.kind.as_str()), (201, "text/plain;charset=UTF-8"), "{}", told.text());
        assert_eq!(told.text().len(), 36);
        told.text()
    }

    /// An execution as it stands.
    pub async fn execution(&self, id: &str) -> Value {
        let told = self.get(&format!("/v1/workflow/execution/{id}")).await;
        assert_eq!(told.status, 200, "{}", told.text());
        told.json()
    }

    /// The execution, once it is in a state.
    pub async fn reaches(&self, id: &str, state: &str) -> Value {
        let deadline = Instant::now() + DONE;
        loop {
            let execution = self.execution(id).await;
            if execution["status"] == state {
                return execution;
            }
            assert!(Instant::now() < deadline, "not {state}: {execution}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Credits left, as the wire tells them.
    pub async fn balance(&self) -> i64 {
        let told = self.get("/organization/balance").await;
        assert_eq!((told.status, told.kind.as_str()), (200, "application/json"));
        told.text().parse().expect("a bare number")
    }
}
