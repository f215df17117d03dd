//! Made-up pictures with regions drawn by hand: what plugins and the engine are tested on without networks.

use std::sync::Arc;

use pixel::colour::profile::ColourSpace;
use pixel::colour::{Lab, lab_to_linear};
use pixel::picture::{Metadata, Picture, Samples};
use pixel::{Orientation, Plane, Rect, Size};
use vision::{Face, FaceRegions, PictureRegions};

use super::{FaceView, PictureView, Scene};
use crate::canvas::Canvas;
use crate::layer::Layer;
use crate::pile::{Pile, flatten};
use crate::plugin::{Need, Plugin, Settings};

/// A picture in sRGB and what is to be seen on it. Regions nobody paints are empty.
pub(crate) struct SceneBuilder {
    /// The upload; change depth, orientation or alpha here before the scene is built.
    pub picture: Picture,
    space: ColourSpace,
    sitters: Vec<Sitter>,
    whole: Option<(usize, Brush<PictureRegions>)>,
}

type Brush<R> = Box<dyn Fn(&Canvas, &mut R)>;

struct Sitter {
    rect: Rect,
    step: usize,
    width: f32,
    paint: Brush<FaceRegions>,
}

impl SceneBuilder {
    /// A picture of 8 bits whose pixel at column x, row y is `colour(x, y)`, encoded sRGB 0..1.
    pub fn new(size: Size, colour: impl Fn(usize, usize) -> [f32; 3]) -> Self {
        let pixels = (0..size.area()).flat_map(|i| colour(i % size.width, i / size.width));
        let rgb = Samples::U8(pixels.map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8).collect());
        let picture = Picture {
            size,
            rgb,
            alpha: None,
            grey: false,
            orientation: Orientation::Upright,
            metadata: Metadata::default(),
        };
        Self { picture, space: ColourSpace::srgb(), sitters: Vec::new(), whole: None }
    }

    /// Adds a face without landmarks, `width` full-resolution pixels wide, in the middle of the upright `rect`;
    /// its canvas covers `rect` with `step` × `step` blocks. `paint` draws its regions on that canvas.
    pub fn face(
        mut self,
        rect: Rect,
        step: usize,
        width: f32,
        paint: impl Fn(&Canvas, &mut FaceRegions) + 'static,
    ) -> Self {
        self.sitters.push(Sitter { rect, step, width, paint: Box::new(paint) });
        self
    }

    /// Says what the whole picture is made of, on a canvas of `step` × `step` blocks.
    pub fn whole(mut self, step: usize, paint: impl Fn(&Canvas, &mut PictureRegions) + 'static) -> Self {
        self.whole = Some((step, Box::new(paint)));
        self
    }

    /// The scene, with nothing laid yet.
    pub fn scene(&self) -> Scene<'_> {
        let mut scene = Scene::new(Pile::new(&self.picture), &self.space, None, &|| false);
        for sitter in &self.sitters {
            let canvas = Canvas::read(scene.pile(), sitter.rect, sitter.step, &self.space);
            let mut regions = FaceRegions::none(canvas.size());
            (sitter.paint)(&canvas, &mut regions);
            let face = plain_face(sitter.rect, sitter.width);
            scene.views.found.push(face.clone());
            let (canvas, regions) = (Arc::new(canvas), Arc::new(regions));
            scene.views.faces.push(FaceView { face, canvas, regions, eyes: Arc::default() });
        }
        if let Some((step, paint)) = &self.whole {
            let canvas = Canvas::read(scene.pile(), scene.size().rect(), *step, &self.space);
            let mut regions = no_picture_regions(canvas.size());
            paint(&canvas, &mut regions);
            let (canvas, regions) = (Arc::new(canvas), Arc::new(regions));
            scene.views.picture = Some(PictureView { canvas, regions });
        }
        scene
    }

    /// What the plugin draws.
    pub fn draw(&self, plugin: &dyn Plugin, settings: &Settings) -> Layer {
        let mut layer = Layer::default();
        plugin.draw(&self.scene(), settings, &mut layer);
        layer
    }

    /// The flat result of one plugin.
    pub fn retouched(&self, plugin: &dyn Plugin, settings: &Settings) -> Picture {
        let layer = self.draw(plugin, settings);
        assert!(layer.lies_in(self.picture.upright_size()), "a layer outside the picture");
        let mut scene = self.scene();
        scene.lay(&layer, plugin.spec().blend, &Need::ALL);
        let mut picture = self.picture.clone();
        flatten(&mut picture, &scene.into_pile().into_layers());
        picture
    }
}

/// 240 × 240 pixels with these CIELAB colours; a disc of 100 in the middle is the skin of a face 180 wide.
pub(crate) fn skin_patch(colour: impl Fn(f32, f32) -> [f32; 3]) -> SceneBuilder {
    let size = Size::new(240, 240);
    let builder = SceneBuilder::new(size, |x, y| rgb_of(colour(x as f32, y as f32)));
    builder.face(size.rect(), 1, 180.0, |canvas, regions| {
        let disc = |x: usize, y: usize| (x as f32 - 120.0).hypot(y as f32 - 120.0) < 100.0;
        regions.skin = Plane::from_fn(canvas.size(), |x, y| if disc(x, y) { 1.0 } else { 0.0 });
        regions.oval = regions.skin.clone();
    })
}

/// CIELAB of a result, in stored orientation.
pub(crate) fn lab(picture: &Picture) -> Lab {
    let size = picture.size;
    let rgb = [0, 1, 2].map(|c| Plane::from_fn(size, |x, y| picture.rgb.unit(3 * (y * size.width + x) + c)));
    Lab::of([&rgb[0], &rgb[1], &rgb[2]], &ColourSpace::srgb())
}

/// Encoded sRGB of a CIELAB colour.
pub(crate) fn rgb_of(lab: [f32; 3]) -> [f32; 3] {
    ColourSpace::srgb().from_linear(lab_to_linear(lab))
}

/// The standard deviation inside a disc of `radius` around the middle of the plane.
pub(crate) fn spread(plane: &Plane, radius: f32) -> f32 {
    let (cx, cy) = (plane.width() as f32 / 2.0, plane.height() as f32 / 2.0);
    let inside = (0..plane.size().area()).filter(|i| {
        let (x, y) = ((i % plane.width()) as f32, (i / plane.width()) as f32);
        (x - cx).hypot(y - cy) < radius
    });
    let values: Vec<f32> = inside.map(|i| plane.samples()[i]).collect();
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32).sqrt()
}

fn plain_face(rect: Rect, width: f32) -> Face {
    let (x, y) = (rect.x as f32 + rect.width as f32 / 2.0, rect.y as f32 + rect.height as f32 / 2.0);
    let at = |dx: f32, dy: f32| [x + dx * width, y + dy * width];
    Face {
        frame: [x - 0.5 * width, y - 0.6 * width, x + 0.5 * width, y + 0.6 * width],
        score: 1.0,
        points: [at(-0.2, -0.15), at(0.2, -0.15), at(0.0, 0.1), at(-0.15, 0.3), at(0.15, 0.3)],
        mesh: None,
        width,
    }
}

fn no_picture_regions(size: Size) -> PictureRegions {
    let none = || Plane::zeros(size);
    PictureRegions {
        skin: none(),
        hair: none(),
        clothes: none(),
        other: none(),
        person: none(),
        background: none(),
    }
}
