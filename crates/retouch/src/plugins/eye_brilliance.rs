//! Eye Brilliance: makes the iris clearer and a little brighter, as a retoucher dodges it.

use pixel::Plane;
use pixel::colour::Lab;
use pixel::filter::{gauss, gauss_masked};

use crate::eye::EyeView;
use crate::feature::{quantile, ramp};
use crate::layer::Layer;
use crate::plugin::{Blend, Need, Param, Plugin, Settings, Spec};
use crate::scene::Scene;

/// The plugin.
pub struct EyeBrilliance;

static SPEC: Spec = Spec {
    name: "Eye Brilliance",
    about: "Makes the iris clearer and a little brighter, with its rays, rim and catchlights.",
    never: "Changes the eye's colour or size, lights up pupil, white or lids, or treats eyes that are shut or covered.",
    blend: Blend::Normal,
    needs: &[Need::FaceRegions],
    params: &[Param::PERSON_SCALE, Param::alpha1("Strength", "how clear and bright the iris becomes", 2.0)],
};

/// Growth of the iris's own contrast at strength 1.
const CLARITY: f32 = 0.34;
/// Largest change of one pixel by contrast, L* at strength 1.
const REACH: f32 = 9.0;
/// Light put on the middle of the iris, L* at strength 1.
const DODGE: f32 = 4.5;

impl Plugin for EyeBrilliance {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        let mut irises = 0;
        for mesh in scene.faces().iter().filter_map(|view| view.face.mesh.as_ref()) {
            let views = [0, 1].map(|eye| EyeView::read(scene, mesh, eye));
            let down = mesh.up().map(|v| -v);
            let lit = lit_side(views.iter().flatten(), down);
            for view in views.iter().flatten() {
                if scene.cancelled() {
                    return;
                }
                let Some(wished) = brightened(view, lit, settings.alpha1) else { continue };
                let matte = view.iris.map(|m| m * view.seen);
                view.pixels.draw(scene, &wished, &matte, layer);
                irises += 1;
            }
        }
        layer.found("irises", f64::from(irises));
    }
}

/// Unit vector to the side of the iris that the light shines through to: opposite the catchlights of both eyes
/// together, and down where they do not say.
fn lit_side<'a>(views: impl Iterator<Item = &'a EyeView>, down: [f32; 2]) -> [f32; 2] {
    let mut side = down.map(|v| 0.6 * v);
    for view in views {
        let Some(bright) = catchlight_level(&view.pixels.lab.l, &view.iris) else { continue };
        let (mut sum, mut place) = (0.0, [0.0, 0.0]);
        for y in 0..view.iris.height() {
            for x in 0..view.iris.width() {
                let weight = view.iris.at(x, y) * ramp(view.pixels.lab.l.at(x, y), bright, bright + 15.0);
                sum += weight;
                place[0] += weight * (x as f32 - view.centre[0]) / view.radius;
                place[1] += weight * (y as f32 - view.centre[1]) / view.radius;
            }
        }
        if sum > 0.005 * view.radius.powi(2) {
            (0..2).for_each(|k| side[k] -= place[k] / sum);
        }
    }
    let length = side[0].hypot(side[1]);
    if length < 0.1 { down } else { side.map(|v| v / length) }
}

/// L* from which a pixel of the iris is a catchlight: far above the iris's own range.
fn catchlight_level(lightness: &Plane, iris: &Plane) -> Option<f32> {
    let middle = quantile(lightness, iris, 0.5, 12)?;
    let high = quantile(lightness, iris, 0.75, 12)?;
    Some(middle + (3.0 * (high - middle)).clamp(15.0, 35.0))
}

/// The iris with more of its own contrast and dodged where the light falls through; `None` when it is too small.
fn brightened(view: &EyeView, lit: [f32; 2], strength: f32) -> Option<Lab> {
    let (lab, iris, r) = (&view.pixels.lab, &view.iris, view.radius);
    let catchlight = catchlight_level(&lab.l, iris)?;
    let middle = quantile(&lab.l, iris, 0.5, 12)?;
    let dark = quantile(&lab.l, iris, 0.08, 12)?;
    let body = iris.zip(&lab.l, |m, l| m * (1.0 - 0.98 * ramp(l, catchlight, catchlight + 10.0)));
    let base = gauss_masked(&lab.l, &body, 0.3 * r);
    let broad = gauss_masked(&lab.l, &body, 0.8 * r);
    // Grain is finer than any ray and gets no clearer.
    let clear = gauss(&lab.l, (0.03 * r).min(1.5));
    let mut wished = lab.clone();
    for y in 0..iris.height() {
        for x in 0..iris.width() {
            if iris.at(x, y) <= 0.0 {
                continue;
            }
            let l = lab.l.at(x, y);
            let (u, v) = ((x as f32 - view.centre[0]) / r, (y as f32 - view.centre[1]) / r);
            let detail = (clear.at(x, y) - base.at(x, y)) + 0.5 * (base.at(x, y) - broad.at(x, y));
            let contrast = REACH * (CLARITY * detail / REACH).tanh();
            // The pupil stays dark; the upper lid's shadow stays a shadow.
            let open = ramp(clear.at(x, y), dark + 0.15 * (middle - dark), middle.max(dark + 2.0));
            let side = 1.0 + 0.35 * (u * lit[0] + v * lit[1]);
            let inner = ramp(u.hypot(v), 1.0, 0.75);
            let glass = 1.0 - ramp(l, catchlight, catchlight + 10.0);
            let dodge = DODGE * open * side * (0.35 + 0.65 * inner) * glass;
            let change = strength * (contrast + dodge);
            *wished.l.at_mut(x, y) = (l + rolled_off(l, change)).max(0.0);
            // Colour grows with light, so the hue is kept.
            let growth = (wished.l.at(x, y) + 16.0) / (l + 16.0);
            *wished.a.at_mut(x, y) *= growth;
            *wished.b.at_mut(x, y) *= growth;
        }
    }
    Some(wished)
}

/// A lift that fades toward white, so that nothing clips that was not clipped.
fn rolled_off(lightness: f32, change: f32) -> f32 {
    if change <= 0.0 { change } else { change * ramp(lightness, 99.0, 75.0) }
}
