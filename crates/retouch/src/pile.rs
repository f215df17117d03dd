//! The upload with the layers drawn so far: read by plugins, rendered to the result and to layer files.

use std::borrow::Borrow;
use std::sync::Arc;

use pixel::codec::renew_thumbnails;
use pixel::picture::{Picture, Samples};
use pixel::{Orientation, Plane, Rect, Size};
use rayon::prelude::*;

use crate::lay::{Depth, Row, Scratch, StoredLayer};
use crate::layer::Layer;
use crate::plugin::Blend;

/// Rows that are worked on together; a band of a 24-megapixel picture stays in cache.
const BAND: usize = 32;

/// The upload, untouched, and the layers over it in order.
pub struct Pile<'a> {
    picture: &'a Picture,
    depth: Depth,
    layers: Vec<Arc<StoredLayer>>,
}

impl<'a> Pile<'a> {
    /// The upload alone.
    pub fn new(picture: &'a Picture) -> Self {
        Self::with_layers(picture, Vec::new())
    }

    /// The upload with layers over it that were drawn before.
    pub fn with_layers(picture: &'a Picture, layers: Vec<Arc<StoredLayer>>) -> Self {
        Self { picture, depth: Depth::of(&picture.rgb), layers }
    }

    /// Puts a drawing on top.
    pub fn push(&mut self, layer: &Layer, blend: Blend) {
        let picture = self.picture;
        self.layers.push(Arc::new(StoredLayer::new(
            layer,
            blend,
            picture.orientation,
            picture.size,
            self.depth,
            picture.grey,
        )));
    }

    /// Puts a layer on top that was drawn before.
    pub fn push_stored(&mut self, layer: Arc<StoredLayer>) {
        self.layers.push(layer);
    }

    /// The upload.
    pub fn picture(&self) -> &'a Picture {
        self.picture
    }

    /// The layers laid so far.
    pub fn layers(&self) -> &[Arc<StoredLayer>] {
        &self.layers
    }

    /// Gives the layers up, to lay them into the picture itself.
    pub fn into_layers(self) -> Vec<Arc<StoredLayer>> {
        self.layers
    }

    /// Pixels of the upright rectangle with all layers laid, encoded document RGB 0..1.
    pub fn read(&self, rect: Rect) -> [Plane; 3] {
        let picture = self.picture;
        let stored = picture.orientation.rect_to_stored(rect, picture.size);
        let (mut row, mut scratch) = (Row::default(), Scratch::default());
        let mut planes = [0; 3].map(|_| Vec::with_capacity(stored.size().area()));
        for y in stored.y..stored.bottom() {
            row.load(&picture.rgb, y * picture.size.width + stored.x, stored.width);
            for layer in &self.layers {
                layer.lay_row(&mut row, stored.x, y, self.depth, &mut scratch);
            }
            planes.iter_mut().zip(row.channels()).for_each(|(plane, line)| plane.extend_from_slice(line));
        }
        let planes = planes.map(|samples| Plane::from_vec(stored.size(), samples));
        match picture.orientation {
            Orientation::Upright => planes,
            _ => planes.map(|plane| turned_upright(&plane, rect, picture)),
        }
    }
}

/// Lays the layers into the picture, in place, all cores, only where a layer has pixels. Its thumbnails then show it.
pub fn flatten(picture: &mut Picture, layers: &[impl Borrow<StoredLayer> + Sync]) {
    let layers: Vec<&StoredLayer> = layers.iter().map(Borrow::borrow).collect();
    let depth = Depth::of(&picture.rgb);
    let width = picture.size.width;
    match &mut picture.rgb {
        Samples::U8(samples) => flatten_samples(samples, width, &layers, depth, |v| (v * 255.0 + 0.5) as u8),
        Samples::U16(samples) => {
            flatten_samples(samples, width, &layers, depth, |v| (v * 65535.0 + 0.5) as u16);
        }
    }
    let changes =
        |layer: &&StoredLayer| !layer.is_empty() && !matches!(layer.blend(), Blend::Mask | Blend::Metadata);
    if layers.iter().any(changes) {
        renew_thumbnails(picture);
    }
}

fn flatten_samples<T: Copy + Into<f32> + Send>(
    samples: &mut [T],
    width: usize,
    layers: &[&StoredLayer],
    depth: Depth,
    quantise: impl Fn(f32) -> T + Sync,
) {
    let scale = 1.0 / depth.ceiling();
    samples.par_chunks_mut(3 * width * BAND).enumerate().for_each_init(
        || (Scratch::default(), Row::default()),
        |(scratch, row), (band, chunk)| {
            for (i, line) in chunk.chunks_exact_mut(3 * width).enumerate() {
                let y = band * BAND + i;
                let span = layers.iter().map(|l| l.span(y)).fold((width, 0), join);
                if span.0 >= span.1 {
                    continue;
                }
                let part = &mut line[3 * span.0..3 * span.1];
                row.load_samples(part, scale);
                for layer in layers {
                    layer.lay_row(row, span.0, y, depth, scratch);
                }
                row.store(part, &quantise);
            }
        },
    );
}

fn join(a: (usize, usize), b: (usize, usize)) -> (usize, usize) {
    if b.0 >= b.1 { a } else { (a.0.min(b.0), a.1.max(b.1)) }
}

/// Some rows of one layer as a layer file holds them.
pub struct LayerRows {
    /// Index of the layer in the pile.
    pub layer: usize,
    /// RGBA samples of the rows, or grey ones for a mask.
    pub samples: Samples,
}

/// Renders the layers `wanted` (indices, ascending) row band by row band, top to bottom. Each call of
/// `sink` gets the same band of every wanted layer.
pub fn render_layers(pile: &Pile<'_>, wanted: &[usize], mut sink: impl FnMut(Vec<LayerRows>)) {
    let height = pile.picture.size.height;
    for top in (0..height).step_by(BAND) {
        let rows: Vec<Vec<Vec<f32>>> = (top..(top + BAND).min(height))
            .into_par_iter()
            .map_init(Scratch::default, |scratch, y| render_row(pile, wanted, y, scratch))
            .collect();
        let band = wanted.iter().enumerate().map(|(k, &layer)| {
            let values = rows.iter().flat_map(|row| row[k].iter().copied());
            let samples = match pile.picture.rgb {
                Samples::U16(_) if pile.layers[layer].blend() != Blend::Mask => {
                    Samples::U16(values.map(|v| (v * 65535.0 + 0.5) as u16).collect())
                }
                _ => Samples::U8(values.map(|v| (v * 255.0 + 0.5) as u8).collect()),
            };
            LayerRows { layer, samples }
        });
        sink(band.collect());
    }
}

/// The smallest stored rectangle around the pixels that each of the layers `wanted` (indices, ascending) has; empty
/// without any, as for masks.
pub(crate) fn touched_bounds(pile: &Pile<'_>, wanted: &[usize]) -> Vec<Rect> {
    let Size { width, height } = pile.picture.size;
    let nothing = || vec![Rect::from_edges(0, 0, 0, 0); wanted.len()];
    let rows = (0..height).into_par_iter().fold(
        || (nothing(), Scratch::default(), Row::default()),
        |(mut bounds, mut scratch, mut row), y| {
            let (left, right) = pile.layers.iter().map(|layer| layer.span(y)).fold((width, 0), join);
            if left < right {
                row.load(&pile.picture.rgb, y * width + left, right - left);
            }
            for (index, layer) in pile.layers.iter().enumerate().filter(|_| left < right) {
                layer.lay_row(&mut row, left, y, pile.depth, &mut scratch);
                if let (Ok(place), Some((first, end))) = (wanted.binary_search(&index), scratch.reach()) {
                    let touched = Rect::from_edges(left + first, y, left + end, y + 1);
                    bounds[place] = bounds[place].union(touched);
                }
            }
            (bounds, scratch, row)
        },
    );
    let join_all = |a: Vec<Rect>, b: Vec<Rect>| a.into_iter().zip(b).map(|(a, b)| a.union(b)).collect();
    rows.map(|(bounds, ..)| bounds).reduce(nothing, join_all)
}

/// One row of every wanted layer: RGBA, or grey for masks, 0..1.
fn render_row(pile: &Pile<'_>, wanted: &[usize], y: usize, scratch: &mut Scratch) -> Vec<Vec<f32>> {
    let width = pile.picture.size.width;
    let mut row = Row::default();
    row.load(&pile.picture.rgb, y * width, width);
    let mut rendered = Vec::with_capacity(wanted.len());
    for (index, layer) in pile.layers.iter().enumerate() {
        let is_wanted = wanted.contains(&index);
        if layer.blend() == Blend::Mask {
            if is_wanted {
                rendered.push(layer.matte_row(&row, y));
            }
            continue;
        }
        layer.lay_row(&mut row, 0, y, pile.depth, scratch);
        if is_wanted {
            rendered.push(scratch.rgba());
        }
    }
    rendered
}

/// The stored plane of upright rectangle `rect`, turned upright.
fn turned_upright(plane: &Plane, rect: Rect, picture: &Picture) -> Plane {
    let stored = picture.orientation.rect_to_stored(rect, picture.size);
    Plane::from_fn(rect.size(), |x, y| {
        let (sx, sy) = picture.orientation.to_stored(rect.x + x, rect.y + y, picture.size);
        plane.at(sx - stored.x, sy - stored.y)
    })
}
