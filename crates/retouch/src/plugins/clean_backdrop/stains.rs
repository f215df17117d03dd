//! Soft stains and unevenness: what differs from the smooth light of the backdrop without being a thing,
//! a shadow of the person or the light's own fall-off.

use pixel::Plane;
use pixel::colour::Lab;
use pixel::filter::{dilate, gauss, label, reduce};

use super::backdrop::{Backdrop, magnitude, residual};
use super::specks::Specks;
use super::{quantile, smoothstep};
use crate::canvas::Canvas;
use crate::scene::Scene;

/// Sigma of the smooth light; stains are smaller.
const LIGHT: f32 = 0.045;
/// What differs from the light over more than this is part of the set.
const WIDEST: f32 = 0.3;
/// Differences in ΔE*ab that are left alone, and from which on all is taken off.
const FAINT: (f32, f32) = (0.3, 0.9);
/// A difference in ΔE*ab that no dirt makes.
const THING: f32 = 14.0;

/// Stains of a backdrop on its light grid.
pub struct Stains {
    /// Change of encoded document RGB that takes them off.
    pub offset: [Plane; 3],
    /// 1 where a thing stands in front of the backdrop.
    pub things: Plane,
}

/// The correction of everything soft on the backdrop.
pub fn correction(canvas: &Canvas, backdrop: &Backdrop, specks: &Specks, scene: &Scene<'_>) -> Stains {
    let clean = specks.filled(canvas);
    let lab = [&clean.l, &clean.a, &clean.b].map(|plane| reduce(plane, backdrop.factor));
    let region = &backdrop.light_region;
    let left = residual(&lab, region, backdrop.light_length(LIGHT), 5);
    let size = magnitude(&left);
    let (kept, things) = structures(&size, backdrop);
    let rim = backdrop.light_length(0.006).max(1.5);
    let share = |i: usize| {
        let depth = ((backdrop.depth.samples()[i] - rim) / (2.0 * rim)).clamp(0.0, 1.0);
        let seen = smoothstep(size.samples()[i], FAINT.0, FAINT.1);
        region.samples()[i] * depth * seen * (1.0 - kept.samples()[i])
    };
    let mut wished = lab.clone();
    for i in 0..size.samples().len() {
        let share = share(i);
        for c in 0..3 {
            wished[c].samples_mut()[i] -= share * left[c].samples()[i];
        }
    }
    let document = |[l, a, b]: [Plane; 3]| scene.document(&Lab { l, a, b });
    let (before, after) = (document(lab), document(wished));
    let offset = [0, 1, 2].map(|c| after[c].zip(&before[c], |a, b| a - b));
    Stains { offset, things }
}

/// Where the difference belongs to the picture: shadows at the person, wide parts of the set, things. The
/// first plane is a soft matte of all of them, the second has the things alone.
fn structures(size: &Plane, backdrop: &Backdrop) -> (Plane, Plane) {
    let region = &backdrop.light_region;
    let typical = 1.2 * quantile(size, region, 0.5, 1).unwrap_or(0.0).clamp(0.25, 0.7);
    let limit = (3.0 * typical).max(0.9);
    let marked = size.zip(region, |e, r| if e > limit { r } else { 0.0 });
    let parts = label(&marked);
    let (mut at_person, mut peak) = (vec![false; parts.count()], vec![0.0f32; parts.count()]);
    for y in 0..size.height() {
        for x in 0..size.width() {
            let Some(part) = (parts.at(x, y) as usize).checked_sub(1) else { continue };
            at_person[part] |= backdrop.depth.at(x, y) < 3.0;
            peak[part] = peak[part].max(size.at(x, y));
        }
    }
    let widest = backdrop.light_length(WIDEST);
    let is_wide = |part: usize| parts.bounds[part].size().long_edge() as f32 > widest;
    let is_thing = |part: usize| peak[part] > THING;
    let kept = parts.mask(|part| at_person[part] || is_wide(part) || is_thing(part));
    let things = dilate(&parts.mask(is_thing), 2.0);
    (gauss(&dilate(&kept, 2.0), 1.5), things)
}
