//! What was seen on a level, to be shown over it.

use pixel::{Rect, Size};
use rayon::prelude::*;

use super::tile::rgba_png;
use crate::canvas::Canvas;
use crate::engine::EngineError;
use crate::inspect::{Inset, Region, SeenFace, seen_face};
use crate::scene::Views;

/// Faces with landmarks, and region mattes.
pub struct Seen {
    size: Size,
    faces: Vec<SeenFace>,
    views: Views,
}

/// A matte on its canvas.
struct Placed<'a> {
    canvas: &'a Canvas,
    matte: Inset<'a>,
    /// Canvas samples a sample of the matte.
    step: usize,
}

impl Seen {
    pub(super) fn new(size: Size, level: u8, views: Views) -> Self {
        let factor = (1u32 << level) as f32;
        let faces = views.faces().iter().map(|view| seen_face(view).enlarged(factor)).collect();
        Self { size, faces, views }
    }

    /// Upright size of the level.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Faces, largest first, in upright pixels of the picture at full resolution.
    pub fn faces(&self) -> &[SeenFace] {
        &self.faces
    }

    /// Share of the picture that a region takes, 0 to 1.
    pub fn share(&self, region: Region) -> f32 {
        let covered = self.mattes(region).map(|Placed { canvas, matte, step }| {
            let block = canvas.grid.step * canvas.grid.step;
            // Blocks at the right and lower edge may stick out of the picture.
            let full = (canvas.size().area() * block) as f64;
            let inside = canvas.grid.rect.size().area() as f64 / full.max(1.0);
            matte.sum() * (block * step * step) as f64 * inside
        });
        (covered.sum::<f64>() / self.size.area().max(1) as f64).min(1.0) as f32
    }

    /// The matte of a region over the upright rectangle, cut to the level: a byte a pixel, 255 is wholly inside.
    pub fn alpha(&self, region: Region, rect: Rect) -> Vec<u8> {
        let rect = rect.intersect(self.size.rect());
        let mattes: Vec<_> = self.mattes(region).collect();
        let mut alpha = vec![0u8; rect.size().area()];
        alpha.par_chunks_mut(rect.width.max(1)).enumerate().for_each(|(row, line)| {
            for matte in &mattes {
                matte.raise(line, rect.x, rect.y + row);
            }
        });
        alpha
    }

    /// Regions tinted, over the upright rectangle cut to the level: straight-alpha RGBA, 4 bytes a pixel. The alpha of
    /// a tint holds where its region is wholly inside; later tints lie over earlier ones.
    pub fn overlay(&self, tints: &[(Region, [u8; 4])], rect: Rect) -> Vec<u8> {
        let rect = rect.intersect(self.size.rect());
        let mut drawing = vec![0u8; 4 * rect.size().area()];
        for (region, tint) in tints {
            let alpha = self.alpha(*region, rect);
            drawing.chunks_exact_mut(4).zip(alpha).filter(|(_, matte)| *matte > 0).for_each(
                |(pixel, matte)| {
                    lay_over(pixel, *tint, f32::from(matte) / 255.0);
                },
            );
        }
        drawing
    }

    /// [`Seen::overlay`] as a PNG.
    ///
    /// # Errors
    /// When the rectangle is empty.
    pub fn overlay_png(&self, tints: &[(Region, [u8; 4])], rect: Rect) -> Result<Vec<u8>, EngineError> {
        rgba_png(&self.overlay(tints, rect), rect.intersect(self.size.rect()).size())
    }

    /// Bytes held when nothing else holds them: mattes and the canvases they lie on.
    pub fn memory(&self) -> usize {
        self.views.regions_memory() + self.views.canvases().map(|canvas| canvas.memory()).sum::<usize>()
    }

    fn mattes(&self, region: Region) -> impl Iterator<Item = Placed<'_>> {
        let whole = self.views.picture().and_then(|view| {
            let plane = region.of_picture(&view.regions)?;
            Some(Placed { canvas: &view.canvas, matte: Inset::whole(plane), step: view.regions_step() })
        });
        let faces = self.views.faces().iter().flat_map(move |view| {
            let mattes = region.of_face(&view.regions);
            mattes.into_iter().map(|matte| Placed { canvas: &view.canvas, matte, step: 1 })
        });
        whole.into_iter().chain(faces)
    }
}

impl Placed<'_> {
    /// Raises a row of the level, whose first pixel is (`x0`, `y`), to the matte where that is higher.
    fn raise(&self, line: &mut [u8], x0: usize, y: usize) {
        let rect = self.canvas.grid.rect;
        let row = Rect { x: x0, y, width: line.len(), height: 1 }.intersect(rect);
        for x in row.x..row.x + row.width * row.height {
            let (i, j) = self.canvas.position(x as f32, y as f32);
            let sample = |index: f32| (index + 0.5) / self.step as f32 - 0.5;
            let value = (self.matte.at(sample(i), sample(j)).clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
            line[x - x0] = line[x - x0].max(value);
        }
    }
}

/// Lays a tint in the share `matte` over a straight-alpha pixel.
fn lay_over(pixel: &mut [u8], tint: [u8; 4], matte: f32) {
    let above = matte * f32::from(tint[3]) / 255.0;
    let below = f32::from(pixel[3]) / 255.0 * (1.0 - above);
    let alpha = above + below;
    if alpha <= 0.0 {
        return;
    }
    for c in 0..3 {
        let mixed = (f32::from(tint[c]) * above + f32::from(pixel[c]) * below) / alpha;
        pixel[c] = (mixed + 0.5) as u8;
    }
    pixel[3] = (alpha * 255.0 + 0.5) as u8;
}
