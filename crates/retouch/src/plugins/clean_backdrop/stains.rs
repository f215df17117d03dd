//! Soft stains and unevenness: what differs from the smooth light of the backdrop without being a thing,
//! a shadow of the person or the light's own fall-off.

use pixel::colour::Lab;
use pixel::filter::{dilate, gauss, label, reduce};
use pixel::{Plane, Rect, Size};

use super::backdrop::{Backdrop, magnitude, unevenness};
use super::quantile;
use super::specks::Specks;
use crate::canvas::Canvas;
use crate::scene::Scene;

/// Sigma of the smooth light; stains are smaller.
const LIGHT: f32 = 0.035;
/// The widest stain, inside and at the frame, the longest crease, and how wide a crease is on average.
const WIDEST_STAIN: f32 = 0.14;
const WIDEST_AT_FRAME: f32 = 0.08;
const LONGEST_CREASE: f32 = 0.35;
const CREASE_WIDTH: f32 = 0.02;
/// A difference in ΔE*ab that is a stain, or so many times the unevenness of the backdrop.
const STAIN: f32 = 0.6;
const UNEVENNESS_TIMES: f32 = 2.5;
/// A difference in ΔE*ab that no dirt makes.
const THING: f32 = 14.0;
/// A stain grows at most so much when it has no part in the light; what grows more is a slope of the light
/// that was guessed wrongly.
const GROWTH: f32 = 3.5;
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
    let mut left = unevenness(&lab, region, sigma);
    let first = magnitude(&left);
    let mut found = marks(&first, &first, backdrop);
    for _ in 0..ROUNDS {
        let weight = dilate(&found.stains, rim).zip(region, |s, r| r * (1.0 - s));
        left = unevenness(&lab, &weight, sigma);
        found = marks(&magnitude(&left), &first, backdrop);
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

/// Marks in the difference `size`; `first` is the difference from the light with all marks in it.
fn marks(size: &Plane, first: &Plane, backdrop: &Backdrop) -> Marks {
    let region = &backdrop.light_region;
    let typical = quantile(size, region, 0.5, 1).unwrap_or(0.0);
    let limit = (UNEVENNESS_TIMES * typical).max(STAIN);
    let parts = label(&size.zip(region, |e, r| if e > limit { r } else { 0.0 }));
    let mut at_person = vec![false; parts.count()];
    let (mut peak, mut first_peak) = (vec![0.0f32; parts.count()], vec![0.0f32; parts.count()]);
    for y in 0..size.height() {
        for x in 0..size.width() {
            let Some(part) = (parts.at(x, y) as usize).checked_sub(1) else { continue };
            at_person[part] |= backdrop.depth.at(x, y) < 2.0;
            peak[part] = peak[part].max(size.at(x, y));
            first_peak[part] = first_peak[part].max(first.at(x, y));
        }
    }
    let is_dirt = |part: usize| {
        let longest = parts.bounds[part].size().long_edge() as f32;
        let is_crease = longest < backdrop.light_length(LONGEST_CREASE)
            && !at_frame(parts.bounds[part], size.size())
            && (parts.areas[part] as f32) < longest * backdrop.light_length(CREASE_WIDTH);
        // The light's own fall-off ends at the frame and looks like a stain there.
        let widest = if at_frame(parts.bounds[part], size.size()) { WIDEST_AT_FRAME } else { WIDEST_STAIN };
        longest < backdrop.light_length(widest) || is_crease
    };
    let is_thing = |part: usize| peak[part] > THING;
    let is_guessed = |part: usize| peak[part] > GROWTH * first_peak[part];
    let stains = parts.mask(|part| is_dirt(part) && !at_person[part] && !is_thing(part) && !is_guessed(part));
    Marks { stains, things: dilate(&parts.mask(is_thing), 2.0) }
}

fn at_frame(rect: Rect, size: Size) -> bool {
    rect.x == 0 || rect.y == 0 || rect.right() == size.width || rect.bottom() == size.height
}
