//! Colour: the sRGB transfer curve and CIELAB, the space in which corrections are thought.
//!
//! *Encoded* values are what files hold (0..1), *linear* values are light with BT.709 primaries
//! and D65 white. CIELAB here is relative to D65, L* 0..100, as lightness and colour differences
//! are commonly judged.

mod lab;
pub mod profile;

pub use lab::{Lab, for_bands, lab_to_linear, linear_to_lab};

/// sRGB transfer curve (IEC 61966-2-1), light from an encoded value; mirrored for negative values.
pub fn srgb_to_linear(encoded: f32) -> f32 {
    let v = encoded.abs();
    let light = if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) };
    light.copysign(encoded)
}

/// Inverse of [`srgb_to_linear`].
pub fn linear_to_srgb(linear: f32) -> f32 {
    let v = linear.abs();
    let encoded = if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
    encoded.copysign(linear)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn srgb_curve_inverts_itself() {
        for i in -20..=120 {
            let v = i as f32 / 100.0;
            assert!((linear_to_srgb(srgb_to_linear(v)) - v).abs() < 1e-5, "{v}");
        }
    }
}
