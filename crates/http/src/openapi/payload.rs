//! The schema of the payload, made from the plugins' own declarations: what is not declared is not described.

use retouch::{Key, Param, Preset, Recipe, Spec, plugins};
use serde_json::{Map, Value, json};

/// The schemas `Payload` and one `Task...` a plugin.
pub(super) fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    let mut references = Vec::new();
    for plugin in plugins() {
        let spec = plugin.spec();
        let name = schema_name(spec);
        references.push(json!({"$ref": format!("#/components/schemas/{name}")}));
        schemas.insert(name, task(spec));
    }
    schemas.insert("Payload".to_owned(), payload(references));
    schemas
}

fn payload(tasks: Vec<Value>) -> Value {
    json!({
        "type": "object",
        "description": "What is to be done. Numbers outside their range are limited to it; fields that a plugin does not use, and unknown ones, are ignored; wrong types and unknown names are refused with 462.",
        "required": ["mode"],
        "properties": {
            "mode": {
                "type": "string",
                "enum": ["professional", "facefeatures", "retouch4fun"],
                "description": "`professional` runs the tasks. `facefeatures` needs no tasks and gives the faces as JSON. `retouch4fun` runs the tasks if there are any, else the balanced preset, and always gives a flat JPEG.",
            },
            "tasks": {
                "type": "array",
                "minItems": 1,
                "maxItems": 32,
                "description": "Run in the given order; the order of the list below is recommended. The same plugin may occur twice. Required for `professional`.",
                "items": {"oneOf": tasks},
            },
            "outputFormat": {
                "type": "string",
                "enum": ["jpeg", "png", "zip"],
                "description": "Without it the result is like the upload, or a ZIP when a task has `Layer` 1. `jpeg` and `png` cannot hold layers.",
            },
        },
        "example": example(),
    })
}

/// The balanced preset as a payload.
pub(super) fn example() -> Value {
    let tasks: Vec<Value> = Recipe::preset(Preset::Balanced)
        .tasks
        .iter()
        .map(|task| {
            let spec = task.plugin.spec();
            let mut fields = Map::from_iter([("Plugin".to_owned(), json!(spec.name))]);
            for param in spec.params {
                let value = match param.key {
                    Key::Scale => json!(task.settings.scale as u8),
                    Key::Alpha1 => number(task.settings.alpha1),
                    Key::Alpha2 => number(task.settings.alpha2),
                    Key::Automask => json!(task.settings.automask),
                };
                fields.insert(param.key.name().to_owned(), value);
            }
            Value::Object(fields)
        })
        .collect();
    json!({"mode": "professional", "tasks": tasks})
}

fn task(spec: &Spec) -> Value {
    let mut properties =
        Map::from_iter([("Plugin".to_owned(), json!({"const": spec.name, "type": "string"}))]);
    for param in spec.params {
        properties.insert(param.key.name().to_owned(), knob(param));
    }
    let layer = json!({
        "type": ["integer", "boolean"],
        "default": 0,
        "description": "1 gives the plugin's layer as a file of its own and makes the result a ZIP; 0 lays it into the result.",
    });
    properties.insert("Layer".to_owned(), layer);
    json!({
        "type": "object",
        "title": spec.name,
        "description": format!("{} It never {}", spec.about, lower_first(spec.never)),
        "required": ["Plugin"],
        "properties": properties,
    })
}

fn knob(param: &Param) -> Value {
    let description = format!("{}: {}", param.label, param.meaning);
    if param.key == Key::Automask {
        return json!({
            "type": ["boolean", "integer"], "default": param.default > 0.5, "description": description,
        });
    }
    json!({
        "type": "number",
        "minimum": number(param.min),
        "maximum": number(param.max),
        "default": number(param.default),
        "description": description,
    })
}

/// A setting as people write it: 0.39, not 0.38999998569488525.
fn number(value: f32) -> Value {
    let exact = (f64::from(value) * 10_000.0).round() / 10_000.0;
    if exact.fract() == 0.0 { json!(exact as i64) } else { json!(exact) }
}

fn schema_name(spec: &Spec) -> String {
    let name: String = spec.name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("Task{name}")
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_knob_of_every_plugin_is_described_with_its_range() {
        let schemas = schemas();
        for plugin in plugins() {
            let spec = plugin.spec();
            let schema = &schemas[&schema_name(spec)];
            assert_eq!(schema["properties"]["Plugin"]["const"], spec.name);
            for param in spec.params {
                let knob = &schema["properties"][param.key.name()];
                assert!(knob["description"].as_str().is_some_and(|text| text.contains(param.meaning)));
                if param.key != Key::Automask {
                    let ends = (knob["minimum"].as_f64(), knob["maximum"].as_f64());
                    let near = |end: Option<f64>, value: f32| {
                        end.is_some_and(|end| (end - f64::from(value)).abs() < 1e-4)
                    };
                    assert!(
                        near(ends.0, param.min) && near(ends.1, param.max),
                        "{} {:?}",
                        spec.name,
                        param.key
                    );
                }
            }
        }
    }

    #[test]
    fn the_example_can_be_run() {
        let recipe = Recipe::from_json(&example().to_string()).expect("a valid payload");
        assert_eq!(recipe.tasks.len(), 8);
    }
}
