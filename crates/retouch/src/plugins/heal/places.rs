//! Where the skin is to be repaired: connected places, each with the skin around that its repair goes on from.

use pixel::filter::{Components, distance_outside, label};
use pixel::{Plane, Rect};

use super::grid::Distances;
use super::look::Look;

/// Width of the ring of skin around a mark that a repair must go on from, in face widths.
const RING: f32 = 0.009;

/// A connected place to be repaired.
pub(super) struct Place {
    /// Samples to be replaced, and the ring around them.
    pub inside: Vec<(usize, usize)>,
    pub ring: Vec<(usize, usize)>,
    /// The ring of the whole mark as far as it lies near this piece: what the tone goes on from.
    pub anchors: Vec<(usize, usize)>,
    pub bounds: Rect,
    /// False for a piece of what was cut.
    pub whole: bool,
}

impl Place {
    /// Radius of a disc as large, in samples.
    pub fn radius(&self) -> f32 {
        (self.inside.len() as f32 / std::f32::consts::PI).sqrt()
    }

    /// The place on `rect`, which holds it: `value` on its samples, 0 beside them.
    pub fn drawn(&self, rect: Rect, value: impl Fn(usize, usize) -> f32) -> Plane {
        let mut plane = Plane::zeros(rect.size());
        self.inside.iter().for_each(|&(x, y)| *plane.at_mut(x - rect.x, y - rect.y) = value(x, y));
        plane
    }

    /// Distances from the place as far as `reach` around it.
    pub fn distances(&self, look: &Look, reach: f32) -> Distances {
        Distances::new(self.inside.iter().copied(), self.bounds, reach, look.size())
    }
}

/// The connected places; long ones are cut to pieces that find their source on their own.
pub(super) fn places(look: &Look, wanted: &Plane) -> Vec<Place> {
    let size = look.size();
    let marked = wanted.map(|v| if v > 0.0 { 1.0 } else { 0.0 });
    let parts = label(&marked);
    let ring_width = (RING * look.width).max(3.0);
    let mut places = Vec::new();
    for (number, bounds) in parts.bounds.iter().enumerate() {
        let filled = parts.areas[number] as f32 / bounds.size().area() as f32;
        let piece = look.width * if filled > 0.35 { 0.2 } else { 0.05 };
        let cut = |length: usize| length.div_ceil((length as f32 / piece.max(12.0)).ceil() as usize).max(1);
        let (across, down) = (cut(bounds.width), cut(bounds.height));
        let around = bounds.grow(ring_width as usize + 1, size);
        let rim = rim(look, &marked, &parts, number as u32 + 1, around, ring_width);
        for top in (bounds.y..bounds.bottom()).step_by(down) {
            for left in (bounds.x..bounds.right()).step_by(across) {
                let tile = Rect { x: left, y: top, width: across, height: down }.intersect(*bounds);
                let inside: Vec<(usize, usize)> =
                    cells(tile).filter(|&(x, y)| parts.at(x, y) as usize == number + 1).collect();
                if inside.is_empty() {
                    continue;
                }
                let ring = ring(look, &marked, tile, &inside, ring_width);
                let wide = tile.grow(piece as usize, size).intersect(around);
                let anchors: Vec<(usize, usize)> =
                    cells(wide).filter(|&(x, y)| rim.at(x - around.x, y - around.y) > 0.5).collect();
                let bounds = inside.iter().chain(&ring).fold(Rect::from_edges(0, 0, 0, 0), |r, &(x, y)| {
                    r.union(Rect { x, y, width: 1, height: 1 })
                });
                if ring.len() >= 8 {
                    let whole = inside.len() == parts.areas[number];
                    places.push(Place { inside, ring, anchors, bounds: bounds.grow(2, size), whole });
                }
            }
        }
    }
    places
}

pub(super) fn cells(rect: Rect) -> impl Iterator<Item = (usize, usize)> {
    (rect.y..rect.bottom()).flat_map(move |y| (rect.x..rect.right()).map(move |x| (x, y)))
}

/// The ring around a whole component, on `around`.
fn rim(look: &Look, marked: &Plane, parts: &Components, number: u32, around: Rect, width: f32) -> Plane {
    let at = |x: usize, y: usize| (x + around.x, y + around.y);
    let own = Plane::from_fn(around.size(), |x, y| {
        let (u, v) = at(x, y);
        if parts.at(u, v) == number { 1.0 } else { 0.0 }
    });
    let away = distance_outside(&own);
    Plane::from_fn(around.size(), |x, y| {
        let (u, v) = at(x, y);
        let near = away.at(x, y) > 0.9 && away.at(x, y) <= width;
        if near && marked.at(u, v) < 0.5 && look.skin.at(u, v) > 0.5 { 1.0 } else { 0.0 }
    })
}

/// Skin within `width` samples of a place that is not marked itself.
fn ring(
    look: &Look,
    marked: &Plane,
    tile: Rect,
    inside: &[(usize, usize)],
    width: f32,
) -> Vec<(usize, usize)> {
    let away = Distances::new(inside.iter().copied(), tile, width, look.size());
    cells(away.near)
        .filter(|&(x, y)| {
            let d = away.at(x, y);
            d > 0.9 && d <= width && marked.at(x, y) < 0.5 && look.skin.at(x, y) > 0.5
        })
        .collect()
}

/// About `count` of the samples, from all over them.
pub(super) fn thinned(cells: &[(usize, usize)], count: usize) -> Vec<(usize, usize)> {
    let stride = cells.len().div_ceil(count).max(1);
    cells.iter().copied().step_by(stride).collect()
}
