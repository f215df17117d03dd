//! Any text as a payload: a recipe whose tasks keep to their plugins' ranges, or an error of one line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retouch::{Key, Recipe};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let recipe = match Recipe::from_json(text) {
        Ok(recipe) => recipe,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert!(recipe.tasks.len() <= 32);
    for task in recipe.tasks.iter().chain(&recipe.clone().layered().tasks) {
        let values = [(Key::Alpha1, task.settings.alpha1), (Key::Alpha2, task.settings.alpha2)];
        for (key, value) in values {
            let range = task.plugin.spec().param(key).map_or((0.0, 0.0), |param| (param.min, param.max));
            assert!((range.0..=range.1).contains(&value), "{} {key:?} {value}", task.plugin.spec().name);
        }
    }
});
