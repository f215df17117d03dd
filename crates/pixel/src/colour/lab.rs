//! CIELAB (CIE 15:2004) from and to linear light with BT.709 primaries, white D65.

use crate::geometry::{Rect, Size};
use crate::plane::Plane;

const EPSILON: f32 = 216.0 / 24389.0;
const KAPPA: f32 = 24389.0 / 27.0;

/// Rows of BT.709 RGB to XYZ, each divided by the D65 white so that white is (1, 1, 1).
const TO_XYZ: [[f32; 3]; 3] = [
    [0.412_390_8 / 0.950_455_9, 0.357_584_35 / 0.950_455_9, 0.180_480_8 / 0.950_455_9],
    [0.212_639, 0.715_168_7, 0.072_192_32],
    [0.019_330_818 / 1.089_057_8, 0.119_194_78 / 1.089_057_8, 0.950_532_15 / 1.089_057_8],
];

/// Inverse of [`TO_XYZ`] before the division, columns scaled by the white.
const FROM_XYZ: [[f32; 3]; 3] = [
    [3.240_97 * 0.950_455_9, -1.537_383_2, -0.498_610_77 * 1.089_057_8],
    [-0.969_243_65 * 0.950_455_9, 1.875_967_5, 0.041_555_06 * 1.089_057_8],
    [0.055_630_08 * 0.950_455_9, -0.203_976_96, 1.056_971_5 * 1.089_057_8],
];

/// Cube root of a positive number: an exponent guess and two Halley steps (error below 2e-7).
#[inline]
fn cube_root(v: f32) -> f32 {
    let mut r = f32::from_bits(v.to_bits() / 3 + 709_921_077);
    for _ in 0..2 {
        let r3 = r * r * r;
        r *= (r3 + 2.0 * v) / (2.0 * r3 + v);
    }
    r
}

#[inline]
fn forward(t: f32) -> f32 {
    if t > EPSILON { cube_root(t) } else { (KAPPA * t + 16.0) / 116.0 }
}

#[inline]
fn inverse(f: f32) -> f32 {
    let cube = f * f * f;
    if cube > EPSILON { cube } else { (116.0 * f - 16.0) / KAPPA }
}

/// CIELAB of linear light; accepts values outside 0..1.
#[inline]
pub fn linear_to_lab(rgb: [f32; 3]) -> [f32; 3] {
    let [fx, fy, fz] = TO_XYZ.map(|row| forward(row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2]));
    [116.0 * fy - 16.0, 500.0 * (fx - fy), 200.0 * (fy - fz)]
}

/// Linear light of a CIELAB colour; out-of-gamut colours give values outside 0..1.
#[inline]
pub fn lab_to_linear(lab: [f32; 3]) -> [f32; 3] {
    let fy = (lab[0] + 16.0) / 116.0;
    let xyz = [inverse(fy + lab[1] / 500.0), inverse(fy), inverse(fy - lab[2] / 200.0)];
    FROM_XYZ.map(|row| row[0] * xyz[0] + row[1] * xyz[1] + row[2] * xyz[2])
}

/// Three planes of one size: L* 0..100, a*, b*.
#[derive(Clone, Debug, PartialEq)]
pub struct Lab {
    /// Lightness, 0..100.
    pub l: Plane,
    /// Green (negative) to red (positive).
    pub a: Plane,
    /// Blue (negative) to yellow (positive).
    pub b: Plane,
}

impl Lab {
    /// CIELAB of three planes of linear light.
    pub fn from_linear(rgb: [&Plane; 3]) -> Self {
        let size = rgb[0].size();
        let mut lab = Self { l: Plane::zeros(size), a: Plane::zeros(size), b: Plane::zeros(size) };
        let outputs = (lab.l.samples_mut(), lab.a.samples_mut(), lab.b.samples_mut());
        for i in 0..size.area() {
            let value = linear_to_lab([rgb[0].samples()[i], rgb[1].samples()[i], rgb[2].samples()[i]]);
            outputs.0[i] = value[0];
            outputs.1[i] = value[1];
            outputs.2[i] = value[2];
        }
        lab
    }

    /// Size of the three planes.
    pub fn size(&self) -> Size {
        self.l.size()
    }

    /// The colour at column `x`, row `y`.
    #[inline]
    pub fn at(&self, x: usize, y: usize) -> [f32; 3] {
        [self.l.at(x, y), self.a.at(x, y), self.b.at(x, y)]
    }

    /// The part inside `rect`.
    pub fn crop(&self, rect: Rect) -> Lab {
        Lab { l: self.l.crop(rect), a: self.a.crop(rect), b: self.b.crop(rect) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::srgb_to_linear;

    #[test]
    fn known_colours() {
        let white = linear_to_lab([1.0, 1.0, 1.0]);
        assert!(
            (white[0] - 100.0).abs() < 1e-3 && white[1].abs() < 2e-2 && white[2].abs() < 2e-2,
            "{white:?}"
        );
        let red = linear_to_lab([1.0, 0.0, 0.0]);
        assert!(
            (red[0] - 53.24).abs() < 0.05 && (red[1] - 80.09).abs() < 0.1 && (red[2] - 67.2).abs() < 0.1,
            "{red:?}"
        );
        let grey = linear_to_lab([srgb_to_linear(0.5); 3]);
        assert!((grey[0] - 53.39).abs() < 0.05, "{grey:?}");
    }

    #[test]
    fn lab_inverts_itself_in_and_out_of_gamut() {
        for r in [-0.05f32, 0.0, 0.001, 0.2, 1.0, 1.3] {
            for g in [0.0f32, 0.004, 0.5, 1.0] {
                for b in [0.0f32, 0.01, 0.7, 1.0] {
                    let back = lab_to_linear(linear_to_lab([r, g, b]));
                    for (got, want) in back.into_iter().zip([r, g, b]) {
                        assert!((got - want).abs() < 2e-4, "{back:?} for {:?}", [r, g, b]);
                    }
                }
            }
        }
    }
}
