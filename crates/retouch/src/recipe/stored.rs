//! The form in which a recipe is kept: exact, and wide enough for every recipe, also those no client could send.

use serde_json::{Map, Value, json};

use super::json::{RecipeError, task};
use super::{OutputChoice, Recipe, Task};
use crate::plugin::Key;

const OUTPUTS: [(OutputChoice, &str); 7] = [
    (OutputChoice::AsUploaded, "as uploaded"),
    (OutputChoice::Jpeg, "jpeg"),
    (OutputChoice::Png, "png"),
    (OutputChoice::Tiff, "tiff"),
    (OutputChoice::WebP, "webp"),
    (OutputChoice::Zip, "zip"),
    (OutputChoice::Psd, "psd"),
];

pub(super) fn write(recipe: &Recipe) -> String {
    let output = OUTPUTS.into_iter().find(|(choice, _)| *choice == recipe.output).map(|(_, name)| name);
    let tasks: Vec<Value> = recipe.tasks.iter().map(write_task).collect();
    json!({ "output": output, "tasks": tasks }).to_string()
}

fn write_task(task: &Task) -> Value {
    let spec = task.plugin.spec();
    let settings = &task.settings;
    let mut fields = Map::new();
    fields.insert("Plugin".to_owned(), json!(spec.name));
    for param in spec.params {
        let value = match param.key {
            Key::Scale => json!(settings.scale.number()),
            Key::Alpha1 => json!(settings.alpha1),
            Key::Alpha2 => json!(settings.alpha2),
            Key::Automask => json!(settings.automask),
        };
        fields.insert(param.key.name().to_owned(), value);
    }
    fields.insert("Layer".to_owned(), json!(task.as_layer));
    Value::Object(fields)
}

pub(super) fn read(text: &str) -> Result<Recipe, RecipeError> {
    let value: Value = serde_json::from_str(text).map_err(|error| RecipeError::NotJson(error.to_string()))?;
    let output = value.get("output").and_then(Value::as_str);
    let output = OUTPUTS.into_iter().find(|(_, name)| Some(*name) == output).map(|(choice, _)| choice);
    let tasks = value.get("tasks").and_then(Value::as_array).ok_or(RecipeError::NoTasks)?;
    Ok(Recipe {
        tasks: tasks.iter().enumerate().map(|(index, value)| task(index, value)).collect::<Result<_, _>>()?,
        output: output.ok_or(RecipeError::UnknownOutput)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plugins::plugins;

    fn any_task() -> impl Strategy<Value = Task> {
        let knobs = (-1.0f32..4.0, -1.0f32..3.0, -1.0f32..3.0, any::<bool>());
        (0..plugins().len(), knobs, any::<bool>()).prop_map(|(plugin, knobs, as_layer)| {
            let task = Task::new(plugins()[plugin])
                .with(Key::Scale, knobs.0)
                .with(Key::Alpha1, knobs.1)
                .with(Key::Alpha2, knobs.2)
                .with(Key::Automask, if knobs.3 { 1.0 } else { 0.0 });
            Task { as_layer, ..task }
        })
    }

    proptest! {
        #[test]
        fn a_recipe_is_read_as_it_was_written(
            mut tasks in prop::collection::vec(any_task(), 0..40),
            output in prop::sample::select(OUTPUTS.to_vec()),
        ) {
            // Face Detection stands first or not at all.
            let mut index = 0;
            tasks.retain(|task| {
                index += 1;
                index == 1 || task.plugin.spec().name != "Face Detection"
            });
            let recipe = Recipe { tasks, output: output.0 };
            prop_assert_eq!(Recipe::from_stored(&recipe.to_stored()), Ok(recipe));
        }
    }

    #[test]
    fn what_is_no_stored_recipe_is_an_error() {
        for text in
            ["", "{}", r#"{"output":"gif","tasks":[]}"#, r#"{"output":"zip","tasks":[{"Plugin":"X"}]}"#]
        {
            assert!(Recipe::from_stored(text).is_err(), "{text}");
        }
        assert_eq!(Recipe::from_stored(r#"{"output":"as uploaded","tasks":[]}"#), Ok(Recipe::default()));
    }
}
