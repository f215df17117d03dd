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
const STUDIO_UNEVENNESS: f32 = 0.82;
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
        let outside = view.fine(&view.regions.background).map(|b| if b > 1.0 - limit { 1.0 } else { 0.0 });
        let margin = (if automask { 0.004 } else { 0.002 } * long_edge).max(2.0);
        let depth = distance_inside(&outside);
        let region = depth.map(|d| if d > margin { 1.0 } else { 0.0 });
        if region.sum() < f64::from(LEAST_SHARE) * size.area() as f64 {
            return None;
        }
        let factor = (size.long_edge() / LIGHT_LONG_EDGE).max(1);
        let light_region = reduce(&region, factor).map(|r| if r > 0.99 { 1.0 } else { 0.0 });
        let depth = distance_inside(&light_region);
        let hair = reduce(&view.fine(&view.regions.hair), factor);
        let hair_reach = face.unwrap_or(0.15 * long_edge) * 0.2 / factor as f32;
        let grid = Grid { step: canvas.grid.step * factor, ..canvas.grid };
        let from_hair = distance_outside(&hair);
        let backdrop = Self { region, long_edge, factor, light_region, depth, from_hair, hair_reach, grid };
        backdrop.is_studio(&backdrop.reduced(canvas.lab())).then_some(backdrop)
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
            let left = unevenness(lab, &region, self.light_length(sigma));
            quantile(&magnitude(&left), &region, share, 1).is_some_and(|e| e <= STUDIO_UNEVENNESS)
        };
        uneven(NEAR_LIGHT, 0.7) && uneven(WIDE_LIGHT, 0.5)
    }
}

/// What is left of Lab planes after the smooth light seen through `weight` is taken off: local linear
/// regression with a Gaussian window of `sigma` samples, exact up to the frame's edge for even slopes.
pub fn unevenness(lab: &[Plane; 3], weight: &Plane, sigma: f32) -> [Plane; 3] {
    let size = weight.size();
    // Coordinates in windows from the middle keep the moments small.
    let x = |i: usize| ((i % size.width) as f32 - 0.5 * size.width as f32) / sigma;
    let y = |i: usize| ((i / size.width) as f32 - 0.5 * size.height as f32) / sigma;
    let moment = |value: &(dyn Fn(usize) -> f32 + Sync)| {
        let samples = weight.samples().iter().enumerate();
        let weighted = samples.map(|(i, &w)| if w > 0.0 { w * value(i) } else { 0.0 }).collect();
        gauss(&Plane::from_vec(size, weighted), sigma)
    };
    let sum = moment(&|_| 1.0);
    let mean = |value: &(dyn Fn(usize) -> f32 + Sync)| moment(value).zip(&sum, |m, s| m / s.max(1e-4));
    let (mx, my) = (mean(&x), mean(&y));
    let [mxx, mxy, myy] = [mean(&|i| x(i) * x(i)), mean(&|i| x(i) * y(i)), mean(&|i| y(i) * y(i))];
    [0, 1, 2].map(|c| {
        let f = |i: usize| lab[c].samples()[i];
        let (mf, mfx, mfy) = (mean(&f), mean(&|i| f(i) * x(i)), mean(&|i| f(i) * y(i)));
        let mut left = Plane::zeros(size);
        for i in 0..size.area() {
            if sum.samples()[i] < 1e-3 {
                continue;
            }
            let at = |plane: &Plane| plane.samples()[i];
            let (ax, ay, af) = (at(&mx), at(&my), at(&mf));
            let xx = at(&mxx) - ax * ax + RIDGE;
            let yy = at(&myy) - ay * ay + RIDGE;
            let xy = at(&mxy) - ax * ay;
            let (xf, yf) = (at(&mfx) - ax * af, at(&mfy) - ay * af);
            let determinant = (xx * yy - xy * xy).max(1e-4);
            let slope_x = (yy * xf - xy * yf) / determinant;
            let slope_y = (xx * yf - xy * xf) / determinant;
            left.samples_mut()[i] = f(i) - (af + slope_x * (x(i) - ax) + slope_y * (y(i) - ay));
        }
        gauss(&left, 1.0)
    })
}

/// Variance of place, in squared windows, below which no slope is believed.
const RIDGE: f32 = 0.02;

/// Length of the Lab vector at each sample.
pub fn magnitude(lab: &[Plane; 3]) -> Plane {
    let squares = lab[1].zip(&lab[2], |a, b| a * a + b * b);
    lab[0].zip(&squares, |l, s| (l * l + s).sqrt())
}
