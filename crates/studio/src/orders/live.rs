//! What changes while a page is looked at, as an event stream: executions, orders, the review queue. One a page, of the
//! visitor's organization alone.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use futures_util::stream;
use http_doors::event_stream;
use serde_json::{Value, json};
use service::{Job, JobFilter, JobId, JobState, StoreError};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep, timeout_at};

use super::list::May;
use crate::asked::Asked;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::visitor::Visitor;

/// Executions or orders followed at most by one stream: what a page of a list shows.
const MOST: usize = 100;
/// How often everything is looked at beside the notices: workers in other processes may not be heard.
const LOOK: Duration = Duration::from_millis(1_500);
/// Notices are gathered for so long before anything is looked at.
const GATHER: Duration = Duration::from_millis(120);
/// How often a stream without news says that it is still there.
const COMMENT: Duration = Duration::from_secs(15);
/// How often it is asked whether the visitor is still signed in.
const RECHECK: Duration = Duration::from_secs(60);
/// Every so manieth look also covers executions that have ended: somebody may have begun them anew.
const WHOLE_LOOK: u32 = 4;

pub async fn live(State(desk): State<Desk>, visitor: Visitor) -> Result<Response, Failure> {
    let asked = Asked::of(&visitor.path);
    let changes = desk.service().store().notices().changes();
    let follower = Follower {
        executions: asked.all("execution").take(MOST).map(JobId::from).collect(),
        orders: asked.all("order").take(MOST).map(str::to_owned).collect(),
        review: asked.get("review").is_some(),
        desk,
        visitor,
        changes,
        told: HashMap::new(),
        waiting: VecDeque::from(["retry: 2000\n\n".to_owned()]),
        running: BTreeSet::new(),
        looks: 0,
        spoke: Instant::now(),
        checked: Instant::now(),
    };
    Ok(event_stream(stream::unfold(follower, async |mut follower| {
        let line = follower.line().await?;
        Some((line, follower))
    })))
}

/// Somebody who looks at a page.
struct Follower {
    desk: Desk,
    visitor: Visitor,
    executions: BTreeSet<JobId>,
    orders: Vec<String>,
    review: bool,
    changes: Receiver<JobId>,
    /// What was said last, by what it was about.
    told: HashMap<String, String>,
    waiting: VecDeque<String>,
    /// Followed executions that have not ended.
    running: BTreeSet<JobId>,
    looks: u32,
    spoke: Instant,
    checked: Instant,
}

/// What may have changed.
enum News {
    These(BTreeSet<JobId>),
    Anything,
}

impl Follower {
    /// The next line, nothing at the end.
    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.waiting.pop_front() {
                self.spoke = Instant::now();
                return Some(line);
            }
            if self.spoke.elapsed() >= COMMENT {
                self.waiting.push_back(":\n\n".to_owned());
                continue;
            }
            if self.checked.elapsed() >= RECHECK {
                self.checked = Instant::now();
                let member = self.desk.service().signed_in(&self.visitor.cookie).await;
                let organization = &self.visitor.member.organization.id;
                // A database that is away for a moment is no sign-out.
                if let Ok(member) = member
                    && member.is_none_or(|member| member.organization.id != *organization)
                {
                    return None;
                }
            }
            let news = if self.looks == 0 { News::Anything } else { self.news().await };
            if let Err(trouble) = self.look(news).await {
                tracing::debug!(%trouble, "a live page could not be told what changed");
                sleep(LOOK).await;
            }
        }
    }

    /// Waits for notices, but not longer than until everything is looked at anyway.
    async fn news(&mut self) -> News {
        let mut end = Instant::now() + LOOK;
        let mut changed = BTreeSet::new();
        loop {
            match timeout_at(end, self.changes.recv()).await {
                Ok(Ok(id)) => {
                    if changed.is_empty() {
                        end = end.min(Instant::now() + GATHER);
                    }
                    changed.insert(id);
                }
                Ok(Err(RecvError::Lagged(_))) => return News::Anything,
                Ok(Err(RecvError::Closed)) => sleep(LOOK).await,
                Err(_) if changed.is_empty() => return News::Anything,
                Err(_) => return News::These(changed),
            }
        }
    }

    async fn look(&mut self, news: News) -> Result<(), StoreError> {
        let organization = self.visitor.member.organization.clone();
        let is_whole = self.looks.is_multiple_of(WHOLE_LOOK);
        let ids: Vec<JobId> = match &news {
            News::These(ids) => ids.iter().cloned().collect(),
            News::Anything if is_whole => self.executions.iter().cloned().collect(),
            News::Anything => self.running.iter().cloned().collect(),
        };
        let mut orders: BTreeSet<String> = BTreeSet::new();
        let mut concerns_us = matches!(news, News::Anything);
        for id in ids {
            // Only what somebody looks at is read; of the rest its order may be.
            if !self.executions.contains(&id) && self.orders.is_empty() && !self.review {
                continue;
            }
            let Some(job) = self.desk.service().execution(&organization, id.as_str()).await? else {
                continue;
            };
            concerns_us = true;
            orders.extend(job.batch_id.clone().filter(|batch| self.orders.contains(batch)));
            if self.executions.contains(&id) {
                if job.state.is_final() {
                    self.running.remove(&id);
                } else {
                    self.running.insert(id.clone());
                }
                self.tell("execution", id.as_str(), &execution(&job));
            }
        }
        if matches!(news, News::Anything) {
            orders.extend(self.orders.iter().cloned());
        }
        for id in orders {
            if let Some(order) = self.desk.service().order(&organization, &id).await? {
                let total = order.total();
                let mut value = serde_json::to_value(&order).unwrap_or_default();
                value["total"] = json!(total);
                self.tell("order", &id, &value);
            }
        }
        if self.review && concerns_us {
            let value = self.queue().await?;
            self.tell("review", "", &value);
        }
        self.looks = self.looks.wrapping_add(u32::from(matches!(news, News::Anything))).max(1);
        Ok(())
    }

    /// How many results wait for a verdict, and who looks at which.
    async fn queue(&self) -> Result<Value, StoreError> {
        let organization = &self.visitor.member.organization;
        let filter = JobFilter {
            state: Some(JobState::InReview),
            oldest_first: true,
            limit: i64::try_from(MOST).unwrap_or(i64::MAX),
            ..JobFilter::default()
        };
        let (jobs, total) = self.desk.service().executions(organization, filter).await?;
        let claims = self.desk.service().review_claims(organization).await?;
        let own = &self.visitor.member.account.id;
        let claims: HashMap<_, _> = claims
            .iter()
            .filter(|claim| claim.account_id != *own)
            .map(|claim| (claim.job_id.as_str(), claim.email.as_str()))
            .collect();
        let ids: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
        Ok(json!({ "total": total, "ids": ids, "claims": claims }))
    }

    /// Says it, unless it is what was said last.
    fn tell(&mut self, kind: &str, about: &str, value: &Value) {
        let text = value.to_string();
        let key = format!("{kind} {about}");
        if self.told.get(&key) != Some(&text) {
            self.waiting.push_back(format!("event: {kind}\ndata: {text}\n\n"));
            self.told.insert(key, text);
        }
    }
}

fn execution(job: &Job) -> Value {
    let may = May::of(job);
    json!({
        "id": job.id,
        "state": job.state.as_str(),
        "progress": job.progress,
        "plugin": job.plugin,
        "reason": job.reason,
        "round": job.round,
        "price": job.charged,
        "may": { "fetch": may.fetch, "retry": may.retry, "cancel": may.cancel },
    })
}
