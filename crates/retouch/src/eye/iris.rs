//! The iris: its circle, read from its own rim, and what of it can be seen between the lids.

use pixel::filter::{gauss, guided_colour, reduce};
use pixel::{Plane, ramp};

use super::lids::Lids;
use super::{distance, flags, median, toward};
use crate::feature::Pixels;

/// Rise of L* up to which a rim is the clearer; the edge of a catchlight beside the pupil rises far more than the rim of
/// an iris, and is hardly a clearer rim for it.
const CLEAR: f32 = 18.0;
/// How far from the iris to the lid a colour is the lid's where the landmarks have lid and the picture has eye, at least
/// and surely.
const LID: [f32; 2] = [0.3, 0.5];

/// A circle and how clear its rim is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Iris {
    pub centre: [f32; 2],
    pub radius: f32,
    /// Mean rise of L* across the rim.
    pub rim: f32,
}

/// Moves the circle to where the rim is clearest (the integro-differential operator of Daugman, 1993, on the
/// arcs that the lids leave free), never far from where the landmarks have it. `axis` is the unit vector along the eye.
pub(super) fn fit(lightness: &Plane, opening: &Plane, axis: [f32; 2], guess: Iris) -> Iris {
    // Some twenty pixels of radius say as much as two hundred.
    let step = ((guess.radius / 20.0) as usize).max(1);
    let scale = step as f32;
    let small = |v: f32| (v + 0.5) / scale - 0.5;
    let radius = guess.radius / scale;
    let opening = reduce(opening, step);
    let lightness = gauss(&reduce(lightness, step), 0.05 * radius);
    let search = Search { lightness, free: opening, axis };
    let start = [small(guess.centre[0]), small(guess.centre[1]), radius];
    let coarse = |strict: bool| search.best(start, start, 0.06 * radius, [5, 4, 5], strict);
    let fine = search.best(start, coarse(true), 0.02 * radius, [2, 2, 2], true);
    // Whether there is a rim at all is asked as mildly as can be: whites may lie in the shadow of lashes.
    let rim = search.rim(coarse(false), false).unwrap_or(0.0);
    let full = |v: f32| (v + 0.5) * scale - 0.5;
    Iris { centre: [full(fine[0]), full(fine[1])], radius: fine[2] * scale, rim }
}

struct Search {
    lightness: Plane,
    /// Where the eye can be seen.
    free: Plane,
    /// Unit vector along the eye.
    axis: [f32; 2],
}

impl Search {
    /// The best circle (x, y, radius) around `from`, `count` steps to either side; being away from `start` costs.
    fn best(&self, start: [f32; 3], from: [f32; 3], step: f32, count: [i32; 3], strict: bool) -> [f32; 3] {
        let [ax, ay] = self.axis;
        let mut best = (f32::NEG_INFINITY, from);
        for along in -count[0]..=count[0] {
            for across in -count[1]..=count[1] {
                for size in -count[2]..=count[2] {
                    let [u, v, s] = [along, across, size].map(|n| n as f32 * step);
                    let [x, y, r] = [from[0] + u * ax - v * ay, from[1] + u * ay + v * ax, from[2] + s];
                    let Some(rim) = self.rim([x, y, r], strict) else { continue };
                    // Landmarks know the size of an iris better than its place.
                    let moved = (x - start[0]).powi(2) + (y - start[1]).powi(2);
                    let score = rim - (20.0 * moved + 90.0 * (r - start[2]).powi(2)) / start[2].powi(2);
                    if score > best.0 {
                        best = (score, [x, y, r]);
                    }
                }
            }
        }
        best.1
    }

    /// Rise of L* across the rim of a circle (x, y, radius), the mean of both sides of the eye; `None` where lids
    /// hide it. When `strict`, all near the rim must be dark inside and light outside: a pupil or a catchlight has
    /// an edge, too, but no white behind it and no iris before it.
    fn rim(&self, circle: [f32; 3], strict: bool) -> Option<f32> {
        const ARC: [f32; 9] = [-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0];
        let ([x, y, r], [ax, ay]) = (circle, self.axis);
        let (mut sum, mut count) = (0.0, 0.0);
        for side in [-1.0f32, 1.0] {
            for angle in ARC {
                let (sin, cos) = angle.sin_cos();
                let (dx, dy) = (side * cos * ax - sin * ay, side * cos * ay + sin * ax);
                let at = |k: f32| (x + k * r * dx, y + k * r * dy);
                let free = |k: f32| self.free.bilinear(at(k).0, at(k).1) > 0.7;
                let light = |k: f32| self.lightness.bilinear(at(k).0, at(k).1);
                if !free(1.12) || !free(0.86) {
                    continue;
                }
                let (mut white, mut iris) = (light(1.12), light(0.86));
                if strict && free(1.28) {
                    white = white.min(light(1.28));
                }
                if strict && free(0.68) {
                    iris = iris.max(light(0.68));
                }
                let rise = (white - iris).max(-5.0);
                sum += if strict {
                    rise / (1.0 + (rise.max(0.0) / CLEAR).powi(2)).sqrt()
                } else {
                    rise.min(25.0)
                };
                count += 1.0;
            }
        }
        (count >= 3.0).then(|| sum / (count + 2.0))
    }
}

/// The iris between the lids: its disc, narrowed to the pixels that differ from lids and skin. Where the landmarks have
/// lid and the picture has eye (`settled`), the iris goes on as far as its colour does.
pub(super) fn visible(pixels: &Pixels, lids: &Lids, settled: Option<&Lids>, iris: Iris) -> Plane {
    let r = iris.radius;
    let disc = Plane::from_fn(pixels.size(), |x, y| {
        ramp(distance([x as f32, y as f32], iris.centre), r + 0.5, 0.9 * r - 0.5)
    });
    let on = settled.and_then(|settled| going_on(pixels, lids, settled, iris));
    let opening = on.map_or_else(|| lids.opening.clone(), |on| on.zip(&lids.opening, f32::max));
    let prior = disc.zip(&gauss(&opening, 0.05 * r), |d, o| d * ramp(o, 0.4, 0.9));
    let guide = [&pixels.rgb[0], &pixels.rgb[1], &pixels.rgb[2]];
    let refined = guided_colour(guide, &prior, (0.16 * r).max(0.7), 4e-4);
    refined.zip(&prior, |v, p| ramp(v, 0.25, 0.8).min(p))
}

/// Where the settled lids are open and the colour is the iris's and not the lower lid's; `None` when either cannot be seen.
fn going_on(pixels: &Pixels, lids: &Lids, settled: &Lids, iris: Iris) -> Option<Plane> {
    let (r, size) = (iris.radius, pixels.size());
    let ring = flags(size, |x, y| {
        let off = distance([x as f32, y as f32], iris.centre);
        lids.inside.at(x, y) > 0.1 * r && off > 0.5 * r && off < 0.95 * r
    });
    let lid = flags(size, |x, y| {
        let along = settled.along(iris.centre, [x as f32, y as f32]);
        settled.is_lower_lid(x, y, [0.1 * r, 0.4 * r]) && along.abs() < r
    });
    let smooth = [&pixels.lab.l, &pixels.lab.a, &pixels.lab.b].map(|plane| gauss(plane, 0.05 * r));
    let (from, to) = (median(&smooth, &ring)?, median(&smooth, &lid)?);
    let lidlike = toward(&smooth, from, to, 1.0);
    Some(settled.opening.zip(&lidlike, |o, t| o * ramp(t, LID[1], LID[0])))
}
