//! Orders: batches of executions as people follow them, and what may be done with all of one.

use std::collections::BTreeMap;

use store::{BatchTag, Job, JobFilter, JobState, Order, OrderFilter, Organization, StoreError};

use crate::{Retried, Service};

/// Label that names an execution's batch.
pub const BATCH_ID: &str = "autoretouch_batch_id";
/// Label with the batch's name for people.
pub const BATCH_NAME: &str = "autoretouch_batch_name";
/// Label with the time at which the client made the batch.
pub const BATCH_TIME: &str = "autoretouch_batch_createdAt";

/// Executions dealt with at a time.
const AT_A_TIME: i64 = 200;

/// The batch that an execution's labels name, if they do.
pub fn batch_of(labels: &BTreeMap<String, String>) -> Option<BatchTag> {
    let label = |name: &str| labels.get(name).filter(|value| !value.trim().is_empty()).cloned();
    let id = label(BATCH_ID)?;
    Some(BatchTag {
        name: label(BATCH_NAME).unwrap_or_else(|| id.clone()),
        told_at: label(BATCH_TIME).unwrap_or_default(),
        id,
    })
}

impl Service {
    /// An organization's orders, newest first, and how many the filter lets through.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn orders(
        &self,
        organization: &Organization,
        filter: &OrderFilter,
    ) -> Result<(Vec<Order>, i64), StoreError> {
        self.store().orders(&organization.id, filter).await
    }

    /// An order of an organization; another organization's are not there.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn order(&self, organization: &Organization, id: &str) -> Result<Option<Order>, StoreError> {
        let filter = OrderFilter { id: Some(id.to_owned()), limit: 1, ..OrderFilter::default() };
        Ok(self.orders(organization, &filter).await?.0.into_iter().next())
    }

    /// Runs all of an order's executions once more that failed or could not be paid for; gives how many run again and
    /// how many cannot.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn retry_order(&self, organization: &Organization, id: &str) -> Result<(i64, i64), StoreError> {
        let (mut again, mut not) = (0, 0);
        for (state, or_state) in [(JobState::Failed, Some(JobState::Cancelled)), (JobState::Unpaid, None)] {
            let mut left_alone = 0;
            loop {
                // What runs again leaves this list; what cannot stays in it.
                let jobs = self.some_of_order(organization, id, (state, or_state), left_alone).await?;
                if jobs.is_empty() {
                    break;
                }
                for job in jobs {
                    match self.retry_execution(&job).await? {
                        Retried::Again => again += 1,
                        // A failed one without credits goes on to the list of the unpaid, and is counted there.
                        Retried::Unpaid if state != JobState::Unpaid => {}
                        Retried::Unpaid | Retried::DailyLimit | Retried::NotPossible => {
                            not += 1;
                            left_alone += 1;
                        }
                        Retried::Completed | Retried::UnderWay => {}
                    }
                }
            }
        }
        Ok((again, not))
    }

    /// Calls off all of an order's executions that wait or are worked on; gives how many.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn cancel_order(&self, organization: &Organization, id: &str) -> Result<i64, StoreError> {
        let mut asked = 0;
        let states = [
            (JobState::Waiting, Some(JobState::Delayed)),
            // They stay in their list until their workers notice.
            (JobState::Active, None),
        ];
        for (state, or_state) in states {
            let mut passed = 0;
            loop {
                let jobs = self.some_of_order(organization, id, (state, or_state), passed).await?;
                if jobs.is_empty() {
                    break;
                }
                for job in jobs {
                    let was = self.cancel(&job.id).await?;
                    asked += i64::from(was.is_some_and(|was| !was.is_final()));
                    passed += i64::from(state == JobState::Active);
                }
            }
        }
        Ok(asked)
    }

    /// Some of an order's executions in one of these states, from one on.
    async fn some_of_order(
        &self,
        organization: &Organization,
        id: &str,
        (state, or_state): (JobState, Option<JobState>),
        offset: i64,
    ) -> Result<Vec<Job>, StoreError> {
        let filter = JobFilter {
            state: Some(state),
            or_state,
            batch: Some(id.to_owned()),
            limit: AT_A_TIME,
            offset,
            ..JobFilter::default()
        };
        Ok(self.executions(organization, filter).await?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_name_a_batch_when_its_id_is_there() {
        let labels = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(batch_of(&labels(&[(BATCH_NAME, "Autumn")])), None);
        assert_eq!(batch_of(&labels(&[(BATCH_ID, " ")])), None);
        let tag = batch_of(&labels(&[(BATCH_ID, "b1")])).expect("a batch");
        assert_eq!((tag.id.as_str(), tag.name.as_str(), tag.told_at.as_str()), ("b1", "b1", ""));
        let tag = batch_of(&labels(&[(BATCH_ID, "b1"), (BATCH_NAME, "Autumn")])).expect("a batch");
        assert_eq!(tag.name, "Autumn");
    }
}
