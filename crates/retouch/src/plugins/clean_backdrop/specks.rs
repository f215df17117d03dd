//! Dust and scuffs: small marks with an edge, found on the canvas and filled at full resolution with the
//! backdrop's light around them and grain from beside them.

use pixel::colour::Lab;
use pixel::filter::{Components, dilate, enlarge, gauss, label};
use pixel::{Plane, Rect, Size};
use rayon::prelude::*;

use super::backdrop::Backdrop;
use super::quantile;
use crate::canvas::Canvas;
use crate::layer::Patch;
use crate::scene::Scene;

/// Sigma of the light around a mark, and of the wider light that helps where the mark fills the near one.
const NEAR: f32 = 0.0037;
const WIDE: f32 = 0.010;
/// A mark stands out by more than this in L*, and by so many times the grain.
const LEAST_CONTRAST: f32 = 1.3;
const GRAIN_TIMES: f32 = 5.0;
/// Marks on more than this share of the backdrop are its texture.
const TEXTURE: f64 = 0.02;
/// Distances in canvas samples at which grain is looked for, and directions in eighths of a turn.
const GRAIN_DISTANCES: [isize; 6] = [6, 10, 16, 24, 36, 54];
const GRAIN_DIRECTIONS: [(isize, isize); 8] =
    [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (-1, -1), (1, -1)];

/// Small marks on the backdrop.
pub struct Specks {
    marks: Components,
    chosen: Vec<bool>,
    /// 1 on all chosen marks with their soft rims, on the canvas.
    mask: Plane,
    /// 1 on the backdrop outside of marks.
    clean: Plane,
}

impl Specks {
    /// Finds marks on the canvas.
    pub fn find(canvas: &Canvas, backdrop: &Backdrop) -> Self {
        let region = &backdrop.region;
        let fine = gauss(&canvas.lab().l, 0.8);
        let mut clean = region.clone();
        let mut found = (label(&Plane::zeros(region.size())), Vec::new());
        for _ in 0..3 {
            let light = light(&canvas.lab().l, &clean, backdrop);
            let contrast = fine.zip(&light, |v, m| (v - m).abs()).zip(region, |d, r| d * r);
            found = marks(&contrast, backdrop);
            let mask = found.0.mask(|mark| found.1[mark]);
            clean = dilate(&mask, rim(backdrop)).zip(region, |m, r| r * (1.0 - m));
        }
        let (marks, chosen) = found;
        let mask = dilate(&marks.mask(|mark| chosen[mark]), rim(backdrop));
        let specks = Self { marks, chosen, mask, clean };
        if specks.mask.sum() > TEXTURE * region.sum() {
            return specks.none(region);
        }
        specks
    }

    fn none(self, region: &Plane) -> Self {
        let chosen = vec![false; self.chosen.len()];
        Self { chosen, mask: Plane::zeros(region.size()), clean: region.clone(), ..self }
    }

    /// The canvas colours with the light of the backdrop in place of the marks.
    pub fn filled(&self, canvas: &Canvas) -> Lab {
        let mut lab = canvas.lab().clone();
        for mark in (0..self.marks.count()).filter(|&mark| self.chosen[mark]) {
            let rect = self.marks.bounds[mark].grow(4, canvas.size());
            let around = rect.grow(FILL_MARGIN, canvas.size());
            for plane in [&mut lab.l, &mut lab.a, &mut lab.b] {
                let light = local_light(plane, &self.clean, around, canvas.size().long_edge() as f32);
                for y in rect.y..rect.bottom() {
                    for x in rect.x..rect.right() {
                        if self.mask.at(x, y) > 0.5 {
                            *plane.at_mut(x, y) = light.at(x - around.x, y - around.y);
                        }
                    }
                }
            }
        }
        lab
    }

    /// The marks of the wished sizes (longest side as a share of the long edge) that are dirt: not the rim of
    /// the person or of a thing, not stray hair.
    pub fn kept(mut self, sizes: &std::ops::Range<f32>, things: &Plane, backdrop: &Backdrop) -> Self {
        for mark in 0..self.marks.count() {
            let bounds = self.marks.bounds[mark];
            let longest = bounds.size().long_edge() as f32 / backdrop.long_edge;
            self.chosen[mark] &= sizes.contains(&longest) && !self.is_on(mark, things, backdrop);
        }
        self.mask = dilate(&self.marks.mask(|mark| self.chosen[mark]), rim(backdrop))
            .zip(&backdrop.region, |m, r| m * r);
        self
    }

    fn is_on(&self, mark: usize, things: &Plane, backdrop: &Backdrop) -> bool {
        let bounds = self.marks.bounds[mark];
        (bounds.y..bounds.bottom()).any(|y| {
            (bounds.x..bounds.right()).any(|x| {
                self.marks.at(x, y) as usize == mark + 1
                    && things.at(x / backdrop.factor, y / backdrop.factor) > 0.5
            })
        })
    }

    /// New pixels for every mark. `offset` is what the stain field will have added, on the light grid.
    pub fn patches(
        &self,
        canvas: &Canvas,
        backdrop: &Backdrop,
        offset: &[Plane; 3],
        strength: f32,
        scene: &Scene<'_>,
    ) -> Vec<Patch> {
        let marks: Vec<usize> = (0..self.marks.count()).filter(|&mark| self.chosen[mark]).collect();
        marks.par_iter().map(|&mark| self.patch(mark, canvas, backdrop, offset, strength, scene)).collect()
    }

    fn patch(
        &self,
        mark: usize,
        canvas: &Canvas,
        backdrop: &Backdrop,
        offset: &[Plane; 3],
        strength: f32,
        scene: &Scene<'_>,
    ) -> Patch {
        let size = canvas.size();
        let rect = self.marks.bounds[mark].grow(5, size);
        let shift = self.grain_shift(rect);
        let source = shift.map(|(dx, dy)| moved(rect, dx, dy));
        let around = source.map_or(rect, |s| rect.union(s)).grow(FILL_MARGIN, size);
        let step = canvas.grid.step;
        let full = backdrop.full(rect);
        let matte = enlarge(
            &gauss(&self.mask.crop(rect), 0.7),
            step,
            Size::new(rect.width * step, rect.height * step),
        );
        let inside = backdrop.region.crop(rect);
        let picture = scene.read(full);
        let grain_picture = source.map(|s| scene.read(backdrop.full(s)));
        let long_edge = backdrop.long_edge;
        let mut before = picture.clone();
        let mut wished = picture;
        for c in 0..3 {
            let light = local_light(&canvas.rgb[c], &self.clean, around, long_edge);
            let place = |x: usize, y: usize, origin: Rect| {
                let at = |v: usize, o: usize, a: usize| (v as f32 + 0.5) / step as f32 - 0.5 + (o - a) as f32;
                light.bilinear(at(x, origin.x, around.x), at(y, origin.y, around.y))
            };
            for y in 0..full.height {
                for x in 0..full.width {
                    let stain = stain_offset(&offset[c], full.x + x, full.y + y, canvas, backdrop);
                    *before[c].at_mut(x, y) += stain;
                    let grain = match (&grain_picture, source) {
                        (Some(planes), Some(s)) if x < planes[c].width() && y < planes[c].height() => {
                            planes[c].at(x, y) - place(x, y, s)
                        }
                        _ => 0.0,
                    };
                    *wished[c].at_mut(x, y) = place(x, y, rect) + grain + stain;
                }
            }
        }
        let matte = Plane::from_fn(full.size(), |x, y| {
            let open = inside.at(x / step, y / step);
            let soft = matte.at(x, y);
            if open > 0.5 && soft > 0.02 { strength * (1.25 * soft).min(1.0) } else { 0.0 }
        });
        Patch::mixed(full, &before, &wished, &matte)
    }

    /// The nearest place beside a mark whose samples under the mark are all clean backdrop.
    fn grain_shift(&self, rect: Rect) -> Option<(isize, isize)> {
        let size = self.mask.size();
        let fits = |dx: isize, dy: isize| {
            let (left, top) = (rect.x as isize + dx, rect.y as isize + dy);
            left >= 0
                && top >= 0
                && left + rect.width as isize <= size.width as isize
                && top + rect.height as isize <= size.height as isize
        };
        let is_clean = |dx: isize, dy: isize| {
            (rect.y..rect.bottom()).all(|y| {
                (rect.x..rect.right()).all(|x| {
                    self.mask.at(x, y) < 0.5
                        || self.clean.at((x as isize + dx) as usize, (y as isize + dy) as usize) > 0.5
                })
            })
        };
        GRAIN_DISTANCES
            .iter()
            .flat_map(|&d| GRAIN_DIRECTIONS.iter().map(move |&(x, y)| (x * d, y * d)))
            .find(|&(dx, dy)| fits(dx, dy) && is_clean(dx, dy))
    }
}

/// Canvas samples around a mark from which its light is taken.
const FILL_MARGIN: usize = 36;

fn moved(rect: Rect, dx: isize, dy: isize) -> Rect {
    Rect { x: (rect.x as isize + dx) as usize, y: (rect.y as isize + dy) as usize, ..rect }
}

/// Width of the soft rim of a mark in canvas samples.
fn rim(backdrop: &Backdrop) -> f32 {
    backdrop.length(0.0014).max(1.5)
}

fn stain_offset(offset: &Plane, x: usize, y: usize, canvas: &Canvas, backdrop: &Backdrop) -> f32 {
    let (i, j) = canvas.position(x as f32, y as f32);
    let factor = backdrop.factor as f32;
    offset.bilinear((i + 0.5) / factor - 0.5, (j + 0.5) / factor - 0.5)
}

/// The light around each sample of the canvas, seen on clean backdrop only.
fn light(plane: &Plane, clean: &Plane, backdrop: &Backdrop) -> Plane {
    blended_light(plane, clean, backdrop.length(NEAR).max(2.5), backdrop.length(WIDE).max(7.0))
}

/// The same on a part of the canvas.
fn local_light(plane: &Plane, clean: &Plane, rect: Rect, long_edge: f32) -> Plane {
    let (near, wide) = ((NEAR * long_edge).max(2.5), (WIDE * long_edge).max(7.0));
    blended_light(&plane.crop(rect), &clean.crop(rect), near, wide)
}

fn blended_light(plane: &Plane, clean: &Plane, near: f32, wide: f32) -> Plane {
    let masked = plane.zip(clean, |v, c| v * c);
    let blur = |sigma: f32| (gauss(&masked, sigma), gauss(clean, sigma));
    let ((near_sum, near_weight), (wide_sum, wide_weight)) = rayon::join(|| blur(near), || blur(wide));
    let mut out = plane.clone();
    for (i, value) in out.samples_mut().iter_mut().enumerate() {
        let (near, wide) = (near_weight.samples()[i], wide_weight.samples()[i]);
        if wide < 1e-3 {
            continue;
        }
        let far = wide_sum.samples()[i] / wide;
        let trust = (near / 0.25).min(1.0);
        let close = if near > 1e-3 { near_sum.samples()[i] / near } else { far };
        *value = far + (close - far) * trust;
    }
    out
}

/// Marks by their contrast in L*, and for each whether it stands out enough and does not lean on the person
/// or on the hair.
fn marks(contrast: &Plane, backdrop: &Backdrop) -> (Components, Vec<bool>) {
    let grain = 1.48 * quantile(contrast, &backdrop.region, 0.5, 7).unwrap_or(0.0);
    let strong = (GRAIN_TIMES * grain).max(LEAST_CONTRAST);
    let weak = (2.2 * grain).max(0.5);
    let parts = label(&contrast.map(|d| if d > weak { 1.0 } else { 0.0 }));
    let mut peak = vec![0.0f32; parts.count()];
    let (mut depth, mut from_hair) = (vec![f32::MAX; parts.count()], vec![f32::MAX; parts.count()]);
    let light = backdrop.light_size();
    for y in 0..contrast.height() {
        for x in 0..contrast.width() {
            let Some(part) = (parts.at(x, y) as usize).checked_sub(1) else { continue };
            let (i, j) =
                ((x / backdrop.factor).min(light.width - 1), (y / backdrop.factor).min(light.height - 1));
            peak[part] = peak[part].max(contrast.at(x, y));
            depth[part] = depth[part].min(backdrop.depth.at(i, j));
            from_hair[part] = from_hair[part].min(backdrop.from_hair.at(i, j));
        }
    }
    let is_dirt = |part: usize| {
        let longest = parts.bounds[part].size().long_edge() as f32;
        let is_thin = (parts.areas[part] as f32) < 0.35 * longest * longest && longest > 6.0;
        let is_hair = is_thin && from_hair[part] < backdrop.hair_reach;
        peak[part] > strong
            && depth[part] > 0.5
            && !is_hair
            && longest < backdrop.length(super::DirtSizes::LONGEST)
    };
    let chosen = (0..parts.count()).map(is_dirt).collect();
    (parts, chosen)
}
