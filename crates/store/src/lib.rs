//! What survives a restart: the database, the queue in it, and the blobs.
//!
//! Two databases (SQLite, PostgreSQL) and two homes for bytes (disk, S3) behind one set of functions. This crate knows
//! tables and transactions; it decides nothing: amounts, limits, times and texts come from the caller.

mod account;
mod audit;
mod blob;
mod credit;
mod db;
mod delivery;
mod error;
mod file;
mod founding;
mod grant;
mod hash;
mod hook;
mod id;
mod job;
mod member;
mod notice;
mod organization;
mod outbox;
mod person;
mod refresh;
mod review;
mod session;
mod signing;
mod storage;
mod time;
mod token;
mod usage;
mod worker;
mod workflow;

pub use account::{Account, NewAccount, Role};
pub use audit::{AuditEntry, AuditFilter};
pub use blob::{Blobs, S3Place};
pub use credit::{LedgerEntry, LedgerFilter, LedgerKind, Standing};
pub use db::DatabaseUrl;
pub use delivery::{Delivery, DeliveryFilter, DeliveryState, NewDelivery, Next, Try};
pub use error::StoreError;
pub use file::{EarlierResult, FileFacts};
pub use founding::Founding;
pub use grant::{DeviceGrant, GrantState, NewDeviceGrant};
pub use hash::ContentHash;
pub use hook::AllowedHost;
pub use id::{
    AccountId, DeliveryId, JobId, Lease, OrganizationId, RefreshTokenId, SigningKeyId, TokenId, WorkerId,
    WorkflowId, WorkflowVersionId,
};
pub use job::{
    Attempt, Batch, BatchTag, Claim, Dialect, Finish, Hold, Idempotency, Job, JobFilter, JobState, Judged,
    NewJob, Order, OrderFilter, Outcome, PastVerdict, QueueFigures, Restart, Restarted, Step, Submitted,
    Verdict, WithoutCredits, WorkflowUse,
};
pub use member::MemberChange;
pub use notice::Notices;
pub use organization::{NewOrganization, Organization, OrganizationChange};
pub use outbox::{DeliverySearch, TestMessage};
pub use person::AccountChange;
pub use refresh::{NewRefreshToken, RefreshToken};
pub use review::ReviewClaim;
pub use session::{NamedSession, Session};
pub use signing::SigningKey;
pub use storage::StorageFigures;
pub use time::Timestamp;
pub use token::{Holder, NewToken, Token};
pub use usage::{WorkKind, WorkLine};
pub use worker::WorkerRow;
pub use workflow::{Workflow, WorkflowDraft};

use db::Db;

/// The database, with everything that is done in it. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: Db,
    notices: Notices,
}

impl Store {
    /// Opens the database, applies the migrations it lacks and begins to listen for notices.
    ///
    /// # Errors
    /// [`StoreError::Newer`] when the database was written by a newer Atelier, [`StoreError::Unavailable`] when it
    /// cannot be reached or opened.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let db = Db::open(url).await?;
        let notices = Notices::new();
        if let Some(pool) = db.postgres() {
            notices.listen(pool.clone());
        }
        Ok(Self { db, notices })
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.db.ping().await
    }

    /// The present by the database server's clock; nothing where the database is a file of this machine.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.db.time().await
    }

    /// Wake-ups for workers, couriers and whoever follows a job.
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// Closes all connections, after what was accepted has been written.
    pub async fn close(&self) {
        self.db.close().await;
    }
}
