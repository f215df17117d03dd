//! Webhook messages as people look after them: searched, sent again, tried out.

use serde_json::json;
use store::{
    Delivery, DeliveryId, DeliverySearch, DeliveryState, Dialect, Organization, StoreError, TestMessage, Try,
};
use url::Url;

use crate::hook::{host_name, permission};
use crate::{Member, Service, signature};

/// Longest address in bytes.
const LONGEST_URL: usize = 2_048;
/// What a test says has happened.
const TEST_EVENT: &str = "test";

/// Why no test is sent.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// Not an address webhooks can go to.
    #[error("this is no address for webhooks: write it like https://hooks.example.org/atelier")]
    NotAnAddress,
    /// The host is not on the allow list.
    #[error("{0} is not on the allow list: whoever runs the server can add it")]
    NotAllowed(String),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The headers of a message as a receiver gets them.
pub type HookHeaders = [(&'static str, String); 4];

impl Service {
    /// An organization's messages, newest first, and how many there are in all.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn deliveries(
        &self,
        organization: &Organization,
        search: &DeliverySearch,
    ) -> Result<(Vec<Delivery>, i64), StoreError> {
        self.store().search_deliveries(&organization.id, search).await
    }

    /// A message with all its tries; another organization's is not there.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn delivery(
        &self,
        organization: &Organization,
        id: &str,
    ) -> Result<Option<(Delivery, Vec<Try>)>, StoreError> {
        let found = self.store().delivery(&DeliveryId::from(id)).await?;
        let Some(delivery) = found.filter(|one| one.organization_id == organization.id) else {
            return Ok(None);
        };
        let tries = self.store().tries(&delivery.id).await?;
        Ok(Some((delivery, tries)))
    }

    /// Sends a message once more, from its first try; false when the organization has no such message.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn resend(&self, member: &Member, id: &str) -> Result<bool, StoreError> {
        let Some((delivery, _)) = self.delivery(&member.organization, id).await? else { return Ok(false) };
        let sent = self.store().resend(&delivery.id, self.now()).await?;
        self.store().audit(&member.account.email, "delivery.resend", id, "", self.now()).await?;
        Ok(sent)
    }

    /// Sends a message that says nothing to an address, signed with the person's secret; it is tried once.
    ///
    /// # Errors
    /// See [`TestError`].
    pub async fn send_test(&self, member: &Member, address: &str) -> Result<Delivery, TestError> {
        let url = Url::parse(address.trim()).map_err(|_| TestError::NotAnAddress)?;
        let host = host_name(&url).ok_or(TestError::NotAnAddress)?;
        if !matches!(url.scheme(), "http" | "https") || address.len() > LONGEST_URL {
            return Err(TestError::NotAnAddress);
        }
        if permission(&host, &self.store().allowed_hosts().await?).is_none() {
            return Err(TestError::NotAllowed(host));
        }
        let now = self.now();
        let body = json!({
            "event": TEST_EVENT, "message": "A test from your studio", "organization": member.organization.name,
            "createdAt": now,
        });
        let test = TestMessage {
            organization_id: member.organization.id.clone(),
            account_id: member.account.id.clone(),
            dialect: Dialect::Studio,
            event: TEST_EVENT.to_owned(),
            url: url.to_string(),
            host,
            body: body.to_string(),
            state: DeliveryState::Pending,
            note: String::new(),
        };
        Ok(self.store().post_test(&test, now).await?)
    }

    /// The headers of a message as a receiver would get them at the time of a try. None when its account is gone.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn hook_headers(
        &self,
        delivery: &Delivery,
        at: store::Timestamp,
    ) -> Result<Option<HookHeaders>, StoreError> {
        let account = self.store().account(&delivery.account_id).await?;
        let seconds = at.0.div_euclid(1_000);
        Ok(account.map(|account| {
            [
                ("Content-Type", "application/json".to_owned()),
                ("X-Webhook-Id", delivery.id.to_string()),
                ("X-Webhook-Timestamp", seconds.to_string()),
                ("X-Webhook-Signature", signature(&account.hook_secret, seconds, &delivery.body)),
            ]
        }))
    }

    /// Hosts that webhooks may go to.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn allowed_hosts(&self) -> Result<Vec<store::AllowedHost>, StoreError> {
        self.store().allowed_hosts().await
    }
}
