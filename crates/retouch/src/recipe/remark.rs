//! What a task list says and the engine does not take at its word. The wire is tolerant and runs it all the same; who
//! writes a list by hand wants to hear of it.

use std::fmt;

use serde_json::{Map, Value};

use super::Recipe;
use crate::plugin::{Key, Spec};

/// Fields of the payload itself.
const PAYLOAD_FIELDS: [&str; 3] = ["mode", "tasks", "outputFormat"];
/// Fields of every task, besides its knobs.
const TASK_FIELDS: [&str; 2] = ["Plugin", "Layer"];
const KEYS: [Key; 4] = [Key::Scale, Key::Alpha1, Key::Alpha2, Key::Automask];

/// One thing that is not taken as it stands.
#[derive(Clone, Debug)]
pub enum Remark {
    /// A field of the payload that is none.
    UnknownField {
        /// The field.
        field: String,
    },
    /// A field of a task that its plugin does not read.
    UnknownKnob {
        /// Index of the task, from 0.
        index: usize,
        /// The field.
        field: String,
        /// The plugin.
        spec: &'static Spec,
    },
    /// A number that is limited.
    OutOfRange {
        /// Index of the task, from 0.
        index: usize,
        /// The knob.
        key: Key,
        /// What was asked for.
        value: f64,
        /// Smallest and largest value.
        range: (f32, f32),
    },
}

/// One line that says where it is and what becomes of it.
impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownField { field } => {
                write!(f, "{field:?} is ignored: a payload has {}", PAYLOAD_FIELDS.join(", "))
            }
            Self::UnknownKnob { index, field, spec } => {
                let knobs = spec.params.iter().map(|param| param.key.name());
                let known: Vec<&str> = knobs.chain(["Layer"]).collect();
                write!(f, "tasks[{index}].{field} is ignored: {} has {}", spec.name, known.join(", "))
            }
            Self::OutOfRange { index, key, value, range: (min, max) } => {
                let taken = (*value as f32).clamp(*min, *max);
                let name = key.name();
                write!(
                    f,
                    "tasks[{index}].{name} is taken as {taken}, not {value}: it goes from {min} to {max}"
                )
            }
        }
    }
}

/// All there is to remark on `text`, from which `recipe` was read.
pub(super) fn remarks(text: &str, recipe: &Recipe) -> Vec<Remark> {
    let Ok(Value::Object(payload)) = serde_json::from_str(text) else { return Vec::new() };
    let strange = payload.keys().filter(|field| !PAYLOAD_FIELDS.contains(&field.as_str()));
    let mut remarks: Vec<Remark> =
        strange.map(|field| Remark::UnknownField { field: field.clone() }).collect();
    // This mode reads no tasks.
    if payload.get("mode").and_then(Value::as_str) == Some("facefeatures") {
        return remarks;
    }
    let tasks = payload.get("tasks").and_then(Value::as_array).into_iter().flatten();
    for (index, (fields, task)) in tasks.zip(&recipe.tasks).enumerate() {
        if let Some(fields) = fields.as_object() {
            on_task(index, fields, task.plugin.spec(), &mut remarks);
        }
    }
    remarks
}

fn on_task(index: usize, fields: &Map<String, Value>, spec: &'static Spec, remarks: &mut Vec<Remark>) {
    for (field, value) in fields.iter().filter(|(field, _)| !TASK_FIELDS.contains(&field.as_str())) {
        let key = KEYS.into_iter().find(|key| key.name() == field);
        let Some((key, param)) = key.and_then(|key| Some((key, spec.param(key)?))) else {
            // Programs send all knobs of the wire with every task, those that are not meant as 0.
            let is_unset = matches!(value, Value::Bool(false)) || value.as_f64() == Some(0.0);
            if key.is_none() || !is_unset {
                remarks.push(Remark::UnknownKnob { index, field: field.clone(), spec });
            }
            continue;
        };
        // A switch is on or off, whatever the number.
        let value = value.as_f64().filter(|_| key != Key::Automask);
        if let Some(value) = value.filter(|&value| !(param.min..=param.max).contains(&(value as f32))) {
            remarks.push(Remark::OutOfRange { index, key, value, range: (param.min, param.max) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let (recipe, remarks) = Recipe::from_json_with_remarks(text).expect("a valid payload");
        assert_eq!(Ok(recipe), Recipe::from_json(text), "what is said changes nothing");
        remarks.iter().map(Remark::to_string).collect()
    }

    #[test]
    fn remarks_on_what_is_not_taken_as_it_stands() {
        let text = r#"{"mode":"professional","outputformat":"png","tasks":[{"Plugin":"Heal","Alpah1":0.5},
            {"Plugin":"Dodge & Burn","Alpha1":9,"Alpha2":-0.5},{"Plugin":"Mattifier","Alpha2":0.5}]}"#;
        assert_eq!(
            lines(text),
            [
                r#""outputformat" is ignored: a payload has mode, tasks, outputFormat"#,
                "tasks[0].Alpah1 is ignored: Heal has Scale, Alpha1, Layer",
                "tasks[1].Alpha1 is taken as 2, not 9: it goes from 0 to 2",
                "tasks[1].Alpha2 is taken as 0, not -0.5: it goes from 0 to 1",
                "tasks[2].Alpha2 is ignored: Mattifier has Scale, Alpha1, Layer",
            ]
        );
    }

    #[test]
    fn has_nothing_to_say_where_all_is_taken() {
        for text in [
            r#"{"mode":"professional","outputFormat":"zip","tasks":[{"Plugin":"Heal","Scale":2,"Alpha1":1,"Alpha2":0,
                "Automask":false,"Layer":1},{"Plugin":"Clean Backdrop","Automask":7}]}"#,
            r#"{"mode":"retouch4fun"}"#,
            r#"{"mode":"facefeatures","tasks":[{"Plugin":"Heal","Alpha1":9}]}"#,
        ] {
            assert_eq!(lines(text), Vec::<String>::new());
        }
    }
}
