//! ICC profiles that are attached to pictures and layers whose file had none of the right kind.

use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, LocalizableString,
    MatrixCoefficients, ProfileText, ToneReprCurve, TransferCharacteristics, XyY,
};

use crate::colour::profile::ColourSpace;

/// Code points of sRGB (ITU-T H.273): BT.709 primaries, IEC 61966-2-1 transfer.
pub(super) const SRGB: (u8, u8) = (1, 13);

/// White, red, green and blue of sRGB as CIE x and y.
const SRGB_CHROMATICITIES: [(f32, f32); 4] = [(0.3127, 0.329), (0.64, 0.33), (0.3, 0.6), (0.15, 0.06)];

/// Largest difference at which chromaticities count as those of sRGB; writers round them variously.
const SAME_CHROMATICITY: f32 = 0.002;

/// The image gamma by which PNG files mean the curve of sRGB, and how far two-digit roundings of it lie.
const SRGB_GAMMA: f32 = 1.0 / 2.2;
const SAME_GAMMA: f32 = 0.005;

/// Image gammas beyond this are mistakes: the curve would be a step.
const USABLE_GAMMA: RangeInclusive<f32> = 0.1..=10.0;

/// Place of the date in a profile's header (ICC.1:2022, 7.2.1), and 1 January 2026.
const DATE_FIELD: Range<usize> = 24..36;
const DATE: [u8; 12] = [7, 234, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0];

/// sRGB, for pictures that were converted to it.
pub(super) fn srgb() -> Option<Vec<u8>> {
    encode(ColorProfile::new_srgb())
}

/// The profile of RGB code points, as a PNG's cICP chunk names them, or of their curve for grey samples; `None` for
/// sRGB and unknown codes.
pub(super) fn from_code_points(primaries: u8, transfer: u8, grey: bool) -> Option<Vec<u8>> {
    if (primaries, transfer) == SRGB {
        return None;
    }
    let profile = ColorProfile::new_from_cicp(CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
        transfer_characteristics: TransferCharacteristics::try_from(transfer).ok()?,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    if !profile.is_matrix_shaper() {
        return None;
    }
    encode(if grey { grey_of(profile) } else { profile })
}

/// Whether code points with this transfer mean one curve wherever they are shown: the gammas 2.2 and 2.8, linear light
/// and sRGB. Those of video are shown by other curves than they were coded with.
pub(super) fn is_of_stills(transfer: u8) -> bool {
    matches!(transfer, 4 | 5 | 8 | 13)
}

/// Whether two profiles describe nearly the same colours; `None` is sRGB, an unusable one is like no other.
pub(super) fn are_alike(icc: &[u8], other: Option<&[u8]>) -> bool {
    let other = other.map_or(Ok(ColourSpace::srgb()), ColourSpace::from_icc);
    let (Ok(one), Ok(other)) = (ColourSpace::from_icc(icc), other) else { return false };
    let colours = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.5; 3]];
    let alike =
        |colour| one.to_linear(colour).iter().zip(other.to_linear(colour)).all(|(a, b)| (a - b).abs() < 0.02);
    colours.into_iter().all(alike)
}

/// The profile of a PNG's image gamma (gAMA) and its white, red, green and blue (cHRM); `None` where they mean sRGB or
/// nothing usable. Without a gamma the curve is that of sRGB, without chromaticities the primaries are.
pub(super) fn from_gamma(
    gamma: Option<f32>,
    chromaticities: Option<[(f32, f32); 4]>,
    grey: bool,
) -> Option<Vec<u8>> {
    let chromaticities = chromaticities.filter(|given| !grey && !are_srgb(given));
    let like_srgb = |gamma: &f32| (gamma - SRGB_GAMMA).abs() <= SAME_GAMMA;
    let gamma =
        gamma.filter(|gamma| USABLE_GAMMA.contains(gamma) && (chromaticities.is_some() || !like_srgb(gamma)));
    if gamma.is_none() && chromaticities.is_none() {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    if let Some([white, red, green, blue]) = chromaticities {
        let white = XyY { x: f64::from(white.0), y: f64::from(white.1), yb: 1.0 };
        let [red, green, blue] = [red, green, blue].map(|(x, y)| Chromaticity { x, y });
        profile.update_rgb_colorimetry(white, ColorPrimaries { red, green, blue });
    }
    if let Some(gamma) = gamma {
        set_curve(&mut profile, ToneReprCurve::Parametric(vec![1.0 / gamma]));
    }
    describe(&mut profile, "PNG gamma and chromaticities");
    let icc = encode(if grey { grey_of(profile) } else { profile })?;
    ColourSpace::from_icc(&icc).is_ok().then_some(icc)
}

fn are_srgb(chromaticities: &[(f32, f32); 4]) -> bool {
    chromaticities.iter().zip(SRGB_CHROMATICITIES).all(|(one, other)| {
        (one.0 - other.0).abs() <= SAME_CHROMATICITY && (one.1 - other.1).abs() <= SAME_CHROMATICITY
    })
}

/// The grey profile of an RGB profile's tone curve.
fn grey_of(rgb: ColorProfile) -> ColorProfile {
    let mut grey = ColorProfile::new_gray_with_gamma(2.2);
    grey.gray_trc = rgb.red_trc;
    grey.description = rgb.description;
    grey
}

fn set_curve(profile: &mut ColorProfile, curve: ToneReprCurve) {
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
}

fn describe(profile: &mut ColorProfile, words: &str) {
    let text = LocalizableString::new("en".to_owned(), "US".to_owned(), words.to_owned());
    profile.description = Some(ProfileText::Localizable(vec![text]));
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
    set_curve(&mut profile, curve);
    describe(&mut profile, "Tone curve of a grey profile");
    encode(profile)
}

/// The profile's bytes, with a fixed date so that they are the same at all times.
fn encode(mut profile: ColorProfile) -> Option<Vec<u8>> {
    profile.cicp = None;
    let mut icc = profile.encode().ok()?;
    // moxcms writes the time of the call whatever the profile says.
    icc.get_mut(DATE_FIELD)?.copy_from_slice(&DATE);
    Some(icc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attached_srgb_is_srgb_and_always_the_same() {
        assert_eq!(srgb().expect("encodes")[DATE_FIELD], DATE);
        assert!(ColourSpace::from_icc(&srgb().expect("encodes")).expect("usable").is_srgb());
    }

    #[test]
    fn code_points_give_their_gamut() {
        let p3 = from_code_points(12, 13, false).expect("Display P3");
        let red = ColourSpace::from_icc(&p3).expect("usable").to_linear([1.0, 0.0, 0.0]);
        assert!((red[0] - 1.2249).abs() < 2e-3 && (red[1] + 0.0420).abs() < 2e-3, "{red:?}");
        assert_eq!(from_code_points(1, 13, false), None);
        assert_eq!(from_code_points(2, 2, false), None);
        assert_eq!(from_code_points(200, 13, false), None);
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

    #[test]
    fn gamma_and_chromaticities_give_their_space() {
        let adobe = [(0.3127, 0.329), (0.64, 0.33), (0.21, 0.71), (0.15, 0.06)];
        for (gamma, chromaticities) in [
            (None, None),
            (Some(0.45455), None),
            (Some(0.45), Some(SRGB_CHROMATICITIES)),
            (None, Some(SRGB_CHROMATICITIES)),
            (Some(0.0), None),
            (Some(1e-5), None),
            (None, Some([(0.3127, 0.0); 4])),
        ] {
            assert_eq!(from_gamma(gamma, chromaticities, false), None, "{gamma:?} {chromaticities:?}");
        }
        let space = |gamma, chromaticities, grey| {
            let icc = from_gamma(gamma, chromaticities, grey).expect("a profile");
            assert_eq!(&icc[16..20], if grey { b"GRAY" } else { b"RGB " });
            ColourSpace::from_icc(&icc).expect("usable")
        };
        for grey in [false, true] {
            let half = space(Some(1.0), None, grey).to_linear([0.5; 3]);
            assert!(half.iter().all(|v| (v - 0.5).abs() < 1e-3), "{half:?}");
        }
        let published = ColorProfile::new_adobe_rgb().encode().expect("encodes");
        let published = ColourSpace::from_icc(&published).expect("usable");
        for colour in [[1.0, 0.0, 0.0], [0.2, 0.9, 0.4], [0.5; 3]] {
            let (one, other) =
                (space(Some(0.4547), Some(adobe), false).to_linear(colour), published.to_linear(colour));
            assert!(one.iter().zip(other).all(|(a, b)| (a - b).abs() < 3e-3), "{one:?} {other:?}");
        }
        let curve = space(None, Some(adobe), false).to_linear([0.5; 3]);
        assert!(curve.iter().all(|v| (v - 0.2140).abs() < 1e-3), "sRGB's curve, {curve:?}");
    }
}
