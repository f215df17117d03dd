//! Keys that sign access tokens.

use crate::db::{execute, rows};
use crate::{SigningKeyId, Store, StoreError, Timestamp};

/// A key. The youngest that is not retired signs; all that are listed verify.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SigningKey {
    /// `kid` of the tokens it signed.
    pub id: SigningKeyId,
    /// The private key, PKCS #8 in PEM.
    pub secret: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it only verifies.
    pub retired_at: Option<Timestamp>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Store {
    /// All keys, youngest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(SigningKey, &mut conn.conn(), "SELECT * FROM signing_keys ORDER BY created_at DESC, id")
    }

    /// Adds a key; those before it only verify from now on. Of several processes that start at once on an empty
    /// database each adds one, and the youngest wins.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add_signing_key(&self, secret: &str, now: Timestamp) -> Result<SigningKeyId, StoreError> {
        let secret = secret.to_owned();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let id = SigningKeyId::random();
                    execute!(
                        &mut conn,
                        "UPDATE signing_keys SET retired_at = $1 WHERE retired_at IS NULL",
                        now.0
                    )?;
                    execute!(
                        &mut conn,
                        "INSERT INTO signing_keys (id, secret, created_at) VALUES ($1, $2, $3)",
                        id.as_str(),
                        &secret,
                        now.0
                    )?;
                    Ok(id)
                })
            })
            .await
    }

    /// Forgets keys that were retired before `before`: no token they signed can still be good.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn drop_signing_keys(&self, before: Timestamp) -> Result<(), StoreError> {
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(&mut conn, "DELETE FROM signing_keys WHERE retired_at < $1", before.0).map(drop)
                })
            })
            .await
    }
}
