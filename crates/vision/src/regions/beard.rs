//! Beard and moustache: hair texture on the lower face where the colour leaves the skin's.

use pixel::Plane;
use pixel::filter::{distance_outside, enlarge, gauss, reduce};

use super::canvas::{Canvas, quantile, ramp};
use super::prior::Prior;
use crate::landmarks::{LIPS_OUTER, Mesh, OVAL};
use crate::parts::Part;

/// Face width, in samples, at which hair texture is measured.
const WORKING_WIDTH: f32 = 360.0;
/// Points in the middle of both cheeks and below the eyes: skin without beard.
const BARE: [usize; 6] = [50, 280, 117, 346, 101, 330];
/// Base of the nose; a moustache begins below.
const NOSE_BASE: usize = 2;

/// The beard of one face on the canvas.
pub(crate) fn beard(mesh: &Mesh, canvas: &Canvas<'_>, prior: &Prior) -> Plane {
    let none = || Plane::zeros(canvas.size());
    let factor = ((canvas.length(mesh.width()) / WORKING_WIDTH).round() as usize).max(1);
    let rgb = canvas.rgb.map(|plane| reduce(plane, factor));
    let [red, green, blue] = &rgb;
    let small = Canvas { rgb: [red, green, blue], origin: canvas.origin, step: canvas.step * factor };
    let width = small.length(mesh.width());
    let oval = mesh.ring(&OVAL);
    let rect = small.around(&oval, 0.2 * width);
    if rect.is_empty() || width < 24.0 {
        return none();
    }
    let rgb = small.crop(rect);
    let inset = small.inset(&rgb, rect);
    let lab = inset.lab();

    let fine = lab.l.zip(&gauss(&lab.l, 0.012 * width), |l, s| (l - s).abs());
    let texture = gauss(&fine, 0.025 * width);
    let (l, a, b) = (gauss(&lab.l, 0.02 * width), gauss(&lab.a, 0.02 * width), gauss(&lab.b, 0.02 * width));
    let chroma = a.zip(&b, f32::hypot);
    let mut bare = Plane::zeros(inset.size());
    for point in BARE {
        bare.apply_with(&inset.disc(mesh.point(point), 0.04 * mesh.width()), f32::max);
    }
    let middle = |plane: &Plane| quantile(plane, &bare, 0.5);
    let (Some(skin_texture), Some(skin_l), Some(skin_chroma)) =
        (middle(&texture), middle(&l), middle(&chroma))
    else {
        return none();
    };

    let [base_x, base_y] = inset.index(mesh.point(NOSE_BASE));
    let up = mesh.up();
    let outside = distance_outside(&inset.fill(&oval));
    let lips = inset.fill(&mesh.ring(&LIPS_OUTER));
    let found = Plane::from_fn(inset.size(), |i, j| {
        let below = -((i as f32 - base_x) * up[0] + (j as f32 - base_y) * up[1]);
        let zone =
            ramp(below, -0.01 * width, 0.03 * width) * ramp(outside.at(i, j), 0.16 * width, 0.1 * width);
        if zone == 0.0 {
            return 0.0;
        }
        let rough = ramp(texture.at(i, j) / skin_texture.max(0.3), 1.7, 3.0);
        let dark = ramp(l.at(i, j) / skin_l, 0.9, 0.68);
        let grey = ramp(chroma.at(i, j) / skin_chroma.max(4.0), 0.85, 0.55);
        zone * (1.0 - lips.at(i, j)) * rough * dark.max(grey)
    });
    let found = gauss(&found, 0.008 * width);
    let mut small_plane = Plane::zeros(small.size());
    super::canvas::lay_over(&mut small_plane, &found, rect);
    let mut beard = enlarge(&small_plane, factor, canvas.size());

    // The parts network counts full beards as hair; on the lower face they are this beard.
    let hair = prior.plane(Part::Hair);
    let chin = prior.reduce(&canvas.fill(&oval));
    let [base_x, base_y] = canvas.index(mesh.point(NOSE_BASE));
    let width = canvas.length(mesh.width());
    let full = Plane::from_fn(hair.size(), |i, j| {
        let centre = |k: usize| (k as f32 + 0.5) * prior.factor as f32 - 0.5;
        let below = -((centre(i) - base_x) * up[0] + (centre(j) - base_y) * up[1]);
        hair.at(i, j) * chin.at(i, j) * ramp(below, 0.0, 0.06 * width)
    });
    if full.max() > 0.3 {
        beard.apply_with(&prior.refine(canvas, &full, 0.6 * prior.blur), f32::max);
    }
    // Where the networks see clothes or background, hair texture is something else's.
    let person = prior.skin().zip(hair, |s, h| ramp(s + h, 0.2, 0.7));
    beard.apply_with(&prior.enlarge(&person, canvas), |v, p| v * p);
    beard
}
