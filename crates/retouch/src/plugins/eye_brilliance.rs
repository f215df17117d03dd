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

/// Growth of the iris's local contrast that is aimed at, at strength 1.
const CLEARER: f32 = 1.3;
/// Share of its detail that is added to an iris before the aim is considered.
const CLARITY: f32 = 0.35;
/// How far that share may be changed for the aim, from blurred to crisp irises.
const CLARITY_RANGE: [f32; 2] = [0.6, 2.0];
/// Largest change of one pixel by contrast, L* for the share above.
const REACH: f32 = 9.0;
/// Light put on the middle of the iris, L* at strength 1.
const DODGE: f32 = 4.5;

impl Plugin for EyeBrilliance {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        let mut irises = 0;
        // Above 1 it grows slower: still an eye at 2.
        let strength = settings.alpha1.min(1.0) + 0.6 * (settings.alpha1 - 1.0).max(0.0);
        for mesh in scene.faces().iter().filter_map(|view| view.face.mesh.as_ref()) {
            let views = [0, 1].map(|eye| EyeView::read(scene, mesh, eye));
            let down = mesh.up().map(|v| -v);
            let lit = lit_side(views.iter().flatten(), down);
            let works: Vec<_> =
                views.iter().flatten().filter_map(|view| Some((view, Work::of(view, lit)?))).collect();
            if scene.cancelled() || works.is_empty() {
                continue;
            }
            // Both eyes get the same strength.
            let clarity =
                works.iter().map(|(view, work)| work.clarity(view)).sum::<f32>() / works.len() as f32;
            for (view, work) in &works {
                let matte = view.iris.map(|m| m * view.seen);
                view.pixels.draw(scene, &work.done(view, clarity, strength), &matte, layer);
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

/// What is to be done to an iris at strength 1: changes of L*.
struct Work {
    /// More of the iris's own contrast.
    contrast: Plane,
    /// Light where it falls through.
    dodge: Plane,
}

impl Work {
    /// `None` when the iris is too small to tell its light from its dark.
    fn of(view: &EyeView, lit: [f32; 2]) -> Option<Self> {
        let (lightness, iris, r) = (&view.pixels.lab.l, &view.iris, view.radius);
        let catchlight = catchlight_level(lightness, iris)?;
        let middle = quantile(lightness, iris, 0.5, 12)?;
        let dark = quantile(lightness, iris, 0.08, 12)?;
        let glass = lightness.map(|l| ramp(l, catchlight, catchlight + 10.0));
        let body = iris.zip(&glass, |m, g| m * (1.0 - 0.98 * g));
        let near = gauss_masked(lightness, &body, 0.3 * r);
        let broad = gauss_masked(lightness, &body, 0.8 * r);
        let whole = gauss_masked(lightness, iris, 0.25 * r);
        // Grain is finer than any ray and gets no clearer.
        let clear = gauss(lightness, (0.03 * r).min(1.5));
        // A dark iris takes less light before it looks veiled.
        let deep = 0.55 + 0.45 * ramp(middle, 8.0, 35.0);
        let size = iris.size();
        let contrast = Plane::from_fn(size, |x, y| {
            // A catchlight stands out from what is around it, rays and rim from the iris.
            let around = 0.5 * (near.at(x, y) + whole.at(x, y));
            let detail = clear.at(x, y) - around + 0.5 * (near.at(x, y) - broad.at(x, y));
            REACH * (CLARITY * detail / REACH).tanh()
        });
        let dodge = Plane::from_fn(size, |x, y| {
            let (u, v) = ((x as f32 - view.centre[0]) / r, (y as f32 - view.centre[1]) / r);
            // The pupil stays dark; the upper lid's shadow stays a shadow.
            let open = ramp(clear.at(x, y), dark + 0.15 * (middle - dark), middle.max(dark + 2.0));
            let side = 1.0 + 0.35 * (u * lit[0] + v * lit[1]);
            let inner = 0.35 + 0.65 * ramp(u.hypot(v), 1.0, 0.75);
            DODGE * deep * open * side * inner * (1.0 - glass.at(x, y))
        });
        Some(Self { contrast, dodge })
    }

    /// The factor on `contrast` that makes this iris as much clearer as is aimed at.
    fn clarity(&self, view: &EyeView) -> f32 {
        let fine =
            |plane: &Plane| plane.zip(&gauss_masked(plane, &view.iris, 0.5 * view.radius), |v, g| v - g);
        let before = fine(&view.pixels.lab.l);
        let fixed = before.zip(&fine(&self.dodge), |b, d| b + d);
        let grown = fine(&self.contrast);
        let product =
            |a: &Plane, b: &Plane| a.zip(b, |a, b| a * b).zip(&view.iris, |v, m| v * m).sum() as f32;
        // |fixed + k grown| = CLEARER |before|, solved for the larger k.
        let square = product(&grown, &grown).max(f32::MIN_POSITIVE);
        let half = product(&fixed, &grown) / square;
        let rest = (product(&fixed, &fixed) - CLEARER.powi(2) * product(&before, &before)) / square;
        let factor = (half * half - rest).max(0.0).sqrt() - half;
        factor.clamp(CLARITY_RANGE[0], CLARITY_RANGE[1])
    }

    /// The iris after the work.
    fn done(&self, view: &EyeView, clarity: f32, strength: f32) -> Lab {
        let mut wished = view.pixels.lab.clone();
        for i in 0..view.iris.samples().len() {
            if view.iris.samples()[i] <= 0.0 {
                continue;
            }
            let l = view.pixels.lab.l.samples()[i];
            let change = strength * (clarity * self.contrast.samples()[i] + self.dodge.samples()[i]);
            // Nothing clips that was not clipped, at either end.
            let room = if change > 0.0 { ramp(l, 99.0, 80.0) } else { ramp(l, 0.0, 14.0) };
            let lit = (l + room * change).clamp(0.0, 100.0);
            wished.l.samples_mut()[i] = lit;
            // Colour grows with light, so the hue is kept.
            let growth = (lit + 16.0) / (l + 16.0);
            wished.a.samples_mut()[i] *= growth;
            wished.b.samples_mut()[i] *= growth;
        }
        wished
    }
}
