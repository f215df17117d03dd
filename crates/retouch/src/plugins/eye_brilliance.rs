//! Eye Brilliance: makes the iris clearer and a little brighter, as a retoucher dodges it.

use pixel::colour::Lab;
use pixel::filter::{gauss, gauss_masked};
use pixel::{Plane, ramp};

use crate::eye::EyeView;
use crate::feature::{quantile, soft_limit};
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
    params: &[Param::SCALE_UNUSED, Param::alpha1("Strength", "how clear and bright the iris becomes", 2.0)],
};

/// Growth of the iris's local contrast that is aimed at, at strength 1.
const CLEARER: f32 = 1.3;
/// Share of its detail that is added to an iris before the aim is considered.
const CLARITY: f32 = 0.35;
/// How far that share may be changed for the aim, from blurred to crisp irises.
const CLARITY_RANGE: [f32; 2] = [0.6, 2.0];
/// Largest change of one pixel by contrast, L* for the share above.
const REACH: f32 = 9.0;
/// Mean rise of the iris's L* that is aimed at, at strength 1.
const BRIGHTER: f32 = 2.6;
/// Largest light put on one pixel of the iris, L* at strength 1.
const DODGE_RANGE: [f32; 2] = [2.5, 7.5];

impl Plugin for EyeBrilliance {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        let mut irises = 0;
        // Above 1 it grows slower: still an eye at 2.
        let strength = settings.alpha1.min(1.0) + 0.6 * (settings.alpha1 - 1.0).max(0.0);
        for face in scene.faces() {
            let Some(mesh) = &face.face.mesh else { continue };
            let views = EyeView::both(scene, face);
            let down = mesh.up().map(|v| -v);
            let lit = lit_side(views.iter().flatten(), down);
            let works: Vec<_> =
                views.iter().flatten().filter_map(|view| Some((view, Work::of(view, lit)?))).collect();
            if scene.cancelled() || works.is_empty() {
                continue;
            }
            // Both eyes get the same strength.
            let mean = |measure: &dyn Fn(&Work, &EyeView) -> f32| {
                works.iter().map(|(view, work)| measure(work, view)).sum::<f32>() / works.len() as f32
            };
            let clarity = mean(&|work, view| work.clarity(view));
            let dodge = mean(&|work, view| work.light(view, clarity));
            for (view, work) in &works {
                let matte = view.iris.map(|m| m * view.seen);
                view.pixels.draw(scene, &work.done(view, [clarity, dodge], strength), &matte, layer);
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

/// What is to be done to an iris.
struct Work {
    /// More of the iris's own contrast, change of L*.
    contrast: Plane,
    /// Where light falls through, 0..1 and a little more.
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
        let whole = gauss(lightness, 0.4 * r);
        // Grain is finer than any ray and gets no clearer.
        let clear = gauss(lightness, (0.03 * r).min(1.5));
        // Decided broadly, so that grain in a dark iris does not become mottle.
        let soft = gauss_masked(lightness, &body, 0.1 * r);
        let size = iris.size();
        let contrast = Plane::from_fn(size, |x, y| {
            // Rays stand out from the iris, catchlights and the dark rim from all that is around them.
            let around = 0.5 * (near.at(x, y) + whole.at(x, y));
            let detail = clear.at(x, y) - around + 0.5 * (near.at(x, y) - broad.at(x, y));
            soft_limit(CLARITY * detail, REACH)
        });
        let dodge = Plane::from_fn(size, |x, y| {
            let (u, v) = ((x as f32 - view.centre[0]) / r, (y as f32 - view.centre[1]) / r);
            // The pupil stays dark; the upper lid's shadow stays a shadow.
            let open = ramp(soft.at(x, y), dark, middle.max(dark + 6.0));
            let side = 1.0 + 0.35 * (u * lit[0] + v * lit[1]);
            let inner = 0.15 + 0.85 * ramp(u.hypot(v), 0.98, 0.7);
            open * side * inner * (1.0 - glass.at(x, y))
        });
        Some(Self { contrast, dodge })
    }

    /// The factor on `contrast` that makes this iris as much clearer as is aimed at.
    fn clarity(&self, view: &EyeView) -> f32 {
        let fine = |plane: &Plane| plane.zip(&gauss(plane, 0.5 * view.radius), |v, g| v - g);
        let drawn = |plane: &Plane| fine(&plane.zip(&view.iris, |v, m| v * m));
        let before = fine(&view.pixels.lab.l);
        let fixed = before.zip(&drawn(&self.dodge), |b, d| b + 1.5 * BRIGHTER * d);
        let grown = drawn(&self.contrast);
        let product =
            |a: &Plane, b: &Plane| a.zip(b, |a, b| a * b).zip(&view.iris, |v, m| v * m).sum() as f32;
        // |fixed + k grown| = CLEARER |before|, solved for the larger k.
        let square = product(&grown, &grown).max(f32::MIN_POSITIVE);
        let half = product(&fixed, &grown) / square;
        let rest = (product(&fixed, &fixed) - CLEARER.powi(2) * product(&before, &before)) / square;
        let factor = (half * half - rest).max(0.0).sqrt() - half;
        factor.clamp(CLARITY_RANGE[0], CLARITY_RANGE[1])
    }

    /// The factor on `dodge` that makes this iris as much brighter as is aimed at.
    fn light(&self, view: &EyeView, clarity: f32) -> f32 {
        let mean =
            |plane: &Plane| (plane.zip(&view.iris, |v, m| v * m).sum() / view.iris.sum().max(1.0)) as f32;
        let factor = (BRIGHTER - clarity * mean(&self.contrast)) / mean(&self.dodge).max(1e-3);
        factor.clamp(DODGE_RANGE[0], DODGE_RANGE[1])
    }

    /// The iris after the work.
    fn done(&self, view: &EyeView, [clarity, dodge]: [f32; 2], strength: f32) -> Lab {
        let mut wished = view.pixels.lab.clone();
        for i in 0..view.iris.samples().len() {
            if view.iris.samples()[i] <= 0.0 {
                continue;
            }
            let l = view.pixels.lab.l.samples()[i];
            let change = strength * (clarity * self.contrast.samples()[i] + dodge * self.dodge.samples()[i]);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::Pixels;
    use pixel::{Rect, Size};

    /// An iris of radius 20 with rays, a pupil and a catchlight, in a white eye.
    fn eye() -> EyeView {
        let size = Size::new(61, 61);
        let place = |x: usize, y: usize| (x as f32 - 30.0, y as f32 - 30.0);
        let l = Plane::from_fn(size, |x, y| {
            let (u, v) = place(x, y);
            match u.hypot(v) {
                _ if (u + 6.0).hypot(v + 6.0) < 3.0 => 95.0,
                r if r < 7.0 => 5.0,
                r if r < 20.0 => 35.0 + 5.0 * (8.0 * v.atan2(u)).sin(),
                _ => 78.0,
            }
        });
        let inside = |x: usize, y: usize| {
            let (u, v) = place(x, y);
            u.hypot(v) < 20.0
        };
        let lab = Lab {
            a: Plane::from_fn(size, |x, y| if inside(x, y) { 6.0 } else { 1.0 }),
            b: Plane::from_fn(size, |x, y| if inside(x, y) { 12.0 } else { 3.0 }),
            l,
        };
        let iris = Plane::from_fn(size, |x, y| if inside(x, y) { 1.0 } else { 0.0 });
        let white = iris.map(|m| 1.0 - m);
        let rgb = [0, 1, 2].map(|_| lab.l.map(|l| l / 100.0));
        let pixels = Pixels { rect: Rect { x: 0, y: 0, width: 61, height: 61 }, rgb, lab };
        let (iris, white) = (iris.into(), white.into());
        EyeView { pixels, centre: [30.0, 30.0], radius: 20.0, iris, white, seen: 1.0 }
    }

    fn brilliant(view: &EyeView, strength: f32) -> Lab {
        let lit = lit_side(std::iter::once(view), [0.0, 1.0]);
        let work = Work::of(view, lit).expect("an iris");
        let clarity = work.clarity(view);
        work.done(view, [clarity, work.light(view, clarity)], strength)
    }

    #[test]
    fn the_iris_gets_clearer_and_brighter_and_keeps_its_hue() {
        let view = eye();
        let (before, after) = (&view.pixels.lab, brilliant(&view, 1.0));
        let rise = after.l.zip(&before.l, |a, b| a - b).zip(&view.iris, |d, m| d * m).sum() / view.iris.sum();
        assert!((1.0..6.0).contains(&rise), "{rise}");
        let [ray, gap] =
            [[30.0 + 13.0 * 0.981, 30.0 + 13.0 * 0.195], [30.0 + 13.0 * 0.831, 30.0 + 13.0 * 0.556]];
        let depth = |lab: &Lab| lab.l.bilinear(ray[0], ray[1]) - lab.l.bilinear(gap[0], gap[1]);
        assert!(depth(&after) > 1.05 * depth(before));
        for (x, y) in [(45, 30), (30, 45), (20, 40)] {
            let hue = |lab: &Lab| lab.b.at(x, y).atan2(lab.a.at(x, y));
            assert!((hue(&after) - hue(before)).abs() < 0.02);
        }
    }

    #[test]
    fn the_pupil_stays_dark_and_nothing_clips_or_leaves_the_iris() {
        let view = eye();
        for strength in [0.5, 1.0, 2.0] {
            let after = brilliant(&view, strength);
            assert!(after.l.at(30, 32) <= 7.0, "{}", after.l.at(30, 32));
            assert!(after.l.samples().iter().all(|&l| l < 100.0));
            assert_eq!(after.l.at(2, 30), view.pixels.lab.l.at(2, 30));
        }
        assert_eq!(brilliant(&view, 0.0), view.pixels.lab);
    }

    #[test]
    fn the_light_falls_opposite_the_catchlight() {
        let side = lit_side(std::iter::once(&eye()), [0.0, 1.0]);
        assert!(side[0] > 0.0 && side[1] > 0.0);
    }
}
