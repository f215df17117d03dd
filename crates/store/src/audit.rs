//! Who did what to the house.

use serde::Serialize;

use crate::db::{execute, rows, value};
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

/// Which deeds to list.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this one, as it is written in the log.
    pub actor: Option<String>,
    /// Whose name begins like this: `token.`.
    pub action: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// How many at most.
    pub limit: i64,
    /// How many to leave out.
    pub offset: i64,
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

    /// Deeds that a filter lets through, newest first, and how many there are in all.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn audit_page(&self, filter: &AuditFilter) -> Result<(Vec<AuditEntry>, i64), StoreError> {
        let mut conn = self.db.read().await?;
        let mut conn = conn.conn();
        let actor = filter.actor.as_deref();
        let action = filter.action.as_deref().map(|action| format!("{}%", escaped(action)));
        let (from, until) =
            (filter.from.map_or(i64::MIN, |at| at.0), filter.until.map_or(i64::MAX, |at| at.0));
        let total = value!(
            i64,
            &mut conn,
            "SELECT COUNT(*) FROM audit WHERE at >= $1 AND at < $2 AND (CAST($3 AS TEXT) IS NULL OR actor = $3)
                 AND (CAST($4 AS TEXT) IS NULL OR action LIKE $4 ESCAPE '!')",
            from,
            until,
            actor,
            &action
        )?;
        let entries = rows!(
            AuditEntry,
            &mut conn,
            "SELECT * FROM audit WHERE at >= $1 AND at < $2 AND (CAST($3 AS TEXT) IS NULL OR actor = $3)
                 AND (CAST($4 AS TEXT) IS NULL OR action LIKE $4 ESCAPE '!')
             ORDER BY at DESC, id LIMIT $5 OFFSET $6",
            from,
            until,
            actor,
            &action,
            filter.limit,
            filter.offset
        )?;
        Ok((entries, total.unwrap_or(0)))
    }
}

/// A text in which nothing stands for anything else.
fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}
