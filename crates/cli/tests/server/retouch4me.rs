//! Every documented status, error, field and type of the Retouch4me API, as the real program answers: the same on SQLite
//! with a disk and on PostgreSQL with S3.

use std::fmt::Write as _;

use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::house::House;
use super::pictures::tiny;

const HEAL: &str = r#"{"mode":"professional","tasks":[{"Plugin":"Heal","Alpha1":0}]}"#;

/// A notebook of answers.
struct Notes<'a> {
    house: &'a House,
    http: Client,
    token: String,
    text: String,
}

impl Notes<'_> {
    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.house.base()))
    }

    fn start(&self, token: &str, payload: &str, file: Option<Vec<u8>>) -> RequestBuilder {
        let form = Form::new().text("token", token.to_owned()).text("payload", payload.to_owned());
        let form = match file {
            Some(bytes) => form.part("file", Part::bytes(bytes).file_name("a portrait.png")),
            None => form,
        };
        self.ask(Method::POST, "/api/v1/retoucher/start").multipart(form)
    }

    /// Sends, and notes status, type and body with what differs from run to run left out.
    async fn note(&mut self, title: &str, request: RequestBuilder) -> Value {
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type").map(|kind| kind.to_str().expect("text").to_owned());
        let body: Value = answer.json().await.expect("JSON");
        let mut shown = body.clone();
        for (key, value) in shown.as_object_mut().expect("an object") {
            if key == "id" {
                let id = value.as_str().expect("a text");
                assert!(
                    id.len() >= 20
                        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
                );
                *value = json!("ID");
            } else if key == "expireDate" {
                let at = value.as_str().expect("a text");
                assert!(at.len() == 24 && at.ends_with('Z'), "{at}");
                *value = json!("WHEN");
            }
        }
        writeln!(self.text, "{title}: {status} {}\n  {shown}", kind.unwrap_or_default()).expect("noted");
        body
    }
}

async fn everything_documented(mut house: House) -> String {
    house.serve();
    let token = house.client().token().to_owned();
    house.admin(&["account", "create", "poor@example.org", "--organization", "Poor"]);
    let poor = house.admin(&["token", "create", "--account", "poor@example.org"]);
    house.admin(&["account", "create", "tired@example.org", "--organization", "Tired"]);
    house.admin(&["credits", "add", "--organization", "Tired", "5"]);
    house.admin(&["organization", "set", "Tired", "--daily-allowance", "0"]);
    let tired = house.admin(&["token", "create", "--account", "tired@example.org"]);
    let mut notes = Notes { house: &house, http: Client::new(), token, text: String::new() };
    let good = notes.token.clone();
    let picture = || Some(tiny(1));

    let limits = notes.ask(Method::GET, "/api/v1/info/limits");
    notes.note("limits", limits).await;
    for (title, path) in [("balance, old", "/api/retouch/v1/balance"), ("balance, new", "/api/v1/balance")] {
        let form = Form::new().text("retouchtoken", good.clone()).text("modes[]", "professional");
        let request = notes.ask(Method::POST, path).multipart(form);
        notes.note(title, request).await;
        let request = notes.ask(Method::POST, path).header("X-Retouch-Token", "nobody's");
        notes.note(&format!("{title}, no such token"), request).await;
    }
    for (title, request) in [
        ("start, no form", notes.ask(Method::POST, "/api/v1/retoucher/start").body("{}")),
        ("start, no file", notes.start(&good, HEAL, None)),
        ("start, no token", notes.start("", HEAL, picture())),
        ("start, no such token", notes.start("nobody's", HEAL, picture())),
        ("start, payload is no JSON", notes.start(&good, "{", picture())),
        ("start, payload is no task", notes.start(&good, "[]", picture())),
        ("start, no mode", notes.start(&good, r#"{"tasks":[{"Plugin":"Heal"}]}"#, picture())),
        ("start, no such mode", notes.start(&good, r#"{"mode":"x","tasks":[{"Plugin":"Heal"}]}"#, picture())),
        ("start, no tasks", notes.start(&good, r#"{"mode":"professional"}"#, picture())),
        (
            "start, no such plugin",
            notes.start(&good, r#"{"mode":"professional","tasks":[{"Plugin":"Heel"}]}"#, picture()),
        ),
        (
            "start, a plugin we do not run",
            notes.start(&good, r#"{"mode":"professional","tasks":[{"Plugin":"Crop"}]}"#, picture()),
        ),
        (
            "start, a slider of the wrong type",
            notes.start(
                &good,
                r#"{"mode":"professional","tasks":[{"Plugin":"Heal","Alpha1":"1"}]}"#,
                picture(),
            ),
        ),
        ("start, no picture", notes.start(&good, HEAL, Some(b"no picture".to_vec()))),
        ("start, no credits", notes.start(&poor, HEAL, picture())),
        ("start, the day is over", notes.start(&tired, HEAL, picture())),
        ("status of nothing", notes.ask(Method::GET, "/api/v1/retoucher/status/")),
        ("status, no such id", notes.ask(Method::GET, "/api/v1/retoucher/status/nobody")),
        ("file, no such id", notes.ask(Method::GET, "/api/v1/retoucher/getFile/nobody")),
        ("no such route", notes.ask(Method::GET, "/api/v1/retoucher/stop")),
        ("another method", notes.ask(Method::PUT, "/api/v1/retoucher/start")),
    ] {
        notes.note(title, request).await;
    }
    finished(&mut notes, &good).await;
    notes.text
}

/// A task that ends well, one that fails, one that is repeated.
async fn finished(notes: &mut Notes<'_>, good: &str) {
    let client = super::wire::Client::new(notes.house.base(), good.to_owned());
    let start = notes.start(good, HEAL, Some(tiny(2)));
    let id = notes.note("start", start).await["id"].as_str().expect("an id").to_owned();
    client.ended(&id).await;
    let status = notes.ask(Method::GET, &format!("/api/v1/retoucher/status/{id}"));
    notes.note("status, completed", status).await;
    let answer =
        notes.ask(Method::GET, &format!("/api/v1/retoucher/getFile/{id}")).send().await.expect("an answer");
    for name in ["content-type", "content-disposition", "accept-ranges"] {
        let value = answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        writeln!(notes.text, "file, {name}: {}", value.unwrap_or_default()).expect("noted");
    }
    assert!(answer.headers().contains_key("etag") && answer.headers().contains_key("content-length"));
    let whole = answer.bytes().await.expect("bytes");
    let range =
        notes.ask(Method::GET, &format!("/api/v1/retoucher/getFile/{id}")).header("range", "bytes=1-3");
    let range = range.send().await.expect("an answer");
    assert_eq!((range.status().as_u16(), &range.bytes().await.expect("bytes")[..]), (206, &whole[1..4]));

    let broken = tiny(3);
    let start = notes.start(good, HEAL, Some(broken[..broken.len() / 2].to_vec()));
    let id = notes.note("start, half a picture", start).await["id"].as_str().expect("an id").to_owned();
    client.ended(&id).await;
    for (title, route) in [("status, failed", "status"), ("file, failed", "getFile")] {
        let request = notes.ask(Method::GET, &format!("/api/v1/retoucher/{route}/{id}"));
        notes.note(title, request).await;
    }
    let keyed = |notes: &Notes<'_>, number| {
        notes.start(good, HEAL, Some(tiny(number))).header("Idempotency-Key", "k")
    };
    let first = keyed(notes, 4);
    let first = notes.note("start with a key", first).await;
    let again = keyed(notes, 4);
    assert_eq!(notes.note("start with the same key", again).await, first, "the first answer again");
    let other = keyed(notes, 5);
    notes.note("start with the same key, another picture", other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_answer_with_sqlite_and_disk() {
    insta::assert_snapshot!("documented", everything_documented(House::embedded(&[])).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_answer_with_postgres_and_s3() {
    insta::assert_snapshot!("documented", everything_documented(House::networked(&[])).await);
}
