//! The lids of an eye: their contour as the landmarks have it, and the lower one as the picture has it.

use pixel::filter::{distance_inside, distance_outside};
use pixel::{Plane, Size};
use vision::Canvas;

use super::distance;
use super::iris::Iris;

/// Places along the lower lid that are looked at, and shares of its length at both ends that are left out: in the
/// corners nothing is white.
const PLACES: usize = 24;
const ENDS: f32 = 0.08;
/// Farthest that the lower lid lies outside of where the landmarks have it, and steps of the search, in iris radii.
/// Inward it is never moved: there colour tells white from lid place by place.
const REACH: f32 = 0.5;
const STEP: f32 = 0.05;
/// What being an iris radius off at both ends costs, in rise of likeness.
const COST: f32 = 1.2;
/// Depths on both sides of the lid that are compared, in iris radii.
const DEPTHS: [f32; 5] = [0.04, 0.1, 0.16, 0.22, 0.28];

/// A contour of two lids, in pixels.
pub(super) struct Lids {
    /// From one corner along the lower lid to the other corner, then back along the upper lid.
    ring: Vec<[f32; 2]>,
    /// The corner toward the temple, as the landmarks have it.
    pub outer: [f32; 2],
    /// The corner toward the nose.
    pub inner: [f32; 2],
    /// Unit vector along the eye, and the one from the upper to the lower lid.
    pub axis: [f32; 2],
    down: [f32; 2],
    /// Share of each pixel between the lids, 0..1.
    pub opening: Plane,
    /// How far each pixel between the lids is from the nearest one that is not, and the other way round.
    pub inside: Plane,
    pub outside: Plane,
}

impl Lids {
    /// The lids along `ring`: from one corner along the lower lid to the other corner, then back along the upper lid;
    /// `size` is that of the picture they are on.
    pub fn new(ring: Vec<[f32; 2]>, [outer, inner]: [[f32; 2]; 2], size: Size) -> Self {
        let length = distance(outer, inner).max(f32::MIN_POSITIVE);
        let axis = [0, 1].map(|k| (inner[k] - outer[k]) / length);
        let half = ring.len() / 2;
        let [lower, upper] = [half / 2, half + half / 2].map(|i| ring.get(i).copied().unwrap_or(outer));
        let across = [-axis[1], axis[0]];
        let side = (lower[0] - upper[0]) * across[0] + (lower[1] - upper[1]) * across[1];
        let down = if side < 0.0 { across.map(|v| -v) } else { across };
        let nothing = Plane::zeros(size);
        let opening = Canvas { rgb: [&nothing; 3], origin: (0, 0), step: 1 }.fill(&ring);
        let (inside, outside) = (distance_inside(&opening), distance_outside(&opening));
        Self { ring, outer, inner, axis, down, opening, inside, outside }
    }

    /// True on the lower lid, so far out of the opening: on its side of the line through the corners.
    pub fn is_lower_lid(&self, x: usize, y: usize, [near, far]: [f32; 2]) -> bool {
        let out = self.outside.at(x, y);
        let [dx, dy] = [x as f32 - self.outer[0], y as f32 - self.outer[1]];
        out > near && out < far && dx * self.down[0] + dy * self.down[1] > 0.0
    }

    /// How far `p` is from `from` along the eye.
    pub fn along(&self, from: [f32; 2], p: [f32; 2]) -> f32 {
        (p[0] - from[0]) * self.axis[0] + (p[1] - from[1]) * self.axis[1]
    }

    /// The lids with the lower one moved out to where the picture turns most clearly from white to lid: `likeness` is 0 at
    /// the surest white and 1 at the lid. `None` when it is best where it is.
    ///
    /// The lid moves as a whole, by one distance at one corner and by another one at the other. If it were free to bend, it
    /// would follow lashes and the tear line.
    pub fn settled(&self, likeness: &Plane, iris: Iris) -> Option<Self> {
        let half = self.ring.len() / 2;
        let lower = &self.ring[..=half];
        let steps = (REACH / STEP).round() as usize;
        let rises: Vec<(f32, Vec<f32>)> = places(lower)
            .filter(|(_, p)| distance(*p, iris.centre) > 1.15 * iris.radius)
            .map(|(t, p)| {
                let rise = |step| self.rise(likeness, p, step as f32 * STEP, iris.radius);
                (t, (0..=steps).map(rise).collect())
            })
            .collect();
        if rises.len() < 3 {
            return None;
        }
        let score = |ends: [usize; 2]| {
            let [first, last] = ends.map(|step| step as f32);
            let rise = |(t, rises): &(f32, Vec<f32>)| rises[(first + (last - first) * t).round() as usize];
            let off = (first * first + last * last) * STEP * STEP;
            rises.iter().map(rise).sum::<f32>() / rises.len() as f32 - COST * 0.5 * off
        };
        let mut best = ([0, 0], score([0, 0]));
        for ends in (0..=steps).flat_map(|first| (0..=steps).map(move |last| [first, last])) {
            let score = score(ends);
            if score > best.1 {
                best = (ends, score);
            }
        }
        if best.0 == [0, 0] {
            return None;
        }
        let off = best.0.map(|step| step as f32 * STEP * iris.radius);
        let (first, whole) = (lower[0], self.along(lower[0], lower[half]));
        let moved = |p: &[f32; 2]| {
            let t = (self.along(first, *p) / whole).clamp(0.0, 1.0);
            let off = off[0] + (off[1] - off[0]) * t;
            [0, 1].map(|k| p[k] + off * self.down[k])
        };
        let ring = lower.iter().map(moved).chain(self.ring[half + 1..].iter().copied());
        Some(Self::new(ring.collect(), [self.outer, self.inner], self.opening.size()))
    }

    /// Rise of the likeness from above to below a place `off` iris radii below `p`.
    fn rise(&self, likeness: &Plane, p: [f32; 2], off: f32, r: f32) -> f32 {
        let mean = |side: f32| {
            let at = |depth: f32| {
                let [x, y] = [0, 1].map(|k| p[k] + r * (off + side * depth) * self.down[k]);
                likeness.bilinear(x, y).clamp(0.0, 1.0)
            };
            DEPTHS.iter().map(|depth| at(*depth)).sum::<f32>() / DEPTHS.len() as f32
        };
        mean(1.0) - mean(-1.0)
    }
}

/// Places spread evenly along a line, each with its share of the way.
fn places(line: &[[f32; 2]]) -> impl Iterator<Item = (f32, [f32; 2])> {
    let whole: f32 = line.windows(2).map(|pair| distance(pair[0], pair[1])).sum();
    let shares = (0..PLACES).map(|i| (i as f32 + 0.5) / PLACES as f32);
    shares.filter(|t| (ENDS..=1.0 - ENDS).contains(t)).filter_map(move |t| {
        let mut left = t * whole;
        for pair in line.windows(2) {
            let length = distance(pair[0], pair[1]);
            if left <= length {
                let share = left / length.max(f32::MIN_POSITIVE);
                return Some((t, [0, 1].map(|k| pair[0][k] + share * (pair[1][k] - pair[0][k]))));
            }
            left -= length;
        }
        None
    })
}
