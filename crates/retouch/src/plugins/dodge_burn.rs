//! Dodge Burn: evens the brightness of small blotches on skin, the hours-long job, with a soft brush.

use pixel::filter::{MaskedBlur, enlarge, gauss, gauss_masked, reduce};
use pixel::{Plane, Size, ramp};
use rayon::prelude::*;

use crate::bare_skin::BareSkin;
use crate::complexion::Complexion;
use crate::correction::{Shift, SmoothSkin, quantile, share};
use crate::form::Form;
use crate::layer::Layer;
use crate::outline::Outline;
use crate::plugin::{Blend, Need, Param, Plugin, Settings, Spec};
use crate::scene::{FaceView, Scene};
use crate::surface::Surface;
use crate::symmetry::Symmetry;

/// The plugin.
pub struct DodgeBurn;

static SPEC: Spec = Spec {
    name: "Dodge Burn",
    about: "Evens small lighter and darker blotches of skin in brightness, as if lit softly.",
    never: "Blurs texture, erases the face's modelling or touches lips, eyes, hair and background.",
    blend: Blend::SoftLight,
    needs: &[Need::FaceRegions],
    params: &[
        Param::PERSON_SCALE,
        Param::alpha1("Strength", "how much of the unevenness is taken out", 2.0),
        Param::alpha2("Warmth", "how much warmer the corrected places become", 1.0),
    ],
};

/// Finest structure that is evened, as a share of the face width (Gaussian sigma).
const FINE: f32 = 1.0 / 90.0;
/// For every octave of structure from [`FINE`] up, the local standard deviation in L* at which half of
/// it is taken for form. Wide structure is form unless it is faint; what is wider still always is.
const FORM: [f32; 4] = [4.0, 3.5, 2.5, 1.5];
/// Octaves from this one on are form beyond the face, where no landmarks tell, in this share: necks have tendons and
/// hollows.
const BODY_FORM: (usize, f32) = (1, 0.7);
/// Bend of the face, in radians a face width, from which, to which, differences in brightness are mostly its form: about
/// the nose. And the share that is, from the second octave on.
const BENT: [f32; 2] = [7.0, 10.0];
const BENT_FORM: f32 = 0.65;
/// Mean difference in L* along a lasting line at which half of it is taken for form.
const LASTING: f32 = 0.9;
/// How far a line must last, as a multiple of the width of its octave (Gaussian sigma).
const LENGTH: f32 = 2.0;
/// How many octaves leave the edge of the jaw alone: in wider ones it is form anyhow.
const STEPPED: usize = 3;
/// Directions in which lines are looked for, as steps on the grid.
const DIRECTIONS: [(isize, isize); 4] = [(1, 0), (1, 1), (0, 1), (-1, 1)];
/// Difference in L* between the lights and shades of a face in usual light.
const USUAL_SPREAD: f32 = 20.0;
/// Largest change in L* at strength 1; what would need more is no blotch.
const LIMIT: f32 = 9.0;

impl Plugin for DodgeBurn {
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
    let skin = BareSkin::of(view, scene.size());
    let smooth = SmoothSkin::between_moles(canvas, &skin, width * FINE, scene);
    let (lightness, width) = (&smooth.lab.l, smooth.length(width));
    let beyond = (settings.alpha1 - 1.0).max(0.0);
    let complexion = Complexion::fit(&smooth.lab, &smooth.matte);
    let contrast = contrast(lightness, &smooth.matte);
    // The landmarks lie too far apart to tell the finest octave.
    let sigmas: [f32; FORM.len()] = std::array::from_fn(|octave| octave_sigma(width, octave));
    let surface = Surface::of(view, &smooth);
    let form = surface.as_ref().and_then(|surface| Form::find(surface, &smooth));
    let face = Face {
        bent: surface.as_ref().map(|surface| bent(surface, smooth.size())),
        form: form.map_or(Vec::new(), |form| form.bands(&sigmas)),
        symmetry: surface.and_then(|surface| Symmetry::find(&surface, &smooth)),
        outline: Outline::of(view, &smooth, width),
    };
    let reach = 1.0 + 0.4 * beyond;
    let blotches = blotches(&smooth, &face, width, contrast, reach);
    let (strength, limit) = (share(settings.alpha1, 0.98), LIMIT * contrast * reach);
    let l = blotches.map(|blotch| -strength * limited(blotch, limit));
    let [mut a, mut b] = complexion.follow(lightness, &l);
    // Warmth is a chosen extra in proportion to the work done.
    a.apply_with(&l, |a, change| a + 0.15 * settings.alpha2 * change.abs());
    b.apply_with(&l, |b, change| b + 0.45 * settings.alpha2 * change.abs());
    let shift = Shift { l, a, b };
    layer.found("mean correction in L*", mean_size(&shift.l, &smooth.matte));
    layer.fields.push(smooth.soft_light_field(canvas, &shift, &skin.matte, scene));
}

/// How strongly this face is modelled by its light, as a factor around 1: in flat light even faint
/// structure is form, and evening it as in hard light would leave none.
fn contrast(lightness: &Plane, skin: &Plane) -> f32 {
    let spread = quantile(lightness, skin, 0.9) - quantile(lightness, skin, 0.1);
    (spread / USUAL_SPREAD).clamp(0.45, 1.0)
}

/// Brightness that differs from its surroundings without belonging to the form.
///
/// Form is told from blotches octave by octave in six ways. The shape of the face explains it. Both sides of the face
/// show it. It lies where the face bends, about the nose above all. It is a step along the outline of the face, the edge
/// of the jaw. It lasts along a line: the bridge of the nose, a fold, a tendon of the neck; what lasts is left alone, and
/// blotches that lie across it still go. And it is strong where blotches are faint: the stronger the rest varies, the
/// less of it is taken; `reach` above 1 takes more. What is explained, shared or lasts is form at any strength.
fn blotches(smooth: &SmoothSkin<'_>, face: &Face, width: f32, contrast: f32, reach: f32) -> Plane {
    let (lightness, skin) = (&smooth.lab.l, &smooth.matte);
    let mut blotches = Plane::zeros(skin.size());
    let mut finer = lightness.clone();
    for (octave, strong) in FORM.into_iter().enumerate() {
        let limit = (strong * contrast * reach).powi(4);
        let sigma = octave_sigma(width, octave);
        let coarser = gauss_masked(lightness, skin, sigma);
        let mut band = finer.zip(&coarser, |f, c| f - c);
        if let Some(form) = octave.checked_sub(1).and_then(|n| face.form.get(n)) {
            band.apply_with(form, |v, form| v - form);
        }
        if let Some(symmetry) = face.symmetry.as_ref().filter(|_| octave > 0) {
            let [shared] = symmetry.shared([&band]);
            band.apply_with(&shared, |v, shared| v - shared);
        }
        // Lines of the finest octave are lines of the skin, not of the face.
        if octave > 0 {
            band.apply_with(&lasting(&band, skin, sigma, LASTING * contrast), |v, line| v - line);
        }
        let variance = gauss_masked(&band.map(|v| v * v), skin, 1.3 * sigma);
        // At the edge of the skin a blur sees one side only and takes falling light for a blotch.
        let seen = gauss(skin, sigma).map(|w| ((w - 0.5) / 0.3).clamp(0.0, 1.0));
        let mut odd = band.zip(&variance, |v, s| v * limit / (limit + s * s));
        if octave >= BODY_FORM.0 {
            odd.apply_with(&face.outline.beyond, |v, beyond| v * (1.0 - BODY_FORM.1 * beyond));
        }
        if octave < STEPPED {
            odd.apply_with(&face.outline.steps(lightness, skin, sigma), |v, step| v * (1.0 - step));
        }
        if let Some(bent) = face.bent.as_ref().filter(|_| octave > 0) {
            odd.apply_with(bent, |v, bent| v * (1.0 - BENT_FORM * bent));
        }
        blotches.apply_with(&odd.zip(&seen, |v, w| v * w), |b, v| b + v);
        finer = coarser;
    }
    blotches
}

/// What is known of the face among the skin.
struct Face {
    /// What its shape explains, a band for every octave but the first; empty without landmarks.
    form: Vec<Plane>,
    /// Which places lie opposite each other; `None` without landmarks.
    symmetry: Option<Symmetry>,
    /// 1 where the face bends strongly, 0 where it is flat; `None` without landmarks.
    bent: Option<Plane>,
    /// Where it ends.
    outline: Outline,
}

/// 1 where the face bends strongly and on the nose, 0 where it is flat.
fn bent(surface: &Surface, size: Size) -> Plane {
    let bent = surface.bend().zip(&surface.nose, |bend, nose| ramp(bend, BENT[0], BENT[1]).max(nose));
    enlarge(&gauss(&bent, 0.02 * surface.width), surface.step, size)
}

/// The blur, in samples, above which an octave lies.
fn octave_sigma(width: f32, octave: usize) -> f32 {
    width * FINE * (2 << octave) as f32
}

/// The part of an octave of width `sigma` that lasts along a line and is strong against `level` (L*).
///
/// A mean along the right direction keeps a line and evens out blotches. The direction is that in which
/// the mean is strongest round about, the principle of oriented filter banks (Freeman and Adelson,
/// "The design and use of steerable filters", 1991).
fn lasting(band: &Plane, skin: &Plane, sigma: f32, level: f32) -> Plane {
    let step = ((sigma / 3.0) as usize).max(1);
    let (weight, sigma) = (reduce(skin, step), sigma / step as f32);
    let band_on_skin = reduce(&band.zip(skin, |v, w| v * w), step);
    let blur = MaskedBlur::new(&weight, 1.6 * sigma);
    let mut line = Plane::zeros(weight.size());
    let (mut energy, mut total) = (line.clone(), line.clone());
    for direction in DIRECTIONS {
        let mean = mean_along(&band_on_skin, &weight, direction, LENGTH * sigma);
        let strength = blur.blur(&mean.map(|v| v * v));
        // The strongest direction has nearly all the say, without a seam where another takes over.
        let say = strength.map(|v| v.powi(4));
        line.apply_with(&say.zip(&mean, |say, v| say * v), |sum, v| sum + v);
        energy.apply_with(&say.zip(&strength, |say, v| say * v), |sum, v| sum + v);
        total.apply_with(&say, |sum, v| sum + v);
    }
    let level = level.powi(4);
    energy.apply_with(&total, |energy, total| (energy / total.max(f32::MIN_POSITIVE)).powi(2));
    line.apply_with(&energy, |line, square| line * (square / (square + level)));
    line.apply_with(&total, |line, total| line / total.max(f32::MIN_POSITIVE));
    enlarge(&line, step, band.size())
}

/// Mean along a line through every sample with Gaussian weights of `sigma` samples; `values` carry
/// their `weight` already.
fn mean_along(values: &Plane, weight: &Plane, (dx, dy): (isize, isize), sigma: f32) -> Plane {
    let spacing = (dx as f32).hypot(dy as f32);
    let reach = (2.5 * sigma / spacing) as isize;
    let taps: Vec<_> =
        (-reach..=reach).map(|t| (t, (-0.5 * (t as f32 * spacing / sigma).powi(2)).exp())).collect();
    let (width, height) = (values.width(), values.height());
    let mut means = Plane::zeros(values.size());
    let rows = means.samples_mut().par_chunks_mut(width.max(1)).enumerate();
    rows.for_each_init(
        || vec![0.0f32; width],
        |seen, (y, mean)| {
            seen.fill(0.0);
            for &(t, tap) in &taps {
                let Some(row) = y.checked_add_signed(t * dy).filter(|&row| row < height) else { continue };
                let shift = (t * dx).unsigned_abs().min(width);
                let (to, from) = if t * dx < 0 {
                    (shift..width, 0..width - shift)
                } else {
                    (0..width - shift, shift..width)
                };
                add_times(&mut mean[to.clone()], &values.row(row)[from.clone()], tap);
                add_times(&mut seen[to], &weight.row(row)[from], tap);
            }
            mean.iter_mut()
                .zip(seen)
                .for_each(|(mean, seen)| *mean = if *seen > 1e-3 { *mean / *seen } else { 0.0 });
        },
    );
    means
}

fn add_times(sums: &mut [f32], values: &[f32], times: f32) {
    sums.iter_mut().zip(values).for_each(|(sum, v)| *sum += times * v);
}

/// Close to `value` up to most of `limit`, never beyond it.
fn limited(value: f32, limit: f32) -> f32 {
    let share = value / limit;
    value / (1.0 + share.powi(4)).sqrt().sqrt()
}

/// Mean absolute value inside a matte.
fn mean_size(plane: &Plane, matte: &Plane) -> f64 {
    let total = matte.sum();
    if total <= 0.0 { 0.0 } else { plane.zip(matte, |v, m| v.abs() * m).sum() / total }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::testing::{lab, skin_patch as skin, spread};

    /// Blotches about 1/15 of the face wide, pores, and light that falls off over the whole face.
    fn blotchy(x: f32, y: f32) -> [f32; 3] {
        let blotch = 2.5 * (x / 6.0).sin() * (y / 7.0).cos();
        let pore = if (x as usize + y as usize).is_multiple_of(2) { 1.0 } else { -1.0 };
        [62.0 + blotch + pore + 0.06 * (x - 120.0), 14.0, 16.0]
    }

    fn settings(alpha1: f32, alpha2: f32) -> Settings {
        Settings { alpha1, alpha2, ..Settings::defaults(&SPEC) }
    }

    #[test]
    fn blotches_go_pores_and_form_stay() {
        let builder = skin(blotchy);
        let (before, after) =
            (lab(&builder.picture), lab(&builder.retouched(&DodgeBurn, &settings(1.0, 0.0))));
        let low = |l: &Plane| gauss(l, 1.5);
        let blotches = |l: &Plane| low(l).zip(&gauss(l, 20.0), |a, b| a - b);
        let left = spread(&blotches(&after.l), 70.0) / spread(&blotches(&before.l), 70.0);
        assert!(left < 0.5, "blotches left: {left}");
        let pores = |l: &Plane| l.zip(&low(l), |a, b| a - b);
        let kept = spread(&pores(&after.l), 70.0) / spread(&pores(&before.l), 70.0);
        assert!((0.93..1.07).contains(&kept), "pores kept: {kept}");
        let form = |l: &Plane| gauss(l, 30.0);
        let kept = spread(&form(&after.l), 60.0) / spread(&form(&before.l), 60.0);
        assert!((0.9..1.1).contains(&kept), "form kept: {kept}");
    }

    #[test]
    fn a_line_of_the_form_keeps_more_than_a_spot_as_wide_and_as_strong() {
        let peak = |distance: f32| 10.0 * (-0.5 * (distance / 9.0).powi(2)).exp();
        let left = |height: &dyn Fn(f32, f32) -> f32| {
            let builder = skin(|x, y| [60.0 + 0.12 * (y - 120.0) + height(x - 120.0, y - 120.0), 14.0, 16.0]);
            let after = lab(&builder.retouched(&DodgeBurn, &settings(1.0, 0.0))).l;
            let contrast = |l: &Plane| l.at(120, 120) - 0.5 * (l.at(90, 120) + l.at(150, 120));
            contrast(&after) / contrast(&lab(&builder.picture).l)
        };
        let (line, spot) = (left(&|x, _| peak(x)), left(&|x, y| peak(x.hypot(y))));
        assert!(line > 0.6, "left of the line: {line}");
        assert!(spot < 0.5, "left of the spot: {spot}");
    }

    #[test]
    fn where_a_face_bends_less_is_evened() {
        let builder = skin(blotchy);
        let scene = builder.scene();
        let view = &scene.faces()[0];
        let skin = BareSkin::of(view, scene.size());
        let smooth = SmoothSkin::between_moles(&view.canvas, &skin, view.width() * FINE, &scene);
        let found = |bent: f32| {
            let plane = |v: f32| Plane::filled(smooth.size(), v);
            let outline = Outline { beyond: plane(0.0) };
            let face = Face { form: Vec::new(), symmetry: None, bent: Some(plane(bent)), outline };
            spread(&blotches(&smooth, &face, smooth.length(view.width()), 1.0, 1.0), 70.0)
        };
        assert!(found(1.0) < 0.75 * found(0.0), "{} of {}", found(1.0), found(0.0));
    }

    #[test]
    fn warmth_raises_yellow_only_where_work_is_done() {
        let (cool, warm) = (skin(blotchy), skin(blotchy));
        let cool = lab(&cool.retouched(&DodgeBurn, &settings(1.0, 0.0)));
        let warm = lab(&warm.retouched(&DodgeBurn, &settings(1.0, 1.0)));
        let gain = (warm.b.sum() - cool.b.sum()) / 31_400.0;
        assert!(gain > 0.2 && gain < 2.0, "{gain}");
        assert_eq!(warm.at(2, 2), cool.at(2, 2));
    }
}
