//! White Teeth: takes yellow out of teeth, and makes them brighter.

use pixel::colour::Lab;
use pixel::filter::{dilate, gauss, guided_colour};
use pixel::{Plane, ramp};
use vision::regions::{MouthRegions, mouth_regions};
use vision::{Mesh, landmarks};

use crate::eye::EyeView;
use crate::feature::{Pixels, quantile};
use crate::layer::Layer;
use crate::plugin::{Blend, Need, Param, Plugin, Settings, Spec};
use crate::scene::{FaceView, Scene};

/// The plugin.
pub struct WhiteTeeth;

static SPEC: Spec = Spec {
    name: "White Teeth",
    about: "Takes yellow out of teeth and, on a second slider, makes them brighter.",
    never: "Makes teeth blue, grey or brighter than the eye whites, or touches lips, gums, tongue and gaps.",
    blend: Blend::Normal,
    needs: &[Need::FaceRegions],
    params: &[
        Param::SCALE_UNUSED,
        Param::alpha1("Whiten", "how much yellow is taken out", 1.0),
        Param::alpha2("Brighten", "how much brighter the teeth become", 1.0),
    ],
};

/// Yellow above the light's own that clean ivory keeps, b*.
const IVORY: f32 = 7.0;
/// Largest lift at full brightening, L*.
const LIFT: f32 = 8.0;
/// Teeth below this many pixels are not judged.
const LEAST: usize = 24;

impl Plugin for WhiteTeeth {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        let mut mouths = 0;
        for face in scene.faces() {
            if scene.cancelled() {
                return;
            }
            let Some(mesh) = &face.face.mesh else { continue };
            let Some((pixels, regions)) = read_mouth(scene, mesh) else { continue };
            let (teeth, white) =
                rayon::join(|| to_their_edges(&pixels, &regions, mesh.width()), || eye_white(scene, face));
            let Some(wished) = whitened(&pixels.lab, &teeth, white, settings) else { continue };
            pixels.draw(scene, &wished, &teeth, layer);
            mouths += 1;
        }
        layer.found("mouths with teeth", f64::from(mouths));
    }
}

/// The mouth's pixels and what lies there; `None` when no teeth are to be seen.
fn read_mouth(scene: &Scene<'_>, mesh: &Mesh) -> Option<(Pixels, MouthRegions)> {
    let pixels = Pixels::around(scene, &mesh.ring(&landmarks::LIPS_OUTER), 0.02 * mesh.width() + 2.0)?;
    let regions = pixels.see(scene, |canvas| mouth_regions(mesh, canvas));
    (regions.teeth.max() >= 0.5).then_some((pixels, regions))
}

/// Extends the teeth to their own edges in the picture, a little over the lip line as the landmarks draw it, and
/// draws them in from the gums.
fn to_their_edges(pixels: &Pixels, regions: &MouthRegions, width: f32) -> Plane {
    let (lab, sure) = (&pixels.lab, &regions.teeth);
    let guide = [&pixels.rgb[0], &pixels.rgb[1], &pixels.rgb[2]];
    let refined = guided_colour(guide, sure, (0.008 * width).max(0.8), 1e-4);
    let near = gauss(&dilate(&regions.mouth, 0.014 * width), 0.003 * width);
    // Wet gums glisten: their redness is judged a little broader than a speck.
    let red = gauss(&lab.a, 0.004 * width);
    let (Some(light), Some(middle)) =
        (quantile(&lab.l, sure, 0.05, LEAST), quantile(&lab.l, sure, 0.5, LEAST))
    else {
        return sure.clone();
    };
    let front = sure.zip(&lab.l, |s, l| if l >= middle { s } else { 0.0 });
    let (Some(pale), Some(reddest)) =
        (quantile(&red, &front, 0.4, LEAST / 2), quantile(&red, sure, 0.9, LEAST))
    else {
        return sure.clone();
    };
    let flesh = regions.lips.zip(&regions.gums_tongue, f32::max);
    let flesh = quantile(&red, &flesh, 0.3, LEAST).unwrap_or(reddest).max(pale + 6.0);
    let mut teeth = refined.zip(sure, |v, s| ramp(v, 0.3, 0.85).max(s));
    for (i, value) in teeth.samples_mut().iter_mut().enumerate() {
        let bright = ramp(lab.l.samples()[i], light - 12.0, light).max(sure.samples()[i]);
        let flesh = ramp(red.samples()[i], pale + 0.6 * (flesh - pale), pale + 0.3 * (flesh - pale));
        *value *= near.samples()[i] * bright * flesh;
    }
    teeth
}

/// Lightness and yellow of this person's eye whites, which are in the same light.
fn eye_white(scene: &Scene<'_>, face: &FaceView) -> Option<[f32; 2]> {
    let whites: Vec<[f32; 2]> = EyeView::both(scene, face)
        .into_iter()
        .flatten()
        .filter(|view| view.seen > 0.5)
        .filter_map(|view| {
            let lab = &view.pixels.lab;
            let light = quantile(&lab.l, &view.white, 0.6, LEAST)?;
            let lit = view.white.zip(&lab.l, |w, l| if l >= light { w } else { 0.0 });
            Some([quantile(&lab.l, &view.white, 0.9, LEAST)?, quantile(&lab.b, &lit, 0.5, LEAST / 4)?])
        })
        .collect();
    let lightest = whites.iter().copied().max_by(|a, b| a[0].total_cmp(&b[0]))?;
    Some(lightest)
}

/// The teeth with the strengths of the settings; `None` when there are too few to judge.
fn whitened(lab: &Lab, teeth: &Plane, white: Option<[f32; 2]>, settings: &Settings) -> Option<Lab> {
    let palest = quantile(&lab.b, teeth, 0.1, LEAST)?;
    let middle = quantile(&lab.l, teeth, 0.5, LEAST)?;
    let light = quantile(&lab.l, teeth, 0.9, LEAST)?;
    // Whites in the shadow of lashes say nothing about the light on the teeth.
    let white = white.filter(|[l, _]| *l > 0.5 * middle);
    // Without eye whites the palest teeth tell the light's colour, with doubt.
    let neutral = white.map_or(0.5 * palest - 2.0, |[_, b]| b - 2.0).min(palest - 1.0).max(-2.0);
    let room = white.map_or(LIFT, |[l, _]| (l + 12.0 - light).clamp(4.0, LIFT));
    let mut wished = lab.clone();
    for i in 0..teeth.samples().len() {
        if teeth.samples()[i] <= 0.0 {
            continue;
        }
        let [l, a, b] = lab.at(i % lab.size().width, i / lab.size().width);
        let yellow = (b - neutral).max(0.0);
        let kept = yellow * IVORY / (IVORY + yellow);
        wished.b.samples_mut()[i] = b - settings.alpha1 * (yellow - kept);
        // Yellow gone alone would leave pink teeth lavender.
        let share = if yellow > 0.0 { 1.0 - kept / yellow } else { 0.0 };
        wished.a.samples_mut()[i] = a - settings.alpha1 * 0.8 * share * a.max(0.0);
        // Light multiplies: back teeth and gaps gain in proportion to what they have.
        let lift = room * settings.alpha2 * (l / middle.max(1.0)).clamp(0.0, 1.15) * ramp(l, 99.0, 80.0);
        wished.l.samples_mut()[i] = l + lift.min(LIFT);
    }
    Some(wished)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pixel::Size;

    /// A row of ivory teeth with darker gaps, and its matte.
    fn teeth() -> (Lab, Plane) {
        let size = Size::new(40, 12);
        let lab = Lab {
            l: Plane::from_fn(
                size,
                |x, y| if x % 8 == 0 { 30.0 } else { 72.0 + (x % 3) as f32 + 0.3 * y as f32 },
            ),
            a: Plane::filled(size, 3.0),
            b: Plane::from_fn(size, |x, _| 14.0 + (x % 5) as f32),
        };
        let matte = Plane::from_fn(size, |x, _| if x % 8 == 0 { 0.0 } else { 1.0 });
        (lab, matte)
    }

    fn settings(alpha1: f32, alpha2: f32) -> Settings {
        Settings { alpha1, alpha2, ..Settings::defaults(&SPEC) }
    }

    #[test]
    fn yellow_goes_but_never_beyond_the_light() {
        let (lab, matte) = teeth();
        for white in [None, Some([80.0, 2.0]), Some([85.0, 9.0])] {
            let mut last = f64::MAX;
            for step in 1..=10 {
                let wished =
                    whitened(&lab, &matte, white, &settings(step as f32 / 10.0, 0.0)).expect("teeth");
                let yellow = wished.b.zip(&matte, |b, m| b * m).sum();
                assert!(yellow < last, "{white:?} {step}");
                last = yellow;
                assert_eq!(wished.l, lab.l);
                let neutral = white.map_or(0.0, |[_, b]| b - 2.0);
                assert!(
                    wished.b.samples().iter().zip(matte.samples()).all(|(b, m)| *m == 0.0 || *b > neutral)
                );
            }
        }
    }

    #[test]
    fn brightening_is_limited_and_keeps_the_order_of_light() {
        let (lab, matte) = teeth();
        let wished = whitened(&lab, &matte, Some([90.0, 3.0]), &settings(0.0, 1.0)).expect("teeth");
        for i in 0..lab.l.samples().len() {
            let (before, after) = (lab.l.samples()[i], wished.l.samples()[i]);
            assert!((0.0..=8.0).contains(&(after - before)));
            assert!(after < 100.0);
        }
        assert_eq!(wished.b, lab.b);
        assert!(wished.l.at(2, 11) > wished.l.at(1, 0));
    }

    #[test]
    fn a_few_pixels_are_not_judged() {
        let (lab, _) = teeth();
        assert!(whitened(&lab, &Plane::zeros(lab.size()), None, &settings(1.0, 1.0)).is_none());
    }
}
