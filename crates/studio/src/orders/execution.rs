//! One execution: before and after, state, attempts, rounds with their verdicts, files.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use http_doors::{disposition, send_file};
use maud::{Markup, html};
use service::{Attempt, FileFacts, Job, JobState, Retried, Round, StoreError};

use super::list::{May, state};
use crate::asked::segment;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{SignedForm, see_other};
use crate::page::{Page, Place};
use crate::visitor::Visitor;
use crate::widget;
use crate::words::orders as words;

pub async fn show(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let job = find(&desk, &visitor, &id).await?;
    let attempts = desk.service().store().attempts(&job.id).await?;
    let rounds = desk.service().rounds(&job).await?;
    let name = if job.input.name.is_empty() { words::EXECUTION } else { &job.input.name };
    let is_picture = job.result.as_ref().is_some_and(|file| file.media_type.starts_with("image/"));
    let has_result = is_picture && matches!(job.state, JobState::Completed | JobState::InReview);
    let content = html! {
        p .trail {
            a href="/studio/orders" { (words::TITLE) }
            @if let Some(batch) = &job.batch_id { " / " a href={ "/studio/orders/" (segment(batch)) } { (job.labels.get(service::BATCH_NAME).unwrap_or(batch)) } }
        }
        h1 { (name) }
        (head(&job, &visitor))
        @if job.purged { p .soft { (words::PURGED) } } @else {
            section #viewer .viewer-place aria-label=(words::COMPARE) data-job=(job.id) data-name=(name)
                data-result=(if has_result { "yes" } else { "no" }) {}
        }
        div .two {
            (facts(&job))
            (attempt_table(&attempts))
        }
        @if rounds.iter().any(|round| round.verdict.is_some()) { (round_table(&job, &rounds)) }
    };
    Ok(Page::new(name, Place::Orders, &visitor)
        .styles(&["viewer/viewer.css", "orders.css"])
        .scripts(&["orders/live.js", "orders/execution.js"])
        .show(content))
}

pub async fn retry(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    SignedForm { visitor, fields }: SignedForm,
) -> Result<Response, Failure> {
    let job = find(&desk, &visitor, &id).await?;
    let notice = match desk.service().retry_execution(&job).await? {
        Retried::Again => "retried",
        Retried::Unpaid => "retried-unpaid",
        Retried::DailyLimit => "retried-day-over",
        Retried::Completed | Retried::UnderWay | Retried::NotPossible => {
            return Err(Failure::new(StatusCode::CONFLICT, words::RETRY, words::NOT_RETRIED));
        }
    };
    Ok(back(&fields, &job, notice))
}

pub async fn cancel(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    SignedForm { visitor, fields }: SignedForm,
) -> Result<Response, Failure> {
    let job = find(&desk, &visitor, &id).await?;
    desk.service().cancel(&job.id).await?;
    Ok(back(&fields, &job, "cancelled"))
}

pub async fn input(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    visitor: Visitor,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let job = find(&desk, &visitor, &id).await?;
    if job.purged {
        return Err(Failure::not_found());
    }
    send(&desk, &method, &headers, &job.input).await
}

pub async fn result(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    visitor: Visitor,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let job = find(&desk, &visitor, &id).await?;
    let file = desk.service().result(&job).filter(|_| !job.purged).ok_or_else(Failure::not_found)?;
    send(&desk, &method, &headers, &file).await
}

/// The result of an earlier round, for those who decide on it; or of the present one while it is in review.
pub async fn round(
    State(desk): State<Desk>,
    Path((id, number)): Path<(String, i64)>,
    visitor: Visitor,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let job = find(&desk, &visitor, &id).await?;
    if !visitor.is_admin() {
        return Err(Failure::forbidden());
    }
    let file = desk.service().round_result(&job, number).await?.ok_or_else(Failure::not_found)?;
    send(&desk, &method, &headers, &file).await
}

/// An execution of the visitor's organization.
///
/// # Errors
/// 404.
pub async fn find(desk: &Desk, visitor: &Visitor, id: &str) -> Result<Job, Failure> {
    desk.service().execution(&visitor.member.organization, id).await?.ok_or_else(Failure::not_found)
}

async fn send(
    desk: &Desk,
    method: &Method,
    headers: &HeaderMap,
    file: &FileFacts,
) -> Result<Response, Failure> {
    let offered = offered_as(&file.name);
    let sent = send_file(desk.service(), method, headers, file, offered).await;
    match sent {
        Ok(Some(response)) => Ok(response),
        Ok(None) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            Ok(response)
        }
        Err(StoreError::Missing(_)) => Err(Failure::not_found()),
        Err(trouble) => Err(trouble.into()),
    }
}

/// To be saved under its own name.
fn offered_as(name: &str) -> HeaderValue {
    let inline = disposition::offered_as(name);
    let text = inline.to_str().unwrap_or_default().replacen("inline", "attachment", 1);
    HeaderValue::from_str(&format!("{text}; filename*=UTF-8''{}", segment(name))).unwrap_or(inline)
}

fn back(fields: &crate::form::Fields, job: &Job, notice: &str) -> Response {
    let place =
        fields.local_path("next").map_or_else(|| format!("/studio/executions/{}", job.id), str::to_owned);
    let asked = crate::asked::Asked::of(&place);
    let list = asked.list();
    let join = if list.contains('?') { '&' } else { '?' };
    let offset = asked.offset();
    let offset = if offset > 0 { format!("&offset={offset}") } else { String::new() };
    see_other(&format!("{list}{join}notice={notice}{offset}"))
}

fn head(job: &Job, visitor: &Visitor) -> Markup {
    let path = format!("/studio/executions/{}", job.id);
    let may = May::of(job);
    html! {
        div .row .execution-head data-execution=(job.id) data-state=(job.state.as_str()) data-reload="yes" {
            div .grow role="status" { (state(job)) }
            a .button .main href={ (path) "/result" } data-may="fetch" hidden[!may.fetch] { (words::DOWNLOAD) }
            @if !job.purged { a .button href={ (path) "/input" } { (words::ORIGINAL) } }
            @if job.state == JobState::InReview { a .button href={ "/studio/review?execution=" (job.id) } { (words::REVIEW_ALL) } }
            @for (deed, word, is_possible) in [("retry", words::RETRY, may.retry), ("cancel", words::CANCEL, may.cancel)] {
                form method="post" action={ (path) "/" (deed) } data-may=(deed) hidden[!is_possible] {
                    (widget::form_token(visitor)) button { (word) }
                }
            }
        }
    }
}

fn facts(job: &Job) -> Markup {
    let ours = [service::BATCH_ID, service::BATCH_NAME, service::BATCH_TIME];
    html! {
        section {
            h2 { (words::EXECUTION) }
            dl .values {
                @if let Some(workflow) = &job.workflow {
                    div { dt { (words::WORKFLOW) } dd { a href={ "/studio/workflows/" (workflow.id) "?version=" (workflow.version) } { (workflow.name) } } }
                }
                div { dt { (words::SIZE) } dd { (job.width) " × " (job.height) ", " (widget::bytes(job.input.bytes)) } }
                div { dt { (words::CREDITS) } dd { (job.charged) } }
                div { dt { (words::ARRIVED) } dd { (widget::time(job.created_at)) } }
                @if let Some(at) = job.started_at { div { dt { (words::STARTED) } dd { (widget::time(at)) } } }
                @if let Some(at) = job.finished_at { div { dt { (words::ENDED) } dd { (widget::time(at)) } } }
                div { dt { (words::EXPIRES) } dd { (widget::time(job.expires_at)) } }
                div { dt { (words::ID) } dd { code { (job.id) } } }
                @for (key, value) in job.labels.iter().filter(|(key, _)| !ours.contains(&key.as_str())) {
                    div { dt { (words::LABELS) ": " (key) } dd { (value) } }
                }
            }
        }
    }
}

fn attempt_table(attempts: &[Attempt]) -> Markup {
    html! {
        section {
            h2 { (words::ATTEMPTS) }
            @if attempts.is_empty() { p .soft { (words::NO_ATTEMPTS) } } @else {
                div .scroll tabindex="0" role="region" aria-label=(words::ATTEMPTS) {
                    table {
                        thead { tr { th scope="col" { (words::ATTEMPT) } th scope="col" { (words::STARTED) } th scope="col" { (words::OUTCOME) } } }
                        tbody {
                            @for one in attempts {
                                tr {
                                    th scope="row" { (one.round + 1) "." (one.attempt) }
                                    td { (widget::time(one.started_at)) @if let Some(end) = one.finished_at { ", " (seconds(end.since(one.started_at).as_millis())) } }
                                    td { (one.outcome) @if !one.reason.is_empty() { span .soft .under { (one.reason) } } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn seconds(millis: u128) -> String {
    format!("{}.{} s", millis / 1_000, millis % 1_000 / 100)
}

fn round_table(job: &Job, rounds: &[Round]) -> Markup {
    html! {
        h2 { (words::ROUNDS) }
        div .scroll tabindex="0" role="region" aria-label=(words::ROUNDS) {
            table {
                thead { tr { th scope="col" { (words::ROUND) } th scope="col" { (words::VERDICT) } th scope="col" { (words::MARKINGS) } th scope="col" { (words::RESULT) } } }
                tbody {
                    @for round in rounds {
                        tr {
                            th scope="row" { (round.number + 1) }
                            td { @if let Some(verdict) = &round.verdict {
                                (widget::badge(if verdict.approved { "good" } else { "bad" }, if verdict.approved { words::APPROVED } else { words::REJECTED }))
                                " " (verdict.reason) span .soft .under { (verdict.actor) ", " (widget::time(verdict.at)) }
                            } }
                            td { ol .markings { @for marking in &round.markings { li { (marking.note) } } } }
                            td { @if round.result.is_some() { a href={ "/studio/executions/" (job.id) "/rounds/" (round.number) } { (words::DOWNLOAD) } } @else { (words::GONE) } }
                        }
                    }
                }
            }
        }
    }
}
