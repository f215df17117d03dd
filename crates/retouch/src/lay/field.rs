//! A field of corrections turned to stored orientation, evaluated row by row.

use std::ops::Range;

use pixel::filter::GuidedModel;
use pixel::{Orientation, Plane, Rect, Size};

use super::luma;
use crate::layer::{Effect, Field, Grid, Matte};

/// Samples on a grid of blocks, interpolated between their centres.
pub(super) struct StoredField {
    pub(super) rect: Rect,
    /// First pixel of the first block; blocks may stick out of the picture on any side.
    origin: (isize, isize),
    step: usize,
    pub(super) soft_light: bool,
    /// Interleaved samples: 3 pushes, or 3 gains and 3 offsets.
    samples: Vec<f32>,
    channels: usize,
    /// Interleaved slope R, G, B and offset of the full-resolution matte.
    matte: Option<Vec<f32>>,
    columns: usize,
    rows: usize,
    /// For each grid row the columns with any effect, as a half-open range.
    active: Vec<(usize, usize)>,
}

/// One row of a field.
#[derive(Default)]
pub(super) struct Line {
    /// The field's samples between two grid rows.
    blended: Vec<f32>,
    /// Interleaved values, one set a pixel.
    pub(super) values: Vec<f32>,
    /// Interleaved slopes and offset of the matte, one set a pixel.
    model: Vec<f32>,
}

impl StoredField {
    /// `None` when the field has no effect anywhere.
    pub(super) fn new(field: &Field, orientation: Orientation, stored: Size, grey: bool) -> Option<Self> {
        let planes = field.effect.planes();
        let mut stored_field =
            Self::of_planes(&planes, field.grid, field.matte.as_ref(), orientation, stored)?;
        stored_field.soft_light = matches!(field.effect, Effect::SoftLight(_));
        if grey {
            for sample in stored_field.samples.chunks_exact_mut(3) {
                sample.fill(luma([sample[0], sample[1], sample[2]]));
            }
        }
        Some(stored_field)
    }

    pub(super) fn of_matte(matte: &Matte, orientation: Orientation, stored: Size) -> Option<Self> {
        Self::of_planes(&[&matte.plane], matte.grid, matte.guide.as_ref(), orientation, stored)
    }

    fn of_planes(
        planes: &[&Plane],
        grid: Grid,
        matte: Option<&GuidedModel>,
        orientation: Orientation,
        stored: Size,
    ) -> Option<Self> {
        let turn = |plane: &Plane| plane.turned_to_stored(orientation);
        let turned: Vec<Plane> = planes.iter().map(|plane| turn(plane)).collect();
        let (columns, rows, channels) = (turned[0].width(), turned[0].height(), turned.len());
        let samples = interleave(&turned);
        let active: Vec<_> =
            samples.chunks_exact(columns * channels).map(|row| active_columns(row, channels)).collect();
        if active.iter().all(|range| range.0 == range.1) {
            return None;
        }
        let matte = matte
            .map(|m| interleave(&[turn(&m.slope[0]), turn(&m.slope[1]), turn(&m.slope[2]), turn(&m.offset)]));
        Some(Self {
            rect: orientation.rect_to_stored(grid.rect, stored),
            origin: stored_origin(grid, planes[0].size(), orientation, stored),
            step: grid.step,
            soft_light: false,
            samples,
            channels,
            matte,
            columns,
            rows,
            active,
        })
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.samples) + self.matte.as_ref().map_or(0, |model| size_of_val(&**model))
    }

    /// The two grid rows around stored row `y` and the share of the lower one.
    fn rows_around(&self, y: usize) -> (usize, usize, f32) {
        let place = (y as f32 - self.origin.1 as f32 + 0.5) / self.step as f32 - 0.5;
        let place = place.clamp(0.0, (self.rows - 1) as f32);
        let upper = place.floor() as usize;
        (upper, (upper + 1).min(self.rows - 1), place - upper as f32)
    }

    /// The columns of a row (a rectangle one pixel high) on which the field has an effect.
    pub(super) fn reach(&self, span: Rect) -> Option<Range<usize>> {
        let part = self.rect.intersect(span);
        if part.is_empty() {
            return None;
        }
        let (upper, lower, _) = self.rows_around(span.y);
        let (upper, lower) = (self.active[upper], self.active[lower]);
        let (first, last) = match (upper.0 < upper.1, lower.0 < lower.1) {
            (false, false) => return None,
            (true, false) => upper,
            (false, true) => lower,
            (true, true) => (upper.0.min(lower.0), upper.1.max(lower.1)),
        };
        // A sample reaches one step beyond its own centre.
        let start = self.origin.0 + (first as isize - 1) * self.step as isize;
        let end = self.origin.0 + (last as isize + 1) * self.step as isize;
        let start = start.max(part.x as isize) as usize;
        let end = end.clamp(0, part.right() as isize) as usize;
        (start < end).then_some(start..end)
    }

    /// Works the field out for the part of a row on which it has an effect: `line.values` gets a set of
    /// values for each of the columns returned, which count from `span.x`. `row` is the picture there.
    pub(super) fn evaluate(&self, row: &[f32], span: Rect, line: &mut Line) -> Option<Range<usize>> {
        let reach = self.reach(span)?;
        let weights = self.rows_around(span.y);
        let Line { blended, values, model } = line;
        self.blend_rows(&self.samples, self.channels, weights, blended);
        match self.channels {
            1 => self.spread::<1>(blended, reach.clone(), values),
            3 => self.spread::<3>(blended, reach.clone(), values),
            _ => self.spread::<6>(blended, reach.clone(), values),
        }
        let columns = reach.start - span.x..reach.end - span.x;
        if let Some(matte) = &self.matte {
            self.blend_rows(matte, 4, weights, blended);
            self.spread::<4>(blended, reach, model);
            let pixels = row[3 * columns.start..3 * columns.end].chunks_exact(3);
            let sets = values.chunks_exact_mut(self.channels).zip(model.chunks_exact(4));
            for ((values, m), pixel) in sets.zip(pixels) {
                let share = m[0] * pixel[0] + m[1] * pixel[1] + m[2] * pixel[2] + m[3];
                let share = share.clamp(0.0, 1.0);
                values.iter_mut().for_each(|v| *v *= share);
            }
        }
        Some(columns)
    }

    fn blend_rows(
        &self,
        samples: &[f32],
        channels: usize,
        (upper, lower, t): (usize, usize, f32),
        blended: &mut Vec<f32>,
    ) {
        let length = self.columns * channels;
        let row = |y: usize| &samples[y * length..(y + 1) * length];
        blended.clear();
        blended.extend(row(upper).iter().zip(row(lower)).map(|(u, l)| u + (l - u) * t));
    }

    /// Linear interpolation of a row of interleaved samples for the given columns of the picture.
    fn spread<const N: usize>(&self, samples: &[f32], columns: Range<usize>, out: &mut Vec<f32>) {
        let (step, half) = (self.step as isize, (self.step / 2) as isize);
        let share = |k: isize| (k + half) as f32 / step as f32 + 0.5 / step as f32 - 0.5;
        let shares: Vec<f32> = (0..step).map(share).collect();
        let sample = |n: isize| -> [f32; N] {
            let n = n.clamp(0, self.columns as isize - 1) as usize;
            std::array::from_fn(|c| samples[n * N + c])
        };
        out.clear();
        out.resize(columns.len() * N, 0.0);
        let mut rest = out.as_mut_slice();
        let mut from_first = columns.start as isize - self.origin.0 - half;
        while !rest.is_empty() {
            let (cell, k) = (from_first.div_euclid(step), from_first.rem_euclid(step) as usize);
            let (a, b) = (sample(cell), sample(cell + 1));
            let rise: [f32; N] = std::array::from_fn(|c| b[c] - a[c]);
            let length = (shares.len() - k).min(rest.len() / N);
            let (pixels, later) = rest.split_at_mut(length * N);
            for (pixel, t) in pixels.chunks_exact_mut(N).zip(&shares[k..]) {
                for c in 0..N {
                    pixel[c] = a[c] + rise[c] * t;
                }
            }
            rest = later;
            from_first += length as isize;
        }
    }
}

/// First pixel of a grid's blocks in stored orientation. Blocks that stick out on one side upright may
/// stick out on the other side when stored, hence the sign.
fn stored_origin(grid: Grid, samples: Size, orientation: Orientation, stored: Size) -> (isize, isize) {
    let (left, top) = (grid.x as isize, grid.y as isize);
    let right = left + (samples.width * grid.step) as isize - 1;
    let bottom = top + (samples.height * grid.step) as isize - 1;
    let a = orientation.to_stored_signed(left, top, stored);
    let b = orientation.to_stored_signed(right, bottom, stored);
    (a.0.min(b.0), a.1.min(b.1))
}

fn interleave(planes: &[Plane]) -> Vec<f32> {
    let mut samples = vec![0.0; planes.len() * planes[0].size().area()];
    for (c, plane) in planes.iter().enumerate() {
        samples.iter_mut().skip(c).step_by(planes.len()).zip(plane.samples()).for_each(|(s, v)| *s = *v);
    }
    samples
}

fn active_columns(row: &[f32], channels: usize) -> (usize, usize) {
    let is_active = |sample: &[f32]| sample.iter().any(|&v| v != 0.0);
    let first = row.chunks_exact(channels).position(is_active);
    let last = row.chunks_exact(channels).rposition(is_active);
    first.zip(last).map_or((0, 0), |(first, last)| (first, last + 1))
}
