//! `start`: one picture, a token and a task list become a job.

use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use service::{Caller, Dialect, Order, PictureRefused, SubmitError, Upload};
use tracing::{debug, error};
use url::Url;

use super::errors::Refusal;
use super::taker::SpoolTaker;
use super::types::{ErrorBody, StartBody};
use super::upload_form::{FilePart, FileTrouble, StartForm, Text};
use super::{account, given_token, mode};
use crate::app::Doors;
use crate::around::note_job;
use crate::body::{Holdback, steady};
use crate::reply;

/// Room for everything in a form but the picture.
const FORM_ROOM: u64 = 1024 * 1024;
/// How much of a picture that is too large is read on, so that a client that sends first and listens later
/// still hears why it was refused.
const POLITENESS: u64 = 1024 * 1024 * 1024;
/// Longest idempotency key in bytes.
const MAX_KEY: usize = 255;

/// Starts a task.
///
/// Parts come in any order; nothing is charged unless the answer is 200.
#[utoipa::path(
    post, path = "/api/v1/retoucher/start", tag = "Retouching", operation_id = "start",
    summary = "Start a task",
    params(
        ("X-Retouch-Token" = Option<String>, Header, description = "The token, instead of the form field; it wins over the field."),
        ("Idempotency-Key" = Option<String>, Header, description = "A unique text of at most 255 bytes. A repeated start with the same key, file and payload within 24 hours gives the first answer again and costs nothing."),
    ),
    request_body(content = super::types::StartFields, content_type = "multipart/form-data", description = "The picture, the token and the task list."),
    responses(
        (status = 200, description = "Accepted; one credit was taken, and comes back if the task fails.", body = StartBody),
        (status = 400, description = "No form, no file (`No file uploaded`), no JSON in `payload`, no JPEG or PNG, over a limit, a `hook` that is no http(s) address, or an idempotency key used for something else.", body = ErrorBody),
        (status = 429, description = "Too many requests; `Retry-After` says when to come again.", body = ErrorBody),
        (status = 460, description = "No token, an unknown or a revoked one.", body = ErrorBody),
        (status = 461, description = "No credits left, or the daily limit is reached.", body = ErrorBody),
        (status = 462, description = "The payload is JSON, but no task this server runs; the message names task and field.", body = ErrorBody),
        (status = 500, description = "Trouble on the server.", body = ErrorBody),
    )
)]
pub(crate) async fn start(State(doors): State<Doors>, request: Request) -> Result<Response, Refusal> {
    let headers = request.headers().clone();
    refuse_unsent(&doors, &headers)?;

    let holdback = Holdback::default();
    let limit = doors.service.settings().limits.max_bytes;
    let (parts, body) = request.into_parts();
    let body = steady(body, doors.settings.uploads, limit + FORM_ROOM + POLITENESS, holdback.clone());
    let form = Multipart::from_request(Request::from_parts(parts, body), &()).await.map_err(|rejection| {
        debug!(%rejection, "no form");
        Refusal::bad("no form: send multipart/form-data with the fields file, token and payload").closing()
    })?;
    let mut taker = SpoolTaker::new(&doors.service, given_token(&headers, None));
    let form = StartForm::read(form, &holdback, &mut taker)
        .await
        .map_err(|trouble| Refusal::bad(trouble.to_string()).closing())?;

    let (order, caller) = check(&doors, &headers, form, taker).await?;
    let receipt = doors.service.submit(order).await.map_err(refused_order)?;
    note_job(receipt.job.as_str());
    debug!(account = %caller, "accepted");
    let body = StartBody { status: 200, id: receipt.job.to_string(), retouch_quota: receipt.quota };
    Ok(reply::json(StatusCode::OK.as_u16(), &body))
}

/// The checks in the specified order, whatever order the parts came in.
async fn check(
    doors: &Doors,
    headers: &HeaderMap,
    form: StartForm,
    taker: SpoolTaker<'_>,
) -> Result<(Order, String), Refusal> {
    if form.file == FilePart::Missing {
        return Err(Refusal::no_file());
    }
    let caller = caller(doors, headers, form.token).await?;
    let payload = whole(form.payload, "payload")?.unwrap_or_default();
    let work = mode::work(&payload)?;
    let hook = whole(form.hook, "hook")?.map_or(Ok(None), |hook| hook_address(&hook))?;
    let name = match form.file {
        FilePart::Taken { name } => name,
        FilePart::Refused(FileTrouble::TooLarge) => return Err(too_large(doors)),
        FilePart::Missing | FilePart::Skipped | FilePart::Refused(FileTrouble::NotKept) => {
            return Err(Refusal::trouble());
        }
    };
    let upload: Upload = taker.finish().await.ok_or_else(Refusal::trouble)?;
    let facts = doors.service.survey(&upload).await.map_err(refused_picture)?;
    let idempotency_key = idempotency_key(headers)?;
    let account = caller.account.id.to_string();
    let hooks = hook.into_iter().collect();
    let order =
        Order { caller, dialect: Dialect::Retouch4me, work, upload, facts, name, hooks, idempotency_key };
    Ok((order, account))
}

async fn caller(doors: &Doors, headers: &HeaderMap, field: Option<Text>) -> Result<Caller, Refusal> {
    let field = match field {
        Some(Text::Whole(token)) => Some(token),
        Some(_) => return Err(Refusal::token_issue()),
        None => None,
    };
    let token = given_token(headers, field).unwrap_or_default();
    let caller = account::caller(doors, &token).await?.ok_or_else(Refusal::token_issue)?;
    doors.rates.token(caller.token.id.as_str())?;
    Ok(caller)
}

/// Refuses a body that says it is too long while the client still waits for a word before sending it.
fn refuse_unsent(doors: &Doors, headers: &HeaderMap) -> Result<(), Refusal> {
    let limit = doors.service.settings().limits.max_bytes + FORM_ROOM;
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let waits =
        headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    match announced {
        Some(length) if length > limit + POLITENESS || (waits && length > limit) => {
            Err(too_large(doors).closing())
        }
        _ => Ok(()),
    }
}

fn too_large(doors: &Doors) -> Refusal {
    let megabytes = doors.service.settings().limits.max_bytes as f64 / account::MEGABYTE;
    let megabytes = super::types::plain_number(megabytes);
    Refusal::bad(format!("the file is larger than {megabytes} MB: send a smaller one"))
}

/// A text part, or 400 when it cannot be used.
fn whole(text: Option<Text>, field: &str) -> Result<Option<String>, Refusal> {
    match text {
        None => Ok(None),
        Some(Text::Whole(text)) => Ok(Some(text)),
        Some(Text::TooLong(limit)) => {
            Err(Refusal::bad(format!("{field} is longer than {limit} bytes: send less")))
        }
        Some(Text::Garbled) => Err(Refusal::bad(format!("{field} is not UTF-8 text"))),
    }
}

/// The address to call, or none when the field was left empty.
fn hook_address(hook: &str) -> Result<Option<String>, Refusal> {
    let hook = hook.trim();
    if hook.is_empty() {
        return Ok(None);
    }
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    match Url::parse(hook) {
        Ok(url) if is_web(&url) => Ok(Some(url.into())),
        _ => Err(Refusal::bad("hook must be an absolute http or https address")),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = String::from_utf8_lossy(value.as_bytes()).trim().to_owned();
    match key.len() {
        0 => Ok(None),
        1..=MAX_KEY => Ok(Some(key)),
        _ => Err(Refusal::bad(format!("Idempotency-Key is longer than {MAX_KEY} bytes"))),
    }
}

fn refused_picture(refused: PictureRefused) -> Refusal {
    match refused {
        PictureRefused::Unreadable => Refusal::trouble(),
        refused => Refusal::bad(refused.to_string()),
    }
}

fn refused_order(refused: SubmitError) -> Refusal {
    match refused {
        SubmitError::NoCredits => Refusal::limit_reached("Processing limit reached: no credits left"),
        SubmitError::DailyLimit => Refusal::limit_reached(
            "Processing limit reached: the daily limit is used up, come back tomorrow (UTC)",
        ),
        SubmitError::KeyReused => {
            Refusal::bad("Idempotency-Key was used for another file or payload: use a new key")
        }
        refused => {
            error!(%refused, "a start could not be kept");
            Refusal::trouble()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_are_absolute_web_addresses_or_left_out() {
        assert_eq!(hook_address("  "), Ok(None));
        let kept = hook_address(" https://example.org/done?x=1 ");
        assert_eq!(kept, Ok(Some("https://example.org/done?x=1".to_owned())));
        for hook in
            ["example.org/done", "/done", "ftp://example.org", "http://", "javascript:alert(1)", "http:"]
        {
            assert_eq!(hook_address(hook).expect_err(hook).status(), 400);
        }
    }

    #[test]
    fn keys_are_short() {
        let mut headers = HeaderMap::new();
        assert_eq!(idempotency_key(&headers), Ok(None));
        headers.insert("idempotency-key", "k1".parse().expect("a value"));
        assert_eq!(idempotency_key(&headers), Ok(Some("k1".to_owned())));
        headers.insert("idempotency-key", "k".repeat(256).parse().expect("a value"));
        assert_eq!(idempotency_key(&headers).expect_err("too long").status(), 400);
    }
}
