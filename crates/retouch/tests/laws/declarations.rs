//! Declarations: names, ranges and kinds are those of the wire format.

use std::collections::HashSet;

use retouch::Blend::{Mask, Metadata, Normal, SoftLight};
use retouch::plugins::find;
use retouch::{Blend, Key, Settings, Task, plugins};

/// Name, end of the first slider, end of the second, kind of layer (specification section 5).
const WIRE: &[(&str, Option<f32>, Option<f32>, Blend)] = &[
    ("Face Detection", None, None, Metadata),
    ("Skin Mask", Some(2.0), None, Mask),
    ("Clean Backdrop", Some(1.0), None, Normal),
    ("Heal", Some(1.0), None, Normal),
    ("Fabric", Some(2.0), None, Normal),
    ("Eye Vessels", Some(1.0), None, Normal),
    ("Eye Brilliance", Some(2.0), None, Normal),
    ("White Teeth", Some(1.0), Some(1.0), Normal),
    ("Mattifier", Some(1.0), None, Normal),
    ("Dodge Burn", Some(2.0), Some(1.0), SoftLight),
    ("Skin Tone", Some(2.0), Some(2.0), SoftLight),
    ("Portrait Volumes", Some(2.0), None, SoftLight),
];

#[test]
fn names_ranges_and_kinds_are_those_of_the_wire() {
    for plugin in plugins() {
        let spec = plugin.spec();
        let row = WIRE.iter().find(|row| row.0 == spec.name);
        let row = row.unwrap_or_else(|| panic!("{} is not a name on the wire", spec.name));
        let end = |key| spec.param(key).map(|param| param.max);
        assert_eq!((end(Key::Alpha1), end(Key::Alpha2), spec.blend), (row.1, row.2, row.3), "{}", spec.name);
    }
}

#[test]
fn plugins_stand_in_the_recommended_order_and_each_once() {
    let names: Vec<_> = plugins().iter().map(|plugin| plugin.spec().name).collect();
    let wire: Vec<_> = WIRE.iter().map(|row| row.0).filter(|name| names.contains(name)).collect();
    assert_eq!(names, wire);
    for (plugin, name) in plugins().iter().zip(names) {
        assert!(find(name).is_some_and(|found| std::ptr::eq(found.spec(), plugin.spec())), "{name}");
    }
}

#[test]
fn defaults_lie_in_their_ranges_and_are_what_the_wire_says() {
    for plugin in plugins() {
        let spec = plugin.spec();
        let keys: HashSet<Key> = spec.params.iter().map(|param| param.key).collect();
        assert_eq!(keys.len(), spec.params.len(), "{}: a knob is declared twice", spec.name);
        for param in spec.params {
            assert!(param.min < param.max, "{} {}", spec.name, param.label);
            assert!((param.min..=param.max).contains(&param.default), "{} {}", spec.name, param.label);
            let expected = if param.key == Key::Alpha1 { 1.0 } else { 0.0 };
            assert_eq!(param.default, expected, "{} {}", spec.name, param.label);
            assert!(!param.label.is_empty() && !param.meaning.is_empty(), "{}", spec.name);
        }
        assert!(spec.about.ends_with('.') && spec.never.ends_with('.'), "{}: whole sentences", spec.name);
        assert_eq!(spec.blend == Metadata, spec.param(Key::Alpha1).is_none(), "{}", spec.name);
    }
}

#[test]
fn knobs_stop_at_the_ends_of_their_ranges_and_missing_ones_do_nothing() {
    for &plugin in plugins() {
        let defaults = Settings::defaults(plugin.spec());
        for key in [Key::Scale, Key::Alpha1, Key::Alpha2, Key::Automask] {
            assert_eq!(Task::new(plugin).with(key, f32::NAN).settings, defaults, "{}", plugin.spec().name);
            for number in [-7.0, 1e9, f32::INFINITY, f32::NEG_INFINITY] {
                let settings = Task::new(plugin).with(key, number).settings;
                match plugin.spec().param(key) {
                    None => assert_eq!(settings, defaults, "{}", plugin.spec().name),
                    Some(param) => {
                        let end = if number < 0.0 { param.min } else { param.max };
                        let exact = Task::new(plugin).with(key, end).settings;
                        assert_eq!(settings, exact, "{} {}", plugin.spec().name, param.label);
                    }
                }
            }
        }
    }
}
