//! The three presets, as data (specification section 5, "Presets of the seed").

use super::{Recipe, Task};
use crate::plugin::Key;
use crate::plugins;

/// A named strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Hardly visible.
    Slight,
    /// What a portrait is usually delivered with.
    Balanced,
    /// Beauty work.
    Heavy,
}

/// Plugin, Scale, Alpha1, Alpha2.
type Row = (&'static str, f32, f32, f32);

const SLIGHT: &[Row] = &[
    ("Heal", 0.0, 0.8, 0.0),
    ("Eye Vessels", 0.0, 0.35, 0.0),
    ("White Teeth", 0.0, 0.1, 0.08),
    ("Dodge Burn", 2.0, 0.35, 0.08),
    ("Skin Tone", 0.0, 0.35, 0.35),
    ("Portrait Volumes", 0.0, 0.18, 0.0),
];

const BALANCED: &[Row] = &[
    ("Heal", 0.0, 1.0, 0.0),
    ("Fabric", 0.0, 0.39, 0.0),
    ("Eye Vessels", 0.0, 1.0, 0.0),
    ("Eye Brilliance", 0.0, 0.5, 0.0),
    ("White Teeth", 0.0, 0.25, 0.25),
    ("Dodge Burn", 2.0, 1.0, 0.2),
    ("Skin Tone", 0.0, 1.0, 1.0),
    ("Portrait Volumes", 0.0, 0.5, 0.0),
];

const HEAVY: &[Row] = &[
    ("Heal", 0.0, 0.9, 0.0),
    ("Fabric", 0.0, 0.75, 0.0),
    ("Eye Vessels", 0.0, 0.9, 0.0),
    ("Eye Brilliance", 0.0, 0.85, 0.0),
    ("White Teeth", 0.0, 0.65, 0.55),
    ("Dodge Burn", 2.0, 1.35, 0.35),
    ("Skin Tone", 0.0, 1.15, 1.15),
    ("Portrait Volumes", 0.0, 0.9, 0.0),
];

impl Preset {
    /// All presets, weakest first.
    pub const ALL: [Preset; 3] = [Preset::Slight, Preset::Balanced, Preset::Heavy];

    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slight => "slight",
            Self::Balanced => "balanced",
            Self::Heavy => "heavy",
        }
    }

    pub(super) fn recipe(self) -> Recipe {
        let rows = match self {
            Self::Slight => SLIGHT,
            Self::Balanced => BALANCED,
            Self::Heavy => HEAVY,
        };
        let tasks = rows.iter().filter_map(|&(name, scale, alpha1, alpha2)| {
            let task = Task::new(plugins::find(name)?);
            Some(task.with(Key::Scale, scale).with(Key::Alpha1, alpha1).with(Key::Alpha2, alpha2))
        });
        Recipe { tasks: tasks.collect(), ..Recipe::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_names_a_plugin_and_keeps_its_values() {
        for (preset, rows) in Preset::ALL.into_iter().zip([SLIGHT, BALANCED, HEAVY]) {
            let recipe = Recipe::preset(preset);
            assert_eq!(recipe.tasks.len(), rows.len(), "{}", preset.name());
            for (task, row) in recipe.tasks.iter().zip(rows) {
                assert_eq!(task.plugin.spec().name, row.0);
                assert_eq!(task.settings.alpha1, row.2);
                assert_eq!(task.settings.alpha2, row.3);
            }
        }
    }
}
