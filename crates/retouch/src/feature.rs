//! The pixels of one feature of a face, at full resolution.

use std::borrow::Cow;

use pixel::colour::Lab;
use pixel::rank::{at_rank, inside};
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

/// Close to `value` while that is small against `limit`, never beyond it: a hyperbolic tangent, by the continued fraction
/// of Lambert (1768), which is right to 2 in 10,000 and a loop can do for many samples at once.
#[inline]
pub fn soft_limit(value: f32, limit: f32) -> f32 {
    let x = (value / limit).clamp(-4.9, 4.9);
    let square = x * x;
    let above = 135_135.0 + square * (17_325.0 + square * (378.0 + square));
    let below = 135_135.0 + square * (62_370.0 + square * (3_150.0 + square * 28.0));
    limit * (x * above / below).clamp(-1.0, 1.0)
}

/// The value below which `share` (0..1) of the samples with a weight above 1/2 lie; `None` when they are fewer
/// than `least`.
pub fn quantile(plane: &Plane, weight: &Plane, share: f32, least: usize) -> Option<f32> {
    let values = inside(plane, weight, 1);
    if values.len() < least { None } else { at_rank(values, share) }
}

#[cfg(test)]
mod tests {
    use super::soft_limit;

    #[test]
    fn a_soft_limit_is_a_hyperbolic_tangent_and_never_falls() {
        let mut last = f32::NEG_INFINITY;
        for i in -4000..=4000 {
            let value = i as f32 * 0.01;
            let limited = soft_limit(value, 5.0);
            assert!((limited - 5.0 * (value / 5.0).tanh()).abs() < 1e-3, "{value}: {limited}");
            assert!(limited >= last - 1e-6 && limited.abs() <= 5.0);
            last = limited;
        }
        assert_eq!(soft_limit(0.0, 5.0), 0.0);
    }
}
