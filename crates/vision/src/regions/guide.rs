//! Colour-guided filtering of several mattes by one picture (He, Sun and Tang, 2013, with Gaussian windows): what
//! depends on the picture alone is worked out once.

use pixel::Plane;
use pixel::filter::gauss;

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
        for n in 0..mean[0].size().area() {
            let m = [0, 1, 2].map(|k| f64::from(mean[k].samples()[n]));
            let mut s = [0.0; 6];
            for (k, (i, j)) in PAIRS.into_iter().enumerate() {
                s[k] = f64::from(inverse[k].samples()[n]) - m[i] * m[j];
                if i == j {
                    s[k] = s[k].max(0.0) + f64::from(epsilon);
                }
            }
            for (plane, v) in inverse.iter_mut().zip(invert(s)) {
                plane.samples_mut()[n] = v as f32;
            }
        }
        Self { sigma, mean, inverse }
    }

    /// The local model of a matte of the guide's size; `rgb` is the guide itself.
    pub fn fit(&self, rgb: [&Plane; 3], matte: &Plane) -> LocalModel {
        let mean = gauss(matte, self.sigma);
        let mut slope = rgb.map(|plane| gauss(&plane.zip(matte, |a, b| a * b), self.sigma));
        let mut offset = mean;
        for n in 0..offset.size().area() {
            let p = offset.samples()[n];
            let m = [0, 1, 2].map(|k| self.mean[k].samples()[n]);
            let c = [0, 1, 2].map(|k| slope[k].samples()[n] - m[k] * p);
            let [rr, rg, rb, gg, gb, bb] = [0, 1, 2, 3, 4, 5].map(|k| self.inverse[k].samples()[n]);
            let a = [
                rr * c[0] + rg * c[1] + rb * c[2],
                rg * c[0] + gg * c[1] + gb * c[2],
                rb * c[0] + gb * c[1] + bb * c[2],
            ];
            (0..3).for_each(|k| slope[k].samples_mut()[n] = a[k]);
            offset.samples_mut()[n] = p - a[0] * m[0] - a[1] * m[1] - a[2] * m[2];
        }
        LocalModel { slope: slope.map(|plane| gauss(&plane, self.sigma)), offset: gauss(&offset, self.sigma) }
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
