//! Coarse planes carried to finer samples, masks grown by discs, and distances from cells.

use pixel::filter::{distance_outside, sample_grid};
use pixel::{Plane, Rect, Size};
use rayon::prelude::*;

/// Bilinear samples of `plane` at the positions `i * scale + shift` of both axes; edges go on outside.
pub(super) fn carry(plane: &Plane, size: Size, scale: f32, shift: f32) -> Plane {
    let places = |count: usize| (0..count).map(|i| i as f32 * scale + shift).collect::<Vec<f32>>();
    sample_grid(plane, &places(size.width), &places(size.height))
}

/// How far the samples around some cells lie from the nearest of these.
pub(super) struct Distances {
    /// Where they are known.
    pub near: Rect,
    away: Plane,
}

impl Distances {
    /// Of the samples of a plane as far as `reach` from `bounds`, which holds all the cells.
    pub fn new(
        cells: impl IntoIterator<Item = (usize, usize)>,
        bounds: Rect,
        reach: f32,
        size: Size,
    ) -> Self {
        let near = bounds.grow(reach.ceil() as usize + 1, size);
        let mut own = Plane::zeros(near.size());
        cells.into_iter().for_each(|(x, y)| *own.at_mut(x - near.x, y - near.y) = 1.0);
        Self { near, away: distance_outside(&own) }
    }

    /// The distance of a sample of the plane, 0 in the cells; within [`Self::near`].
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.away.at(x - self.near.x, y - self.near.y)
    }
}

/// 1 nearer than `radius` samples to a sample of `mask` above 1/2, elsewhere 0.
pub(super) fn grown(mask: &Plane, radius: f32) -> Plane {
    let [grown] = grown_by(mask, [radius]);
    grown
}

/// [`grown`] by several radii.
pub(super) fn grown_by<const N: usize>(mask: &Plane, radii: [f32; N]) -> [Plane; N] {
    let size = mask.size();
    if size.area() == 0 {
        return radii.map(|_| Plane::zeros(size));
    }
    let along = along_rows(mask);
    radii.map(|radius| nearer(&along, size, radius))
}

/// How many samples of its row lie between each sample and the next one of `mask` above 1/2.
fn along_rows(mask: &Plane) -> Vec<u16> {
    let size = mask.size();
    let mut along = vec![u16::MAX; size.area()];
    along.par_chunks_mut(size.width).enumerate().for_each(|(y, row)| {
        let marked = mask.row(y);
        let mut away = u16::MAX;
        for (d, v) in row.iter_mut().zip(marked) {
            away = if *v > 0.5 { 0 } else { away.saturating_add(1) };
            *d = away;
        }
        away = u16::MAX;
        for (d, v) in row.iter_mut().zip(marked).rev() {
            away = if *v > 0.5 { 0 } else { away.saturating_add(1) };
            *d = away.min(*d);
        }
    });
    along
}

/// 1 nearer than `radius` to what the distances along the rows lead to.
fn nearer(along: &[u16], size: Size, radius: f32) -> Plane {
    let mut out = Plane::zeros(size);
    // Half the disc's width, plus one, so many rows from its middle.
    let halves: Vec<u16> = (0..)
        .map(|dy| radius * radius - (dy * dy) as f32)
        .take_while(|left| *left > 0.0)
        .map(|left| left.sqrt().ceil() as u16)
        .collect();
    let reach = halves.len();
    let rows = out.samples_mut().par_chunks_mut(size.width).enumerate();
    rows.for_each_init(
        || vec![0u16; size.width],
        |near, (y, row)| {
            near.fill(0);
            for v in (y + 1).saturating_sub(reach)..(y + reach).min(size.height) {
                let half = halves[v.abs_diff(y)];
                let line = &along[v * size.width..(v + 1) * size.width];
                near.iter_mut().zip(line).for_each(|(n, d)| *n |= u16::from(*d < half));
            }
            row.iter_mut().zip(near.iter()).for_each(|(v, n)| *v = f32::from(*n));
        },
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_as_far_as_the_distance_says() {
        let mask =
            Plane::from_fn(Size::new(40, 31), |x, y| if (x * 7 + y * 13) % 97 == 5 { 1.0 } else { 0.0 });
        let away = distance_outside(&mask);
        for radius in [0.5f32, 1.0, 1.5, 4.2, 9.0] {
            let grown = grown(&mask, radius);
            for (g, d) in grown.samples().iter().zip(away.samples()) {
                assert_eq!(*g > 0.5, *d < radius, "{radius} {d}");
            }
        }
    }
}
