//! The task list as JSON: how clients, files and the studio write recipes (specification section 5).
//!
//! Numbers outside their range are limited, unknown fields and knobs a plugin lacks are ignored, wrong
//! types and unknown names are errors that say which task and field is meant.

use serde_json::{Map, Value};

use super::{OutputChoice, Preset, Recipe, Task};
use crate::plugin::Key;
use crate::plugins;

/// Most tasks in one recipe.
const MAX_TASKS: usize = 32;

/// Plugins of the wire format that this engine does not run yet.
const UNAVAILABLE: [&str; 5] = ["Dust", "Face Lifting", "Glasses Anti Glare", "Color Correction", "Crop"];

/// Why a task list cannot be run.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum RecipeError {
    /// Not JSON at all.
    #[error("the payload is not valid JSON ({0}): send an object with \"mode\" and \"tasks\"")]
    NotJson(String),
    /// JSON, but not an object.
    #[error("the payload must be a JSON object with \"mode\" and \"tasks\"")]
    NotAnObject,
    /// `mode` is missing or has the wrong type.
    #[error("\"mode\" is missing: use \"professional\"")]
    NoMode,
    /// `mode` is none we know.
    #[error("mode \"{0}\" is unknown: use \"professional\", \"retouch4fun\" or \"facefeatures\"")]
    UnknownMode(String),
    /// `tasks` is missing, empty or not an array.
    #[error("\"tasks\" must be an array with at least one task")]
    NoTasks,
    /// Too many tasks.
    #[error("{0} tasks are too many: send at most {MAX_TASKS}")]
    TooManyTasks(usize),
    /// A task is not an object.
    #[error("tasks[{index}] must be an object")]
    NotATask {
        /// Index of the task, from 0.
        index: usize,
    },
    /// `Plugin` is missing or not a text.
    #[error("tasks[{index}].Plugin must name a plugin")]
    NoPlugin {
        /// Index of the task, from 0.
        index: usize,
    },
    /// No plugin has this name.
    #[error("tasks[{index}].Plugin: \"{name}\" is not a plugin: `atelier plugins` lists them")]
    UnknownPlugin {
        /// Index of the task, from 0.
        index: usize,
        /// The name that was sent.
        name: String,
    },
    /// A plugin of the wire format that is not built yet.
    #[error("tasks[{index}].Plugin: Plugin {name} is not available on this server")]
    Unavailable {
        /// Index of the task, from 0.
        index: usize,
        /// The name that was sent.
        name: String,
    },
    /// A field has the wrong type.
    #[error("tasks[{index}].{field} must be {expected}")]
    WrongType {
        /// Index of the task, from 0.
        index: usize,
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// Face Detection somewhere but in front.
    #[error("tasks[{index}].Plugin: Face Detection must be the first task")]
    DetectionNotFirst {
        /// Index of the task, from 0.
        index: usize,
    },
    /// `outputFormat` has an unknown value.
    #[error("outputFormat must be \"jpeg\", \"png\" or \"zip\"")]
    UnknownOutput,
    /// A flat format and layers at once.
    #[error("outputFormat \"{0}\" cannot hold layers: use \"zip\" or set Layer to 0")]
    FlatOutputWithLayers(&'static str),
}

pub(super) fn parse(text: &str) -> Result<Recipe, RecipeError> {
    let value: Value = serde_json::from_str(text).map_err(|error| RecipeError::NotJson(error.to_string()))?;
    let payload = value.as_object().ok_or(RecipeError::NotAnObject)?;
    let mode = payload.get("mode").and_then(Value::as_str).ok_or(RecipeError::NoMode)?;
    match mode {
        "professional" => professional(payload),
        "retouch4fun" => for_fun(payload),
        "facefeatures" => Ok(face_features()),
        other => Err(RecipeError::UnknownMode(other.to_owned())),
    }
}

fn professional(payload: &Map<String, Value>) -> Result<Recipe, RecipeError> {
    let tasks = tasks(payload)?;
    let output = output(payload)?;
    let flat = match output {
        OutputChoice::Jpeg => Some("jpeg"),
        OutputChoice::Png => Some("png"),
        _ => None,
    };
    match flat {
        Some(format) if tasks.iter().any(|t| t.as_layer) => Err(RecipeError::FlatOutputWithLayers(format)),
        _ => Ok(Recipe { tasks, output }),
    }
}

/// Runs the tasks if there are any, else the balanced preset; always a flat JPEG (specification section 6).
fn for_fun(payload: &Map<String, Value>) -> Result<Recipe, RecipeError> {
    let mut recipe = match payload.get("tasks") {
        None => Recipe::preset(Preset::Balanced),
        Some(_) => Recipe { tasks: tasks(payload)?, ..Recipe::default() },
    };
    recipe.tasks.iter_mut().for_each(|task| task.as_layer = false);
    recipe.output = OutputChoice::Jpeg;
    Ok(recipe)
}

fn face_features() -> Recipe {
    let tasks = plugins::find("Face Detection").map(Task::new).into_iter().collect();
    Recipe { tasks, output: OutputChoice::AsUploaded }
}

fn tasks(payload: &Map<String, Value>) -> Result<Vec<Task>, RecipeError> {
    let list = payload.get("tasks").and_then(Value::as_array).filter(|l| !l.is_empty());
    let list = list.ok_or(RecipeError::NoTasks)?;
    if list.len() > MAX_TASKS {
        return Err(RecipeError::TooManyTasks(list.len()));
    }
    list.iter().enumerate().map(|(index, value)| task(index, value)).collect()
}

pub(super) fn task(index: usize, value: &Value) -> Result<Task, RecipeError> {
    let fields = value.as_object().ok_or(RecipeError::NotATask { index })?;
    let name = fields.get("Plugin").and_then(Value::as_str).ok_or(RecipeError::NoPlugin { index })?;
    let canonical = if name == "Dodge & Burn" { "Dodge Burn" } else { name };
    let Some(plugin) = plugins::find(canonical) else {
        let name = name.to_owned();
        return Err(if UNAVAILABLE.contains(&name.as_str()) {
            RecipeError::Unavailable { index, name }
        } else {
            RecipeError::UnknownPlugin { index, name }
        });
    };
    if canonical == "Face Detection" && index != 0 {
        return Err(RecipeError::DetectionNotFirst { index });
    }
    let mut task = Task::new(plugin);
    for (field, key) in [("Scale", Key::Scale), ("Alpha1", Key::Alpha1), ("Alpha2", Key::Alpha2)] {
        if let Some(value) = fields.get(field) {
            let number =
                value.as_f64().ok_or(RecipeError::WrongType { index, field, expected: "a number" })?;
            task.set(key, number as f32);
        }
    }
    if let Some(automask) = switch(index, fields, "Automask")? {
        task.set(Key::Automask, if automask { 1.0 } else { 0.0 });
    }
    task.as_layer = switch(index, fields, "Layer")?.unwrap_or(false);
    Ok(task)
}

/// A field that is 0, 1 or a boolean.
fn switch(
    index: usize,
    fields: &Map<String, Value>,
    field: &'static str,
) -> Result<Option<bool>, RecipeError> {
    match fields.get(field) {
        None => Ok(None),
        Some(Value::Bool(on)) => Ok(Some(*on)),
        Some(Value::Number(number)) => Ok(Some(number.as_f64().is_some_and(|n| n != 0.0))),
        Some(_) => Err(RecipeError::WrongType { index, field, expected: "0, 1, true or false" }),
    }
}

fn output(payload: &Map<String, Value>) -> Result<OutputChoice, RecipeError> {
    match payload.get("outputFormat") {
        None | Some(Value::Null) => Ok(OutputChoice::AsUploaded),
        Some(Value::String(format)) => match format.as_str() {
            "jpeg" | "jpg" => Ok(OutputChoice::Jpeg),
            "png" => Ok(OutputChoice::Png),
            "zip" => Ok(OutputChoice::Zip),
            _ => Err(RecipeError::UnknownOutput),
        },
        Some(_) => Err(RecipeError::UnknownOutput),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plugin::Scale;

    fn one(task: &str) -> Result<Recipe, RecipeError> {
        parse(&format!(r#"{{"mode":"professional","tasks":[{task}]}}"#))
    }

    #[test]
    fn reads_knobs_limits_them_and_ignores_what_it_does_not_know() {
        let recipe = one(r#"{"Plugin":"Dodge Burn","Scale":2,"Alpha1":9,"Alpha2":0.2,"Layer":true,"X":[]}"#);
        let recipe = recipe.expect("a valid task");
        let task = &recipe.tasks[0];
        assert_eq!((task.settings.scale, task.settings.alpha1), (Scale::Medium, 2.0));
        assert_eq!((task.settings.alpha2, task.as_layer), (0.2, true));
        assert!(recipe.wants_zip());
        let heal = one(r#"{"Plugin":"Heal","Alpha2":0}"#).expect("a knob Heal lacks is ignored");
        assert_eq!(heal.tasks[0].settings.alpha1, 1.0);
    }

    #[test]
    fn names_the_task_and_field_at_fault() {
        let message = |r: Result<Recipe, RecipeError>| r.expect_err("must be refused").to_string();
        assert!(
            message(one(r#"{"Plugin":"Heal","Alpha1":"1"}"#)).starts_with("tasks[0].Alpha1 must be a number")
        );
        assert!(message(one(r#"{"Plugin":"Heal","Layer":"yes"}"#)).starts_with("tasks[0].Layer"));
        assert!(message(one(r#"{"Plugin":"Crop"}"#)).contains("not available"));
        assert!(message(one(r#"{"Plugin":"Heel"}"#)).contains("Heel"));
        assert!(message(one(r#"{"Plugin":"Heal"},7"#)).starts_with("tasks[1]"));
        assert_eq!(parse("[]").expect_err("array"), RecipeError::NotAnObject);
        assert_eq!(parse("{}").expect_err("no mode"), RecipeError::NoMode);
        assert_eq!(parse(r#"{"mode":"professional","tasks":[]}"#).expect_err("empty"), RecipeError::NoTasks);
        assert!(matches!(parse("{"), Err(RecipeError::NotJson(_))));
    }

    #[test]
    fn flat_formats_refuse_layers_and_fun_is_always_flat() {
        let layered =
            r#"{"mode":"professional","outputFormat":"jpeg","tasks":[{"Plugin":"Heal","Layer":1}]}"#;
        assert_eq!(parse(layered).expect_err("no"), RecipeError::FlatOutputWithLayers("jpeg"));
        let fun = parse(r#"{"mode":"retouch4fun"}"#).expect("balanced");
        assert_eq!((fun.tasks.len(), fun.output), (8, OutputChoice::Jpeg));
    }

    proptest! {
        #[test]
        fn any_text_is_a_recipe_or_an_error(text in ".{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn any_numbers_end_up_in_range(a in proptest::num::f64::NORMAL, b in -1e9f64..1e9) {
            let recipe = one(&format!(r#"{{"Plugin":"Skin Tone","Alpha1":{a},"Alpha2":{b},"Scale":{b}}}"#));
            let settings = recipe.expect("numbers are limited").tasks[0].settings;
            prop_assert!((0.0..=2.0).contains(&settings.alpha1) && (0.0..=2.0).contains(&settings.alpha2));
        }
    }
}
