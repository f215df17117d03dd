//! Accepting a job: its picture is stored first, then one transaction takes the credit and queues it.

use std::collections::BTreeMap;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use store::{
    AccountId, ContentHash, Dialect, FileFacts, Idempotency, JobId, NewJob, Organization, Standing,
    StoreError, Submitted, TokenId, WithoutCredits,
};

use crate::{Caller, PictureFacts, Service, Upload, Work, memory_need};

/// Credits a job costs.
pub(crate) const PRICE: i64 = 1;
/// How long a client's own name for a request counts.
const KEY_LIFE: Duration = Duration::from_secs(24 * 3_600);
/// How often bytes that the sweeper is taking away are announced again; it takes moments.
const TRIES: u32 = 40;
/// Pause between those tries.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest file name that is kept, in characters.
const LONGEST_NAME: usize = 255;

/// A job somebody wants.
#[derive(Debug)]
pub struct Order {
    /// Who wants it.
    pub caller: Caller,
    /// Through which wire API.
    pub dialect: Dialect,
    /// What is to be done.
    pub work: Work,
    /// The picture.
    pub upload: Upload,
    /// What [`Service::survey`] said about it.
    pub facts: PictureFacts,
    /// The picture's file name as given.
    pub name: String,
    /// Addresses to tell when the job has ended.
    pub hooks: Vec<String>,
    /// The client's own name for this request, against accepting it twice.
    pub idempotency_key: Option<String>,
}

/// A job whose picture is stored already, whoever asks for it.
pub(crate) struct Asked {
    pub organization: Organization,
    pub account: AccountId,
    pub token: Option<TokenId>,
    pub dialect: Dialect,
    pub work: Work,
    pub input: FileFacts,
    pub facts: PictureFacts,
    pub price: i64,
    pub hooks: Vec<String>,
    pub labels: BTreeMap<String, String>,
    pub idempotency_key: Option<String>,
}

/// An accepted job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its name.
    pub job: JobId,
    /// Retouches still possible today, this one counted.
    pub quota: i64,
}

/// Why a job is not accepted. It has cost nothing.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Too few credits.
    #[error("no credits left: buy some, or ask whoever runs this server")]
    NoCredits,
    /// The day's allowance is used up.
    #[error("the daily limit is reached: come back tomorrow (UTC)")]
    DailyLimit,
    /// The client's key was used for another request.
    #[error("this idempotency key was used for another request: use a new one")]
    KeyReused,
    /// Database or store are away, or full.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

impl Service {
    /// Accepts a job, or says why not. The same request with the same key gives the first answer again and costs nothing.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit(&self, order: Order) -> Result<Receipt, SubmitError> {
        let organization = &order.caller.organization;
        if order.idempotency_key.is_none() {
            // What will be refused need not be stored first. A repeated request costs nothing and is always heard.
            refuse_early(&self.store().standing(&organization.id, self.now()).await?)?;
        }
        let input = FileFacts {
            hash: order.upload.hash,
            name: order.name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect(),
            media_type: order.facts.media_type.to_owned(),
            bytes: i64::try_from(order.upload.bytes).unwrap_or(i64::MAX),
        };
        self.store_upload(&input, &order.upload).await?;
        let asked = Asked {
            organization: order.caller.organization,
            account: order.caller.account.id,
            token: Some(order.caller.token.id),
            dialect: order.dialect,
            work: order.work,
            input,
            facts: order.facts,
            price: PRICE,
            hooks: order.hooks,
            labels: BTreeMap::new(),
            idempotency_key: order.idempotency_key,
        };
        self.accept(asked).await
    }

    /// Queues a job whose picture is stored.
    pub(crate) async fn accept(&self, asked: Asked) -> Result<Receipt, SubmitError> {
        let now = self.now();
        let work = asked.work.to_json();
        let idempotency = asked.idempotency_key.map(|key| Idempotency {
            key,
            fingerprint: fingerprint(&asked.input.hash, asked.dialect, &work),
            expires_at: now.plus(KEY_LIFE),
        });
        let new = NewJob {
            id: JobId::secret(),
            organization_id: asked.organization.id.clone(),
            account_id: asked.account,
            token_id: asked.token,
            dialect: asked.dialect,
            memory: memory_need(asked.facts.width, asked.facts.height, &asked.work),
            work,
            priority: asked.organization.priority,
            max_attempts: self.settings().max_attempts(),
            input: asked.input,
            width: i64::from(asked.facts.width),
            height: i64::from(asked.facts.height),
            price: asked.price,
            hooks: asked.hooks,
            expires_at: now.plus(self.settings().keep),
            idempotency,
            workflow: None,
            labels: asked.labels,
            batch: None,
            without_credits: WithoutCredits::Refuse,
            when_unpaid: Vec::new(),
            trace: crate::trace::here(),
        };
        match self.queue(&new).await? {
            Submitted::Accepted { standing } => {
                tracing::info!(job = %new.id, bytes = new.input.bytes, width = new.width, height = new.height, "accepted");
                Ok(Receipt { job: new.id, quota: standing.quota() })
            }
            Submitted::Replayed { job, quota } => Ok(Receipt { job, quota }),
            Submitted::KeyReused => Err(SubmitError::KeyReused),
            Submitted::NoCredits | Submitted::KeptUnpaid => Err(SubmitError::NoCredits),
            Submitted::DailyLimit => Err(SubmitError::DailyLimit),
        }
    }

    /// Announces an upload and stores it. The announcement and the bytes reach the disk side by side; the bytes get their
    /// place only when they are announced.
    pub(crate) async fn store_upload(&self, file: &FileFacts, upload: &Upload) -> Result<(), StoreError> {
        let (announced, flushed) = tokio::join!(self.announce(file), self.blobs().flush_file(upload.path()));
        announced.and(flushed)?;
        self.blobs().put_file(&file.hash, upload.path()).await
    }

    /// Tells the database that bytes are about to be stored.
    pub(crate) async fn announce(&self, file: &FileFacts) -> Result<(), StoreError> {
        let mut tries = 0;
        loop {
            match self.store().expect_blob(&file.hash, file.bytes, self.now()).await {
                // The sweeper is taking the very same bytes away.
                Err(StoreError::BlobGone) if tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(StoreError::BlobGone) => return Err(being_removed()),
                other => return other,
            }
        }
    }

    /// Queues the job; once more when its bytes were swept between being stored and being referred to, which takes a
    /// clock that jumps.
    pub(crate) async fn queue(&self, new: &NewJob) -> Result<Submitted, StoreError> {
        let submitted = match self.store().submit(new, self.now()).await {
            Err(StoreError::BlobGone) => {
                self.announce(&new.input).await?;
                match self.blobs().size(&new.input.hash).await? {
                    Some(_) => self.store().submit(new, self.now()).await,
                    None => Err(being_removed()),
                }
            }
            other => other,
        }?;
        if let Submitted::Accepted { .. } = submitted {
            metrics::counter!("atelier_jobs_accepted_total", "dialect" => new.dialect.as_str()).increment(1);
        }
        Ok(submitted)
    }
}

/// A name as it is kept.
pub(crate) fn short_name(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

fn being_removed() -> StoreError {
    StoreError::Unavailable("an older copy of the same file is being removed".to_owned())
}

pub(crate) fn refuse_early(standing: &Standing) -> Result<(), SubmitError> {
    if !standing.unmetered && standing.balance < PRICE {
        return Err(SubmitError::NoCredits);
    }
    match standing.daily_allowance {
        Some(daily) if standing.used_today >= daily => Err(SubmitError::DailyLimit),
        _ => Ok(()),
    }
}

/// Equal for the same file and the same work.
fn fingerprint(file: &ContentHash, dialect: Dialect, work: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [file.hex().as_str(), dialect.as_str(), work] {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    ContentHash::from_digest(hasher.finalize().into()).hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_files_and_work_apart() {
        let (one, other) = (ContentHash::of(b"1"), ContentHash::of(b"2"));
        let of = |file, work| fingerprint(file, Dialect::Retouch4me, work);
        assert_eq!(of(&one, "a"), of(&one, "a"));
        assert_ne!(of(&one, "a"), of(&other, "a"));
        assert_ne!(of(&one, "a"), of(&one, "b"));
    }

    #[test]
    fn quotas_are_looked_at_before_bytes_are_stored() {
        let standing = Standing { balance: 1, unmetered: false, daily_allowance: Some(2), used_today: 1 };
        assert!(refuse_early(&standing).is_ok());
        let broke = Standing { balance: 0, ..standing.clone() };
        assert!(matches!(refuse_early(&broke), Err(SubmitError::NoCredits)));
        assert!(refuse_early(&Standing { unmetered: true, ..broke }).is_ok());
        let tired = Standing { used_today: 2, ..standing };
        assert!(matches!(refuse_early(&tired), Err(SubmitError::DailyLimit)));
    }
}
