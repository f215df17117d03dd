//! A workflow: the ordered list of components with their settings, and its JSON.

use serde_json::{Map, Value as Json, json};

use super::declaration::Values;
use super::{Component, component, components};

/// Most components in one workflow.
const MAX_STEPS: usize = 40;

/// Longest label, in characters.
const MAX_LABEL: usize = 100;

/// Components in the order in which they run: `input` first, `export` last.
#[derive(Clone, Debug)]
pub struct Workflow {
    steps: Vec<WorkflowStep>,
}

/// One component with its settings.
#[derive(Clone)]
pub struct WorkflowStep {
    /// What runs.
    pub component: &'static dyn Component,
    /// The owner's name for it; settings sent with an order find their component by it.
    pub label: String,
    /// How it runs; within the declared ranges.
    pub values: Values,
}

/// Why a workflow cannot be run.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum WorkflowError {
    /// Not JSON at all.
    #[error("the workflow is not valid JSON ({0}): send an array of components")]
    NotJson(String),
    /// JSON, but no array.
    #[error("a workflow must be an array of components, each with \"type\", \"label\" and \"settings\"")]
    NotAnArray,
    /// Too many components.
    #[error("{0} components are too many: use at most {MAX_STEPS}")]
    TooMany(usize),
    /// A component is not an object.
    #[error("components[{index}] must be an object with \"type\", \"label\" and \"settings\"")]
    NotAComponent {
        /// Index of the component, from 0.
        index: usize,
    },
    /// A field has the wrong type.
    #[error("components[{index}].{field} must be {must}")]
    WrongField {
        /// Index of the component, from 0.
        index: usize,
        /// `type`, `label` or `settings`.
        field: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// No component has this type.
    #[error("components[{index}].type: \"{kind}\" is not a component: use one of {known}", known = known())]
    UnknownType {
        /// Index of the component, from 0.
        index: usize,
        /// The type that was sent.
        kind: String,
    },
    /// A setting cannot be used.
    #[error("components[{index}] ({kind}): settings.{key} must be {must}")]
    WrongSetting {
        /// Index of the component, from 0.
        index: usize,
        /// Type of the component.
        kind: String,
        /// Key of the setting.
        key: &'static str,
        /// What it must be.
        must: String,
    },
    /// `input` must be first and only first.
    #[error("a workflow must begin with \"input\" and hold no second one")]
    InputNotFirst,
    /// `export` must be last and only last.
    #[error("a workflow must end with \"export\" and hold no second one")]
    ExportNotLast,
    /// Layers can be given only while the picture keeps its shape and ground.
    #[error("export cannot give layers together with \"{0}\": take one of the two out")]
    LayersWith(String),
}

fn known() -> String {
    components().iter().map(|c| c.declaration().kind.as_ref()).collect::<Vec<_>>().join(", ")
}

/// Equal when they say the same.
impl PartialEq for Workflow {
    fn eq(&self, other: &Self) -> bool {
        self.to_json() == other.to_json()
    }
}

impl Workflow {
    /// Reads a workflow from the text of a JSON array.
    ///
    /// # Errors
    /// [`WorkflowError`] names the component and the field that cannot be run.
    pub fn from_json(text: &str) -> Result<Self, WorkflowError> {
        let json: Json = serde_json::from_str(text).map_err(|e| WorkflowError::NotJson(e.to_string()))?;
        Self::from_value(&json)
    }

    /// Reads a workflow from a JSON array of `{type, label, settings}`. A missing label is the type, missing
    /// settings are the defaults; keys that nobody declares are ignored.
    ///
    /// # Errors
    /// [`WorkflowError`] names the component and the field that cannot be run.
    pub fn from_value(json: &Json) -> Result<Self, WorkflowError> {
        let list = json.as_array().ok_or(WorkflowError::NotAnArray)?;
        if list.len() > MAX_STEPS {
            return Err(WorkflowError::TooMany(list.len()));
        }
        let steps: Result<Vec<_>, _> =
            list.iter().enumerate().map(|(index, json)| step(index, json)).collect();
        Self::checked(steps?)
    }

    fn checked(steps: Vec<WorkflowStep>) -> Result<Self, WorkflowError> {
        let kind = |step: &WorkflowStep| step.component.declaration().kind.clone();
        let (first, last) = (steps.first().map(kind), steps.last().map(kind));
        let count = |name: &str| steps.iter().filter(|step| kind(step) == name).count();
        if first.as_deref() != Some("input") || count("input") != 1 {
            return Err(WorkflowError::InputNotFirst);
        }
        if last.as_deref() != Some("export") || count("export") != 1 {
            return Err(WorkflowError::ExportNotLast);
        }
        let workflow = Self { steps };
        if workflow.wants_layers() {
            let middle = &workflow.steps[1..workflow.steps.len() - 1];
            let keeps = |step: &&WorkflowStep| {
                step.component.retouching(&step.values).is_some() || kind(step) == "edit-filename"
            };
            if let Some(step) = middle.iter().find(|step| !keeps(step)) {
                return Err(WorkflowError::LayersWith(kind(step).into_owned()));
            }
        }
        Ok(workflow)
    }

    /// The components in order.
    pub fn steps(&self) -> &[WorkflowStep] {
        &self.steps
    }

    /// True when the result is a ZIP of layers.
    pub fn wants_layers(&self) -> bool {
        self.steps.last().is_some_and(|step| step.values.is_on("layers"))
    }

    /// The workflow as [`Workflow::from_value`] reads it, every setting spelled out.
    pub fn to_json(&self) -> Json {
        let step = |step: &WorkflowStep| {
            json!({
                "type": step.component.declaration().kind,
                "label": step.label,
                "settings": step.values.to_json(),
            })
        };
        Json::Array(self.steps.iter().map(step).collect())
    }

    /// The workflow with the settings of one order laid over: each key is the label of a component, its value an
    /// object of settings. Labels and keys that do not exist are ignored; of equal labels all are meant.
    ///
    /// # Errors
    /// [`WorkflowError`] names the component and the field that cannot be run.
    pub fn with_settings(&self, settings: &Map<String, Json>) -> Result<Self, WorkflowError> {
        let mut steps = self.steps.clone();
        for (index, step) in steps.iter_mut().enumerate() {
            match settings.get(&step.label) {
                None | Some(Json::Null) => {}
                Some(Json::Object(own)) => merge(index, step.component, &mut step.values, own)?,
                Some(_) => {
                    return Err(WorkflowError::WrongField { index, field: "settings", must: "an object" });
                }
            }
        }
        Self::checked(steps)
    }
}

fn step(index: usize, json: &Json) -> Result<WorkflowStep, WorkflowError> {
    let fields = json.as_object().ok_or(WorkflowError::NotAComponent { index })?;
    let wrong = |field, must| WorkflowError::WrongField { index, field, must };
    let kind = fields.get("type").and_then(Json::as_str).ok_or(wrong("type", "the type of a component"))?;
    let Some(component) = component(kind) else {
        return Err(WorkflowError::UnknownType { index, kind: kind.to_owned() });
    };
    let label = match fields.get("label") {
        None | Some(Json::Null) => kind.to_owned(),
        Some(Json::String(label)) if label.chars().count() <= MAX_LABEL => label.clone(),
        Some(_) => return Err(wrong("label", "a text of at most 100 characters")),
    };
    let mut values = Values::defaults(component.declaration());
    match fields.get("settings") {
        None | Some(Json::Null) => {}
        Some(Json::Object(settings)) => merge(index, component, &mut values, settings)?,
        Some(_) => return Err(wrong("settings", "an object")),
    }
    Ok(WorkflowStep { component, label, values })
}

fn merge(
    index: usize,
    component: &'static dyn Component,
    values: &mut Values,
    settings: &Map<String, Json>,
) -> Result<(), WorkflowError> {
    let declaration = component.declaration();
    values.merge(declaration, settings).map_err(|(key, must)| WorkflowError::WrongSetting {
        index,
        kind: declaration.kind.to_string(),
        key,
        must,
    })
}

impl std::fmt::Debug for WorkflowStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkflowStep")
            .field("type", &self.component.declaration().kind)
            .field("label", &self.label)
            .field("values", &self.values)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(text: &str) -> String {
        Workflow::from_json(text).expect_err("must be refused").to_string()
    }

    #[test]
    fn reads_labels_and_settings_and_ignores_what_nobody_declares() {
        let text = r#"[{"type":"input","x":1},{"type":"resize","label":"small","settings":{"width":9e9,"y":[]}},
            {"type":"export"}]"#;
        let workflow = Workflow::from_json(text).expect("a workflow");
        assert_eq!(workflow.steps()[1].label, "small");
        assert_eq!(workflow.steps()[1].values.whole("width"), 10_000);
        let Json::Object(order) = json!({"small": {"width": 40}, "nobody": {"width": 1}}) else { panic!() };
        let merged = workflow.with_settings(&order).expect("merges");
        assert_eq!(merged.steps()[1].values.whole("width"), 40);
    }

    #[test]
    fn names_the_component_and_the_field_at_fault() {
        assert!(message("7").contains("array"));
        assert!(message("[").contains("not valid JSON"));
        assert_eq!(message("[]"), WorkflowError::InputNotFirst.to_string());
        assert_eq!(message(r#"[{"type":"input"}]"#), WorkflowError::ExportNotLast.to_string());
        assert!(message(r#"[{"type":"input"},{"type":"inputs"}]"#).starts_with("components[1].type"));
        let wrong = r#"[{"type":"input"},{"type":"export","settings":{"quality":"best"}}]"#;
        assert_eq!(message(wrong), "components[1] (export): settings.quality must be a whole number");
        let layers = r#"[{"type":"input"},{"type":"crop"},{"type":"export","settings":{"layers":true}}]"#;
        assert!(message(layers).contains("\"crop\""));
    }

    /// A wild JSON value for any kind of setting.
    fn wild() -> impl Strategy<Value = Json> {
        prop_oneof![
            any::<f64>().prop_map(|v| json!(v)),
            (-5i32..5000).prop_map(|v| json!(v)),
            any::<bool>().prop_map(|v| json!(v)),
            "#[0-9a-f]{6}".prop_map(|v| json!(v)),
            "[a-z{}]{0,12}".prop_map(|v| json!(v)),
        ]
    }

    proptest! {
        #[test]
        fn any_text_is_a_workflow_or_an_error(text in ".{0,200}") {
            let _ = Workflow::from_json(&text);
        }

        #[test]
        fn what_was_read_is_written_and_read_as_the_same(
            picks in proptest::collection::vec((0usize..64, proptest::collection::vec(wild(), 24)), 0..6),
        ) {
            let mut list = vec![json!({"type": "input"})];
            for (pick, values) in picks {
                let declaration = components()[pick % components().len()].declaration();
                let settings: Map<String, Json> = declaration.settings.iter().zip(values)
                    .filter(|(setting, value)| setting.kind.read(value).is_ok())
                    .map(|(setting, value)| (setting.key.to_owned(), value)).collect();
                if !matches!(declaration.kind.as_ref(), "input" | "export") {
                    list.push(json!({"type": declaration.kind, "settings": settings}));
                }
            }
            list.push(json!({"type": "export"}));
            let once = Workflow::from_value(&Json::Array(list)).expect("reads");
            let twice = Workflow::from_json(&once.to_json().to_string()).expect("reads its own writing");
            prop_assert_eq!(once.to_json(), twice.to_json());
            for (a, b) in once.steps().iter().zip(twice.steps()) {
                prop_assert_eq!(&a.values, &b.values);
            }
        }
    }
}
