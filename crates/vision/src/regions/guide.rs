//! Colour-guided filtering of several mattes by one picture (He, Sun and Tang, 2013, with Gaussian windows): what
//! depends on the picture alone is worked out once.

use pixel::filter::gauss;
use pixel::{Plane, Rect, wide_lanes};

/// Local statistics of a guide.
pub(crate) struct Guide {
    sigma: f32,
    mean: [Plane; 3],
    /// Inverse of the local covariance plus epsilon, upper triangle: rr rg rb gg gb bb.
    inverse: [Plane; 6],
}

/// matte ≈ slope · rgb + offset around every sample.
pub(crate) struct LocalModel {
    pub slope: [Plane; 3],
    pub offset: Plane,
}

impl Guide {
    /// `sigma` is the window in samples; guide variance (encoded, squared) below `epsilon` is no edge.
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

    /// The local model of a matte of the guide's size; `rgb` is the guide itself.
    pub fn fit(&self, rgb: [&Plane; 3], matte: &Plane) -> LocalModel {
        let mut offset = gauss(matte, self.sigma);
        let mut slope = rgb.map(|plane| gauss(&plane.zip(matte, |a, b| a * b), self.sigma));
        wide_lanes(|| self.solve(&mut slope, &mut offset));
        LocalModel { slope: slope.map(|plane| gauss(&plane, self.sigma)), offset: gauss(&offset, self.sigma) }
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

impl LocalModel {
    /// The matte for a guide of the model's size; not limited to 0..1.
    pub fn evaluate(&self, rgb: [&Plane; 3]) -> Plane {
        let mut matte = self.offset.clone();
        for (slope, channel) in self.slope.iter().zip(rgb) {
            let pairs = slope.samples().iter().zip(channel.samples());
            matte.samples_mut().iter_mut().zip(pairs).for_each(|(v, (a, c))| *v += a * c);
        }
        matte
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
    use pixel::Size;

    #[test]
    fn a_shifted_matte_snaps_to_the_edge_of_the_guide() {
        let size = Size::new(80, 40);
        let guide =
            [0.9, 0.7, 0.5].map(|k| Plane::from_fn(size, |x, _| if x < 40 { 0.8 * k } else { 0.2 * k }));
        let rgb = [&guide[0], &guide[1], &guide[2]];
        let rough = Plane::from_fn(size, |x, _| ((44.0 - x as f32) / 8.0 + 0.5).clamp(0.0, 1.0));
        let matte = Guide::new(rgb, 6.0, 1e-4).fit(rgb, &rough).evaluate(rgb);
        assert!(matte.at(38, 20) - matte.at(41, 20) > 0.4, "{} {}", matte.at(38, 20), matte.at(41, 20));
    }

    #[test]
    fn a_constant_matte_stays() {
        let size = Size::new(30, 20);
        let guide = [0, 1, 2].map(|k| Plane::from_fn(size, |x, y| ((x * (k + 2) + y * 5) % 7) as f32 / 7.0));
        let rgb = [&guide[0], &guide[1], &guide[2]];
        let matte = Guide::new(rgb, 2.0, 1e-4).fit(rgb, &Plane::filled(size, 0.7)).evaluate(rgb);
        assert!(matte.samples().iter().all(|v| (v - 0.7).abs() < 1e-3));
    }
}
