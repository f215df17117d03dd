//! Each pixel of the unknown band as a mixture of a subject colour and a ground colour.

use pixel::Plane;
use rayon::prelude::*;

use super::statistics::{Colour, Field};
use super::trimap::Place;

/// Covers that are tried before the best one is refined.
const TRIED: usize = 20;
/// How much better a partial cover must explain a pixel than none or all of it (log likelihood, doubled): all of it
/// among hairs and in solid places, and none of it.
const WHOLE: [f32; 2] = [0.2, 2.5];
const NONE: f32 = 2.0;
/// Least standard deviation of subject and of ground colours.
const LEAST_SPREAD: f32 = 0.012;

/// What is known about the mixture, at working resolution.
pub(super) struct Mixture {
    /// Colours of the subject.
    pub subject: Field,
    /// Colours of the ground.
    pub ground: Field,
    /// Expected cover.
    pub expected: Plane,
    /// Standard deviation of the expected cover.
    pub doubt: Plane,
    /// Where a pixel that looks like the subject is wholly subject, 0 to 1.
    pub solid: Plane,
    /// Noise of a pixel, encoded.
    pub noise: f32,
}

/// Cover and subject colour of a rectangle.
pub(super) struct Solved {
    pub alpha: Plane,
    pub rgb: [Plane; 3],
}

/// Solves a rectangle of pixels whose first one lies at (`x`, `y`), `step` pixels a working sample.
pub(super) fn solve(
    rgb: &[Plane; 3],
    places: &[Place],
    mixture: &Mixture,
    (step, x0, y0): (usize, usize, usize),
) -> Solved {
    let size = rgb[0].size();
    let mut pixels = vec![[0.0f32; 4]; size.area()];
    pixels.par_chunks_mut(size.width.max(1)).enumerate().for_each(|(y, row)| {
        for (x, out) in row.iter_mut().enumerate() {
            let index = y * size.width + x;
            let colour = [0, 1, 2].map(|c| rgb[c].samples()[index]);
            *out = match places[index] {
                Place::Subject => [colour[0], colour[1], colour[2], 1.0],
                Place::Ground => [1.0, 1.0, 1.0, 0.0],
                Place::Unknown => {
                    let at = |k: usize| (k as f32 + 0.5) / step as f32 - 0.5;
                    let (u, v) = (at(x0 + x), at(y0 + y));
                    let (subject, ground) = (mixture.subject.at(u, v), mixture.ground.at(u, v));
                    let expected = (mixture.expected.bilinear(u, v), mixture.doubt.bilinear(u, v));
                    let whole = WHOLE[0] + (WHOLE[1] - WHOLE[0]) * mixture.solid.bilinear(u, v);
                    explain(colour, &subject, &ground, expected, whole, mixture.noise)
                }
            };
        }
    });
    let plane = |c: usize| Plane::from_vec(size, pixels.iter().map(|p| p[c]).collect());
    Solved { alpha: plane(3), rgb: [plane(0), plane(1), plane(2)] }
}

/// Subject colour and cover that explain a pixel best.
fn explain(
    colour: [f32; 3],
    subject: &Colour,
    ground: &Colour,
    (expected, doubt): (f32, f32),
    whole: f32,
    noise: f32,
) -> [f32; 4] {
    let fit = |alpha: f32| Fit::new(colour, subject, ground, alpha, noise);
    let surprise = |alpha: f32| fit(alpha).surprise + ((alpha - expected) / doubt).powi(2);
    let values: [f32; TRIED + 1] = std::array::from_fn(|k| surprise(k as f32 / TRIED as f32));
    let mut best = 1;
    for k in 2..TRIED {
        if values[k] < values[best] {
            best = k;
        }
    }
    let (before, here, after) = (values[best - 1], values[best], values[best + 1]);
    let bend = before - 2.0 * here + after;
    let shift = if bend > 1e-6 { (0.5 * (before - after) / bend).clamp(-1.0, 1.0) } else { 0.0 };
    let mut alpha = (best as f32 + shift) / TRIED as f32;
    let mut least = here;
    for (end, value) in [(0.0, values[0] - NONE), (1.0, values[TRIED] - whole)] {
        if value < least {
            (alpha, least) = (end, value);
        }
    }
    let rgb = if alpha >= 1.0 { colour } else { fit(alpha).subject(subject) };
    [rgb[0].clamp(0.0, 1.0), rgb[1].clamp(0.0, 1.0), rgb[2].clamp(0.0, 1.0), alpha]
}

/// How a cover explains a pixel.
struct Fit {
    alpha: f32,
    /// Minus twice the log likelihood.
    surprise: f32,
    /// Inverse covariance times the residual.
    pull: [f32; 3],
}

impl Fit {
    fn new(colour: [f32; 3], subject: &Colour, ground: &Colour, alpha: f32, noise: f32) -> Self {
        let (a, b) = (alpha, 1.0 - alpha);
        let mut s: [f32; 6] =
            std::array::from_fn(|k| a * a * subject.covariance[k] + b * b * ground.covariance[k]);
        let floor = noise * noise + (a * a + b * b) * LEAST_SPREAD * LEAST_SPREAD;
        s[0] += floor;
        s[3] += floor;
        s[5] += floor;
        let residual = [0, 1, 2].map(|c| colour[c] - a * subject.mean[c] - b * ground.mean[c]);
        let [xx, xy, xz, yy, yz, zz] = s;
        let cofactors = [
            yy * zz - yz * yz,
            xz * yz - xy * zz,
            xy * yz - xz * yy,
            xx * zz - xz * xz,
            xy * xz - xx * yz,
            xx * yy - xy * xy,
        ];
        let determinant = (xx * cofactors[0] + xy * cofactors[1] + xz * cofactors[2]).max(1e-18);
        let [i00, i01, i02, i11, i12, i22] = cofactors.map(|c| c / determinant);
        let [x, y, z] = residual;
        let pull = [i00 * x + i01 * y + i02 * z, i01 * x + i11 * y + i12 * z, i02 * x + i12 * y + i22 * z];
        let surprise = x * pull[0] + y * pull[1] + z * pull[2] + determinant.ln();
        Self { alpha, surprise, pull }
    }

    /// Likeliest subject colour at this cover.
    fn subject(&self, subject: &Colour) -> [f32; 3] {
        let s = subject.covariance;
        let floor = LEAST_SPREAD * LEAST_SPREAD;
        let [x, y, z] = self.pull;
        let moved = [
            (s[0] + floor) * x + s[1] * y + s[2] * z,
            s[1] * x + (s[3] + floor) * y + s[4] * z,
            s[2] * x + s[4] * y + (s[5] + floor) * z,
        ];
        [0, 1, 2].map(|c| subject.mean[c] + self.alpha * moved[c])
    }
}
