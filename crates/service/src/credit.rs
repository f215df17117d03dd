//! Credits given by hand.

use store::{OrganizationId, Store, StoreError, Timestamp};

/// Gives credits to an organization, or takes them when `amount` is below zero, and notes who did it. Gives the balance.
///
/// # Errors
/// [`StoreError::Missing`] without the organization, otherwise when the database is away.
pub async fn add_credits(
    store: &Store,
    organization: &OrganizationId,
    amount: i64,
    note: &str,
    actor: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let balance = store.add_credits(organization, amount, note, actor, now).await?;
    store.audit(actor, "credits.add", organization.as_str(), &amount.to_string(), now).await?;
    Ok(balance)
}
