//! How the picture is looked at: the overview, closer looks, and resampling for the networks.

use std::borrow::Cow;
use std::sync::Arc;

use pixel::filter::{reduce_part_here, sample_grid_here};
use pixel::{Plane, Rect, Size};

/// The upright picture, reduced for analysis.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Red, green, blue in encoded sRGB, 0 to 1, of one size; long edge about 800 to 1600 (less when the
    /// picture is smaller).
    pub rgb: Arc<[Plane; 3]>,
    /// Full-resolution pixels per overview pixel, at least 1 for reduced pictures. Sample (i, j) is centred at
    /// full-resolution ((i + 0.5) · step - 0.5, (j + 0.5) · step - 0.5).
    pub step: f32,
    /// Size of the upright picture at full resolution.
    pub full: Size,
}

/// A closer look at the full-resolution picture, made by whoever holds its pixels.
pub trait Look: Sync {
    /// Red, green, blue in encoded sRGB, 0 to 1, of the upright full-resolution `rect` (inside the picture, never
    /// empty), box-averaged over blocks of `step` × `step` pixels that start at the corner of `rect`. The planes
    /// have ceil(width / step) × ceil(height / step) samples; the last ones average what is there.
    fn look(&self, rect: Rect, step: usize) -> [Plane; 3];
}

/// Pixels with their place in the picture: sample (i, j) is centred at `origin + (i + 0.5) * step - 0.5`.
pub(crate) struct View<'a> {
    pub rgb: [&'a Plane; 3],
    pub origin: [f32; 2],
    pub step: f32,
}

impl Overview {
    pub(crate) fn view(&self) -> View<'_> {
        View { rgb: [&self.rgb[0], &self.rgb[1], &self.rgb[2]], origin: [0.0, 0.0], step: self.step }
    }
}

/// From the sample grid of a network input to full-resolution places: (i, j) lies at
/// `origin + i * right + j * down`, with (0, 0) the centre of the first sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub origin: [f32; 2],
    pub right: [f32; 2],
    pub down: [f32; 2],
}

impl Grid {
    /// The grid of `columns` × `rows` samples that covers the rectangle from `left`, `top` (pixel edges, so the
    /// whole picture starts at 0) over `width` × `height` full-resolution pixels.
    pub fn stretched(left: f32, top: f32, width: f32, height: f32, columns: usize, rows: usize) -> Self {
        let (sx, sy) = (width / columns as f32, height / rows as f32);
        Self { origin: [left + 0.5 * sx - 0.5, top + 0.5 * sy - 0.5], right: [sx, 0.0], down: [0.0, sy] }
    }

    /// The grid of `count` × `count` samples over a square of `side` full-resolution pixels around `centre`,
    /// turned by `angle` (radians, clockwise on the screen).
    pub fn turned(centre: [f32; 2], side: f32, angle: f32, count: usize) -> Self {
        let step = side / count as f32;
        let (sin, cos) = angle.sin_cos();
        let (right, down) = ([cos * step, sin * step], [-sin * step, cos * step]);
        let half = (count as f32 - 1.0) * 0.5;
        let origin = std::array::from_fn(|k| centre[k] - half * (right[k] + down[k]));
        Self { origin, right, down }
    }

    /// The full-resolution place of the real grid position (`i`, `j`).
    pub fn place(&self, i: f32, j: f32) -> [f32; 2] {
        std::array::from_fn(|k| self.origin[k] + i * self.right[k] + j * self.down[k])
    }

    /// Full-resolution pixels from one column to the next.
    pub fn pitch(&self) -> f32 {
        self.right[0].hypot(self.right[1])
    }

    /// The full-resolution box (left, top, right, bottom) around `columns` × `rows` samples.
    pub fn bounds(&self, columns: usize, rows: usize) -> [f32; 4] {
        let (w, h) = (columns as f32 - 0.5, rows as f32 - 0.5);
        let corners = [self.place(-0.5, -0.5), self.place(w, -0.5), self.place(-0.5, h), self.place(w, h)];
        let fold =
            |k: usize, pick: fn(f32, f32) -> f32| corners.iter().map(|c| c[k]).reduce(pick).unwrap_or(0.0);
        [fold(0, f32::min), fold(1, f32::min), fold(0, f32::max), fold(1, f32::max)]
    }
}

/// What a network sees beyond the edge of the picture.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// The edge pixel, continued.
    Edge,
    /// NaN, for the caller to replace.
    Nothing,
}

/// Samples the view on the grid: three planes of `columns` × `rows` values, red first, one after the other.
/// Reduces by box averages first where the grid is coarser than the view, so nothing aliases.
pub(crate) fn sample(view: &View<'_>, grid: &Grid, columns: usize, rows: usize, beyond: Beyond) -> Vec<f32> {
    let size = view.rgb[0].size();
    let bounds = grid.bounds(columns, rows);
    let index = |v: f32, k: usize| (v - view.origin[k] + 0.5) / view.step - 0.5;
    let reach = 2.0 * (grid.pitch() / view.step).max(1.0) + 2.0;
    let crop = Rect::cover(
        index(bounds[0], 0) - reach,
        index(bounds[1], 1) - reach,
        index(bounds[2], 0) + reach,
        index(bounds[3], 1) + reach,
        size,
    );
    if crop.is_empty() {
        return vec![if beyond == Beyond::Edge { 0.0 } else { f32::NAN }; 3 * columns * rows];
    }
    let across = grid.right[0].abs().max(grid.down[0].abs()) / view.step;
    let along = grid.right[1].abs().max(grid.down[1].abs()) / view.step;
    // Turned grids mix the axes, so the finer of both counts there.
    let level = grid.right[1] == 0.0;
    let (fx, fy) = if level { (across, along) } else { (grid.pitch() / view.step, grid.pitch() / view.step) };
    let factor = |f: f32| (f + 0.25).max(1.0) as usize;
    let (fx, fy) = (factor(fx), factor(fy));

    let mut samples = Vec::with_capacity(3 * columns * rows);
    let (last_x, last_y) = (size.width as f32 - 0.5, size.height as f32 - 0.5);
    let u = |x: f32| (index(x, 0) - crop.x as f32 + 0.5) / fx as f32 - 0.5;
    let v = |y: f32| (index(y, 1) - crop.y as f32 + 0.5) / fy as f32 - 0.5;
    let outside = |[x, y]: [f32; 2]| {
        let (x, y) = (index(x, 0), index(y, 1));
        x < -0.5 || y < -0.5 || x > last_x || y > last_y
    };
    let places = || (0..rows).flat_map(|j| (0..columns).map(move |i| grid.place(i as f32, j as f32)));
    let (right, bottom) = (columns as f32 - 1.0, rows as f32 - 1.0);
    let corners = [(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom)];
    let reaches_out =
        beyond == Beyond::Nothing && corners.into_iter().any(|(i, j)| outside(grid.place(i, j)));
    for channel in view.rgb {
        let reduced = match (fx, fy) {
            (1, 1) if crop == size.rect() => Cow::Borrowed(channel),
            (1, 1) => Cow::Owned(channel.crop(crop)),
            _ => Cow::Owned(reduce_part_here(channel, crop, fx, fy)),
        };
        let start = samples.len();
        if level {
            let us: Vec<f32> = (0..columns).map(|i| u(grid.place(i as f32, 0.0)[0])).collect();
            let vs: Vec<f32> = (0..rows).map(|j| v(grid.place(0.0, j as f32)[1])).collect();
            samples.resize(start + columns * rows, 0.0);
            sample_grid_here(&reduced, &us, &vs, &mut samples[start..]);
        } else {
            samples.extend(places().map(|[x, y]| reduced.bilinear(u(x), v(y))));
        }
        if reaches_out {
            for (value, place) in samples[start..].iter_mut().zip(places()) {
                if outside(place) {
                    *value = f32::NAN;
                }
            }
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(size: Size) -> Plane {
        Plane::from_fn(size, |x, y| x as f32 + 100.0 * y as f32)
    }

    #[test]
    fn a_stretched_grid_reads_places_of_the_full_picture() {
        let plane = ramp(Size::new(40, 24));
        let view = View { rgb: [&plane, &plane, &plane], origin: [0.0, 0.0], step: 2.0 };
        let grid = Grid::stretched(0.0, 0.0, 80.0, 48.0, 20, 12);
        let samples = sample(&view, &grid, 20, 12, Beyond::Edge);
        assert_eq!(samples.len(), 3 * 20 * 12);
        assert!((samples[5 * 20 + 7] - (14.5 + 100.0 * 10.5)).abs() < 1e-3, "{}", samples[5 * 20 + 7]);
    }

    #[test]
    fn a_turned_grid_keeps_centre_and_direction() {
        let grid = Grid::turned([10.0, 20.0], 8.0, std::f32::consts::FRAC_PI_2, 5);
        let [x, y] = grid.place(2.0, 2.0);
        assert!((x - 10.0).abs() < 1e-5 && (y - 20.0).abs() < 1e-5);
        let [x, y] = grid.place(4.0, 2.0);
        assert!((x - 10.0).abs() < 1e-5 && y > 20.0);
    }

    #[test]
    fn beyond_the_edge_is_continued_or_nothing() {
        let plane = ramp(Size::new(8, 8));
        let view = View { rgb: [&plane, &plane, &plane], origin: [0.0, 0.0], step: 1.0 };
        let grid = Grid::stretched(-8.0, 0.0, 16.0, 8.0, 16, 8);
        assert!(sample(&view, &grid, 16, 8, Beyond::Nothing)[0].is_nan());
        assert_eq!(sample(&view, &grid, 16, 8, Beyond::Edge)[0], 0.0);
        assert_eq!(sample(&view, &grid, 16, 8, Beyond::Nothing)[8 + 3], 3.0);
    }
}
