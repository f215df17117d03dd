//! Soft stains and unevenness: what differs from the smooth light of the backdrop without being a thing,
//! a shadow of the person or the light's own fall-off.

use pixel::Plane;
use pixel::colour::Lab;
use pixel::filter::{dilate, gauss, label, reduce};

use super::backdrop::{Backdrop, magnitude, residual};
use super::quantile;
use super::specks::Specks;
use crate::canvas::Canvas;
use crate::scene::Scene;

/// Sigma of the smooth light; stains are smaller.
const LIGHT: f32 = 0.035;
/// The widest stain, the longest crease, and how wide a crease is on average.
const WIDEST_STAIN: f32 = 0.14;
const LONGEST_CREASE: f32 = 0.35;
const CREASE_WIDTH: f32 = 0.02;
/// A difference in ΔE*ab that is a stain, or so many times the unevenness of the backdrop.
const STAIN: f32 = 0.6;
const UNEVENNESS_TIMES: f32 = 2.5;
/// A difference in ΔE*ab that no dirt makes.
const THING: f32 = 14.0;
/// How often stains are looked for in a light in which the ones found before have no part.
const ROUNDS: usize = 3;

/// Stains of a backdrop on its light grid.
pub struct Stains {
    /// Change of encoded document RGB that takes them off.
    pub offset: [Plane; 3],
    /// 1 where a thing stands in front of the backdrop.
    pub things: Plane,
}

/// The correction of everything soft on the backdrop. Only marks of limited size are dirt: the light's
/// fall-off, shadows of the person and parts of the set are wider or lean on the person.
pub fn correction(canvas: &Canvas, backdrop: &Backdrop, specks: &Specks, scene: &Scene<'_>) -> Stains {
    let clean = specks.filled(canvas);
    let lab = [&clean.l, &clean.a, &clean.b].map(|plane| reduce(plane, backdrop.factor));
    let region = &backdrop.light_region;
    let sigma = backdrop.light_length(LIGHT);
    let rim = backdrop.light_length(0.006).max(1.5);
    let mut left = residual(&lab, region, sigma);
    let mut found = marks(&magnitude(&left), backdrop);
    for _ in 0..ROUNDS {
        let weight = dilate(&found.stains, rim).zip(region, |s, r| r * (1.0 - s));
        left = residual(&lab, &weight, sigma);
        found = marks(&magnitude(&left), backdrop);
    }
    let soft = gauss(&dilate(&found.stains, 1.5 * rim), 0.7 * rim);
    let mut wished = lab.clone();
    for i in 0..soft.samples().len() {
        let depth = ((backdrop.depth.samples()[i] - rim) / (2.0 * rim)).clamp(0.0, 1.0);
        let share = region.samples()[i] * depth * soft.samples()[i];
        for c in 0..3 {
            wished[c].samples_mut()[i] -= share * left[c].samples()[i];
        }
    }
    let document = |[l, a, b]: [Plane; 3]| scene.document(&Lab { l, a, b });
    let (before, after) = (document(lab), document(wished));
    let offset = [0, 1, 2].map(|c| after[c].zip(&before[c], |a, b| a - b));
    Stains { offset, things: found.things }
}

/// What stands out of the light.
struct Marks {
    /// 1 on stains and creases.
    stains: Plane,
    /// 1 on things and around them.
    things: Plane,
}

fn marks(size: &Plane, backdrop: &Backdrop) -> Marks {
    let region = &backdrop.light_region;
    let typical = quantile(size, region, 0.5, 1).unwrap_or(0.0);
    let limit = (UNEVENNESS_TIMES * typical).max(STAIN);
    let parts = label(&size.zip(region, |e, r| if e > limit { r } else { 0.0 }));
    let (mut at_person, mut peak) = (vec![false; parts.count()], vec![0.0f32; parts.count()]);
    for y in 0..size.height() {
        for x in 0..size.width() {
            let Some(part) = (parts.at(x, y) as usize).checked_sub(1) else { continue };
            at_person[part] |= backdrop.depth.at(x, y) < 2.0;
            peak[part] = peak[part].max(size.at(x, y));
        }
    }
    let is_dirt = |part: usize| {
        let longest = parts.bounds[part].size().long_edge() as f32;
        let is_crease = longest < backdrop.light_length(LONGEST_CREASE)
            && (parts.areas[part] as f32) < longest * backdrop.light_length(CREASE_WIDTH);
        longest < backdrop.light_length(WIDEST_STAIN) || is_crease
    };
    let is_thing = |part: usize| peak[part] > THING;
    let stains = parts.mask(|part| is_dirt(part) && !at_person[part] && !is_thing(part));
    Marks { stains, things: dilate(&parts.mask(is_thing), 2.0) }
}
