//! Who looks at which result just now, so that two reviewers do not judge the same one.

use serde::Serialize;

use crate::db::{Conn, execute, row, rows};
use crate::job::wake;
use crate::{AccountId, JobId, OrganizationId, Store, StoreError, Timestamp, notice};

/// A reviewer's claim to a result; it ends by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct ReviewClaim {
    /// The result's job.
    pub job_id: JobId,
    /// Who looks at it.
    pub account_id: AccountId,
    /// By address.
    pub email: String,
    /// Until when the claim counts.
    pub expires_at: Timestamp,
}

impl Store {
    /// Claims a result in review, or renews one's own claim; gives the claim that counts now, which is another's when
    /// somebody was faster. Nothing when the job is not in review.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn claim_review(
        &self,
        job: &JobId,
        account: &AccountId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Option<ReviewClaim>, StoreError> {
        let (id, account) = (job.clone(), account.clone());
        let claim = self
            .db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(
                        &mut conn,
                        "INSERT INTO review_claims (job_id, account_id, expires_at)
                         SELECT id, $2, $4 FROM jobs WHERE id = $1 AND state = 'in_review'
                         ON CONFLICT (job_id) DO UPDATE SET account_id = excluded.account_id,
                             expires_at = excluded.expires_at
                         WHERE review_claims.account_id = excluded.account_id OR review_claims.expires_at <= $3",
                        id.as_str(),
                        account.as_str(),
                        now.0,
                        expires_at.0
                    )?;
                    wake(&mut conn, &format!("{}{id}", notice::JOB)).await?;
                    live_claim(&mut conn, &id, now).await
                })
            })
            .await?;
        self.notices().changed(job);
        Ok(claim)
    }

    /// Gives one's own claim up; nothing happens without one.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn release_review(&self, job: &JobId, account: &AccountId) -> Result<(), StoreError> {
        let (id, account) = (job.clone(), account.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(
                        &mut conn,
                        "DELETE FROM review_claims WHERE job_id = $1 AND account_id = $2",
                        id.as_str(),
                        account.as_str()
                    )?;
                    wake(&mut conn, &format!("{}{id}", notice::JOB)).await
                })
            })
            .await?;
        self.notices().changed(job);
        Ok(())
    }

    /// The claims to an organization's results that count now.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn review_claims(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
    ) -> Result<Vec<ReviewClaim>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            ReviewClaim,
            &mut conn.conn(),
            "SELECT c.job_id, c.account_id, a.email, c.expires_at FROM review_claims c
             JOIN jobs j ON j.id = c.job_id
             JOIN accounts a ON a.id = c.account_id
             WHERE j.organization_id = $1 AND j.state = 'in_review' AND c.expires_at > $2
             ORDER BY c.job_id",
            organization.as_str(),
            now.0
        )
    }
}

/// The claim to a result that counts now.
pub(crate) async fn live_claim(
    conn: &mut Conn<'_>,
    job: &JobId,
    now: Timestamp,
) -> Result<Option<ReviewClaim>, StoreError> {
    row!(
        ReviewClaim,
        conn,
        "SELECT c.job_id, c.account_id, a.email, c.expires_at FROM review_claims c
         JOIN jobs j ON j.id = c.job_id
         JOIN accounts a ON a.id = c.account_id
         WHERE c.job_id = $1 AND j.state = 'in_review' AND c.expires_at > $2",
        job.as_str(),
        now.0
    )
}

/// Ends whatever claim there is to a result.
pub(crate) async fn end_claim(conn: &mut Conn<'_>, job: &JobId) -> Result<(), StoreError> {
    execute!(conn, "DELETE FROM review_claims WHERE job_id = $1", job.as_str()).map(drop)
}
