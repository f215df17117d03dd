//! Mattifier: takes greasy shine off the skin and gives it back its own colour.
//!
//! Shine is light reflected at the surface, of the colour of the lamp, laid over the diffuse colour of
//! the skin (dichromatic model, Shafer 1985). In encoded values it acts as a veil:
//! `seen = diffuse·(1 - v) + v`. Where skin is brighter *and* paler than the skin around it, both
//! ways of estimating v agree that a veil is there; the smaller estimate is taken off.

use pixel::Plane;
use pixel::filter::{gauss, gauss_masked};

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

impl Plugin for Mattifier {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        for view in scene.faces() {
            if scene.cancelled() {
                return;
            }
            let step = view.canvas.grid.step as f32;
            let long_edge = scene.size().long_edge() as f32 / step;
            let width = settings.scale.face_width(view.width(), long_edge);
            draw_face(view, width, settings.alpha1, layer);
        }
    }
}

fn draw_face(view: &FaceView, width: f32, alpha: f32, layer: &mut Layer) {
    let (canvas, skin) = (&view.canvas, &view.regions.skin);
    let veil = veil(&canvas.rgb, skin, width);
    let size = canvas.size();
    let (mut gain, mut offset) = (Plane::zeros(size), Plane::zeros(size));
    for i in 0..size.area() {
        let v = (FULL * alpha * veil.samples()[i] * skin.samples()[i]).min(0.8);
        // The inverse of the veil.
        gain.samples_mut()[i] = 1.0 / (1.0 - v) - 1.0;
        offset.samples_mut()[i] = -v / (1.0 - v);
    }
    let shiny = veil.samples().iter().filter(|&&v| v > 0.05).count();
    layer.found("shiny share of the canvas", shiny as f64 / size.area().max(1) as f64);
    let effect = Effect::Affine {
        gain: [gain.clone(), gain.clone(), gain],
        offset: [offset.clone(), offset.clone(), offset],
    };
    layer.fields.push(Field { grid: canvas.grid, effect, matte: None });
}

/// Strength of the veil, 0..1.
fn veil(rgb: &[Plane; 3], skin: &Plane, width: f32) -> Plane {
    let smooth = [0, 1, 2].map(|c| gauss_masked(&rgb[c], skin, width / 160.0));
    let level = luma(&smooth);
    let colour = smooth[0].zip(&smooth[2], |r, b| r - b);
    // Diffuse level and colourfulness of the skin around: shine is the exception, so what is dull
    // counts more, round by round.
    let mut dull = skin.clone();
    let (mut around, mut tint) = (level.clone(), colour.clone());
    for _ in 0..4 {
        around = gauss_masked(&level, &dull, width / 6.0);
        tint = gauss_masked(&colour, &dull, width / 6.0);
        for i in 0..dull.samples().len() {
            let by_level = excess(level.samples()[i], around.samples()[i]);
            let by_tint = 1.0 - colour.samples()[i] / tint.samples()[i].max(0.02);
            let shine = by_level.min(by_tint.max(by_level * 0.3)).max(0.0);
            dull.samples_mut()[i] = skin.samples()[i] * (-(shine / 0.05).powi(2)).exp().max(1e-3);
        }
    }
    let mut veil = Plane::zeros(level.size());
    for i in 0..veil.samples().len() {
        let by_level = excess(level.samples()[i], around.samples()[i]);
        let by_tint = 1.0 - colour.samples()[i] / tint.samples()[i].max(0.02);
        let v = by_level.min(by_tint);
        veil.samples_mut()[i] = (v - 0.02).max(0.0);
    }
    gauss(&veil, width / 200.0)
}

/// How strong a veil would explain `level` over a diffuse `around`.
fn excess(level: f32, around: f32) -> f32 {
    (level - around) / (1.0 - around).max(0.05)
}

fn luma(rgb: &[Plane; 3]) -> Plane {
    let mut out = rgb[0].map(|v| 0.2126 * v);
    out.apply_with(&rgb[1], |o, v| o + 0.7152 * v);
    out.apply_with(&rgb[2], |o, v| o + 0.0722 * v);
    out
}
