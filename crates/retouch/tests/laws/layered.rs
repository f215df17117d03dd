//! Layers stack to the flat result: read back with a decoder and blend formulas of the test's own.

use std::io::{Cursor, Read};

use pixel::picture::{Picture, Samples};
use retouch::{Blend, Key, Preset, Recipe, Task, plugins};
use serde_json::Value;

use crate::subject::{DARK, LIGHT, answer, everything, retouched};

/// A PNG as the png crate reads it.
pub struct Png {
    pub size: (u32, u32),
    pub bits: u8,
    pub colour: png::ColorType,
    pub profile: Option<Vec<u8>>,
    /// Samples 0..1.
    pub samples: Vec<f64>,
}

impl Png {
    pub fn read(bytes: &[u8]) -> Self {
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().expect("a PNG");
        let mut raw = vec![0; reader.output_buffer_size().expect("fits")];
        let frame = reader.next_frame(&mut raw).expect("whole");
        let bits = frame.bit_depth as u8;
        let samples = match bits {
            16 => {
                raw.chunks_exact(2).map(|b| f64::from(u16::from_be_bytes([b[0], b[1]])) / 65535.0).collect()
            }
            _ => raw.iter().map(|&b| f64::from(b) / 255.0).collect(),
        };
        let profile = reader.info().icc_profile.as_ref().map(|icc| icc.to_vec());
        Self { size: (frame.width, frame.height), bits, colour: frame.color_type, profile, samples }
    }
}

/// The files of a ZIP in their order.
pub fn unpacked(zip: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).expect("a ZIP");
    let count = archive.len();
    let entry = |i: usize| {
        let mut file = archive.by_index(i).expect("an entry");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("whole");
        (file.name().expect("UTF-8").into_owned(), bytes)
    };
    (0..count).map(entry).collect()
}

pub fn file<'f>(files: &'f [(String, Vec<u8>)], name: &str) -> &'f [u8] {
    let found = files.iter().find(|(own, _)| own == name);
    &found.unwrap_or_else(|| panic!("{name} is not in the ZIP")).1
}

pub fn result_json(files: &[(String, Vec<u8>)]) -> Value {
    serde_json::from_slice(file(files, "result.json")).expect("JSON")
}

/// Photoshop's soft light as the specification writes it.
fn soft_light(b: f64, s: f64) -> f64 {
    if s <= 0.5 {
        2.0 * b * s + b * b * (1.0 - 2.0 * s)
    } else {
        2.0 * b * (1.0 - s) + b.sqrt() * (2.0 * s - 1.0)
    }
}

/// All layers of the ZIP laid over `base` (0..1) in task order, at 100 %.
fn stack(base: &[f64], files: &[(String, Vec<u8>)]) -> Vec<f64> {
    let mut picture = base.to_vec();
    for task in result_json(files)["plugins"].as_array().expect("one entry a task") {
        let Some(name) = task["file"].as_str() else { continue };
        let blend: fn(f64, f64) -> f64 = match task["blendMode"].as_str() {
            Some("normal") => |_, s| s,
            Some("softlight") => soft_light,
            _ => continue,
        };
        let layer = Png::read(file(files, name));
        assert_eq!(layer.colour, png::ColorType::Rgba, "{name}");
        for (pixel, rgba) in picture.chunks_exact_mut(3).zip(layer.samples.chunks_exact(4)) {
            for c in 0..3 {
                pixel[c] += (blend(pixel[c], rgba[c]) - pixel[c]) * rgba[3];
            }
        }
    }
    picture
}

fn units(picture: &Picture) -> Vec<f64> {
    match &picture.rgb {
        Samples::U8(samples) => samples.iter().map(|&v| f64::from(v) / 255.0).collect(),
        Samples::U16(samples) => samples.iter().map(|&v| f64::from(v) / 65535.0).collect(),
    }
}

/// Largest difference of the stacked ZIP to the flat result, in levels of the upload.
fn misfit(upload: &Picture, recipe: &Recipe) -> f64 {
    let files = unpacked(&answer(upload, &recipe.clone().layered()));
    let flat = units(&retouched(upload, recipe));
    let ceiling = f64::from(upload.rgb.ceiling());
    let stacked = stack(&units(upload), &files);
    let levels = stacked.iter().zip(&flat).map(|(s, f)| ((s * ceiling).round() - f * ceiling).abs());
    levels.fold(0.0, f64::max)
}

#[test]
fn the_balanced_layers_stack_to_the_flat_result() {
    for (name, sitter) in [("light", &*LIGHT), ("dark", &*DARK)] {
        let levels = misfit(sitter, &Recipe::preset(Preset::Balanced));
        assert!(levels <= 1.0, "{name}: {levels} levels");
    }
}

#[test]
fn all_plugins_together_stack_to_the_flat_result() {
    let levels = misfit(&DARK, &everything(9.0));
    assert!(levels <= 1.0, "{levels} levels");
}

#[test]
fn the_layer_of_every_plugin_alone_stacks_to_its_flat_result() {
    for &plugin in plugins().iter().filter(|plugin| plugin.spec().blend != Blend::Metadata) {
        let recipe = Recipe { tasks: vec![Task::new(plugin)], ..Recipe::default() };
        let levels = misfit(&LIGHT, &recipe);
        assert!(levels <= 1.0, "{}: {levels} levels", plugin.spec().name);
    }
}

#[test]
fn sixteen_bit_uploads_get_sixteen_bit_layers_that_stack_as_well() {
    let Samples::U8(samples) = &LIGHT.rgb else { panic!("8 bits") };
    // Values between the levels of 8 bits as a raw converter makes them.
    let wide =
        samples.iter().enumerate().map(|(i, &v)| (u16::from(v) * 256).saturating_add((i * 37 % 256) as u16));
    let picture = Picture { rgb: Samples::U16(wide.collect()), ..LIGHT.clone() };
    let recipe = Recipe::preset(Preset::Balanced);
    let files = unpacked(&answer(&picture, &recipe.clone().layered()));
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".png")) {
        let bits = if name.ends_with("_mask.png") { 8 } else { 16 };
        assert_eq!(Png::read(bytes).bits, bits, "{name}");
    }
    let levels = misfit(&picture, &recipe);
    assert!(levels <= 2.0, "{levels} levels of 65535");
}

#[test]
fn layers_are_empty_where_nothing_changes() {
    let files = unpacked(&answer(&LIGHT, &everything(9.0).layered()));
    for task in result_json(&files)["plugins"].as_array().expect("entries") {
        let (Some(name), Some("normal" | "softlight")) = (task["file"].as_str(), task["blendMode"].as_str())
        else {
            continue;
        };
        let layer = Png::read(file(&files, name));
        let absent = layer.samples.chunks_exact(4).filter(|p| p[3] == 0.0).count();
        let clean = layer.samples.chunks_exact(4).filter(|p| p[3] == 0.0).all(|p| p == [0.0; 4]);
        assert!(clean, "{name}: absent pixels hold colours");
        assert!(absent > 0, "{name} covers the whole picture");
    }
}

#[test]
fn a_mask_changes_nothing_and_grows_with_its_sensitivity() {
    let Some(&mask) = plugins().iter().find(|plugin| plugin.spec().blend == Blend::Mask) else { return };
    let alone = Recipe { tasks: vec![Task::new(mask)], ..Recipe::default() };
    assert!(retouched(&LIGHT, &alone).rgb == LIGHT.rgb);
    let selected = |strength: f32| {
        let task = Task { as_layer: true, ..Task::new(mask).with(Key::Alpha1, strength) };
        let files = unpacked(&answer(&LIGHT, &Recipe { tasks: vec![task], ..Recipe::default() }));
        let layer = Png::read(&files[0].1);
        assert_eq!((layer.colour, layer.bits), (png::ColorType::Grayscale, 8));
        layer.samples.iter().sum::<f64>() / layer.samples.len() as f64
    };
    let areas = [0.25, 0.5, 1.0, 1.5, 2.0].map(selected);
    assert!(areas[0] > 0.0 && areas.is_sorted(), "mean selection by sensitivity {areas:?}");
}
