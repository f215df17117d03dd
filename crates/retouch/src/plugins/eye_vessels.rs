//! Eye Vessels: takes red vessels and pinkness out of the white of the eyes.

use pixel::Plane;
use pixel::colour::Lab;
use pixel::filter::{gauss, gauss_masked};

use crate::eye::EyeView;
use crate::feature::{quantile, ramp};
use crate::layer::Layer;
use crate::plugin::{Blend, Need, Param, Plugin, Settings, Spec};
use crate::scene::Scene;

/// The plugin.
pub struct EyeVessels;

static SPEC: Spec = Spec {
    name: "Eye Vessels",
    about: "Fades red vessels and pinkness in the white of the eyes.",
    never: "Makes the white even or paper-white, or touches lids, lashes, iris, tear corner and catchlights.",
    blend: Blend::Normal,
    needs: &[Need::FaceRegions],
    params: &[Param::PERSON_SCALE, Param::alpha1("Strength", "how much of the red is taken out", 1.0)],
};

/// Share of a vessel's colour and darkness that goes at strength 1.
const VESSEL: f32 = 0.95;
/// Share of even pinkness above the clean part's colour that goes at strength 1.
const PINKNESS: f32 = 0.6;

impl Plugin for EyeVessels {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        if scene.is_grey() {
            return;
        }
        let mut eyes = 0;
        for mesh in scene.faces().iter().filter_map(|view| view.face.mesh.as_ref()) {
            for eye in [0, 1] {
                if scene.cancelled() {
                    return;
                }
                let Some(view) = EyeView::read(scene, mesh, eye) else { continue };
                let Some(clean) = cleaned(&view.pixels.lab, &view.white, view.radius) else { continue };
                let matte = view.white.map(|m| m * view.seen * settings.alpha1);
                view.pixels.draw(scene, &clean, &matte, layer);
                eyes += 1;
            }
        }
        layer.found("eyes", f64::from(eyes));
    }
}

/// The white without vessels and with less pinkness; `None` when too little of it can be seen to know its colour.
///
/// A vessel is redder than the white around it. It gets the smoothed colour and lightness of that surrounding,
/// so that the ball keeps its shading; grain finer than a vessel stays.
fn cleaned(lab: &Lab, white: &Plane, radius: f32) -> Option<Lab> {
    let around = (0.28 * radius).max(1.0);
    let fine = (0.02 * radius).min(1.5);
    let red = gauss(&lab.a, fine);
    let mut vessels = Plane::zeros(lab.size());
    let mut base = gauss_masked(&red, white, around);
    // What the mean of the surrounding took in from the vessels leaves it step by step.
    for _ in 0..4 {
        let excess = red.zip(&base, |a, b| a - b);
        let grain = quantile(&excess.map(f32::abs), white, 0.4, 12)?.max(0.4);
        vessels = excess.map(|e| ramp(e, 1.2 * grain, 3.5 * grain));
        let rest = white.zip(&vessels, |w, v| w * (1.0 - v) + 1e-3 * w);
        base = gauss_masked(&red, &rest, around);
    }
    let rest = white.zip(&vessels, |w, v| w * (1.0 - v) + 1e-3 * w);
    let level = quantile(&base, white, 0.2, 12)?;
    let light = gauss_masked(&lab.l, &rest, 0.6 * around);
    let yellow = gauss_masked(&lab.b, &rest, around);
    let (dark, tint) = (gauss(&lab.l, fine), gauss(&lab.b, fine));
    let mut clean = lab.clone();
    for i in 0..lab.l.samples().len() {
        let vessel = VESSEL * vessels.samples()[i];
        let base = base.samples()[i];
        let pink = PINKNESS * (base - level).max(0.0);
        let excess = (red.samples()[i] - base).max(0.0);
        clean.a.samples_mut()[i] -= vessel * excess + pink;
        clean.b.samples_mut()[i] += vessel * (yellow.samples()[i] - tint.samples()[i]);
        clean.l.samples_mut()[i] += vessel * (light.samples()[i] - dark.samples()[i]).max(0.0);
    }
    Some(clean)
}
