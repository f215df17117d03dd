//! Laying layers over the picture: the one place where flat results, layer files and what the next
//! plugin sees are computed, so that they cannot drift apart.
//!
//! Everything here is in stored orientation. A row of the picture is held as encoded values 0..1;
//! each layer is turned into opaque pixels quantised to the depth of the upload, exactly the values a
//! layer file holds, and those are blended in. Rows that no layer touches are never read.

use std::ops::Range;

use pixel::blend::soft_light;
use pixel::filter::GuidedModel;
use pixel::picture::Samples;
use pixel::{Orientation, Plane, Rect, Size, wide_lanes};

use crate::layer::{Effect, Field, Grid, Layer, Matte, Patch};
use crate::plugin::Blend;

/// A layer turned to stored orientation and prepared for row access.
pub struct StoredLayer {
    blend: Blend,
    patches: Vec<StoredPatch>,
    fields: Vec<StoredField>,
    mattes: Vec<StoredField>,
    /// All pixels that may change.
    bounds: Rect,
}

struct StoredPatch {
    rect: Rect,
    /// Interleaved quantised RGB 0..1.
    rgb: Vec<f32>,
    touched: Vec<bool>,
}

struct StoredField {
    rect: Rect,
    /// First pixel of the first block; blocks may stick out of the picture on any side.
    origin: (isize, isize),
    step: usize,
    soft_light: bool,
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

/// Depth-dependent rounding of layer values.
#[derive(Clone, Copy)]
pub struct Depth {
    ceiling: f32,
}

impl Depth {
    /// The depth of a picture's samples.
    pub fn of(samples: &Samples) -> Self {
        Self { ceiling: samples.ceiling() }
    }

    /// The largest sample value.
    pub fn ceiling(self) -> f32 {
        self.ceiling
    }

    fn round(self, value: f32) -> f32 {
        (value.clamp(0.0, 1.0) * self.ceiling).round() / self.ceiling
    }

    /// Rounds up or down by a dither threshold (0..1), so that broad fields leave no bands.
    #[inline]
    fn dither(self, value: f32, threshold: f32) -> f32 {
        let level = value.clamp(0.0, 1.0) * self.ceiling;
        // A threshold below 1 never lifts the top level over the ceiling.
        (level + threshold) as i32 as f32 / self.ceiling
    }
}

/// 8 × 8 ordered dither thresholds in 0..1 (Bayer, 1973), kept off the ends.
static DITHER: [[f32; 8]; 8] = bayer();

const fn bayer() -> [[f32; 8]; 8] {
    let mut table = [[0.0f32; 8]; 8];
    let mut y = 0;
    while y < 8 {
        let mut x = 0;
        while x < 8 {
            let (mut rank, mut bit, mut weight) = (0u32, 0, 16u32);
            while bit < 3 {
                let (bx, by) = ((x >> bit) as u32 & 1, (y >> bit) as u32 & 1);
                rank += weight * (2 * (bx ^ by) + by);
                weight /= 4;
                bit += 1;
            }
            table[y][x] = (rank as f32 + 0.5) / 64.0;
            x += 1;
        }
        y += 1;
    }
    table
}

impl StoredLayer {
    /// Turns what a plugin drew to stored orientation. `grey` pictures get equal channels.
    pub fn new(
        layer: &Layer,
        blend: Blend,
        orientation: Orientation,
        stored: Size,
        depth: Depth,
        grey: bool,
    ) -> Self {
        let patches: Vec<_> =
            layer.patches.iter().map(|p| StoredPatch::new(p, orientation, stored, depth, grey)).collect();
        let fields: Vec<_> =
            layer.fields.iter().filter_map(|f| StoredField::new(f, orientation, stored, grey)).collect();
        let mattes =
            layer.mattes.iter().filter_map(|m| StoredField::of_matte(m, orientation, stored)).collect();
        let rects = patches.iter().map(|p| p.rect).chain(fields.iter().map(|f| f.rect));
        let bounds = rects.fold(Rect::from_edges(0, 0, 0, 0), Rect::union);
        Self { blend, patches, fields, mattes, bounds }
    }

    /// True when no pixel can change.
    pub fn is_empty(&self) -> bool {
        self.bounds.is_empty()
    }

    /// The smallest stored rectangle outside of which no pixel can change.
    pub fn reach(&self) -> Rect {
        let rows = self.bounds.y..self.bounds.bottom();
        let spans = rows.map(|y| {
            let (start, end) = self.span(y);
            if start < end { Rect::from_edges(start, y, end, y + 1) } else { Rect::from_edges(0, 0, 0, 0) }
        });
        spans.fold(Rect::from_edges(0, 0, 0, 0), Rect::union)
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        let patches = self.patches.iter().map(|patch| size_of_val(&*patch.rgb) + patch.touched.len());
        let fields = self.fields.iter().chain(&self.mattes).map(|field| {
            size_of_val(&*field.samples) + field.matte.as_ref().map_or(0, |model| size_of_val(&**model))
        });
        patches.chain(fields).sum()
    }

    /// How the layer is laid.
    pub fn blend(&self) -> Blend {
        self.blend
    }

    /// Columns of stored row `y` that may change, as a half-open range.
    pub fn span(&self, y: usize) -> (usize, usize) {
        let row = Rect { x: 0, y, width: self.bounds.right(), height: 1 };
        if row.intersect(self.bounds).is_empty() {
            return (0, 0);
        }
        let patches = self.patches.iter().map(|patch| patch.rect.intersect(row));
        let patches = patches.filter(|part| !part.is_empty()).map(|part| (part.x, part.right()));
        let fields = self.fields.iter().filter_map(|field| field.reach(row).map(|r| (r.start, r.end)));
        patches.chain(fields).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0, 0))
    }

    /// The selection of a mask layer over the whole stored row `y`, 0..1; `row` is the picture there.
    pub fn matte_row(&self, row: &[f32], y: usize) -> Vec<f32> {
        let span = Rect { x: 0, y, width: row.len() / 3, height: 1 };
        let mut selection = vec![0.0f32; span.width];
        let mut line = Line::default();
        for matte in &self.mattes {
            let Some(columns) = matte.evaluate(row, span, &mut line) else { continue };
            for (selected, v) in selection[columns].iter_mut().zip(&line.values) {
                *selected = selected.max(v.clamp(0.0, 1.0));
            }
        }
        selection
    }

    /// Lays the layer over columns `x0..` of stored row `y`, interleaved encoded RGB in `row`. Where the
    /// layer has a pixel, its quantised value is written to `scratch.pixels` and flagged in
    /// `scratch.present`; both must come in cleared.
    pub fn lay_row(&self, row: &mut [f32], x0: usize, y: usize, depth: Depth, scratch: &mut Scratch) {
        let span = Rect { x: x0, y, width: row.len() / 3, height: 1 };
        if self.bounds.intersect(span).is_empty() {
            return;
        }
        match self.blend {
            Blend::SoftLight => self.lay_soft_light(row, span, depth, scratch),
            Blend::Normal => self.lay_normal(row, span, depth, scratch),
            Blend::Mask | Blend::Metadata => {}
        }
    }

    fn lay_soft_light(&self, row: &mut [f32], span: Rect, depth: Depth, scratch: &mut Scratch) {
        let Scratch { push, pixels, present, dithers, line } = scratch;
        push.clear();
        push.resize(row.len(), 0.0);
        let mut reach = span.width..0;
        for field in self.fields.iter().filter(|field| field.soft_light) {
            let Some(columns) = field.evaluate(row, span, line) else { continue };
            let target = &mut push[3 * columns.start..3 * columns.end];
            target.iter_mut().zip(&line.values).for_each(|(p, v)| *p += v);
            reach = reach.start.min(columns.start)..reach.end.max(columns.end);
        }
        for i in reach.clone() {
            present[i] = push[3 * i..3 * i + 3] != [0.0; 3];
        }
        dither_row(span.x, span.y, reach.end, dithers);
        let mut start = reach.start;
        while let Some(skipped) = present[start.min(reach.end)..reach.end].iter().position(|&on| on) {
            start += skipped;
            let length = present[start..reach.end].iter().position(|&on| !on);
            let end = length.map_or(reach.end, |length| start + length);
            let run = 3 * start..3 * end;
            let (row, pixels) = (&mut row[run.clone()], &mut pixels[run.clone()]);
            wide_lanes(|| push_row(row, pixels, &push[run.clone()], &dithers[run], depth));
            start = end;
        }
    }

    fn lay_normal(&self, row: &mut [f32], span: Rect, depth: Depth, scratch: &mut Scratch) {
        for field in &self.fields {
            field.apply_affine(row, span, depth, scratch);
        }
        for patch in &self.patches {
            let part = patch.rect.intersect(span);
            if part.is_empty() {
                continue;
            }
            let start = (span.y - patch.rect.y) * patch.rect.width + part.x - patch.rect.x;
            for i in 0..part.width {
                if !patch.touched[start + i] {
                    continue;
                }
                let (from, to) = (3 * (start + i), part.x - span.x + i);
                row[3 * to..3 * to + 3].copy_from_slice(&patch.rgb[from..from + 3]);
                scratch.pixels[3 * to..3 * to + 3].copy_from_slice(&patch.rgb[from..from + 3]);
                scratch.present[to] = true;
            }
        }
    }
}

/// Lays soft-light pushes over values, and writes the layer's dithered samples to `pixels`.
#[inline(always)]
fn push_row(row: &mut [f32], pixels: &mut [f32], push: &[f32], dithers: &[f32], depth: Depth) {
    for ((value, pixel), (push, threshold)) in row.iter_mut().zip(pixels).zip(push.iter().zip(dithers)) {
        *pixel = depth.dither(0.5 + 0.5 * push, *threshold);
        *value = soft_light(*value, 2.0 * *pixel - 1.0).clamp(0.0, 1.0);
    }
}

/// Dither thresholds of so many pixels of row `y`, from column `x` on, each for R, G and B.
fn dither_row(x: usize, y: usize, columns: usize, thresholds: &mut Vec<f32>) {
    let eight: [f32; 24] = std::array::from_fn(|k| DITHER[y & 7][(x + k / 3) & 7]);
    thresholds.clear();
    (0..columns.div_ceil(8)).for_each(|_| thresholds.extend_from_slice(&eight));
}

/// Row buffers reused from layer to layer.
#[derive(Default)]
pub struct Scratch {
    push: Vec<f32>,
    pixels: Vec<f32>,
    present: Vec<bool>,
    dithers: Vec<f32>,
    line: Line,
}

/// One row of a field.
#[derive(Default)]
struct Line {
    /// The field's samples between two grid rows.
    blended: Vec<f32>,
    /// Interleaved values, one set a pixel.
    values: Vec<f32>,
    /// Interleaved slopes and offset of the matte, one set a pixel.
    model: Vec<f32>,
}

impl Scratch {
    /// Makes ready for a row of so many columns.
    pub fn clear(&mut self, columns: usize) {
        self.pixels.resize(3 * columns, 0.0);
        self.present.clear();
        self.present.resize(columns, false);
    }

    /// Columns of the layer laid last from its first pixel to behind its last; `None` when it has none.
    pub fn reach(&self) -> Option<(usize, usize)> {
        let first = self.present.iter().position(|&on| on)?;
        let last = self.present.iter().rposition(|&on| on)?;
        Some((first, last + 1))
    }

    /// The row of the layer laid last: straight-alpha RGBA, all zero where it has no pixel.
    pub fn rgba(&self) -> Vec<f32> {
        let pixels = self.pixels.chunks_exact(3).zip(&self.present);
        pixels.flat_map(|(p, &on)| if on { [p[0], p[1], p[2], 1.0] } else { [0.0; 4] }).collect()
    }
}

impl StoredPatch {
    fn new(patch: &Patch, orientation: Orientation, stored: Size, depth: Depth, grey: bool) -> Self {
        let rect = orientation.rect_to_stored(patch.rect, stored);
        let mut rgb = vec![0.0; 3 * rect.size().area()];
        let mut touched = vec![false; rect.size().area()];
        for y in 0..patch.rect.height {
            for x in 0..patch.rect.width {
                let from = y * patch.rect.width + x;
                if !patch.touched[from] {
                    continue;
                }
                let (sx, sy) = orientation.to_stored(patch.rect.x + x, patch.rect.y + y, stored);
                let to = (sy - rect.y) * rect.width + sx - rect.x;
                let value = [0, 1, 2].map(|c| patch.rgb[c].samples()[from]);
                let value = if grey { [luma(value); 3] } else { value };
                rgb[3 * to..3 * to + 3].copy_from_slice(&value.map(|v| depth.round(v)));
                touched[to] = true;
            }
        }
        Self { rect, rgb, touched }
    }
}

/// What stands for three channels in a grey picture.
pub(crate) fn luma(rgb: [f32; 3]) -> f32 {
    0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]
}

impl StoredField {
    /// `None` when the field has no effect anywhere.
    fn new(field: &Field, orientation: Orientation, stored: Size, grey: bool) -> Option<Self> {
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

    fn of_matte(matte: &Matte, orientation: Orientation, stored: Size) -> Option<Self> {
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

    /// The two grid rows around stored row `y` and the share of the lower one.
    fn rows_around(&self, y: usize) -> (usize, usize, f32) {
        let place = (y as f32 - self.origin.1 as f32 + 0.5) / self.step as f32 - 0.5;
        let place = place.clamp(0.0, (self.rows - 1) as f32);
        let upper = place.floor() as usize;
        (upper, (upper + 1).min(self.rows - 1), place - upper as f32)
    }

    /// The columns of a row (a rectangle one pixel high) on which the field has an effect.
    fn reach(&self, span: Rect) -> Option<Range<usize>> {
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
    fn evaluate(&self, row: &[f32], span: Rect, line: &mut Line) -> Option<Range<usize>> {
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

    fn apply_affine(&self, row: &mut [f32], span: Rect, depth: Depth, scratch: &mut Scratch) {
        if self.soft_light {
            return;
        }
        let Scratch { pixels, present, dithers, line, .. } = scratch;
        let Some(columns) = self.evaluate(row, span, line) else { return };
        dither_row(span.x, span.y, columns.end, dithers);
        for (i, values) in columns.zip(line.values.chunks_exact(6)) {
            if values == [0.0; 6] {
                continue;
            }
            for c in 0..3 {
                let wished = row[3 * i + c] * (1.0 + values[c]) + values[3 + c];
                let laid = depth.dither(wished, dithers[3 * i + c]);
                row[3 * i + c] = laid;
                pixels[3 * i + c] = laid;
            }
            present[i] = true;
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
