//! Mattifier: takes greasy shine off the skin and gives it back its own colour.
//!
//! Shine is light reflected at the surface, of the colour of the lamp, laid over the diffuse colour of
//! the skin (dichromatic model, Shafer 1985). In encoded values it acts as a veil of white:
//! `seen = diffuse·(1 - v) + v`. Diffuse skin keeps its saturation s = (R - B) / R from light to
//! shade, so the veil can be read from the colour alone: v = R - (R - B) / s. A veil also makes the
//! place brighter than the skin around it; only what both signs agree on counts.
//!
//! Living skin has a veil, too: a broad glow that shows the form. Shine is what rises out of it, so the
//! veil is lowered to the glow of the place and never below. Where it was stronger it stays stronger:
//! no patch gets an edge, and no highlight turns into a dark spot. That takes a measure from close by: the
//! bridge of a nose faces the light, and brought to the brightness of the cheeks it would be a grey stripe.
//! And where all dull skin close by faces another way, as around a chin, the shape of the face tells how much
//! brighter this place is in the light that the dull skin shows.

use pixel::Plane;
use pixel::filter::{MaskedBlur, enlarge, gauss, gauss_masked, reduce};

use crate::bare_skin::fade_out;
use crate::correction::{SmoothSkin, quantile};
use crate::form::Form;
use crate::lay::luma;
use crate::layer::{Effect, Field, Layer};
use crate::plugin::{Blend, Need, Param, Plugin, Settings, Spec};
use crate::scene::{FaceView, Scene};
use crate::surface::Surface;

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

/// Window of the dull skin that shine is measured against, as a share of the face width.
const AROUND: f32 = 1.0 / 6.0;
/// Window of the dull skin close by (Gaussian sigma, as a share of the face width), whose say is that of the dull share
/// of it against [`FAR`].
const CLOSE: f32 = 0.04;
/// Say of the dull skin around against that close by: in the middle of a broad patch of shine there is none close by.
const FAR: f32 = 0.02;
/// Skin is told smooth enough for its light above this (Gaussian sigma, face widths).
const FORM_FINE: f32 = 1.0 / 60.0;
/// The most by which a place is brighter than the dull skin around it because of the way it faces.
const FACING: f32 = 0.25;
/// Rounds in which what is dull is told ever better from what shines.
const ROUNDS: usize = 3;
/// Veil beyond the usual at which skin has lost most of its say as dull, and the say that any skin keeps in the wide
/// window, which must find some.
const SHINY: f32 = 0.05;
const DOUBT: f32 = 0.02;
/// Share of the skin whose veil counts as usual for this person in this light.
const USUAL: f32 = 0.7;
/// Share of the skin whose veil is below that of this person's own highlights.
const HIGHLIGHT: f32 = 0.85;
/// Window in which the veil makes form, as a share of the face width: shine is narrower.
const FORM: f32 = 0.1;
/// How much the glow of a place may rise over its mean in the window: the crest of a broad highlight does.
const CREST: f32 = 1.4;
/// Share of what rises out of the glow that stays at full strength: a highlight goes on showing the form.
const KEPT: f32 = 0.05;
/// Glow that any skin has, and the part of the person's usual veil that is added to it.
const GLOW: (f32, f32) = (0.02, 0.7);
/// Largest share of the glitter of pores that is calmed with the shine.
const CALM: f32 = 0.75;

impl Plugin for Mattifier {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        for (view, width) in scene.faces_by(settings.scale) {
            draw_face(scene, view, width, settings.alpha1, layer);
        }
    }
}

fn draw_face(scene: &Scene<'_>, view: &FaceView, width: f32, alpha: f32, layer: &mut Layer) {
    let (canvas, skin) = (&view.canvas, &view.regions.skin);
    let mut matte = skin.clone();
    fade_out(view, scene.size(), &mut matte);
    let fine = MaskedBlur::new(skin, width / 160.0);
    let smooth = canvas.rgb.each_ref().map(|plane| fine.blur(plane));
    let lit = |dull_skin: &Plane| lit(scene, view, dull_skin, width);
    let Shine { share, glow, around } = shine(&smooth, skin, lit, width);
    let glitter = glitter(&canvas.lab().l, skin, &share, width);
    let zeros = || Plane::zeros(canvas.size());
    let (mut gain, mut offset) = ([zeros(), zeros(), zeros()], [zeros(), zeros(), zeros()]);
    for i in 0..canvas.size().area() {
        let v = share.samples()[i].min(0.8);
        let weight = alpha * matte.samples()[i];
        if v * weight <= 0.0 {
            continue;
        }
        let calm = glitter.samples()[i] * (v / 0.1).min(1.0);
        let seen = smooth.each_ref().map(|plane| plane.samples()[i]);
        let dull = around.each_ref().map(|plane| plane.samples()[i]);
        let left = glow.samples()[i];
        let diffuse = seen.map(|s| (s - v) / (1.0 - v));
        // A lamp that is not white would leave its complement behind: the hue comes from the skin around.
        let own = (v / 0.4).min(1.0);
        let red = (diffuse[0] - left) / dull[0].max(0.02);
        // A blown highlight has no colour left to find: it is rebuilt from the skin around.
        let blown = ((v - 0.45) / 0.35).clamp(0.0, 1.0);
        for c in 0..3 {
            let hued = diffuse[c] + own * (red * dull[c] + left - diffuse[c]);
            let rebuilt = dull[c] * (1.0 - left) + left;
            let wished = hued + blown * (rebuilt - hued);
            gain[c].samples_mut()[i] = -weight * calm;
            offset[c].samples_mut()[i] = weight * (wished - (1.0 - calm) * seen[c]);
        }
    }
    let shiny = share.zip(skin, |v, s| if v > 0.05 { s } else { 0.0 });
    layer.found("shiny share of the skin", shiny.sum() / skin.sum().max(1.0));
    layer.fields.push(Field { grid: canvas.grid, effect: Effect::Affine { gain, offset }, matte: None });
}

/// Share of the fine contrast that shine adds to pores, against the smooth dull skin of the same person:
/// shine lies on the smooth, bulging parts of a face.
fn glitter(lightness: &Plane, skin: &Plane, share: &Plane, width: f32) -> Plane {
    let low = gauss_masked(lightness, skin, width / 160.0);
    let fine = lightness.zip(&low, |l, m| (l - m) * (l - m));
    let energy = gauss_masked(&fine, skin, width / 30.0);
    let dull = skin.zip(share, |s, v| if v > 0.02 { 0.0 } else { s });
    let own = quantile(&energy, &dull, 0.25);
    energy.map(|e| if e > own { (1.0 - (own / e).sqrt()).min(CALM) } else { 0.0 })
}

/// What lies over the skin beyond its glow.
struct Shine {
    /// Share of white to be taken off, 0..1.
    share: Plane,
    /// Share of white that stays.
    glow: Plane,
    /// Mean colour of the dull skin around.
    around: [Plane; 3],
}

/// Lightness that the shape of a face makes in the light that its dull skin (0..1 on the canvas) shows, and where that is
/// known, both on the canvas; `None` without landmarks or dull skin.
fn lit(scene: &Scene<'_>, view: &FaceView, dull_skin: &Plane, width: f32) -> Option<[Plane; 2]> {
    let size = dull_skin.size();
    let no_moles = Plane::zeros(size);
    let smooth = SmoothSkin::of(&view.canvas, dull_skin, &no_moles, width * FORM_FINE, scene);
    let form = Form::find(&Surface::of(view, &smooth)?, &smooth)?;
    Some(form.lit().map(|plane| smooth.enlarge(&plane, size)))
}

/// What shines on `smooth` skin; `lit` is told the dull skin and tells its light, see [`lit`].
fn shine(
    smooth: &[Plane; 3],
    skin: &Plane,
    lit: impl FnOnce(&Plane) -> Option<[Plane; 2]>,
    width: f32,
) -> Shine {
    // Whatever is wider than a window of the face is found on few samples.
    let step = ((width / 100.0) as usize).max(1);
    let small = smooth.each_ref().map(|plane| reduce(plane, step));
    let (few, width_small) = (reduce(skin, step), width / step as f32);
    // Shine is the exception: the skin found shiny counts ever less in what is "around".
    let mut trusted = few.clone();
    let mut dull = around(&small.each_ref(), &trusted, width_small);
    let doubted = |trusted: &Plane| trusted.zip(&few, |trusted, s| trusted.max(DOUBT * s));
    for _ in 0..ROUNDS {
        let veil = veil(&small, &dull);
        let usual = quantile(&veil, &few, USUAL);
        let shiny = |v: f32| (-((v - usual).max(0.0) / SHINY).powi(2)).exp();
        trusted = few.zip(&veil, |s, v| s * shiny(v));
        dull = around(&small.each_ref(), &doubted(&trusted), width_small);
    }
    let mut dull = close_by(&small.each_ref(), dull, &trusted, width_small);
    if let Some(lit) = lit(&enlarge(&trusted, step, skin.size())) {
        let [lit, known] = lit.each_ref().map(|plane| reduce(plane, step));
        let on_face = |plane: &Plane| plane.zip(&known, |v, known| v * known);
        let wide = around(&[&lit], &on_face(&doubted(&trusted)), width_small);
        let [other] = close_by(&[&lit], wide, &on_face(&trusted), width_small);
        turned(&mut dull, &on_face(&lit.zip(&other, |own, other| (own - other) / 100.0)));
    }
    let broad = veil(&small, &dull);
    let least = GLOW.0 + GLOW.1 * quantile(&broad, &few, USUAL);
    let highlight = quantile(&broad, &few, HIGHLIGHT);
    let form = gauss_masked(&broad.map(|v| v.min(highlight)), &few, width_small * FORM);
    let [form, red, green, blue] = {
        let [red, green, blue] = dull;
        [form, red, green, blue].map(|plane| enlarge(&plane, step, skin.size()))
    };
    let around = [red, green, blue];
    let veil = gauss(&veil(smooth, &around), width / 150.0);
    let glow = veil.zip(&form, |v, f| {
        let glow = lowered(v, (CREST * f).max(least));
        glow + KEPT * (v - glow)
    });
    let share = veil.zip(&glow, |v, left| (v - left) / (1.0 - left).max(0.05));
    Shine { share, glow, around }
}

/// Means over the dull skin all around, on a grid on which the face is `width` samples wide.
fn around<const N: usize>(planes: &[&Plane; N], dull: &Plane, width: f32) -> [Plane; N] {
    let blur = MaskedBlur::new(dull, width * AROUND);
    planes.map(|plane| blur.blur(plane))
}

/// What the dull skin close by has, as far as there is any, else that `around`.
fn close_by<const N: usize>(
    planes: &[&Plane; N],
    around: [Plane; N],
    trusted: &Plane,
    width: f32,
) -> [Plane; N] {
    let sigma = CLOSE * width;
    let say = gauss(trusted, sigma);
    let mut mixed = around;
    for (mixed, plane) in mixed.iter_mut().zip(planes) {
        let close = gauss(&plane.zip(trusted, |v, t| v * t), sigma);
        let pairs = close.samples().iter().zip(say.samples());
        let samples = mixed.samples_mut().iter_mut().zip(pairs);
        samples.for_each(|(v, (close, say))| *v = (close + FAR * *v) / (say + FAR));
    }
    mixed
}

/// Dull skin as it is where it faces the light more: `brighter` by so much (share of white) than the skin it was seen on.
fn turned(dull: &mut [Plane; 3], brighter: &Plane) {
    for (i, brighter) in brighter.samples().iter().enumerate() {
        let own = luma(dull.each_ref().map(|plane| plane.samples()[i])).max(0.05);
        let times = 1.0 + (brighter / own).clamp(0.0, FACING);
        dull.iter_mut().for_each(|plane| plane.samples_mut()[i] = (times * plane.samples()[i]).min(1.0));
    }
}

/// Share of white over the skin, 0..1, where its colour and its brightness agree on it.
fn veil(colour: &[Plane; 3], dull: &[Plane; 3]) -> Plane {
    let mut veil = Plane::zeros(colour[0].size());
    for (i, veil) in veil.samples_mut().iter_mut().enumerate() {
        let [r, g, b] = colour.each_ref().map(|plane| plane.samples()[i]);
        let [red, green, blue] = dull.each_ref().map(|plane| plane.samples()[i]);
        let saturation = |other: f32| ((red - other) / red.max(0.02)).max(0.03);
        let (to_green, to_blue) = (saturation(green), saturation(blue));
        // Least squares of both readings: the more colourful difference says more.
        let by_colour = r - (to_green * (r - g) + to_blue * (r - b)) / (to_green.powi(2) + to_blue.powi(2));
        let dark = luma([red, green, blue]);
        let by_level = (luma([r, g, b]) - dark) / (1.0 - dark).max(0.05);
        *veil = by_colour.min(by_level).clamp(0.0, 1.0);
    }
    veil
}

/// A veil that stays as it is well below `glow` and comes near it, but never over it, above.
fn lowered(veil: f32, glow: f32) -> f32 {
    veil / (1.0 + (veil / glow).powi(4)).powf(0.25)
}

#[cfg(test)]
mod tests {
    use pixel::Size;
    use pixel::colour::Lab;

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

    /// A picture that is all skin of a face.
    fn all_skin(colour: impl Fn(usize, usize) -> [f32; 3]) -> SceneBuilder {
        SceneBuilder::new(SIZE, colour).face(SIZE.rect(), 1, WIDTH, |canvas, regions| {
            regions.skin = Plane::filled(canvas.size(), 1.0);
        })
    }

    /// CIELAB of the picture before and after, at full strength.
    fn before_and_after(builder: &SceneBuilder) -> [Lab; 2] {
        let settings = Settings { alpha1: 1.0, ..Settings::defaults(&SPEC) };
        [lab(&builder.picture), lab(&builder.retouched(&Mattifier, &settings))]
    }

    #[test]
    fn shine_falls_to_skin_with_its_own_colour() {
        let [before, after] = before_and_after(&all_skin(shiny));
        let (seen, dull, own) = (before.at(120, 120), after.at(120, 120), before.at(5, 5));
        assert!(dull[0] < seen[0] - 0.6 * (seen[0] - own[0]), "{dull:?}");
        assert!((dull[1] - own[1]).abs() < 0.5 * (seen[1] - own[1]).abs(), "grey patch: {dull:?}");
        assert!(dull[0] > own[0] - 2.0, "darker than the skin around: {dull:?}");
    }

    #[test]
    fn matte_skin_is_left_alone() {
        let light = |x: usize| SKIN.map(|c| c * (0.8 + 0.0008 * x as f32));
        let [before, after] = before_and_after(&all_skin(|x, _| light(x)));
        assert!(before.l.zip(&after.l, |b, a| (b - a).abs()).max() < 1.0);
    }

    fn changed(veil: impl Fn(f32) -> f32) -> (Plane, Plane) {
        let colour = |x: usize, y: usize| {
            let v = veil((x as f32 - 120.0).hypot(y as f32 - 120.0));
            SKIN.map(|c| 0.7 * c * (1.0 - v) + v)
        };
        let [before, after] = before_and_after(&all_skin(colour));
        (before.l, after.l)
    }

    #[test]
    fn a_broad_glow_keeps_most_of_its_form() {
        let (before, after) = changed(|d| 0.2 * (-(d / 60.0).powi(2)).exp());
        let rise = |l: &Plane| l.at(120, 120) - l.at(5, 5);
        assert!(rise(&after) > 0.5 * rise(&before), "{} of {}", rise(&after), rise(&before));
    }

    #[test]
    fn the_brightest_place_does_not_become_a_dark_one() {
        let (_, after) = changed(|d| 0.5 * (-(d / 16.0).powi(2)).exp());
        let middle = after.at(120, 120);
        assert!((121..200).all(|x| after.at(x, 120) < middle + 0.7), "a ring around a dark spot");
    }

    #[test]
    fn the_bridge_of_a_nose_stays_brighter_than_its_sides() {
        // It faces the light, shines, and is nearly blown.
        let bell = |x: usize, sigma: f32| (-((x as f32 - 120.0) / sigma).powi(2)).exp();
        let lit = |x: usize| SKIN.map(|c| c * (1.0 + 0.2 * bell(x, 14.0)));
        let colour = |x: usize, _: usize| lit(x).map(|c| (c + 0.5 * bell(x, 10.0) * (1.0 - c)).min(0.96));
        let [_, Lab { l: after, .. }] = before_and_after(&all_skin(colour));
        let form = lab(&SceneBuilder::new(SIZE, |x, _| lit(x)).picture).l;
        let rise = |l: &Plane, x: usize| l.at(120, 120) - l.at(x, 120);
        for x in 121..150 {
            assert!(rise(&after, x) > -0.3, "darker than {} beside: {}", x - 120, rise(&after, x));
        }
        assert!(rise(&after, 150) > 0.6 * rise(&form, 150), "{} of {}", rise(&after, 150), rise(&form, 150));
        assert!(rise(&after, 150) < 1.6 * rise(&form, 150), "{} of {}", rise(&after, 150), rise(&form, 150));
    }

    #[test]
    fn what_faces_the_light_is_not_brought_to_the_shade_around() {
        // A chin over its own shade in a graded picture: what is brighter has less colour.
        let lift = |x: usize, y: usize| {
            let d2 = (x as f32 - 120.0).powi(2) + (y as f32 - 120.0).powi(2);
            (-d2 / 800.0).exp()
        };
        let colour = |x: usize, y: usize| {
            let [r, g, b] = SKIN.map(|c| 0.75 * c);
            let (grey, h) = (luma([r, g, b]), lift(x, y));
            [r, g, b].map(|c| (1.0 + 0.4 * h) * (grey + (1.0 - 0.5 * h) * (c - grey)))
        };
        let planes = [0, 1, 2].map(|c| Plane::from_fn(SIZE, |x, y| colour(x, y)[c]));
        let skin = Plane::filled(SIZE, 1.0);
        let taken = |lit: Option<[Plane; 2]>| shine(&planes, &skin, |_| lit, WIDTH).share.at(120, 120);
        let shape = Plane::from_fn(SIZE, |x, y| 100.0 * luma(colour(x, y)));
        let (blind, seeing) = (taken(None), taken(Some([shape, skin.clone()])));
        assert!(blind > 0.05 && seeing < 0.4 * blind, "{blind} without knowing the shape, {seeing} with it");
    }

    #[test]
    fn lowering_keeps_the_order_and_what_is_weak() {
        let levels: Vec<f32> = (0..=100).map(|i| lowered(i as f32 / 100.0, 0.15)).collect();
        assert!(levels.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!((lowered(0.05, 0.15) - 0.05).abs() < 1e-3);
        assert!(levels[100] <= 0.15);
    }
}
