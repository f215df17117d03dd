//! CIELAB (CIE 15:2004) from and to linear light with BT.709 primaries, white D65.

use std::ops::Range;

use rayon::prelude::*;

use super::profile::ColourSpace;
use crate::geometry::{Rect, Size};
use crate::lanes::wide_lanes;
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
    // Both are worked out, so that several colours can be at once.
    let (root, line) = (cube_root(t.max(EPSILON)), t * (KAPPA / 116.0) + 16.0 / 116.0);
    if t > EPSILON { root } else { line }
}

#[inline]
fn inverse(f: f32) -> f32 {
    let cube = f * f * f;
    let line = (116.0 * f - 16.0) * (1.0 / KAPPA);
    if cube > EPSILON { cube } else { line }
}

/// CIELAB of linear light; accepts values outside 0..1.
#[inline]
pub fn linear_to_lab(rgb: [f32; 3]) -> [f32; 3] {
    let along = |row: [f32; 3]| forward(row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2]);
    let (fx, fy, fz) = (along(TO_XYZ[0]), along(TO_XYZ[1]), along(TO_XYZ[2]));
    [116.0 * fy - 16.0, 500.0 * (fx - fy), 200.0 * (fy - fz)]
}

/// Linear light of a CIELAB colour; out-of-gamut colours give values outside 0..1.
#[inline]
pub fn lab_to_linear(lab: [f32; 3]) -> [f32; 3] {
    let fy = (lab[0] + 16.0) * (1.0 / 116.0);
    let (x, y, z) = (inverse(fy + lab[1] * (1.0 / 500.0)), inverse(fy), inverse(fy - lab[2] * (1.0 / 200.0)));
    let along = |row: [f32; 3]| row[0] * x + row[1] * y + row[2] * z;
    [along(FROM_XYZ[0]), along(FROM_XYZ[1]), along(FROM_XYZ[2])]
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
    /// CIELAB of three planes of encoded RGB.
    pub fn of(rgb: [&Plane; 3], space: &ColourSpace) -> Self {
        let size = rgb[0].size();
        let mut lab = Self { l: Plane::zeros(size), a: Plane::zeros(size), b: Plane::zeros(size) };
        for_bands([&mut lab.l, &mut lab.a, &mut lab.b], |samples, band| {
            rows_of(rgb.map(|plane| &plane.samples()[samples.clone()]), space, band);
        });
        lab
    }

    /// Brings the rows for which `stale` is true up to date with the encoded RGB they were made of.
    pub fn refresh(&mut self, rgb: [&Plane; 3], space: &ColourSpace, stale: &[bool]) {
        let width = self.size().width.max(1);
        let [ls, as_, bs] =
            [&mut self.l, &mut self.a, &mut self.b].map(|p| p.samples_mut().par_chunks_mut(width));
        ls.zip(as_)
            .zip(bs)
            .zip(stale)
            .enumerate()
            .filter(|(_, (_, stale))| **stale)
            .for_each(|(y, (((l, a), b), _))| rows_of(rgb.map(|plane| plane.row(y)), space, [l, a, b]));
    }

    /// Encoded RGB of the colours, limited to what the space can hold.
    pub fn encoded(&self, space: &ColourSpace) -> [Plane; 3] {
        let mut rgb = [self.l.clone(), self.a.clone(), self.b.clone()];
        for_bands(rgb.each_mut(), |_, [r, g, b]| {
            wide_lanes(|| rows_to_linear(r, g, b));
            space.rows_from_linear(r, g, b);
        });
        rgb
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

/// Writes the CIELAB of rows of encoded RGB.
fn rows_of(rgb: [&[f32]; 3], space: &ColourSpace, [l, a, b]: [&mut [f32]; 3]) {
    for (row, encoded) in [&mut *l, &mut *a, &mut *b].into_iter().zip(rgb) {
        row.copy_from_slice(encoded);
    }
    space.rows_to_linear(l, a, b);
    wide_lanes(|| rows_to_lab(l, a, b));
}

#[inline(always)]
fn rows_to_lab(red: &mut [f32], green: &mut [f32], blue: &mut [f32]) {
    for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
        [*r, *g, *b] = linear_to_lab([*r, *g, *b]);
    }
}

#[inline(always)]
fn rows_to_linear(l: &mut [f32], a: &mut [f32], b: &mut [f32]) {
    for ((l, a), b) in l.iter_mut().zip(a).zip(b) {
        [*l, *a, *b] = lab_to_linear([*l, *a, *b]);
    }
}

/// Calls `work` with the same range of samples of three planes of one size, range by range, on all threads.
pub fn for_bands(planes: [&mut Plane; 3], work: impl Fn(Range<usize>, [&mut [f32]; 3]) + Sync) {
    /// Samples that stay in the processor's cache while they are converted.
    const BAND: usize = 4096;
    let [first, second, third] = planes.map(|plane| plane.samples_mut().par_chunks_mut(BAND));
    first.zip(second).zip(third).enumerate().for_each(|(n, ((x, y), z))| {
        work(n * BAND..n * BAND + x.len(), [x, y, z]);
    });
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

    #[test]
    fn planes_are_converted_as_single_colours_are() {
        let size = Size::new(90, 70);
        let rgb = [1usize, 3, 7].map(|k| Plane::from_fn(size, |x, y| ((x * k + y * 5) % 101) as f32 / 100.0));
        let space = ColourSpace::srgb();
        let lab = Lab::of([&rgb[0], &rgb[1], &rgb[2]], &space);
        let back = lab.encoded(&space);
        for (x, y) in [(0, 0), (89, 69), (17, 44), (50, 3)] {
            let single = linear_to_lab(space.to_linear([0, 1, 2].map(|c| rgb[c].at(x, y))));
            assert_eq!(lab.at(x, y), single);
            (0..3).for_each(|c| assert!((back[c].at(x, y) - rgb[c].at(x, y)).abs() < 1e-3));
        }
    }
}
