//! Eye Vessels: takes red vessels and pinkness out of the white of the eyes.

use pixel::colour::Lab;
use pixel::filter::{gauss, gauss_masked};
use pixel::{Plane, ramp};

use crate::eye::EyeView;
use crate::feature::quantile;
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
    params: &[Param::SCALE_UNUSED, Param::alpha1("Strength", "how much of the red is taken out", 1.0)],
};

/// Share of a vessel's colour and darkness that goes at strength 1.
const VESSEL: f32 = 0.95;
/// Share of even pinkness above the clean part's colour that goes at strength 1.
const PINKNESS: f32 = 0.45;

/// L* that a vessel is darker, over the a* that it is redder, at least and at most. Blood takes green and blue light and
/// hardly any red, which makes 0.6 to 0.75, less where colour is smeared; what is darker is a lash or a shadow.
const DARKENS: [f32; 2] = [0.45, 0.8];

impl Plugin for EyeVessels {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        if scene.is_grey() {
            return;
        }
        let mut eyes = 0;
        for face in scene.faces() {
            if scene.cancelled() {
                return;
            }
            for view in EyeView::both(scene, face).into_iter().flatten() {
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
    let fine = (0.02 * radius).min(1.5);
    let [dark, red, tint] = [&lab.l, &lab.a, &lab.b].map(|plane| gauss(plane, fine));
    let mut vessels = Plane::zeros(lab.size());
    let redness = Form::of(&red, white, radius);
    let mut base = redness.without(&vessels);
    // What the surrounding's mean took in from the vessels leaves it step by step.
    for _ in 0..5 {
        let excess = red.zip(&base, |a, b| a - b);
        // The side without vessels tells the grain.
        let grain = (-quantile(&excess, white, 0.2, 12)?).clamp(0.4, 1.2);
        vessels = excess.map(|e| ramp(e, 0.8 * grain, 2.5 * grain + 0.5));
        base = redness.without(&vessels);
    }
    let level = quantile(&base, white, 0.3, 12)?;
    let pale = quantile(&lab.b, white, 0.3, 12)?;
    let light = Form::of(&dark, white, radius).without(&vessels);
    let yellow = Form::of(&tint, white, radius).without(&vessels);
    let mut clean = lab.clone();
    for i in 0..lab.l.samples().len() {
        let vessel = VESSEL * vessels.samples()[i];
        let base = base.samples()[i];
        let pink = PINKNESS * (base - level).max(0.0);
        let [l, a, b] = [&lab.l, &lab.a, &lab.b].map(|plane| plane.samples()[i]);
        let excess = (a - base).max(0.0);
        clean.a.samples_mut()[i] -= vessel * excess + pink;
        // Pinkness that went alone would leave a green cast where skin throws warm light on the white.
        let warm = 0.6 * pink * ramp(b, pale, pale + 4.0);
        clean.b.samples_mut()[i] += vessel * (yellow.samples()[i] - b) - warm;
        // What the vessels took from the mean around them would leave them grey.
        let lift = (light.samples()[i] - l).clamp(DARKENS[0] * excess, DARKENS[1] * excess);
        clean.l.samples_mut()[i] += vessel * lift;
    }
    Some(clean)
}

/// Broad course of one channel over the white, and what is finer.
struct Form<'a> {
    broad: Plane,
    fine: Plane,
    white: &'a Plane,
    reach: f32,
}

impl<'a> Form<'a> {
    fn of(plane: &Plane, white: &'a Plane, radius: f32) -> Self {
        let broad = gauss_masked(plane, white, (0.2 * radius).max(1.4));
        let fine = plane.zip(&broad, |v, b| v - b);
        Self { broad, fine, white, reach: (0.13 * radius).max(1.2) }
    }

    /// The course as it would be without the vessels. Only what is finer than the course is taken from
    /// their surroundings: shading toward lids and corners stays.
    fn without(&self, vessels: &Plane) -> Plane {
        let rest = self.white.zip(vessels, |w, v| w * (1.0 - v) + 1e-3 * w);
        self.broad.zip(&gauss_masked(&self.fine, &rest, self.reach), |b, f| b + f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pixel::Size;

    const RADIUS: f32 = 24.0;

    /// A shaded white with a little grain and, when asked for, vessels across it.
    fn eye(vessels: bool) -> (Lab, Plane) {
        let size = Size::new(60, 40);
        let on = |x: usize, y: usize| vessels && ((x + y / 3) % 17 == 4 && !y.is_multiple_of(11));
        let grain = |x: usize, y: usize| ((x * 7 + y * 13) % 5) as f32 * 0.1;
        let lab = Lab {
            l: Plane::from_fn(size, |x, y| {
                78.0 - 0.2 * y as f32 + grain(x, y) - if on(x, y) { 8.0 } else { 0.0 }
            }),
            a: Plane::from_fn(size, |x, y| 1.0 + grain(y, x) + if on(x, y) { 16.0 } else { 0.0 }),
            b: Plane::from_fn(size, |x, y| 3.0 + if on(x, y) { 4.0 } else { 0.0 }),
        };
        let white =
            Plane::from_fn(size, |x, y| if (5..55).contains(&x) && (5..35).contains(&y) { 1.0 } else { 0.0 });
        (lab, white)
    }

    fn mean_difference(a: &Plane, b: &Plane, matte: &Plane) -> f64 {
        a.zip(b, |a, b| (a - b).abs()).zip(matte, |d, m| d * m).sum() / matte.sum()
    }

    #[test]
    fn vessels_go_and_the_shading_stays() {
        let (red, white) = eye(true);
        let (truth, _) = eye(false);
        let clean = cleaned(&red, &white, RADIUS).expect("white enough");
        assert!(
            mean_difference(&clean.a, &truth.a, &white) < 0.3 * mean_difference(&red.a, &truth.a, &white)
        );
        assert!(
            mean_difference(&clean.l, &truth.l, &white) < 0.15 * mean_difference(&red.l, &truth.l, &white)
        );
        let lift = clean.l.zip(&red.l, |c, r| c - r);
        assert!(lift.samples().iter().all(|&v| (0.0..12.0).contains(&v)));
    }

    #[test]
    fn a_vessel_beside_the_shadow_of_the_lid_does_not_stay_grey() {
        let (mut truth, white) = eye(false);
        truth.l = Plane::from_fn(truth.size(), |x, y| truth.l.at(x, y) - if x < 30 { 0.0 } else { 20.0 });
        let blood = Plane::from_fn(truth.size(), |x, _| if (27..29).contains(&x) { 1.0 } else { 0.0 });
        let red = Lab {
            l: truth.l.zip(&blood, |l, v| l - 6.0 * v),
            a: truth.a.zip(&blood, |a, v| a + 10.0 * v),
            b: truth.b.clone(),
        };
        let clean = cleaned(&red, &white, RADIUS).expect("white enough");
        let vessel = white.zip(&blood, |w, v| w * v);
        let (left, whole) =
            (mean_difference(&clean.l, &truth.l, &vessel), mean_difference(&red.l, &truth.l, &vessel));
        assert!(left < 0.5 * whole, "{left} of {whole}");
    }

    #[test]
    fn a_clean_white_stays_as_it_is() {
        let (lab, white) = eye(false);
        let clean = cleaned(&lab, &white, RADIUS).expect("white enough");
        assert!(mean_difference(&clean.l, &lab.l, &white) < 0.1);
        assert!(mean_difference(&clean.a, &lab.a, &white) < 0.3);
    }

    #[test]
    fn too_little_white_is_not_judged() {
        let (lab, white) = eye(true);
        assert!(cleaned(&lab, &white.map(|_| 0.0), RADIUS).is_none());
    }
}
