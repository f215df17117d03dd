//! White Teeth: takes yellow out of teeth, and makes them brighter.

use pixel::Plane;
use pixel::colour::Lab;
use pixel::filter::{dilate, gauss, guided_colour};
use vision::regions::mouth_regions;
use vision::{Mesh, landmarks};

use crate::eye::EyeView;
use crate::feature::{Pixels, quantile, ramp};
use crate::layer::Layer;
use crate::plugin::{Blend, Need, Param, Plugin, Settings, Spec};
use crate::scene::Scene;

/// The plugin.
pub struct WhiteTeeth;

static SPEC: Spec = Spec {
    name: "White Teeth",
    about: "Takes yellow out of teeth and, on a second slider, makes them brighter.",
    never: "Makes teeth blue, grey or brighter than the eye whites, or touches lips, gums, tongue and gaps.",
    blend: Blend::Normal,
    needs: &[Need::FaceRegions],
    params: &[
        Param::PERSON_SCALE,
        Param::alpha1("Whiten", "how much yellow is taken out", 1.0),
        Param::alpha2("Brighten", "how much brighter the teeth become", 1.0),
    ],
};

/// Yellow above the light's own that clean ivory keeps, b*.
const IVORY: f32 = 6.0;
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
        for mesh in scene.faces().iter().filter_map(|view| view.face.mesh.as_ref()) {
            if scene.cancelled() {
                return;
            }
            let Some((pixels, teeth)) = read_teeth(scene, mesh) else { continue };
            let white = eye_white(scene, mesh);
            let Some(wished) = whitened(&pixels.lab, &teeth, white, settings) else { continue };
            pixels.draw(scene, &wished, &teeth, layer);
            mouths += 1;
        }
        layer.found("mouths with teeth", f64::from(mouths));
    }
}

/// The mouth's pixels with the matte of the teeth; `None` when no teeth are to be seen.
fn read_teeth(scene: &Scene<'_>, mesh: &Mesh) -> Option<(Pixels, Plane)> {
    let width = mesh.width();
    let pixels = Pixels::around(scene, &mesh.ring(&landmarks::LIPS_OUTER), 0.02 * width + 2.0)?;
    let regions = pixels.see(scene, |canvas| mouth_regions(mesh, canvas));
    if regions.teeth.max() < 0.5 {
        return None;
    }
    let teeth = to_their_edges(&pixels, &regions.teeth, &regions.mouth, width);
    Some((pixels, teeth))
}

/// Extends the sure teeth to their own edges in the picture, a little over the lip line as the landmarks draw it.
fn to_their_edges(pixels: &Pixels, sure: &Plane, mouth: &Plane, width: f32) -> Plane {
    let guide = [&pixels.rgb[0], &pixels.rgb[1], &pixels.rgb[2]];
    let refined = guided_colour(guide, sure, (0.008 * width).max(0.8), 1e-4);
    let near = gauss(&dilate(mouth, 0.014 * width), 0.003 * width);
    let lab = &pixels.lab;
    let (Some(red), Some(light)) = (quantile(&lab.a, sure, 0.9, LEAST), quantile(&lab.l, sure, 0.05, LEAST))
    else {
        return sure.clone();
    };
    let mut teeth = refined.zip(sure, |v, s| ramp(v, 0.3, 0.85).max(s));
    for (i, value) in teeth.samples_mut().iter_mut().enumerate() {
        let like = ramp(lab.a.samples()[i], red + 4.0, red) * ramp(lab.l.samples()[i], light - 12.0, light);
        *value *= near.samples()[i] * like.max(sure.samples()[i]);
    }
    teeth
}

/// Lightness and yellow of this person's eye whites, which are in the same light.
fn eye_white(scene: &Scene<'_>, mesh: &Mesh) -> Option<[f32; 2]> {
    let whites: Vec<[f32; 2]> = [0, 1]
        .into_iter()
        .filter_map(|eye| {
            let view = EyeView::read(scene, mesh, eye).filter(|view| view.seen > 0.5)?;
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
        wished.a.samples_mut()[i] = a - settings.alpha1 * 0.25 * a.max(0.0);
        // Light multiplies: back teeth and gaps gain in proportion to what they have.
        let lift = room * settings.alpha2 * (l / middle.max(1.0)).clamp(0.0, 1.15) * ramp(l, 99.0, 80.0);
        wished.l.samples_mut()[i] = l + lift.min(LIFT);
    }
    Some(wished)
}
