//! The outbox as people look at it: an organization's messages, searched, and messages that only try a receiver.

use crate::db::{row, rows, value};
use crate::{
    AccountId, Delivery, DeliveryId, DeliveryState, Dialect, OrganizationId, Store, StoreError, Timestamp,
};

/// Which of an organization's messages to list.
#[derive(Clone, Debug, Default)]
pub struct DeliverySearch {
    /// In this state.
    pub state: Option<DeliveryState>,
    /// To this host.
    pub host: Option<String>,
    /// Written not before.
    pub from: Option<Timestamp>,
    /// Written before.
    pub until: Option<Timestamp>,
    /// How many at most.
    pub limit: i64,
    /// How many to leave out.
    pub offset: i64,
}

/// A message that only tries a receiver.
#[derive(Clone, Debug)]
pub struct TestMessage {
    /// In whose pages it is shown.
    pub organization_id: OrganizationId,
    /// Whose secret signs it.
    pub account_id: AccountId,
    /// How often it is tried.
    pub dialect: Dialect,
    /// What it says has happened.
    pub event: String,
    /// Where it goes.
    pub url: String,
    /// The host in it.
    pub host: String,
    /// What is sent.
    pub body: String,
    /// Pending, or refused from the start.
    pub state: DeliveryState,
    /// Why it was refused.
    pub note: String,
}

impl Store {
    /// An organization's messages, newest first, and how many there are in all.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn search_deliveries(
        &self,
        organization: &OrganizationId,
        search: &DeliverySearch,
    ) -> Result<(Vec<Delivery>, i64), StoreError> {
        let mut conn = self.db.read().await?;
        let mut conn = conn.conn();
        let state = search.state.map(DeliveryState::as_str);
        let host = search.host.as_deref().map(str::to_lowercase);
        let (from, until) =
            (search.from.map_or(i64::MIN, |at| at.0), search.until.map_or(i64::MAX, |at| at.0));
        let total = value!(
            i64,
            &mut conn,
            "SELECT COUNT(*) FROM deliveries WHERE organization_id = $1 AND created_at >= $2 AND created_at < $3
                 AND (CAST($4 AS TEXT) IS NULL OR state = $4) AND (CAST($5 AS TEXT) IS NULL OR host = $5)",
            organization.as_str(),
            from,
            until,
            state,
            &host
        )?;
        let found = rows!(
            Delivery,
            &mut conn,
            "SELECT * FROM deliveries WHERE organization_id = $1 AND created_at >= $2 AND created_at < $3
                 AND (CAST($4 AS TEXT) IS NULL OR state = $4) AND (CAST($5 AS TEXT) IS NULL OR host = $5)
             ORDER BY created_at DESC, id LIMIT $6 OFFSET $7",
            organization.as_str(),
            from,
            until,
            state,
            &host,
            search.limit,
            search.offset
        )?;
        Ok((found, total.unwrap_or(0)))
    }

    /// Writes a message that only tries a receiver.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn post_test(&self, test: &TestMessage, now: Timestamp) -> Result<Delivery, StoreError> {
        let test = test.clone();
        let posted = self
            .db
            .write(move |mut conn| {
                Box::pin(async move {
                    let made = row!(
                        Delivery,
                        &mut conn,
                        "INSERT INTO deliveries (id, organization_id, account_id, dialect, event, url, host, body, state,
                             note, tries, next_at, lease_until, last_error, created_at)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, 0, '', $11) RETURNING *",
                        DeliveryId::random().as_str(),
                        test.organization_id.as_str(),
                        test.account_id.as_str(),
                        test.dialect.as_str(),
                        &test.event,
                        &test.url,
                        &test.host,
                        &test.body,
                        test.state.as_str(),
                        &test.note,
                        now.0
                    )?;
                    made.ok_or(StoreError::Missing("delivery"))
                })
            })
            .await?;
        self.notices.mail();
        Ok(posted)
    }
}
