//! Hosts that webhooks may go to.

use serde::Serialize;

use crate::db::{execute, rows};
use crate::{Store, StoreError, Timestamp};

/// A host, or all hosts of a domain, that webhooks may go to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct AllowedHost {
    /// `hooks.example.org` or `*.example.org`, lower case.
    pub pattern: String,
    /// True when it may stand on a private network or on this machine.
    pub private: bool,
}

impl Store {
    /// Allows a host, or changes what it is allowed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn allow_host(
        &self,
        pattern: &str,
        private: bool,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (pattern, actor) = (pattern.to_lowercase(), actor.to_owned());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(
                        &mut conn,
                        "INSERT INTO hook_hosts (pattern, private, actor, at) VALUES ($1, $2, $3, $4)
                         ON CONFLICT (pattern) DO UPDATE SET private = excluded.private, actor = excluded.actor,
                             at = excluded.at",
                        &pattern,
                        private,
                        &actor,
                        now.0
                    )
                    .map(drop)
                })
            })
            .await
    }

    /// Takes a host off the list; false when it was not on it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forbid_host(&self, pattern: &str) -> Result<bool, StoreError> {
        let pattern = pattern.to_lowercase();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let gone = execute!(&mut conn, "DELETE FROM hook_hosts WHERE pattern = $1", &pattern)?;
                    Ok(gone > 0)
                })
            })
            .await
    }

    /// The list.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn allowed_hosts(&self) -> Result<Vec<AllowedHost>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(AllowedHost, &mut conn.conn(), "SELECT pattern, private FROM hook_hosts ORDER BY pattern")
    }
}
