//! What each step costs on a 24-megapixel portrait that the bench makes itself:
//! `cargo bench -p atelier-retouch`.

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use pixel::codec::{self, EncodeOptions, Format, Limits};
use pixel::filter::resize_bilinear;
use pixel::picture::{Picture, Samples};
use pixel::{Plane, Size};
use retouch::{Engine, Key, Options, Plugin, Preset, Recipe, Task, Unwatched, plugins};

/// 24 megapixels, upright.
const SIZE: Size = Size::new(4000, 6000);

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);
static PORTRAIT: LazyLock<Picture> = LazyLock::new(enlarged);
static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| encoded(&PORTRAIT, Format::Jpeg));

/// The allocator of the command line, which the figures depend on.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// The sample portrait enlarged, with grain: smooth pixels would make coding look cheap.
fn enlarged() -> Picture {
    let file = include_bytes!("../../../samples/portrait.jpg");
    let small = codec::decode(file, &Limits::default()).expect("decodes").picture;
    let channel = |c: usize| (0..small.size.area()).map(|i| 255.0 * small.rgb.unit(3 * i + c)).collect();
    let planes = [0, 1, 2].map(|c| {
        // The face keeps its form: a square of the short edge, the rest of the height continues the last row.
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

fn encoded(picture: &Picture, format: Format) -> Vec<u8> {
    codec::encode(picture, format, &EncodeOptions::default()).expect("encodes")
}

fn recipe(tasks: Vec<Task>) -> Recipe {
    Recipe { tasks, ..Recipe::default() }
}

fn run(recipe: &Recipe) -> usize {
    let outcome = ENGINE.retouch(black_box(&FILE), recipe, &Options::default(), &Unwatched);
    outcome.expect("retouches").bytes.len()
}

#[divan::bench(sample_count = 5)]
fn decode(bencher: Bencher) {
    let file = &*FILE;
    bencher.bench(|| codec::decode(black_box(file), &Limits::default()).expect("decodes"));
}

#[divan::bench(args = [Format::Jpeg, Format::Png], sample_count = 3)]
fn encode(bencher: Bencher, format: Format) {
    let portrait = &*PORTRAIT;
    bencher.bench(|| encoded(black_box(portrait), format));
}

/// Decode, nothing to do, encode: what every plugin below is to be compared with.
#[divan::bench(sample_count = 3)]
fn nothing_asked(bencher: Bencher) {
    LazyLock::force(&FILE);
    bencher.bench(|| run(&recipe(Vec::new())));
}

/// The same and every face and region, but no drawing: Skin Mask needs all and lays nothing.
#[divan::bench(sample_count = 3)]
fn analysis(bencher: Bencher) {
    LazyLock::force(&FILE);
    let tasks = plugins().iter().filter(|plugin| plugin.spec().name == "Skin Mask");
    let recipe = recipe(tasks.map(|&plugin| Task::new(plugin)).collect());
    bencher.bench(|| run(&recipe));
}

#[divan::bench(args = names(), sample_count = 3)]
fn plugin(bencher: Bencher, name: &str) {
    LazyLock::force(&FILE);
    let found = plugins().iter().copied().find(|plugin: &&dyn Plugin| plugin.spec().name == name);
    let recipe = recipe(found.map(|plugin| Task::new(plugin).with(Key::Alpha1, 1.0)).into_iter().collect());
    bencher.bench(|| run(&recipe));
}

fn names() -> impl Iterator<Item = &'static str> {
    plugins().iter().map(|plugin| plugin.spec().name)
}

/// Drawing, laying eight layers and encoding, warm.
#[divan::bench(sample_count = 3)]
fn balanced(bencher: Bencher) {
    LazyLock::force(&FILE);
    let recipe = Recipe::preset(Preset::Balanced);
    bencher.bench(|| run(&recipe));
}

/// The same with every layer as a file.
#[divan::bench(sample_count = 3)]
fn balanced_layers(bencher: Bencher) {
    LazyLock::force(&FILE);
    let recipe = Recipe::preset(Preset::Balanced).layered();
    bencher.bench(|| run(&recipe));
}

mod compositing {
    //! Laying layers alone, without analysis.

    use divan::Bencher;
    use pixel::{Plane, Rect, Size};
    use retouch::layer::{Effect, Field, Grid, Layer};
    use retouch::pile::{Pile, flatten};

    use super::{PORTRAIT, SIZE};

    #[divan::bench(args = [1, 4, 8], sample_count = 3)]
    fn soft_light_layers(bencher: Bencher, count: usize) {
        let layers: Vec<Layer> = (0..count).map(|_| broad()).collect();
        let mut pile = Pile::new(&PORTRAIT);
        layers.iter().for_each(|layer| pile.push(layer, retouch::Blend::SoftLight));
        let stored = pile.into_layers();
        bencher.with_inputs(|| PORTRAIT.clone()).bench_local_values(|mut picture| {
            flatten(&mut picture, &stored);
            picture
        });
    }

    /// A field over the middle of the picture, as a face has it.
    fn broad() -> Layer {
        let (step, rect) = (8, Rect { x: 800, y: 600, width: 2400, height: 3200 });
        let size = Size::new(rect.width / step, rect.height / step);
        let push = || Plane::from_fn(size, |x, y| 0.1 * ((x + y) as f32 * 0.05).sin());
        let grid = Grid { x: rect.x, y: rect.y, step, rect };
        debug_assert!(rect.right() <= SIZE.width && rect.bottom() <= SIZE.height);
        let effect = Effect::SoftLight([push(), push(), push()]);
        Layer { fields: vec![Field { grid, effect, matte: None }], ..Layer::default() }
    }
}
