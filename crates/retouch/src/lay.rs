//! Laying layers over the picture: the one place where flat results, layer files and what the next
//! plugin sees are computed, so that they cannot drift apart.
//!
//! Everything here is in stored orientation. A row of the picture is held as encoded values 0..1, channel by channel;
//! each layer is turned into opaque pixels quantised to the depth of the upload, exactly the values a
//! layer file holds, and those are blended in. Rows that no layer touches are never read.

mod field;
mod row;

use pixel::blend::soft_light;
use pixel::picture::Samples;
use pixel::{Orientation, Rect, Size, add, wide_lanes};

use crate::layer::{Layer, Patch};
use crate::plugin::Blend;
use field::{Line, StoredField};
pub use row::Row;

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
    /// Quantised RGB 0..1.
    rgb: [Vec<f32>; 3],
    touched: Vec<bool>,
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
        (level + threshold).floor() / self.ceiling
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
        let patches = self.patches.iter().map(|patch| 3 * size_of_val(&*patch.rgb[0]) + patch.touched.len());
        let fields = self.fields.iter().chain(&self.mattes).map(StoredField::memory);
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
    pub fn matte_row(&self, row: &Row, y: usize) -> Vec<f32> {
        let span = Rect { x: 0, y, width: row.columns(), height: 1 };
        let mut selection = vec![0.0f32; span.width];
        let mut line = Line::default();
        for matte in &self.mattes {
            let Some(columns) = matte.evaluate(row, span, &mut line) else { continue };
            for (selected, v) in selection[columns].iter_mut().zip(line.values(0)) {
                *selected = selected.max(v.clamp(0.0, 1.0));
            }
        }
        selection
    }

    /// Lays the layer over columns `x0..` of stored row `y`. What the layer has there is in `scratch` afterwards.
    pub fn lay_row(&self, row: &mut Row, x0: usize, y: usize, depth: Depth, scratch: &mut Scratch) {
        let span = Rect { x: x0, y, width: row.columns(), height: 1 };
        scratch.clear(span.width);
        if self.bounds.intersect(span).is_empty() {
            return;
        }
        match self.blend {
            Blend::SoftLight => self.lay_soft_light(row, span, depth, scratch),
            Blend::Normal => self.lay_normal(row, span, depth, scratch),
            Blend::Mask | Blend::Metadata => {}
        }
    }

    fn lay_soft_light(&self, row: &mut Row, span: Rect, depth: Depth, scratch: &mut Scratch) {
        let Scratch { push, pixels, present, dithers, line, .. } = scratch;
        for channel in push.iter_mut() {
            channel.clear();
            channel.resize(span.width, 0.0);
        }
        let mut reach = span.width..0;
        for field in self.fields.iter().filter(|field| field.soft_light) {
            let Some(columns) = field.evaluate(row, span, line) else { continue };
            for (c, channel) in push.iter_mut().enumerate() {
                wide_lanes(|| add(&mut channel[columns.clone()], line.values(c)));
            }
            reach = reach.start.min(columns.start)..reach.end.max(columns.end);
        }
        if reach.is_empty() {
            return;
        }
        let present = &mut present[reach.clone()];
        for channel in push.iter() {
            wide_lanes(|| note(present, &channel[reach.clone()]));
        }
        dither_row(span.x + reach.start, span.y, reach.len(), dithers);
        for ((row, pixels), push) in row.channels_mut().into_iter().zip(pixels).zip(push.iter()) {
            let (row, pixels, push) =
                (&mut row[reach.clone()], &mut pixels[reach.clone()], &push[reach.clone()]);
            wide_lanes(|| lay_pushes(row, pixels, push, dithers, present, depth));
        }
    }

    fn lay_normal(&self, row: &mut Row, span: Rect, depth: Depth, scratch: &mut Scratch) {
        for field in self.fields.iter().filter(|field| !field.soft_light) {
            lay_affine(field, row, span, depth, scratch);
        }
        for patch in &self.patches {
            let part = patch.rect.intersect(span);
            if part.is_empty() {
                continue;
            }
            let start = (span.y - patch.rect.y) * patch.rect.width + part.x - patch.rect.x;
            let (from, to) = (start..start + part.width, part.x - span.x..part.right() - span.x);
            let touched = &patch.touched[from.clone()];
            let channels = row.channels_mut().into_iter().zip(&mut scratch.pixels).zip(&patch.rgb);
            for ((row, pixels), values) in channels {
                let places = row[to.clone()].iter_mut().zip(&mut pixels[to.clone()]);
                for ((row, pixel), (value, touched)) in places.zip(values[from.clone()].iter().zip(touched)) {
                    if *touched {
                        (*row, *pixel) = (*value, *value);
                    }
                }
            }
            scratch.present[to].iter_mut().zip(touched).for_each(|(on, touched)| *on |= touched);
        }
    }
}

/// Flags what is not 0.
#[inline(always)]
fn note(present: &mut [bool], values: &[f32]) {
    present.iter_mut().zip(values).for_each(|(on, v)| *on |= *v != 0.0);
}

/// Lays soft-light pushes over the values of one channel where the layer is `present`; its dithered samples go to
/// `pixels`.
#[inline(always)]
fn lay_pushes(
    row: &mut [f32],
    pixels: &mut [f32],
    push: &[f32],
    dithers: &[f32],
    present: &[bool],
    depth: Depth,
) {
    let layer = push.iter().zip(dithers).zip(present);
    for ((value, pixel), ((push, threshold), on)) in row.iter_mut().zip(pixels).zip(layer) {
        *pixel = depth.dither(0.5 + 0.5 * push, *threshold);
        let laid = soft_light(*value, 2.0 * *pixel - 1.0).clamp(0.0, 1.0);
        *value = if *on { laid } else { *value };
    }
}

/// Lays gains and offsets over a row.
fn lay_affine(field: &StoredField, row: &mut Row, span: Rect, depth: Depth, scratch: &mut Scratch) {
    let Scratch { pixels, present, touched, dithers, line, .. } = scratch;
    let Some(columns) = field.evaluate(row, span, line) else { return };
    touched.clear();
    touched.resize(columns.len(), false);
    (0..6).for_each(|n| wide_lanes(|| note(touched, line.values(n))));
    dither_row(span.x + columns.start, span.y, columns.len(), dithers);
    for (c, (row, pixels)) in row.channels_mut().into_iter().zip(pixels).enumerate() {
        let (row, pixels) = (&mut row[columns.clone()], &mut pixels[columns.clone()]);
        let (gains, offsets) = (line.values(c), line.values(3 + c));
        wide_lanes(|| correct(row, pixels, gains, offsets, dithers, touched, depth));
    }
    present[columns].iter_mut().zip(touched.iter()).for_each(|(on, touched)| *on |= touched);
}

/// Lays gains and offsets over the values of one channel where they are `touched`.
#[inline(always)]
fn correct(
    row: &mut [f32],
    pixels: &mut [f32],
    gains: &[f32],
    offsets: &[f32],
    dithers: &[f32],
    touched: &[bool],
    depth: Depth,
) {
    let field = gains.iter().zip(offsets).zip(dithers).zip(touched);
    for ((value, pixel), (((gain, offset), threshold), on)) in row.iter_mut().zip(pixels).zip(field) {
        let laid = depth.dither(*value * (1.0 + gain) + offset, *threshold);
        (*value, *pixel) = if *on { (laid, laid) } else { (*value, *pixel) };
    }
}

/// Dither thresholds of so many pixels of row `y`, from column `x` on.
fn dither_row(x: usize, y: usize, columns: usize, thresholds: &mut Vec<f32>) {
    let eight: [f32; 8] = std::array::from_fn(|k| DITHER[y & 7][(x + k) & 7]);
    thresholds.clear();
    (0..columns.div_ceil(8)).for_each(|_| thresholds.extend_from_slice(&eight));
}

/// Row buffers reused from layer to layer.
#[derive(Default)]
pub struct Scratch {
    push: [Vec<f32>; 3],
    /// The quantised values of the layer laid last, where it is present.
    pixels: [Vec<f32>; 3],
    present: Vec<bool>,
    /// Where one field of the layer has an effect.
    touched: Vec<bool>,
    dithers: Vec<f32>,
    line: Line,
}

impl Scratch {
    /// Makes ready for a row of so many columns.
    fn clear(&mut self, columns: usize) {
        self.pixels.iter_mut().for_each(|channel| channel.resize(columns, 0.0));
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
        let [red, green, blue] = &self.pixels;
        let pixels = red.iter().zip(green).zip(blue).zip(&self.present);
        pixels.flat_map(|(((r, g), b), &on)| if on { [*r, *g, *b, 1.0] } else { [0.0; 4] }).collect()
    }
}

impl StoredPatch {
    fn new(patch: &Patch, orientation: Orientation, stored: Size, depth: Depth, grey: bool) -> Self {
        let rect = orientation.rect_to_stored(patch.rect, stored);
        let mut rgb = [0; 3].map(|_| vec![0.0; rect.size().area()]);
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
                rgb.iter_mut().zip(value).for_each(|(channel, v)| channel[to] = depth.round(v));
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
