//! Versions of workflows: saving and restoring them, taking workflows off the list, and what two versions differ in.

use retouch::components::WorkflowStep;
use retouch::{Workflow as Components, WorkflowError};
use serde::Serialize;
use serde_json::Value;
use store::{Role, StoreError, Workflow, WorkflowId, WorkflowVersionId};

use crate::catalogue::assets;
use crate::{Draft, DraftError, Member, Service, save_workflow};

/// How the name of a copy ends.
const COPY: &str = " (copy)";
/// Archived workflows shown at most.
const MOST_ARCHIVED: i64 = 500;

/// Why a workflow was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Only admins change workflows.
    #[error("only admins of the organization change workflows: ask one of them")]
    NotAnAdmin,
    /// The organization has no such workflow or version.
    #[error("there is no such workflow: load the list again")]
    NotThere,
    /// The version that was edited is not the current one any more.
    #[error(
        "somebody has saved another version meanwhile: load the page again, or save this as a new workflow"
    )]
    Overtaken,
    /// A setting names a picture that is not there.
    #[error("a picture that the workflow names is not there: upload it again")]
    NoPicture,
    /// It cannot be saved as it is.
    #[error(transparent)]
    Draft(#[from] DraftError),
}

impl From<StoreError> for SaveError {
    fn from(error: StoreError) -> Self {
        Self::Draft(error.into())
    }
}

impl From<WorkflowError> for SaveError {
    fn from(error: WorkflowError) -> Self {
        Self::Draft(error.into())
    }
}

impl Service {
    /// Saves a new workflow for an organization.
    ///
    /// # Errors
    /// See [`SaveError`].
    pub async fn save_new_workflow(&self, author: &Member, draft: &Draft) -> Result<Workflow, SaveError> {
        self.check_draft(author, draft).await?;
        let organization = &author.organization.id;
        Ok(save_workflow(self.store(), organization, &author.account, None, draft, self.now()).await?)
    }

    /// Saves another version of a workflow, as long as `edited` is still the current one.
    ///
    /// # Errors
    /// See [`SaveError`].
    pub async fn save_version(
        &self,
        author: &Member,
        id: &WorkflowId,
        edited: &WorkflowVersionId,
        draft: &Draft,
    ) -> Result<Workflow, SaveError> {
        self.check_draft(author, draft).await?;
        let organization = &author.organization;
        let current = self.workflow(organization, id, None).await?.ok_or(SaveError::NotThere)?;
        if current.id != *edited {
            return Err(SaveError::Overtaken);
        }
        Ok(save_workflow(self.store(), &organization.id, &author.account, Some(id), draft, self.now())
            .await?)
    }

    /// Makes an old version of a workflow its newest.
    ///
    /// # Errors
    /// See [`SaveError`].
    pub async fn restore_version(
        &self,
        author: &Member,
        id: &WorkflowId,
        version: &WorkflowVersionId,
    ) -> Result<Workflow, SaveError> {
        changes(author)?;
        let organization = &author.organization;
        let old = self.workflow(organization, id, Some(version)).await?.ok_or(SaveError::NotThere)?;
        let draft = draft_of(&old)?;
        Ok(save_workflow(self.store(), &organization.id, &author.account, Some(id), &draft, self.now())
            .await?)
    }

    /// Saves a workflow's current version as a workflow of its own.
    ///
    /// # Errors
    /// See [`SaveError`].
    pub async fn duplicate_workflow(&self, author: &Member, id: &WorkflowId) -> Result<Workflow, SaveError> {
        changes(author)?;
        let found = self.workflow(&author.organization, id, None).await?.ok_or(SaveError::NotThere)?;
        let draft = draft_of(&found)?;
        let room = crate::catalogue::LONGEST_NAME - COPY.len();
        let name = draft.name.chars().take(room).chain(COPY.chars()).collect();
        self.save_new_workflow(author, &Draft { name, ..draft }).await
    }

    /// Takes a workflow off the list, or puts it back.
    ///
    /// # Errors
    /// See [`SaveError`].
    pub async fn archive_workflow(
        &self,
        author: &Member,
        id: &WorkflowId,
        archived: bool,
    ) -> Result<(), SaveError> {
        changes(author)?;
        if !self.store().archive_workflow(&author.organization.id, id, archived).await? {
            return Err(SaveError::NotThere);
        }
        let deed = if archived { "workflow.archive" } else { "workflow.unarchive" };
        self.store().audit(&author.account.email, deed, id.as_str(), "", self.now()).await?;
        Ok(())
    }

    /// The workflows that an organization has taken off its list, newest first.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn archived_workflows(
        &self,
        organization: &store::Organization,
    ) -> Result<Vec<Workflow>, StoreError> {
        self.store().archived_workflows(&organization.id, MOST_ARCHIVED).await
    }

    /// All versions of a workflow of an organization, newest first.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn versions(
        &self,
        organization: &store::Organization,
        id: &WorkflowId,
    ) -> Result<Vec<Workflow>, StoreError> {
        self.store().workflow_versions(&organization.id, id).await
    }

    async fn check_draft(&self, author: &Member, draft: &Draft) -> Result<(), SaveError> {
        changes(author)?;
        for hash in assets(&draft.components) {
            if self.picture(&author.organization, &hash).await?.is_none() {
                return Err(SaveError::NoPicture);
            }
        }
        Ok(())
    }
}

fn changes(author: &Member) -> Result<(), SaveError> {
    if author.role == Role::Admin { Ok(()) } else { Err(SaveError::NotAnAdmin) }
}

fn draft_of(workflow: &Workflow) -> Result<Draft, WorkflowError> {
    let components = Components::from_json(&workflow.components)?;
    Ok(Draft { name: workflow.name.clone(), components, price: workflow.price, review: workflow.review })
}

/// One thing in which two versions of a workflow differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Difference {
    /// The name.
    Name(ValueChange),
    /// Credits a picture.
    Price(ValueChange),
    /// Whether a person looks at each result.
    Review(ValueChange),
    /// A component that only the newer version has.
    Added {
        /// Its name.
        label: String,
        /// Its place in the newer version, from 1.
        place: usize,
    },
    /// A component that only the older version has.
    Removed {
        /// Its name.
        label: String,
        /// Its place in the older version, from 1.
        place: usize,
    },
    /// A component that runs earlier or later than others now.
    Moved {
        /// Its name.
        label: String,
        /// Its places, from 1.
        from: usize,
        /// In the newer version.
        to: usize,
    },
    /// A component's label.
    Renamed(ValueChange),
    /// A setting of a component.
    Setting {
        /// The component's name in the newer version.
        label: String,
        /// The setting's name for people.
        setting: &'static str,
        /// Its values.
        change: ValueChange,
    },
}

/// A value as it was and as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueChange {
    /// In the older version.
    pub old: String,
    /// In the newer one.
    pub new: String,
}

/// What `new` changes against `old`. A component is the same one in both when its type is, first of all together with
/// its label.
///
/// # Errors
/// When one of them cannot be read by this server any more.
pub fn differences(old: &Workflow, new: &Workflow) -> Result<Vec<Difference>, WorkflowError> {
    let mut found = Vec::new();
    let change =
        |old: &dyn ToString, new: &dyn ToString| ValueChange { old: old.to_string(), new: new.to_string() };
    if old.name != new.name {
        found.push(Difference::Name(change(&old.name, &new.name)));
    }
    if old.price != new.price {
        found.push(Difference::Price(change(&old.price, &new.price)));
    }
    if old.review != new.review {
        found.push(Difference::Review(change(&old.review, &new.review)));
    }
    let (before, after) = (Components::from_json(&old.components)?, Components::from_json(&new.components)?);
    let (before, after) = (before.steps(), after.steps());
    let pairs = pairs(before, after);
    for (index, step) in before.iter().enumerate() {
        if !pairs.iter().any(|(old, _)| *old == index) {
            found.push(Difference::Removed { label: title(step), place: index + 1 });
        }
    }
    let staying = longest_rising(&pairs);
    for (to, step) in after.iter().enumerate() {
        let Some(&(from, _)) = pairs.iter().find(|(_, new)| *new == to) else {
            found.push(Difference::Added { label: title(step), place: to + 1 });
            continue;
        };
        let was = &before[from];
        if was.label != step.label {
            found.push(Difference::Renamed(change(&was.label, &step.label)));
        }
        if !staying.contains(&to) {
            found.push(Difference::Moved { label: title(step), from: from + 1, to: to + 1 });
        }
        let (was, is) = (was.values.to_json(), step.values.to_json());
        for setting in step.component.declaration().settings.iter() {
            let (was, is) = (&was[setting.key], &is[setting.key]);
            if was != is {
                let change = ValueChange { old: plain(was), new: plain(is) };
                found.push(Difference::Setting { label: title(step), setting: setting.label, change });
            }
        }
    }
    Ok(found)
}

/// A component's name for people: the owner's label, or the declared one where that is only the type.
fn title(step: &WorkflowStep) -> String {
    let declaration = step.component.declaration();
    if step.label == declaration.kind { declaration.label.to_owned() } else { step.label.clone() }
}

/// Tells whether a component of the older version is one of the newer.
type Sameness<'a> = &'a dyn Fn(&WorkflowStep, &WorkflowStep) -> bool;

/// Which component of the older version is which of the newer, as places; in order of the newer.
fn pairs(before: &[WorkflowStep], after: &[WorkflowStep]) -> Vec<(usize, usize)> {
    let kind = |step: &WorkflowStep| step.component.declaration().kind.clone();
    let is_same: [Sameness; 3] = [
        &|old, new| kind(old) == kind(new) && old.label == new.label && old.values == new.values,
        &|old, new| kind(old) == kind(new) && old.label == new.label,
        &|old, new| kind(old) == kind(new),
    ];
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for is_same in is_same {
        for (new, step) in after.iter().enumerate() {
            if pairs.iter().any(|(_, taken)| *taken == new) {
                continue;
            }
            let free = |old: &usize| !pairs.iter().any(|(taken, _)| taken == old);
            let old = (0..before.len()).filter(free).find(|old| is_same(&before[*old], step));
            pairs.extend(old.map(|old| (old, new)));
        }
    }
    pairs.sort_by_key(|(_, new)| *new);
    pairs
}

/// The places in the newer version of a longest run of components that kept their order: all others have moved.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<usize> {
    let mut best: Vec<Vec<usize>> = Vec::new();
    for (index, (old, _)) in pairs.iter().enumerate() {
        let before =
            (0..index).filter(|earlier| pairs[*earlier].0 < *old).max_by_key(|earlier| best[*earlier].len());
        let mut run = before.map(|earlier| best[earlier].clone()).unwrap_or_default();
        run.push(pairs[index].1);
        best.push(run);
    }
    best.into_iter().max_by_key(Vec::len).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use store::{AccountId, OrganizationId, Timestamp};

    use super::*;

    fn version(price: i64, middle: &[Value]) -> Workflow {
        let steps = [&[json!({"type": "input"})], middle, &[json!({"type": "export"})]].concat();
        Workflow {
            workflow_id: WorkflowId::random(),
            id: WorkflowVersionId::random(),
            organization_id: OrganizationId::random(),
            number: 1,
            name: "white".into(),
            components: Value::Array(steps).to_string(),
            price,
            review: false,
            account_id: AccountId::random(),
            saved_at: Timestamp(0),
            archived: false,
        }
    }

    fn step(kind: &str, label: &str, settings: Value) -> Value {
        json!({"type": kind, "label": label, "settings": settings})
    }

    #[test]
    fn equal_versions_have_no_differences() {
        let one = version(3, &[step("heal", "spots", json!({}))]);
        assert_eq!(differences(&one, &one).expect("readable"), []);
    }

    #[test]
    fn every_kind_of_change_is_named_once() {
        let old = version(
            3,
            &[
                step("remove-background", "cut", json!({})),
                step("drop-shadow", "shadow", json!({})),
                step("resize", "small", json!({"width": 100})),
            ],
        );
        let new = version(
            4,
            &[
                step("drop-shadow", "shadow", json!({})),
                step("remove-background", "cut", json!({})),
                step("resize", "tiny", json!({"width": 50})),
                step("heal", "spots", json!({})),
            ],
        );
        let change = |old: &str, new: &str| ValueChange { old: old.into(), new: new.into() };
        let found = differences(&old, &new).expect("readable");
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(found.contains(&Difference::Price(change("3", "4"))));
        assert!(found.contains(&Difference::Renamed(change("small", "tiny"))));
        assert!(found.contains(&Difference::Added { label: "spots".into(), place: 5 }));
        let setting =
            Difference::Setting { label: "tiny".into(), setting: "Width", change: change("100", "50") };
        assert!(found.contains(&setting), "{found:?}");
        assert_eq!(found.iter().filter(|one| matches!(one, Difference::Moved { .. })).count(), 1);
        let back = differences(&new, &old).expect("readable");
        assert!(back.contains(&Difference::Removed { label: "spots".into(), place: 5 }));
    }
}
