//! How jobs are getting on: as an event stream, or asked for again and again.

use std::collections::HashMap;
use std::time::Duration;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use futures_util::stream;
use http_doors::event_stream;
use serde_json::{Value, json};
use service::{Job, JobId, Organization};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until, timeout};

use super::page;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::visitor::Visitor;

/// Most jobs of one stream: those of a page.
const MOST: usize = 100;
/// Notices are hints; jobs are looked at so often besides.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Progress is told at most so often.
const PAUSE: Duration = Duration::from_millis(150);
/// A stream without news says so often that it is still there.
const COMMENT_EVERY: Duration = Duration::from_secs(15);

/// Jobs somebody follows, and what they were told last.
struct Follower {
    desk: Desk,
    organization: Organization,
    changes: Receiver<JobId>,
    told: HashMap<String, String>,
    open: Vec<String>,
    spoke: Instant,
    is_first: bool,
}

/// The states of the jobs in the query (`id=` for each), at once and whenever they change; ends when all have ended.
pub async fn events(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let changes = desk.service().store().notices().changes();
    let follower = Follower {
        organization: visitor.member.organization.clone(),
        open: ids(query.as_deref()),
        desk,
        changes,
        told: HashMap::new(),
        spoke: Instant::now(),
        is_first: true,
    };
    event_stream(stream::unfold(follower, async |mut follower| {
        let line = follower.next().await?;
        Some((line, follower))
    }))
}

/// The same once, for browsers that cannot hold a stream.
pub async fn states(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<Value>>, Failure> {
    let mut all = Vec::new();
    for id in ids(query.as_deref()) {
        if let Some(job) = desk.service().job_of(&visitor.member.organization, &id).await? {
            all.push(told(&job));
        }
    }
    Ok(Json(all))
}

fn ids(query: Option<&str>) -> Vec<String> {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.filter(|(name, _)| name == "id").map(|(_, id)| id.into_owned()).take(MOST).collect()
}

/// What a page must know of a job.
pub fn told(job: &Job) -> Value {
    json!({
        "id": job.id.as_str(),
        "state": job.state.as_str(),
        "progress": job.progress,
        "plugin": job.plugin,
        "reason": job.reason,
        "ended": job.state.is_final(),
        "html": page::standing(job).into_string(),
    })
}

impl Follower {
    /// What is to be sent next; nothing when there will be no more.
    async fn next(&mut self) -> Option<String> {
        loop {
            if !self.is_first {
                if self.open.is_empty() {
                    return None;
                }
                self.wait().await;
            }
            self.is_first = false;
            let news = self.look().await;
            if !news.is_empty() {
                self.spoke = Instant::now();
                return Some(news);
            }
            if self.spoke.elapsed() > COMMENT_EVERY {
                self.spoke = Instant::now();
                return Some(":\n\n".to_owned());
            }
        }
    }

    /// Until one of the jobs may have changed.
    async fn wait(&mut self) {
        let earliest = Instant::now() + PAUSE;
        let change = async {
            loop {
                match self.changes.recv().await {
                    Ok(job) if !self.open.iter().any(|id| id == job.as_str()) => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let _ = timeout(LOOK_EVERY, change).await;
        sleep_until(earliest).await;
    }

    async fn look(&mut self) -> String {
        let mut news = String::new();
        for id in std::mem::take(&mut self.open) {
            match self.desk.service().job_of(&self.organization, &id).await {
                Ok(Some(job)) => {
                    let state = told(&job).to_string();
                    if self.told.get(&id) != Some(&state) {
                        news.push_str(&format!("data: {state}\n\n"));
                        self.told.insert(id.clone(), state);
                    }
                    if !job.state.is_final() {
                        self.open.push(id);
                    }
                }
                Ok(None) => {}
                // The database will be back.
                Err(_) => self.open.push(id),
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_the_query_up_to_a_page_full() {
        assert_eq!(ids(Some("id=a&x=1&id=b%2Fc")), ["a", "b/c"]);
        assert_eq!(ids(None), Vec::<String>::new());
        assert_eq!(ids(Some(&"id=a&".repeat(1_000))).len(), MOST);
    }
}
