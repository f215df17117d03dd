//! ICC profiles that are attached to pictures and layers whose file had none of the right kind.

use std::borrow::Cow;

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorDateTime, ColorProfile, LocalizableString, MatrixCoefficients,
    ProfileText, TransferCharacteristics,
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

/// The upload's profile as a PNG of grey or RGB samples may hold it (third edition, 11.3.2.3: the kinds must agree).
///
/// RGB layers of a grey upload get its tone curve around sRGB's primaries. Grey samples have no RGB profile, and a
/// profile of any other kind describes neither.
pub(super) fn of_kind(icc: &[u8], grey: bool) -> Option<Cow<'_, [u8]>> {
    match (icc.get(16..20)?, grey) {
        (b"GRAY", true) | (b"RGB ", false) => Some(Cow::Borrowed(icc)),
        (b"GRAY", false) => grey_as_rgb(icc).map(Cow::Owned),
        _ => None,
    }
}

fn grey_as_rgb(icc: &[u8]) -> Option<Vec<u8>> {
    let curve = ColorProfile::new_from_slice(icc).ok()?.gray_trc?;
    let mut profile = ColorProfile::new_srgb();
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
    let text = |words: &str| LocalizableString::new("en".to_owned(), "US".to_owned(), words.to_owned());
    profile.description = Some(ProfileText::Localizable(vec![text("Tone curve of a grey profile")]));
    encode(profile)
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

    #[test]
    fn profiles_go_only_to_samples_of_their_kind() {
        let rgb = ColorProfile::new_adobe_rgb().encode().expect("encodes");
        let grey = ColorProfile::new_gray_with_gamma(1.8).encode().expect("encodes");
        assert_eq!(of_kind(&rgb, false).as_deref(), Some(rgb.as_slice()));
        assert_eq!(of_kind(&rgb, true), None);
        assert_eq!(of_kind(&grey, true).as_deref(), Some(grey.as_slice()));
        assert_eq!(of_kind(&[1, 2, 3, 4], false), None);

        let coloured = of_kind(&grey, false).expect("a profile of three curves");
        assert_eq!(&coloured[16..20], b"RGB ");
        let spaces = [&grey, &*coloured].map(|icc| ColourSpace::from_icc(icc).expect("usable"));
        for level in [0.0, 0.1, 0.5, 1.0] {
            let [one, other] = [0, 1].map(|i: usize| spaces[i].to_linear([level; 3])[1]);
            assert!((one - other).abs() < 1e-3, "{level}: {one} and {other}");
        }
    }
}
