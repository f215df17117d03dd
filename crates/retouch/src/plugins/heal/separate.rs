//! Tells a mark from the skin it lies on, so that only the mark is taken away.
//!
//! What is seen, less the tone of the skin around, is mark and texture. In each band of sizes texture is as strong,
//! and of such colours, as that of the clean skin nearby; what exceeds it is mark. The likeliest texture is the seen
//! one times texture / (texture + mark), as covariances of CIELAB (Wiener, 1949): a red mark leaves the lightness of
//! the pores under it alone, and a soft one their finest detail. A hair or scratch looks alike along its course, and a
//! spot all around its middle; skin does not: there the mean is the mark.

use pixel::filter::{MaskedBlur, gauss};
use pixel::{Plane, Rect};

use super::look::Look;
use super::rings::{Middle, take_off};

/// Finest Gaussian of the bands, in face widths; each next is twice as wide.
const FINEST: f32 = 0.0012;
const BANDS: usize = 5;
/// Gaussian that is taken for the tone of clean skin, in face widths, and how far around a place skin is measured.
const TONE: f32 = 0.03;
pub(super) const AROUND: f32 = 0.035;
/// Fewest samples of clean skin that texture is measured on.
const ENOUGH: f32 = 80.0;
/// Least variance of texture, CIELAB: the rounding of 8 bits.
const FLOOR: f64 = 1e-2;
/// The variance of a few samples varies by chance: up to so many times the usual one is texture and nothing else.
const CHANCE: f64 = 1.6;
/// How far a course is followed to both sides, in face widths.
const COURSE: f32 = 0.013;
/// Width of the detail of a band, in its Gaussians: of so much along a circle the mean is the detail itself.
const GRAIN: f32 = 2.5;
/// How near to the middle of a line its course holds, in face widths (Gaussian sigma).
const HOLDS: f32 = 0.004;

/// Three planes: L*, a*, b*.
pub(super) type Planes = [Plane; 3];

/// A sample in the middle of a line, and the direction in which the line goes on there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub at: [f32; 2],
    pub ray: [f32; 2],
}

/// One place seen closely: a rectangle of the look.
pub(super) struct Ground<'a> {
    /// What is covered of the look.
    pub rect: Rect,
    /// The skin as it is.
    pub seen: &'a Planes,
    /// The tone that the skin around gives it.
    pub tone: &'a Planes,
    /// The tone of the clean skin.
    pub wide: &'a Planes,
    /// 1 where it is to be replaced.
    pub inside: &'a Plane,
    /// 1 on skin without any marks.
    pub clean: &'a Plane,
}

/// What was found under a mark.
pub(super) struct Under {
    /// The likeliest skin; as seen outside the place.
    pub skin: Planes,
    /// For each band from fine to coarse, the share of the variance of its texture that is lost, 0..1.
    pub lost: Vec<Planes>,
}

/// The skin under the marks of a place; `None` when there is too little clean skin around to know its texture.
pub(super) fn under(
    look: &Look,
    ground: &Ground<'_>,
    middles: &[Middle],
    courses: &[Course],
    strokes: &Plane,
) -> Option<Under> {
    let usual = usual_texture(look, ground)?;
    let sigmas = sigmas(look);
    let mut rest: Planes = std::array::from_fn(|c| ground.seen[c].zip(&ground.tone[c], |v, t| v - t));
    let off_lines = ground.inside.zip(strokes, |inside, stroke| inside * (1.0 - stroke));
    let circles = take_off(&mut rest, ground.rect, &off_lines, middles);
    let inside: Vec<usize> =
        (0..ground.inside.samples().len()).filter(|&i| ground.inside.samples()[i] > 0.5).collect();
    let mut skin = ground.seen.clone();
    for c in 0..3 {
        inside.iter().for_each(|&i| skin[c].samples_mut()[i] = ground.tone[c].samples()[i]);
    }
    let mut lost = Vec::with_capacity(BANDS);
    for ((band, texture), sigma) in split(&rest, &sigmas).iter().zip(&usual).zip(sigmas) {
        let window = sigma.max(0.8);
        let found = moments(band, ground.inside, window);
        let mut gone: Planes = std::array::from_fn(|_| Plane::zeros(ground.inside.size()));
        for &i in &inside {
            let seen = std::array::from_fn(|m| f64::from(found[m].samples()[i]));
            let share = share_of_texture(texture, &seen);
            let value: [f64; 3] = std::array::from_fn(|c| f64::from(band[c].samples()[i]));
            let averaged = (GRAIN * sigma * circles.samples()[i]).min(1.0);
            for c in 0..3 {
                let likeliest: f64 = (0..3).map(|d| share[c][d] * value[d]).sum();
                skin[c].samples_mut()[i] += likeliest as f32;
                gone[c].samples_mut()[i] = ((1.0 - share[c][c]).clamp(0.0, 1.0) as f32).max(averaged);
            }
        }
        lost.push(gone);
    }
    follow(look, ground, &rest, courses, strokes, &mut skin, &mut lost);
    Some(Under { skin, lost })
}

/// The tone of the clean skin.
pub(super) fn wide(look: &Look, seen: &Planes, clean: &Plane) -> Planes {
    let blur = MaskedBlur::new(clean, TONE * look.width);
    std::array::from_fn(|c| blur.blur(&seen[c]))
}

/// Bands of the clean skin at another place, from fine to coarse.
pub(super) fn detail(look: &Look, skin: &Planes) -> Vec<Planes> {
    split(skin, &sigmas(look))
}

fn sigmas(look: &Look) -> [f32; BANDS] {
    std::array::from_fn(|k| (FINEST * look.width).max(0.5) * (1 << k) as f32)
}

/// Differences of Gaussians. What is left is tone, which the skin around tells better than what is seen.
fn split(planes: &Planes, sigmas: &[f32; BANDS]) -> Vec<Planes> {
    let mut bands = Vec::with_capacity(BANDS);
    let mut finer = planes.clone();
    for &sigma in sigmas {
        let coarser: Planes = std::array::from_fn(|c| gauss(&planes[c], sigma));
        bands.push(std::array::from_fn(|c| finer[c].zip(&coarser[c], |f, g| f - g)));
        finer = coarser;
    }
    bands
}

/// Which products the six moments of three channels are.
const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];

type Matrix = [[f64; 3]; 3];

/// Covariances of the bands of the clean skin around.
fn usual_texture(look: &Look, ground: &Ground<'_>) -> Option<Vec<[f64; 6]>> {
    let total = ground.clean.sum();
    if (total as f32) < ENOUGH {
        return None;
    }
    let texture: Planes = std::array::from_fn(|c| {
        let off = ground.seen[c].zip(&ground.wide[c], |v, t| v - t);
        off.zip(ground.clean, |v, clean| v * clean)
    });
    let bands = split(&texture, &sigmas(look));
    let moments = bands.iter().map(|band| {
        PAIRS.map(|(c, d)| {
            let products = band[c].samples().iter().zip(band[d].samples()).zip(ground.clean.samples());
            let sum: f64 = products.map(|((a, b), clean)| f64::from(a * b * clean)).sum();
            sum / total + if c == d { FLOOR } else { 0.0 }
        })
    });
    Some(moments.collect())
}

/// Local second moments of a band inside a place.
fn moments(band: &Planes, inside: &Plane, window: f32) -> [Plane; 6] {
    let blur = MaskedBlur::new(inside, window);
    PAIRS.map(|(c, d)| blur.blur(&band[c].zip(&band[d], |a, b| a * b)))
}

/// texture · (texture + mark)⁻¹, where texture + mark is what is seen, and mark cannot be negative in any colour.
fn share_of_texture(texture: &[f64; 6], seen: &[f64; 6]) -> Matrix {
    // In colours in which the texture is a unit ball, its share is 1 / (1 + mark) along the axes of what is seen.
    let lower = cholesky(texture);
    let inverse = inverse_of_lower(&lower);
    let white = product(&product(&inverse, &full(seen)), &transposed(&inverse));
    let (values, axes) = eigen(white);
    let mut share = [[0.0; 3]; 3];
    for (value, axis) in values.iter().zip(axes) {
        let kept = CHANCE / value.max(CHANCE);
        for i in 0..3 {
            for j in 0..3 {
                share[i][j] += kept * axis[i] * axis[j];
            }
        }
    }
    product(&product(&lower, &share), &inverse)
}

fn full(m: &[f64; 6]) -> Matrix {
    [[m[0], m[1], m[2]], [m[1], m[3], m[4]], [m[2], m[4], m[5]]]
}

fn transposed(m: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| m[j][i]))
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// The lower triangle whose product with its transpose is the matrix.
fn cholesky(m: &[f64; 6]) -> Matrix {
    let root = |v: f64| v.max(1e-9).sqrt();
    let a = root(m[0]);
    let (b, d) = (m[1] / a, m[2] / a);
    let c = root(m[3] - b * b);
    let e = (m[4] - b * d) / c;
    let f = root(m[5] - d * d - e * e);
    [[a, 0.0, 0.0], [b, c, 0.0], [d, e, f]]
}

fn inverse_of_lower(m: &Matrix) -> Matrix {
    let [a, c, f] = [1.0 / m[0][0], 1.0 / m[1][1], 1.0 / m[2][2]];
    let b = -m[1][0] * a * c;
    let e = -m[2][1] * c * f;
    [[a, 0.0, 0.0], [b, c, 0.0], [-(m[2][0] * a + m[2][1] * b) * f, e, f]]
}

/// Eigenvalues and eigenvectors of a symmetric matrix, by turning its axes in pairs (Jacobi).
fn eigen(mut m: Matrix) -> ([f64; 3], [[f64; 3]; 3]) {
    const TURNS: usize = 5;
    let mut axes: Matrix = std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))));
    for _ in 0..TURNS {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            if m[p][q].abs() < 1e-12 {
                continue;
            }
            let half = (m[q][q] - m[p][p]) / (2.0 * m[p][q]);
            let t = half.signum() / (half.abs() + (half * half + 1.0).sqrt());
            let c = 1.0 / (t * t + 1.0).sqrt();
            let s = t * c;
            for row in &mut m {
                (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
            }
            for k in 0..3 {
                (m[p][k], m[q][k]) = (c * m[p][k] - s * m[q][k], s * m[p][k] + c * m[q][k]);
                (axes[p][k], axes[q][k]) = (c * axes[p][k] - s * axes[q][k], s * axes[p][k] + c * axes[q][k]);
            }
        }
    }
    ([m[0][0], m[1][1], m[2][2]], axes)
}

/// Takes off `rest` the mean along the course where `strokes` is set.
fn follow(
    look: &Look,
    ground: &Ground<'_>,
    rest: &Planes,
    courses: &[Course],
    strokes: &Plane,
    skin: &mut Planes,
    lost: &mut [Planes],
) {
    if courses.is_empty() {
        return;
    }
    let size = strokes.size();
    let rays = rays(look, ground.rect, courses, strokes);
    let reach = (COURSE * look.width).max(4.0);
    for (index, _) in strokes.samples().iter().enumerate().filter(|(_, on)| **on > 0.5) {
        let Some(ray) = rays[index] else { continue };
        let from = [(index % size.width) as f32, (index / size.width) as f32];
        let (mut sums, mut weights) = ([0.0f32; 3], 0.0f32);
        for side in [1.0f32, -1.0] {
            let (mut at, mut heading) = (from, ray.map(|v| side * v));
            for step in 0..=reach as usize {
                if step > 0 {
                    at = [at[0] + heading[0], at[1] + heading[1]];
                } else if side < 0.0 {
                    continue;
                }
                let (x, y) = (at[0].round(), at[1].round());
                if x < 0.0 || y < 0.0 || x >= size.width as f32 || y >= size.height as f32 {
                    break;
                }
                let there = y as usize * size.width + x as usize;
                let Some(ray) = rays[there].filter(|_| strokes.samples()[there] > 0.5) else { break };
                let weight = (-0.5 * (step as f32 / (0.6 * reach)).powi(2)).exp();
                (0..3).for_each(|c| sums[c] += weight * rest[c].bilinear(at[0], at[1]));
                weights += weight;
                let along = (ray[0] * heading[0] + ray[1] * heading[1]).signum();
                heading = ray.map(|v| along * v);
            }
        }
        for c in 0..3 {
            skin[c].samples_mut()[index] = ground.seen[c].samples()[index] - sums[c] / weights.max(1e-6);
            lost.iter_mut().for_each(|band| band[c].samples_mut()[index] = 0.0);
        }
    }
}

/// The direction of the nearest lines on the samples of a place.
fn rays(look: &Look, rect: Rect, courses: &[Course], strokes: &Plane) -> Vec<Option<[f32; 2]>> {
    let width = strokes.width();
    let sigma = (HOLDS * look.width).max(1.5);
    let of_sample = |(index, on): (usize, &f32)| {
        if *on < 0.5 {
            return None;
        }
        let (x, y) = ((rect.x + index % width) as f32, (rect.y + index / width) as f32);
        // Directions have no sign: twice the angle has.
        let (mut double, mut weights) = ([0.0f32; 2], 0.0f32);
        for course in courses {
            let away = ((course.at[0] - x).powi(2) + (course.at[1] - y).powi(2)) / (sigma * sigma);
            if away < 9.0 {
                let weight = (-0.5 * away).exp();
                let [dx, dy] = course.ray;
                double[0] += weight * (dx * dx - dy * dy);
                double[1] += weight * 2.0 * dx * dy;
                weights += weight;
            }
        }
        let angle = 0.5 * double[1].atan2(double[0]);
        (weights > 0.0).then(|| [angle.cos(), angle.sin()])
    };
    strokes.samples().iter().enumerate().map(of_sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTURE: [f64; 6] = [6.0, 0.4, -0.3, 0.8, 0.2, 0.6];

    fn applied(share: &Matrix, colour: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|c| (0..3).map(|d| share[c][d] * colour[d]).sum())
    }

    #[test]
    fn skin_that_is_no_stronger_than_usual_is_all_texture() {
        for scale in [0.2, 1.0] {
            let share = share_of_texture(&TEXTURE, &TEXTURE.map(|v| scale * v));
            for colour in [[1.0, 0.0, 0.0], [0.3, -2.0, 1.0], [0.0, 0.5, 4.0]] {
                let kept = applied(&share, colour);
                (0..3).for_each(|c| assert!((kept[c] - colour[c]).abs() < 1e-6, "{kept:?} {colour:?}"));
            }
        }
    }

    #[test]
    fn a_mark_goes_with_its_own_colour_and_leaves_others_alone() {
        let red = [-3.0, 14.0, 3.0];
        let mut seen = TEXTURE;
        for (m, (c, d)) in PAIRS.iter().enumerate() {
            seen[m] += 40.0 * red[*c] * red[*d];
        }
        let share = share_of_texture(&TEXTURE, &seen);
        let left = applied(&share, red);
        assert!(left.iter().all(|v| v.abs() < 0.1), "{left:?}");
        let lighter = applied(&share, [2.0, 0.0, 0.0]);
        assert!(lighter[0] > 1.8, "the lightness of pores stays: {lighter:?}");
    }

    #[test]
    fn a_lower_triangle_is_inverted() {
        let lower = cholesky(&TEXTURE);
        let one = product(&lower, &inverse_of_lower(&lower));
        let whole = product(&lower, &transposed(&lower));
        for i in 0..3 {
            for j in 0..3 {
                assert!((one[i][j] - f64::from(u8::from(i == j))).abs() < 1e-9);
                assert!((whole[i][j] - full(&TEXTURE)[i][j]).abs() < 1e-9);
            }
        }
    }
}
