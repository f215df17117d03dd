//! Guided filter (He, Sun and Tang, 2013) with Gaussian windows: smooths inside edges of the guide.

use super::gauss::{MaskedBlur, gauss};
use crate::geometry::Rect;
use crate::lanes::wide_lanes;
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

/// Local statistics of a colour guide: what fitting several mattes to one picture has in common.
#[derive(Clone, Debug)]
pub struct Guide {
    sigma: f32,
    mean: [Plane; 3],
    /// Inverse of the local covariance plus epsilon, upper triangle: rr rg rb gg gb bb.
    inverse: [Plane; 6],
}

/// Local linear model matte ≈ a·rgb + b, kept so that it can be evaluated at any resolution.
#[derive(Clone, Debug)]
pub struct GuidedModel {
    /// Weight of each guide channel.
    pub slope: [Plane; 3],
    /// Constant part.
    pub offset: Plane,
}

/// Refines the rough matte `prior` (0..1) to the edges of a colour guide (encoded 0..1), to 0..1.
///
/// `sigma` and `epsilon` are those of [`Guide::new`].
pub fn guided_colour(guide: [&Plane; 3], prior: &Plane, sigma: f32, epsilon: f32) -> Plane {
    Guide::new(guide, sigma, epsilon).fit(guide, prior).evaluate(guide)
}

impl Guide {
    /// The statistics of a picture (encoded 0..1).
    ///
    /// `sigma` is the window in samples, about the uncertainty of a prior's edge; `epsilon` (about 1e-5 to 1e-3) is
    /// the variance below which nothing counts as an edge.
    pub fn new(rgb: [&Plane; 3], sigma: f32, epsilon: f32) -> Self {
        const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
        let mean = rgb.map(|plane| gauss(plane, sigma));
        let mut inverse = PAIRS.map(|(i, j)| gauss(&rgb[i].zip(rgb[j], |a, b| a * b), sigma));
        wide_lanes(|| invert_covariances(&mean, &mut inverse, epsilon));
        Self { sigma, mean, inverse }
    }

    /// The statistics of the samples inside `rect`.
    pub fn crop(&self, rect: Rect) -> Self {
        let crop = |plane: &Plane| plane.crop(rect);
        Self {
            sigma: self.sigma,
            mean: self.mean.each_ref().map(crop),
            inverse: self.inverse.each_ref().map(crop),
        }
    }

    /// The local model of a matte of the guide's size; `rgb` is the picture that the statistics are of.
    pub fn fit(&self, rgb: [&Plane; 3], matte: &Plane) -> GuidedModel {
        let mut offset = gauss(matte, self.sigma);
        let mut slope = rgb.map(|plane| gauss(&plane.zip(matte, |a, b| a * b), self.sigma));
        wide_lanes(|| self.solve(&mut slope, &mut offset));
        GuidedModel {
            slope: slope.map(|plane| gauss(&plane, self.sigma)),
            offset: gauss(&offset, self.sigma),
        }
    }

    /// From means of channel times matte and of the matte to slopes and offset.
    #[inline(always)]
    fn solve(&self, slope: &mut [Plane; 3], offset: &mut Plane) {
        let area = offset.size().area();
        let offset = &mut offset.samples_mut()[..area];
        let [sr, sg, sb] = slope.each_mut().map(|plane| &mut plane.samples_mut()[..area]);
        let [mr, mg, mb] = self.mean.each_ref().map(|plane| &plane.samples()[..area]);
        let [rr, rg, rb, gg, gb, bb] = self.inverse.each_ref().map(|plane| &plane.samples()[..area]);
        for n in 0..area {
            let p = offset[n];
            let (r, g, b) = (sr[n] - mr[n] * p, sg[n] - mg[n] * p, sb[n] - mb[n] * p);
            sr[n] = rr[n] * r + rg[n] * g + rb[n] * b;
            sg[n] = rg[n] * r + gg[n] * g + gb[n] * b;
            sb[n] = rb[n] * r + gb[n] * g + bb[n] * b;
            offset[n] = p - sr[n] * mr[n] - sg[n] * mg[n] - sb[n] * mb[n];
        }
    }
}

/// From means of products of channels to the inverse of their covariances plus `epsilon`.
#[inline(always)]
fn invert_covariances(mean: &[Plane; 3], products: &mut [Plane; 6], epsilon: f32) {
    let area = mean[0].size().area();
    let [r, g, b] = mean.each_ref().map(|plane| &plane.samples()[..area]);
    let [rr, rg, rb, gg, gb, bb] = products.each_mut().map(|plane| &mut plane.samples_mut()[..area]);
    for n in 0..area {
        let [mr, mg, mb] = [r[n], g[n], b[n]].map(f64::from);
        let variance =
            |square: f32, mean: f64| (f64::from(square) - mean * mean).max(0.0) + f64::from(epsilon);
        let inverse = invert([
            variance(rr[n], mr),
            f64::from(rg[n]) - mr * mg,
            f64::from(rb[n]) - mr * mb,
            variance(gg[n], mg),
            f64::from(gb[n]) - mg * mb,
            variance(bb[n], mb),
        ]);
        (rr[n], rg[n], rb[n]) = (inverse[0] as f32, inverse[1] as f32, inverse[2] as f32);
        (gg[n], gb[n], bb[n]) = (inverse[3] as f32, inverse[4] as f32, inverse[5] as f32);
    }
}

impl GuidedModel {
    /// The matte at the model's own resolution for this guide, limited to 0..1.
    pub fn evaluate(&self, guide: [&Plane; 3]) -> Plane {
        let mut out = self.offset.clone();
        for (slope, channel) in self.slope.iter().zip(guide) {
            let pairs = slope.samples().iter().zip(channel.samples());
            out.samples_mut().iter_mut().zip(pairs).for_each(|(v, (a, c))| *v += a * c);
        }
        out.apply(|v| v.clamp(0.0, 1.0));
        out
    }
}

/// Inverse of a symmetric positive 3 × 3 matrix given and returned as its upper triangle.
#[inline(always)]
fn invert([xx, xy, xz, yy, yz, zz]: [f64; 6]) -> [f64; 6] {
    let c = [
        yy * zz - yz * yz,
        xz * yz - xy * zz,
        xy * yz - xz * yy,
        xx * zz - xz * xz,
        xy * xz - xx * yz,
        xx * yy - xy * xy,
    ];
    let determinant = xx * c[0] + xy * c[1] + xz * c[2];
    c.map(|v| v / determinant.max(1e-30))
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
    fn a_constant_matte_stays() {
        let size = Size::new(30, 20);
        let guide = [0, 1, 2].map(|k| Plane::from_fn(size, |x, y| ((x * (k + 2) + y * 5) % 7) as f32 / 7.0));
        let rgb = [&guide[0], &guide[1], &guide[2]];
        let matte = guided_colour(rgb, &Plane::filled(size, 0.7), 2.0, 1e-4);
        assert!(matte.samples().iter().all(|v| (v - 0.7).abs() < 1e-3));
    }

    #[test]
    fn statistics_of_a_part_fit_mattes_of_the_part() {
        let size = Size::new(60, 40);
        let guide = [0, 1, 2].map(|k| Plane::from_fn(size, |x, y| ((x * (k + 2) + y * 5) % 7) as f32 / 7.0));
        let matte = Plane::from_fn(size, |x, _| x as f32 / 60.0);
        let rgb = [&guide[0], &guide[1], &guide[2]];
        let whole = Guide::new(rgb, 2.0, 1e-4);
        let rect = Rect::from_edges(5, 5, 55, 35);
        let part = guide.each_ref().map(|plane| plane.crop(rect));
        let part = whole.crop(rect).fit([&part[0], &part[1], &part[2]], &matte.crop(rect));
        let middle = whole.fit(rgb, &matte).offset.at(30, 20);
        assert!((part.offset.at(25, 15) - middle).abs() < 1e-5);
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
