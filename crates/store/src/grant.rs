//! Device grants: a program asks, a person approves, the program fetches its tokens once.

use serde::Serialize;

use crate::db::{execute, row, text_column, value};
use crate::refresh::insert_refresh;
use crate::{
    AccountId, ContentHash, NewRefreshToken, OrganizationId, RefreshToken, Store, StoreError, Timestamp,
};

/// Where a device grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GrantState {
    /// Nobody has decided.
    Pending,
    /// A person said yes; its tokens wait to be fetched.
    Approved,
    /// A person said no.
    Declined,
    /// Its tokens were fetched.
    Exchanged,
}

impl GrantState {
    /// As it is stored and written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Exchanged => "exchanged",
        }
    }

    /// Reads [`GrantState::as_str`].
    pub fn from_text(text: &str) -> Option<Self> {
        let all = [Self::Pending, Self::Approved, Self::Declined, Self::Exchanged];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

text_column!(GrantState);

/// A program's request to act for somebody.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DeviceGrant {
    /// What a person types or reads.
    pub user_code: String,
    /// Which program asks.
    pub client_id: String,
    /// For what.
    pub scope: String,
    /// Where it stands.
    pub state: GrantState,
    /// Who approved.
    pub account_id: Option<AccountId>,
    /// For which organization.
    pub organization_id: Option<OrganizationId>,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When it is too late.
    pub expires_at: Timestamp,
    /// When the program asked last.
    pub polled_at: Timestamp,
}

/// A request to be kept.
#[derive(Clone, Debug)]
pub struct NewDeviceGrant {
    /// SHA-256 of the device code.
    pub device_hash: [u8; 32],
    /// What a person types or reads.
    pub user_code: String,
    /// Which program asks.
    pub client_id: String,
    /// For what.
    pub scope: String,
    /// When it is too late.
    pub expires_at: Timestamp,
}

impl Store {
    /// Keeps a program's request.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the user code is in use: draw another.
    pub async fn create_grant(&self, new: &NewDeviceGrant, now: Timestamp) -> Result<(), StoreError> {
        let new = new.clone();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    // A day after their end, requests are forgotten and their codes are free again.
                    let forgotten = now.minus(std::time::Duration::from_secs(24 * 3600));
                    execute!(&mut conn, "DELETE FROM device_grants WHERE expires_at < $1", forgotten.0)?;
                    execute!(
                        &mut conn,
                        "INSERT INTO device_grants
                             (device_hash, user_code, client_id, scope, state, created_at, expires_at, polled_at)
                         VALUES ($1, $2, $3, $4, 'pending', $5, $6, 0)",
                        ContentHash::from_digest(new.device_hash).hex(),
                        &new.user_code,
                        &new.client_id,
                        &new.scope,
                        now.0,
                        new.expires_at.0
                    )
                    .map(drop)
                    .map_err(|error| error.named("this user code"))
                })
            })
            .await
    }

    /// A request by what the person types.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn grant_by_user_code(&self, user_code: &str) -> Result<Option<DeviceGrant>, StoreError> {
        let mut conn = self.db.read().await?;
        row!(DeviceGrant, &mut conn.conn(), "SELECT * FROM device_grants WHERE user_code = $1", user_code)
    }

    /// A request by its device code's SHA-256, as it was before this look; the look itself is noted.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn poll_grant(
        &self,
        device_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<DeviceGrant>, StoreError> {
        let hash = ContentHash::from_digest(*device_hash).hex();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let found = row!(
                        DeviceGrant,
                        &mut conn,
                        "SELECT * FROM device_grants WHERE device_hash = $1",
                        &hash
                    )?;
                    execute!(
                        &mut conn,
                        "UPDATE device_grants SET polled_at = $2 WHERE device_hash = $1",
                        &hash,
                        now.0
                    )?;
                    Ok(found)
                })
            })
            .await
    }

    /// A person decides on a pending request; false when it is decided already, too old or unknown.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn decide_grant(
        &self,
        user_code: &str,
        approved_by: Option<(&AccountId, &OrganizationId)>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let user_code = user_code.to_owned();
        let who = approved_by.map(|(account, organization)| (account.clone(), organization.clone()));
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let state = if who.is_some() { GrantState::Approved } else { GrantState::Declined };
                    let changed = execute!(
                        &mut conn,
                        "UPDATE device_grants SET state = $2, account_id = $3, organization_id = $4
                         WHERE user_code = $1 AND state = 'pending' AND expires_at > $5",
                        &user_code,
                        state.as_str(),
                        who.as_ref().map(|(account, _)| account.as_str()),
                        who.as_ref().map(|(_, organization)| organization.as_str()),
                        now.0
                    )?;
                    Ok(changed > 0)
                })
            })
            .await
    }

    /// Turns an approved request into a refresh token, once.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn exchange_grant(
        &self,
        device_hash: &[u8; 32],
        refresh_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<RefreshToken>, StoreError> {
        let hash = ContentHash::from_digest(*device_hash).hex();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let taken = value!(
                        String,
                        &mut conn,
                        "UPDATE device_grants SET state = 'exchanged'
                         WHERE device_hash = $1 AND state = 'approved' AND expires_at > $2 RETURNING user_code",
                        &hash,
                        now.0
                    )?;
                    let Some(user_code) = taken else { return Ok(None) };
                    let grant = row!(
                        DeviceGrant,
                        &mut conn,
                        "SELECT * FROM device_grants WHERE user_code = $1",
                        &user_code
                    )?;
                    let Some(DeviceGrant {
                        account_id: Some(account_id),
                        organization_id: Some(organization_id),
                        client_id,
                        scope,
                        ..
                    }) = grant
                    else {
                        return Err(StoreError::Corrupt("an approved grant names nobody".into()));
                    };
                    let new = NewRefreshToken {
                        hash: refresh_hash,
                        account_id,
                        organization_id,
                        client_id,
                        scope,
                        name: String::new(),
                    };
                    insert_refresh(&mut conn, &new, now).await.map(Some)
                })
            })
            .await
    }
}
