//! What a job does, as it is kept in the job's row.

use retouch::{Recipe, Task, Workflow};
use serde_json::{Value, json};

/// What a job does.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Retouch the picture.
    Retouch(Recipe),
    /// Only say which faces are on it.
    Features,
    /// Take it through a workflow.
    Workflow(Workflow),
}

/// Why kept work cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the task list cannot be run by this server any more ({0}): send it again")]
pub struct WorkError(String);

impl Work {
    /// The form in which it is kept. Equal work has equal text.
    pub fn to_json(&self) -> String {
        match self {
            Self::Retouch(recipe) => {
                let recipe: Value = serde_json::from_str(&recipe.to_stored()).unwrap_or_default();
                json!({ "retouch": recipe }).to_string()
            }
            Self::Features => json!({ "features": {} }).to_string(),
            Self::Workflow(workflow) => json!({ "workflow": workflow.to_json() }).to_string(),
        }
    }

    /// Reads [`Work::to_json`].
    ///
    /// # Errors
    /// When the text is something else, or names a plugin that is not there any more.
    pub fn from_json(text: &str) -> Result<Self, WorkError> {
        let value: Value = serde_json::from_str(text).map_err(|error| WorkError(error.to_string()))?;
        if let Some(recipe) = value.get("retouch") {
            let recipe = Recipe::from_stored(&recipe.to_string());
            return recipe.map(Self::Retouch).map_err(|error| WorkError(error.to_string()));
        }
        if let Some(workflow) = value.get("workflow") {
            let workflow = Workflow::from_value(workflow);
            return workflow.map(Self::Workflow).map_err(|error| WorkError(error.to_string()));
        }
        match value.get("features") {
            Some(_) => Ok(Self::Features),
            None => Err(WorkError("it is of no known kind".to_owned())),
        }
    }

    /// True when the result holds layers, which takes more memory.
    pub(crate) fn is_layered(&self) -> bool {
        match self {
            Self::Retouch(recipe) => recipe.wants_zip() || recipe.output == retouch::OutputChoice::Psd,
            Self::Workflow(workflow) => workflow.wants_layers(),
            Self::Features => false,
        }
    }

    /// What the engine runs. For features alone, a recipe whose answer holds no pixels.
    pub(crate) fn recipe(&self) -> Recipe {
        match self {
            Self::Retouch(recipe) => recipe.clone(),
            Self::Workflow(_) => Recipe::default(),
            Self::Features => {
                let detection = retouch::plugins().iter().find(|p| p.spec().name == "Face Detection");
                let task =
                    |plugin: &&'static dyn retouch::Plugin| Task { as_layer: true, ..Task::new(*plugin) };
                Recipe { tasks: detection.map(task).into_iter().collect(), ..Recipe::default() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use retouch::{Key, OutputChoice, Preset};

    use super::*;

    #[test]
    fn work_is_read_as_it_was_written() {
        let mut all: Vec<Work> = Preset::ALL.into_iter().map(|p| Work::Retouch(Recipe::preset(p))).collect();
        all.push(Work::Retouch(Recipe::preset(Preset::Balanced).layered()));
        all.push(Work::Retouch(Recipe { output: OutputChoice::Jpeg, ..Recipe::default() }));
        all.push(Work::Features);
        for work in all {
            assert_eq!(Work::from_json(&work.to_json()), Ok(work));
        }
        assert!(Work::from_json("{}").is_err() && Work::from_json("").is_err());
    }

    #[test]
    fn features_ask_for_no_pixels() {
        let recipe = Work::Features.recipe();
        assert_eq!(recipe.tasks.len(), 1);
        assert!(recipe.wants_zip());
    }

    proptest! {
        #[test]
        fn any_setting_is_kept_exactly(alpha1 in 0.0f32..=2.0, alpha2 in 0.0f32..=2.0, scale in 0.0f32..=3.0) {
            let mut recipe = Recipe::preset(Preset::Heavy);
            for task in &mut recipe.tasks {
                task.set(Key::Alpha1, alpha1);
                task.set(Key::Alpha2, alpha2);
                task.set(Key::Scale, scale);
            }
            let work = Work::Retouch(recipe);
            prop_assert_eq!(Work::from_json(&work.to_json()), Ok(work));
        }
    }
}
