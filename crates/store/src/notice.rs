//! Wake-ups: work is there, a delivery is due, a job has changed.

use std::sync::Arc;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::{Notify, broadcast};

use crate::JobId;

/// The channel on which processes that share a PostgreSQL database wake each other.
pub(crate) const CHANNEL: &str = "atelier";
/// Payload that means: there may be work.
pub(crate) const WORK: &str = "work";
/// Payload that means: there may be a delivery.
pub(crate) const MAIL: &str = "mail";
/// Prefix of a payload that names a changed job.
pub(crate) const JOB: &str = "job:";

/// Someone to wake. A wake-up is a hint, never a promise: whoever sleeps also looks at the clock.
#[derive(Clone)]
pub struct Notices(Arc<Inner>);

struct Inner {
    work: Notify,
    mail: Notify,
    changes: broadcast::Sender<JobId>,
}

impl Notices {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            work: Notify::new(),
            mail: Notify::new(),
            changes: broadcast::Sender::new(1024),
        }))
    }

    /// Waits until a job may be ready to be claimed.
    pub async fn job_waiting(&self) {
        self.0.work.notified().await;
    }

    /// Waits until a webhook message may be due.
    pub async fn delivery_waiting(&self) {
        self.0.mail.notified().await;
    }

    /// Names of jobs as they change; a slow listener misses some.
    pub fn changes(&self) -> broadcast::Receiver<JobId> {
        self.0.changes.subscribe()
    }

    pub(crate) fn work(&self) {
        self.0.work.notify_one();
    }

    pub(crate) fn mail(&self) {
        self.0.mail.notify_one();
    }

    pub(crate) fn changed(&self, job: &JobId) {
        // Nobody listening is the usual case.
        let _ = self.0.changes.send(job.clone());
    }

    /// Passes on what other processes tell through PostgreSQL, for as long as anyone holds these notices.
    pub(crate) fn listen(&self, pool: PgPool) {
        let inner = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            while inner.strong_count() > 0 && !pool.is_closed() {
                let Ok(mut listener) = PgListener::connect_with(&pool).await else {
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    continue;
                };
                if listener.listen(CHANNEL).await.is_err() {
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    continue;
                }
                while let Ok(notice) = listener.recv().await {
                    let Some(inner) = inner.upgrade() else { return };
                    Self(inner).hear(notice.payload());
                }
            }
        });
    }

    fn hear(&self, payload: &str) {
        match payload {
            WORK => self.work(),
            MAIL => self.mail(),
            other => {
                if let Some(job) = other.strip_prefix(JOB) {
                    self.changed(&JobId::from(job));
                }
            }
        }
    }
}
