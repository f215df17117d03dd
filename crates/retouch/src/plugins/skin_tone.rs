//! Skin Tone: draws odd colours of skin to the person's own complexion.

use pixel::colour::Lab;
use pixel::filter::{GuidedModel, gauss, gauss_masked};
use pixel::{Plane, Size, ramp};

use crate::bare_skin::BareSkin;
use crate::complexion::ColourCourse;
use crate::correction::{Shift, SmoothSkin, share};
use crate::feature::soft_limit;
use crate::layer::Layer;
use crate::outline::Outline;
use crate::plugin::{Blend, Need, Param, Plugin, Settings, Spec};
use crate::scene::{FaceView, Scene};
use crate::surface::Surface;
use crate::symmetry::Symmetry;

/// The plugin.
pub struct SkinTone;

static SPEC: Spec = Spec {
    name: "Skin Tone",
    about: "Unifies the colour of skin: redness, pale and yellow patches go toward the person's own tone.",
    never: "Changes the person's complexion, brightness, lips, brows, hair, clothes or background.",
    blend: Blend::SoftLight,
    needs: &[Need::FaceRegions],
    params: &[
        Param::PERSON_SCALE,
        Param::alpha1("Strength", "how much of the uneven colour is taken out", 2.0),
        Param::alpha2("Tone smoothing", "how much wider transitions are evened as well", 2.0),
    ],
};

/// Finest patch that is evened, as a share of the face width (Gaussian sigma).
const FINE: f32 = 1.0 / 100.0;
/// Colour differences wider than this belong to the complexion and are drawn in only partly.
const COARSE: f32 = 1.0 / 7.5;
/// Colour differences wider than this (Gaussian sigma) that both sides of the face show are make-up or blush: the face's
/// own.
const BROAD: f32 = 1.0 / 25.0;
/// How far from the edge of the skin (Gaussian sigma) broad differences count little: only one side of them is seen, and
/// falling light with its warm border passes for a patch.
const RIM: f32 = 0.06;
/// Share of broad differences that is left beyond the face: hands and necks have a light and a colour of their own.
const BODY: f32 = 0.6;
/// Share of the patches that goes at strength 1.
const PATCHES: f32 = 0.88;
/// Share of the wide differences that goes at full strength.
const PULL: f32 = 0.12;
/// Largest change of a* or b* at strength 1: a patch that would need more is make-up or a birthmark.
const LIMIT: f32 = 12.0;
/// Darker than the skin around by this much in L*, from which, to which, colour is no longer added.
const SHADED: [f32; 2] = [4.0, 10.0];
/// Softness of the edge of the skin, as a share of the face width, at which a colour is no longer the skin's alone.
const EDGE: f32 = 0.02;
/// How much faster than the brightness of a small mark the correction falls on it.
const SPARED: f32 = 0.7;

impl Plugin for SkinTone {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        if scene.is_grey() {
            return;
        }
        for (view, width) in scene.faces_by(settings.scale) {
            draw_face(scene, view, width, settings, layer);
        }
    }
}

fn draw_face(scene: &Scene<'_>, view: &FaceView, width: f32, settings: &Settings, layer: &mut Layer) {
    let canvas = &view.canvas;
    let skin = BareSkin::of(view, scene.size());
    let smooth = SmoothSkin::between_moles(canvas, &skin, width * FINE, scene);
    let width = smooth.length(width);
    let lab = &smooth.lab;
    let symmetry = Surface::of(view, &smooth).and_then(|surface| Symmetry::find(&surface, &smooth));
    let odd = [&lab.a, &lab.b].map(|chroma| Odd::find(chroma, &lab.l, &smooth.matte, width));
    let own = symmetry.map(|symmetry| symmetry.shared(odd.each_ref().map(|odd| &odd.broad)));
    let seen = seen_whole(&smooth.matte, &lab.l, &Outline::of(view, &smooth, width), width);
    let own = |c: usize| own.as_ref().map(|own| &own[c]);
    let [a, b] = [0, 1].map(|c| odd[c].evened(own(c), &seen, &smooth.matte, settings));
    let mut shift = Shift { l: Plane::zeros(smooth.size()), a, b };
    leave_hair(&mut shift, lab, &smooth.matte, width);
    let mut field = smooth.soft_light_field(canvas, &shift, &skin.matte, scene);
    field.matte = Some(sparing(&smooth, canvas.size()));
    layer.fields.push(field);
}

/// How far a broad difference is seen with the skin all around it and in one light, 0..1.
fn seen_whole(skin: &Plane, lightness: &Plane, outline: &Outline, width: f32) -> Plane {
    let mut seen = gauss(skin, width * RIM).map(|v| ramp(v, 0.5, 0.9));
    let jaw = outline.steps(lightness, skin, width * BROAD);
    seen.apply_with(&jaw, |seen, jaw| seen * (1.0 - jaw));
    seen.apply_with(&outline.beyond, |seen, beyond| seen * (1.0 - BODY * beyond));
    seen
}

/// Takes colour out of a shift where it would be added to hair: at the edge of the skin, and where what is darker than
/// the skin around would become more colourful.
fn leave_hair(shift: &mut Shift, base: &Lab, skin: &Plane, width: f32) {
    let inner = gauss(skin, width * EDGE);
    let around = gauss_masked(&base.l, skin, width * COARSE);
    for i in 0..inner.samples().len() {
        let inside = ramp(inner.samples()[i], 0.5, 0.85);
        let (da, db) = (inside * shift.a.samples()[i], inside * shift.b.samples()[i]);
        let (a, b) = (base.a.samples()[i], base.b.samples()[i]);
        let chroma = a.hypot(b).max(1.0);
        let added = ((da * a + db * b) / chroma).max(0.0);
        let refused = added * ramp(around.samples()[i] - base.l.samples()[i], SHADED[0], SHADED[1]);
        shift.a.samples_mut()[i] = da - refused * a / chroma;
        shift.b.samples_mut()[i] = db - refused * b / chroma;
    }
}

/// The share of the correction that a pixel of the full picture gets, by its brightness against the smooth skin.
///
/// Soft light lifts a channel of a dark pixel further than that of the skin around it, so that moles and pores would
/// turn redder than they are.
fn sparing(smooth: &SmoothSkin<'_>, canvas: Size) -> GuidedModel {
    let [red, green, blue] = &smooth.rgb;
    let mut brightness = red.zip(green, |r, g| r + g);
    brightness.apply_with(blue, |sum, b| sum + b);
    let slope = smooth.enlarge(&brightness.map(|sum| (1.0 + SPARED) / sum.max(0.05)), canvas);
    GuidedModel { slope: [slope.clone(), slope.clone(), slope], offset: Plane::filled(canvas, -SPARED) }
}

/// What differs from a person's own colours in one chroma channel.
///
/// Skin is more colourful in half shade than in highlights. That course of colour over lightness is the
/// person's own and stays; what differs from it at the same lightness is evened.
struct Odd {
    /// Small patches.
    small: Plane,
    /// Broader ones, less wide than the face.
    broad: Plane,
    /// What is as wide as the face.
    wide: Plane,
}

impl Odd {
    fn find(chroma: &Plane, lightness: &Plane, skin: &Plane, width: f32) -> Self {
        let course = ColourCourse::fit(lightness, chroma, skin);
        let all = chroma.zip(lightness, |c, l| c - course.at(l));
        let smooth = gauss_masked(&all, skin, width * BROAD);
        let wide = gauss_masked(&all, skin, width * COARSE);
        Self { small: all.zip(&smooth, |a, s| a - s), broad: smooth.zip(&wide, |s, w| s - w), wide }
    }

    /// The change of the channel; of the broad differences what is the face's `own` is left alone, and they count as
    /// far as there is skin all around (`seen`, 0..1).
    fn evened(&self, own: Option<&Plane>, seen: &Plane, skin: &Plane, settings: &Settings) -> Plane {
        let patches = share(settings.alpha1, PATCHES);
        let transitions = share(settings.alpha2, 0.16);
        let removed = 1.0 - (1.0 - patches) * (1.0 - transitions);
        let pull = PULL * patches + 0.3 * transitions;
        let mut change = self.broad.zip(&self.wide, |broad, wide| -removed * broad - pull * wide);
        if let Some(own) = own {
            change.apply_with(own, |c, own| c + removed * own);
        }
        change.apply_with(seen, |c, seen| c * seen);
        change.apply_with(&self.small, |c, small| c - removed * small);
        change.apply(|c| soft_limit(c, LIMIT));
        // The complexion as a whole stays where it is.
        let drift = (change.zip(skin, |c, s| c * s).sum() / skin.sum().max(1e-6)) as f32;
        change.apply(|c| c - drift);
        change
    }
}

#[cfg(test)]
mod tests {
    use pixel::filter::gauss;

    use super::*;
    use crate::scene::testing::{lab, skin_patch as skin, spread};

    /// Red and pale patches on one complexion whose light falls off.
    fn patchy(x: f32, y: f32) -> [f32; 3] {
        let patch = (x / 5.0).sin() * (y / 6.0).cos();
        [60.0 + 0.05 * (x - 120.0), 14.0 + 4.0 * patch, 17.0 - 3.0 * patch]
    }

    fn settings(alpha1: f32, alpha2: f32) -> Settings {
        Settings { alpha1, alpha2, ..Settings::defaults(&SPEC) }
    }

    #[test]
    fn patches_join_the_complexion_and_brightness_stays() {
        let builder = skin(patchy);
        let (before, after) =
            (lab(&builder.picture), lab(&builder.retouched(&SkinTone, &settings(1.0, 1.0))));
        for (b, a) in [(&before.a, &after.a), (&before.b, &after.b)] {
            let left = spread(&gauss(a, 1.5), 70.0) / spread(&gauss(b, 1.5), 70.0);
            assert!(left < 0.5, "patches left: {left}");
            assert!((a.sum() - b.sum()).abs() / 31_400.0 < 0.4, "the complexion moved");
        }
        let change = before.l.zip(&after.l, |b, a| (b - a).abs());
        assert!(change.max() < 1.5, "brightness changed by {}", change.max());
    }

    #[test]
    fn a_mole_on_a_pale_patch_does_not_turn_red() {
        let mole = |x: f32, y: f32| (x - 120.0).hypot(y - 120.0) < 2.5;
        let builder = skin(|x, y| {
            let pale = (-((x - 120.0).powi(2) + (y - 120.0).powi(2)) / 700.0).exp();
            let pore = if (x as usize + y as usize).is_multiple_of(2) { 1.5 } else { -1.5 };
            let lightness = pore + if mole(x, y) { 53.0 } else { 62.0 };
            [lightness, 16.0 - 7.0 * pale, 17.0 - 4.0 * pale]
        });
        let (before, after) =
            (lab(&builder.picture), lab(&builder.retouched(&SkinTone, &settings(1.0, 1.0))));
        let risen = |x: usize| gauss(&after.a.zip(&before.a, |a, b| a - b), 0.8).at(x, 120);
        assert!(risen(127) > 1.0, "{}", risen(127));
        assert!(risen(120) < 1.15 * risen(127), "{} beside {}", risen(120), risen(127));
    }

    #[test]
    fn hands_and_the_edge_of_the_jaw_keep_more_of_their_colours_than_cheeks() {
        let (size, width) = (Size::new(120, 60), 100.0);
        let skin = Plane::filled(size, 1.0);
        let beyond = gauss(&Plane::from_fn(size, |x, _| if x < 60 { 0.0 } else { 1.0 }), 4.0);
        let outline = Outline { beyond };
        let lit = |neck: f32| Plane::from_fn(size, |x, _| if x < 60 { 60.0 } else { neck });
        let seen = seen_whole(&skin, &lit(60.0), &outline, width);
        assert!(seen.at(20, 30) > 0.99 && (seen.at(100, 30) - (1.0 - BODY)).abs() < 0.01);
        assert!((seen.at(60, 30) - (1.0 - 0.5 * BODY)).abs() < 0.1, "{}", seen.at(60, 30));
        let shaded = seen_whole(&skin, &lit(40.0), &outline, width);
        assert!(shaded.at(60, 30) < 0.1 && shaded.at(20, 30) > 0.99, "{}", shaded.at(60, 30));
    }

    #[test]
    fn a_grey_picture_is_left_alone() {
        let mut builder = skin(|x, _| [50.0 + x * 0.1, 0.0, 0.0]);
        builder.picture.grey = true;
        assert!(builder.draw(&SkinTone, &settings(2.0, 2.0)).is_empty());
    }
}
