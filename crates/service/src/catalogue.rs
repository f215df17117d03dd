//! An organization's workflows: what it may run, at which price, with or without a person's verdict.

use std::time::Duration;

use retouch::components::Kind;
use retouch::{Key, Preset, Recipe, Task, Workflow as Components, WorkflowError};
use serde_json::{Map, Value, json};
use store::{
    Account, ContentHash, Organization, OrganizationId, Store, StoreError, Timestamp, Workflow,
    WorkflowDraft, WorkflowId, WorkflowVersionId,
};

use crate::Service;

/// Longest name of a workflow in characters.
pub(crate) const LONGEST_NAME: usize = 200;

/// A workflow a person wants to save.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its name for people.
    pub name: String,
    /// What it does.
    pub components: Components,
    /// Credits a picture.
    pub price: i64,
    /// True when a person looks at each result before it counts.
    pub review: bool,
}

/// Why a workflow cannot be saved.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// No name, or a very long one.
    #[error("a workflow needs a name of at most {LONGEST_NAME} characters")]
    BadName,
    /// It would pay people.
    #[error("a price cannot be below zero")]
    BadPrice,
    /// Its components cannot be run.
    #[error(transparent)]
    Components(#[from] WorkflowError),
    /// The database, or no such workflow.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Saves a workflow: a new one, or another version of one of the organization's.
///
/// # Errors
/// See [`DraftError`].
pub async fn save_workflow(
    store: &Store,
    organization: &OrganizationId,
    author: &Account,
    id: Option<&WorkflowId>,
    draft: &Draft,
    now: Timestamp,
) -> Result<Workflow, DraftError> {
    let name = draft.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(DraftError::BadName);
    }
    if draft.price < 0 {
        return Err(DraftError::BadPrice);
    }
    let components = &draft.components;
    let draft = WorkflowDraft {
        name: name.to_owned(),
        components: draft.components.to_json().to_string(),
        price: draft.price,
        review: draft.review,
        account_id: author.id.clone(),
    };
    let saved = match id {
        None => store.create_workflow(organization, &draft, now).await?,
        Some(id) => store.save_workflow(organization, id, &draft, now).await?,
    };
    hold_assets(store, organization, &saved.workflow_id, components, now).await?;
    store.audit(&author.email, "workflow.save", saved.workflow_id.as_str(), name, now).await?;
    Ok(saved)
}

/// Keeps the pictures that a workflow names, which would be let go of as uploads some day.
async fn hold_assets(
    store: &Store,
    organization: &OrganizationId,
    workflow: &WorkflowId,
    components: &Components,
    now: Timestamp,
) -> Result<(), StoreError> {
    for hash in assets(components) {
        if let Some(file) = store.image(organization, &hash).await? {
            store.keep_asset(organization, workflow, &file, now).await?;
        }
    }
    Ok(())
}

/// The pictures that a workflow's settings name.
pub(crate) fn assets(components: &Components) -> Vec<ContentHash> {
    let named = components.steps().iter().flat_map(|step| {
        let settings = step.component.declaration().settings.iter();
        settings
            .filter(|setting| matches!(setting.kind, Kind::Asset))
            .filter_map(move |setting| step.values.asset(setting.key))
            .filter_map(ContentHash::from_hex)
    });
    named.collect()
}

/// Gives an organization the workflows everybody begins with, unless it has some.
///
/// # Errors
/// See [`DraftError`].
pub async fn seed_workflows(
    store: &Store,
    organization: &OrganizationId,
    author: &Account,
    now: Timestamp,
) -> Result<(), DraftError> {
    if store.workflows(organization, 1, 0).await?.1 > 0 {
        return Ok(());
    }
    // The list shows the newest first: what people try first is saved last, each a moment after the one before.
    for (moment, draft) in examples()?.into_iter().rev().enumerate() {
        let now = now.plus(Duration::from_millis(moment as u64));
        save_workflow(store, organization, author, None, &draft, now).await?;
    }
    Ok(())
}

impl Service {
    /// A workflow of an organization, the current version unless one is named.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn workflow(
        &self,
        organization: &Organization,
        id: &WorkflowId,
        version: Option<&WorkflowVersionId>,
    ) -> Result<Option<Workflow>, StoreError> {
        self.store().workflow(&organization.id, id, version).await
    }

    /// An organization's workflows, newest first, and how many there are.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn workflows(
        &self,
        organization: &Organization,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Workflow>, i64), StoreError> {
        self.store().workflows(&organization.id, limit, offset).await
    }
}

fn component(kind: &str, settings: Value) -> Value {
    json!({ "type": kind, "label": kind, "settings": settings })
}

/// The workflows everybody begins with, in the order in which people try them.
///
/// # Errors
/// Never in a program that passes its tests.
pub fn examples() -> Result<Vec<Draft>, WorkflowError> {
    let plain = |kind| component(kind, json!({}));
    let white = || component("fill-background", json!({ "colour": "#ffffff" }));
    let balanced = || Recipe::preset(Preset::Balanced).tasks.iter().map(as_component).collect::<Vec<_>>();
    let square = component("set-on-canvas", json!({ "width": 2000, "height": 2000 }));
    let cut_out = |rest: Vec<Value>| [vec![plain("remove-background")], rest].concat();
    let examples = [
        ("Export only", 1, Vec::new(), json!({})),
        (
            "Catalogue on white",
            15,
            cut_out(vec![plain("set-on-canvas"), plain("drop-shadow"), white()]),
            json!({}),
        ),
        ("Portrait, balanced", 10, balanced(), json!({})),
        ("Portrait with layers", 12, balanced(), json!({ "layers": true })),
        ("Marketplace square", 15, cut_out(vec![square, white()]), json!({ "format": "jpeg" })),
    ];
    let draft = |(name, price, middle, export): (&str, i64, Vec<Value>, Value)| {
        let steps = [vec![plain("input")], middle, vec![component("export", export)]].concat();
        let components = Components::from_value(&Value::Array(steps))?;
        Ok(Draft { name: name.to_owned(), components, price, review: false })
    };
    examples.into_iter().map(draft).collect()
}

/// A task of a recipe as a component of its plugin's own name.
fn as_component(task: &Task) -> Value {
    let spec = task.plugin.spec();
    let value = |key: Key| match key {
        Key::Scale => json!(task.settings.scale.number()),
        Key::Alpha1 => json!(task.settings.alpha1),
        Key::Alpha2 => json!(task.settings.alpha2),
        Key::Automask => json!(task.settings.automask),
    };
    let settings: Map<String, Value> = spec
        .params
        .iter()
        .map(|param| (format!("{:?}", param.key).to_lowercase(), value(param.key)))
        .collect();
    component(&spec.name.to_lowercase().replace(' ', "-"), Value::Object(settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_can_be_run() {
        let examples = examples().expect("workflows");
        let prices: Vec<i64> = examples.iter().map(|draft| draft.price).collect();
        assert_eq!(prices, [1, 15, 10, 12, 15]);
        assert!(examples[3].components.wants_layers());
        assert!(!examples[2].components.wants_layers());
    }
}
