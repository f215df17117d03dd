//! Reviews: results that wait for a person's verdict, who looks at them, and what earlier rounds brought.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::{
    FileFacts, Job, JobFilter, JobId, JobState, Judged, Organization, PastVerdict, ReviewClaim, Role,
    StoreError, Verdict,
};

use crate::{Member, Service};

/// How long a reviewer's claim counts unless it is renewed.
const CLAIM: Duration = Duration::from_secs(3 * 60);
/// Results judged in one go.
const AT_A_TIME: i64 = 500;
/// Longest reason in characters.
const LONGEST_REASON: usize = 1_000;
/// Most markings on one picture.
const MOST_MARKINGS: usize = 100;
/// Longest note of a marking in characters.
const LONGEST_NOTE: usize = 500;
/// The reason when the reviewer gives none.
const NO_REASON: &str = "Rejected in review";

/// What a reviewer decides. Its texts are short enough to be kept, and no database refuses them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Review {
    approved: bool,
    reason: String,
    markings: Vec<Marking>,
}

/// A place on a picture with what is to be said about it, in shares of its upright width and height, 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Marking {
    /// From the left edge.
    pub x: f64,
    /// From the upper edge.
    pub y: f64,
    /// Across; 0 for a point.
    #[serde(default)]
    pub width: f64,
    /// Down; 0 for a point.
    #[serde(default)]
    pub height: f64,
    /// What is wrong there.
    #[serde(default)]
    pub note: String,
}

/// Why a review was not done.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// Only admins decide.
    #[error("only admins of the organization decide on results: ask one of them")]
    NotAnAdmin,
    /// The reason is too long.
    #[error("the reason has more than {LONGEST_REASON} characters: shorten it")]
    LongReason,
    /// A marking lies outside of the picture, its note is too long, or there are too many.
    #[error(
        "markings lie on the picture (0 to 1), at most {MOST_MARKINGS}, each with a note of at most {LONGEST_NOTE} characters"
    )]
    BadMarking,
    /// It is decided already, or was never to be.
    #[error("the execution is not in review")]
    NotInReview,
    /// Another reviewer looks at it.
    #[error("{} is looking at this result: take another one", .0.email)]
    Claimed(ReviewClaim),
    /// The database is away.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

/// What became of many results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reviewed {
    /// Reviews that were ended.
    pub reviewed: i64,
    /// Results left alone, because another reviewer looks at them.
    pub skipped: i64,
}

/// One round of an execution: its result, as far as it is kept, and the verdict on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// 0 for the first.
    pub number: i64,
    /// Its result, when its file is still there.
    pub result: Option<FileFacts>,
    /// What a reviewer said.
    pub verdict: Option<PastVerdict>,
    /// What was marked then.
    pub markings: Vec<Marking>,
}

impl Review {
    /// The result counts.
    pub fn approval() -> Self {
        Self { approved: true, ..Self::default() }
    }

    /// A verdict as somebody gave it.
    ///
    /// # Errors
    /// [`ReviewError::LongReason`], [`ReviewError::BadMarking`].
    pub fn new(approved: bool, reason: &str, markings: Vec<Marking>) -> Result<Self, ReviewError> {
        let reason = reason.trim().replace('\0', "");
        if reason.chars().count() > LONGEST_REASON {
            return Err(ReviewError::LongReason);
        }
        if markings.len() > MOST_MARKINGS || !markings.iter().all(Marking::is_sound) {
            return Err(ReviewError::BadMarking);
        }
        let reason = if !approved && reason.is_empty() { NO_REASON.to_owned() } else { reason };
        Ok(Self { approved, reason, markings })
    }
}

impl Marking {
    fn is_sound(&self) -> bool {
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let is_inside = [self.x, self.y, self.width, self.height].into_iter().all(share)
            && self.x + self.width <= 1.001
            && self.y + self.height <= 1.001;
        is_inside && self.note.chars().count() <= LONGEST_NOTE && !self.note.contains('\0')
    }
}

impl Service {
    /// Ends a review, unless another reviewer looks at the result.
    ///
    /// # Errors
    /// See [`ReviewError`].
    pub async fn review(&self, reviewer: &Member, job: &Job, review: &Review) -> Result<(), ReviewError> {
        decides(reviewer)?;
        let now = self.now();
        let expires_at = now.plus(self.settings().keep);
        let state = if review.approved { JobState::Completed } else { JobState::Failed };
        let charged = if review.approved { job.charged } else { 0 };
        let judged = Job { state, charged, reason: review.reason.clone(), expires_at, ..job.clone() };
        let markings = serde_json::to_string(&review.markings);
        let verdict = Verdict {
            approved: review.approved,
            reason: review.reason.clone(),
            markings: markings.map_err(|error| StoreError::Corrupt(error.to_string()))?,
            account: reviewer.account.id.clone(),
            actor: reviewer.account.email.clone(),
            expires_at,
            deliveries: self.messages(&judged, now).await?,
        };
        match self.store().judge(&job.id, verdict, now).await? {
            Judged::Done => Ok(()),
            Judged::NotInReview => Err(ReviewError::NotInReview),
            Judged::Claimed(claim) => Err(ReviewError::Claimed(claim)),
        }
    }

    /// Ends the review of all of a batch's results that wait for one, those aside that another reviewer looks at.
    ///
    /// # Errors
    /// See [`ReviewError`].
    pub async fn review_batch(
        &self,
        reviewer: &Member,
        batch: &str,
        review: &Review,
    ) -> Result<Reviewed, ReviewError> {
        decides(reviewer)?;
        let mut done = Reviewed::default();
        loop {
            // What is left alone stays at the head of the list.
            let waiting = JobFilter {
                state: Some(JobState::InReview),
                batch: Some(batch.to_owned()),
                oldest_first: true,
                limit: AT_A_TIME,
                offset: done.skipped,
                ..JobFilter::default()
            };
            let (jobs, _) = self.executions(&reviewer.organization, waiting).await?;
            if jobs.is_empty() {
                return Ok(done);
            }
            let before = done;
            for job in jobs {
                match self.review(reviewer, &job, review).await {
                    Ok(()) => done.reviewed += 1,
                    Err(ReviewError::Claimed(_)) => done.skipped += 1,
                    // Another reviewer was faster.
                    Err(ReviewError::NotInReview) => {}
                    Err(error) => return Err(error),
                }
            }
            if done == before {
                return Ok(done);
            }
        }
    }

    /// Claims a result for a reviewer, or renews the claim.
    ///
    /// # Errors
    /// [`ReviewError::Claimed`] when somebody else looks at it; see [`ReviewError`].
    pub async fn claim_review(&self, reviewer: &Member, job: &Job) -> Result<ReviewClaim, ReviewError> {
        decides(reviewer)?;
        let now = self.now();
        let account = &reviewer.account.id;
        let claim = self.store().claim_review(&job.id, account, now, now.plus(CLAIM)).await?;
        let claim = claim.ok_or(ReviewError::NotInReview)?;
        if claim.account_id == *account { Ok(claim) } else { Err(ReviewError::Claimed(claim)) }
    }

    /// Gives a reviewer's claim up.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn release_review(&self, reviewer: &Member, job: &JobId) -> Result<(), StoreError> {
        self.store().release_review(job, &reviewer.account.id).await
    }

    /// Who looks at which of an organization's results just now.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn review_claims(&self, organization: &Organization) -> Result<Vec<ReviewClaim>, StoreError> {
        self.store().review_claims(&organization.id, self.now()).await
    }

    /// The rounds of an execution that brought a result or a verdict, first to last.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn rounds(&self, job: &Job) -> Result<Vec<Round>, StoreError> {
        let verdicts = self.store().verdicts(&job.id).await?;
        let earlier = self.store().earlier_results(&job.id).await?;
        let round = |number: i64| {
            let verdict = verdicts.iter().find(|verdict| verdict.round == number).cloned();
            let result = match number == job.round {
                true => job.result.clone().filter(|_| !job.purged),
                false => {
                    earlier.iter().find(|result| result.round == number).map(|result| result.file.clone())
                }
            };
            let markings = verdict.as_ref().and_then(|verdict| serde_json::from_str(&verdict.markings).ok());
            Round { number, result, verdict, markings: markings.unwrap_or_default() }
        };
        Ok((0..=job.round)
            .map(round)
            .filter(|round| round.result.is_some() || round.verdict.is_some())
            .collect())
    }

    /// The result of one round of an execution, while its file is kept.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn round_result(&self, job: &Job, number: i64) -> Result<Option<FileFacts>, StoreError> {
        if number == job.round {
            return Ok(job.result.clone().filter(|_| !job.purged));
        }
        let earlier = self.store().earlier_results(&job.id).await?;
        Ok(earlier.into_iter().find(|result| result.round == number).map(|result| result.file))
    }
}

fn decides(reviewer: &Member) -> Result<(), ReviewError> {
    if reviewer.role == Role::Admin { Ok(()) } else { Err(ReviewError::NotAnAdmin) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marking(x: f64, width: f64, note: &str) -> Marking {
        Marking { x, y: 0.5, width, height: 0.0, note: note.to_owned() }
    }

    #[test]
    fn a_rejection_has_a_reason_and_texts_have_an_end() {
        let told = Review::new(false, "  ", Vec::new()).expect("a verdict");
        assert_eq!(told.reason, NO_REASON);
        assert_eq!(Review::new(true, "", Vec::new()).expect("a verdict"), Review::approval());
        assert!(matches!(Review::new(false, &"x".repeat(1_001), Vec::new()), Err(ReviewError::LongReason)));
    }

    #[test]
    fn markings_lie_on_the_picture() {
        assert!(Review::new(false, "", vec![marking(0.2, 0.8, "a mole")]).is_ok());
        for wrong in
            [marking(1.2, 0.0, ""), marking(0.5, 0.6, ""), marking(f64::NAN, 0.0, ""), marking(-0.1, 0.0, "")]
        {
            assert!(matches!(Review::new(false, "", vec![wrong]), Err(ReviewError::BadMarking)));
        }
        let long = marking(0.1, 0.1, &"x".repeat(501));
        assert!(matches!(Review::new(false, "", vec![long]), Err(ReviewError::BadMarking)));
    }
}
