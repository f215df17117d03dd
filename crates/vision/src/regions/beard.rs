//! Beard and moustache: hair texture on the lower face where the colour leaves the skin's.

use pixel::filter::{distance_outside, enlarge, gauss, gauss_masked, reduce, sample_grid};
use pixel::rank::quantile;
use pixel::{Plane, ramp};

use super::canvas::Canvas;
use super::prior::Prior;
use crate::landmarks::{LIPS_OUTER, Mesh, OVAL};
use crate::parts::Part;

/// Face width, in samples, at which hair texture is measured.
const WORKING_WIDTH: f32 = 360.0;
/// Points in the middle of both cheeks and below the eyes: skin without beard.
const BARE: [usize; 6] = [50, 280, 117, 346, 101, 330];
/// Middle of the chin, and both halves of the upper lip: a beard or moustache shows in one of them.
const CHIN: [usize; 3] = [199, 200, 18];
const MOUSTACHE: [usize; 2] = [165, 391];
/// Roughness over that of bare skin from which, to which, it may be hair.
const ROUGH: [f32; 2] = [1.4, 2.6];
/// Roughness over that of bare skin from which, to which, what is darker than bare skin in the shade is hair whatever
/// its colour, as brown and red beards are more colourful than pale skin; from which, to which, darker than bare skin in
/// the light is enough; and how much darker, as a share.
const SHAGGY: [f32; 2] = [2.5, 4.5];
const VERY_SHAGGY: [f32; 2] = [6.0, 9.0];
const DARK: [f32; 2] = [0.12, 0.3];
/// Share of bare skin that is darker than what counts as its shade.
const SHADE: f32 = 0.2;
/// What is shaggy in the middle of chin or upper lip from which, to which, it is a beard: the shadow and the hair at the
/// edge of a jaw, and lipstick beyond the lips, are not there.
const MIDDLE: [f32; 2] = [0.3, 0.6];
/// What is as light against bare skin from which, to which, may be shine, which is rough and greyer than skin, too. But
/// shine lies in places, and a white beard all over: it has from so much, to so much, of where a beard may be.
const LIGHT: [f32; 2] = [0.95, 1.02];
const ALL_OVER: [f32; 2] = [0.06, 0.15];
/// Base of the nose; a moustache begins below.
const NOSE_BASE: usize = 2;

/// The beard of one face on the canvas.
pub(crate) fn beard(mesh: &Mesh, canvas: &Canvas<'_>, prior: &Prior) -> Plane {
    find(mesh, canvas, prior).unwrap_or_else(|| Plane::zeros(canvas.size()))
}

/// `None` when there is no beard, or the face is too small to tell.
fn find(mesh: &Mesh, canvas: &Canvas<'_>, prior: &Prior) -> Option<Plane> {
    let factor = ((canvas.length(mesh.width()) / WORKING_WIDTH).round() as usize).max(1);
    let rgb = canvas.rgb.map(|plane| reduce(plane, factor));
    let [red, green, blue] = &rgb;
    let small = Canvas { rgb: [red, green, blue], origin: canvas.origin, step: canvas.step * factor };
    let width = small.length(mesh.width());
    let rect = small.around(&mesh.ring(&OVAL), 0.2 * width);
    if rect.is_empty() || width < 24.0 {
        return None;
    }
    let rgb = small.crop(rect);
    let inset = small.inset(&rgb, rect);
    let lower = LowerFace::measure(mesh, canvas, &inset, prior, width)?;
    let found = lower.hair();
    let hair = sample(prior, prior.plane(Part::Hair), canvas, &inset);
    let gate = ramp(lower.shown(&found.zip(&hair, f32::max), 0.8), 0.2, 0.5);
    if gate == 0.0 {
        return None;
    }
    let found = gauss(&found.map(|v| gate * v), 0.008 * width).zip(&lower.lips, |v, l| v * (1.0 - l));
    let mut small_plane = Plane::zeros(small.size());
    super::canvas::lay_over(&mut small_plane, &found, rect);
    let mut beard = enlarge(&small_plane, factor, canvas.size());
    let full = full_beard(mesh, canvas, prior).map(|v| gate * v);
    if full.max() > 0.3 {
        beard.apply_with(&prior.refine(canvas, &full), f32::max);
    }
    Some(beard)
}

/// What tells hair from skin below the nose, on an inset of the picture.
struct LowerFace {
    lips: Plane,
    /// Where a beard may be, 0..1.
    zone: Plane,
    /// The middle of the chin and of the upper lip.
    middles: [Plane; 2],
    /// Roughness over that of bare skin.
    rough: Plane,
    /// L* and saturation, smooth.
    lightness: Plane,
    saturation: Plane,
    /// L* of bare skin, of its shade, and its saturation.
    skin_lightness: f32,
    shade: f32,
    skin_saturation: f32,
}

impl LowerFace {
    /// `width` is the face width in samples of the inset; `None` when no bare skin can be seen to compare with.
    fn measure(
        mesh: &Mesh,
        canvas: &Canvas<'_>,
        inset: &Canvas<'_>,
        prior: &Prior,
        width: f32,
    ) -> Option<Self> {
        let lab = inset.lab();
        // Only the face itself is measured: the step to hair, collar or background beside it is no texture.
        let outline = inset.fill(&mesh.ring(&OVAL));
        let lips = inset.fill(&mesh.ring(&LIPS_OUTER));
        let face = sample(prior, &prior.skin(), canvas, inset)
            .zip(&distance_outside(&outline), |s, d| ramp(s, 0.6, 0.9) * ramp(d, 0.1 * width, 0.06 * width))
            .zip(&distance_outside(&lips), |f, d| f * ramp(d, 0.015 * width, 0.03 * width));
        let texture = roughness(&lab.l, &face, width);
        let [l, a, b] = [&lab.l, &lab.a, &lab.b].map(|plane| gauss_masked(plane, &face, 0.02 * width));
        // Shadow takes chroma and lightness alike, so their ratio tells hair from shaded skin.
        let saturation = a.zip(&b, f32::hypot).zip(&l, |c, l| c / (l + 5.0));
        let around = |points: &[usize], radius: f32| {
            let mut discs = Plane::zeros(inset.size());
            for &point in points {
                discs.apply_with(&inset.disc(mesh.point(point), radius * mesh.width()), f32::max);
            }
            discs
        };
        let bare = around(&BARE, 0.04).zip(&face, f32::min);
        // Glasses may lie over the upper of these places, so the smoother ones count.
        let skin_texture = quantile(&texture, &bare, 0.3)?;
        let skin_lightness = quantile(&l, &bare, 0.5)?;
        let [base_x, base_y] = inset.index(mesh.point(NOSE_BASE));
        let up = mesh.up();
        let zone = Plane::from_fn(inset.size(), |i, j| {
            let below = -((i as f32 - base_x) * up[0] + (j as f32 - base_y) * up[1]);
            ramp(below, -0.01 * width, 0.03 * width) * face.at(i, j)
        });
        Some(Self {
            lips,
            zone,
            middles: [around(&CHIN, 0.035), around(&MOUSTACHE, 0.035)],
            rough: texture.map(|v| v / skin_texture.max(0.006)),
            skin_lightness,
            shade: quantile(&l, &bare, SHADE).unwrap_or(skin_lightness),
            skin_saturation: quantile(&saturation, &bare, 0.5)?,
            lightness: l,
            saturation,
        })
    }

    /// How much of a plane, by a quantile, the middle of the chin or of the upper lip has: a beard or a moustache, what
    /// there is more of.
    fn shown(&self, plane: &Plane, share: f32) -> f32 {
        self.middles.iter().filter_map(|middle| quantile(plane, middle, share)).fold(0.0, f32::max)
    }

    /// What is rough and greyer than skin, and, once it is in the middle, whatever is far rougher and darker.
    fn hair(&self) -> Plane {
        let mut shaggy =
            self.rough.zip(&self.lightness, |rough, l| shaggy(rough, l, [self.skin_lightness, self.shade]));
        shaggy.apply_with(&self.zone, |v, zone| v * zone);
        let sure = ramp(self.shown(&shaggy, 0.5), MIDDLE[0], MIDDLE[1]);
        let found = Plane::from_fn(self.zone.size(), |i, j| {
            let zone = self.zone.at(i, j);
            if zone == 0.0 {
                return 0.0;
            }
            let rough = ramp(self.rough.at(i, j), ROUGH[0], ROUGH[1]);
            // Shade darkens skin but leaves it at least as saturated; hair is greyer, and dark hair darker as well.
            let greyer = 1.0 - self.saturation.at(i, j) / self.skin_saturation.max(0.08);
            let darker = (0.8 - self.lightness.at(i, j) / self.skin_lightness).max(0.0);
            (zone * rough * ramp(greyer + 0.5 * darker, 0.06, 0.25)).max(sure * shaggy.at(i, j))
        });
        self.without_shine(found)
    }

    /// Hair as found, without what may be shine unless there is hair all over.
    fn without_shine(&self, hair: Plane) -> Plane {
        let doubt = ramp((hair.sum() / self.zone.sum().max(1.0)) as f32, ALL_OVER[1], ALL_OVER[0]);
        let light = |l: f32| ramp(l / self.skin_lightness.max(1.0), LIGHT[0], LIGHT[1]);
        hair.zip(&self.lightness, |hair, l| hair * (1.0 - doubt * light(l)))
    }
}

/// What the parts network counts as hair on the lower face, on the grid of the prior: full beards.
fn full_beard(mesh: &Mesh, canvas: &Canvas<'_>, prior: &Prior) -> Plane {
    let hair = prior.plane(Part::Hair);
    let chin = prior.reduce(&canvas.fill(&mesh.ring(&OVAL)));
    let ([base_x, base_y], up) = (canvas.index(mesh.point(NOSE_BASE)), mesh.up());
    let width = canvas.length(mesh.width());
    Plane::from_fn(hair.size(), |i, j| {
        let centre = |k: usize| (k as f32 + 0.5) * prior.factor as f32 - 0.5;
        let below = -((centre(i) - base_x) * up[0] + (centre(j) - base_y) * up[1]);
        hair.at(i, j) * chin.at(i, j) * ramp(below, 0.0, 0.06 * width)
    })
}

/// How surely it is hair, 0..1, by roughness over that of bare skin and L*, given the L* of bare skin and of its shade.
fn shaggy(rough: f32, l: f32, [skin, shade]: [f32; 2]) -> f32 {
    let darker = |than: f32| ramp(1.0 - l / than.max(1.0), DARK[0], DARK[1]);
    let dark = darker(shade).max(ramp(rough, VERY_SHAGGY[0], VERY_SHAGGY[1]) * darker(skin));
    ramp(rough, SHAGGY[0], SHAGGY[1]) * dark
}

/// How rough L* is around each place of a face of that width (samples), in proportion to the lightness: hair is, whatever
/// its colour. It is a mean of roots, because a beard is rough all over and a stray hair in one line.
fn roughness(lightness: &Plane, face: &Plane, width: f32) -> Plane {
    let local = gauss_masked(lightness, face, 0.008 * width);
    let fine = lightness.zip(&local, |l, s| ((l - s).abs() / (s + 8.0)).sqrt());
    gauss_masked(&fine, face, 0.025 * width).map(|root| root * root)
}

/// A plane of the prior on another canvas over the same picture.
fn sample(prior: &Prior, plane: &Plane, canvas: &Canvas<'_>, onto: &Canvas<'_>) -> Plane {
    let factor = prior.factor as f32;
    let (columns, rows) = (onto.size().width, onto.size().height);
    let index = |place: [f32; 2], k: usize| (canvas.index(place)[k] + 0.5) / factor - 0.5;
    let us: Vec<f32> = (0..columns).map(|i| index(onto.place(i as f32, 0.0), 0)).collect();
    let vs: Vec<f32> = (0..rows).map(|j| index(onto.place(0.0, j as f32), 1)).collect();
    sample_grid(plane, &us, &vs)
}

#[cfg(test)]
mod tests {
    use pixel::Size;

    use super::*;

    #[test]
    fn what_is_shaggy_and_dark_is_hair_and_rough_skin_in_the_shade_is_not() {
        // A brown beard on an evenly lit face, a full one on a face half in shade, stubble in shade, dark smooth skin.
        assert_eq!(shaggy(5.1, 30.0, [62.0, 55.0]), 1.0);
        assert_eq!(shaggy(10.8, 52.0, [80.0, 55.0]), 1.0);
        assert_eq!(shaggy(4.6, 46.0, [76.0, 39.0]), 0.0);
        assert_eq!(shaggy(1.2, 31.0, [50.0, 45.0]), 0.0);
    }

    /// What is found on a lower face of smooth skin of L* 60 that is rough and grey within `found`, and as light as told
    /// there; and that place.
    fn with_hair(found: impl Fn(usize, usize) -> bool, light: f32) -> (Plane, Plane) {
        let size = Size::new(60, 40);
        let hair = Plane::from_fn(size, |x, y| if found(x, y) { 1.0 } else { 0.0 });
        let lower = LowerFace {
            lips: Plane::zeros(size),
            zone: Plane::filled(size, 1.0),
            middles: [Plane::zeros(size), Plane::zeros(size)],
            rough: hair.map(|v| 1.0 + 2.0 * v),
            lightness: hair.map(|v| 60.0 + v * (light - 60.0)),
            saturation: hair.map(|v| 0.4 - 0.2 * v),
            skin_lightness: 60.0,
            shade: 55.0,
            skin_saturation: 0.4,
        };
        (lower.hair(), hair)
    }

    #[test]
    fn a_shiny_chin_is_no_beard() {
        let chin = |x: usize, y: usize| x.abs_diff(30) < 5 && y.abs_diff(20) < 5;
        let (left, _) = with_hair(chin, 68.0);
        assert_eq!(left.max(), 0.0, "rough, greyer and lighter than skin in one place");
        let (left, dark) = with_hair(chin, 50.0);
        assert_eq!(left, dark, "hair below the lip");
        let (left, white) = with_hair(|_, y| y > 20, 68.0);
        assert_eq!(left, white, "a white beard");
    }

    #[test]
    fn stubble_is_rough_and_one_stray_hair_is_not() {
        let size = Size::new(120, 120);
        let face = Plane::filled(size, 1.0);
        // Pores everywhere, stubble in the left half, a hair down the right one.
        let grain = |x: usize, y: usize| ((x * 31 + y * 17 + (x * y) % 7) % 11) as f32 / 5.0 - 1.0;
        let lightness = Plane::from_fn(size, |x, y| {
            let pores = 1.2 * grain(x, y);
            60.0 + if x < 50 { 4.0 * pores } else { pores } - if (90..92).contains(&x) { 9.0 } else { 0.0 }
        });
        let texture = roughness(&lightness, &face, WORKING_WIDTH);
        let ratio = |x: usize| texture.at(x, 60) / texture.at(70, 60);
        assert!(ratio(25) > ROUGH[1], "{}", ratio(25));
        assert!((80..102).all(|x| ratio(x) < 0.5 * (ROUGH[0] + ROUGH[1])), "{}", ratio(91));
    }
}
