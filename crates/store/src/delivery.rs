//! The outbox: webhook messages, written with the state they tell of, sent until they arrive or are given up.

use serde::Serialize;

use crate::db::{Conn, execute, rows, text_column, value};
use crate::{AccountId, DeliveryId, Dialect, JobId, OrganizationId, Store, StoreError, Timestamp};

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent, or sent again.
    Pending,
    /// It arrived.
    Delivered,
    /// All tries failed.
    GivenUp,
    /// Never to be sent: its host is not allowed.
    Refused,
}

impl DeliveryState {
    /// As it is stored and written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
            Self::Refused => "refused",
        }
    }

    /// Reads [`DeliveryState::as_str`].
    pub fn from_text(text: &str) -> Option<Self> {
        let all = [Self::Pending, Self::Delivered, Self::GivenUp, Self::Refused];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

text_column!(DeliveryState);

/// A message to be written into the outbox.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Whose job it tells of.
    pub organization_id: OrganizationId,
    /// Whose secret signs it.
    pub account_id: AccountId,
    /// The job.
    pub job_id: JobId,
    /// In whose words.
    pub dialect: Dialect,
    /// What happened, `completed`.
    pub event: String,
    /// Where it goes.
    pub url: String,
    /// The host in it, for fairness between receivers.
    pub host: String,
    /// What is sent; the same bytes at every try.
    pub body: String,
    /// Pending, or refused from the start.
    pub state: DeliveryState,
    /// Why it was refused.
    pub note: String,
    /// Not before.
    pub next_at: Timestamp,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Delivery {
    /// The same at every try.
    pub id: DeliveryId,
    /// Whose job it tells of.
    pub organization_id: OrganizationId,
    /// Whose secret signs it.
    pub account_id: AccountId,
    /// The job; none for a message that only tries the receiver.
    pub job_id: Option<JobId>,
    /// In whose words.
    pub dialect: Dialect,
    /// What happened.
    pub event: String,
    /// Where it goes.
    pub url: String,
    /// The host in it.
    pub host: String,
    /// What is sent.
    pub body: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Why it was refused.
    pub note: String,
    /// Tries made.
    pub tries: i64,
    /// Not before.
    pub next_at: Timestamp,
    /// Status of the last answer.
    pub last_status: Option<i64>,
    /// What went wrong at the last try.
    pub last_error: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it arrived or was given up.
    pub finished_at: Option<Timestamp>,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Try {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub millis: i64,
    /// Status of the answer.
    pub status: Option<i64>,
    /// What went wrong, or nothing.
    pub error: String,
    /// The beginning of the answer's body.
    pub excerpt: String,
}

/// What comes after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It arrived.
    Delivered,
    /// Try again, not before.
    Again(Timestamp),
    /// No more tries.
    GiveUp,
}

/// Which messages to list.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// About this job.
    pub job: Option<JobId>,
    /// Of this account.
    pub account: Option<AccountId>,
    /// In this state.
    pub state: Option<DeliveryState>,
    /// How many at most.
    pub limit: i64,
}

impl Store {
    /// Takes messages that are due, no more than `per_host` at a time for one host, those under way counted. They are
    /// held until `lease_until`; a courier that dies loses them to the next.
    ///
    /// # Errors
    /// When the database cannot be asked or written.
    pub async fn claim_deliveries(
        &self,
        now: Timestamp,
        limit: i64,
        per_host: i64,
        lease_until: Timestamp,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut conn = self.db.read().await?;
        let due = rows!(
            (DeliveryId,),
            &mut conn.conn(),
            // Counted once for each host: a count for each message would make a backlog cost its square.
            "SELECT id FROM (
                 SELECT d.id, d.next_at, COALESCE(held.messages, 0)
                     + ROW_NUMBER() OVER (PARTITION BY d.host ORDER BY d.next_at, d.id) AS place
                 FROM deliveries d
                 LEFT JOIN (SELECT host, COUNT(*) AS messages FROM deliveries
                     WHERE state = 'pending' AND lease_until > $1 GROUP BY host) held ON held.host = d.host
                 WHERE d.state = 'pending' AND d.next_at <= $1 AND d.lease_until <= $1) AS ranked
             WHERE place <= $2 ORDER BY next_at, id LIMIT $3",
            now.0,
            per_host,
            limit
        )?;
        drop(conn);
        if due.is_empty() {
            return Ok(Vec::new());
        }
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let mut taken = Vec::with_capacity(due.len());
                    for (id,) in due {
                        taken.extend(rows!(
                            Delivery,
                            &mut conn,
                            // Another courier may have tried it since it was found due, and put it off.
                            "UPDATE deliveries SET lease_until = $2
                             WHERE id = $1 AND state = 'pending' AND lease_until <= $3 AND next_at <= $3 RETURNING *",
                            id.as_str(),
                            lease_until.0,
                            now.0
                        )?);
                    }
                    Ok(taken)
                })
            })
            .await
    }

    /// When the next message is due.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn next_delivery_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut conn = self.db.read().await?;
        let next = value!(
            Option<Timestamp>,
            &mut conn.conn(),
            "SELECT MIN(CASE WHEN lease_until > next_at THEN lease_until ELSE next_at END)
             FROM deliveries WHERE state = 'pending'"
        )?;
        Ok(next.flatten())
    }

    /// Notes a try and what comes next. A message that has arrived or was given up meanwhile, by a courier that took
    /// this one for dead, stays as it is unless this try brought it there.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn record_try(&self, delivery: &DeliveryId, tried: Try, next: Next) -> Result<(), StoreError> {
        let id = delivery.clone();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let ended = tried.at.0 + tried.millis;
                    let (state, next_at, finished_at) = match next {
                        Next::Delivered => (DeliveryState::Delivered, ended, Some(ended)),
                        Next::Again(at) => (DeliveryState::Pending, at.0, None),
                        Next::GiveUp => (DeliveryState::GivenUp, ended, Some(ended)),
                    };
                    let changed = execute!(
                        &mut conn,
                        "UPDATE deliveries SET tries = tries + 1, state = $2, next_at = $3, finished_at = $4,
                             lease_until = 0, last_status = $5, last_error = $6
                         WHERE id = $1 AND (state = 'pending' OR $2 = 'delivered')",
                        id.as_str(),
                        state.as_str(),
                        next_at,
                        finished_at,
                        tried.status,
                        &tried.error
                    )?;
                    let known = value!(i64, &mut conn, "SELECT tries FROM deliveries WHERE id = $1", id.as_str())?;
                    if changed == 0 && known.is_none() {
                        return Err(StoreError::Missing("delivery"));
                    }
                    execute!(
                        &mut conn,
                        "INSERT INTO delivery_tries (delivery_id, number, at, millis, status, error, excerpt)
                         VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM delivery_tries WHERE delivery_id = $1),
                             $2, $3, $4, $5, $6)",
                        id.as_str(),
                        tried.at.0,
                        tried.millis,
                        tried.status,
                        &tried.error,
                        &tried.excerpt
                    )
                    .map(drop)
                })
            })
            .await
    }

    /// All tries of a message, first to last.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn tries(&self, delivery: &DeliveryId) -> Result<Vec<Try>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            Try,
            &mut conn.conn(),
            "SELECT * FROM delivery_tries WHERE delivery_id = $1 ORDER BY number",
            delivery.as_str()
        )
    }

    /// Messages, newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<Delivery>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            Delivery,
            &mut conn.conn(),
            "SELECT * FROM deliveries
             WHERE (CAST($1 AS TEXT) IS NULL OR job_id = $1)
                 AND (CAST($2 AS TEXT) IS NULL OR account_id = $2)
                 AND (CAST($3 AS TEXT) IS NULL OR state = $3)
             ORDER BY created_at DESC, id LIMIT $4",
            filter.job.as_ref().map(JobId::as_str),
            filter.account.as_ref().map(AccountId::as_str),
            filter.state.map(DeliveryState::as_str),
            filter.limit
        )
    }

    /// A message.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn delivery(&self, delivery: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let mut conn = self.db.read().await?;
        let found =
            rows!(Delivery, &mut conn.conn(), "SELECT * FROM deliveries WHERE id = $1", delivery.as_str())?;
        Ok(found.into_iter().next())
    }

    /// Sends a message once more, whatever became of it; the tries made before stay listed. False when there is none.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn resend(&self, delivery: &DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        let id = delivery.clone();
        let found = self
            .db
            .write(move |mut conn| {
                Box::pin(async move {
                    let changed = execute!(
                        &mut conn,
                        "UPDATE deliveries SET state = 'pending', tries = 0, next_at = $2, lease_until = 0,
                             finished_at = NULL, note = ''
                         WHERE id = $1",
                        id.as_str(),
                        now.0
                    )?;
                    Ok(changed > 0)
                })
            })
            .await?;
        self.notices.mail();
        Ok(found)
    }
}

/// Writes a message into the outbox.
pub(crate) async fn post(conn: &mut Conn<'_>, new: &NewDelivery, now: Timestamp) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO deliveries (id, organization_id, account_id, job_id, dialect, event, url, host, body, state, note,
             tries, next_at, lease_until, last_error, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, 0, '', $13)",
        DeliveryId::random().as_str(),
        new.organization_id.as_str(),
        new.account_id.as_str(),
        new.job_id.as_str(),
        new.dialect.as_str(),
        &new.event,
        &new.url,
        &new.host,
        &new.body,
        new.state.as_str(),
        &new.note,
        new.next_at.0,
        now.0
    )
    .map(drop)
}
