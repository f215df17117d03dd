//! The order: which plugins at which strength, from a preset, a payload and single settings.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use retouch::plugin::{Key, Plugin};
use retouch::plugins;
use retouch::recipe::{Preset, Recipe, RecipeError, Remark, Task};

use crate::delivery::advice;
use crate::standard::{self, is_standard};

/// What editors of some systems put before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why a payload cannot be used. All are mistakes on the command line.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The payload file cannot be read.
    #[error("cannot read the payload {path}: {}", advice(.source))]
    Unreadable {
        /// As given.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// The payload holds bytes that are no text, as a picture does.
    #[error("the payload {path} is no text; give a JSON file with the task list")]
    NotText {
        /// As given.
        path: PathBuf,
    },
    /// The payload is not what it should be.
    #[error("the payload {path} cannot be used: {source}")]
    Payload {
        /// As given.
        path: PathBuf,
        /// What is wrong with it.
        source: RecipeError,
    },
}

/// One `--set NAME[=ALPHA1[,ALPHA2][,scale=N][,automask]]`, checked against the plugin's declaration.
#[derive(Clone)]
pub struct Adjustment {
    plugin: &'static dyn Plugin,
    knobs: Vec<(Key, f32)>,
}

impl std::fmt::Debug for Adjustment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={:?}", self.plugin.spec().name, self.knobs)
    }
}

impl FromStr for Adjustment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, values) = text.split_once('=').map_or((text, None), |(name, values)| (name, Some(values)));
        let plugin = find(name.trim())?;
        let mut knobs = Vec::new();
        let Some(values) = values else { return Ok(Self { plugin, knobs }) };
        for (position, value) in values.split(',').map(str::trim).enumerate() {
            let (key, value) = match (value.strip_prefix("scale="), position) {
                (Some(scale), _) => (Key::Scale, scale),
                (None, _) if value.eq_ignore_ascii_case("automask") => (Key::Automask, "1"),
                (None, 0) => (Key::Alpha1, value),
                (None, 1) => (Key::Alpha2, value),
                (None, _) => return Err(format!("{value:?} is one value too many")),
            };
            knobs.push((key, number(plugin, key, value)?));
        }
        Ok(Self { plugin, knobs })
    }
}

impl Adjustment {
    fn apply(&self, task: &mut Task) {
        self.knobs.iter().for_each(|&(key, value)| task.set(key, value));
    }
}

/// A task list as the wire API has it.
#[derive(Debug)]
pub struct Payload {
    /// What it asks for.
    pub recipe: Recipe,
    /// What it asks for in vain.
    pub remarks: Vec<Remark>,
}

impl Payload {
    /// Reads the file at `path`, or standard input for `-`.
    ///
    /// # Errors
    /// When it cannot be read or is not valid.
    pub fn read(path: &Path) -> Result<Self, OrderError> {
        let bytes = if is_standard(path) {
            let mut bytes = Vec::new();
            standard::input().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            fs::read(path)
        };
        let bytes = bytes.map_err(|source| OrderError::Unreadable { path: path.to_owned(), source })?;
        let text = String::from_utf8(bytes).map_err(|_| OrderError::NotText { path: path.to_owned() })?;
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
        let (recipe, remarks) = Recipe::from_json_with_remarks(text)
            .map_err(|source| OrderError::Payload { path: path.to_owned(), source })?;
        Ok(Self { recipe, remarks })
    }
}

/// Puts a recipe together: that of the payload, else the preset, else `adjustments` alone, else the balanced preset;
/// then the adjustments, each on its plugin's tasks, or as a new task at its recommended place.
pub fn recipe(payload: Option<Recipe>, preset: Option<Preset>, adjustments: &[Adjustment]) -> Recipe {
    let mut recipe = match (payload, preset) {
        (Some(recipe), _) => recipe,
        (None, Some(preset)) => Recipe::preset(preset),
        (None, None) if adjustments.is_empty() => Recipe::preset(Preset::Balanced),
        (None, None) => Recipe { tasks: Vec::new(), ..Recipe::preset(Preset::Balanced) },
    };
    for adjustment in adjustments {
        adjust(&mut recipe.tasks, adjustment);
    }
    recipe
}

fn adjust(tasks: &mut Vec<Task>, adjustment: &Adjustment) {
    let name = adjustment.plugin.spec().name;
    let mut is_new = true;
    for task in tasks.iter_mut().filter(|task| task.plugin.spec().name == name) {
        adjustment.apply(task);
        is_new = false;
    }
    if !is_new {
        return;
    }
    let mut task = Task::new(adjustment.plugin);
    adjustment.apply(&mut task);
    let place = rank(name);
    let index = tasks.iter().position(|task| rank(task.plugin.spec().name) > place).unwrap_or(tasks.len());
    tasks.insert(index, task);
}

/// Place in the recommended order.
fn rank(name: &str) -> usize {
    plugins().iter().position(|plugin| plugin.spec().name == name).unwrap_or(usize::MAX)
}

fn find(name: &str) -> Result<&'static dyn Plugin, String> {
    let plain =
        |name: &str| name.replace('&', " ").split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let names = || plugins().iter().map(|plugin| plugin.spec().name).collect::<Vec<_>>().join(", ");
    plugins()
        .iter()
        .copied()
        .find(|plugin| plain(plugin.spec().name) == plain(name))
        .ok_or_else(|| format!("there is no plugin {name:?}; choose one of: {}", names()))
}

fn number(plugin: &dyn Plugin, key: Key, text: &str) -> Result<f32, String> {
    let spec = plugin.spec();
    let Some(param) = spec.param(key) else {
        return Err(format!("{} has no {}; leave the value out", spec.name, key.name()));
    };
    let (min, max) = (param.min, param.max);
    text.parse::<f32>().ok().filter(|value| (min..=max).contains(value)).ok_or_else(|| {
        format!("{} of {} must be a number from {min} to {max}, not {text:?}", param.label, spec.name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(recipe: &Recipe) -> Vec<&'static str> {
        recipe.tasks.iter().map(|task| task.plugin.spec().name).collect()
    }

    fn set(text: &str) -> Adjustment {
        text.parse().expect("a valid adjustment")
    }

    #[test]
    fn balanced_is_the_default_and_settings_alone_stand_alone() {
        assert_eq!(names(&recipe(None, None, &[])), names(&Recipe::preset(Preset::Balanced)));
        let alone = recipe(None, None, &[set("Skin Tone=0.5"), set("mattifier=0.2")]);
        assert_eq!(names(&alone), ["Mattifier", "Skin Tone"]);
    }

    #[test]
    fn overrides_a_preset_and_adds_at_the_recommended_place() {
        let made = recipe(None, Some(Preset::Balanced), &[set("Dodge & Burn=0.3"), set("Mattifier=0.4")]);
        let names = names(&made);
        let place = |name| names.iter().position(|found| *found == name).expect("there");
        assert_eq!(place("Mattifier") + 1, place("Dodge Burn"));
        let dodge_burn = made.tasks[place("Dodge Burn")].settings;
        assert_eq!((dodge_burn.alpha1, dodge_burn.alpha2), (0.3, 0.2), "only what was said changes");
    }

    #[test]
    fn a_name_alone_means_the_declared_defaults() {
        let made = recipe(None, None, &[set("Face Detection"), set("Mattifier")]);
        assert_eq!(names(&made), ["Face Detection", "Mattifier"]);
        assert_eq!(made.tasks[1].settings.alpha1, 1.0);
    }

    #[test]
    fn says_what_is_wrong_with_a_setting() {
        let error = |text: &str| text.parse::<Adjustment>().expect_err("refused");
        assert!(error("Matifier=1").contains("choose one of: "), "{}", error("Matifier=1"));
        assert!(error("Mattifier=2").contains("from 0 to 1"));
        assert!(error("Mattifier=NaN").contains("from 0 to 1"));
        assert!(error("Mattifier=1,1").contains("has no Alpha2"));
        assert!(error("Mattifier=1,automask").contains("has no Automask"));
    }
}
