//! The backdrop of a picture: where it is, whether it is one at all, and its smooth light.

use pixel::colour::Lab;
use pixel::filter::{distance_inside, distance_outside, gauss, reduce};
use pixel::{Plane, Rect, Size};

use super::quantile;
use crate::layer::{Effect, Field, Grid};
use crate::scene::PictureView;

/// Long edge of the grid on which the light of a backdrop is thought.
const LIGHT_LONG_EDGE: usize = 360;
/// Less backdrop than this share of the picture is not worth judging.
const LEAST_SHARE: f32 = 0.06;
/// Unevenness in ΔE*ab that a studio backdrop stays below: seven tenths of it against the light around
/// (sigma [`NEAR_LIGHT`]), half of it against the wide light (sigma [`WIDE_LIGHT`]).
const STUDIO_UNEVENNESS: f32 = 0.76;
const NEAR_LIGHT: f32 = 0.03;
const WIDE_LIGHT: f32 = 0.06;
/// Distance from the person within which light and shadow of the person fall on the backdrop.
const PERSON_MARGIN: f32 = 0.03;

/// The backdrop behind the persons. Lengths in shares of the picture's long edge unless said otherwise.
pub struct Backdrop {
    /// 1 on backdrop samples of the canvas, else 0.
    pub region: Plane,
    /// Long edge in canvas samples.
    pub long_edge: f32,
    /// Canvas samples a sample of the light grid.
    pub factor: usize,
    /// 1 on samples of the light grid that are wholly backdrop, else 0.
    pub light_region: Plane,
    /// Distance from each light-grid sample of the backdrop to what is not backdrop, in light-grid samples.
    pub depth: Plane,
    /// Distance from hair in light-grid samples.
    pub from_hair: Plane,
    /// How far stray hair can lie from the hair, in light-grid samples.
    pub hair_reach: f32,
    grid: Grid,
}

impl Backdrop {
    /// `face` is the width of the largest face in canvas samples. `None` when there is no studio-like backdrop.
    pub fn open(view: &PictureView, face: Option<f32>, automask: bool) -> Option<Self> {
        let canvas = &view.canvas;
        let size = canvas.size();
        let long_edge = size.long_edge() as f32;
        let limit = if automask { 0.004 } else { 0.03 };
        let outside = view.regions.person.map(|p| if p < limit { 1.0 } else { 0.0 });
        let margin = (if automask { 0.004 } else { 0.002 } * long_edge).max(2.0);
        let depth = distance_inside(&outside);
        let region = depth.map(|d| if d > margin { 1.0 } else { 0.0 });
        if region.sum() < f64::from(LEAST_SHARE) * size.area() as f64 {
            return None;
        }
        let factor = (size.long_edge() / LIGHT_LONG_EDGE).max(1);
        let light_region = reduce(&region, factor).map(|r| if r > 0.99 { 1.0 } else { 0.0 });
        let depth = distance_inside(&light_region);
        let hair = reduce(&view.regions.hair, factor);
        let hair_reach = face.unwrap_or(0.15 * long_edge) * 0.2 / factor as f32;
        let grid = Grid { step: canvas.grid.step * factor, ..canvas.grid };
        let from_hair = distance_outside(&hair);
        let backdrop = Self { region, long_edge, factor, light_region, depth, from_hair, hair_reach, grid };
        backdrop.is_studio(&backdrop.reduced(&canvas.lab)).then_some(backdrop)
    }

    /// A length given as a share of the long edge, in canvas samples.
    pub fn length(&self, share: f32) -> f32 {
        share * self.long_edge
    }

    /// A length given as a share of the long edge, in samples of the light grid.
    pub fn light_length(&self, share: f32) -> f32 {
        share * self.long_edge / self.factor as f32
    }

    /// Size of the light grid.
    pub fn light_size(&self) -> Size {
        self.light_region.size()
    }

    /// Canvas colours on the light grid.
    pub fn reduced(&self, lab: &Lab) -> [Plane; 3] {
        [&lab.l, &lab.a, &lab.b].map(|plane| reduce(plane, self.factor))
    }

    /// Offsets in encoded document RGB on the light grid as a correction of the picture.
    pub fn field(&self, offset: [Plane; 3]) -> Field {
        let gain = [0; 3].map(|_| Plane::zeros(self.light_size()));
        Field { grid: self.grid, effect: Effect::Affine { gain, offset }, matte: None }
    }

    /// The full-resolution rectangle of canvas samples `rect`.
    pub fn full(&self, rect: Rect) -> Rect {
        let step = self.grid.step / self.factor;
        let (x, y) = (self.grid.x + rect.x * step, self.grid.y + rect.y * step);
        Rect { x, y, width: rect.width * step, height: rect.height * step }.intersect(self.grid.rect)
    }

    fn is_studio(&self, lab: &[Plane; 3]) -> bool {
        let margin = self.light_length(PERSON_MARGIN);
        let region = self.depth.zip(&self.light_region, |d, r| if d > margin { r } else { 0.0 });
        if region.sum() < f64::from(LEAST_SHARE) * region.size().area() as f64 {
            return false;
        }
        let uneven = |sigma, share| {
            let residual = residual(lab, &region, self.light_length(sigma), 4);
            quantile(&magnitude(&residual), &region, share, 1).is_some_and(|e| e <= STUDIO_UNEVENNESS)
        };
        uneven(NEAR_LIGHT, 0.7) && uneven(WIDE_LIGHT, 0.5)
    }
}

/// What is left of Lab planes after their smooth light inside `region` is taken off.
///
/// The light is a second-order Gaussian regression (sigma in samples) that trusts a sample the less the
/// more it differs from it, in `rounds` rounds; dirt has no part in it.
pub fn residual(lab: &[Plane; 3], region: &Plane, sigma: f32, rounds: usize) -> [Plane; 3] {
    let mut weight = region.clone();
    let mut left = lab.clone();
    for round in 0..=rounds {
        let reach = gauss(&weight, sigma);
        let mean = |plane: &Plane| {
            let sum = gauss(&plane.zip(&weight, |v, w| v * w), sigma);
            sum.zip(&reach, |s, w| s / w.max(1e-4))
        };
        left = [0, 1, 2].map(|c| {
            let first = lab[c].zip(&mean(&lab[c]), |v, m| v - m);
            let second = mean(&first);
            gauss(&first.zip(&second, |v, m| v - m), 1.0)
        });
        if round < rounds {
            let size = magnitude(&left);
            let typical = 1.2 * quantile(&size, region, 0.5, 1).unwrap_or(0.0);
            let doubt = 1.5 * typical.clamp(0.3, 0.8);
            weight = size.zip(region, |e, r| r / (1.0 + (e / doubt).powi(2)).powi(2));
        }
    }
    left
}

/// Length of the Lab vector at each sample.
pub fn magnitude(lab: &[Plane; 3]) -> Plane {
    let squares = lab[1].zip(&lab[2], |a, b| a * a + b * b);
    lab[0].zip(&squares, |l, s| (l * l + s).sqrt())
}
