//! Recipes as the Retouch4me payloads that programs send.

use retouch::{Key, OutputChoice, Recipe, Task};
use serde_json::{Map, Value, json};

/// The payload that says this recipe.
pub fn write(recipe: &Recipe) -> Value {
    let tasks: Vec<_> = recipe.tasks.iter().map(task).collect();
    let mut payload = json!({ "mode": "professional", "tasks": tasks });
    let format = match recipe.output {
        OutputChoice::Jpeg => Some("jpeg"),
        OutputChoice::Png => Some("png"),
        OutputChoice::Zip => Some("zip"),
        // The wire has no words for the others.
        OutputChoice::AsUploaded | OutputChoice::Tiff | OutputChoice::WebP | OutputChoice::Psd => None,
    };
    if let Some(format) = format {
        payload["outputFormat"] = json!(format);
    }
    payload
}

fn task(task: &Task) -> Value {
    let spec = task.plugin.spec();
    let mut fields = Map::new();
    fields.insert("Plugin".to_owned(), json!(spec.name));
    for param in spec.params {
        let value = match param.key {
            Key::Scale => json!(task.settings.scale.number()),
            Key::Alpha1 => number(task.settings.alpha1),
            Key::Alpha2 => number(task.settings.alpha2),
            Key::Automask => json!(u8::from(task.settings.automask)),
        };
        fields.insert(param.key.name().to_owned(), value);
    }
    if task.as_layer {
        fields.insert("Layer".to_owned(), json!(1));
    }
    Value::Object(fields)
}

/// The shortest number that is read as the same one.
fn number(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, |value| json!(value))
}

#[cfg(test)]
mod tests {
    use retouch::Preset;

    use super::*;

    #[test]
    fn presets_are_read_as_they_are_written() {
        for preset in Preset::ALL {
            let recipe = Recipe::preset(preset);
            assert_eq!(Recipe::from_json(&write(&recipe).to_string()), Ok(recipe.clone()));
            let layered = Recipe { output: OutputChoice::Zip, ..recipe.layered() };
            assert_eq!(Recipe::from_json(&write(&layered).to_string()), Ok(layered));
        }
    }

    #[test]
    fn numbers_are_written_as_people_would() {
        let payload = write(&Recipe::preset(Preset::Slight)).to_string();
        assert!(payload.contains("\"Alpha1\":0.35") && !payload.contains("0.3499"), "{payload}");
    }
}
