//! Parts of persons: hair, skin of face and body, clothes, other things worn or held.

use pixel::filter::sample_grid;
use pixel::{Plane, Rect, Size, ramp};

use crate::error::VisionError;
use crate::faces::Face;
use crate::networks::{Networks, PARTS_SIDE};
use crate::view::{Beyond, Grid, View, sample};

/// Number of classes.
pub const CLASSES: usize = 6;
/// Side of the square around a head, in sides of the detector's box.
const HEAD_SQUARE: f32 = 2.4;
/// Width of the soft border of a head run, as a share of its sides.
const SOFT_BORDER: f32 = 0.12;

/// A class of the parts network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// No person.
    Background,
    /// Hair of the head; a full beard is sometimes counted here, sometimes as face skin.
    Hair,
    /// Skin below the chin.
    BodySkin,
    /// Skin of the face, with lips, eyes and brows.
    FaceSkin,
    /// Anything worn on the body.
    Clothes,
    /// Glasses, jewellery, things held.
    Other,
}

/// Class probabilities of a part of the picture.
#[derive(Clone, Debug)]
pub struct Parts {
    /// What was looked at, in full-resolution upright pixels.
    pub rect: Rect,
    /// Softmax of the classes in the order of [`Part`], each [`PARTS_SIDE`]² stretched over `rect`.
    pub probability: [Plane; CLASSES],
}

impl Parts {
    /// Runs the network on `rect` of the picture.
    pub(crate) fn read(networks: &Networks, view: &View<'_>, rect: Rect) -> Result<Self, VisionError> {
        let grid = stretch(rect, PARTS_SIDE);
        let mut rgb = sample(view, &grid, PARTS_SIDE, PARTS_SIDE, Beyond::Edge);
        rgb.iter_mut().for_each(|v| *v = *v * 2.0 - 1.0);
        let mut logits = networks.parts(rgb)?;
        softmax(&mut logits, PARTS_SIDE * PARTS_SIDE);
        let size = Size::new(PARTS_SIDE, PARTS_SIDE);
        let area = size.area();
        let probability =
            std::array::from_fn(|c| Plane::from_vec(size, logits[c * area..(c + 1) * area].to_vec()));
        Ok(Self { rect, probability })
    }

    /// The same on the picture reduced by averaging blocks of `by` × `by` pixels.
    pub(crate) fn shrunk(&self, by: usize) -> Self {
        let (x, y) = (self.rect.x / by, self.rect.y / by);
        let (right, bottom) = (self.rect.right().div_ceil(by), self.rect.bottom().div_ceil(by));
        let rect = Rect { x, y, width: right - x, height: bottom - y };
        Self { rect, probability: self.probability.clone() }
    }

    /// The plane of one class.
    pub fn plane(&self, part: Part) -> &Plane {
        &self.probability[part as usize]
    }

    /// Probabilities at a full-resolution place, bilinear; beyond the rectangle its edge goes on.
    pub fn at(&self, x: f32, y: f32) -> [f32; CLASSES] {
        let (u, v) = (self.column(x), self.row(y));
        std::array::from_fn(|c| self.probability[c].bilinear(u, v))
    }

    /// [`Parts::at`] in all columns `xs` of all rows `ys`.
    fn sample(&self, xs: &[f32], ys: &[f32]) -> [Plane; CLASSES] {
        let us: Vec<f32> = xs.iter().map(|&x| self.column(x)).collect();
        let vs: Vec<f32> = ys.iter().map(|&y| self.row(y)).collect();
        std::array::from_fn(|c| sample_grid(&self.probability[c], &us, &vs))
    }

    fn column(&self, x: f32) -> f32 {
        (x + 0.5 - self.rect.x as f32) * PARTS_SIDE as f32 / self.rect.width as f32 - 0.5
    }

    fn row(&self, y: f32) -> f32 {
        (y + 0.5 - self.rect.y as f32) * PARTS_SIDE as f32 / self.rect.height as f32 - 0.5
    }

    /// 1 well inside the rectangle, falling to 0 at those of its edges that are not edges of the picture.
    fn weight(&self, x: f32, y: f32, full: Size) -> f32 {
        ramp(self.inside_columns(x, full).min(self.inside_rows(y, full)), 0.0, 1.0)
    }

    fn inside_columns(&self, x: f32, full: Size) -> f32 {
        inside(x, self.rect.x, self.rect.width, full.width)
    }

    fn inside_rows(&self, y: f32, full: Size) -> f32 {
        inside(y, self.rect.y, self.rect.height, full.height)
    }
}

/// How far inside the part from `low` on of a side of `max` pixels a place is: 0 at its ends to 1, where the ends are
/// not those of the side.
fn inside(place: f32, low: usize, length: usize, max: usize) -> f32 {
    let soft = SOFT_BORDER * length as f32;
    let before = if low == 0 { 1.0 } else { (place - low as f32) / soft };
    let after = if low + length == max { 1.0 } else { ((low + length) as f32 - place) / soft };
    before.min(after).clamp(0.0, 1.0)
}

/// Parts of the whole picture with closer runs on heads laid over.
#[derive(Clone, Debug)]
pub struct PartsMap<'a> {
    /// The run on the whole picture.
    pub whole: &'a Parts,
    /// Runs on the largest heads; empty when the whole picture is close enough.
    pub heads: &'a [Parts],
    /// Size of the picture.
    pub full: Size,
}

impl PartsMap<'_> {
    /// Probabilities at a full-resolution place; they sum to 1.
    pub fn at(&self, x: f32, y: f32) -> [f32; CLASSES] {
        let mut sum = [0.0; CLASSES];
        let mut weights = 0.0;
        for head in self.heads {
            let weight = head.weight(x, y, self.full);
            if weight > 0.0 {
                weights += weight;
                let at = head.at(x, y);
                (0..CLASSES).for_each(|c| sum[c] += weight * at[c]);
            }
        }
        if weights < 1.0 {
            let at = self.whole.at(x, y);
            (0..CLASSES).for_each(|c| sum[c] += (1.0 - weights) * at[c]);
            return sum;
        }
        sum.map(|v| v / weights)
    }

    /// [`PartsMap::at`] in all columns `xs` of all rows `ys`, one plane a class.
    pub fn sample(&self, xs: &[f32], ys: &[f32]) -> [Plane; CLASSES] {
        let mut planes = self.whole.sample(xs, ys);
        if self.heads.is_empty() {
            return planes;
        }
        let size = Size::new(xs.len(), ys.len());
        let mut weights = Plane::zeros(size);
        let mut sums: [Plane; CLASSES] = std::array::from_fn(|_| Plane::zeros(size));
        for head in self.heads {
            let own = head.sample(xs, ys);
            let columns: Vec<f32> = xs.iter().map(|&x| head.inside_columns(x, self.full)).collect();
            for (j, &y) in ys.iter().enumerate() {
                let row = head.inside_rows(y, self.full);
                if row == 0.0 {
                    continue;
                }
                let share: Vec<f32> = columns.iter().map(|c| ramp(c.min(row), 0.0, 1.0)).collect();
                weights.row_mut(j).iter_mut().zip(&share).for_each(|(sum, w)| *sum += w);
                for (sum, own) in sums.iter_mut().zip(&own) {
                    let pairs = share.iter().zip(own.row(j));
                    sum.row_mut(j).iter_mut().zip(pairs).for_each(|(sum, (w, v))| *sum += w * v);
                }
            }
        }
        for (plane, sum) in planes.iter_mut().zip(&sums) {
            let pairs = sum.samples().iter().zip(weights.samples());
            plane.samples_mut().iter_mut().zip(pairs).for_each(|(v, (sum, &weight))| {
                *v = if weight < 1.0 { sum + (1.0 - weight) * *v } else { sum / weight };
            });
        }
        planes
    }

    /// Full-resolution pixels a network sample stands for near a place: the size of the prior's blur.
    pub fn pitch(&self, x: f32, y: f32) -> f32 {
        let run = self.heads.iter().find(|head| head.weight(x, y, self.full) > 0.5).unwrap_or(self.whole);
        run.rect.width.max(run.rect.height) as f32 / PARTS_SIDE as f32
    }
}

/// The square around a head that the head run looks at, cut to the picture.
pub fn head_square(face: &Face, full: Size) -> Rect {
    let f = face.frame;
    let half = 0.5 * HEAD_SQUARE * (f[2] - f[0]).max(f[3] - f[1]);
    let (x, y) = ((f[0] + f[2]) * 0.5, (f[1] + f[3]) * 0.5);
    Rect::cover(x - half, y - half, x + half, y + half, full)
}

/// The grid of `side`² samples stretched over `rect`.
pub(crate) fn stretch(rect: Rect, side: usize) -> Grid {
    Grid::stretched(rect.x as f32, rect.y as f32, rect.width as f32, rect.height as f32, side, side)
}

/// Softmax over six planes of `area` logits each.
fn softmax(logits: &mut [f32], area: usize) {
    for i in 0..area {
        let peak = (0..CLASSES).map(|c| logits[c * area + i]).fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for c in 0..CLASSES {
            let v = (logits[c * area + i] - peak).exp();
            logits[c * area + i] = v;
            sum += v;
        }
        (0..CLASSES).for_each(|c| logits[c * area + i] /= sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uniform(rect: Rect, part: Part) -> Parts {
        let size = Size::new(PARTS_SIDE, PARTS_SIDE);
        let probability =
            std::array::from_fn(|c| Plane::filled(size, if c == part as usize { 1.0 } else { 0.0 }));
        Parts { rect, probability }
    }

    #[test]
    fn softmax_sums_to_one_and_keeps_the_order() {
        let mut logits = vec![1.0, 900.0, 2.0, 0.0, 3.0, -900.0, 0.0, 1.0, 0.0, 2.0, 0.0, 3.0];
        softmax(&mut logits, 2);
        for i in 0..2 {
            let sum: f32 = (0..CLASSES).map(|c| logits[c * 2 + i]).sum();
            assert!((sum - 1.0).abs() < 1e-6);
        }
        assert!(logits[4] > logits[2] && logits[1] > 0.99);
    }

    #[test]
    fn a_grid_of_places_has_what_single_places_have() {
        let full = Size::new(1000, 800);
        let of = |rect: Rect, k: usize| {
            let size = Size::new(PARTS_SIDE, PARTS_SIDE);
            let probability =
                std::array::from_fn(|c| Plane::from_fn(size, |x, y| ((x * k + y * c) % 17) as f32 / 17.0));
            Parts { rect, probability }
        };
        let whole = of(full.rect(), 3);
        let heads = [of(Rect::from_edges(100, 0, 400, 300), 5), of(Rect::from_edges(350, 100, 700, 420), 2)];
        let map = PartsMap { whole: &whole, heads: &heads, full };
        let xs: Vec<f32> = (0..40).map(|i| 25.3 * i as f32).collect();
        let ys: Vec<f32> = (0..30).map(|j| 26.1 * j as f32).collect();
        let planes = map.sample(&xs, &ys);
        for (j, &y) in ys.iter().enumerate() {
            for (i, &x) in xs.iter().enumerate() {
                let at = map.at(x, y);
                assert!((0..CLASSES).all(|c| (planes[c].at(i, j) - at[c]).abs() < 1e-4), "{x} {y}");
            }
        }
    }

    #[test]
    fn a_head_run_rules_inside_and_fades_out_at_its_border() {
        let full = Size::new(1000, 800);
        let whole = uniform(full.rect(), Part::Clothes);
        let heads = [uniform(Rect::from_edges(100, 0, 300, 200), Part::Hair)];
        let map = PartsMap { whole: &whole, heads: &heads, full };
        assert_eq!(map.at(200.0, 100.0)[Part::Hair as usize], 1.0);
        assert_eq!(map.at(200.0, 0.0)[Part::Hair as usize], 1.0, "the picture's own edge is no border");
        assert_eq!(map.at(600.0, 100.0)[Part::Clothes as usize], 1.0);
        let soft = map.at(108.0, 100.0);
        assert!(soft[Part::Hair as usize] > 0.0 && soft[Part::Hair as usize] < 1.0);
        assert!((soft.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
}
