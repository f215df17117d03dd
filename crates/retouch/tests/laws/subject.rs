//! Whom the laws are tried on: the sample portraits, made small enough to be quick, and ways to retouch them.

use std::borrow::Cow;
use std::sync::LazyLock;

use pixel::codec::{self, EncodeOptions, Format, Limits};
use pixel::colour::profile::ColourSpace;
use pixel::picture::{Metadata, Picture, Samples};
use pixel::{Orientation, Plane, Rect, Size};
use retouch::canvas::reduce_upright;
use retouch::lay::{Depth, StoredLayer};
use retouch::layer::Layer;
use retouch::pile::{Pile, flatten};
use retouch::scene::{Scene, encoded_srgb};
use retouch::{Blend, Engine, Key, Need, Options, Plugin, Recipe, Settings, Task, Unwatched, plugins};
use vision::{Look, Networks, Overview, Sight};

/// One engine for all tests of a process.
pub static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);
static NETWORKS: LazyLock<Networks> = LazyLock::new(|| Networks::new(rayon::current_num_threads()));

/// The fair sitter at half size, 500 × 500.
pub static LIGHT: LazyLock<Picture> = LazyLock::new(|| halved(&full_light()));
/// The dark sitter at half size, 500 × 500.
pub static DARK: LazyLock<Picture> = LazyLock::new(|| halved(&full_dark()));

/// The fair sitter as in the repository, 1000 × 1000.
pub fn full_light() -> Picture {
    decoded(include_bytes!("../../../../samples/portrait.jpg"))
}

/// The dark sitter as in the repository, 1000 × 1000.
pub fn full_dark() -> Picture {
    decoded(include_bytes!("../../../../samples/portrait-dark.jpg"))
}

/// Pixels only, as sRGB.
fn decoded(file: &[u8]) -> Picture {
    let picture = decode(file);
    Picture { metadata: Metadata::default(), ..picture }
}

/// Any file the engine can read.
pub fn decode(file: &[u8]) -> Picture {
    codec::decode(file, &Limits::default()).expect("decodes").picture
}

/// A picture of 8 bits without anything else.
pub fn plain(size: Size, rgb: Vec<u8>) -> Picture {
    Picture {
        size,
        rgb: Samples::U8(rgb),
        alpha: None,
        grey: false,
        orientation: Orientation::Upright,
        metadata: Metadata::default(),
    }
}

/// 8-bit samples.
pub fn bytes(picture: &Picture) -> &[u8] {
    match &picture.rgb {
        Samples::U8(samples) => samples,
        Samples::U16(_) => panic!("a picture of 8 bits"),
    }
}

/// Means of 2 × 2 pixels.
pub fn halved(picture: &Picture) -> Picture {
    let rgb = reduce_upright(picture, picture.upright_size().rect(), 2);
    let size = rgb[0].size();
    let samples = (0..size.area()).flat_map(|i| [0, 1, 2].map(|c| rgb[c].samples()[i]));
    plain(size, samples.map(|v| (v * 255.0).round() as u8).collect())
}

/// The pixels of a rectangle.
pub fn cropped(picture: &Picture, rect: Rect) -> Picture {
    let samples = bytes(picture);
    let row = |y: usize| &samples[3 * (y * picture.size.width + rect.x)..][..3 * rect.width];
    plain(rect.size(), (rect.y..rect.bottom()).flat_map(|y| row(y).iter().copied()).collect())
}

/// The file a client sends: lossless, so that results can be compared pixel by pixel.
pub fn upload(picture: &Picture) -> Vec<u8> {
    codec::encode(picture, Format::Png, &EncodeOptions::default()).expect("PNG holds every picture")
}

/// The file the engine gives back.
pub fn answer(picture: &Picture, recipe: &Recipe) -> Vec<u8> {
    ENGINE.retouch(&upload(picture), recipe, &Options::default(), &Unwatched).expect("retouches").bytes
}

/// The flat result.
pub fn retouched(picture: &Picture, recipe: &Recipe) -> Picture {
    decode(&answer(picture, recipe))
}

/// One plugin with its defaults.
pub fn only(plugin: &'static dyn Plugin) -> Recipe {
    Recipe { tasks: vec![Task::new(plugin)], ..Recipe::default() }
}

/// Every plugin, in the recommended order, both sliders at `strength` or at the end of their range.
pub fn everything(strength: f32) -> Recipe {
    let tasks = plugins().iter().map(|&plugin| {
        Task::new(plugin).with(Key::Alpha1, strength).with(Key::Alpha2, strength).with(Key::Automask, 1.0)
    });
    Recipe { tasks: tasks.collect(), ..Recipe::default() }
}

/// Plugins that work inside a region of a person's skin, eyes, mouth or clothes: all but those for backdrops
/// and those that change no pixel.
pub fn works_on_persons(plugin: &dyn Plugin) -> bool {
    let spec = plugin.spec();
    matches!(spec.blend, Blend::Normal | Blend::SoftLight) && spec.name != "Clean Backdrop"
}

/// A picture that was analysed once and can be drawn on as often as needed.
pub struct Sitting<'a> {
    /// The scene with every need met.
    pub scene: Scene<'a>,
    picture: &'a Picture,
}

impl Sitting<'_> {
    /// Analyses the picture and hands it to `work`.
    pub fn of<R>(picture: &Picture, work: impl FnOnce(&Sitting<'_>) -> R) -> R {
        let profile = picture.metadata.icc.as_deref().map(ColourSpace::from_icc);
        let space = profile.and_then(Result::ok).unwrap_or_else(ColourSpace::srgb);
        let lens = Lens { picture, space: &space };
        let full = picture.upright_size();
        let overview = Overview { rgb: lens.look(full.rect(), 1).into(), step: 1.0, full };
        let sight = Sight::new(&NETWORKS, overview, &lens).expect("has pixels");
        let mut scene = Scene::new(Pile::new(picture), &space, Some(&sight), &|| false);
        scene.meet(&[Need::Faces, Need::FaceRegions, Need::PictureRegions]).expect("networks run");
        work(&Sitting { scene, picture })
    }

    /// The flat result of one plugin alone.
    pub fn retouched(&self, plugin: &dyn Plugin, settings: &Settings) -> Picture {
        let mut layer = Layer::default();
        plugin.draw(&self.scene, settings, &mut layer);
        assert!(layer.lies_in(self.scene.size()), "{} drew outside the picture", plugin.spec().name);
        let depth = Depth::of(&self.picture.rgb);
        let (orientation, size) = (self.picture.orientation, self.picture.size);
        let stored =
            StoredLayer::new(&layer, plugin.spec().blend, orientation, size, depth, self.picture.grey);
        let mut picture = self.picture.clone();
        flatten(&mut picture, &[stored]);
        picture
    }

    /// Skin of all persons, pixel by pixel.
    pub fn skin(&self) -> Vec<f64> {
        let view = self.scene.picture().expect("every need is met");
        let (size, skin) = (self.scene.size(), view.fine(&view.regions.skin));
        let at = |i: usize| view.canvas.position((i % size.width) as f32, (i / size.width) as f32);
        (0..size.area())
            .map(|i| {
                let (u, v) = at(i);
                f64::from(skin.bilinear(u, v))
            })
            .collect()
    }
}

struct Lens<'a> {
    picture: &'a Picture,
    space: &'a ColourSpace,
}

impl Look for Lens<'_> {
    fn look(&self, rect: Rect, step: usize) -> [Plane; 3] {
        encoded_srgb(Cow::Owned(reduce_upright(self.picture, rect, step)), self.space).into_owned()
    }
}
