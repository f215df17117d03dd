//! Fabric: presses clothes by flattening the shading of creases; weave, seams and drape stay.

use pixel::colour::profile::ColourSpace;
use pixel::colour::{lab_to_linear, linear_to_lab};
use pixel::filter::{erode_soft, gauss, gauss_masked, reduce};
use pixel::{Plane, Rect, ramp};

use crate::correction::share;
use crate::lay::luma;
use crate::layer::{Effect, Field, Grid, Layer};
use crate::plugin::{Blend, Need, Param, Plugin, Settings, Spec};
use crate::scene::{PictureView, Scene};

/// The plugin.
pub struct Fabric;

static SPEC: Spec = Spec {
    name: "Fabric",
    about: "Softens small creases of clothes, as if they had been pressed.",
    never: "Blurs weave or print, irons out seams and drape, changes the cloth's colour or touches skin and hair.",
    blend: Blend::Normal,
    needs: &[Need::Faces, Need::PictureRegions],
    params: &[Param::PERSON_SCALE, Param::alpha1("Strength", "how much of the creases is pressed out", 2.0)],
};

/// Weave, knit and slubs are finer than this share of the face width (Gaussian sigma).
const WEAVE: f32 = 0.012;
/// Neighbourhoods in which creases are evened, finest first: sigma as a share of the face width and
/// the difference in L* beyond which cloth is another piece, a lapel, a print or a deep fold.
const CREASES: [(f32, f32); 2] = [(0.04, 17.0), (0.115, 17.0)];
/// Steps of cloth in L* that are edges, when they are as steep as the finest blur lets them be.
const HARD_EDGE: f32 = 30.0;
/// Share of a soft crease that is taken out at strength 1.
const FULL: f32 = 0.96;
/// Encoded value of the strongest channel from which, to which, cloth counts as blown: what was cut off there is not known,
/// and any change of light would change its hue.
const BLOWN: [f32; 2] = [0.9, 0.985];
/// How sure it must be, from which, to which, that a place is cloth: a backdrop of the cloth's grey is not pressed.
const SURE: [f32; 2] = [0.6, 0.95];
/// Neighbourhood whose colour is that of the cloth, as a share of the face width (Gaussian sigma); and the difference in
/// the share of a channel from which, to which, it is another cloth or a print.
const DYE: f32 = 0.1;
const OTHER_CLOTH: [f32; 2] = [0.1, 0.2];
/// Largest share of that colour.
const TAKEN: f32 = 0.6;
/// Side of a square as large as all clothes in a half-length portrait, in face widths.
const CLOTHES_SIDE: f32 = 2.4;
/// Less cloth than a square of this side, in face widths, is no garment.
const LEAST_SIDE: f32 = 0.15;
/// L* of cloth up to which it is not lightened, and from which it is as much as any.
const BLACK: [f32; 2] = [3.0, 10.0];

impl Plugin for Fabric {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        let Some(view) = scene.picture() else { return };
        let clothes = clothes(view);
        let area = clothes.sum() as f32;
        let step = view.canvas.grid.step as f32;
        let measured = person_width(scene).map_or(area.sqrt() / CLOTHES_SIDE, |width| width / step);
        let width = settings.scale.face_width(measured, scene.size().long_edge() as f32 / step);
        if area.sqrt() < LEAST_SIDE * width || area < 64.0 {
            return;
        }
        let Some(cloth) = Cloth::open(view, &clothes, width, scene) else { return };
        let pressed = cloth.pressed();
        let strength = share(settings.alpha1, FULL);
        let mut change = pressed.zip(&cloth.rgb_lightness, |p, l| strength * (p - l));
        // Light brought into folds that are nearly black shows noise, and makes black cloth grey.
        change.apply_with(&cloth.rgb_lightness, |change, l| change.min(change * ramp(l, BLACK[0], BLACK[1])));
        change.apply_with(&cloth.soft_places(), |c, soft| c * soft);
        layer.found("share of the picture that is cloth", f64::from(area) / clothes.size().area() as f64);
        layer.fields.push(cloth.shading_field(&change, scene.space()));
    }
}

/// Clothes alone, on the picture's canvas.
fn clothes(view: &PictureView) -> Plane {
    let regions = &view.regions;
    let body = regions.skin.zip(&regions.hair, f32::max);
    view.fine(&regions.clothes.zip(&body, |cloth, body| cloth.min(1.0 - body))).into_owned()
}

/// Width of the faces in full-resolution pixels; larger faces, who wear more of the cloth, count more.
fn person_width(scene: &Scene<'_>) -> Option<f32> {
    let (sum, weight) = scene
        .found_faces()
        .iter()
        .fold((0.0, 0.0), |(sum, weight), face| (sum + face.width * face.width, weight + face.width));
    (weight > 0.0).then(|| sum / weight)
}

/// The clothes of a picture on their own grid, just fine enough for the creases.
struct Cloth {
    grid: Grid,
    /// Where the cloth is, 0..1.
    matte: Plane,
    /// Encoded document RGB without the weave.
    rgb: [Plane; 3],
    /// L* of `rgb`.
    rgb_lightness: Plane,
    /// Face width in samples of the grid.
    width: f32,
}

impl Cloth {
    /// `width` is the face width in canvas samples. `None` when there is no cloth.
    fn open(view: &PictureView, clothes: &Plane, width: f32, scene: &Scene<'_>) -> Option<Self> {
        // One sample is at most the finest blur, so that nothing is lost by reducing.
        let factor = ((width * WEAVE / 1.2) as usize).max(1);
        let worn = clothes.extent(clothes.size().rect(), |m| m > 0.02)?;
        let rect = worn.grow(2 * factor, clothes.size());
        let shrink = |plane: &Plane| reduce(&plane.crop(rect), factor);
        let matte = shrink(clothes);
        let canvas = &view.canvas;
        let sigma = (width * WEAVE / factor as f32).max(0.7);
        let rgb = [0, 1, 2].map(|c| gauss_masked(&shrink(&canvas.rgb[c]), &matte, sigma));
        let rgb_lightness = scene.lab(&rgb).l;
        let step = canvas.grid.step;
        let (x, y) = (canvas.grid.x + rect.x * step, canvas.grid.y + rect.y * step);
        let covered =
            Rect { x, y, width: rect.width * step, height: rect.height * step }.intersect(canvas.grid.rect);
        let grid = Grid { x, y, step: step * factor, rect: covered };
        Some(Self { grid, matte, rgb, rgb_lightness, width: width / factor as f32 })
    }

    /// L* of the cloth without its small creases.
    fn pressed(&self) -> Plane {
        CREASES.iter().fold(self.rgb_lightness.clone(), |lightness, &(sigma, range)| {
            smooth_alike(&lightness, &self.matte, sigma * self.width, range)
        })
    }

    /// 1 where the cloth has no hard edge, 0 on seams, lapels, buttons and the borders of prints: creases are
    /// soft, so a step that stays steep at the scale of the weave is not one.
    fn soft_places(&self) -> Plane {
        let lightness = &self.rgb_lightness;
        let sigma = self.weave_sigma();
        let steep = Plane::from_fn(lightness.size(), |x, y| {
            let (x, y) = (x as isize, y as isize);
            let across = lightness.at_clamped(x + 1, y) - lightness.at_clamped(x - 1, y);
            let down = lightness.at_clamped(x, y + 1) - lightness.at_clamped(x, y - 1);
            // Height of the step that would be this steep after the weave's blur.
            let height = (0.5 * across).hypot(0.5 * down) * sigma * std::f32::consts::TAU.sqrt();
            if height > HARD_EDGE { 1.0 } else { (height / HARD_EDGE).powi(4) }
        });
        gauss(&steep, 2.5 * sigma).map(|hard| (1.0 - 3.0 * hard).max(0.0))
    }

    /// Sigma of the blur that takes the weave away, in samples of the grid.
    fn weave_sigma(&self) -> f32 {
        (self.width * WEAVE).max(0.7)
    }

    /// The gains that change L* by `change` the way light does: hue and saturation hold.
    fn shading_field(&self, change: &Plane, space: &ColourSpace) -> Field {
        let size = self.matte.size();
        // A bilinear sample reaches one sample far: an edge sample would spill over the cloth's edge.
        let inside = erode_soft(&self.matte, 1.0, 2.0).zip(&self.matte, |i, m| i * ramp(m, SURE[0], SURE[1]));
        let around = self.rgb.each_ref().map(|plane| gauss_masked(plane, &self.matte, DYE * self.width));
        let zeros = || [0; 3].map(|_| Plane::zeros(size));
        let (mut gain, mut offset) = (zeros(), zeros());
        for i in 0..size.area() {
            let weight = inside.samples()[i];
            if weight <= 0.0 {
                continue;
            }
            let rgb = [0, 1, 2].map(|c| self.rgb[c].samples()[i]);
            let known = ramp(rgb[0].max(rgb[1]).max(rgb[2]), BLOWN[1], BLOWN[0]);
            let dye = around.each_ref().map(|plane| plane.samples()[i]);
            let (gains, tint) = relit(rgb, dye, known * change.samples()[i], space);
            for c in 0..3 {
                gain[c].samples_mut()[i] = weight * gains[c];
                offset[c].samples_mut()[i] = weight * tint[c];
            }
        }
        Field { grid: self.grid, effect: Effect::Affine { gain, offset }, matte: None }
    }
}

/// Relative change of encoded RGB when the light on a surface changes so that its L* moves by `change`, and what is added
/// to it: noise of a channel that is nearly 0 must not be multiplied.
///
/// Deep in a fold little light arrives, and what does has the tint of the sky or of the other side: lifted as it is, that
/// tint would show. The more is lifted, the nearer the colour comes to that of the cloth around, the `dye`, if it is the
/// same cloth.
fn relit(rgb: [f32; 3], dye: [f32; 3], change: f32, space: &ColourSpace) -> ([f32; 3], [f32; 3]) {
    let linear = space.to_linear(rgb);
    let lightness = linear_to_lab(linear)[0];
    let luminance = |l: f32| lab_to_linear([l, 0.0, 0.0])[1];
    let before = luminance(lightness.max(1.0));
    // Light that no channel can hold would come back in another hue.
    let room = 1.0 / linear[0].max(linear[1]).max(linear[2]).max(0.01);
    let light =
        (luminance((lightness + change).clamp(1.0, 100.0)) / before).min(room.max(1.0)).clamp(0.5, 2.0);
    let shares = |rgb: [f32; 3]| rgb.map(|v| v / rgb.iter().sum::<f32>().max(1e-4));
    let dye = space.to_linear(dye);
    let (own, of_dye) = (shares(linear), shares(dye));
    let apart = (0..3).map(|c| (own[c] - of_dye[c]).abs()).fold(0.0, f32::max);
    let taken = (light - 1.0).clamp(0.0, TAKEN) * ramp(apart, OTHER_CLOTH[1], OTHER_CLOTH[0]);
    let scale = luma(linear) / luma(dye).max(1e-4);
    let tinted: [f32; 3] = std::array::from_fn(|c| linear[c] + taken * (scale * dye[c] - linear[c]));
    let [after, own] = [tinted, linear].map(|colour| space.from_linear(colour.map(|v| v * light)));
    let gain = std::array::from_fn(|c| (own[c] - rgb[c]) / rgb[c].max(0.02));
    (gain, std::array::from_fn(|c| after[c] - own[c]))
}

/// Averages each sample with the samples around it that are about as bright: a bilateral filter by
/// piecewise linear interpolation between brightness levels (Durand and Dorsey 2002), inside a matte.
///
/// `sigma` is in samples, `range` in the plane's unit. What differs by less than `range` counts nearly whole and what
/// differs by twice as much not at all: a bell would half count both the depth of a crease and the cloth beside.
fn smooth_alike(plane: &Plane, matte: &Plane, sigma: f32, range: f32) -> Plane {
    let inside = plane.samples().iter().zip(matte.samples()).filter(|(_, m)| **m > 0.02);
    let (low, high) = inside.fold((f32::MAX, f32::MIN), |(low, high), (&v, _)| (low.min(v), high.max(v)));
    if low >= high {
        return plane.clone();
    }
    let count = ((high - low) / (0.8 * range)).ceil() as usize + 1;
    let spacing = (high - low) / (count - 1) as f32;
    let mut out = Plane::zeros(plane.size());
    for k in 0..count {
        let level = low + k as f32 * spacing;
        let alike = plane.zip(matte, |v, m| m * (-0.5 * ((v - level) / range).powi(4)).exp());
        let weight = gauss(&alike, sigma);
        let sum = gauss(&alike.zip(plane, |w, v| w * v), sigma);
        for (i, &value) in plane.samples().iter().enumerate() {
            let near = 1.0 - ((value.clamp(low, high) - level) / spacing).abs();
            if near > 0.0 {
                let weight = weight.samples()[i];
                let mean = if weight > 1e-6 { sum.samples()[i] / weight } else { value };
                out.samples_mut()[i] += near * mean;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::whole_picture::{WholePicture, grain};
    use pixel::Size;

    const SIZE: Size = Size::new(240, 200);

    fn on_cloth(x: usize, y: usize) -> bool {
        (30..210).contains(&x) && (40..200).contains(&y)
    }

    /// Green cloth with a soft crease at column 90, a dark stripe of another cloth from column 150 on, and weave.
    fn shirt(x: usize, y: usize) -> [f32; 3] {
        if !on_cloth(x, y) {
            return [0.8, 0.7, 0.6];
        }
        let crease = 0.08 * (-((x as f32 - 90.0) / 4.0).powi(2)).exp();
        let piece = if x < 150 { 1.0 } else { 0.35 };
        let weave = 0.02 * grain(x, y);
        [0.35, 0.5, 0.4].map(|v| (v * (1.0 + crease / 0.5) + weave) * piece)
    }

    fn picture() -> WholePicture {
        WholePicture::new(SIZE, 1, shirt, on_cloth, on_cloth)
    }

    fn settings(alpha1: f32) -> Settings {
        Settings { alpha1, ..Settings::defaults(&SPEC) }
    }

    fn column(samples: &[u8], x: usize) -> f32 {
        let rows = 80..180;
        let total: f32 = rows.clone().map(|y| f32::from(samples[3 * (y * SIZE.width + x) + 1])).sum();
        total / rows.len() as f32
    }

    fn crease(samples: &[u8]) -> f32 {
        column(samples, 90) - 0.5 * (column(samples, 74) + column(samples, 106))
    }

    #[test]
    fn strength_0_is_the_identity_and_more_takes_out_more() {
        let picture = picture();
        assert_eq!(picture.after(&Fabric, &settings(0.0)), picture.before());
        let left = [0.0, 0.39, 0.75, 1.0, 2.0].map(|alpha| crease(&picture.after(&Fabric, &settings(alpha))));
        assert!(left.windows(2).all(|pair| pair[1] < pair[0]), "{left:?}");
        assert!(left[3] < 0.5 * left[0] && left[4] > -0.1 * left[0], "{left:?}");
    }

    #[test]
    fn nothing_changes_outside_the_clothes() {
        let picture = picture();
        let (before, after) = (picture.before(), picture.after(&Fabric, &settings(2.0)));
        assert_ne!(before, after);
        for i in (0..SIZE.area()).filter(|i| !on_cloth(i % SIZE.width, i / SIZE.width)) {
            assert_eq!(before[3 * i..3 * i + 3], after[3 * i..3 * i + 3], "pixel {i}");
        }
    }

    #[test]
    fn the_border_to_another_cloth_keeps_its_step_and_the_weave_its_contrast() {
        let picture = picture();
        let (before, after) = (picture.before(), picture.after(&Fabric, &settings(1.0)));
        let step = |samples: &[u8]| column(samples, 147) - column(samples, 152);
        assert!(step(&after) > 0.9 * step(&before), "{} {}", step(&before), step(&after));
        let weave = |samples: &[u8]| {
            let at = |x: usize, y: usize| f32::from(samples[3 * (y * SIZE.width + x) + 1]);
            (60..190).map(|y| (at(121, y) - at(120, y)).powi(2)).sum::<f32>()
        };
        let ratio = (weave(&after) / weave(&before)).sqrt();
        assert!((0.9..1.1).contains(&ratio), "{ratio}");
    }

    #[test]
    fn hue_and_saturation_hold_when_the_light_changes() {
        let (gain, tint) = relit([0.35, 0.5, 0.4], [0.35, 0.5, 0.4], 6.0, &ColourSpace::srgb());
        assert!(tint.iter().all(|v| v.abs() < 1e-5), "{tint:?}");
        let space = ColourSpace::srgb();
        let before = space.to_linear([0.35, 0.5, 0.4]);
        let lit = [0.35 * (1.0 + gain[0]), 0.5 * (1.0 + gain[1]), 0.4 * (1.0 + gain[2])];
        let after = space.to_linear(lit);
        let rise = linear_to_lab(after)[0] - linear_to_lab(before)[0];
        assert!((rise - 6.0).abs() < 0.3, "{rise}");
        let ratios = [0, 1, 2].map(|c| after[c] / before[c]);
        assert!((ratios[0] / ratios[1] - 1.0).abs() < 1e-3 && (ratios[2] / ratios[1] - 1.0).abs() < 1e-3);
    }

    #[test]
    fn light_is_added_as_far_as_every_channel_can_hold_it() {
        let space = ColourSpace::srgb();
        let before = [0.86, 0.9, 0.97];
        let (gain, _) = relit(before, before, 12.0, &space);
        let after = [0, 1, 2].map(|c| before[c] * (1.0 + gain[c]));
        assert!((after[2] - 1.0).abs() < 2e-3, "{after:?}");
        let light = [space.to_linear(before), space.to_linear(after)];
        let ratios = [0, 1, 2].map(|c| light[1][c] / light[0][c]);
        assert!((ratios[0] / ratios[2] - 1.0).abs() < 5e-3, "{ratios:?}");
    }

    #[test]
    fn blown_cloth_is_left_alone() {
        let white = |x: usize, y: usize| {
            let crease = 0.05 * (-((x as f32 - 90.0) / 4.0).powi(2)).exp();
            if on_cloth(x, y) { [0.93 - crease, 0.96 - crease, 1.0] } else { [0.8, 0.7, 0.6] }
        };
        let picture = WholePicture::new(SIZE, 1, white, on_cloth, on_cloth);
        assert_eq!(picture.after(&Fabric, &settings(1.0)), picture.before());
    }

    #[test]
    fn folds_that_are_nearly_black_are_not_lightened() {
        let black = |x: usize, y: usize| {
            let fold = 0.09 * (-((x as f32 - 90.0) / 4.0).powi(2)).exp();
            if on_cloth(x, y) { [0.11 - fold; 3] } else { [0.8, 0.7, 0.6] }
        };
        let picture = WholePicture::new(SIZE, 1, black, on_cloth, on_cloth);
        let (before, after) = (picture.before(), picture.after(&Fabric, &settings(1.0)));
        let gained = column(&after, 90) - column(&before, 90);
        assert!(gained.abs() < 2.0, "{gained} of {}", crease(&before));
    }

    #[test]
    fn the_tint_of_a_deep_fold_does_not_come_to_light() {
        let space = ColourSpace::srgb();
        let (fold, dye, other) = ([0.36, 0.05, 0.11], [0.85, 0.35, 0.16], [0.3, 0.4, 0.9]);
        let lit = |dye: [f32; 3], change: f32| {
            let (gain, tint) = relit(fold, dye, change, &space);
            linear_to_lab(space.to_linear(std::array::from_fn(|c| fold[c] * (1.0 + gain[c]) + tint[c])))
        };
        let hue = |[_, a, b]: [f32; 3]| b.atan2(a);
        let own = hue(linear_to_lab(space.to_linear(dye)));
        let (alone, lifted) = (hue(lit(fold, 10.0)), hue(lit(dye, 10.0)));
        assert!((own - lifted).abs() < 0.75 * (own - alone).abs(), "{alone} {lifted} {own}");
        let (gain, _) = relit([0.005, 0.1, 0.3], [0.2, 0.3, 0.5], 8.0, &space);
        assert!(gain[0] < 2.0, "noise of an empty channel is not multiplied: {gain:?}");
        assert!((lit(dye, 10.0)[0] - lit(fold, 10.0)[0]).abs() < 0.5, "the light stays");
        assert_eq!(lit(other, 10.0), lit(fold, 10.0), "a print keeps its colour");
        assert_eq!(lit(dye, -5.0), lit(fold, -5.0), "burned cloth keeps its colour");
    }

    #[test]
    fn tiny_and_bare_pictures_are_left_alone() {
        for size in [Size::new(1, 1), Size::new(3, 7)] {
            let picture = WholePicture::new(size, 1, shirt, |_, _| true, |_, _| true);
            assert_eq!(picture.after(&Fabric, &settings(1.0)), picture.before());
        }
        let bare = WholePicture::new(SIZE, 1, shirt, |_, _| false, |_, _| false);
        assert_eq!(bare.after(&Fabric, &settings(1.0)), bare.before());
    }
}
