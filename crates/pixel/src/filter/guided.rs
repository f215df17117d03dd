//! Guided filter (He, Sun and Tang, 2013) with Gaussian windows: smooths inside edges of the guide.

use rayon::prelude::*;

use super::gauss::{MaskedBlur, gauss};
use crate::plane::Plane;

/// Self-guided smoothing of `plane` inside `matte`: small variations go, strong edges stay.
///
/// `sigma` is the window in samples; variations whose local standard deviation is well below
/// `edge` (in the plane's unit) are flattened, well above are kept.
pub fn guided_masked(plane: &Plane, matte: &Plane, sigma: f32, edge: f32) -> Plane {
    let blur = MaskedBlur::new(matte, sigma);
    let (mean, square) = rayon::join(|| blur.blur(plane), || blur.blur(&plane.map(|v| v * v)));
    let slope = square.zip(&mean, |s, m| {
        let variance = (s - m * m).max(0.0);
        variance / (variance + edge * edge)
    });
    let offset = mean.zip(&slope, |m, a| m * (1.0 - a));
    let (slope, offset) = rayon::join(|| blur.blur(&slope), || blur.blur(&offset));
    let mut out = plane.zip(&slope, |v, a| v * a);
    out.apply_with(&offset, |v, b| v + b);
    out
}

/// Local linear model matte ≈ a·rgb + b, kept so that it can be evaluated at any resolution.
#[derive(Clone, Debug)]
pub struct GuidedModel {
    /// Weight of each guide channel.
    pub slope: [Plane; 3],
    /// Constant part.
    pub offset: Plane,
}

impl GuidedModel {
    /// The matte at the model's own resolution for this guide, limited to 0..1.
    pub fn evaluate(&self, guide: [&Plane; 3]) -> Plane {
        let mut out = self.offset.clone();
        for (slope, channel) in self.slope.iter().zip(guide) {
            out.apply_with(&slope.zip(channel, |a, v| a * v), |o, v| o + v);
        }
        out.apply(|v| v.clamp(0.0, 1.0));
        out
    }
}

/// Refines the rough matte `prior` (0..1) to the edges of a colour guide (encoded 0..1).
///
/// `sigma` is the window in samples, about the uncertainty of the prior's edge; `epsilon`
/// (about 1e-5 to 1e-3) is the guide variance below which nothing counts as an edge.
pub fn guided_colour(guide: [&Plane; 3], prior: &Plane, sigma: f32, epsilon: f32) -> Plane {
    guided_colour_model(guide, prior, sigma, epsilon).evaluate(guide)
}

/// The local linear model behind [`guided_colour`], for evaluation on a finer guide.
pub fn guided_colour_model(guide: [&Plane; 3], prior: &Plane, sigma: f32, epsilon: f32) -> GuidedModel {
    const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
    let mut inputs: Vec<Plane> = guide.iter().map(|&g| g.clone()).collect();
    inputs.push(prior.clone());
    inputs.extend(guide.iter().map(|g| g.zip(prior, |a, b| a * b)));
    inputs.extend(PAIRS.iter().map(|&(i, j)| guide[i].zip(guide[j], |a, b| a * b)));
    let means: Vec<Plane> = inputs.par_iter().map(|p| gauss(p, sigma)).collect();

    let size = prior.size();
    let mut model = [Plane::zeros(size), Plane::zeros(size), Plane::zeros(size), Plane::zeros(size)];
    for i in 0..size.area() {
        let m = |plane: usize| means[plane].samples()[i];
        let (r, g, b, p) = (m(0), m(1), m(2), m(3));
        let covariance = [m(4) - r * p, m(5) - g * p, m(6) - b * p];
        let s = [
            m(7) - r * r + epsilon,
            m(8) - r * g,
            m(9) - r * b,
            m(10) - g * g + epsilon,
            m(11) - g * b,
            m(12) - b * b + epsilon,
        ];
        let a = solve_symmetric(s, covariance);
        model[0].samples_mut()[i] = a[0];
        model[1].samples_mut()[i] = a[1];
        model[2].samples_mut()[i] = a[2];
        model[3].samples_mut()[i] = p - a[0] * r - a[1] * g - a[2] * b;
    }
    let mut smooth: Vec<Plane> = model.par_iter().map(|plane| gauss(plane, sigma)).collect();
    let offset = smooth.remove(3);
    let [r, g, b] = <[Plane; 3]>::try_from(smooth).unwrap_or_else(|_| unreachable!("three slopes remain"));
    GuidedModel { slope: [r, g, b], offset }
}

/// Solves the symmetric 3 × 3 system with upper triangle `s` (xx xy xz yy yz zz) by cofactors.
fn solve_symmetric(s: [f32; 6], v: [f32; 3]) -> [f32; 3] {
    let [xx, xy, xz, yy, yz, zz] = s.map(f64::from);
    let c = [
        yy * zz - yz * yz,
        xz * yz - xy * zz,
        xy * yz - xz * yy,
        xx * zz - xz * xz,
        xy * xz - xx * yz,
        xx * yy - xy * xy,
    ];
    let determinant = xx * c[0] + xy * c[1] + xz * c[2];
    if determinant.abs() < 1e-30 {
        return [0.0; 3];
    }
    let v = v.map(f64::from);
    [
        ((c[0] * v[0] + c[1] * v[1] + c[2] * v[2]) / determinant) as f32,
        ((c[1] * v[0] + c[3] * v[1] + c[4] * v[2]) / determinant) as f32,
        ((c[2] * v[0] + c[4] * v[1] + c[5] * v[2]) / determinant) as f32,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    #[test]
    fn a_shifted_prior_snaps_to_the_colour_edge() {
        let size = Size::new(80, 40);
        let edge = |x: usize| if x < 40 { 0.8 } else { 0.2 };
        let guide = [0.9, 0.7, 0.5].map(|k| Plane::from_fn(size, |x, _| k * edge(x)));
        let prior = Plane::from_fn(size, |x, _| ((44.0 - x as f32) / 8.0 + 0.5).clamp(0.0, 1.0));
        let refined = guided_colour([&guide[0], &guide[1], &guide[2]], &prior, 8.0, 1e-5);
        assert!(refined.at(36, 20) > 0.75, "{}", refined.at(36, 20));
        assert!(refined.at(42, 20) < 0.5, "{}", refined.at(42, 20));
        assert!(refined.at(38, 20) - refined.at(41, 20) > 0.3);
    }

    #[test]
    fn small_ripples_go_and_steps_stay() {
        let size = Size::new(120, 40);
        let step = Plane::from_fn(size, |x, _| if x < 60 { 40.0 } else { 60.0 });
        let rippled =
            Plane::from_fn(size, |x, y| step.at(x, y) + if (x / 3 + y / 3) % 2 == 0 { 0.5 } else { -0.5 });
        let matte = Plane::filled(size, 1.0);
        let smooth = guided_masked(&rippled, &matte, 5.0, 3.0);
        assert!((smooth.at(20, 20) - 40.0).abs() < 0.3);
        assert!((smooth.at(100, 20) - 60.0).abs() < 0.3);
        assert!(smooth.at(64, 20) - smooth.at(55, 20) > 15.0);
    }
}
