//! The rules of the house: accounts, credits, jobs, workers, webhooks.
//!
//! This crate knows what may be done and when; it speaks no wire dialect and no SQL. [`Service`] is what the doors call,
//! [`Worker`], [`Courier`] and [`Sweeper`] are what goes on by itself.

mod access;
mod account;
mod balance;
mod catalogue;
mod clock;
mod credit;
mod deliver;
mod execution;
mod expire;
mod fetch;
mod figures;
mod hook;
mod jobs;
mod member_job;
mod memory;
mod orders;
mod outbound;
mod outbox;
mod people;
mod picture;
mod profile;
mod review;
mod run;
mod secret;
mod settings;
mod signature;
mod steward;
mod submit;
mod survey;
mod token;
mod trace;
mod upload;
mod usage;
mod version;
mod voice;
mod work;

use std::sync::Arc;
use std::time::Duration;

use access::{Keyring, Throttle};
use fetch::Fetcher;

pub use access::{
    ACCESS_LIFE, AccessError, AccessToken, DeviceStart, DeviceTokens, Member, OpenSession, PUBLISHED_CLIENT,
    SignIn, SignedIn,
};
pub use account::{AccountError, FirstStart, NewPerson, create_account, hash_password, verify_password};
pub use catalogue::{Draft, DraftError, examples, save_workflow, seed_workflows};
pub use clock::{Clock, HouseClock, SystemClock};
pub use credit::add_credits;
pub use deliver::Courier;
pub use execution::{ExecutionError, NewExecution, Retried};
pub use expire::{Sweeper, Swept};
pub use fetch::FetchError;
pub use jobs::{FileStream, cancel_job};
pub use member_job::MemberOrder;
pub use memory::memory_need;
pub use orders::{BATCH_ID, BATCH_NAME, BATCH_TIME, batch_of};
pub use outbox::{HookHeaders, TestError};
pub use people::{Admitted, PeopleError};
pub use profile::{FirstSteps, ProfileError};
pub use review::{Marking, Review, ReviewError, Reviewed, Round};
pub use run::{Craft, CraftError, EngineCraft, Pictures, Piece, Worker};
pub use secret::{new_hook_secret, random_text};
pub use settings::{Settings, UploadFormat, UploadLimits};
pub use signature::signature;
pub use steward::{Steward, StewardError};
pub use store::{
    Account, AccountId, AllowedHost, Attempt, AuditEntry, AuditFilter, Batch, BatchTag, Blobs, ContentHash,
    Delivery, DeliverySearch, DeliveryState, DeviceGrant, Dialect, FileFacts, GrantState, Job, JobFilter,
    JobId, JobState, LedgerEntry, LedgerFilter, LedgerKind, NewOrganization, Order as OrderStanding,
    OrderFilter, Organization, OrganizationChange, OrganizationId, QueueFigures, RefreshToken,
    RefreshTokenId, ReviewClaim, Role, Standing, Step, StorageFigures, Store, StoreError, Timestamp, Token,
    TokenId, Try, WorkLine, WorkerId, WorkerRow, Workflow, WorkflowId, WorkflowUse, WorkflowVersionId,
};
pub use submit::{Order, Receipt, SubmitError};
pub use survey::{PictureFacts, PictureRefused};
pub use token::{Caller, IssuedToken, TokenError, issue_token};
pub use upload::{Spool, SpoolError, Upload};
pub use usage::{DayUse, Usage};
pub use version::{Difference, SaveError, ValueChange, differences};
pub use voice::{HookMessage, Voice, Voices};
pub use work::{Work, WorkError};

/// The house. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<House>);

struct House {
    store: Store,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    settings: Settings,
    voices: Voices,
    keyring: Keyring,
    sign_in_throttle: Throttle,
    code_throttle: Throttle,
    fetcher: Fetcher,
}

impl Service {
    /// A house with everything it stands on.
    pub fn new(
        store: Store,
        blobs: Blobs,
        clock: Arc<dyn Clock>,
        settings: Settings,
        voices: Voices,
    ) -> Self {
        let quarter = Duration::from_secs(15 * 60);
        Self(Arc::new(House {
            store,
            blobs,
            clock,
            settings,
            voices,
            keyring: Keyring::default(),
            sign_in_throttle: Throttle::new(10, quarter),
            code_throttle: Throttle::new(20, quarter),
            fetcher: Fetcher::default(),
        }))
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The home of all bytes.
    pub fn blobs(&self) -> &Blobs {
        &self.0.blobs
    }

    /// How the house is run.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    pub(crate) fn sign_in_throttle(&self) -> &Throttle {
        &self.0.sign_in_throttle
    }

    pub(crate) fn code_throttle(&self) -> &Throttle {
        &self.0.code_throttle
    }

    pub(crate) fn fetcher(&self) -> &Fetcher {
        &self.0.fetcher
    }

    /// The words of each dialect for webhooks.
    pub fn voices(&self) -> &Voices {
        &self.0.voices
    }
}
