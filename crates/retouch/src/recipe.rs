//! A recipe: the ordered list of plugin settings that every dialect and command translates into.

mod json;
mod preset;
mod remark;
mod stored;

pub use json::RecipeError;
pub use preset::Preset;
pub use remark::Remark;

use serde::Serialize;

use crate::plugin::{Blend, Key, Plugin, Scale, Settings};

/// Plugins in the order in which they run, with their settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recipe {
    /// The work, first to last.
    pub tasks: Vec<Task>,
    /// What the result is written as.
    pub output: OutputChoice,
}

/// One plugin with its settings.
#[derive(Clone)]
pub struct Task {
    /// What runs.
    pub plugin: &'static dyn Plugin,
    /// How it runs; within the plugin's ranges.
    pub settings: Settings,
    /// True when its layer is wanted as a file of its own instead of laid into the result.
    pub as_layer: bool,
}

/// What the result is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum OutputChoice {
    /// The format of the upload; a ZIP when some task wants its layer.
    #[default]
    AsUploaded,
    /// A flat JPEG.
    Jpeg,
    /// A flat PNG.
    Png,
    /// A flat TIFF.
    Tiff,
    /// A flat WebP.
    WebP,
    /// A ZIP, with or without layers.
    Zip,
    /// A Photoshop document with a layer a task, whatever the tasks say. No wire dialect has it.
    Psd,
}

impl Task {
    /// A task with the plugin's declared defaults.
    pub fn new(plugin: &'static dyn Plugin) -> Self {
        Self { plugin, settings: Settings::defaults(plugin.spec()), as_layer: false }
    }

    /// Sets a knob to a wire number, limited to the declared range; what is no number and knobs the plugin lacks
    /// are ignored.
    pub fn set(&mut self, key: Key, value: f32) {
        let Some(param) = self.plugin.spec().param(key) else { return };
        if value.is_nan() {
            return;
        }
        let value = value.clamp(param.min, param.max);
        match key {
            Key::Scale => self.settings.scale = Scale::from_number(value),
            Key::Alpha1 => self.settings.alpha1 = value,
            Key::Alpha2 => self.settings.alpha2 = value,
            Key::Automask => self.settings.automask = value > 0.5,
        }
    }

    /// [`Task::set`] for building a task in one expression.
    #[must_use]
    pub fn with(mut self, key: Key, value: f32) -> Self {
        self.set(key, value);
        self
    }
}

/// Plugins are known by their names.
impl PartialEq for Task {
    fn eq(&self, other: &Self) -> bool {
        self.plugin.spec().name == other.plugin.spec().name
            && self.settings == other.settings
            && self.as_layer == other.as_layer
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Task")
            .field("plugin", &self.plugin.spec().name)
            .field("settings", &self.settings)
            .field("as_layer", &self.as_layer)
            .finish()
    }
}

impl Recipe {
    /// The recipe of a preset.
    pub fn preset(preset: Preset) -> Self {
        preset.recipe()
    }

    /// Reads a task list as JSON (specification section 5).
    ///
    /// # Errors
    /// [`RecipeError`] names the task and the field that cannot be run.
    pub fn from_json(text: &str) -> Result<Self, RecipeError> {
        json::parse(text)
    }

    /// [`Recipe::from_json`], with a remark on everything that is not taken as it stands.
    ///
    /// # Errors
    /// Those of [`Recipe::from_json`].
    pub fn from_json_with_remarks(text: &str) -> Result<(Self, Vec<Remark>), RecipeError> {
        let recipe = json::parse(text)?;
        let remarks = remark::remarks(text, &recipe);
        Ok((recipe, remarks))
    }

    /// The recipe in the form in which it is kept; [`Recipe::from_stored`] reads it. Unlike the wire's form it holds
    /// every recipe exactly.
    pub fn to_stored(&self) -> String {
        stored::write(self)
    }

    /// Reads [`Recipe::to_stored`].
    ///
    /// # Errors
    /// [`RecipeError`] when the text is no such form, or names a plugin that is not there any more.
    pub fn from_stored(text: &str) -> Result<Self, RecipeError> {
        stored::read(text)
    }

    /// The same recipe with every layer wanted as a file of its own and the skin mask in front, behind Face
    /// Detection only, which must stand first.
    #[must_use]
    pub fn layered(mut self) -> Self {
        self.tasks.iter_mut().for_each(|task| task.as_layer = true);
        let has_mask = self.tasks.iter().any(|task| task.plugin.spec().name == "Skin Mask");
        if let (false, Some(mask)) = (has_mask, crate::plugins::find("Skin Mask")) {
            let front =
                self.tasks.iter().take_while(|task| task.plugin.spec().blend == Blend::Metadata).count();
            self.tasks.insert(front, Task { as_layer: true, ..Task::new(mask) });
        }
        self
    }

    /// True when the result is a ZIP.
    pub fn wants_zip(&self) -> bool {
        match self.output {
            OutputChoice::Zip => true,
            OutputChoice::Psd => false,
            _ => self.tasks.iter().any(|task| task.as_layer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_skin_mask_heads_a_layered_recipe_but_face_detection_stays_first() {
        let names = |json: &str| {
            let recipe = Recipe::from_json(json).expect("a valid payload").layered();
            assert!(recipe.tasks.iter().all(|task| task.as_layer));
            recipe.tasks.iter().map(|task| task.plugin.spec().name).collect::<Vec<_>>()
        };
        let plain = r#"{"mode":"professional","tasks":[{"Plugin":"Dodge Burn"},{"Plugin":"Skin Tone"}]}"#;
        assert_eq!(names(plain), ["Skin Mask", "Dodge Burn", "Skin Tone"]);
        let told = r#"{"mode":"professional","tasks":[{"Plugin":"Face Detection"},{"Plugin":"Skin Tone"}]}"#;
        assert_eq!(names(told), ["Face Detection", "Skin Mask", "Skin Tone"]);
        let masked = r#"{"mode":"professional","tasks":[{"Plugin":"Skin Tone"},{"Plugin":"Skin Mask"}]}"#;
        assert_eq!(names(masked), ["Skin Tone", "Skin Mask"]);
    }
}
