//! `/studio/operator`: jobs in line and at work, and who works on them.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use service::{Job, JobFilter, JobId, JobState, QueueFigures, Timestamp, WorkerRow};

use super::{show, steward};
use crate::account::Said;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{SignedForm, see_other};
use crate::visitor::{Operator, Visitor};
use crate::widget::{badge, bytes, form_token, time};
use crate::words::{account, operator as words};

/// Jobs of one list.
const SHOWN: i64 = 50;

pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/studio/operator", get(queue))
        .route("/studio/operator/jobs/cancel", post(cancel))
        .route("/studio/operator/jobs/retry", post(retry))
}

async fn queue(State(desk): State<Desk>, Operator(visitor): Operator) -> Result<Response, Failure> {
    let (store, now) = (desk.service().store(), desk.service().now());
    let figures = store.queue().await?;
    let with = |state: JobState| JobFilter { state: Some(state), limit: SHOWN, ..JobFilter::default() };
    let mut under_way = store.jobs(&with(JobState::Active)).await?;
    under_way.extend(store.jobs(&with(JobState::Delayed)).await?);
    under_way.extend(store.jobs(&with(JobState::Waiting)).await?);
    let failed = store.jobs(&JobFilter { limit: 20, ..with(JobState::Failed) }).await?;
    let workers = store.workers().await?;
    let content = html! {
        div #live data-refresh="4000" {
            (numbers(&figures, now))
            section .panel aria-labelledby="jobs" {
                h2 #jobs { (words::UNDER_WAY) }
                (jobs(&visitor, &under_way, words::NO_JOBS))
            }
            section .panel aria-labelledby="workers" {
                h2 #workers { (words::WORKERS) }
                (worker_table(&workers, now))
            }
            section .panel aria-labelledby="failed" {
                h2 #failed { (words::FAILED) }
                (jobs(&visitor, &failed, words::NO_FAILED))
            }
        }
    };
    Ok(show(&visitor, words::QUEUE, &Said::default(), &content))
}

fn numbers(figures: &QueueFigures, now: Timestamp) -> Markup {
    html! {
        dl .figures {
            div { dt { (words::ACTIVE) } dd { (figures.active) } }
            div { dt { (words::WAITING) } dd { (figures.waiting) } }
            div { dt { (words::DELAYED) } dd { (figures.delayed) } }
            div { dt { (words::OLDEST) } dd { (figures.oldest_waiting_at.map_or("–".to_owned(), |at| words::span(now.since(at)))) } }
            div { dt { (words::MEMORY) } dd { (bytes(figures.active_memory)) } }
        }
    }
}

fn jobs(visitor: &Visitor, jobs: &[Job], none: &str) -> Markup {
    html! {
        @if jobs.is_empty() { p .soft { (none) } } @else {
            div .scroll tabindex="0" role="group" aria-label=(words::JOBS) {
                table {
                    thead { tr {
                        th { (words::JOB) } th { (account::STATE) } th { (words::STEP) } th .number { (words::MEMORY) }
                        th { (words::WORKER) } th { (words::ACCEPTED) } th { span .out-of-sight { (account::ACTIONS) } }
                    } }
                    tbody { @for job in jobs { (row(visitor, job)) } }
                }
            }
        }
    }
}

fn row(visitor: &Visitor, job: &Job) -> Markup {
    let kind = match job.state {
        JobState::Active => "busy",
        JobState::Delayed => "warn",
        JobState::Failed => "bad",
        _ => "",
    };
    html! {
        tr {
            td { code .id { (job.id) } br; span .soft { (job.width) "×" (job.height) " · " (words::attempt(job.attempt, job.max_attempts)) } }
            td { (badge(kind, job.state.as_str())) @if job.cancel_requested { " " (badge("warn", words::CANCELLING)) } }
            td {
                @if job.state == JobState::Active { (job.progress) " % " }
                (job.step.as_str()) @if !job.plugin.is_empty() { " · " (job.plugin) }
                @if !job.reason.is_empty() { span .soft { (job.reason) } }
            }
            td .number { (bytes(job.memory)) }
            td { span .soft { (job.worker.as_deref().map_or("–", |name| name.get(..8).unwrap_or(name))) } }
            td { (time(job.created_at)) }
            td .number { (button(visitor, job)) }
        }
    }
}

fn button(visitor: &Visitor, job: &Job) -> Markup {
    let (path, word) = match job.state {
        JobState::Waiting | JobState::Active | JobState::Delayed => {
            ("/studio/operator/jobs/cancel", words::CANCEL)
        }
        JobState::Failed | JobState::Cancelled if !job.purged => {
            ("/studio/operator/jobs/retry", words::RETRY)
        }
        _ => return html! {},
    };
    html! {
        form method="post" action=(path) {
            (form_token(visitor))
            input type="hidden" name="job" value=(job.id);
            button .small aria-label=(words::job_button(word, job.id.as_str())) { (word) }
        }
    }
}

fn worker_table(workers: &[WorkerRow], now: Timestamp) -> Markup {
    // Those that stopped in order are history; some of them are shown.
    let shown =
        workers.iter().filter(|one| one.stopped_at.is_none() || now.since(one.seen_at).as_secs() < 3_600);
    html! {
        div .scroll tabindex="0" role="group" aria-label=(words::WORKERS) {
            table {
                thead { tr {
                    th { (words::WORKER) } th { (account::STATE) } th .number { (words::RUNNING) } th .number { (words::BUDGET) }
                    th { (words::STARTED) } th { (words::SEEN) }
                } }
                tbody { @for one in shown {
                    tr {
                        td { (one.host) br; span .soft { code { (one.id.as_str().get(..8).unwrap_or_default()) } } }
                        td { @match (one.stopped_at, now.since(one.seen_at).as_secs()) {
                            (Some(_), _) => (badge("", words::STOPPED)),
                            (None, 0..=30) => (badge("good", words::ALIVE)),
                            (None, _) => (badge("bad", words::SILENT)),
                        } }
                        td .number { (one.running) }
                        td .number { (bytes(one.budget)) }
                        td { (time(one.started_at)) }
                        td { (time(one.seen_at)) }
                    }
                } }
            }
        }
    }
}

async fn job_of(desk: &Desk, form: &SignedForm) -> Result<Job, Failure> {
    let id = JobId::from(form.fields.get("job").unwrap_or_default());
    desk.service().store().job(&id).await?.ok_or_else(Failure::not_found)
}

async fn cancel(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let steward = steward(&desk, &form.visitor)?;
    let service = desk.service();
    let job = job_of(&desk, &form).await?;
    steward
        .cancel(&job, service.settings(), service.voices())
        .await
        .map_err(|trouble| Failure::bad_request(trouble.to_string()))?;
    Ok(see_other("/studio/operator?notice=queue-job-cancelled"))
}

async fn retry(State(desk): State<Desk>, form: SignedForm) -> Result<Response, Failure> {
    let steward = steward(&desk, &form.visitor)?;
    let job = job_of(&desk, &form).await?;
    let keep = desk.service().settings().keep;
    let again =
        steward.retry(&job, keep).await.map_err(|trouble| Failure::bad_request(trouble.to_string()))?;
    let notice = if again { "job-retried" } else { "job-not-retried" };
    Ok(see_other(&format!("/studio/operator?notice={notice}")))
}
