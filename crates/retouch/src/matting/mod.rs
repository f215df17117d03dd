//! Cutting a subject out of its picture: a soft matte and foreground colours free of the old backdrop.
//!
//! Coarse to fine. What is subject comes from the person and salient-object networks and, before a plain backdrop,
//! from a model of that backdrop. Between sure subject and sure ground lies an unknown band, in which each
//! full-resolution pixel is explained as a mixture of a subject colour and a ground colour, both known as local
//! normal distributions (Bayesian matting: Chuang, Curless, Salesin and Szeliski, 2001).

mod backdrop;
mod blur;
mod mixture;
mod prior;
mod same_colour;
mod statistics;
mod thin;
mod trimap;

use std::borrow::Cow;

use pixel::picture::{Picture, Samples};
use pixel::{Plane, Rect};
use vision::{Sight, VisionError};

use crate::canvas::reduce_upright;
use crate::scene::encoded_srgb;
use backdrop::Backdrop;
use mixture::{Mixture, solve};
use pixel::colour::profile::ColourSpace;
use prior::Prior;
pub use prior::SubjectKind;
use statistics::Statistics;
use trimap::{Place, Trimap};

/// Long edge of the reduced picture on which subject and ground are told apart.
const WORKING_LONG_EDGE: usize = 1200;

/// A cut-out subject.
pub struct Cutout {
    /// Cover of the subject, 0 to 1, full resolution.
    pub alpha: Plane,
    /// Encoded document RGB of the subject wherever `alpha` is above 0 and a little beyond; white elsewhere.
    pub rgb: [Plane; 3],
    /// What the subject was taken for.
    pub kind: SubjectKind,
    /// True when a plain backdrop was found and used.
    pub plain_backdrop: bool,
}

/// How a subject is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A person if there is one, else a thing.
    Auto,
    /// Persons and what they wear and hold.
    Person,
    /// Things.
    Product,
}

/// Cuts the subject out of an upright picture; `None` when there is none.
///
/// # Errors
/// When a network cannot be loaded or run.
pub fn cut_out(
    picture: &Picture,
    space: &ColourSpace,
    sight: &Sight<'_>,
    method: Method,
) -> Result<Option<Cutout>, VisionError> {
    let full = picture.size;
    let step = full.long_edge().div_ceil(WORKING_LONG_EDGE).max(1);
    let rgb = reduce_upright(picture, full.rect(), step);
    let srgb = encoded_srgb(Cow::Borrowed(&rgb), space);
    let Some(prior) = Prior::find(sight, &srgb, step, method)? else { return Ok(None) };
    let mut backdrop = Backdrop::fit(&rgb, &prior.subject);
    let trimap = Trimap::draw(&rgb, &prior, backdrop.as_mut());
    let backdrop = backdrop.filter(|backdrop| backdrop.used);
    if !trimap.has(Place::Subject) {
        return Ok(None);
    }
    let noise = backdrop.as_ref().map_or(0.012, |b| b.noise.clamp(0.006, 0.03));
    let mixture = |statistics: &Statistics, expected: &Plane| Mixture {
        subject: statistics.subject.clone(),
        ground: statistics.ground.clone(),
        expected: expected.clone(),
        doubt: trimap.doubt.clone(),
        solid: trimap.solid.clone(),
        noise,
    };
    let statistics = Statistics::gather(&rgb, &trimap.weight(Place::Subject), &trimap.weight(Place::Ground));
    // A first pass on the reduced picture shows where hair and gaps lie, so that the colours of both can be taken
    // from closer by.
    let rough = solve(&rgb, &trimap.places, &mixture(&statistics, &trimap.expected), (1, 0, 0));
    // Bright gaps that the first pass took for subject must not teach the second one: sure subject counts more.
    let sure =
        trimap.weight(Place::Subject).zip(&trimap.solid, |sure, solid| sure.max(0.15 * solid).max(0.01));
    let subject = rough.alpha.zip(&sure, |a, s| ((a - 0.95) / 0.05).clamp(0.0, 1.0) * s);
    let ground = rough.alpha.map(|a| ((0.1 - a) / 0.1).clamp(0.0, 1.0));
    let statistics = Statistics::gather(&rgb, &subject, &ground);
    let expected = if backdrop.is_some() { &rough.alpha } else { &trimap.expected };
    let mixture = mixture(&statistics, expected);
    let (alpha, rgb) = at_full_resolution(picture, &trimap, &mixture, step);
    Ok(Some(Cutout { alpha, rgb, kind: prior.kind, plain_backdrop: backdrop.is_some() }))
}

/// Rows and columns of the tiles that are worked on together.
const TILE: usize = 256;
/// Tiles that are solved before they are put in their places.
const TILES_AT_ONCE: usize = 64;

/// Solves the unknown band of the whole picture, tile by tile.
fn at_full_resolution(
    picture: &Picture,
    trimap: &Trimap,
    mixture: &Mixture,
    step: usize,
) -> (Plane, [Plane; 3]) {
    use rayon::prelude::*;
    let size = picture.size;
    let columns = size.width.div_ceil(TILE);
    let tiles: Vec<Rect> = (0..columns * size.height.div_ceil(TILE))
        .map(|n| {
            let (x, y) = (n % columns * TILE, n / columns * TILE);
            Rect::from_edges(x, y, (x + TILE).min(size.width), (y + TILE).min(size.height))
        })
        .collect();
    let mut alpha = Plane::zeros(size);
    let mut rgb = [0; 3].map(|_| Plane::zeros(size));
    // Some at a time: all of them together would be the whole picture once more.
    for tiles in tiles.chunks(TILES_AT_ONCE) {
        let solved: Vec<_> = tiles
            .par_iter()
            .map(|tile| {
                let rgb = read(picture, *tile);
                let places = trimap.places_of(*tile, step);
                solve(&rgb, &places, mixture, (step, tile.x, tile.y))
            })
            .collect();
        for (tile, part) in tiles.iter().zip(&solved) {
            for y in 0..tile.height {
                let row = tile.x..tile.right();
                alpha.row_mut(tile.y + y)[row.clone()].copy_from_slice(part.alpha.row(y));
                for c in 0..3 {
                    rgb[c].row_mut(tile.y + y)[row.clone()].copy_from_slice(part.rgb[c].row(y));
                }
            }
        }
    }
    (alpha, rgb)
}

/// Encoded RGB of a rectangle of an upright picture.
fn read(picture: &Picture, rect: Rect) -> [Plane; 3] {
    let width = picture.size.width;
    let plane = |c: usize| {
        Plane::from_fn(rect.size(), |x, y| picture.rgb.unit(3 * ((rect.y + y) * width + rect.x + x) + c))
    };
    [plane(0), plane(1), plane(2)]
}

/// Share of an alpha channel that is fully transparent.
pub fn transparent_share(alpha: &Samples) -> f64 {
    let clear = match alpha {
        Samples::U8(samples) => samples.iter().filter(|v| **v == 0).count(),
        Samples::U16(samples) => samples.iter().filter(|v| **v == 0).count(),
    };
    clear as f64 / alpha.len().max(1) as f64
}
