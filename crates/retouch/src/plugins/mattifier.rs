//! Mattifier: takes greasy shine off the skin and gives it back its own colour.
//!
//! Shine is light reflected at the surface, of the colour of the lamp, laid over the diffuse colour of
//! the skin (dichromatic model, Shafer 1985). In encoded values it acts as a veil of white:
//! `seen = diffuse·(1 - v) + v`. Diffuse skin keeps its saturation s = (R - B) / R from light to
//! shade, so the veil can be read from the colour alone: v = R - (R - B) / s. A veil also makes the
//! place brighter than the skin around it; only what both signs agree on is taken off.

use pixel::Plane;
use pixel::filter::{gauss, gauss_masked};

use crate::correction::{quantile, weighted_median};
use crate::layer::{Effect, Field, Layer};
use crate::plugin::{Blend, Need, Param, Plugin, Settings, Spec};
use crate::scene::{FaceView, Scene};

/// The plugin.
pub struct Mattifier;

static SPEC: Spec = Spec {
    name: "Mattifier",
    about: "Turns greasy shine on forehead, nose, cheeks and chin into dull skin with its own colour.",
    never: "Takes all highlights, leaves grey patches, or touches eyes, lips' gloss, jewellery and hair.",
    blend: Blend::Normal,
    needs: &[Need::FaceRegions],
    params: &[Param::PERSON_SCALE, Param::alpha1("Strength", "how much of the shine is taken off", 1.0)],
};

/// Share of the shine that goes at full strength; a little is left so that form stays.
const FULL: f32 = 0.95;
/// Window of the dull skin that shine is measured against, as a share of the face width.
const AROUND: f32 = 1.0 / 6.0;
/// Veils up to the first value are the natural gloss of skin, from the second on they are shine.
const GLOSS: (f32, f32) = (0.06, 0.22);
/// Share of the skin whose veil counts as usual for this person in this light: shine is what exceeds it.
const USUAL: f32 = 0.7;
/// Largest share of the glitter of pores that is calmed with the shine.
const CALM: f32 = 0.6;
/// Lift over the skin around, in L*, from which on a pale place may be shine, and at which it is.
const LIFT: (f32, f32) = (1.5, 6.0);

impl Plugin for Mattifier {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        for (view, width) in scene.faces_by(settings.scale) {
            draw_face(view, width, settings.alpha1, layer);
        }
    }
}

fn draw_face(view: &FaceView, width: f32, alpha: f32, layer: &mut Layer) {
    let (canvas, skin) = (&view.canvas, &view.regions.skin);
    let smooth = [0, 1, 2].map(|c| gauss_masked(&canvas.rgb[c], skin, width / 160.0));
    let Veil { strength, around } = veil(&smooth, skin, width);
    let glitter = glitter(&canvas.lab().l, skin, &strength, width);
    let zeros = || Plane::zeros(canvas.size());
    let (mut gain, mut offset) = ([zeros(), zeros(), zeros()], [zeros(), zeros(), zeros()]);
    for i in 0..canvas.size().area() {
        let v = strength.samples()[i];
        let weight = alpha * skin.samples()[i];
        if v * weight <= 0.0 {
            continue;
        }
        let calm = glitter.samples()[i] * (v / 0.1).min(1.0);
        for c in 0..3 {
            let seen = smooth[c].samples()[i];
            let taken = (FULL * v).min(0.7);
            let diffuse = (seen - taken) / (1.0 - taken);
            // A blown highlight has no colour left to find: it is rebuilt from the skin around.
            let blown = ((v - 0.45) / 0.35).clamp(0.0, 1.0);
            let wished = diffuse + (around[c].samples()[i] - diffuse) * blown;
            gain[c].samples_mut()[i] = -weight * calm;
            offset[c].samples_mut()[i] = weight * (wished - (1.0 - calm) * seen);
        }
    }
    let shiny = strength.zip(skin, |v, s| if v > 0.05 { s } else { 0.0 });
    layer.found("shiny share of the skin", shiny.sum() / skin.sum().max(1.0));
    layer.fields.push(Field { grid: canvas.grid, effect: Effect::Affine { gain, offset }, matte: None });
}

/// Share of the fine contrast that shine adds to pores, against the dull skin of the same person.
fn glitter(lightness: &Plane, skin: &Plane, strength: &Plane, width: f32) -> Plane {
    let low = gauss_masked(lightness, skin, width / 160.0);
    let fine = lightness.zip(&low, |l, m| (l - m) * (l - m));
    let energy = gauss_masked(&fine, skin, width / 30.0);
    let dull = skin.zip(strength, |s, v| if v > 0.02 { 0.0 } else { s });
    let own = weighted_median(&energy, &dull);
    energy.map(|e| if e > own { (1.0 - (own / e).sqrt()).min(CALM) } else { 0.0 })
}

/// Shine over skin.
struct Veil {
    /// Share of white laid over the diffuse colour, 0..1.
    strength: Plane,
    /// Mean colour of the dull skin around.
    around: [Plane; 3],
}

fn veil(smooth: &[Plane; 3], skin: &Plane, width: f32) -> Veil {
    let size = skin.size();
    let level = luma(smooth);
    let [red, green, blue] = smooth;
    let mut dull = skin.clone();
    let mut strength = Plane::zeros(size);
    // Shine is the exception: in the second round the skin found shiny counts less in what is "around".
    for _ in 0..2 {
        let around = |plane: &Plane| gauss_masked(plane, &dull, width * AROUND);
        let (level_around, red_around) = (around(&level), around(red));
        let to_green = around(&red.zip(green, |r, g| r - g));
        let to_blue = around(&red.zip(blue, |r, b| r - b));
        for i in 0..size.area() {
            let [r, g, b] = [red, green, blue].map(|p| p.samples()[i]);
            let base = red_around.samples()[i].max(0.02);
            let saturation = |tint: &Plane| (tint.samples()[i] / base).max(0.03);
            let by_colour = (r - (r - g) / saturation(&to_green)).min(r - (r - b) / saturation(&to_blue));
            let dark = level_around.samples()[i];
            let by_level = (level.samples()[i] - dark) / (1.0 - dark).max(0.05);
            strength.samples_mut()[i] = by_colour.min(1.3 * by_level).max(0.0);
        }
        let usual = quantile(&strength, skin, USUAL);
        for i in 0..size.area() {
            let v = strength.samples()[i];
            let dark = level_around.samples()[i];
            let lift = 116.0 * (level.samples()[i].max(0.0).powf(0.75) - dark.max(0.0).powf(0.75));
            let shine = smooth_step((v - usual - GLOSS.0) / (GLOSS.1 - GLOSS.0));
            let v = v * shine * smooth_step((lift - LIFT.0) / (LIFT.1 - LIFT.0));
            strength.samples_mut()[i] = v;
            dull.samples_mut()[i] = skin.samples()[i] * (-(v / 0.08).powi(2)).exp().max(0.05);
        }
    }
    let around = [0, 1, 2].map(|c| gauss_masked(&smooth[c], &dull, width / 8.0));
    Veil { strength: gauss(&strength, width / 150.0), around }
}

fn smooth_step(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn luma(rgb: &[Plane; 3]) -> Plane {
    let mut out = rgb[0].map(|v| 0.2126 * v);
    out.apply_with(&rgb[1], |o, v| o + 0.7152 * v);
    out.apply_with(&rgb[2], |o, v| o + 0.0722 * v);
    out
}

#[cfg(test)]
mod tests {
    use pixel::{Rect, Size};

    use super::*;
    use crate::scene::testing::{SceneBuilder, lab};

    const SIZE: Size = Size::new(240, 240);
    const WIDTH: f32 = 180.0;

    const SKIN: [f32; 3] = [0.72, 0.52, 0.42];

    fn shiny(x: usize, y: usize) -> [f32; 3] {
        let d2 = (x as f32 - 120.0).powi(2) + (y as f32 - 120.0).powi(2);
        let veil = 0.5 * (-d2 / 240.0).exp();
        SKIN.map(|c| c * (1.0 - veil) + veil)
    }

    fn with_shine() -> SceneBuilder {
        let face = Rect { x: 0, y: 0, width: SIZE.width, height: SIZE.height };
        SceneBuilder::new(SIZE, shiny).face(face, 1, WIDTH, |canvas, regions| {
            regions.skin = Plane::filled(canvas.size(), 1.0);
        })
    }

    #[test]
    fn shine_falls_to_skin_with_its_own_colour() {
        let builder = with_shine();
        let settings = Settings { alpha1: 1.0, ..Settings::defaults(&SPEC) };
        let (before, after) = (lab(&builder.picture), lab(&builder.retouched(&Mattifier, &settings)));
        let (seen, dull, own) = (before.at(120, 120), after.at(120, 120), before.at(5, 5));
        assert!(dull[0] < seen[0] - 0.6 * (seen[0] - own[0]), "{dull:?}");
        assert!((dull[1] - own[1]).abs() < 0.5 * (seen[1] - own[1]).abs(), "grey patch: {dull:?}");
        assert!(dull[0] > own[0] - 2.0, "darker than the skin around: {dull:?}");
    }

    #[test]
    fn matte_skin_is_left_alone() {
        let face = Rect { x: 0, y: 0, width: SIZE.width, height: SIZE.height };
        let light = |x: usize| SKIN.map(|c| c * (0.8 + 0.0008 * x as f32));
        let builder = SceneBuilder::new(SIZE, |x, _| light(x)).face(face, 1, WIDTH, |canvas, regions| {
            regions.skin = Plane::filled(canvas.size(), 1.0);
        });
        let settings = Settings { alpha1: 1.0, ..Settings::defaults(&SPEC) };
        let (before, after) = (lab(&builder.picture), lab(&builder.retouched(&Mattifier, &settings)));
        assert!(before.l.zip(&after.l, |b, a| (b - a).abs()).max() < 1.0);
    }
}
