//! Portrait Volumes: gives the face a little more depth along the light that is there.

use pixel::filter::{gauss, gauss_masked};
use pixel::{Plane, Size, ramp};
use vision::regions::Matte;

use crate::bare_skin::{fade_out, moles_of};
use crate::complexion::Complexion;
use crate::correction::{Shift, SmoothSkin};
use crate::feature::soft_limit;
use crate::layer::Layer;
use crate::plugin::{Blend, Need, Param, Plugin, Settings, Spec};
use crate::scene::{FaceView, Scene};

/// The plugin.
pub struct PortraitVolumes;

static SPEC: Spec = Spec {
    name: "Portrait Volumes",
    about: "Gives the face depth: what the light lifts is lifted a little, hollows are deepened.",
    never: "Fights the direction of light, darkens under the eyes, moves geometry or leaves a halo at the jaw.",
    blend: Blend::SoftLight,
    needs: &[Need::FaceRegions],
    params: &[Param::PERSON_SCALE, Param::alpha1("Strength", "how much depth is added", 2.0)],
};

/// Form starts here, as a share of the face width (Gaussian sigma).
const FINE: f32 = 1.0 / 26.0;
/// The light's fall-off over the whole face from here on is left alone.
const COARSE: f32 = 1.0 / 2.5;
/// Added share of the form's contrast at strength 1.
const GAIN: f32 = 0.26;
/// Largest change in L* at strength 1.
const LIMIT: f32 = 7.0;

/// Share of skin around a brow (Gaussian sigma, face widths) up to which hair hangs over it, and from which it is to be
/// seen.
const BROW_NEAR: f32 = 0.05;
const BROW_ON_SKIN: [f32; 2] = [0.04, 0.2];
/// L* of skin that is as good as blown, and the share of what is left up to it that a light may take.
const WHITE: f32 = 98.0;
const LEFT: f32 = 0.4;

impl Plugin for PortraitVolumes {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        for (view, width) in scene.faces_by(settings.scale) {
            draw_face(scene, view, width, settings, layer);
        }
    }
}

fn draw_face(scene: &Scene<'_>, view: &FaceView, width: f32, settings: &Settings, layer: &mut Layer) {
    let canvas = &view.canvas;
    let matte = form_matte(view, scene.size(), width);
    let moles = moles_of(view);
    let smooth = SmoothSkin::of(canvas, &matte, &moles, width * FINE, scene);
    let lightness = &smooth.lab.l;
    let coarse = gauss_masked(lightness, &smooth.matte, smooth.length(width) * COARSE);
    let form = lightness.zip(&coarse, |l, wide| l - wide);
    let centre = form.zip(&smooth.matte, |f, m| f * m).sum() / smooth.matte.sum().max(1e-6);
    let complexion = Complexion::fit(&smooth.lab, &smooth.reduce(&view.regions.skin));
    let l = form.zip(lightness, |form, lightness| {
        let change = settings.alpha1 * soft_limit(GAIN * (form - centre as f32), LIMIT);
        change.min(LEFT * (WHITE - lightness).max(0.0))
    });
    let [a, b] = complexion.follow(lightness, &l);
    let shift = Shift { l, a, b };
    layer.fields.push(smooth.soft_light_field(canvas, &shift, &matte, scene));
}

/// Where form is seen: skin, brows and, less, lips, but not eyes, mouth and glasses; hair and beard have a light of their own.
fn form_matte(view: &FaceView, picture: Size, width: f32) -> Plane {
    let features = &view.regions.features;
    let mut matte = view.regions.skin.clone();
    let seen = |feature: &Matte| feature.within(features.rect);
    let skin_near = gauss(&matte.crop(features.rect), width * BROW_NEAR);
    let brows = seen(&features.brows);
    let bare = skin_near.zip(&brows, |skin, brow| brow * ramp(skin, BROW_ON_SKIN[0], BROW_ON_SKIN[1]));
    features.apply(&mut matte, &bare, f32::max);
    let lips = seen(&features.mouth.lips);
    features.apply(&mut matte, &lips, f32::max);
    let eyes = features.eyes.each_ref().map(|eye| &eye.opening);
    for feature in [eyes[0], eyes[1], &features.mouth.mouth, &features.glasses] {
        let soft = gauss(&seen(feature), width * 0.01);
        features.apply(&mut matte, &soft, |m, f| m * (1.0 - f.clamp(0.0, 1.0)));
    }
    let lips = gauss(&lips, width * 0.01);
    features.apply(&mut matte, &lips, |m, l| m * (1.0 - 0.7 * l.clamp(0.0, 1.0)));
    fade_out(view, picture, &mut matte);
    matte
}

#[cfg(test)]
mod tests {
    use pixel::Rect;
    use pixel::filter::gauss;
    use vision::regions::{Features, Matte};

    use super::*;
    use crate::scene::testing::{SceneBuilder, lab, rgb_of, skin_patch as skin, spread};

    /// A cheek: a soft hill of light.
    fn hilly(x: f32, y: f32) -> [f32; 3] {
        let d2 = (x - 120.0).powi(2) + (y - 120.0).powi(2);
        let pore = if (x as usize + y as usize).is_multiple_of(2) { 0.8 } else { -0.8 };
        [55.0 + 12.0 * (-d2 / 2500.0).exp() + pore, 13.0, 15.0]
    }

    #[test]
    fn hair_over_the_face_is_left_alone() {
        let rect = Rect { x: 0, y: 0, width: 240, height: 240 };
        let builder = SceneBuilder::new(Size::new(240, 240), |x, y| rgb_of(hilly(x as f32, y as f32)));
        // The outline of the face reaches under the hair of the left side.
        let builder = builder.face(rect, 1, 180.0, |canvas, regions| {
            regions.oval = Plane::filled(canvas.size(), 1.0);
            regions.skin = Plane::from_fn(canvas.size(), |x, _| if x < 80 { 0.0 } else { 1.0 });
            // And so does a brow.
            regions.features = Features::none(canvas.size().rect());
            let brow = |y: usize| (84..92).contains(&y);
            let brows = Plane::from_fn(canvas.size(), |_, y| if brow(y) { 1.0 } else { 0.0 });
            regions.features.brows = Matte::of(&brows, canvas.size().rect());
        });
        let settings = Settings { alpha1: 2.0, ..Settings::defaults(&SPEC) };
        let (before, after) = (lab(&builder.picture), lab(&builder.retouched(&PortraitVolumes, &settings)));
        let moved = |x: usize, y: usize| (after.l.at(x, y) - before.l.at(x, y)).abs();
        assert!((0..78).all(|x| moved(x, 120) == 0.0) && moved(120, 120) > 0.5);
        assert!((0..60).all(|x| moved(x, 88) == 0.0) && moved(120, 88) > 0.5);
    }

    #[test]
    fn light_skin_is_not_burned_out() {
        let builder = skin(|x, y| {
            let [l, ..] = hilly(x, y);
            [l + 28.0, 4.0, 5.0]
        });
        let settings = Settings { alpha1: 2.0, ..Settings::defaults(&SPEC) };
        let (before, after) =
            (lab(&builder.picture).l, lab(&builder.retouched(&PortraitVolumes, &settings)).l);
        let (before, after) = (gauss(&before, 3.0).at(120, 120), gauss(&after, 3.0).at(120, 120));
        assert!(before > 94.0 && after > before && after < before + 1.6, "{before} to {after}");
    }

    #[test]
    fn form_deepens_along_the_light_and_pores_stay() {
        let builder = skin(hilly);
        let settings = Settings { alpha1: 1.0, ..Settings::defaults(&SPEC) };
        let (before, after) = (lab(&builder.picture), lab(&builder.retouched(&PortraitVolumes, &settings)));
        let (b, a) = (gauss(&before.l, 8.0), gauss(&after.l, 8.0));
        let gain = spread(&a, 80.0) / spread(&b, 80.0);
        assert!((1.05..1.25).contains(&gain), "{gain}");
        assert!(a.at(120, 120) > b.at(120, 120) && a.at(120, 190) < b.at(120, 190));
        let pores = |l: &Plane| l.zip(&gauss(l, 1.5), |a, b| a - b);
        let kept = spread(&pores(&after.l), 70.0) / spread(&pores(&before.l), 70.0);
        assert!((0.93..1.07).contains(&kept), "{kept}");
    }
}
