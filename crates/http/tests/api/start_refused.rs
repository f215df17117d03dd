//! Starts that are refused: which error, in which order, and what it costs.

use reqwest::multipart::Form;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::desk::{Answer, Desk, HEAL, PIXEL, Purse, file, portrait};

/// A form of the parts that are given.
fn form(token: Option<&str>, payload: Option<&str>, picture: Option<&[u8]>) -> Form {
    let mut form = Form::new();
    if let Some(picture) = picture {
        form = form.part("file", file(picture));
    }
    if let Some(payload) = payload {
        form = form.text("payload", payload.to_owned());
    }
    match token {
        Some(token) => form.text("token", token.to_owned()),
        None => form.text("nothing", ""),
    }
}

#[tokio::test]
async fn the_first_thing_wrong_is_told_in_the_specified_order() {
    let desk = Desk::open().await;
    let token = Some(desk.token.as_str());
    let not_json = Some("{mode");
    let no_task = Some(r#"{"mode":"professional","tasks":[{"Plugin":"Heel"}]}"#);
    let good = Some(HEAL);
    let text: Option<&[u8]> = Some(b"no picture");
    let cases = [
        (form(None, None, None), 400, "No file uploaded"),
        (form(Some("wrong"), not_json, None), 400, "No file uploaded"),
        (form(token, good, Some(b"")), 400, "No file uploaded"),
        (form(None, not_json, text), 460, "Token issue"),
        (form(Some("  \"\" "), not_json, text), 460, "Token issue"),
        (form(Some("wrong"), no_task, text), 460, "Token issue"),
        (form(token, None, text), 400, "payload"),
        (form(token, not_json, text), 400, "not valid JSON"),
        (form(token, no_task, text), 462, "tasks[0].Plugin"),
        (form(token, good, text).text("hook", "example.org"), 400, "hook"),
        (form(token, good, text), 400, "picture"),
    ];
    for (form, status, part) in cases {
        let answer = desk.start(form).await;
        let (told, message) = answer.refusal();
        assert_eq!(told, status, "{message}");
        assert!(message.contains(part), "{message} / {part}");
    }
    assert_eq!(desk.balance().await, 5, "a refused start costs nothing");
    assert_eq!(desk.spooled(), 0, "and leaves nothing behind");
}

#[tokio::test]
async fn what_is_no_form_is_400() {
    let desk = Desk::open().await;
    let path = "/api/v1/retoucher/start";
    let requests = [
        desk.post(path),
        desk.post(path).body("hello"),
        desk.post(path).header("content-type", "application/json").body("{}"),
        desk.post(path).header("content-type", "multipart/form-data").body("x"),
        desk.post(path).header("content-type", "multipart/form-data; boundary=b").body("--b\r\nnonsense"),
        desk.post(path).header("content-type", "multipart/form-data; boundary=b").body(""),
    ];
    for request in requests {
        assert_eq!(desk.send(request).await.refusal().0, 400);
    }
}

#[tokio::test]
async fn a_revoked_token_opens_nothing() {
    let desk = Desk::open().await;
    let caller = desk.service.retouch_token(&desk.token).await.expect("a caller");
    assert!(desk.store.revoke_token(&caller.token.id, desk.now()).await.expect("revoked"));
    assert_eq!(desk.start(desk.form()).await.refusal(), (460, "Token issue".to_owned()));
}

#[tokio::test]
async fn without_credits_or_allowance_461() {
    let poor = Desk::with(Purse { credits: 0, ..Purse::default() }, |_| {}, |_| {}).await;
    let (status, message) = poor.start(poor.form()).await.refusal();
    assert_eq!(status, 461);
    assert!(message.contains("credits"), "{message}");
    let limited = Desk::with(Purse { daily: Some(1), ..Purse::default() }, |_| {}, |_| {}).await;
    limited.started().await;
    let (status, message) = limited.start(limited.form()).await.refusal();
    assert_eq!(status, 461);
    assert!(message.contains("daily limit"), "{message}");
    assert_eq!(limited.balance().await, 4);
}

#[tokio::test]
async fn tasks_that_cannot_be_run_are_462_and_name_task_and_field() {
    let desk = Desk::open().await;
    let task = |task: &str| format!(r#"{{"mode":"professional","tasks":[{{"Plugin":"Heal"}},{task}]}}"#);
    let cases = [
        ("[]".to_owned(), "object"),
        ("{}".to_owned(), "mode"),
        (r#"{"mode":5}"#.to_owned(), "mode"),
        (r#"{"mode":"painting"}"#.to_owned(), "painting"),
        (r#"{"mode":"professional"}"#.to_owned(), "tasks"),
        (r#"{"mode":"professional","tasks":[]}"#.to_owned(), "tasks"),
        (r#"{"mode":"professional","tasks":{}}"#.to_owned(), "tasks"),
        (task("7"), "tasks[1]"),
        (task("{}"), "tasks[1].Plugin"),
        (task(r#"{"Plugin":"heal"}"#), "tasks[1].Plugin"),
        (task(r#"{"Plugin":"Stray Hair"}"#), "tasks[1].Plugin"),
        (task(r#"{"Plugin":"Face Lifting"}"#), "Plugin Face Lifting is not available on this server"),
        (task(r#"{"Plugin":"Heal","Alpha1":"1"}"#), "tasks[1].Alpha1"),
        (task(r#"{"Plugin":"Heal","Alpha2":null}"#), "tasks[1].Alpha2"),
        (task(r#"{"Plugin":"Heal","Scale":[]}"#), "tasks[1].Scale"),
        (task(r#"{"Plugin":"Heal","Layer":"1"}"#), "tasks[1].Layer"),
        (task(r#"{"Plugin":"Clean Backdrop","Automask":"yes"}"#), "tasks[1].Automask"),
        (
            r#"{"mode":"professional","outputFormat":"jpeg","tasks":[{"Plugin":"Heal","Layer":1}]}"#
                .to_owned(),
            "zip",
        ),
        (task(&vec![r#"{"Plugin":"Heal"}"#; 32].join(",")), "33"),
    ];
    for (payload, part) in cases {
        let answer = desk.start(form(Some(&desk.token), Some(&payload), Some(PIXEL))).await;
        let (status, message) = answer.refusal();
        assert_eq!(status, 462, "{payload}: {message}");
        assert!(message.contains(part), "{payload}: {message}");
    }
}

#[tokio::test]
async fn long_texts_are_refused_by_name() {
    let desk = Desk::open().await;
    let long = "x".repeat(300 * 1024);
    let answer = desk.start(form(Some(&desk.token), Some(&long), Some(PIXEL))).await;
    assert!(answer.refusal().1.contains("payload is longer"));
    let answer = desk.start(form(Some(&long), Some(HEAL), Some(PIXEL))).await;
    assert_eq!(answer.refusal().0, 460);
    let key = desk.post("/api/v1/retoucher/start").header("Idempotency-Key", "k".repeat(300));
    assert_eq!(desk.send(key.multipart(desk.form())).await.refusal().0, 400);
}

#[tokio::test]
async fn pictures_over_the_limits_are_refused_before_a_credit_is_taken() {
    let desk = Desk::with(Purse::default(), |rules| rules.limits.max_megapixels = 0.9, |_| {}).await;
    let answer = desk.start(form(Some(&desk.token), Some(HEAL), Some(&portrait()))).await;
    let (status, message) = answer.refusal();
    assert_eq!(status, 400);
    assert!(message.contains("0.9"), "names the limit: {message}");
    assert_eq!((desk.balance().await, desk.spooled()), (5, 0));
}

async fn small_house() -> Desk {
    Desk::with(Purse::default(), |rules| rules.limits.max_bytes = 200_000, |_| {}).await
}

#[tokio::test]
async fn files_over_the_limit_are_refused_while_reading_in_the_specified_order() {
    let desk = small_house().await;
    let answer = desk.start(form(Some(&desk.token), Some(HEAL), Some(&portrait()))).await;
    let (status, message) = answer.refusal();
    assert_eq!(status, 400);
    assert!(message.contains("larger than 0.19 MB"), "{message}");
    let answer = desk.start(form(Some("wrong"), Some(HEAL), Some(&portrait()))).await;
    assert_eq!(answer.refusal().0, 460, "the token is checked first");
    let answer = desk.start(form(Some(&desk.token), Some("{}"), Some(&portrait()))).await;
    assert_eq!(answer.refusal().0, 462, "the task too");
    assert_eq!((desk.balance().await, desk.spooled()), (5, 0));
}

/// Sends a start by hand: everything first, then reads.
async fn by_hand(desk: &Desk, expects: bool, bytes: usize) -> (usize, String) {
    let mut stream = TcpStream::connect(desk.url.trim_start_matches("http://")).await.expect("a connection");
    let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n";
    let end = "\r\n--b--\r\n";
    let expect = if expects { "Expect: 100-continue\r\n" } else { "" };
    let request = format!(
        "POST /api/v1/retoucher/start HTTP/1.1\r\nHost: h\r\nX-Retouch-Token: {}\r\n{expect}Content-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nConnection: close\r\n\r\n",
        desk.token,
        head.len() + bytes + end.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut sent = 0;
    if !expects {
        stream.write_all(head.as_bytes()).await.expect("sent");
        while sent < bytes {
            let piece = vec![0xff; (bytes - sent).min(100_000)];
            stream.write_all(&piece).await.expect("taken");
            sent += piece.len();
        }
        stream.write_all(end.as_bytes()).await.expect("sent");
    }
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.expect("an answer");
    (sent, String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test]
async fn clients_that_send_everything_first_see_the_refusal() {
    let desk = small_house().await;
    let (sent, answer) = by_hand(&desk, false, 20_000_000).await;
    assert_eq!(sent, 20_000_000);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("\"payload is missing"), "the payload comes before the picture: {answer}");
}

#[tokio::test]
async fn clients_that_ask_first_are_spared_the_sending() {
    let desk = small_house().await;
    let (_, answer) = by_hand(&desk, true, 20_000_000).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "no 100 Continue: {answer}");
    assert!(answer.contains("larger than 0.19 MB"), "{answer}");
}

#[tokio::test]
async fn the_status_line_knows_words_for_the_dialects_numbers() {
    let desk = Desk::open().await;
    let mut stream = TcpStream::connect(desk.url.trim_start_matches("http://")).await.expect("a connection");
    let body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n";
    let request = format!(
        "POST /api/v1/retoucher/start HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("an answer");
    assert!(text.starts_with("HTTP/1.1 460 Token Issue\r\n"), "{text}");
}

#[tokio::test]
async fn a_database_that_is_gone_is_500_with_a_message() {
    let desk = Desk::open().await;
    desk.store.close().await;
    let answer: Answer = desk.start(desk.form()).await;
    assert_eq!(answer.refusal().0, 500);
    assert!(!answer.text().contains("sqlite"), "no inner workings: {}", answer.text());
}
