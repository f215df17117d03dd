//! A field of corrections turned to stored orientation, evaluated row by row.

use std::ops::Range;

use pixel::filter::GuidedModel;
use pixel::{Orientation, Plane, Rect, Size, wide_lanes};

use super::luma;
use super::row::Row;
use crate::layer::{Effect, Field, Grid, Matte};

/// Samples that are worked on at once.
const LANES: usize = 8;

/// Samples on a grid of blocks, interpolated between their centres.
pub(super) struct StoredField {
    pub(super) rect: Rect,
    /// First pixel of the first block; blocks may stick out of the picture on any side.
    origin: (isize, isize),
    step: usize,
    pub(super) soft_light: bool,
    /// The part of the grid that is kept: all samples with any effect and those next to them. Most of the canvas of a
    /// face lies beside its skin, and all layers of all faces are held until the last one is drawn.
    kept: Rect,
    /// 3 pushes, or 3 gains and 3 offsets; one share for a matte.
    planes: Vec<Plane>,
    /// Slope R, G, B and offset of the full-resolution matte.
    matte: Option<[Plane; 4]>,
    /// For each place between the centres of two samples the share of the second, filled up to whole lanes.
    shares: Vec<[f32; LANES]>,
    /// For each grid row the columns with any effect, as a half-open range.
    active: Vec<(usize, usize)>,
}

/// One row of a field.
#[derive(Default)]
pub(super) struct Line {
    /// A plane's samples between two grid rows.
    blended: Vec<f32>,
    /// A line for each plane of the field, with some values before and behind those asked for.
    lines: [Vec<f32>; 6],
    /// The same for slopes and offset of the matte.
    model: [Vec<f32>; 4],
    /// Where the values that were asked for lie in each line.
    part: Range<usize>,
}

impl Line {
    /// What the field's plane number `n` has on the columns that were asked for.
    pub(super) fn values(&self, n: usize) -> &[f32] {
        &self.lines[n][self.part.clone()]
    }
}

impl StoredField {
    /// `None` when the field has no effect anywhere.
    pub(super) fn new(field: &Field, orientation: Orientation, stored: Size, grey: bool) -> Option<Self> {
        let planes = field.effect.planes();
        let mut stored_field =
            Self::of_planes(&planes, field.grid, field.matte.as_ref(), orientation, stored)?;
        stored_field.soft_light = matches!(field.effect, Effect::SoftLight(_));
        if grey {
            for three in stored_field.planes.chunks_exact_mut(3) {
                let value = |i: usize| luma([0, 1, 2].map(|c: usize| three[c].samples()[i]));
                let grey = Plane::from_vec(three[0].size(), (0..three[0].size().area()).map(value).collect());
                three.fill(grey);
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
        let turned: Vec<Plane> = planes.iter().map(|plane| plane.turned_to_stored(orientation)).collect();
        let active: Vec<_> = (0..turned[0].height()).map(|y| active_columns(&turned, y)).collect();
        let kept = kept(&active, turned[0].size())?;
        let turn = |plane: &Plane| plane.turned_to_stored(orientation).crop(kept);
        let matte = matte.map(|m| {
            let [red, green, blue] = m.slope.each_ref().map(turn);
            [red, green, blue, turn(&m.offset)]
        });
        Some(Self {
            rect: orientation.rect_to_stored(grid.rect, stored),
            origin: stored_origin(grid, planes[0].size(), orientation, stored),
            step: grid.step,
            soft_light: false,
            kept,
            planes: turned.iter().map(|plane| plane.crop(kept)).collect(),
            matte,
            shares: shares(grid.step),
            active,
        })
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        let planes = self.planes.iter().chain(self.matte.iter().flatten());
        planes.map(|plane| size_of_val(plane.samples())).sum()
    }

    /// The two grid rows around stored row `y` and the share of the lower one.
    fn rows_around(&self, y: usize) -> (usize, usize, f32) {
        let place = (y as f32 - self.origin.1 as f32 + 0.5) / self.step as f32 - 0.5;
        let last = self.active.len() - 1;
        let place = place.clamp(0.0, last as f32);
        let upper = place.floor() as usize;
        (upper, (upper + 1).min(last), place - upper as f32)
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

    /// Works the field out for the part of a row on which it has an effect: `line` gets the values of the columns
    /// returned, which count from `span.x`. `row` is the picture there.
    pub(super) fn evaluate(&self, row: &Row, span: Rect, line: &mut Line) -> Option<Range<usize>> {
        let reach = self.reach(span)?;
        let Line { blended, lines, model, part } = line;
        for (plane, out) in self.planes.iter().zip(lines.iter_mut()) {
            *part = self.spread(plane, span.y, reach.clone(), blended, out);
        }
        let columns = reach.start - span.x..reach.end - span.x;
        if let Some(matte) = &self.matte {
            for (plane, out) in matte.iter().zip(model.iter_mut()) {
                self.spread(plane, span.y, reach.clone(), blended, out);
            }
            let [red, green, blue, offset] = model.each_mut().map(|line| &mut line[part.clone()]);
            let channels = row.channels().map(|channel| &channel[columns.clone()]);
            wide_lanes(|| share(offset, [&*red, &*green, &*blue], channels));
            for values in &mut lines[..self.planes.len()] {
                wide_lanes(|| weigh(&mut values[part.clone()], offset));
            }
        }
        Some(columns)
    }

    /// Bilinear values of a plane on some columns of the picture's row `y`; returns where in `out` they lie.
    fn spread(
        &self,
        plane: &Plane,
        y: usize,
        columns: Range<usize>,
        blended: &mut Vec<f32>,
        out: &mut Vec<f32>,
    ) -> Range<usize> {
        let (step, half) = (self.step as isize, (self.step / 2) as isize);
        let from_first = columns.start as isize - self.origin.0 - half;
        let (cell, skipped) = (from_first.div_euclid(step), from_first.rem_euclid(step) as usize);
        let cells = (skipped + columns.len()).div_ceil(self.step);
        let (upper, lower, t) = self.rows_around(y);
        // Beyond what is kept the effect is none, as it is at its edges or the grid's edge goes on there.
        let row = |y: usize| plane.row(y.clamp(self.kept.y, self.kept.bottom() - 1) - self.kept.y);
        let (upper, lower) = (row(upper), row(lower));
        let left = self.kept.x as isize;
        blended.clear();
        blended.extend((cell..=cell + cells as isize).map(|n| {
            let n = (n - left).clamp(0, upper.len() as isize - 1) as usize;
            upper[n] + (lower[n] - upper[n]) * t
        }));
        out.resize(cells * self.step + self.shares.len() * LANES, 0.0);
        wide_lanes(|| fill_cells(blended, self.step, &self.shares, out));
        skipped..skipped + columns.len()
    }
}

/// For each place between the centres of two samples the share of the second, in whole lanes.
fn shares(step: usize) -> Vec<[f32; LANES]> {
    let share = |k: usize| (k + step / 2) as f32 / step as f32 + 0.5 / step as f32 - 0.5;
    (0..step.div_ceil(LANES)).map(|v| std::array::from_fn(|i| share(v * LANES + i))).collect()
}

/// Lines between each two samples, `step` values long. Whole lanes are written: the next cell overwrites what one
/// cell writes beyond its own end, so `out` must be that much longer.
#[inline(always)]
fn fill_cells(samples: &[f32], step: usize, shares: &[[f32; LANES]], out: &mut [f32]) {
    for (cell, ends) in samples.windows(2).enumerate() {
        let (first, rise) = (ends[0], ends[1] - ends[0]);
        let out = out[cell * step..].as_chunks_mut::<LANES>().0;
        for (out, shares) in out.iter_mut().zip(shares) {
            *out = shares.map(|t| first + rise * t);
        }
    }
}

/// Turns the matte's offsets into its shares, 0..1.
#[inline(always)]
fn share(offset: &mut [f32], slopes: [&[f32]; 3], channels: [&[f32]; 3]) {
    let [red, green, blue] = slopes;
    let [r, g, b] = channels;
    let slopes = red.iter().zip(green).zip(blue);
    let pixels = r.iter().zip(g).zip(b);
    for ((share, ((red, green), blue)), ((r, g), b)) in offset.iter_mut().zip(slopes).zip(pixels) {
        *share = (red * r + green * g + blue * b + *share).clamp(0.0, 1.0);
    }
}

#[inline(always)]
fn weigh(values: &mut [f32], shares: &[f32]) {
    values.iter_mut().zip(shares).for_each(|(v, share)| *v *= share);
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

/// The smallest part of a grid with all active columns of all rows and one sample more on each side; `None` without any.
fn kept(active: &[(usize, usize)], grid: Size) -> Option<Rect> {
    let is_active = |range: &(usize, usize)| range.0 < range.1;
    let (top, bottom) = (active.iter().position(is_active)?, active.iter().rposition(is_active)?);
    let ranges = active.iter().filter(|range| is_active(range));
    let (left, right) = ranges.fold((grid.width, 0), |(l, r), range| (l.min(range.0), r.max(range.1)));
    let (right, bottom) = ((right + 1).min(grid.width), (bottom + 2).min(grid.height));
    Some(Rect::from_edges(left.saturating_sub(1), top.saturating_sub(1), right, bottom))
}

fn active_columns(planes: &[Plane], y: usize) -> (usize, usize) {
    let is_active = |v: &f32| *v != 0.0;
    let of_row = |plane: &Plane| {
        let row = plane.row(y);
        let (first, last) = (row.iter().position(is_active)?, row.iter().rposition(is_active)?);
        Some((first, last + 1))
    };
    let ranges = planes.iter().filter_map(of_row);
    ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0, 0))
}

#[cfg(test)]
mod tests {
    use pixel::picture::Samples;

    use super::*;

    /// A bump of a few samples in the middle of a grid that covers a picture of `side` pixels.
    fn bump(grid: Grid, samples: Size, beyond: f32) -> Field {
        let inside = |x: usize, y: usize| (17..24).contains(&x) && (11..15).contains(&y);
        let corner = |x: usize, y: usize| x + 1 == samples.width && y + 1 == samples.height || x + y == 0;
        let push = |k: usize| {
            Plane::from_fn(samples, |x, y| match (inside(x, y), corner(x, y)) {
                (true, _) => 0.1 + 0.01 * ((x * 7 + y * 3 + k) % 11) as f32,
                (_, true) => beyond,
                _ => 0.0,
            })
        };
        let model = |k: usize| Plane::from_fn(samples, |x, y| 0.2 + 0.03 * ((x * k + y) % 13) as f32);
        let matte = GuidedModel { slope: [model(1), model(2), model(3)], offset: model(4) };
        Field { grid, effect: Effect::SoftLight([push(0), push(1), push(2)]), matte: Some(matte) }
    }

    #[test]
    fn what_is_kept_of_a_field_says_what_the_whole_field_says() {
        let full = Size::new(118, 88);
        let grid = Grid { x: 0, y: 0, step: 3, rect: full.rect() };
        let samples = Size::new(40, 30);
        let picture = Samples::U8((0..3 * full.area()).map(|i| (i * 37 % 251) as u8).collect());
        for orientation in [Orientation::Upright, Orientation::Transpose, Orientation::Turn180] {
            let stored = orientation.turn_size(full);
            let of = |beyond: f32| {
                StoredField::new(&bump(grid, samples, beyond), orientation, stored, false)
                    .expect("has an effect")
            };
            // A push in two corners, too small to be seen, makes all of the grid be kept.
            let (part, whole) = (of(0.0), of(f32::MIN_POSITIVE));
            assert!(part.memory() < whole.memory() / 15, "{} of {}", part.memory(), whole.memory());
            let (mut row, mut told, mut expected) = (Row::default(), Line::default(), Line::default());
            let mut rows = 0;
            for y in 0..stored.height {
                let span = Rect { x: 0, y, width: stored.width, height: 1 };
                row.load(&picture, y * stored.width, stored.width);
                let Some(columns) = part.evaluate(&row, span, &mut told) else { continue };
                let all = whole.evaluate(&row, span, &mut expected).expect("reaches as far");
                rows += 1;
                for n in 0..3 {
                    let skipped = columns.start - all.start;
                    assert_eq!(told.values(n), &expected.values(n)[skipped..][..columns.len()], "row {y}");
                }
            }
            assert!((14..30).contains(&rows), "{rows}");
        }
    }
}
