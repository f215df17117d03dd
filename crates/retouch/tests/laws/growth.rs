//! Sliders: 0 is the identity, more is more, and a little is little.

use pixel::picture::Picture;
use retouch::{Blend, Key, Plugin, Settings, plugins};

use crate::subject::{DARK, LIGHT, Sitting, bytes};

/// Positions of a slider as shares of its range up to 1.
const POSITIONS: [f32; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// An effect may seem to shrink by this share of the full effect, for layer values are rounded.
const SLACK: f64 = 0.01;

fn set(settings: Settings, key: Key, value: f32) -> Settings {
    match key {
        Key::Alpha1 => Settings { alpha1: value, ..settings },
        _ => Settings { alpha2: value, ..settings },
    }
}

/// Mean absolute difference in levels.
fn change(a: &Picture, b: &Picture) -> f64 {
    let sum: u64 = bytes(a).iter().zip(bytes(b)).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / bytes(a).len() as f64
}

fn hold(sitting: &Sitting<'_>, upload: &Picture, plugin: &dyn Plugin, key: Key) {
    let (spec, defaults) = (plugin.spec(), Settings::defaults(plugin.spec()));
    let Some(param) = spec.param(key) else { return };
    let drawn = |value: f32| sitting.retouched(plugin, &set(defaults, key, value));
    let off = drawn(0.0);
    if key == Key::Alpha1 {
        assert!(off == *upload, "{}: strength 0 changes pixels", spec.name);
    }
    let mut strengths: Vec<f32> = POSITIONS.to_vec();
    if param.max > 1.0 {
        strengths.push(param.max);
    }
    let effects: Vec<f64> = strengths.iter().map(|&value| change(&off, &drawn(value))).collect();
    let full = effects[effects.len() - 1];
    for pair in effects.windows(2) {
        let grows = pair[1] >= pair[0] - SLACK * full;
        assert!(grows, "{} {}: mean change in levels {effects:?}", spec.name, param.label);
    }
    let little = change(&off, &drawn(0.02));
    assert!(little <= 0.1 * full, "{} {}: {little} at 0.02, {full} at the end", spec.name, param.label);
}

fn hold_all(upload: &Picture) {
    Sitting::of(upload, |sitting| {
        for &plugin in plugins().iter().filter(|plugin| plugin.spec().blend != Blend::Mask) {
            hold(sitting, upload, plugin, Key::Alpha1);
            hold(sitting, upload, plugin, Key::Alpha2);
        }
    });
}

#[test]
fn effects_grow_with_their_sliders_on_light_skin() {
    hold_all(&LIGHT);
}

#[test]
fn effects_grow_with_their_sliders_on_dark_skin() {
    hold_all(&DARK);
}
