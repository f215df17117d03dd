//! Waiting for an execution: its states as an event stream, and its result as soon as there is one.

use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream;
use service::{Job, JobId, JobState, Organization};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep, timeout};

use super::errors::Refusal;
use super::guest::Guest;
use super::types::ErrorBody;
use super::{execution, image, object};
use crate::app::Doors;
use crate::event_stream::event_stream;

/// How those are served who wait for an execution.
#[derive(Clone, Copy, Debug)]
pub struct Following {
    /// How often the execution is looked at beside the notices of its changes.
    pub look_every: Duration,
    /// How often a stream without news says that it is still there.
    pub comment_every: Duration,
    /// How long a result is waited for.
    pub result_within: Duration,
}

impl Default for Following {
    fn default() -> Self {
        Self {
            look_every: Duration::from_secs(1),
            comment_every: Duration::from_secs(15),
            result_within: Duration::from_secs(10 * 60),
        }
    }
}

/// The states of an execution as they come, until it has ended.
///
/// An event stream: `data:CREATED`, `data:ACTIVE` and so on, beginning with the present state. It ends with `COMPLETED`,
/// `FAILED`, `PAYMENT_REQUIRED` or `IN_QA`.
#[utoipa::path(
    get, path = "/v1/workflow/execution/{id}/status", tag = "AutoRetouch", operation_id = "executionStatus",
    summary = "Follow an execution",
    params(
        ("id" = String, Path, description = "The execution's id."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
    ),
    responses(
        (status = 200, description = "The stream.", body = String, content_type = "text/event-stream"),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 404, description = "The organization has no such execution.", body = ErrorBody),
    )
)]
pub(crate) async fn status(
    State(doors): State<Doors>,
    id: Result<Path<String>, PathRejection>,
    guest: Guest,
) -> Result<Response, Refusal> {
    let job = execution::find(&doors, &guest, id).await?;
    let follower = Follower::new(doors, guest.member.organization, &job);
    Ok(event_stream(stream::unfold(follower, async |mut follower| {
        let line = follower.line().await?;
        Some((line, follower))
    })))
}

/// The result, as soon as the execution is completed.
///
/// Waits up to 10 minutes.
#[utoipa::path(
    get, path = "/v1/workflow/execution/{id}/result/{name}", tag = "AutoRetouch", operation_id = "executionResult",
    summary = "Wait for the result",
    params(
        ("id" = String, Path, description = "The execution's id."),
        ("name" = String, Path, description = "`default`; there is no other result."),
        ("organization" = Option<String>, Query, description = "Another of your organizations than the token's."),
    ),
    responses(
        (status = 200, description = "The picture.", content((String = "image/jpeg"), (String = "image/png"), (String = "image/tiff"), (String = "image/webp"))),
        (status = 401, description = "No access token, or one that does not count.", body = ErrorBody),
        (status = 402, description = "There are too few credits.", body = ErrorBody),
        (status = 404, description = "The organization has no such execution, or its result has been removed.", body = ErrorBody),
        (status = 422, description = "The execution has failed; the message says why.", body = ErrorBody),
        (status = 503, description = "It is still under way or in review: ask again.", body = ErrorBody),
    )
)]
pub(crate) async fn result(
    State(doors): State<Doors>,
    names: Result<Path<(String, String)>, PathRejection>,
    guest: Guest,
    request: Request,
) -> Result<Response, Refusal> {
    let (id, name) = names.map(|Path(names)| names).unwrap_or_default();
    let mut job = execution::find(&doors, &guest, Ok(Path(id))).await?;
    if name != "default" {
        return Err(Refusal::not_found("There is no result of this name: ask for default"));
    }
    let (asked, _) = request.into_parts();
    let end = Instant::now() + doors.settings.following.result_within;
    let mut changes = doors.service.store().notices().changes();
    loop {
        match job.state {
            JobState::Completed => break,
            JobState::Failed | JobState::Cancelled => {
                return Err(Refusal::unprocessable(object::reason(&job)));
            }
            JobState::Unpaid => {
                let message = "There are too few credits: add some, then retry the execution";
                return Err(Refusal::new(StatusCode::PAYMENT_REQUIRED, message));
            }
            JobState::Waiting | JobState::Active | JobState::Delayed | JobState::InReview => {}
        }
        if Instant::now() >= end {
            return Err(Refusal::unavailable("The execution is not completed yet: ask again"));
        }
        let look = doors.settings.following.look_every.min(end.saturating_duration_since(Instant::now()));
        changed(&mut changes, &job.id, look).await;
        let found = doors.service.execution(guest.organization(), job.id.as_str()).await?;
        job = found.ok_or_else(Refusal::no_execution)?;
    }
    let file = doors.service.result(&job).ok_or_else(|| Refusal::not_found("Image not found"))?;
    image::send(&doors, &asked, &file, &object::result_name(&file)).await
}

/// Waits for a change of this job, but not longer than told.
async fn changed(changes: &mut Receiver<JobId>, id: &JobId, longest: Duration) {
    let heard = async {
        loop {
            match changes.recv().await {
                Ok(changed) if changed == *id => break,
                Ok(_) => {}
                // What was missed may have been it.
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => sleep(longest).await,
            }
        }
    };
    // Nothing heard in time is as good a reason to look.
    let _ = timeout(longest, heard).await;
}

/// Somebody who reads the states of an execution.
struct Follower {
    doors: Doors,
    organization: Organization,
    id: JobId,
    changes: Receiver<JobId>,
    told: Option<&'static str>,
    spoke: Instant,
    is_done: bool,
}

impl Follower {
    fn new(doors: Doors, organization: Organization, job: &Job) -> Self {
        let changes = doors.service.store().notices().changes();
        let id = job.id.clone();
        Self { doors, organization, id, changes, told: None, spoke: Instant::now(), is_done: false }
    }

    /// The next line, nothing at the end.
    async fn line(&mut self) -> Option<String> {
        let following = self.doors.settings.following;
        while !self.is_done {
            match self.doors.service.execution(&self.organization, self.id.as_str()).await {
                Ok(Some(job)) => {
                    let state = object::state(job.state);
                    if self.told != Some(state) {
                        self.told = Some(state);
                        self.spoke = Instant::now();
                        self.is_done = job.state.is_final();
                        return Some(format!("data:{state}\n\n"));
                    }
                }
                Ok(None) => return None,
                Err(trouble) => tracing::warn!(%trouble, "an execution that is followed could not be read"),
            }
            if self.spoke.elapsed() >= following.comment_every {
                self.spoke = Instant::now();
                return Some(":\n\n".to_owned());
            }
            let next_comment = following.comment_every.saturating_sub(self.spoke.elapsed());
            let longest = following.look_every.min(next_comment.max(Duration::from_millis(1)));
            changed(&mut self.changes, &self.id, longest).await;
        }
        None
    }
}
