//! Organizations: who pays, and how much of the machine they may have.

use serde::Serialize;

use crate::db::{Conn, execute, row, rows};
use crate::{OrganizationId, Store, StoreError, Timestamp};

/// Someone who holds credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Organization {
    /// Its name inside.
    pub id: OrganizationId,
    /// Its name for people.
    pub name: String,
    /// True when its jobs cost nothing.
    pub unmetered: bool,
    /// Retouches a day (UTC) at most.
    pub daily_allowance: Option<i64>,
    /// Its jobs go before those of lower priority.
    pub priority: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An organization to be made.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its name for people; unique.
    pub name: String,
    /// True when its jobs cost nothing.
    pub unmetered: bool,
    /// Retouches a day (UTC) at most.
    pub daily_allowance: Option<i64>,
    /// Its jobs go before those of lower priority.
    pub priority: i64,
}

impl NewOrganization {
    /// Writes the organization; `None` when the name is taken. Whoever comes second waits here for the first to end.
    pub(crate) async fn insert(
        self,
        conn: &mut Conn<'_>,
        now: Timestamp,
    ) -> Result<Option<Organization>, StoreError> {
        let organization = Organization {
            id: OrganizationId::random(),
            name: self.name,
            unmetered: self.unmetered,
            daily_allowance: self.daily_allowance,
            priority: self.priority,
            created_at: now,
        };
        let written = execute!(
            conn,
            "INSERT INTO organizations (id, name, unmetered, daily_allowance, priority, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING",
            organization.id.as_str(),
            &organization.name,
            organization.unmetered,
            organization.daily_allowance,
            organization.priority,
            now.0
        )?;
        Ok((written > 0).then_some(organization))
    }
}

/// What is to be different; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct OrganizationChange {
    /// True when its jobs cost nothing.
    pub unmetered: Option<bool>,
    /// Retouches a day (UTC) at most; inner `None` for no limit.
    pub daily_allowance: Option<Option<i64>>,
    /// Its jobs go before those of lower priority.
    pub priority: Option<i64>,
}

impl Store {
    /// Makes an organization.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken.
    pub async fn create_organization(
        &self,
        new: &NewOrganization,
        now: Timestamp,
    ) -> Result<Organization, StoreError> {
        let new = new.clone();
        let made =
            self.db.write(move |mut conn| Box::pin(async move { new.insert(&mut conn, now).await })).await?;
        made.ok_or(StoreError::Conflict("an organization of this name"))
    }

    /// An organization by its name for people.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn organization_named(&self, name: &str) -> Result<Option<Organization>, StoreError> {
        let mut conn = self.db.read().await?;
        row!(Organization, &mut conn.conn(), "SELECT * FROM organizations WHERE name = $1", name)
    }

    /// An organization.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn organization(&self, id: &OrganizationId) -> Result<Option<Organization>, StoreError> {
        let mut conn = self.db.read().await?;
        row!(Organization, &mut conn.conn(), "SELECT * FROM organizations WHERE id = $1", id.as_str())
    }

    /// All organizations, by name.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(Organization, &mut conn.conn(), "SELECT * FROM organizations ORDER BY name")
    }

    /// Changes an organization.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none.
    pub async fn set_organization(
        &self,
        id: &OrganizationId,
        change: &OrganizationChange,
    ) -> Result<(), StoreError> {
        let (id, change) = (id.clone(), change.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let found = row!(
                        Organization,
                        &mut conn,
                        "SELECT * FROM organizations WHERE id = $1",
                        id.as_str()
                    )?;
                    let was = found.ok_or(StoreError::Missing("organization"))?;
                    execute!(
                        &mut conn,
                        "UPDATE organizations SET unmetered = $2, daily_allowance = $3, priority = $4 WHERE id = $1",
                        id.as_str(),
                        change.unmetered.unwrap_or(was.unmetered),
                        change.daily_allowance.unwrap_or(was.daily_allowance),
                        change.priority.unwrap_or(was.priority)
                    )
                    .map(drop)
                })
            })
            .await
    }
}
