//! Laws that every component keeps, and workflows end to end on drawn pictures.

use pixel::codec::{self, EncodeOptions, Format, Limits, encode};
use pixel::picture::{Metadata, Picture, Samples};
use pixel::{Orientation, Size};
use serde_json::{Value as Json, json};

use super::*;
use crate::engine::{Engine, Options, OutcomeKind, Unwatched, Watch};

/// A red block on a white sweep, with some grain.
fn product(size: Size) -> Picture {
    let mut rgb = Vec::with_capacity(3 * size.area());
    for y in 0..size.height {
        for x in 0..size.width {
            let inside = (size.width / 3..2 * size.width / 3).contains(&x)
                && (size.height / 4..3 * size.height / 4).contains(&y);
            let grain = ((x * 7 + y * 13) % 5) as u8;
            rgb.extend(if inside { [170 + grain, 40, 30] } else { [235 + grain, 236 + grain, 238] });
        }
    }
    Picture {
        size,
        rgb: Samples::U8(rgb),
        alpha: None,
        grey: false,
        orientation: Orientation::Upright,
        metadata: Metadata::default(),
    }
}

fn png(picture: &Picture) -> Vec<u8> {
    encode(picture, Format::Png, &EncodeOptions::default()).expect("encodes")
}

/// The workflow with these components between `input` and `export`.
fn workflow(middle: &[Json], export: Json) -> Workflow {
    let mut list = vec![json!({"type": "input"})];
    list.extend_from_slice(middle);
    list.push(json!({"type": "export", "settings": export}));
    Workflow::from_value(&Json::Array(list)).expect("a workflow")
}

fn run(bytes: &[u8], workflow: &Workflow) -> WorkflowOutcome {
    let upload = Upload::new(bytes, "shop/red block.png");
    Engine::new().run_workflow(&upload, workflow, &Options::default(), &Unwatched).expect("runs")
}

fn picture(outcome: &WorkflowOutcome) -> Picture {
    codec::decode(&outcome.bytes, &Limits::default()).expect("a picture").picture
}

const SIZE: Size = Size::new(180, 120);

#[test]
fn declarations_are_whole_and_unlike() {
    let mut seen = std::collections::HashSet::new();
    for component in components() {
        let d = component.declaration();
        assert!(seen.insert(d.kind.clone()), "{} is there twice", d.kind);
        assert!(
            d.kind.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
            "{}",
            d.kind
        );
        assert!(d.about.ends_with('.') && d.never.ends_with('.') && !d.label.is_empty(), "{}", d.kind);
        let mut keys = std::collections::HashSet::new();
        for setting in d.settings.iter() {
            assert!(keys.insert(setting.key), "{} has {} twice", d.kind, setting.key);
            assert!(!setting.label.is_empty() && !setting.meaning.is_empty(), "{}.{}", d.kind, setting.key);
            let default = setting.kind.default_value();
            assert_eq!(setting.kind.read(&default.to_json()), Ok(default), "{}.{}", d.kind, setting.key);
        }
        assert!(std::ptr::eq(super::component(&d.kind).expect("found").declaration(), d));
    }
    for plugin in crate::plugins() {
        let known = components().iter().any(|c| c.declaration().label == plugin.spec().name);
        assert!(known, "{} is no component", plugin.spec().name);
    }
}

#[test]
fn an_export_alone_keeps_the_picture_and_names_it() {
    let upload = png(&product(SIZE));
    let outcome = run(&upload, &workflow(&[], json!({})));
    assert_eq!(outcome.kind, OutcomeKind::Image(Format::Png));
    assert_eq!(picture(&outcome).rgb, product(SIZE).rgb);
    assert_eq!((outcome.report.stem.as_str(), outcome.report.extension), ("red block", "png"));
    assert_eq!((outcome.report.width, outcome.report.height), (180, 120));
    assert_eq!(outcome.report.components.len(), 2);
}

#[test]
fn every_component_works_with_its_defaults_and_on_one_pixel() {
    for size in [SIZE, Size::new(1, 1)] {
        let upload = png(&product(size));
        for component in components() {
            let kind = component.declaration().kind.as_ref();
            if matches!(kind, "input" | "export") {
                continue;
            }
            let outcome = run(&upload, &workflow(&[json!({"type": kind})], json!({})));
            assert!(!outcome.bytes.is_empty(), "{kind}");
            assert_eq!(outcome.report.components.len(), 3, "{kind}");
        }
    }
}

#[test]
fn a_catalogue_picture_is_white_around_the_subject() {
    let upload = png(&product(SIZE));
    let steps = [
        json!({"type": "fill-background"}),
        json!({"type": "remove-background", "settings": {"method": "product"}}),
        json!({"type": "set-on-canvas", "settings": {"width": 200, "height": 200, "margin": 10}}),
        json!({"type": "edit-filename", "settings": {"pattern": "{name}_{width}", "spaces": "hyphen"}}),
    ];
    let outcome = run(&upload, &workflow(&steps, json!({"format": "jpeg", "quality": 100})));
    let result = picture(&outcome);
    assert_eq!(result.size, Size::new(200, 200));
    let Samples::U8(rgb) = &result.rgb else { panic!("8 bits") };
    let at = |x: usize, y: usize| [0, 1, 2].map(|c| rgb[3 * (200 * y + x) + c]);
    assert!(at(5, 5).iter().all(|v| *v > 252), "{:?}", at(5, 5));
    assert!(at(195, 100).iter().all(|v| *v > 252), "{:?}", at(195, 100));
    assert!(at(100, 100)[0] > 150 && at(100, 100)[1] < 70, "{:?}", at(100, 100));
    assert_eq!(outcome.report.stem, "red-block_200");
}

#[test]
fn a_coloured_ground_behind_a_grey_cut_out_has_its_colour() {
    let mut cut_out = product(SIZE);
    cut_out.rgb = Samples::U8(vec![120; 3 * SIZE.area()]);
    cut_out.grey = true;
    cut_out.alpha = Some(Samples::U8((0..SIZE.area()).map(|i| if i % 180 < 90 { 0 } else { 255 }).collect()));
    // Grey of a press, whose values mean another light than those of sRGB.
    cut_out.metadata.icc = moxcms::ColorProfile::new_gray_with_gamma(1.0).encode().ok();
    let steps = [json!({"type": "fill-background", "settings": {"fill": "colour", "colour": "#336699"}})];
    let result = picture(&run(&png(&cut_out), &workflow(&steps, json!({"format": "png"}))));
    let Samples::U8(rgb) = &result.rgb else { panic!("8 bits") };
    assert!(!result.grey && result.metadata.icc.is_none());
    for (value, wanted) in rgb[..3].iter().zip([0x33u8, 0x66, 0x99]) {
        assert!(value.abs_diff(wanted) <= 1, "{:?}", &rgb[..3]);
    }
    // 120 of 255 of linear light.
    assert!(rgb[3 * 179].abs_diff(182) <= 1, "{}", rgb[3 * 179]);
}

#[test]
fn something_small_in_a_large_photograph_is_enlarged_alone() {
    let upload = png(&product(SIZE));
    let enlarged = |limit: u64| {
        let steps = [
            json!({"type": "remove-background", "settings": {"method": "product"}}),
            json!({"type": "set-on-canvas", "settings": {"width": 120, "height": 120, "margin": 0, "enlarge": true}}),
        ];
        let mut options = Options::default();
        options.limits.max_pixels = limit;
        let upload = Upload::new(&upload, "block.png");
        let list = workflow(&steps, json!({"format": "png"}));
        Engine::new().run_workflow(&upload, &list, &options, &Unwatched)
    };
    // The whole photograph would be 360 by 240 before it is cut to the canvas.
    let tight = picture(&enlarged(40_000).expect("fits"));
    assert_eq!(tight.size, Size::new(120, 120));
    assert_eq!(tight, picture(&enlarged(4_000_000).expect("fits")));
}

#[test]
fn a_shadow_lies_under_the_subject_before_and_after_the_fill() {
    let upload = png(&product(SIZE));
    let cut = json!({"type": "remove-background", "settings": {"method": "product"}});
    let (fill, shadow) = (json!({"type": "fill-background"}), json!({"type": "drop-shadow"}));
    let one = run(&upload, &workflow(&[cut.clone(), fill.clone(), shadow.clone()], json!({})));
    let two = run(&upload, &workflow(&[cut.clone(), shadow.clone(), fill], json!({})));
    assert_eq!(one.bytes, two.bytes);
    let Samples::U8(rgb) = picture(&one).rgb else { panic!("8 bits") };
    let below = rgb[3 * (SIZE.width * 91 + 90)];
    assert!(below < 225, "the floor is dark where the block stands: {below}");
    let clear = picture(&run(&upload, &workflow(&[cut, shadow], json!({}))));
    let alpha = clear.alpha.expect("transparent");
    assert!(alpha.unit(0) == 0.0 && alpha.unit(SIZE.width * 91 + 90) > 0.1);
}

#[test]
fn files_keep_to_their_target() {
    let upload = png(&product(Size::new(400, 300)));
    for format in ["jpeg", "png", "webp", "tiff"] {
        let outcome = run(&upload, &workflow(&[], json!({"format": format, "fileSize": 9})));
        assert!(outcome.bytes.len() <= 9000, "{format}: {}", outcome.bytes.len());
    }
    let roomy = run(&upload, &workflow(&[], json!({"format": "jpeg", "quality": 80, "fileSize": 900})));
    let quality = roomy.report.components[1].findings.iter().find(|f| f.what == "quality");
    assert_eq!(quality.map(|f| f.value), Some(80.0));
}

#[test]
fn large_uploads_are_scaled_to_fit_and_dpi_is_written() {
    let upload = png(&product(Size::new(300, 200)));
    let list = json!([
        {"type": "input", "label": "in", "settings": {"largestEdge": 150}},
        {"type": "export", "settings": {"dpi": 300, "format": "tiff"}},
    ]);
    let outcome = run(&upload, &Workflow::from_value(&list).expect("a workflow"));
    let result = picture(&outcome);
    assert_eq!(result.size, Size::new(150, 100));
    assert_eq!(result.metadata.density.map(|d| d.x.round()), Some(300.0));
}

#[test]
fn turned_uploads_stand_upright_after_a_change_of_shape() {
    let mut turned = product(SIZE);
    turned.orientation = Orientation::Turn90;
    let upload = encode(&turned, Format::Jpeg, &EncodeOptions::default()).expect("encodes");
    let kept = picture(&run(&upload, &workflow(&[], json!({}))));
    assert_eq!((kept.size, kept.orientation), (SIZE, Orientation::Turn90));
    let crop = json!({"type": "crop", "settings": {"left": 10}});
    let cropped = picture(&run(&upload, &workflow(&[crop], json!({}))));
    assert_eq!((cropped.size, cropped.orientation), (Size::new(108, 180), Orientation::Upright));
}

struct Shelf(Vec<u8>);

impl Assets for Shelf {
    fn fetch(&self, hash: &str) -> Option<Vec<u8>> {
        (hash == "abc").then(|| self.0.clone())
    }
}

#[test]
fn pictures_behind_the_subject_come_from_the_shelf() {
    let upload = png(&product(SIZE));
    let mut blue = product(Size::new(20, 30));
    blue.rgb = Samples::U8([10, 20, 200].repeat(600));
    let shelf = Shelf(png(&blue));
    let cut = json!({"type": "remove-background", "settings": {"method": "product"}});
    let go = |hash: &str| {
        let fill = json!({"type": "fill-background", "settings": {"fill": "image", "image": hash}});
        let upload = Upload { assets: &shelf, ..Upload::new(&upload, "x") };
        let flow = workflow(&[cut.clone(), fill], json!({}));
        Engine::new().run_workflow(&upload, &flow, &Options::default(), &Unwatched)
    };
    let Samples::U8(rgb) = picture(&go("abc").expect("is there")).rgb else { panic!("8 bits") };
    assert_eq!(rgb[..3], [10, 20, 200]);
    assert!(matches!(go("abd"), Err(WorkflowFault::NoAsset(hash)) if hash == "abd"));
}

#[test]
fn layers_come_as_a_zip_and_cancelling_ends_the_work() {
    let upload = png(&product(SIZE));
    let steps = [json!({"type": "heal"}), json!({"type": "skin-retouch"})];
    let outcome = run(&upload, &workflow(&steps, json!({"layers": true})));
    assert_eq!((outcome.kind, outcome.report.extension), (OutcomeKind::LayersZip, "zip"));
    struct Impatient;
    impl Watch for Impatient {
        fn cancelled(&self) -> bool {
            true
        }
    }
    let ended = Engine::new().run_workflow(
        &Upload::new(&upload, "x"),
        &workflow(&[], json!({})),
        &Options::default(),
        &Impatient,
    );
    assert!(matches!(ended, Err(WorkflowFault::Engine(crate::EngineError::Cancelled))));
}

#[test]
fn metadata_that_the_result_cannot_hold_is_noted() {
    let mut upload = product(SIZE);
    upload.metadata.xmp = Some(vec![b' '; 70_000]);
    let notes = |format| run(&png(&upload), &workflow(&[], json!({ "format": format }))).report.notes;
    assert_eq!(notes("jpeg"), [codec::EncodeNote::XmpLeftOut.to_string()]);
    assert_eq!(notes("png"), [""; 0]);
}

/// Little-endian EXIF: a width of `width` pixels in its own directory, then a thumbnail of three bytes.
fn exif_with_thumbnail(width: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0".to_vec();
    block.extend([0x69, 0x87, 4, 0, 1, 0, 0, 0, 26, 0, 0, 0]);
    block.extend([44, 0, 0, 0]);
    block.extend([1, 0, 2, 0xA0, 3, 0, 1, 0, 0, 0, width, 0, 0, 0, 0, 0, 0, 0]);
    block.extend([2, 0]);
    block.extend([1, 2, 4, 0, 1, 0, 0, 0, 74, 0, 0, 0]);
    block.extend([2, 2, 4, 0, 1, 0, 0, 0, 3, 0, 0, 0]);
    block.extend([0; 4]);
    block.extend([7; 3]);
    block
}

#[test]
fn exif_describes_the_picture_that_the_workflow_made() {
    let mut upload = product(SIZE);
    upload.metadata.exif = Some(exif_with_thumbnail(180));
    let made = |upload: &Picture, middle: &[Json]| {
        let made = picture(&run(&png(upload), &workflow(middle, json!({}))));
        let exif = made.metadata.exif.expect("a block");
        (usize::from(exif[36]) == made.size.width, exif[22..26] != [0; 4], exif[74..] == [7; 3])
    };
    let remove = json!({"type": "remove-background"});
    let fill = json!({"type": "fill-background"});
    assert_eq!(made(&upload, &[]), (true, true, true), "nothing changed");
    assert_eq!(made(&upload, std::slice::from_ref(&remove)), (true, false, false), "cut out");
    assert_eq!(made(&upload, &[remove, fill.clone()]), (true, false, false), "on a ground");
    upload.alpha = Some(Samples::U8((0..SIZE.area()).map(|i| if i % 2 == 0 { 255 } else { 0 }).collect()));
    assert_eq!(made(&upload, std::slice::from_ref(&fill)), (true, false, false), "uploaded cut out");
    let mut turned = Picture { orientation: Orientation::Turn90, ..upload };
    turn_upright(&mut turned);
    let exif = turned.metadata.exif.expect("a block");
    assert_eq!((usize::from(exif[36]), &exif[22..26]), (turned.size.width, &[0; 4][..]));
}

#[test]
fn a_shadow_of_a_subject_that_fills_its_picture_is_whole_on_the_canvas() {
    // Cut out and cropped to its edges, as shops keep their pictures.
    let mut tight = product(Size::new(100, 120));
    tight.alpha = Some(Samples::U8((0..12_000).map(|i| if i < 200 { 0 } else { 255 }).collect()));
    let canvas = json!({"type": "set-on-canvas", "settings": {"width": 240, "height": 240, "margin": 20, "enlarge": true}});
    let (shadow, fill) = (json!({"type": "drop-shadow"}), json!({"type": "fill-background"}));
    let one =
        picture(&run(&png(&tight), &workflow(&[shadow.clone(), canvas.clone(), fill.clone()], json!({}))));
    let two = picture(&run(&png(&tight), &workflow(&[canvas, shadow, fill], json!({}))));
    let level = |picture: &Picture, x: usize, y: usize| (picture.rgb.unit(3 * (240 * y + x)) * 255.0) as u8;
    for (x, y) in [(120, 193), (80, 194), (165, 170), (120, 205), (5, 5)] {
        let (one, two) = (level(&one, x, y), level(&two, x, y));
        assert!(one.abs_diff(two) < 12, "at {x}, {y}: {one} before the canvas, {two} after it");
    }
    assert!(level(&one, 120, 193) < 200, "{}", level(&one, 120, 193));
}

#[test]
fn margins_on_the_canvas_are_what_was_asked_for_to_the_pixel() {
    let size = Size::new(301, 203);
    let rects = [(78, 33, 190, 180), (10, 20, 299, 190), (3, 3, 50, 199)];
    for (left, top, right, bottom) in rects {
        let mut cut_out = product(size);
        let inside = |i: usize| (left..right).contains(&(i % 301)) && (top..bottom).contains(&(i / 301));
        let alpha: Vec<u8> = (0..size.area()).map(|i| if inside(i) { 255 } else { 0 }).collect();
        cut_out.alpha = Some(Samples::U8(alpha));
        for (canvas, margin, wanted) in [(100usize, 10, 10usize), (97, 5, 5), (400, 6, 24)] {
            let settings = json!({"width": canvas, "height": canvas, "margin": margin, "enlarge": true, "vertical": "bottom"});
            let steps = [json!({"type": "set-on-canvas", "settings": settings})];
            let made = picture(&run(&png(&cut_out), &workflow(&steps, json!({}))));
            let alpha = made.alpha.as_ref().expect("transparent");
            let covered = |x: usize, y: usize| alpha.unit(y * canvas + x) > 0.5;
            let row = |y: usize| (0..canvas).any(|x| covered(x, y));
            let column = |x: usize| (0..canvas).any(|y| covered(x, y));
            let below = (0..canvas).rev().take_while(|y| !row(*y)).count();
            let above = (0..canvas).take_while(|y| !row(*y)).count();
            let before = (0..canvas).take_while(|x| !column(*x)).count();
            let after = (0..canvas).rev().take_while(|x| !column(*x)).count();
            let found = [before, above, after, below];
            assert_eq!(below, wanted, "{found:?}");
            assert!(before.abs_diff(after) <= 1 && before.min(above).min(after) == wanted, "{found:?}");
        }
    }
}

#[test]
fn a_subject_that_a_crop_cuts_through_stays_at_that_edge_of_the_canvas() {
    let mut block = product(SIZE);
    let inside = |i: usize| (60..120).contains(&(i % 180)) && (30..90).contains(&(i / 180));
    block.alpha = Some(Samples::U8((0..SIZE.area()).map(|i| 255 * u8::from(inside(i))).collect()));
    let canvas = json!({"type": "set-on-canvas", "settings": {"width": 100, "height": 100, "margin": 10}});
    let cut = |side: &str| json!({"type": "crop", "settings": {side: 50}});
    let beside = json!({"type": "crop", "settings": {"left": 20, "bottom": 10}});
    for (steps, sides) in [
        (vec![canvas.clone()], [false, false]),
        (vec![cut("bottom"), canvas.clone()], [false, true]),
        (vec![cut("top"), canvas.clone()], [true, false]),
        (vec![beside, canvas], [false, false]),
    ] {
        let result = picture(&run(&png(&block), &workflow(&steps, json!({}))));
        let alpha = result.alpha.expect("cut out");
        let covers = |y: usize| (0..100).any(|x| alpha.unit(y * 100 + x) > 0.5);
        assert_eq!([covers(0), covers(99)], sides, "{steps:?}");
    }
}
