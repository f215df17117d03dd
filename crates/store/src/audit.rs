//! Who did what to the house.

use serde::Serialize;

use crate::db::{execute, rows};
use crate::{Store, StoreError, Timestamp};

/// One deed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who: an account's address, or `operator` for the command line.
    pub actor: String,
    /// What was done: `token.revoke`.
    pub action: String,
    /// To what.
    pub target: String,
    /// More, for people; never a secret.
    pub detail: String,
}

impl Store {
    /// Notes a deed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn audit(
        &self,
        actor: &str,
        action: &str,
        target: &str,
        detail: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let texts = [actor, action, target, detail].map(str::to_owned);
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let [actor, action, target, detail] = &texts;
                    execute!(
                        &mut conn,
                        "INSERT INTO audit (id, at, actor, action, target, detail) VALUES ($1, $2, $3, $4, $5, $6)",
                        uuid::Uuid::new_v4().to_string(),
                        now.0,
                        actor,
                        action,
                        target,
                        detail
                    )
                    .map(drop)
                })
            })
            .await
    }

    /// The newest deeds, newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn audit_log(&self, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(AuditEntry, &mut conn.conn(), "SELECT * FROM audit ORDER BY at DESC, id LIMIT $1", limit)
    }
}
