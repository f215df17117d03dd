//! The office: the opened store, names looked up in it, and the audit log.

use service::{Clock as _, HouseClock, PeopleError, Steward, StewardError};
use store::{Account, DatabaseUrl, Organization, Store, StoreError, Timestamp};

use super::Failure;
use crate::config::{self, Config, ReachFlags};
use crate::server;

/// Who acts, in the audit log and the ledger.
pub const ACTOR: &str = "operator";

/// What every command needs.
pub struct Office {
    /// The database.
    pub store: Store,
    /// The settings.
    pub config: Config,
    clock: HouseClock,
}

impl Office {
    /// Opens the database the settings name; makes a missing one only when it `may_found` one.
    pub async fn open(reach: &ReachFlags, may_found: bool) -> Result<Self, Failure> {
        let config = config::settled(&reach.0)?;
        let url = DatabaseUrl::parse(&config.database()).map_err(Failure::usage)?;
        if let DatabaseUrl::Sqlite(path) = &url
            && !path.exists()
        {
            if !may_found {
                let advice = "name the server's folder with --data-dir, or its database with --database-url";
                return Err(Failure::Work(format!("there is no database at {}: {advice}", path.display())));
            }
            server::make_private(path.parent().unwrap_or(path)).map_err(Failure::work)?;
        }
        let store = Store::open(&url).await.map_err(Failure::work)?;
        let clock = HouseClock::default();
        clock.set(&store).await.map_err(Failure::work)?;
        Ok(Self { store, config, clock })
    }

    /// Ends tidily.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What may be done here, in the operator's name.
    pub fn steward(&self) -> Steward<'_> {
        Steward::new(&self.store, ACTOR, self.now())
    }

    /// Notes what was done.
    pub async fn note(&self, action: &str, target: &str, detail: &str) -> Result<(), Failure> {
        self.store.audit(ACTOR, action, target, detail, self.now()).await.map_err(Failure::work)
    }

    /// An account by its address.
    pub async fn account(&self, email: &str) -> Result<Account, Failure> {
        let found = self.store.account_by_email(email.trim()).await.map_err(Failure::work)?;
        found.ok_or_else(|| {
            Failure::Work(format!("there is no account {email}; `atelier admin account list` shows all"))
        })
    }

    /// An organization by its name.
    pub async fn organization(&self, name: &str) -> Result<Organization, Failure> {
        let found = self.store.organization_named(name.trim()).await.map_err(Failure::work)?;
        found.ok_or_else(|| {
            Failure::Work(format!(
                "there is no organization {name}; `atelier admin organization list` shows all"
            ))
        })
    }
}

impl From<StewardError> for Failure {
    fn from(error: StewardError) -> Self {
        match error {
            StewardError::NoHost(_)
            | StewardError::Account(_)
            | StewardError::People(PeopleError::BadName) => Self::usage(error),
            error => Self::work(error),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::work(error)
    }
}
