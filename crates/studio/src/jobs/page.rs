//! The pages of jobs.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use retouch::{OutputChoice, Recipe};
use serde::Deserialize;
use service::{Job, JobState, Service, Work};

use super::find;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::page::{Page, Place};
use crate::pictures::has_picture;
use crate::visitor::Visitor;
use crate::widget::{badge, bytes, form_token, pager, time};
use crate::words::jobs as words;

/// Jobs on a page.
const LIMIT: i64 = 30;

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    offset: i64,
    /// `api` shows what programs asked for.
    by: Option<String>,
}

pub async fn list(
    State(desk): State<Desk>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let by_people = asked.by.as_deref() != Some("api");
    let offset = asked.offset.max(0);
    let organization = &visitor.member.organization;
    let (jobs, total) = desk.service().retouches(organization, by_people, LIMIT, offset).await?;
    let here = if by_people { "/studio/jobs" } else { "/studio/jobs?by=api" };
    let content = html! {
        div .row {
            h1 .grow { (words::TITLE) }
            a .button .main href="/studio/try" { (words::TRY) }
        }
        nav .tabs aria-label=(words::WHOSE) {
            a href="/studio/jobs" aria-current=[by_people.then_some("page")] { (words::BY_PEOPLE) }
            a href="/studio/jobs?by=api" aria-current=[(!by_people).then_some("page")] { (words::BY_PROGRAMS) }
        }
        @if jobs.is_empty() {
            div .empty { p { @if by_people { (words::NONE) } @else { (words::NONE_BY_PROGRAMS) } } }
        } @else {
            ul .jobs data-jobs {
                @for job in &jobs { (row(job, &visitor, here)) }
            }
            (pager(here, offset, LIMIT, total))
        }
    };
    Ok(Page::new(words::TITLE, Place::Try, &visitor)
        .styles(&["jobs/jobs.css"])
        .scripts(&["jobs/list.js"])
        .show(content))
}

fn row(job: &Job, visitor: &Visitor, here: &str) -> Markup {
    let link = format!("/studio/jobs/{}", job.id);
    html! {
        li .job data-job=(job.id.as_str()) data-ended[job.state.is_final()] {
            a .job-thumb href=(link) tabindex="-1" aria-hidden="true" { (thumb(job)) }
            div .job-text {
                h2 { a href=(link) { (name(job)) } }
                p .soft { (what(job)) " · " (job.width) " × " (job.height) " · " (time(job.created_at)) }
                div data-standing { (standing(job)) }
            }
            div .job-actions { (actions(job, visitor, Some(here))) }
        }
    }
}

fn thumb(job: &Job) -> Markup {
    let which = if has_picture(job) { "result" } else { "input" };
    html! {
        @if job.purged {
            span .job-gone { (words::PURGED) }
        } @else {
            img src=(format!("/studio/pictures/{}/{which}/thumb?edge=240", job.id)) alt="" loading="lazy" width="120" height="96";
        }
    }
}

fn name(job: &Job) -> &str {
    if job.input.name.is_empty() { words::UNNAMED } else { &job.input.name }
}

/// What is made, in a few words.
fn what(job: &Job) -> String {
    match Work::from_json(&job.work) {
        Ok(Work::Retouch(recipe)) => {
            let form = match recipe.output {
                OutputChoice::Psd => words::PSD,
                _ if recipe.wants_zip() => words::LAYERS,
                _ => words::FLAT,
            };
            format!("{form}, {}", words::plugins(recipe.tasks.len()))
        }
        Ok(Work::Features) => words::FEATURES.to_owned(),
        Ok(Work::Workflow(_)) | Err(_) => String::new(),
    }
}

/// State, progress and reason; replaced while the job is under way.
pub fn standing(job: &Job) -> Markup {
    let (kind, word) = match job.state {
        JobState::Waiting => ("", words::WAITING),
        JobState::Active if job.cancel_requested => ("warn", words::CANCELLING),
        JobState::Active => ("busy", words::ACTIVE),
        JobState::Delayed => ("warn", words::DELAYED),
        JobState::Completed => ("good", words::COMPLETED),
        JobState::Failed => ("bad", words::FAILED),
        JobState::Cancelled => ("", words::CANCELLED),
        JobState::InReview => ("warn", words::IN_REVIEW),
        JobState::Unpaid => ("warn", words::UNPAID),
    };
    html! {
        p .job-state {
            (badge(kind, word))
            @if job.state == JobState::Active {
                progress max="100" value=(job.progress) aria-label=(words::PROGRESS) {}
                span .soft { (job.progress) " %" @if !job.plugin.is_empty() { " · " (job.plugin) } }
            }
            @if let Some(took) = took(job) { span .soft { (took) } }
        }
        @if !job.reason.is_empty() && job.state != JobState::Completed { p .job-reason { (job.reason) } }
    }
}

/// Time the work took.
fn took(job: &Job) -> Option<String> {
    let (started, finished) = (job.started_at?, job.finished_at?);
    (job.state == JobState::Completed).then(|| seconds(finished.since(started)))
}

fn seconds(time: Duration) -> String {
    if time.as_secs() < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min", time.as_secs() / 60)
    }
}

fn actions(job: &Job, visitor: &Visitor, next: Option<&str>) -> Markup {
    let form = |action: &str, word: &str, confirm: Option<&str>| {
        html! {
            form method="post" action=(format!("/studio/jobs/{}/{action}", job.id)) data-confirm=[confirm] {
                (form_token(visitor))
                @if let Some(next) = next { input type="hidden" name="next" value=(next); }
                button .small { (word) }
            }
        }
    };
    html! {
        @match job.state {
            JobState::Waiting | JobState::Active | JobState::Delayed => {
                (form("cancel", words::CANCEL, Some(words::CANCEL_SURE)))
            }
            JobState::Failed | JobState::Cancelled if !job.purged => { (form("retry", words::RETRY, None)) }
            JobState::Completed if !job.purged => {
                a .button .small href=(format!("/studio/jobs/{}/file", job.id)) download { (words::DOWNLOAD) }
            }
            _ => {}
        }
    }
}

pub async fn show(
    State(desk): State<Desk>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let job = find(&desk, &visitor, &id).await?;
    let editions = desk.service().editions(&job).await?;
    let recipe = match Work::from_json(&job.work) {
        Ok(Work::Retouch(recipe)) => Some(recipe),
        _ => None,
    };
    let content = html! {
        div .job-page data-job=(job.id.as_str()) data-ended[job.state.is_final()] data-shows[!job.purged] data-result[has_picture(&job)] data-name=(name(&job)) {
            div .job-picture data-viewer {
                @if job.purged { p .empty { (words::PURGED_TEXT) } }
            }
            aside .job-panel {
                p { a href="/studio/jobs" { (words::BACK) } }
                h1 { (name(&job)) }
                div data-standing aria-live="polite" { (standing(&job)) }
                div .row { (actions(&job, &visitor, None)) }
                (forms(&job, &editions, &visitor))
                (facts(&job))
                @if let Some(recipe) = &recipe { (settings(recipe)) }
            }
        }
    };
    Ok(Page::new(name(&job), Place::Try, &visitor)
        .styles(&["viewer/viewer.css", "jobs/jobs.css"])
        .scripts(&["jobs/job.js"])
        .wide()
        .show(content))
}

/// The other forms of file, to be had without paying again.
fn forms(job: &Job, editions: &[Job], visitor: &Visitor) -> Markup {
    let is_retouch = matches!(Work::from_json(&job.work), Ok(Work::Retouch(_)));
    let offered = job.state == JobState::Completed && !job.purged && is_retouch;
    html! {
        @if let Some(first) = Service::edition_of(job) {
            p .soft { (words::EDITION_OF) " " a href=(format!("/studio/jobs/{first}")) { (words::FIRST_JOB) } }
        } @else if offered {
            section .job-forms {
                h2 { (words::FORMS) }
                p .soft { (words::FORMS_TEXT) }
                div .row {
                    @for (form, word) in [("layers", words::LAYERS), ("psd", words::PSD)] {
                        form method="post" action=(format!("/studio/jobs/{}/edition", job.id)) {
                            (form_token(visitor))
                            input type="hidden" name="form" value=(form);
                            button .small { (word) }
                        }
                    }
                }
                @if !editions.is_empty() {
                    ul .job-editions {
                        @for edition in editions {
                            li data-job=(edition.id.as_str()) data-ended[edition.state.is_final()] {
                                a href=(format!("/studio/jobs/{}", edition.id)) { (what(edition)) }
                                div data-standing { (standing(edition)) }
                                (actions(edition, visitor, Some(&format!("/studio/jobs/{}", job.id))))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn facts(job: &Job) -> Markup {
    html! {
        dl .job-facts {
            dt { (words::PICTURE) } dd { (job.width) " × " (job.height) ", " (bytes(job.input.bytes)) }
            dt { (words::MADE) } dd { (what(job)) }
            @if let Some(result) = &job.result { dt { (words::RESULT) } dd { (bytes(result.bytes)) } }
            dt { (words::ASKED) } dd { (time(job.created_at)) }
            @if let Some(finished) = job.finished_at { dt { (words::ENDED) } dd { (time(finished)) } }
            @if !job.purged { dt { (words::KEPT) } dd { (time(job.expires_at)) } }
            dt { (words::CREDITS) } dd { (job.charged) }
            dt { (words::ID) } dd { code { (job.id) } }
        }
    }
}

fn settings(recipe: &Recipe) -> Markup {
    html! {
        section {
            h2 { (words::SETTINGS) }
            ol .job-tasks {
                @for task in &recipe.tasks {
                    li {
                        strong { (task.plugin.spec().name) }
                        @for param in task.plugin.spec().params {
                            " " span .soft { (param.label) " " (value(task, param.key)) }
                        }
                    }
                }
            }
        }
    }
}

fn value(task: &retouch::Task, key: retouch::Key) -> String {
    match key {
        retouch::Key::Scale => task.settings.scale.number().to_string(),
        retouch::Key::Alpha1 => task.settings.alpha1.to_string(),
        retouch::Key::Alpha2 => task.settings.alpha2.to_string(),
        retouch::Key::Automask => if task.settings.automask { words::ON } else { words::OFF }.to_owned(),
    }
}
