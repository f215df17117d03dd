//! Form: what the shape of a face makes of its light. A bright nose bridge over dark sides is the face itself; what
//! the shape does not explain may be a blotch.
//!
//! The landmarks give the shape, see [`Surface`]. Brightness of a matte surface under distant light is a sum of nine
//! functions of the direction it faces (Basri and Jacobs, "Lambertian reflectance and linear subspaces", 2003), so the
//! light is found by least squares. Shadows that fall on the skin
//! are not in it; of every band only as much counts as form as the picture shows there.

use pixel::filter::{MaskedBlur, distance_inside, enlarge, gauss_masked, reduce};
use pixel::{Plane, Size, ramp};

use crate::correction::SmoothSkin;
use crate::linear::solve;
use crate::surface::Surface;

/// Distance from the outline of the face, in face widths, over which form fades out: there the landmarks end.
const RIM: f32 = 0.08;
/// Rounds in which skin that the light does not explain loses its say, and the difference in deviations at which half
/// of it is lost.
const ROUNDS: usize = 6;
const DOUBTED: f32 = 2.0;
/// The neighbourhood in which a band is compared with the picture, as a multiple of its coarser sigma.
const AROUND: f32 = 1.5;
/// Contrast of form in L* below which there is nothing to compare with.
const FAINT: f32 = 0.15;

/// Functions of the direction that a surface faces.
const FUNCTIONS: usize = 9;

/// The shading of one face, on a grid coarser than that of its smooth skin by a whole step.
pub struct Form {
    step: usize,
    size: Size,
    lightness: Plane,
    skin: Plane,
    /// Lightness by shape and light.
    shading: Plane,
    /// 1 well inside the outline of the face, 0 outside.
    inside: Plane,
}

impl Form {
    /// Finds the light of a face; `None` when nearly none of it is skin.
    pub fn find(surface: &Surface, smooth: &SmoothSkin<'_>) -> Option<Self> {
        let Surface { step, width, face, facets, .. } = surface;
        let [lightness, skin] = [&smooth.lab.l, &smooth.matte].map(|plane| reduce(plane, *step));
        let facing: Vec<[f32; 3]> = facets.iter().map(|facet| facet.facing).collect();
        let weight = skin.zip(face, |s, f| if s > 0.5 { f } else { 0.0 });
        let light = light(&facing, &lightness, &weight)?;
        let shading = shading(&facing, &light, face);
        let inside = distance_inside(face).map(|d| ramp(d, 0.0, RIM * width));
        Some(Self { step: *step, size: smooth.size(), lightness, skin, shading, inside })
    }

    /// The lightness (L*) that shape and light make of the skin, and 1 where that is known, softly 0 outside the face;
    /// both on the grid of the smooth skin.
    pub fn lit(&self) -> [Plane; 2] {
        [&self.shading, &self.inside].map(|plane| enlarge(plane, self.step, self.size))
    }

    /// The part of the lightness between each two neighbours of ascending Gaussian blurs (sigmas in samples of the smooth
    /// skin) that is form, on the grid of that.
    pub fn bands(&self, sigmas: &[f32]) -> Vec<Plane> {
        let face = self.inside.map(|v| if v > 0.0 { 1.0 } else { 0.0 });
        let sigmas: Vec<f32> = sigmas.iter().map(|sigma| sigma / self.step as f32).collect();
        let (seen, made) = rayon::join(
            || between(&self.lightness, &self.skin, &sigmas),
            || between(&self.shading, &face, &sigmas),
        );
        let bands = seen.iter().zip(made).zip(&sigmas[1..]);
        bands.map(|((seen, made), coarser)| self.shown(seen, made, *coarser)).collect()
    }

    /// As much of a band of the shading as the picture shows, on the grid of the smooth skin.
    fn shown(&self, seen: &Plane, made: Plane, coarser: f32) -> Plane {
        let around = MaskedBlur::new(&self.skin, AROUND * coarser);
        let (alike, own) =
            rayon::join(|| around.blur(&seen.zip(&made, |s, m| s * m)), || around.blur(&made.map(|m| m * m)));
        let mut form = made;
        for (i, value) in form.samples_mut().iter_mut().enumerate() {
            let shown = alike.samples()[i] / (own.samples()[i] + FAINT * FAINT);
            *value *= shown.clamp(0.0, 1.0) * self.inside.samples()[i];
        }
        enlarge(&form, self.step, self.size)
    }
}

/// Differences of neighbouring blurs of a plane inside a matte.
fn between(plane: &Plane, matte: &Plane, sigmas: &[f32]) -> Vec<Plane> {
    let blurred: Vec<Plane> = sigmas.iter().map(|sigma| gauss_masked(plane, matte, *sigma)).collect();
    blurred.windows(2).map(|pair| pair[0].zip(&pair[1], |f, c| f - c)).collect()
}

/// The nine functions of a direction, without their constant factors.
fn functions([x, y, z]: [f32; 3]) -> [f64; FUNCTIONS] {
    [1.0, x, y, z, x * y, x * z, y * z, x * x - y * y, 3.0 * z * z - 1.0].map(f64::from)
}

/// How much of each function the light has, so that the sum is the lightness where there is `weight`; `None` when that
/// is nearly nowhere.
fn light(facing: &[[f32; 3]], lightness: &Plane, weight: &Plane) -> Option<[f64; FUNCTIONS]> {
    let samples: Vec<([f64; FUNCTIONS], f64)> = facing
        .iter()
        .zip(lightness.samples())
        .zip(weight.samples())
        .filter(|(_, weight)| **weight > 0.5)
        .map(|((direction, l), _)| (functions(*direction), f64::from(*l)))
        .collect();
    if samples.len() < 16 * FUNCTIONS {
        return None;
    }
    let mut trust = vec![1.0f64; samples.len()];
    let mut light = [0.0; FUNCTIONS];
    for _ in 0..ROUNDS {
        let (mut matrix, mut right) = ([[0.0f64; FUNCTIONS]; FUNCTIONS], [0.0f64; FUNCTIONS]);
        for ((terms, l), trust) in samples.iter().zip(&trust) {
            for ((row, right), term) in matrix.iter_mut().zip(&mut right).zip(terms) {
                row.iter_mut().zip(terms).for_each(|(m, other)| *m += trust * term * other);
                *right += trust * term * l;
            }
        }
        let ridge = 1e-4 * samples.len() as f64;
        (0..FUNCTIONS).for_each(|k| matrix[k][k] += ridge);
        light = solve(matrix, right)?;
        let left = |(terms, l): &([f64; FUNCTIONS], f64)| l - dot(terms, &light);
        let mut sizes: Vec<f64> = samples.iter().map(|sample| left(sample).abs()).collect();
        let middle = sizes.len() / 2;
        let deviation = 1.48 * *sizes.select_nth_unstable_by(middle, f64::total_cmp).1 + 0.5;
        for (trust, sample) in trust.iter_mut().zip(&samples) {
            *trust = 1.0 / (1.0 + (left(sample) / (f64::from(DOUBTED) * deviation)).powi(2));
        }
    }
    Some(light)
}

fn dot(terms: &[f64; FUNCTIONS], light: &[f64; FUNCTIONS]) -> f64 {
    terms.iter().zip(light).map(|(a, b)| a * b).sum()
}

fn shading(facing: &[[f32; 3]], light: &[f64; FUNCTIONS], face: &Plane) -> Plane {
    let values = facing.iter().zip(face.samples());
    let values = values.map(|(direction, face)| face * dot(&functions(*direction), light) as f32);
    Plane::from_vec(face.size(), values.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::{facets, tests::dome};

    #[test]
    fn the_light_of_a_dome_is_found_through_blotches() {
        let size = Size::new(61, 61);
        let whole = Plane::filled(size, 1.0);
        let facing: Vec<[f32; 3]> = facets(&dome(), &whole, 3.0).iter().map(|facet| facet.facing).collect();
        let lit = Plane::from_vec(
            size,
            facing.iter().map(|[x, y, z]| 40.0 - 25.0 * z - 12.0 * x - 5.0 * y).collect(),
        );
        let blotched = Plane::from_fn(size, |x, y| {
            let blotch = (x as f32 - 20.0).hypot(y as f32 - 36.0) < 5.0;
            lit.at(x, y) - if blotch { 8.0 } else { 0.0 }
        });
        let light = light(&facing, &blotched, &whole).expect("enough skin");
        let shading = shading(&facing, &light, &whole);
        let worst = shading.zip(&lit, |a, b| (a - b).abs()).max();
        assert!(worst < 0.8, "{worst}");
        assert!(super::light(&facing, &lit, &Plane::zeros(size)).is_none());
    }
}
