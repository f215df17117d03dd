//! `/studio/jobs`: retouches without a workflow, those of people and those of programs.

mod live;
mod page;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use http_doors::disposition;
use http_doors::send_file;
use retouch::OutputChoice;
use service::{Job, JobState, Retried};

use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::{SignedForm, see_other};
use crate::visitor::Visitor;
use crate::words::jobs as words;

pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/studio/jobs", get(page::list))
        .route("/studio/jobs/events", get(live::events))
        .route("/studio/jobs/states", get(live::states))
        .route("/studio/jobs/{id}", get(page::show))
        .route("/studio/jobs/{id}/file", get(file))
        .route("/studio/jobs/{id}/cancel", post(cancel))
        .route("/studio/jobs/{id}/retry", post(retry))
        .route("/studio/jobs/{id}/edition", post(edition))
}

/// A retouch without a workflow of the visitor's organization.
async fn find(desk: &Desk, visitor: &Visitor, id: &str) -> Result<Job, Failure> {
    let found = desk.service().job_of(&visitor.member.organization, id).await?;
    found.filter(|job| job.workflow.is_none()).ok_or_else(Failure::not_found)
}

async fn file(
    State(desk): State<Desk>,
    visitor: Visitor,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let job = find(&desk, &visitor, &id).await?;
    let file = desk.service().result(&job).filter(|_| !job.purged).ok_or_else(Failure::not_found)?;
    let extension = file.name.rsplit_once('.').map_or("bin", |(_, extension)| extension);
    let name = disposition::attachment(&job.input.name, extension);
    let sent = send_file(desk.service(), request.method(), request.headers(), &file, name).await?;
    sent.ok_or_else(|| Failure::new(StatusCode::RANGE_NOT_SATISFIABLE, words::NO_FILE, words::OUTSIDE))
}

async fn cancel(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    form: SignedForm,
) -> Result<Response, Failure> {
    let job = find(&desk, &form.visitor, &id).await?;
    desk.service().cancel(&job.id).await?;
    Ok(back(&form, &job, "job-cancelled"))
}

async fn retry(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    form: SignedForm,
) -> Result<Response, Failure> {
    let job = find(&desk, &form.visitor, &id).await?;
    let notice = match desk.service().retry_job(&job).await? {
        Retried::Again => "job-again",
        Retried::Completed | Retried::UnderWay => "job-under-way",
        Retried::Unpaid => "job-unpaid",
        Retried::DailyLimit => "job-day-over",
        // A retouch that cannot be paid stays as it is.
        Retried::NotPossible
            if matches!(job.state, JobState::Failed | JobState::Cancelled) && !job.purged =>
        {
            "job-unpaid"
        }
        Retried::NotPossible => "job-gone",
    };
    Ok(back(&form, &job, notice))
}

/// The same result as a ZIP of layers or a layered Photoshop document.
async fn edition(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    form: SignedForm,
) -> Result<Response, Failure> {
    let job = find(&desk, &form.visitor, &id).await?;
    let output = match form.fields.get("form") {
        Some("flat") => OutputChoice::AsUploaded,
        Some("layers") => OutputChoice::Zip,
        Some("psd") => OutputChoice::Psd,
        _ => return Err(Failure::bad_request(words::NO_SUCH_FORM)),
    };
    let made = desk.service().edition(&form.visitor.member, &job, output).await?;
    let made =
        made.ok_or_else(|| Failure::new(StatusCode::CONFLICT, words::NO_EDITION, words::NO_EDITION_TEXT))?;
    Ok(see_other(&format!("/studio/jobs/{made}")))
}

/// Where the form says, else to the job.
fn back(form: &SignedForm, job: &Job, notice: &str) -> Response {
    match form.fields.local_path("next") {
        Some(next) => {
            see_other(&format!("{next}{}notice={notice}", if next.contains('?') { '&' } else { '?' }))
        }
        None => see_other(&format!("/studio/jobs/{}?notice={notice}", job.id)),
    }
}
