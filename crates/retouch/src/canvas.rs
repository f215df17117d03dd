//! A part of the picture so far, reduced to the resolution at which broad corrections are thought.

use pixel::blend::soft_light;
use pixel::colour::profile::ColourSpace;
use pixel::colour::{Lab, lab_to_linear, linear_to_lab};
use pixel::picture::{Picture, Samples};
use pixel::{Orientation, Plane, Rect, Size};
use rayon::prelude::*;

use crate::layer::{Effect, Field, Grid, Layer};
use crate::pile::Pile;

/// Reduced pixels of the picture with all layers laid so far.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// Where the samples lie.
    pub grid: Grid,
    /// Encoded document RGB, 0..1.
    pub rgb: [Plane; 3],
    /// The same in CIELAB.
    pub lab: Lab,
}

impl Canvas {
    /// Reads the upright rectangle, averaging `step` × `step` blocks.
    pub fn read(pile: &Pile<'_>, rect: Rect, step: usize, space: &ColourSpace) -> Self {
        let grid = Grid { x: rect.x, y: rect.y, step, rect };
        let rgb = reduce_upright(pile.picture(), rect, step);
        let lab = document_lab([&rgb[0], &rgb[1], &rgb[2]], space);
        let mut canvas = Self { grid, rgb, lab };
        debug_assert!(pile.layers().is_empty(), "canvases are opened before the first layer is drawn");
        canvas.grid.rect = rect;
        canvas
    }

    /// Width and height in samples.
    pub fn size(&self) -> Size {
        self.lab.size()
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

    /// Takes in the layer that was just pushed onto the pile.
    pub fn update(&mut self, layer: &Layer, pile: &Pile<'_>, space: &ColourSpace) {
        let mut changed = vec![false; self.size().area()];
        for field in &layer.fields {
            self.lay_field(field, &mut changed);
        }
        for patch in &layer.patches {
            self.reread(patch.rect, pile, &mut changed);
        }
        for index in 0..changed.len() {
            if changed[index] {
                let rgb = [0, 1, 2].map(|c| self.rgb[c].samples()[index]);
                let lab = linear_to_lab(space.to_linear(rgb));
                self.lab.l.samples_mut()[index] = lab[0];
                self.lab.a.samples_mut()[index] = lab[1];
                self.lab.b.samples_mut()[index] = lab[2];
            }
        }
    }

    fn lay_field(&mut self, field: &Field, changed: &mut [bool]) {
        let (grid, size) = (self.grid, self.size());
        let part = field.grid.rect.intersect(grid.rect);
        if part.is_empty() {
            return;
        }
        let laying = FieldLaying::new(field, grid, size);
        let centre = |origin: usize, i: usize| origin as f32 + (i as f32 + 0.5) * grid.step as f32 - 0.5;
        let inside = |place: f32, from: usize, to: usize| place >= from as f32 - 0.5 && place < to as f32;
        let columns = |i: &usize| inside(centre(grid.x, *i), part.x, part.right());
        let Some(first) = (0..size.width).find(columns) else { return };
        let end = (first..size.width).rfind(columns).map_or(first, |last| last + 1);
        let [r, g, b] = &mut self.rgb;
        let rows = r
            .samples_mut()
            .par_chunks_mut(size.width)
            .zip(g.samples_mut().par_chunks_mut(size.width))
            .zip(b.samples_mut().par_chunks_mut(size.width))
            .zip(changed.par_chunks_mut(size.width));
        rows.enumerate().for_each_init(Vec::new, |lines, (j, (((r, g), b), changed))| {
            if inside(centre(grid.y, j), part.y, part.bottom()) {
                laying.lay_row([r, g, b], changed, j, first..end, lines);
            }
        });
    }

    /// Averages the full-resolution picture so far over the blocks that `rect` touches.
    fn reread(&mut self, rect: Rect, pile: &Pile<'_>, changed: &mut [bool]) {
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
        let width = self.size().width;
        let reduced = pile.read(blocks).map(|plane| pixel::filter::reduce(&plane, step));
        for j in top..bottom {
            for i in left..right {
                for c in 0..3 {
                    *self.rgb[c].at_mut(i, j) = reduced[c].at(i - left, j - top);
                }
                changed[j * width + i] = true;
            }
        }
    }
}

/// A field on its way onto the samples of a canvas, without quantisation.
struct FieldLaying<'a> {
    soft_light: bool,
    /// Pushes, or gains and offsets; then slopes and offset of the matte, if there is one.
    planes: Vec<&'a Plane>,
    columns: Vec<Between>,
    rows: Vec<Between>,
}

/// Two neighbouring grid samples and the share of the second.
#[derive(Clone, Copy)]
struct Between {
    first: usize,
    second: usize,
    share: f32,
}

impl<'a> FieldLaying<'a> {
    fn new(field: &'a Field, canvas: Grid, size: Size) -> Self {
        let (mut planes, soft_light): (Vec<&Plane>, bool) = match &field.effect {
            Effect::SoftLight(push) => (push.iter().collect(), true),
            Effect::Affine { gain, offset } => (gain.iter().chain(offset).collect(), false),
        };
        if let Some(model) = &field.matte {
            planes.extend(&model.slope);
            planes.push(&model.offset);
        }
        let samples = planes[0].size();
        let between = |i: usize, origin: usize, own_origin: usize, count: usize| {
            let place = origin as f32 + (i as f32 + 0.5) * canvas.step as f32;
            let own = (place - own_origin as f32) / field.grid.step as f32 - 0.5;
            let own = own.clamp(0.0, (count - 1) as f32);
            let first = own as usize;
            Between { first, second: (first + 1).min(count - 1), share: own - first as f32 }
        };
        let columns = (0..size.width).map(|i| between(i, canvas.x, field.grid.x, samples.width)).collect();
        let rows = (0..size.height).map(|j| between(j, canvas.y, field.grid.y, samples.height)).collect();
        Self { soft_light, planes, columns, rows }
    }

    /// Lays the field over the given columns of canvas row `j` and flags what it changes. `lines` is
    /// memory to work in.
    fn lay_row(
        &self,
        [r, g, b]: [&mut [f32]; 3],
        changed: &mut [bool],
        j: usize,
        columns: std::ops::Range<usize>,
        lines: &mut Vec<f32>,
    ) {
        let width = self.planes[0].width();
        let effects = if self.soft_light { 3 } else { 6 };
        let row = self.rows[j];
        lines.clear();
        for plane in &self.planes {
            let pair = plane.row(row.first).iter().zip(plane.row(row.second));
            lines.extend(pair.map(|(u, l)| u + (l - u) * row.share));
        }
        if lines[..effects * width].iter().all(|&v| v == 0.0) {
            return;
        }
        for i in columns {
            let Between { first, second, share } = self.columns[i];
            let at = |k: usize| {
                let (a, b) = (lines[k * width + first], lines[k * width + second]);
                a + (b - a) * share
            };
            let rgb = [r[i], g[i], b[i]];
            let mut matte = 1.0;
            if self.planes.len() > effects {
                let model = (0..3).map(|c| at(effects + c) * rgb[c]).sum::<f32>() + at(effects + 3);
                matte = model.clamp(0.0, 1.0);
            }
            let laid = [0, 1, 2].map(|c| {
                let value = match self.soft_light {
                    true => soft_light(rgb[c], (at(c) * matte).clamp(-1.0, 1.0)),
                    false => rgb[c] * (1.0 + at(c) * matte) + at(3 + c) * matte,
                };
                value.clamp(0.0, 1.0)
            });
            if laid != rgb {
                [r[i], g[i], b[i]] = laid;
                changed[i] = true;
            }
        }
    }
}

/// CIELAB of encoded document RGB.
pub fn document_lab(rgb: [&Plane; 3], space: &ColourSpace) -> Lab {
    let size = rgb[0].size();
    let width = size.width.max(1);
    let mut lab = Lab { l: Plane::zeros(size), a: Plane::zeros(size), b: Plane::zeros(size) };
    let rows = lab
        .l
        .samples_mut()
        .par_chunks_mut(width)
        .zip(lab.a.samples_mut().par_chunks_mut(width))
        .zip(lab.b.samples_mut().par_chunks_mut(width));
    rows.enumerate().for_each(|(y, ((l, a), b))| {
        l.copy_from_slice(rgb[0].row(y));
        a.copy_from_slice(rgb[1].row(y));
        b.copy_from_slice(rgb[2].row(y));
        space.rows_to_linear(l, a, b);
        for ((l, a), b) in l.iter_mut().zip(a).zip(b) {
            [*l, *a, *b] = linear_to_lab([*l, *a, *b]);
        }
    });
    lab
}

/// Encoded document RGB of CIELAB planes, limited to what the document can hold.
pub fn lab_document(lab: &Lab, space: &ColourSpace) -> [Plane; 3] {
    let size = lab.size();
    let width = size.width.max(1);
    let mut rgb = [Plane::zeros(size), Plane::zeros(size), Plane::zeros(size)];
    let [r, g, b] = &mut rgb;
    let rows = r
        .samples_mut()
        .par_chunks_mut(width)
        .zip(g.samples_mut().par_chunks_mut(width))
        .zip(b.samples_mut().par_chunks_mut(width));
    rows.enumerate().for_each(|(y, ((r, g), b))| {
        for x in 0..r.len() {
            let value = space.from_linear(lab_to_linear(lab.at(x, y)));
            (r[x], g[x], b[x]) = (value[0], value[1], value[2]);
        }
    });
    rgb
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
    let reduced: Vec<Vec<f32>> = rows
        .par_iter()
        .map(|&(top, bottom)| {
            let mut sums = vec![0.0f32; 3 * columns.len()];
            for y in stored.y + top..stored.y + bottom {
                let start = 3 * (y * width + stored.x);
                let line = start..start + 3 * stored.width;
                match &picture.rgb {
                    Samples::U8(samples) => add_blocks(&samples[line], &columns, &mut sums),
                    Samples::U16(samples) => add_blocks(&samples[line], &columns, &mut sums),
                }
            }
            for (sum, &(left, right)) in sums.chunks_exact_mut(3).zip(&columns) {
                let share = scale / ((right - left) * (bottom - top)) as f32;
                sum.iter_mut().for_each(|s| *s *= share);
            }
            sums
        })
        .collect();
    let size = Size::new(columns.len(), rows.len());
    [0, 1, 2].map(|c| {
        let plane = Plane::from_fn(size, |x, y| reduced[y][3 * x + c]);
        upright_plane(&plane, picture.orientation)
    })
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

fn add_blocks<T: Copy + Into<u32>>(line: &[T], columns: &[(usize, usize)], sums: &mut [f32]) {
    for (sum, &(left, right)) in sums.chunks_exact_mut(3).zip(columns) {
        let mut total = [0u32; 3];
        for pixel in line[3 * left..3 * right].chunks_exact(3) {
            for c in 0..3 {
                total[c] += pixel[c].into();
            }
        }
        for c in 0..3 {
            sum[c] += total[c] as f32;
        }
    }
}

fn upright_plane(stored: &Plane, orientation: Orientation) -> Plane {
    if orientation == Orientation::Upright {
        return stored.clone();
    }
    let size = stored.size();
    Plane::from_fn(orientation.turn_size(size), |x, y| {
        let (sx, sy) = orientation.to_stored(x, y, size);
        stored.at(sx, sy)
    })
}
