//! The pixels of one feature of a face, at full resolution.

use std::borrow::Cow;

use pixel::colour::Lab;
use pixel::{Plane, Rect, Size};

use crate::layer::{Layer, Patch};
use crate::pile::Pile;
use crate::scene::{Scene, encoded_srgb};

/// The pixels of a small full-resolution rectangle, as they are so far.
pub struct Pixels {
    /// Where they lie.
    pub rect: Rect,
    /// Encoded document RGB, 0..1.
    pub rgb: [Plane; 3],
    /// The same in CIELAB.
    pub lab: Lab,
}

impl Pixels {
    /// Reads the rectangle around full-resolution places with a margin in pixels; `None` outside the picture.
    pub fn around(scene: &Scene<'_>, places: &[[f32; 2]], margin: f32) -> Option<Self> {
        Self::rect_around(scene, places, margin).map(|rect| Self::read(scene, rect))
    }

    /// Reads a rectangle of the picture so far.
    pub fn read(scene: &Scene<'_>, rect: Rect) -> Self {
        Self::of(scene, rect, scene.read(rect))
    }

    /// Reads a rectangle of the upload, without the layers drawn so far.
    pub fn uploaded(scene: &Scene<'_>, rect: Rect) -> Self {
        Self::of(scene, rect, Pile::new(scene.pile().picture()).read(rect))
    }

    fn of(scene: &Scene<'_>, rect: Rect, rgb: [Plane; 3]) -> Self {
        let lab = scene.lab(&rgb);
        Self { rect, rgb, lab }
    }

    /// The rectangle around full-resolution places with a margin in pixels; `None` outside the picture.
    pub fn rect_around(scene: &Scene<'_>, places: &[[f32; 2]], margin: f32) -> Option<Rect> {
        let edge = |k: usize, pick: fn(f32, f32) -> f32| places.iter().map(|p| p[k]).reduce(pick);
        let (left, top) = (edge(0, f32::min)? - margin, edge(1, f32::min)? - margin);
        let (right, bottom) = (edge(0, f32::max)? + margin, edge(1, f32::max)? + margin);
        let rect = Rect::cover(left, top, right, bottom, scene.size());
        (!rect.is_empty()).then_some(rect)
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.lab.size()
    }

    /// Shows the pixels to a function that finds regions on a canvas.
    pub fn see<T>(&self, scene: &Scene<'_>, find: impl FnOnce(&vision::Canvas<'_>) -> T) -> T {
        let [red, green, blue] = &*encoded_srgb(Cow::Borrowed(&self.rgb), scene.space());
        find(&vision::Canvas { rgb: [red, green, blue], origin: (self.rect.x, self.rect.y), step: 1 })
    }

    /// Draws the `wished` colours into the layer, mixed in by `matte` (0..1); where it is 0 the layer stays
    /// empty.
    pub fn draw(&self, scene: &Scene<'_>, wished: &Lab, matte: &Plane, layer: &mut Layer) {
        if matte.max() > 0.0 {
            layer.patches.push(Patch::mixed(self.rect, &self.rgb, &scene.document(wished), matte));
        }
    }
}

/// Hermite step: 0 at `from`, 1 at `to`, in either direction.
pub fn ramp(value: f32, from: f32, to: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The value below which `share` (0..1) of the samples with a weight above 1/2 lie; `None` when they are fewer
/// than `least`.
pub fn quantile(plane: &Plane, weight: &Plane, share: f32, least: usize) -> Option<f32> {
    let pairs = plane.samples().iter().zip(weight.samples());
    let mut values: Vec<f32> = pairs.filter(|(_, w)| **w > 0.5).map(|(v, _)| *v).collect();
    if values.is_empty() || values.len() < least {
        return None;
    }
    let rank = ((values.len() - 1) as f32 * share.clamp(0.0, 1.0)) as usize;
    Some(*values.select_nth_unstable_by(rank, f32::total_cmp).1)
}
