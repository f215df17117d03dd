//! The layered answer as one Photoshop document: the upload at the bottom, over it a layer a task.
//!
//! Masks become stored selections (extra channels), which is how an editor's user loads a selection; a hidden layer
//! would have to be turned into one first.

use std::sync::Arc;

use pixel::codec::{Depth, PsdBlend, PsdChannel, PsdDocument, PsdLayer, PsdRaster, write_psd};
use pixel::picture::{Picture, Samples};
use pixel::{Orientation, Rect};
use rayon::prelude::*;

use crate::archive::use_name;
use crate::engine::EngineError;
use crate::lay::StoredLayer;
use crate::pile::{LayerRows, Pile, flatten, render_layers, touched_bounds};
use crate::plugin::Blend;
use crate::recipe::Recipe;

/// Name of the bottom layer; editors know it as the background, which is locked.
const BACKGROUND: &str = "Background";

/// Rows that are copied together.
const BAND: usize = 64;

/// Builds the document from an upright picture and one layer a task.
pub(crate) fn document(
    mut picture: Picture,
    layers: Vec<Arc<StoredLayer>>,
    recipe: &Recipe,
) -> Result<Vec<u8>, EngineError> {
    debug_assert_eq!(picture.orientation, Orientation::Upright, "pixels are turned before they are drawn on");
    let depth = depth(&picture);
    let mut stack = Stack::new(&picture, &layers, recipe);
    let (background, ()) = rayon::join(
        || whole(&picture, PsdRaster::layer(picture.size.width, channels(&picture), depth)),
        || stack.render(Pile::with_layers(&picture, layers.clone())),
    );
    flatten(&mut picture, &layers);
    drop(layers);
    let merged = whole(&picture, PsdRaster::merged(picture.size.width, channels(&picture), depth));

    let Picture { size, grey, metadata, alpha, .. } = picture;
    let bottom = PsdLayer {
        name: BACKGROUND.to_owned(),
        blend: PsdBlend::Normal,
        opacity: 255,
        visible: true,
        clipped: false,
        rect: size.rect(),
        raster: background,
    };
    let is_clipped = alpha.is_some();
    let (above, selections) = stack.finish(is_clipped);
    let all = std::iter::once(bottom).chain(above).collect();
    Ok(write_psd(&PsdDocument { size, depth, grey, metadata }, all, merged, selections)?)
}

/// What is drawn over the background, task by task.
struct Stack {
    /// Indices of the tasks that have pixels or a selection.
    wanted: Vec<usize>,
    names: Vec<String>,
    blends: Vec<Blend>,
    rects: Vec<Rect>,
    rasters: Vec<PsdRaster>,
    grey: bool,
}

impl Stack {
    fn new(picture: &Picture, layers: &[Arc<StoredLayer>], recipe: &Recipe) -> Self {
        let blend = |index: usize| recipe.tasks[index].plugin.spec().blend;
        let wanted: Vec<usize> =
            (0..recipe.tasks.len()).filter(|&index| blend(index) != Blend::Metadata).collect();
        let names = wanted.iter().map(|&index| {
            let name = recipe.tasks[index].plugin.spec().name;
            let before = recipe.tasks[..index].iter().filter(|task| task.plugin.spec().name == name);
            use_name(name, before.count() + 1)
        });
        let blends: Vec<Blend> = wanted.iter().map(|&index| blend(index)).collect();
        let touched = touched_bounds(&Pile::with_layers(picture, layers.to_vec()), &wanted);
        let is_mask = |place: usize| blends[place] == Blend::Mask;
        let rects: Vec<Rect> = touched
            .into_iter()
            .enumerate()
            .map(|(place, rect)| if is_mask(place) { picture.size.rect() } else { rect })
            .collect();
        let colours = if picture.grey { 1 } else { 3 };
        let rasters = rects.iter().enumerate().map(|(place, rect)| match is_mask(place) {
            true => PsdRaster::merged(rect.width, 1, depth(picture)),
            false => PsdRaster::layer(rect.width, colours + 1, depth(picture)),
        });
        Self { names: names.collect(), rasters: rasters.collect(), wanted, blends, rects, grey: picture.grey }
    }

    /// Renders all layers while the picture is walked once, and compresses their rows.
    fn render(&mut self, pile: Pile<'_>) {
        let width = pile.picture().size.width;
        let (rects, blends, grey) = (&self.rects, &self.blends, self.grey);
        let mut top = 0;
        let wanted = self.wanted.clone();
        render_layers(&pile, &wanted, |band: Vec<LayerRows>| {
            let rows = band.first().map_or(0, |rows| {
                rows.samples.len() / (width * if blends[0] == Blend::Mask { 1 } else { 4 })
            });
            self.rasters.par_iter_mut().zip(band).enumerate().for_each(|(place, (raster, rows))| {
                if blends[place] == Blend::Mask {
                    raster.push_rows(&rows.samples);
                } else {
                    raster.push_rows(&cut(&rows.samples, width, top, rects[place], grey));
                }
            });
            top += rows;
        });
    }

    fn finish(self, is_clipped: bool) -> (Vec<PsdLayer>, Vec<PsdChannel>) {
        let (mut layers, mut selections) = (Vec::new(), Vec::new());
        let parts = self.names.into_iter().zip(self.blends).zip(self.rects).zip(self.rasters);
        for (((name, blend), rect), raster) in parts {
            let blend = match blend {
                Blend::Normal => PsdBlend::Normal,
                Blend::SoftLight => PsdBlend::SoftLight,
                Blend::Mask | Blend::Metadata => {
                    selections.push(PsdChannel { name, raster });
                    continue;
                }
            };
            let (opacity, visible, clipped) = (255, true, is_clipped);
            layers.push(PsdLayer { name, blend, opacity, visible, clipped, rect, raster });
        }
        (layers, selections)
    }
}

fn depth(picture: &Picture) -> Depth {
    match picture.rgb {
        Samples::U8(_) => Depth::Eight,
        Samples::U16(_) => Depth::Sixteen,
    }
}

/// Colour channels, and alpha if there is one.
fn channels(picture: &Picture) -> usize {
    usize::from(picture.alpha.is_some()) + if picture.grey { 1 } else { 3 }
}

/// All rows of the picture as a raster of as many channels as it has.
fn whole(picture: &Picture, mut raster: PsdRaster) -> PsdRaster {
    let (width, height) = (picture.size.width, picture.size.height);
    for top in (0..height).step_by(BAND) {
        let pixels = top * width..(top + BAND).min(height) * width;
        let rows = match (&picture.rgb, &picture.alpha) {
            (Samples::U8(rgb), Some(Samples::U8(alpha))) => {
                Samples::U8(beside(rgb, Some(alpha.as_slice()), picture.grey, pixels))
            }
            (Samples::U16(rgb), Some(Samples::U16(alpha))) => {
                Samples::U16(beside(rgb, Some(alpha.as_slice()), picture.grey, pixels))
            }
            (Samples::U8(rgb), _) => Samples::U8(beside(rgb, None, picture.grey, pixels)),
            (Samples::U16(rgb), _) => Samples::U16(beside(rgb, None, picture.grey, pixels)),
        };
        raster.push_rows(&rows);
    }
    raster
}

/// Some pixels with their alpha beside the colours, of which a grey picture has one.
fn beside<T: Copy>(rgb: &[T], alpha: Option<&[T]>, grey: bool, pixels: std::ops::Range<usize>) -> Vec<T> {
    let colours = if grey { 1 } else { 3 };
    let mut out = Vec::with_capacity(4 * pixels.len());
    for pixel in pixels {
        out.extend_from_slice(&rgb[3 * pixel..3 * pixel + colours]);
        out.extend(alpha.map(|alpha| alpha[pixel]));
    }
    out
}

/// The part inside `rect` of RGBA rows that start at row `top` of the picture; grey and alpha for a grey picture.
fn cut(rows: &Samples, width: usize, top: usize, rect: Rect, grey: bool) -> Samples {
    match rows {
        Samples::U8(rows) => Samples::U8(cut_rows(rows, width, top, rect, grey)),
        Samples::U16(rows) => Samples::U16(cut_rows(rows, width, top, rect, grey)),
    }
}

fn cut_rows<T: Copy>(rows: &[T], width: usize, top: usize, rect: Rect, grey: bool) -> Vec<T> {
    let inside = |y: &usize| (rect.y..rect.bottom()).contains(&(top + y));
    let lines = rows.chunks_exact(4 * width).enumerate().filter(|(y, _)| inside(y));
    let parts = lines.map(|(_, line)| &line[4 * rect.x..4 * rect.right()]);
    if grey {
        parts.flat_map(|part| part.chunks_exact(4).flat_map(|p| [p[0], p[3]])).collect()
    } else {
        parts.flatten().copied().collect()
    }
}
