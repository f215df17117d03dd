//! What is in the ZIP and what a flat result is written as (specification section 5), with plugins made for the test.

use moxcms::ColorProfile;
use pixel::codec::{self, EncodeOptions, Format};
use pixel::picture::{Metadata, Picture};
use pixel::{Orientation, Plane, Rect, Size};
use retouch::layer::{Effect, Field, Grid, Layer, Matte, Patch};
use retouch::scene::Scene;
use retouch::{
    Blend, Options, OutcomeKind, OutputChoice, Param, Plugin, Recipe, Settings, Spec, Task, Unwatched,
};

use crate::layered::{Png, file, result_json, unpacked};
use crate::subject::{ENGINE, decode, plain, upload};

const SIZE: Size = Size::new(40, 30);

/// Paints one pixel row red, makes the picture lighter, or selects its left half.
struct Made(Spec);

static STRENGTH: &[Param] = &[Param::alpha1("Strength", "how much", 1.0)];

const fn made(name: &'static str, blend: Blend) -> Made {
    Made(Spec { name, about: "For tests.", never: "For work.", blend, needs: &[], params: STRENGTH })
}

static ROW: Made = made("Red Row", Blend::Normal);
static LIGHTER: Made = made("Lighter", Blend::SoftLight);
static HALF: Made = made("Left Half", Blend::Mask);

impl Plugin for Made {
    fn spec(&self) -> &'static Spec {
        [&ROW, &LIGHTER, &HALF]
            .map(|made| &made.0)
            .into_iter()
            .find(|spec| spec.name == self.0.name)
            .unwrap_or(&ROW.0)
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        let size = scene.size();
        let grid = Grid { x: 0, y: 0, step: 1, rect: size.rect() };
        match self.0.blend {
            Blend::Normal => {
                let rect = Rect { x: 0, y: 3, width: size.width, height: 1 };
                let plane = |v: f32| Plane::filled(rect.size(), v);
                let touched = vec![true; rect.size().area()];
                layer.patches.push(Patch { rect, rgb: [plane(1.0), plane(0.0), plane(0.0)], touched });
            }
            Blend::SoftLight => {
                let push = || Plane::filled(size, 0.5 * settings.alpha1);
                let effect = Effect::SoftLight([push(), push(), push()]);
                layer.fields.push(Field { grid, effect, matte: None });
            }
            Blend::Mask => {
                let plane = Plane::from_fn(size, |x, _| if x < size.width / 2 { 1.0 } else { 0.0 });
                layer.mattes.push(Matte { grid, plane, guide: None });
            }
            Blend::Metadata => {}
        }
    }
}

fn picture() -> Picture {
    plain(SIZE, (0..3 * SIZE.area()).map(|i| (50 + i % 120) as u8).collect())
}

fn recipe(tasks: &[(&'static Made, bool)], output: OutputChoice) -> Recipe {
    let tasks = tasks.iter().map(|&(plugin, as_layer)| Task { as_layer, ..Task::new(plugin) });
    Recipe { tasks: tasks.collect(), output }
}

fn answer(file: &[u8], recipe: &Recipe) -> (Vec<u8>, OutcomeKind) {
    let outcome = ENGINE.retouch(file, recipe, &Options::default(), &Unwatched).expect("retouches");
    (outcome.bytes, outcome.kind)
}

fn names(files: &[(String, Vec<u8>)]) -> Vec<&str> {
    files.iter().map(|(name, _)| name.as_str()).collect()
}

fn jpeg(picture: &Picture) -> Vec<u8> {
    codec::encode(picture, Format::Jpeg, &EncodeOptions::default()).expect("encodes")
}

#[test]
fn a_zip_names_its_layers_by_plugin_count_and_kind() {
    let tasks = [(&HALF, true), (&ROW, true), (&LIGHTER, true), (&ROW, true), (&LIGHTER, true)];
    let (zip, kind) = answer(&upload(&picture()), &recipe(&tasks, OutputChoice::AsUploaded));
    assert_eq!(kind, OutcomeKind::LayersZip);
    let files = unpacked(&zip);
    let expected = [
        "Left Half_mask.png",
        "Red Row.png",
        "Lighter_softlight.png",
        "Red Row (2).png",
        "Lighter (2)_softlight.png",
        "result.json",
    ];
    assert_eq!(names(&files), expected);
    let json = result_json(&files);
    assert_eq!(json["jsonVersion"], "1");
    assert_eq!(json["image"], serde_json::json!({ "width": 40, "height": 30, "orientation": 1 }));
    let entries = json["plugins"].as_array().expect("one entry a task");
    let kinds = ["mask", "normal", "softlight", "normal", "softlight"];
    assert_eq!(entries.len(), kinds.len());
    for ((entry, kind), (name, (plugin, _))) in entries.iter().zip(kinds).zip(expected.iter().zip(tasks)) {
        assert_eq!(entry["pluginName"], plugin.0.name);
        assert_eq!((&entry["file"], &entry["blendMode"]), (&(*name).into(), &kind.into()));
        assert_eq!((&entry["opacity"], &entry["metadata"]), (&1.into(), &serde_json::json!({})));
    }
}

#[test]
fn layers_have_the_size_of_the_upload_and_masks_are_grey() {
    let tasks = [(&HALF, true), (&ROW, true), (&LIGHTER, true)];
    let files = unpacked(&answer(&upload(&picture()), &recipe(&tasks, OutputChoice::AsUploaded)).0);
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".png")) {
        let layer = Png::read(bytes);
        assert_eq!((layer.size, layer.bits), ((40, 30), 8), "{name}");
        let colour = if name.contains("_mask") { png::ColorType::Grayscale } else { png::ColorType::Rgba };
        assert_eq!((layer.colour, layer.profile), (colour, None), "{name}");
    }
    let row = Png::read(file(&files, "Red Row.png"));
    for (i, pixel) in row.samples.chunks_exact(4).enumerate() {
        assert_eq!(pixel, if i / 40 == 3 { [1.0, 0.0, 0.0, 1.0] } else { [0.0; 4] });
    }
    let half = Png::read(file(&files, "Left Half_mask.png"));
    assert!(half.samples.iter().enumerate().all(|(i, &v)| v == if i % 40 < 20 { 1.0 } else { 0.0 }));
}

#[test]
fn layers_have_the_profile_of_the_upload_where_png_allows_it() {
    let tasks = [(&HALF, true), (&ROW, true), (&LIGHTER, true)];
    let grey = Picture { grey: true, ..plain(SIZE, vec![90; 3 * SIZE.area()]) };
    for (picture, profile) in
        [(picture(), ColorProfile::new_display_p3()), (grey, ColorProfile::new_gray_with_gamma(1.8))]
    {
        let icc = profile.encode().expect("a profile");
        let own = if picture.grey { png::ColorType::Grayscale } else { png::ColorType::Rgba };
        let metadata = Metadata { icc: Some(icc.clone()), ..Metadata::default() };
        let zip =
            answer(&upload(&Picture { metadata, ..picture }), &recipe(&tasks, OutputChoice::AsUploaded)).0;
        for (name, bytes) in unpacked(&zip).iter().filter(|(name, _)| name.ends_with(".png")) {
            let layer = Png::read(bytes);
            let kind = layer.profile.as_ref().map(|icc| icc[16..20].to_vec());
            match layer.colour {
                colour if colour == own => assert!(layer.profile == Some(icc.clone()), "{name}: {kind:?}"),
                png::ColorType::Rgba => assert_eq!(kind, Some(b"RGB ".to_vec()), "{name}"),
                _ => assert_eq!(kind, None, "{name}: an RGB profile has no place in a grey file"),
            }
        }
    }
}

#[test]
fn layers_lie_as_the_upload_is_stored_and_say_its_orientation() {
    let tasks = [(&HALF, true), (&ROW, true), (&LIGHTER, false)];
    for orientation in Orientation::ALL {
        let upload = upload(&Picture { orientation, ..picture() });
        let files = unpacked(&answer(&upload, &recipe(&tasks, OutputChoice::AsUploaded)).0);
        let pngs: Vec<_> = files.iter().filter(|(name, _)| name.ends_with(".png")).collect();
        assert_eq!(pngs.len(), 3);
        for (name, bytes) in pngs {
            let layer = decode(bytes);
            assert_eq!((layer.size, layer.orientation), (SIZE, orientation), "{name}");
        }
    }
}

#[test]
fn mixed_payloads_bring_the_base_their_layers_lie_on() {
    let tasks = [(&LIGHTER, false), (&ROW, true)];
    let files = unpacked(&answer(&jpeg(&picture()), &recipe(&tasks, OutputChoice::AsUploaded)).0);
    assert_eq!(names(&files), ["Red Row.png", "result.jpg", "result.json"]);
    let upload = upload(&picture());
    let files = unpacked(&answer(&upload, &recipe(&tasks, OutputChoice::AsUploaded)).0);
    assert_eq!(names(&files), ["Red Row.png", "result.png", "result.json"]);
    let flat = answer(&upload, &recipe(&tasks[..1], OutputChoice::AsUploaded)).0;
    assert!(decode(file(&files, "result.png")).rgb == decode(&flat).rgb, "the flat tasks alone");
    let entries = result_json(&files);
    assert_eq!(entries["plugins"][0]["file"], serde_json::Value::Null);
    assert_eq!(entries["plugins"][1]["file"], "Red Row.png");
}

#[test]
fn a_zip_without_layers_holds_the_result() {
    let tasks = [(&LIGHTER, false), (&ROW, false)];
    let (zip, kind) = answer(&jpeg(&picture()), &recipe(&tasks, OutputChoice::Zip));
    assert_eq!(kind, OutcomeKind::LayersZip);
    let files = unpacked(&zip);
    assert_eq!(names(&files), ["result.jpg", "result.json"]);
    let flat = answer(&jpeg(&picture()), &recipe(&tasks, OutputChoice::AsUploaded)).0;
    assert!(file(&files, "result.jpg") == flat);
}

#[test]
fn flat_results_come_in_the_format_asked_for() {
    let wanted = [
        (OutputChoice::AsUploaded, Format::Png),
        (OutputChoice::Jpeg, Format::Jpeg),
        (OutputChoice::Png, Format::Png),
        (OutputChoice::Tiff, Format::Tiff),
        (OutputChoice::WebP, Format::WebP),
    ];
    for (choice, format) in wanted {
        let (bytes, kind) = answer(&upload(&picture()), &recipe(&[(&ROW, false)], choice));
        assert_eq!((kind, codec::sniff(&bytes)), (OutcomeKind::Image(format), Some(format)));
        assert_eq!(decode(&bytes).size, SIZE);
    }
}

#[test]
fn metadata_that_the_result_cannot_hold_is_noted() {
    let mut upload = picture();
    upload.metadata.xmp = Some(vec![b' '; 70_000]);
    let upload = codec::encode(&upload, Format::Tiff, &EncodeOptions::default()).expect("encodes");
    let notes = |choice| {
        let recipe = recipe(&[(&ROW, false)], choice);
        ENGINE.retouch(&upload, &recipe, &Options::default(), &Unwatched).expect("retouches").report.notes
    };
    assert_eq!(notes(OutputChoice::Jpeg), [codec::EncodeNote::XmpLeftOut.to_string()]);
    assert_eq!(notes(OutputChoice::Tiff), [""; 0]);
}

/// Little-endian EXIF with a maker and a black thumbnail of 20 x 15.
fn exif_with_thumbnail() -> Vec<u8> {
    let thumbnail = codec::encode_shown(&[0; 900], Size::new(20, 15), 90).expect("encodes");
    let mut block = b"II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x04\0\0\0Own\0".to_vec();
    block.extend(26u32.to_le_bytes());
    block.extend([2, 0, 1, 2, 4, 0, 1, 0, 0, 0, 56, 0, 0, 0]);
    block.extend([2, 2, 4, 0, 1, 0, 0, 0]);
    block.extend((thumbnail.len() as u32).to_le_bytes());
    block.extend([0; 4]);
    block.extend(thumbnail);
    block
}

#[test]
fn the_thumbnail_shows_the_result_and_stays_where_nothing_changed() {
    let upload = exif_with_thumbnail();
    let file = jpeg(&Picture {
        metadata: Metadata { exif: Some(upload.clone()), ..Metadata::default() },
        ..picture()
    });
    let exif = |task| {
        let result = answer(&file, &recipe(&[(task, false)], OutputChoice::AsUploaded)).0;
        decode(&result).metadata.exif.expect("a block")
    };
    assert_eq!(exif(&HALF), upload, "a selection changes no pixel");
    let mut changed = exif(&LIGHTER);
    assert_eq!(changed[..26], upload[..26]);
    let mut block = codec::ExifBlock::open(&mut changed).expect("a block");
    assert_eq!(block.first(), 8);
    let thumbnail = decode(block.thumbnail().expect("a thumbnail"));
    assert_eq!(thumbnail.size, Size::new(20, 15));
    assert!((0..thumbnail.rgb.len()).all(|index| thumbnail.rgb.unit(index) > 0.1), "no longer black");
    block.drop_thumbnail();
    assert!(block.thumbnail().is_none());
}
