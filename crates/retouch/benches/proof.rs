//! What a live proof of a 24-megapixel JPEG costs: `cargo bench -p atelier-retouch --bench proof`. With the
//! environment variable `PROOF_FILE` another picture is proofed than the one that the bench makes itself.

use std::sync::{Arc, LazyLock};

use divan::{Bencher, black_box};
use pixel::codec::{self, EncodeOptions, Format, Limits};
use pixel::filter::resize_bilinear;
use pixel::picture::{Picture, Samples};
use pixel::{Plane, Rect, Size};
use retouch::proof::{Drawer, Drawn, Level, Original};
use retouch::{Engine, Key, Preset, Recipe, Task, Unwatched, plugins};

/// The allocator of the command line, which the figures depend on.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 24 megapixels, upright.
const SIZE: Size = Size::new(4000, 6000);

/// Long edge of the preview.
const PREVIEW: usize = 1000;

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);
static FILE: LazyLock<Arc<[u8]>> = LazyLock::new(|| match std::env::var_os("PROOF_FILE") {
    Some(path) => std::fs::read(path).expect("PROOF_FILE can be read").into(),
    None => codec::encode(&enlarged(), Format::Jpeg, &EncodeOptions::default()).expect("encodes").into(),
});

fn main() {
    divan::main();
}

/// The sample portrait enlarged, with grain: smooth pixels would make coding look cheap.
fn enlarged() -> Picture {
    let file = include_bytes!("../../../samples/portrait.jpg");
    let small = codec::decode(file, &Limits::default()).expect("decodes").picture;
    let channel = |c: usize| (0..small.size.area()).map(|i| 255.0 * small.rgb.unit(3 * i + c)).collect();
    let planes = [0, 1, 2].map(|c| {
        let square =
            resize_bilinear(&Plane::from_vec(small.size, channel(c)), Size::new(SIZE.width, SIZE.width));
        Plane::from_fn(SIZE, |x, y| square.at(x, y.min(SIZE.width - 1)))
    });
    let grain = |i: usize| (i.wrapping_mul(2_654_435_761) >> 16) % 7;
    let pixels = (0..SIZE.area()).flat_map(|i| {
        [0, 1, 2].map(|c| (planes[c].samples()[i] + grain(i) as f32 - 3.0).clamp(0.0, 255.0) as u8)
    });
    Picture { size: SIZE, rgb: Samples::U8(pixels.collect()), ..small }
}

fn opened() -> Original {
    Original::open(Arc::clone(&FILE), &Limits::default()).expect("opens")
}

fn preview() -> Arc<Level> {
    let original = opened();
    original.level(original.level_for(PREVIEW)).expect("decodes")
}

/// Networks are loaded by the first picture of a process.
fn warm() -> Drawer {
    let mut drawer = Drawer::new(preview());
    drawer.draw(&ENGINE, &Recipe::preset(Preset::Balanced), &Unwatched).expect("draws");
    drawer
}

#[divan::bench(args = [0, 1, 2, 3], sample_count = 3)]
fn level(bencher: Bencher, level: u8) {
    LazyLock::force(&FILE);
    bencher.bench(|| opened().level(black_box(level)).expect("decodes").memory());
}

/// Faces and all regions at the preview's level.
#[divan::bench(sample_count = 3)]
fn analysis(bencher: Bencher) {
    warm();
    let level = preview();
    bencher.bench(|| Drawer::new(Arc::clone(&level)).seen(&ENGINE, &Unwatched).expect("looks").memory());
}

/// From the file's bytes to the first picture with all layers, as a JPEG.
#[divan::bench(sample_count = 3)]
fn first_preview(bencher: Bencher) {
    first(bencher, |drawer, recipe| drawer.draw(&ENGINE, recipe, &Unwatched).expect("draws"));
}

/// From the file's bytes to something to look at, as a JPEG: half the sides of the preview.
#[divan::bench(sample_count = 3)]
fn first_sketch(bencher: Bencher) {
    first(bencher, |drawer, recipe| {
        drawer.sketch(&ENGINE, recipe, &Unwatched).expect("draws").expect("nothing has been drawn")
    });
}

fn first(bencher: Bencher, draw: fn(&mut Drawer, &Recipe) -> Arc<Drawn>) {
    warm();
    bencher.bench(|| {
        let drawn = draw(&mut Drawer::new(preview()), &Recipe::preset(Preset::Balanced));
        drawn.read(drawn.size().rect(), &[]).to_jpeg(90).expect("encodes").len()
    });
}

/// A slider of the balanced preset moves: the draft.
#[divan::bench(args = balanced(), sample_count = 5)]
fn slider_draft(bencher: Bencher, name: &str) {
    let mut drawer = warm();
    let mut recipe = Recipe::preset(Preset::Balanced);
    let task = recipe.tasks.iter().position(|task| task.plugin.spec().name == name).expect("in the preset");
    let mut strength = 0.3;
    bencher.bench_local(|| {
        strength = 0.9 - strength;
        recipe.tasks[task].set(Key::Alpha1, strength);
        drawer.draft(&ENGINE, &recipe, &Unwatched).expect("draws").expect("one slider moved").memory()
    });
}

/// The same with all layers above drawn anew.
#[divan::bench(args = balanced(), sample_count = 3)]
fn slider_exact(bencher: Bencher, name: &str) {
    let mut drawer = warm();
    let mut recipe = Recipe::preset(Preset::Balanced);
    let task = recipe.tasks.iter().position(|task| task.plugin.spec().name == name).expect("in the preset");
    let mut strength = 0.3;
    bencher.bench_local(|| {
        strength = 0.9 - strength;
        recipe.tasks[task].set(Key::Alpha1, strength);
        drawer.draw(&ENGINE, &recipe, &Unwatched).expect("draws").memory()
    });
}

/// Every plugin alone over a picture that has been analysed.
#[divan::bench(args = names(), sample_count = 3)]
fn plugin(bencher: Bencher, name: &str) {
    let mut drawer = warm();
    drawer.seen(&ENGINE, &Unwatched).expect("looks");
    let found = plugins().iter().copied().find(|plugin| plugin.spec().name == name).expect("a plugin");
    let mut strength = 0.3;
    bencher.bench_local(|| {
        strength = 0.9 - strength;
        let task = Task::new(found).with(Key::Alpha1, strength);
        let recipe = Recipe { tasks: vec![task], ..Recipe::default() };
        drawer.draw(&ENGINE, &recipe, &Unwatched).expect("draws").memory()
    });
}

/// A tile of 512 × 512 from the middle of the preview, read and as a JPEG.
#[divan::bench(args = [false, true], sample_count = 20)]
fn tile(bencher: Bencher, encoded: bool) {
    let drawn = Arc::clone(warm().latest().expect("drawn"));
    let size = drawn.size();
    let rect = Rect { x: (size.width / 2).saturating_sub(256), y: size.height / 4, width: 512, height: 512 };
    bencher.bench(|| {
        let tile = drawn.read(rect, &[]);
        if encoded { tile.to_jpeg(90).expect("encodes").len() } else { tile.rgb.len() }
    });
}

/// Megabytes that a session holds, told once.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn memory() {
    let original = opened();
    let level = original.level(original.level_for(PREVIEW)).expect("decodes");
    let mut drawer = Drawer::new(level);
    drawer.draw(&ENGINE, &Recipe::preset(Preset::Balanced), &Unwatched).expect("draws");
    let mut moved = Recipe::preset(Preset::Balanced);
    moved.tasks[3].set(Key::Alpha1, 0.9);
    drawer.draw(&ENGINE, &moved, &Unwatched).expect("draws");
    eprintln!("original {} MB, drawer {} MB", original.memory() / 1_000_000, drawer.memory() / 1_000_000);
}

fn balanced() -> Vec<&'static str> {
    Recipe::preset(Preset::Balanced).tasks.iter().map(|task| task.plugin.spec().name).collect()
}

fn names() -> impl Iterator<Item = &'static str> {
    plugins().iter().map(|plugin| plugin.spec().name)
}
