//! Made-up whole pictures with regions drawn by hand, for the tests of plugins that work on all of a picture.

use pixel::colour::profile::ColourSpace;
use pixel::picture::{Metadata, Picture, Samples};
use pixel::{Orientation, Plane, Size};
use vision::PictureRegions;

use crate::canvas::Canvas;
use crate::pile::{Pile, flatten};
use crate::plugin::{Need, Plugin, Settings};
use crate::scene::{PictureView, Scene};

/// A picture of 8 bits in sRGB, and where its clothes and its person are.
pub struct WholePicture {
    /// The upload.
    pub picture: Picture,
    step: usize,
    clothes: fn(usize, usize) -> bool,
    person: fn(usize, usize) -> bool,
}

impl WholePicture {
    /// `colour` gives encoded sRGB 0..1 at a column and row; `clothes` and `person` say what a pixel shows.
    pub fn new(
        size: Size,
        step: usize,
        colour: impl Fn(usize, usize) -> [f32; 3],
        clothes: fn(usize, usize) -> bool,
        person: fn(usize, usize) -> bool,
    ) -> Self {
        let pixels = (0..size.area()).flat_map(|i| colour(i % size.width, i / size.width));
        let rgb = Samples::U8(pixels.map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8).collect());
        let (orientation, metadata) = (Orientation::Upright, Metadata::default());
        let picture = Picture { size, rgb, alpha: None, grey: false, orientation, metadata };
        Self { picture, step, clothes, person }
    }

    /// Interleaved samples of the upload.
    pub fn before(&self) -> Vec<u8> {
        bytes(&self.picture)
    }

    /// Interleaved samples of the flat result of one plugin.
    pub fn after(&self, plugin: &dyn Plugin, settings: &Settings) -> Vec<u8> {
        let space = ColourSpace::srgb();
        let pile = Pile::new(&self.picture);
        let canvas = Canvas::read(&pile, self.picture.size.rect(), self.step, &space);
        let matte = |inside: fn(usize, usize) -> bool| {
            Plane::from_fn(canvas.size(), |i, j| if inside(i * self.step, j * self.step) { 1.0 } else { 0.0 })
        };
        let none = || Plane::zeros(canvas.size());
        let (clothes, person) = (matte(self.clothes), matte(self.person));
        let background = person.map(|p| 1.0 - p);
        let regions =
            PictureRegions { skin: none(), hair: none(), clothes, other: none(), person, background };
        let view = PictureView { canvas: canvas.into(), regions: regions.into() };
        let mut scene = Scene::new(pile, &space, None, &|| false).with_picture(Vec::new(), view);
        let mut layer = crate::layer::Layer::default();
        plugin.draw(&scene, settings, &mut layer);
        assert!(layer.lies_in(self.picture.size), "a layer outside the picture");
        scene.lay(&layer, plugin.spec().blend, &Need::ALL);
        let layers = scene.into_pile().into_layers();
        let mut picture = self.picture.clone();
        flatten(&mut picture, &layers);
        bytes(&picture)
    }
}

fn bytes(picture: &Picture) -> Vec<u8> {
    match &picture.rgb {
        Samples::U8(samples) => samples.clone(),
        Samples::U16(_) => unreachable!("made-up pictures have 8 bits"),
    }
}

/// Grain of about one level, the same at every call.
pub fn grain(x: usize, y: usize) -> f32 {
    let mut hash = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(0x2C1B_3C6D);
    hash ^= hash >> 13;
    (hash & 0xFFFF) as f32 / 65535.0 - 0.5
}
