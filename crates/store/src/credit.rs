//! Credits: an append-only ledger, and the day's allowance.

use serde::Serialize;

use crate::db::{Conn, execute, row, rows, text_column, value};
use crate::{JobId, Organization, OrganizationId, Store, StoreError, Timestamp};

/// Quota of an organization that is neither metered nor limited (specification section 3).
const UNLIMITED: i64 = 999;

/// What an organization may still do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Credits left.
    pub balance: i64,
    /// True when jobs cost nothing.
    pub unmetered: bool,
    /// Retouches a day at most.
    pub daily_allowance: Option<i64>,
    /// Retouches of this day (UTC), failed ones not counted.
    pub used_today: i64,
}

impl Standing {
    /// Retouches still possible today: the smaller of credits and allowance left.
    pub fn quota(&self) -> i64 {
        let credits = if self.unmetered { UNLIMITED } else { self.balance };
        let allowance = self.daily_allowance.map_or(i64::MAX, |daily| daily - self.used_today);
        credits.min(allowance).max(0)
    }
}

/// Why credits moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerKind {
    /// Given by an operator.
    Grant,
    /// Taken for a job.
    Charge,
    /// Given back for a job that brought nothing.
    Refund,
}

impl LedgerKind {
    /// As it is stored and written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Charge => "charge",
            Self::Refund => "refund",
        }
    }

    /// Reads [`LedgerKind::as_str`].
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Grant, Self::Charge, Self::Refund].into_iter().find(|kind| kind.as_str() == text)
    }
}

text_column!(LedgerKind);

/// One movement of credits; never changed, never deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct LedgerEntry {
    /// Counts up from 1 in each organization.
    pub seq: i64,
    /// Credits given, or taken when below zero.
    pub amount: i64,
    /// Credits after it.
    pub balance: i64,
    /// Why.
    pub kind: LedgerKind,
    /// The job it is about.
    pub job_id: Option<JobId>,
    /// For people.
    pub note: String,
    /// Who did it.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// Which movements to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct LedgerFilter {
    /// Of this kind.
    pub kind: Option<LedgerKind>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Only those with a smaller number; to read a long list piece by piece.
    pub below: Option<i64>,
    /// How many at most.
    pub limit: i64,
    /// How many to leave out.
    pub offset: i64,
}

/// A movement to be written.
pub(crate) struct Movement<'a> {
    pub amount: i64,
    pub kind: LedgerKind,
    pub job: Option<(&'a JobId, i64)>,
    pub note: &'a str,
    pub actor: &'a str,
}

impl Store {
    /// What an organization may still do.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without the organization.
    pub async fn standing(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        let mut conn = self.db.read().await?;
        standing(&mut conn.conn(), organization, now).await
    }

    /// Gives credits, or takes them when `amount` is below zero; gives the balance after it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without the organization.
    pub async fn add_credits(
        &self,
        organization: &OrganizationId,
        amount: i64,
        note: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let (organization, note, actor) = (organization.clone(), note.to_owned(), actor.to_owned());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    lock_organization(&mut conn, &organization).await?;
                    let movement =
                        Movement { amount, kind: LedgerKind::Grant, job: None, note: &note, actor: &actor };
                    move_credits(&mut conn, &organization, &movement, now).await
                })
            })
            .await
    }

    /// The newest movements of an organization, newest first.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn ledger(
        &self,
        organization: &OrganizationId,
        limit: i64,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let mut conn = self.db.read().await?;
        rows!(
            LedgerEntry,
            &mut conn.conn(),
            "SELECT * FROM ledger WHERE organization_id = $1 ORDER BY seq DESC LIMIT $2",
            organization.as_str(),
            limit
        )
    }

    /// Movements of an organization that a filter lets through, newest first, and how many there are without its limit,
    /// offset and bound.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn ledger_page(
        &self,
        organization: &OrganizationId,
        filter: LedgerFilter,
    ) -> Result<(Vec<LedgerEntry>, i64), StoreError> {
        let mut conn = self.db.read().await?;
        let mut conn = conn.conn();
        let (from, until) =
            (filter.from.map_or(i64::MIN, |at| at.0), filter.until.map_or(i64::MAX, |at| at.0));
        let kind = filter.kind.map(LedgerKind::as_str);
        let total = value!(
            i64,
            &mut conn,
            "SELECT COUNT(*) FROM ledger WHERE organization_id = $1 AND at >= $2 AND at < $3
                 AND (CAST($4 AS TEXT) IS NULL OR kind = $4)",
            organization.as_str(),
            from,
            until,
            kind
        )?;
        let entries = rows!(
            LedgerEntry,
            &mut conn,
            "SELECT * FROM ledger WHERE organization_id = $1 AND at >= $2 AND at < $3
                 AND (CAST($4 AS TEXT) IS NULL OR kind = $4) AND seq < $5
             ORDER BY seq DESC LIMIT $6 OFFSET $7",
            organization.as_str(),
            from,
            until,
            kind,
            filter.below.unwrap_or(i64::MAX),
            filter.limit,
            filter.offset
        )?;
        Ok((entries, total.unwrap_or(0)))
    }
}

/// Makes everybody else who touches this organization's credits wait until the transaction ends. Rows that refer to the
/// organization may be written meanwhile: whoever holds a file and waits here must not be waited for in turn.
pub(crate) async fn lock_organization(
    conn: &mut Conn<'_>,
    id: &OrganizationId,
) -> Result<Organization, StoreError> {
    let sql = match conn {
        // SQLite has one writer at a time anyway.
        Conn::Sqlite(_) => "SELECT * FROM organizations WHERE id = $1",
        Conn::Postgres(_) => "SELECT * FROM organizations WHERE id = $1 FOR NO KEY UPDATE",
    };
    row!(Organization, conn, sql, id.as_str())?.ok_or(StoreError::Missing("organization"))
}

pub(crate) async fn standing(
    conn: &mut Conn<'_>,
    id: &OrganizationId,
    now: Timestamp,
) -> Result<Standing, StoreError> {
    let organization = row!(Organization, conn, "SELECT * FROM organizations WHERE id = $1", id.as_str())?
        .ok_or(StoreError::Missing("organization"))?;
    let (_, balance) = last_entry(conn, id).await?;
    let used_today = value!(
        i64,
        conn,
        "SELECT used FROM daily_use WHERE organization_id = $1 AND day = $2",
        id.as_str(),
        now.day()
    )?;
    Ok(Standing {
        balance,
        unmetered: organization.unmetered,
        daily_allowance: organization.daily_allowance,
        used_today: used_today.unwrap_or(0),
    })
}

/// Appends to the ledger; the organization must be locked. Gives the balance after it.
pub(crate) async fn move_credits(
    conn: &mut Conn<'_>,
    organization: &OrganizationId,
    movement: &Movement<'_>,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let (seq, balance) = last_entry(conn, organization).await?;
    let balance = balance + movement.amount;
    execute!(
        conn,
        "INSERT INTO ledger (organization_id, seq, amount, balance, kind, job_id, round, note, actor, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        organization.as_str(),
        seq + 1,
        movement.amount,
        balance,
        movement.kind.as_str(),
        movement.job.map(|(job, _)| job.as_str()),
        movement.job.map_or(0, |(_, round)| round),
        movement.note,
        movement.actor,
        now.0
    )?;
    Ok(balance)
}

/// Counts one retouch of a day more, or one less.
pub(crate) async fn count_day(
    conn: &mut Conn<'_>,
    organization: &OrganizationId,
    day: &str,
    by: i64,
) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO daily_use (organization_id, day, used) VALUES ($1, $2, $3)
         ON CONFLICT (organization_id, day) DO UPDATE SET used = daily_use.used + excluded.used",
        organization.as_str(),
        day,
        by
    )
    .map(drop)
}

async fn last_entry(conn: &mut Conn<'_>, organization: &OrganizationId) -> Result<(i64, i64), StoreError> {
    let last = row!(
        (i64, i64),
        conn,
        "SELECT seq, balance FROM ledger WHERE organization_id = $1 ORDER BY seq DESC LIMIT 1",
        organization.as_str()
    )?;
    Ok(last.unwrap_or((0, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_is_the_smaller_of_credits_and_allowance() {
        let standing = |balance, unmetered, daily_allowance, used_today| {
            Standing { balance, unmetered, daily_allowance, used_today }.quota()
        };
        assert_eq!(standing(5, false, None, 3), 5);
        assert_eq!(standing(5, false, Some(10), 8), 2);
        assert_eq!(standing(5, false, Some(10), 12), 0);
        assert_eq!(standing(-1, false, None, 0), 0);
        assert_eq!(standing(0, true, None, 50), 999);
        assert_eq!(standing(0, true, Some(10), 4), 6);
    }
}
