//! Features told from the skin around them by darkness near their landmarks: brows, lashes, nostrils; and glasses.

use pixel::filter::{dilate, distance_outside, gauss};
use pixel::rank::quantile;
use pixel::{Plane, ramp};

use super::canvas::{Canvas, hull, lay_over};
use super::prior::Prior;
use crate::landmarks::{BROWS, EYES, LID_MIDDLES, Mesh, NOSTRILS, OVAL};
use crate::parts::Part;

/// Brows that darken the skin by less than this are taken as their rings.
const FAINT: f32 = 0.9;

/// Both brows: what is darker than the skin in and close to their rings.
pub(crate) fn brows(mesh: &Mesh, canvas: &Canvas<'_>) -> Plane {
    let width = canvas.length(mesh.width());
    let mut brows = Plane::zeros(canvas.size());
    for ring in BROWS {
        let ring = hull(&mesh.ring(&ring));
        let dark = |inset: &Canvas<'_>, lightness: &Plane| {
            let core = inset.fill(&ring);
            let near = distance_outside(&core).map(|d| ramp(d, 0.035 * width, 0.02 * width));
            let around = dilate(&core, 0.05 * width).zip(&near, |a, n| a * (1.0 - n));
            let skin = quantile(lightness, &around, 0.6)?;
            let darkest = quantile(lightness, &core, 0.2)?;
            if darkest > FAINT * skin {
                return Some(gauss(&core, 0.006 * width));
            }
            let depth = skin - darkest;
            let hair = lightness.map(|l| ramp(l, skin - 0.3 * depth, skin - 0.65 * depth));
            // Skin between the hairs belongs to the brow.
            let dense = gauss(&hair, 0.008 * width).map(|v| (1.6 * v).min(1.0));
            Some(hair.zip(&dense, f32::max).zip(&near, |v, n| v * n))
        };
        by_lightness(canvas, &ring, 0.09 * width, &mut brows, dark);
    }
    brows
}

/// Lashes: darker than the lids, close around the openings of the eyes.
pub(crate) fn lashes(mesh: &Mesh, canvas: &Canvas<'_>) -> Plane {
    let width = canvas.length(mesh.width());
    let mut lashes = Plane::zeros(canvas.size());
    for (ring, lids) in EYES.iter().zip(LID_MIDDLES) {
        let ring = mesh.ring(ring);
        let [upper, lower] = lids.map(|index| canvas.index(mesh.point(index)));
        let dark = |inset: &Canvas<'_>, lightness: &Plane| {
            let opening = inset.fill(&ring);
            let away = distance_outside(&opening);
            let [up, low] = [upper, lower].map(|p| inset.index(canvas.place(p[0], p[1])));
            let skin = quantile(lightness, &away.map(|d| if d > 0.03 * width { 1.0 } else { 0.0 }), 0.6)?;
            Some(Plane::from_fn(inset.size(), |i, j| {
                let to = |p: [f32; 2]| (i as f32 - p[0]).hypot(j as f32 - p[1]);
                // Upper lashes reach further.
                let reach = if to(up) < to(low) { 0.05 } else { 0.035 } * width;
                let near = ramp(away.at(i, j), reach, 0.5 * reach) * (1.0 - opening.at(i, j));
                let line = ramp(away.at(i, j), 0.012 * width, 0.006 * width) * (1.0 - opening.at(i, j));
                near * ramp(lightness.at(i, j) / skin, 0.82, 0.58).max(line)
            }))
        };
        by_lightness(canvas, &ring, 0.07 * width, &mut lashes, dark);
    }
    lashes
}

/// Openings of the nostrils: dark on the underside of the nose.
pub(crate) fn nostrils(mesh: &Mesh, canvas: &Canvas<'_>) -> Plane {
    let width = canvas.length(mesh.width());
    let mut nostrils = Plane::zeros(canvas.size());
    for ring in NOSTRILS {
        let ring = hull(&mesh.ring(&ring));
        let dark = |inset: &Canvas<'_>, lightness: &Plane| {
            let zone = distance_outside(&inset.fill(&ring)).map(|d| ramp(d, 0.016 * width, 0.006 * width));
            let skin = quantile(lightness, &zone, 0.75)?;
            let smooth = gauss(lightness, 0.003 * width);
            Some(smooth.zip(&zone, |l, z| z * ramp(l / skin, 0.72, 0.5)))
        };
        by_lightness(canvas, &ring, 0.03 * width, &mut nostrils, dark);
    }
    nostrils
}

/// Glasses and frames: things worn, as the parts network sees them, at the height of the eyes.
pub(crate) fn glasses(mesh: &Mesh, canvas: &Canvas<'_>, prior: &Prior) -> Plane {
    let width = canvas.length(mesh.width());
    let small = width / prior.factor as f32;
    let worn = prior.plane(Part::Other);
    if worn.max() < 0.3 {
        return Plane::zeros(canvas.size());
    }
    let eyes = LID_MIDDLES.map(|lids| mesh.point(lids[1]));
    let middle = canvas.index([0, 1].map(|k| 0.5 * (eyes[0][k] + eyes[1][k])));
    let up = mesh.up();
    let zone = distance_outside(&prior.reduce(&canvas.fill(&mesh.ring(&OVAL))));
    let near = Plane::from_fn(worn.size(), |i, j| {
        let centre = |k: usize| (k as f32 + 0.5) * prior.factor as f32 - 0.5;
        let height = (centre(i) - middle[0]) * up[0] + (centre(j) - middle[1]) * up[1];
        ramp(height.abs(), 0.42 * width, 0.34 * width) * ramp(zone.at(i, j), 0.14 * small, 0.08 * small)
    });
    let worn = prior.snap(&worn.map(|v| ramp(v, 0.1, 0.7))).zip(&near, |v, n| v * n);
    prior.refine(canvas, &worn)
}

/// Draws what `find` makes of the lightness (CIELAB L*) around a full-resolution ring.
fn by_lightness(
    canvas: &Canvas<'_>,
    ring: &[[f32; 2]],
    margin: f32,
    onto: &mut Plane,
    find: impl Fn(&Canvas<'_>, &Plane) -> Option<Plane>,
) {
    let rect = canvas.around(ring, margin);
    if rect.is_empty() {
        return;
    }
    let rgb = canvas.crop(rect);
    let inset = canvas.inset(&rgb, rect);
    if let Some(found) = find(&inset, &inset.lab().l) {
        lay_over(onto, &found, rect);
    }
}
