//! What a proof promises, on the sample portraits with the real networks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use pixel::codec::{self, EncodeOptions, Format, Limits};
use pixel::picture::{Picture, Samples};
use pixel::{Orientation, Plane, Rect, Size};

use super::{Drawer, Fidelity, Original, Region, Tile};
use crate::engine::{Engine, EngineError, Options, OutcomeKind, Step, Unwatched, Watch};
use crate::plugin::Key;
use crate::recipe::{OutputChoice, Preset, Recipe, Task};

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);
static PORTRAIT: LazyLock<Arc<[u8]>> =
    LazyLock::new(|| Arc::from(include_bytes!("../../../../samples/portrait.jpg").as_slice()));

fn original(file: &Arc<[u8]>) -> Original {
    Original::open(Arc::clone(file), &Limits::default()).expect("opens")
}

fn drawer(level: u8) -> Drawer {
    Drawer::new(original(&PORTRAIT).level(level).expect("decodes"))
}

/// The engine's flat result as pixels.
fn result(file: &[u8], recipe: &Recipe) -> Picture {
    let recipe = Recipe { output: OutputChoice::Tiff, ..recipe.clone() };
    let outcome = ENGINE.retouch(file, &recipe, &Options::default(), &Unwatched).expect("retouches");
    assert_eq!(outcome.kind, OutcomeKind::Image(Format::Tiff));
    codec::decode(&outcome.bytes, &Limits::default()).expect("decodes").picture
}

fn balanced() -> Recipe {
    Recipe::preset(Preset::Balanced)
}

/// The balanced recipe with one slider moved.
fn moved(task: usize, alpha1: f32) -> Recipe {
    let mut recipe = balanced();
    recipe.tasks[task].set(Key::Alpha1, alpha1);
    recipe
}

fn whole(drawn: &super::Drawn) -> Tile {
    drawn.read(drawn.size().rect(), &[])
}

/// Notes which plugins are drawn, and ends the work before the step of number `end`.
struct Steps {
    names: Mutex<Vec<String>>,
    asked: AtomicUsize,
    end: usize,
}

impl Steps {
    fn all() -> Self {
        Self::until(usize::MAX)
    }

    fn until(end: usize) -> Self {
        Self { names: Mutex::default(), asked: AtomicUsize::new(0), end }
    }

    fn names(&self) -> Vec<String> {
        self.names.lock().expect("no panic").clone()
    }
}

impl Watch for Steps {
    fn step(&self, step: Step<'_>) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let name = match step {
            Step::Plugin { name, .. } => name.to_owned(),
            other => format!("{other:?}"),
        };
        self.names.lock().expect("no panic").push(name);
    }

    fn cancelled(&self) -> bool {
        self.asked.load(Ordering::Relaxed) >= self.end
    }
}

#[test]
fn level_0_is_the_engines_result_bit_for_bit() {
    let recipe = balanced();
    let drawn = drawer(0).draw(&ENGINE, &recipe, &Unwatched).expect("draws");
    assert_eq!(drawn.picture(&[]).rgb, result(&PORTRAIT, &recipe).rgb);
    let Samples::U8(samples) = drawn.picture(&[]).rgb else { panic!("8 bits") };
    assert!(whole(&drawn).rgb == samples, "an sRGB picture is shown as it is");
}

#[test]
fn it_is_so_for_turned_16_bit_uploads_too() {
    let upright = codec::decode(&PORTRAIT, &Limits::default()).expect("decodes").picture;
    let Samples::U8(samples) = &upright.rgb else { panic!("8 bits") };
    let part = Rect { x: 200, y: 150, width: 560, height: 700 };
    let stored = Size::new(part.height, part.width);
    let rgb = (0..3 * stored.area()).map(|i| {
        // A quarter turn anticlockwise, which orientation 6 undoes.
        let (x, y) = (i / 3 % stored.width, i / 3 / stored.width);
        let (ux, uy) = (part.right() - 1 - y, part.y + x);
        u16::from(samples[3 * (uy * upright.size.width + ux) + i % 3]) * 256 + (i * 37 % 256) as u16
    });
    let rgb = Samples::U16(rgb.collect());
    let picture = Picture { size: stored, rgb, orientation: Orientation::Turn90, ..upright };
    let file: Arc<[u8]> =
        codec::encode(&picture, Format::Png, &EncodeOptions::default()).expect("encodes").into();
    let level = original(&file).level(0).expect("decodes");
    assert_eq!(level.size(), part.size());
    let recipe = balanced();
    let drawn = Drawer::new(level).draw(&ENGINE, &recipe, &Unwatched).expect("draws");
    assert!(drawn.faces() == 1, "the turned face is found");
    let wanted = result(&file, &recipe);
    assert_eq!(drawn.picture(&[]).rgb, wanted.rgb);
    let Samples::U16(deep) = &wanted.rgb else { panic!("16 bits") };
    let shown = whole(&drawn);
    let (x, y) = wanted.orientation.to_stored(280, 300, stored);
    let pixel = [0, 1, 2].map(|c| (f32::from(deep[3 * (y * stored.width + x) + c]) / 257.0).round() as u8);
    assert_eq!(shown.rgb[3 * (300 * shown.size.width + 280)..][..3], pixel);
}

#[test]
fn only_tasks_from_the_changed_one_on_are_drawn_again() {
    let mut drawer = drawer(1);
    drawer.draw(&ENGINE, &balanced(), &Unwatched).expect("draws");
    let last = balanced().tasks.len() - 1;
    for (task, count) in [(last, 1), (last - 2, 3)] {
        let steps = Steps::all();
        drawer.draw(&ENGINE, &moved(task, 0.3), &steps).expect("draws");
        assert_eq!(steps.names().len(), count, "{:?}", steps.names());
        drawer.draw(&ENGINE, &balanced(), &Unwatched).expect("draws");
    }
    let steps = Steps::all();
    drawer.draw(&ENGINE, &balanced(), &steps).expect("draws");
    assert!(steps.names().is_empty(), "nothing has changed");
}

#[test]
fn the_way_to_a_recipe_does_not_matter() {
    let fresh = |recipe: &Recipe| whole(&drawer(1).draw(&ENGINE, recipe, &Unwatched).expect("draws"));
    let (mild, strong) = (moved(5, 0.4), moved(5, 1.6));
    let mut shorter = strong.clone();
    shorter.tasks.remove(2);
    let wanted = [&mild, &strong, &shorter].map(fresh);
    assert!(wanted[0] != wanted[1]);

    let mut drawer = drawer(1);
    for index in [0, 1, 2, 1, 0, 2, 0] {
        let recipe = [&mild, &strong, &shorter][index];
        // Other sliders move in between, drafts are made and dropped.
        for (task, alpha1) in [(7, 0.2), (0, 0.5), (6, 0.1)] {
            let mut other = recipe.clone();
            other.tasks[task.min(recipe.tasks.len() - 1)].set(Key::Alpha1, alpha1);
            drawer.draft(&ENGINE, &other, &Unwatched).expect("draws");
            if task == 0 {
                drawer.draw(&ENGINE, &other, &Unwatched).expect("draws");
            }
        }
        drawer.draft(&ENGINE, recipe, &Unwatched).expect("draws");
        let drawn = drawer.draw(&ENGINE, recipe, &Unwatched).expect("draws");
        assert!(drawn.is_exact() && drawn.recipe() == recipe);
        assert!(whole(&drawn) == wanted[index], "recipe {index}");
    }
}

#[test]
fn what_a_plugin_found_is_forgotten_when_the_picture_under_it_changes() {
    let task = |name: &str, alpha1: f32| {
        Task::new(crate::plugins::find(name).expect("a plugin")).with(Key::Alpha1, alpha1)
    };
    let recipe = |tone: f32, heal: f32| Recipe {
        tasks: vec![task("Skin Tone", tone), task("Heal", heal)],
        ..Recipe::default()
    };
    let mut drawer = drawer(1);
    for (tone, heal) in [(2.0, 1.0), (2.0, 0.7), (0.1, 0.7), (0.1, 1.0), (2.0, 1.0), (2.0, 0.9)] {
        let drawn = drawer.draw(&ENGINE, &recipe(tone, heal), &Unwatched).expect("draws");
        let fresh = self::drawer(1).draw(&ENGINE, &recipe(tone, heal), &Unwatched).expect("draws");
        assert!(whole(&drawn) == whole(&fresh), "{tone} {heal}");
    }
}

#[test]
fn a_draft_draws_one_task_and_the_drawing_goes_on_from_it() {
    let mut drawer = drawer(1);
    assert!(
        drawer.draft(&ENGINE, &balanced(), &Unwatched).expect("no error").is_none(),
        "nothing to go on from"
    );
    let first = drawer.draw(&ENGINE, &balanced(), &Unwatched).expect("draws");
    let steps = Steps::all();
    let draft = drawer.draft(&ENGINE, &moved(5, 0.2), &steps).expect("draws").expect("one slider moved");
    assert_eq!(steps.names(), ["Dodge Burn"]);
    assert!(!draft.is_exact() && whole(&draft) != whole(&first));
    let steps = Steps::all();
    let drawn = drawer.draw(&ENGINE, &moved(5, 0.2), &steps).expect("draws");
    assert_eq!(steps.names(), ["Skin Tone", "Portrait Volumes"]);
    assert!(drawn.is_exact());
    let mut two = moved(1, 0.1);
    two.tasks[6].set(Key::Alpha1, 0.1);
    assert!(drawer.draft(&ENGINE, &two, &Unwatched).expect("no error").is_none(), "two sliders moved");
    let last = drawer.draft(&ENGINE, &moved(5, 0.2), &Unwatched).expect("draws").expect("a version");
    assert!(last.is_exact(), "nothing above it is old");
}

#[test]
fn a_sketch_resembles_the_picture_and_leaves_no_trace_in_it() {
    let wanted = drawer(0).draw(&ENGINE, &balanced(), &Unwatched).expect("draws");
    let mut drawer = drawer(0);
    let steps = Steps::all();
    let sketch = drawer.sketch(&ENGINE, &balanced(), &steps).expect("draws").expect("nothing is there yet");
    assert_eq!(steps.names(), ["Analysing"], "its plugins are not announced");
    assert!(sketch.fidelity() == Fidelity::Sketch && !sketch.is_exact());
    assert_eq!(sketch.size(), drawer.level().halved().size());
    assert_eq!((sketch.faces(), sketch.layers().len()), (1, balanced().tasks.len()));

    // Of what a slow look changes, more than half is there already.
    let reduced = |tile: Tile| {
        let luma = |x: usize, y: usize| {
            let pixel = 3 * (y * tile.size.width + x);
            (0..3).map(|c| f32::from(tile.rgb[pixel + c])).sum::<f32>() / 3.0
        };
        pixel::filter::gauss(&Plane::from_fn(tile.size, luma), tile.size.width as f32 / 150.0)
    };
    let changes = |drawn: &super::Drawn, side: usize| {
        let all: Vec<usize> = (0..balanced().tasks.len()).collect();
        let rect = drawn.size().rect();
        let (before, after) = (reduced(drawn.read(rect, &all)), reduced(drawn.read(rect, &[])));
        pixel::filter::reduce(&after.zip(&before, |a, b| a - b), side)
    };
    let (rough, fine) = (changes(&sketch, 4), changes(&wanted, 8));
    let size = Size::new(rough.width().min(fine.width()), rough.height().min(fine.height())).rect();
    let (rough, fine) = (rough.crop(size), fine.crop(size));
    let missed = rough.zip(&fine, |a, b| (a - b).powi(2)).sum() / fine.map(|v| v * v).sum();
    assert!(missed < 0.5, "{missed:.2} of the changes are missed");

    let drawn = drawer.draw(&ENGINE, &balanced(), &Unwatched).expect("draws");
    assert!(drawn.is_exact() && whole(&drawn) == whole(&wanted));
    assert!(
        drawer.sketch(&ENGINE, &moved(5, 0.2), &Unwatched).expect("no error").is_none(),
        "a draft is quicker"
    );
}

#[test]
fn a_sketch_is_followed_by_others_that_are_what_they_would_be_alone() {
    let mut drawer = drawer(0);
    assert!(
        drawer.resketch(&ENGINE, &balanced(), &Unwatched).expect("no error").is_none(),
        "nothing was sketched"
    );
    let first =
        drawer.sketch(&ENGINE, &balanced(), &Unwatched).expect("draws").expect("nothing is there yet");
    let resketch = |drawer: &mut Drawer, recipe: &Recipe| {
        drawer.resketch(&ENGINE, recipe, &Unwatched).expect("draws").expect("was sketched")
    };
    let last = balanced().tasks.len() - 1;
    let one = resketch(&mut drawer, &moved(last, 0.2));
    assert!(one.fidelity() == Fidelity::Sketch && one.size() == first.size());
    // Another slider meanwhile: no shortcut, and the same picture.
    let other = resketch(&mut drawer, &moved(last - 1, 0.9));
    for (drawn, recipe) in [(one, moved(last, 0.2)), (other, moved(last - 1, 0.9))] {
        let alone =
            self::drawer(0).sketch(&ENGINE, &recipe, &Unwatched).expect("draws").expect("nothing is there");
        assert!(whole(&drawn) == whole(&alone) && whole(&drawn) != whole(&first));
    }
}

#[test]
fn a_sketch_that_is_called_off_is_none() {
    let mut drawer = drawer(0);
    let called_off = drawer.sketch(&ENGINE, &balanced(), &Steps::until(1));
    assert!(matches!(called_off, Err(EngineError::Cancelled)));
    let idle = Recipe { tasks: vec![], ..balanced() };
    assert!(drawer.sketch(&ENGINE, &idle, &Unwatched).expect("no error").is_none(), "nothing to look for");
    let mut coarsest = self::drawer(8);
    assert!(coarsest.sketch(&ENGINE, &balanced(), &Unwatched).expect("no error").is_none(), "small enough");
}

#[test]
fn hiding_all_layers_gives_the_original_and_hiding_one_leaves_the_others() {
    let mut drawer = drawer(1);
    let drawn = drawer.draw(&ENGINE, &balanced(), &Unwatched).expect("draws");
    let rect = drawn.size().rect();
    let all: Vec<usize> = (0..balanced().tasks.len()).collect();
    assert!(drawn.read(rect, &all) == drawn.level().read(rect));
    assert!(drawn.read(rect, &[]) != drawn.level().read(rect));
    let last = all.len() - 1;
    let mut without = balanced();
    without.tasks.pop();
    let shorter = drawer.draw(&ENGINE, &without, &Unwatched).expect("draws");
    assert!(drawn.read(rect, &[last]) == whole(&shorter), "the last layer has nothing above it");
}

#[test]
fn rectangles_agree_with_the_whole_and_so_do_boxes_of_change() {
    let drawn = drawer(0).draw(&ENGINE, &balanced(), &Unwatched).expect("draws");
    let (all, before) = (whole(&drawn), drawn.level().read(drawn.size().rect()));
    let width = all.size.width;
    for (x, y, w, h) in [(0, 0, 256, 256), (300, 411, 97, 31), (990, 990, 300, 300), (499, 0, 1, 1000)] {
        let tile = drawn.read(Rect { x, y, width: w, height: h }, &[]);
        assert_eq!(tile.size, Size::new(w.min(1000 - x), h.min(1000 - y)));
        for (row, line) in tile.rgb.chunks_exact(3 * tile.size.width).enumerate() {
            let from = 3 * ((y + row) * width + x);
            assert!(*line == all.rgb[from..from + line.len()], "row {row} of {x}, {y}");
        }
    }
    assert_eq!(drawn.read(Rect { x: 1000, y: 0, width: 9, height: 9 }, &[]).size.area(), 0);

    for (index, layer) in drawn.layers().iter().enumerate() {
        let others: Vec<usize> = (0..drawn.layers().len()).filter(|&other| other != index).collect();
        let alone = drawn.read(drawn.size().rect(), &others);
        let changed = alone.rgb.chunks_exact(3).zip(before.rgb.chunks_exact(3));
        let changed = changed.enumerate().filter(|(_, (a, b))| a != b).map(|(i, _)| (i % width, i / width));
        let bounds = layer.bounds();
        let mut count = 0;
        for (x, y) in changed {
            assert!(bounds.is_some_and(|b| b.contains(x, y)), "{x}, {y} lies outside {bounds:?}");
            count += 1;
        }
        assert!(layer.report().empty || count > 0 || bounds.is_none(), "{}", layer.report().plugin);
    }
}

#[test]
fn outside_of_what_changed_two_versions_look_the_same() {
    let mut drawer = drawer(0);
    let draw = |drawer: &mut Drawer| drawer.draw(&ENGINE, &balanced(), &Unwatched).expect("draws");
    let mut areas = Vec::new();
    for index in 0..balanced().tasks.len() {
        let old = draw(&mut drawer);
        let new = drawer.draft(&ENGINE, &moved(index, 0.15), &Unwatched).expect("draws").expect("a version");
        let changed = new.changed_since(&old);
        areas.push(changed.size().area());
        let width = new.size().width;
        let (a, b) = (whole(&old), whole(&new));
        let differing = a.rgb.chunks_exact(3).zip(b.rgb.chunks_exact(3)).enumerate();
        let differing = differing.filter(|(_, (a, b))| a != b).map(|(i, _)| (i % width, i / width));
        for (x, y) in differing {
            assert!(changed.contains(x, y), "task {index}: {x}, {y} lies outside {changed:?}");
        }
        assert!(new.changed_since(&new).is_empty());
    }
    let all = drawer.level().size().area();
    assert!(areas.iter().filter(|&&area| area < all / 4).count() >= 2, "eyes and teeth are small: {areas:?}");
    let old = draw(&mut drawer);
    let coarser = self::drawer(1).draw(&ENGINE, &balanced(), &Unwatched).expect("draws");
    assert_eq!(coarser.changed_since(&old), coarser.size().rect());
}

#[test]
fn a_cancelled_drawing_leaves_the_version_before_and_what_was_finished() {
    let mut drawer = drawer(1);
    let first = drawer.draw(&ENGINE, &balanced(), &Unwatched).expect("draws");
    let shown = whole(&first);
    let steps = Steps::until(3);
    let error = drawer.draw(&ENGINE, &moved(0, 0.4), &steps).err();
    assert!(matches!(error, Some(EngineError::Cancelled)));
    assert!(drawer.latest().is_some_and(|latest| whole(latest) == shown));
    let rest = Steps::all();
    let drawn = drawer.draw(&ENGINE, &moved(0, 0.4), &rest).expect("draws");
    assert_eq!(rest.names().len(), 8 - 2, "two tasks had been finished");
    let fresh = self::drawer(1).draw(&ENGINE, &moved(0, 0.4), &Unwatched).expect("draws");
    assert!(whole(&drawn) == whole(&fresh));
    assert!(whole(&first) == shown, "old versions stay");
}

#[test]
fn tiles_are_read_while_the_next_version_is_drawn() {
    let mut drawer = drawer(1);
    let drawn = drawer.draw(&ENGINE, &balanced(), &Unwatched).expect("draws");
    let wanted = whole(&drawn);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..4).for_each(|_| assert!(whole(&drawn) == wanted)));
        }
        drawer.draw(&ENGINE, &moved(3, 0.9), &Unwatched).expect("draws");
    });
}

#[test]
fn levels_are_means_of_the_finer_ones_whatever_the_format() {
    let jpeg = original(&PORTRAIT);
    let picture = codec::decode(&PORTRAIT, &Limits::default()).expect("decodes").picture;
    let png = codec::encode(&picture, Format::Png, &EncodeOptions::default()).expect("encodes");
    let png = original(&png.into());
    assert_eq!(
        (jpeg.levels(), jpeg.level_size(1), jpeg.size()),
        (2, Size::new(500, 500), Size::new(1000, 1000))
    );
    assert_eq!(
        (jpeg.level_for(1600), jpeg.level_for(501), jpeg.level_for(500), jpeg.level_for(9)),
        (0, 0, 1, 1)
    );
    let full = jpeg.level(0).expect("decodes").read(Size::new(1000, 1000).rect());
    for (name, original) in [("JPEG", &jpeg), ("PNG", &png)] {
        let level = original.level(1).expect("decodes");
        let half = level.read(level.size().rect());
        assert_eq!(half.size, Size::new(500, 500));
        let mut misfit = 0.0;
        for i in 0..3 * half.size.area() {
            let (x, y, c) = (i / 3 % 500, i / 1500, i % 3);
            let at = |dx: usize, dy: usize| f64::from(full.rgb[3 * ((2 * y + dy) * 1000 + 2 * x + dx) + c]);
            let mean = (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4.0;
            misfit += (f64::from(half.rgb[i]) - mean).abs() / half.rgb.len() as f64;
        }
        let limit = if name == "PNG" { 0.51 } else { 1.5 };
        assert!(misfit < limit, "{name}: {misfit} levels");
    }
    assert_eq!(jpeg.memory(), PORTRAIT.len() + 3 * 1_250_000);
    jpeg.forget(0);
    assert_eq!(jpeg.memory(), PORTRAIT.len() + 3 * 250_000);
}

#[test]
fn colours_are_managed_and_transparent_pixels_lie_over_white() {
    let size = Size::new(4, 2);
    let icc = moxcms::ColorProfile::new_display_p3().encode().expect("a profile");
    let metadata = pixel::picture::Metadata { icc: Some(icc), ..Default::default() };
    let rgb = Samples::U8([200, 100, 50].repeat(size.area()));
    let alpha = Samples::U8(vec![255, 255, 0, 255, 255, 255, 255, 51]);
    let orientation = Orientation::Upright;
    let picture = Picture { size, rgb, alpha: Some(alpha), grey: false, orientation, metadata };
    let file = codec::encode(&picture, Format::Png, &EncodeOptions::default()).expect("encodes");
    let tile = original(&file.into()).level(0).expect("decodes").read(size.rect());
    // Display P3 (200, 100, 50) is sRGB (215, 93, 31), by the published matrices.
    let near = |pixel: &[u8], wanted: [u8; 3]| pixel.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 1);
    assert!(near(&tile.rgb[..3], [215, 93, 31]), "{:?}", &tile.rgb[..3]);
    assert_eq!(tile.rgb[6..9], [255, 255, 255]);
    assert!(near(&tile.rgb[21..24], [247, 222, 210]), "{:?}", &tile.rgb[21..24]);
}

#[test]
fn what_is_seen_lies_where_it_is() {
    let mut drawer = drawer(1);
    let seen = drawer.seen(&ENGINE, &Unwatched).expect("looks");
    let rect = seen.size().rect();
    let [face] = seen.faces() else { panic!("one face") };
    let inspected = ENGINE.inspect(&PORTRAIT, &Limits::default()).expect("inspects");
    let wanted = &inspected.faces[0];
    assert_eq!(face.landmarks.len(), 478);
    let off = face.landmarks.iter().zip(&wanted.landmarks).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1]));
    let off = off.fold(0.0, f32::max) / wanted.width;
    assert!(off < 0.03, "landmarks in full-resolution pixels, off by {off} face widths");

    let mean =
        |matte: &[u8]| matte.iter().map(|&v| f32::from(v) / 255.0).sum::<f32>() / rect.size().area() as f32;
    for region in Region::ALL {
        assert_eq!(Region::from_name(region.name()), Some(region));
        let (share, matte) = (seen.share(region), seen.alpha(region, rect));
        assert!((mean(&matte) - share).abs() < 0.01, "{}: {} and {share}", region.name(), mean(&matte));
    }
    assert!(seen.share(Region::FaceSkin) > 0.05 && seen.share(Region::Lips) > 0.0005);
    // The mouth lies where the lips are, and the overlay is tinted there alone.
    let lips = seen.alpha(Region::Lips, rect);
    let overlay = seen.overlay(&[(Region::Lips, [255, 0, 0, 128])], rect);
    for (matte, pixel) in lips.iter().zip(overlay.chunks_exact(4)) {
        assert!((*matte == 0) == (pixel[3] == 0) || *matte < 3);
    }
    let part = Rect { x: 100, y: 200, width: 50, height: 40 };
    let cut = Plane::from_fn(part.size(), |x, y| f32::from(lips[(200 + y) * 500 + 100 + x]));
    let direct = seen.alpha(Region::Lips, part);
    assert!(cut.samples().iter().zip(direct).all(|(a, b)| *a == f32::from(b)));

    // A look first does not change what is drawn.
    let drawn = drawer.draw(&ENGINE, &balanced(), &Unwatched).expect("draws");
    let fresh = self::drawer(1).draw(&ENGINE, &balanced(), &Unwatched).expect("draws");
    assert!(whole(&drawn) == whole(&fresh));
}

#[test]
fn more_needs_later_are_met_from_the_level_as_it_was() {
    let plugin = |name| Task::new(crate::plugins::find(name).expect("a plugin"));
    let recipe = |names: &[&'static str]| Recipe {
        tasks: names.iter().map(|n| plugin(n)).collect(),
        ..Recipe::default()
    };
    let mut drawer = drawer(1);
    drawer.draw(&ENGINE, &recipe(&["Dodge Burn"]), &Unwatched).expect("draws");
    drawer.draw(&ENGINE, &recipe(&["Dodge Burn", "Skin Tone"]), &Unwatched).expect("draws");
    let names = ["Dodge Burn", "Fabric", "Skin Tone"];
    let steps = Steps::all();
    let drawn = drawer.draw(&ENGINE, &recipe(&names), &steps).expect("draws");
    assert_eq!(steps.names(), ["Analysing", "Fabric", "Skin Tone"]);
    let fresh = self::drawer(1).draw(&ENGINE, &recipe(&names), &Unwatched).expect("draws");
    assert!(whole(&drawn) == whole(&fresh));
    assert!(drawer.memory() > drawn.memory() && drawn.memory() > 0);
}
