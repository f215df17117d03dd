//! ICC profiles that are attached to pictures whose file had none of the right kind.

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorDateTime, ColorProfile, MatrixCoefficients, TransferCharacteristics,
};

/// Code points of sRGB (ITU-T H.273): BT.709 primaries, IEC 61966-2-1 transfer.
const SRGB: (u8, u8) = (1, 13);

/// sRGB, for pictures that were converted to it.
pub(super) fn srgb() -> Option<Vec<u8>> {
    encode(ColorProfile::new_srgb())
}

/// The profile of RGB code points, as a PNG's cICP chunk names them; `None` for sRGB and unknown codes.
pub(super) fn from_code_points(primaries: u8, transfer: u8) -> Option<Vec<u8>> {
    if (primaries, transfer) == SRGB {
        return None;
    }
    let profile = ColorProfile::new_from_cicp(CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
        transfer_characteristics: TransferCharacteristics::try_from(transfer).ok()?,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    if profile.is_matrix_shaper() { encode(profile) } else { None }
}

/// The profile's bytes, with a fixed date so that they are the same at all times.
fn encode(mut profile: ColorProfile) -> Option<Vec<u8>> {
    profile.creation_date_time =
        ColorDateTime::new_from_slice(&[7, 234, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
    profile.cicp = None;
    profile.encode().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::profile::ColourSpace;

    #[test]
    fn the_attached_srgb_is_srgb_and_always_the_same() {
        assert_eq!(srgb(), srgb());
        assert!(ColourSpace::from_icc(&srgb().expect("encodes")).expect("usable").is_srgb());
    }

    #[test]
    fn code_points_give_their_gamut() {
        let p3 = from_code_points(12, 13).expect("Display P3");
        let red = ColourSpace::from_icc(&p3).expect("usable").to_linear([1.0, 0.0, 0.0]);
        assert!((red[0] - 1.2249).abs() < 2e-3 && (red[1] + 0.0420).abs() < 2e-3, "{red:?}");
        assert_eq!(from_code_points(1, 13), None);
        assert_eq!(from_code_points(2, 2), None);
        assert_eq!(from_code_points(200, 13), None);
    }
}
