//! A part of the picture so far, reduced to the resolution at which broad corrections are thought.

use std::sync::{Arc, OnceLock};

use pixel::blend::soft_light;
use pixel::colour::Lab;
use pixel::colour::profile::ColourSpace;
use pixel::picture::{Picture, Samples};
use pixel::{Orientation, Plane, Rect, Size, add, wide_lanes};
use rayon::prelude::*;

use crate::lay::luma;
use crate::layer::{Effect, Field, Grid, Layer};
use crate::pile::Pile;
use crate::plugin::Blend;

/// Reduced pixels of the picture with all layers laid so far.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// Where the samples lie.
    pub grid: Grid,
    /// Encoded document RGB, 0..1. A copy shares it until one of the two is changed.
    pub rgb: Arc<[Plane; 3]>,
    space: ColourSpace,
    lab: OnceLock<Lab>,
}

impl Canvas {
    /// Reads the upright rectangle, averaging `step` × `step` blocks.
    pub fn read(pile: &Pile<'_>, rect: Rect, step: usize, space: &ColourSpace) -> Self {
        debug_assert!(pile.layers().is_empty(), "canvases are opened before the first layer is drawn");
        Self::of(reduce_upright(pile.picture(), rect, step).into(), rect, step, space)
    }

    /// What [`read`](Self::read) gives, of block averages (encoded document RGB) that are there already.
    pub fn of(rgb: Arc<[Plane; 3]>, rect: Rect, step: usize, space: &ColourSpace) -> Self {
        let grid = Grid { x: rect.x, y: rect.y, step, rect };
        Self { grid, rgb, space: space.clone(), lab: OnceLock::new() }
    }

    /// The picture so far in CIELAB, worked out when it is first asked for.
    pub fn lab(&self) -> &Lab {
        self.lab.get_or_init(|| Lab::of(self.channels(), &self.space))
    }

    /// Width and height in samples.
    pub fn size(&self) -> Size {
        self.rgb[0].size()
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        let planes = if self.lab.get().is_some() { 6 } else { 3 };
        planes * self.size().area() * size_of::<f32>()
    }

    /// Canvas position of a full-resolution place.
    pub fn position(&self, x: f32, y: f32) -> (f32, f32) {
        let step = self.grid.step as f32;
        ((x - self.grid.x as f32 + 0.5) / step - 0.5, (y - self.grid.y as f32 + 0.5) / step - 0.5)
    }

    /// Full-resolution place of the centre of a canvas sample.
    pub fn place(&self, i: f32, j: f32) -> (f32, f32) {
        let step = self.grid.step as f32;
        (self.grid.x as f32 + (i + 0.5) * step - 0.5, self.grid.y as f32 + (j + 0.5) * step - 0.5)
    }

    /// The three document channels.
    pub fn channels(&self) -> [&Plane; 3] {
        [&self.rgb[0], &self.rgb[1], &self.rgb[2]]
    }

    /// Takes in the layer that was just pushed onto the pile: what a fresh reading of the pile would give, but
    /// for the difference between correcting a mean and the mean of corrected pixels.
    pub fn update(&mut self, layer: &Layer, blend: Blend, pile: &Pile<'_>) {
        let mut stale = vec![false; self.size().height];
        let grey = pile.picture().grey;
        match blend {
            Blend::SoftLight => self.lay_pushes(&layer.fields, grey),
            Blend::Normal => {
                layer.fields.iter().for_each(|field| self.lay_affine(field, grey));
                layer.patches.iter().for_each(|patch| self.reread(patch.rect, pile, &mut stale));
            }
            Blend::Mask | Blend::Metadata => {}
        }
        // A field changes most rows: who asks for CIELAB next has it worked out anew, if somebody asks.
        if layer.fields.iter().any(|field| self.meets(field)) {
            self.lab.take();
        }
        if let Some(lab) = self.lab.get_mut() {
            lab.refresh(self.rgb.each_ref(), &self.space, &stale);
        }
    }

    /// False when a field lies beside the canvas: on a picture of many faces nearly all of the other faces' do.
    fn meets(&self, field: &Field) -> bool {
        !self.grid.rect.intersect(field.grid.rect).is_empty()
    }

    /// Soft-light fields add their pushes and are laid together.
    fn lay_pushes(&mut self, fields: &[Field], grey: bool) {
        let meets = |field: &&Field| matches!(field.effect, Effect::SoftLight(_)) && self.meets(field);
        let near: Vec<&Field> = fields.iter().filter(meets).collect();
        if near.is_empty() {
            return;
        }
        let mut pushes = vec![[0.0f32; 3]; self.size().area()];
        for field in near {
            self.visit(field, grey, &mut pushes, |push, values, _| (0..3).for_each(|c| push[c] += values[c]));
        }
        self.change(&pushes, |push, rgb| {
            (*push != [0.0; 3])
                .then(|| [0, 1, 2].map(|c| soft_light(rgb[c], push[c].clamp(-1.0, 1.0)).clamp(0.0, 1.0)))
        });
    }

    fn lay_affine(&mut self, field: &Field, grey: bool) {
        if matches!(field.effect, Effect::SoftLight(_)) || !self.meets(field) {
            return;
        }
        let mut laid = vec![None; self.size().area()];
        self.visit(field, grey, &mut laid, |laid, values, rgb| {
            *laid = Some([0, 1, 2].map(|c| (rgb[c] * (1.0 + values[c]) + values[3 + c]).clamp(0.0, 1.0)));
        });
        self.change(&laid, |laid, _| *laid);
    }

    /// Gives the samples for which there is one a new value.
    fn change<T: Sync>(&mut self, told: &[T], new: impl Fn(&T, [f32; 3]) -> Option<[f32; 3]> + Sync) {
        let width = self.size().width.max(1);
        let [reds, greens, blues] =
            Arc::make_mut(&mut self.rgb).each_mut().map(|plane| plane.samples_mut().par_chunks_mut(width));
        let rows = reds.zip(greens).zip(blues).zip(told.par_chunks(width));
        rows.for_each(|(((red, green), blue), told)| {
            for (((r, g), b), told) in red.iter_mut().zip(green).zip(blue).zip(told) {
                if let Some(rgb) = new(told, [*r, *g, *b]) {
                    [*r, *g, *b] = rgb;
                }
            }
        });
    }

    /// Calls `visit(told, values, rgb)` for the samples on which the field has an effect: pushes, or gains and
    /// offsets, in the share in which the field covers the sample's block. `told` has a place for each sample.
    fn visit<T: Send>(
        &self,
        field: &Field,
        grey: bool,
        told: &mut [T],
        visit: impl Fn(&mut T, [f32; 6], [f32; 3]) + Sync,
    ) {
        let (grid, size) = (self.grid, self.size());
        let mut planes = field.effect.planes();
        let effects = planes.len();
        if let Some(model) = &field.matte {
            planes.extend(&model.slope);
            planes.push(&model.offset);
        }
        let samples = planes[0].size();
        let covering = Covering { canvas: grid, field: field.grid };
        let columns = covering.columns(size.width, samples.width);
        let rows = covering.rows(size.height, samples.height);
        let told = told.par_chunks_mut(size.width.max(1));
        told.zip(&rows).enumerate().for_each_init(Vec::new, |lines, (j, (told, row))| {
            let Some(row) = row else { return };
            lines.clear();
            for plane in &planes {
                let pair = plane.row(row.first).iter().zip(plane.row(row.second));
                lines.extend(pair.map(|(u, l)| u + (l - u) * row.place));
            }
            if lines[..effects * samples.width].iter().all(|&v| v == 0.0) {
                return;
            }
            for (i, (column, told)) in columns.iter().zip(told).enumerate() {
                let Some(column) = column else { continue };
                let at = |k: usize| {
                    let line = &lines[k * samples.width..];
                    line[column.first] + (line[column.second] - line[column.first]) * column.place
                };
                let mut values = [0.0f32; 6];
                (0..effects).for_each(|k| values[k] = at(k));
                if values == [0.0; 6] {
                    continue;
                }
                if grey {
                    values
                        .chunks_exact_mut(3)
                        .for_each(|three| three.fill(luma([three[0], three[1], three[2]])));
                }
                let rgb = [0, 1, 2].map(|c| self.rgb[c].at(i, j));
                let mut share = row.share * column.share;
                if planes.len() > effects {
                    let model = (0..3).map(|c| at(effects + c) * rgb[c]).sum::<f32>() + at(effects + 3);
                    share *= model.clamp(0.0, 1.0);
                }
                visit(told, values.map(|v| v * share), rgb);
            }
        });
    }

    /// Averages the full-resolution picture so far over the blocks that `rect` touches.
    fn reread(&mut self, rect: Rect, pile: &Pile<'_>, stale: &mut [bool]) {
        let part = rect.intersect(self.grid.rect);
        if part.is_empty() {
            return;
        }
        let step = self.grid.step;
        let (left, top) = ((part.x - self.grid.x) / step, (part.y - self.grid.y) / step);
        let right = (part.right() - self.grid.x).div_ceil(step);
        let bottom = (part.bottom() - self.grid.y).div_ceil(step);
        let blocks = Rect::from_edges(
            self.grid.x + left * step,
            self.grid.y + top * step,
            (self.grid.x + right * step).min(self.grid.rect.right()),
            (self.grid.y + bottom * step).min(self.grid.rect.bottom()),
        );
        let reduced = pile.read(blocks).map(|plane| pixel::filter::reduce(&plane, step));
        for (plane, reduced) in Arc::make_mut(&mut self.rgb).iter_mut().zip(&reduced) {
            for j in top..bottom {
                plane.row_mut(j)[left..right].copy_from_slice(reduced.row(j - top));
            }
        }
        stale[top..bottom].fill(true);
    }
}

/// How the blocks of a canvas lie over the samples of a field.
struct Covering {
    canvas: Grid,
    field: Grid,
}

/// One row or column of canvas blocks over a field.
#[derive(Clone, Copy)]
struct Covered {
    /// The two field samples around the middle of the covered part, and its place between them.
    first: usize,
    second: usize,
    place: f32,
    /// Share of the blocks that the field covers.
    share: f32,
}

impl Covering {
    fn columns(&self, count: usize, samples: usize) -> Vec<Option<Covered>> {
        let (c, f) = (self.canvas, self.field);
        let limits = (c.rect.right(), f.rect.x, f.rect.right());
        (0..count).map(|i| self.covered(c.x + i * c.step, limits, f.x, samples)).collect()
    }

    fn rows(&self, count: usize, samples: usize) -> Vec<Option<Covered>> {
        let (c, f) = (self.canvas, self.field);
        let limits = (c.rect.bottom(), f.rect.y, f.rect.bottom());
        (0..count).map(|j| self.covered(c.y + j * c.step, limits, f.y, samples)).collect()
    }

    /// `start` is a block's first pixel, `limits` the canvas's end and the field's first and last pixels,
    /// `origin` the field's first sample.
    fn covered(
        &self,
        start: usize,
        (end, from, to): (usize, usize, usize),
        origin: usize,
        samples: usize,
    ) -> Option<Covered> {
        let block_end = (start + self.canvas.step).min(end);
        let (first, last) = (start.max(from), block_end.min(to));
        if first >= last {
            return None;
        }
        let middle = 0.5 * (first + last) as f32 - origin as f32;
        let place = (middle / self.field.step as f32 - 0.5).clamp(0.0, (samples - 1) as f32);
        let near = place as usize;
        Some(Covered {
            first: near,
            second: (near + 1).min(samples - 1),
            place: place - near as f32,
            share: (last - first) as f32 / (block_end - start) as f32,
        })
    }
}

/// Block averages of the upload over an upright rectangle, encoded document RGB 0..1; blocks start at
/// the rectangle's upright corner.
pub fn reduce_upright(picture: &Picture, rect: Rect, step: usize) -> [Plane; 3] {
    let stored = picture.orientation.rect_to_stored(rect, picture.size);
    let (mirrored_x, mirrored_y) = mirrored(picture.orientation);
    let columns = blocks(stored.width, step, mirrored_x);
    let rows = blocks(stored.height, step, mirrored_y);
    let scale = 1.0 / picture.rgb.ceiling();
    let width = picture.size.width;
    let size = Size::new(columns.len(), rows.len());
    let mut planes = [(); 3].map(|()| Plane::zeros(size));
    let [reds, greens, blues] =
        planes.each_mut().map(|plane| plane.samples_mut().par_chunks_mut(size.width.max(1)));
    let lines = reds.zip(greens).zip(blues).zip(&rows);
    lines.for_each_init(
        || vec![0.0f32; 3 * stored.width],
        |sums, (((red, green), blue), &(top, bottom))| {
            sums.fill(0.0);
            for y in stored.y + top..stored.y + bottom {
                let start = 3 * (y * width + stored.x);
                let line = start..start + 3 * stored.width;
                match &picture.rgb {
                    Samples::U8(samples) => wide_lanes(|| add(sums, &samples[line])),
                    Samples::U16(samples) => wide_lanes(|| add(sums, &samples[line])),
                }
            }
            let pixels = sums.as_chunks::<3>().0;
            for (((r, g), b), &(left, right)) in red.iter_mut().zip(green).zip(blue).zip(&columns) {
                let mut total = [0.0f32; 3];
                for pixel in &pixels[left..right] {
                    (0..3).for_each(|c| total[c] += pixel[c]);
                }
                let share = scale / ((right - left) * (bottom - top)) as f32;
                [*r, *g, *b] = total.map(|v| v * share);
            }
        },
    );
    planes.map(|plane| upright_plane(plane, picture.orientation))
}

/// Whether growing stored x and y run against the upright axes they belong to.
fn mirrored(orientation: Orientation) -> (bool, bool) {
    let size = Size::new(2, 2);
    let origin = orientation.to_stored(0, 0, size);
    (origin.0 == 1, origin.1 == 1)
}

/// Block ranges over `length` samples; a short block stands last, or first on a mirrored axis.
fn blocks(length: usize, step: usize, mirrored: bool) -> Vec<(usize, usize)> {
    let count = length.div_ceil(step);
    let lead = if mirrored { count * step - length } else { 0 };
    (0..count).map(|i| ((i * step).saturating_sub(lead), ((i + 1) * step - lead).min(length))).collect()
}

fn upright_plane(stored: Plane, orientation: Orientation) -> Plane {
    if orientation == Orientation::Upright {
        return stored;
    }
    let size = stored.size();
    Plane::from_fn(orientation.turn_size(size), |x, y| {
        let (sx, sy) = orientation.to_stored(x, y, size);
        stored.at(sx, sy)
    })
}
