//! Every retouching plugin as a component of its own name, its knobs as settings.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::Component;
use super::declaration::{Declaration, Kind, Setting, Values};
use crate::plugin::{Key, Param, Plugin};
use crate::plugins::plugins;
use crate::recipe::Task;

/// A plugin as a component.
pub(super) struct PluginComponent {
    plugin: &'static dyn Plugin,
    declaration: Declaration,
}

/// One component a plugin, in the plugins' order.
pub(super) fn plugin_components() -> &'static [PluginComponent] {
    static ALL: OnceLock<Vec<PluginComponent>> = OnceLock::new();
    ALL.get_or_init(|| plugins().iter().copied().map(PluginComponent::new).collect())
}

impl PluginComponent {
    fn new(plugin: &'static dyn Plugin) -> Self {
        let spec = plugin.spec();
        let declaration = Declaration {
            kind: Cow::Owned(kebab(spec.name)),
            label: spec.name,
            about: spec.about,
            never: spec.never,
            settings: spec.params.iter().map(setting).collect(),
        };
        Self { plugin, declaration }
    }
}

impl Component for PluginComponent {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn retouching(&self, values: &Values) -> Option<Vec<Task>> {
        let mut task = Task::new(self.plugin);
        for param in self.plugin.spec().params {
            let value = match param.key {
                Key::Automask => f64::from(u8::from(values.is_on(key(param.key)))),
                _ => values.number(key(param.key)),
            };
            task.set(param.key, value as f32);
        }
        Some(vec![task])
    }
}

fn setting(param: &Param) -> Setting {
    let kind = match param.key {
        Key::Automask => Kind::Switch { default: param.default > 0.5 },
        Key::Scale => {
            Kind::Whole { min: param.min as u32, max: param.max as u32, default: param.default as u32 }
        }
        Key::Alpha1 | Key::Alpha2 => {
            let [min, max, default] = [param.min, param.max, param.default].map(f64::from);
            Kind::Number { min, max, default }
        }
    };
    Setting { key: key(param.key), label: param.label, meaning: param.meaning, kind }
}

/// The knob's key among component settings.
fn key(key: Key) -> &'static str {
    match key {
        Key::Scale => "scale",
        Key::Alpha1 => "alpha1",
        Key::Alpha2 => "alpha2",
        Key::Automask => "automask",
    }
}

/// `Dodge Burn` as `dodge-burn`.
fn kebab(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}
