//! ICC profiles that are attached to pictures and layers whose file had none of the right kind.

use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, LocalizableString,
    MatrixCoefficients, ProfileText, ToneReprCurve, TransferCharacteristics, XyY, Xyz, adaption_matrix_d,
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

/// White of the profile connection space (ICC.1:2022, 7.2.16): D50, in these digits and no others.
const D50: Xyz = Xyz { x: 0.9642, y: 1.0, z: 0.8249 };

/// White of sRGB, and of grey samples, which are shown on the same screens.
const D65: XyY = XyY { x: 0.3127, y: 0.329, yb: 1.0 };

/// Place of the date in a profile's header (ICC.1:2022, 7.2.1), and 1 January 2026.
const DATE_FIELD: Range<usize> = 24..36;
const DATE: [u8; 12] = [7, 234, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0];

/// sRGB, for pictures that were converted to it.
pub(super) fn srgb() -> Option<Vec<u8>> {
    encode(srgb_profile(), D65)
}

fn srgb_profile() -> ColorProfile {
    let mut profile = ColorProfile::new_srgb();
    let [_, red, green, blue] = SRGB_CHROMATICITIES.map(|(x, y)| Chromaticity { x, y });
    profile.update_rgb_colorimetry(D65, ColorPrimaries { red, green, blue });
    profile
}

/// The profile of RGB code points, as a PNG's cICP chunk names them, or of their curve for grey samples; `None` for
/// sRGB and unknown codes.
pub(super) fn from_code_points(primaries: u8, transfer: u8, grey: bool) -> Option<Vec<u8>> {
    if (primaries, transfer) == SRGB {
        return None;
    }
    let color_primaries = CicpColorPrimaries::try_from(primaries).ok()?;
    let mut profile = ColorProfile::new_from_cicp(CicpProfile {
        color_primaries,
        transfer_characteristics: TransferCharacteristics::try_from(transfer).ok()?,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    if !profile.is_matrix_shaper() {
        return None;
    }
    describe(&mut profile, &format!("Code points {primaries} and {transfer} of ITU-T H.273"));
    if grey { encode(grey_of(profile), D65) } else { encode(profile, white_of(color_primaries)) }
}

/// White of the primaries (ITU-T H.273, table 2).
fn white_of(primaries: CicpColorPrimaries) -> XyY {
    match primaries {
        CicpColorPrimaries::Bt470M | CicpColorPrimaries::GenericFilm => XyY { x: 0.31, y: 0.316, yb: 1.0 },
        CicpColorPrimaries::Xyz => XyY { x: 1.0 / 3.0, y: 1.0 / 3.0, yb: 1.0 },
        CicpColorPrimaries::Smpte431 => XyY { x: 0.314, y: 0.351, yb: 1.0 },
        _ => D65,
    }
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
    let mut profile = srgb_profile();
    let mut white = D65;
    if let Some([given, red, green, blue]) = chromaticities {
        white = XyY { x: f64::from(given.0), y: f64::from(given.1), yb: 1.0 };
        let [red, green, blue] = [red, green, blue].map(|(x, y)| Chromaticity { x, y });
        profile.update_rgb_colorimetry(white, ColorPrimaries { red, green, blue });
    }
    if let Some(gamma) = gamma {
        set_curve(&mut profile, ToneReprCurve::Parametric(vec![1.0 / gamma]));
    }
    describe(&mut profile, "PNG gamma and chromaticities");
    let icc = encode(if grey { grey_of(profile) } else { profile }, white)?;
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
    profile.description = Some(english(words));
}

fn english(words: &str) -> ProfileText {
    ProfileText::Localizable(vec![LocalizableString::new("en".into(), "US".into(), words.into())])
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

/// Whether the profile is of RGB samples.
pub(super) fn is_rgb(icc: &[u8]) -> bool {
    icc.get(16..20) == Some(b"RGB ")
}

/// The profile for RGB samples in a format that asks for one of their kind: a grey one becomes its tone curve around
/// sRGB's primaries, any other stays, even if it is of no use.
pub(super) fn for_rgb(icc: &[u8]) -> Cow<'_, [u8]> {
    of_kind(icc, false).unwrap_or(Cow::Borrowed(icc))
}

fn grey_as_rgb(icc: &[u8]) -> Option<Vec<u8>> {
    let curve = ColorProfile::new_from_slice(icc).ok()?.gray_trc?;
    let mut profile = srgb_profile();
    set_curve(&mut profile, curve);
    describe(&mut profile, "Tone curve of a grey profile");
    encode(profile, D65)
}

/// The profile's bytes, for a space with this white, with a fixed date so that they are the same at all times.
///
/// moxcms rounds D50 otherwise than the standard prints it, gives the medium the white of the space and the plain
/// Bradford matrix as the adaptation, by all of which absolute colorimetric rendering goes wrong.
fn encode(mut profile: ColorProfile, white: XyY) -> Option<Vec<u8>> {
    profile.cicp = None;
    profile.copyright = Some(english("Public Domain"));
    profile.white_point = D50.to_xyzd();
    profile.media_white_point = Some(D50.to_xyzd());
    profile.chromatic_adaptation = Some(adaption_matrix_d(white.to_xyz(), D50));
    let (red, green, blue) = (profile.red_colorant, profile.green_colorant, profile.blue_colorant);
    let sum =
        [red.x + green.x + blue.x, red.y + green.y + blue.y, red.z + green.z + blue.z].map(|v| v as f32);
    if sum[1] > 0.0 {
        let adapted = adaption_matrix_d(Xyz::new(sum[0], sum[1], sum[2]), D50);
        profile.red_colorant = red.matrix_mul(adapted);
        profile.green_colorant = green.matrix_mul(adapted);
        profile.blue_colorant = blue.matrix_mul(adapted);
    }
    let mut icc = profile.encode().ok()?;
    // moxcms writes the time of the call whatever the profile says.
    icc.get_mut(DATE_FIELD)?.copy_from_slice(&DATE);
    aligned(&icc)
}

/// The profile with each tag at a multiple of four bytes (ICC.1:2022, 7.2.1), which moxcms does not look to.
fn aligned(icc: &[u8]) -> Option<Vec<u8>> {
    let number = |at: usize| Some(u32::from_be_bytes(*icc.get(at..)?.first_chunk()?) as usize);
    let table = 132..132 + 12 * number(128)?;
    let mut out = icc.get(..table.end)?.to_vec();
    for entry in table.step_by(12) {
        let (start, length) = (number(entry + 4)?, number(entry + 8)?);
        let place = (out.len() as u32).to_be_bytes();
        out[entry + 4..entry + 8].copy_from_slice(&place);
        out.extend_from_slice(icc.get(start..start + length)?);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    let length = (out.len() as u32).to_be_bytes();
    out[..4].copy_from_slice(&length);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attached_srgb_is_srgb_and_always_the_same() {
        assert_eq!(srgb().expect("encodes")[DATE_FIELD], DATE);
        assert!(ColourSpace::from_icc(&srgb().expect("encodes")).expect("usable").is_srgb());
    }

    /// The numbers of a tag (ICC.1:2022, 7.3: 12 bytes an entry; s15Fixed16 behind 8 bytes of head).
    fn numbers(icc: &[u8], tag: &[u8; 4], count: usize) -> Vec<f64> {
        let long = |at: usize| i32::from_be_bytes(icc[at..at + 4].try_into().expect("four bytes"));
        let entry = (132..).step_by(12).find(|&at| &icc[at..at + 4] == tag).expect("the tag is there");
        let start = long(entry + 4) as usize + 8;
        (0..count).map(|index| f64::from(long(start + 4 * index)) / 65_536.0).collect()
    }

    #[test]
    fn profiles_stand_on_d50_and_say_how_their_white_was_brought_there() {
        let grey = ColorProfile::new_gray_with_gamma(1.8).encode().expect("encodes");
        let warm = [(0.3457, 0.3585), (0.7, 0.3), (0.2, 0.7), (0.15, 0.05)];
        let dci = (0.314, 0.351);
        let profiles = [
            (srgb(), SRGB_CHROMATICITIES[0]),
            (from_code_points(12, 13, false), SRGB_CHROMATICITIES[0]),
            (from_code_points(11, 8, false), dci),
            (from_code_points(12, 8, true), SRGB_CHROMATICITIES[0]),
            (from_gamma(Some(1.0), None, true), SRGB_CHROMATICITIES[0]),
            (from_gamma(Some(0.45), Some(warm), false), warm[0]),
            (of_kind(&grey, false).map(Cow::into_owned), SRGB_CHROMATICITIES[0]),
        ];
        for (index, (icc, (x, y))) in profiles.into_iter().enumerate() {
            let icc = icc.expect("a profile");
            assert_eq!(&icc[68..80], [0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D], "{index}: illuminant");
            let number =
                |at: usize| u32::from_be_bytes(icc[at..at + 4].try_into().expect("four bytes")) as usize;
            assert_eq!((number(0), icc.len() % 4), (icc.len(), 0), "{index}: length");
            let starts = (0..number(128)).map(|n| number(132 + 12 * n + 4));
            assert!(starts.into_iter().all(|start| start % 4 == 0), "{index}: places of tags");
            let white = numbers(&icc, b"wtpt", 3);
            let d50 = [0.9642, 1.0, 0.8249];
            let near = |one: &[f64], other: &[f64]| one.iter().zip(other).all(|(a, b)| (a - b).abs() < 5e-5);
            assert!(near(&white, &d50), "{index}: {white:?}");
            let chad = numbers(&icc, b"chad", 9);
            let (x, y) = (f64::from(x), f64::from(y));
            let space = [x / y, 1.0, (1.0 - x - y) / y];
            let adapted = [0, 3, 6].map(|row| (0..3).map(|i| chad[row + i] * space[i]).sum::<f64>());
            assert!(near(&adapted, &d50), "{index}: {adapted:?}");
            if &icc[16..20] == b"RGB " {
                let colorants = [b"rXYZ", b"gXYZ", b"bXYZ"].map(|tag| numbers(&icc, tag, 3));
                let sum = [0, 1, 2].map(|i| colorants.iter().map(|c| c[i]).sum::<f64>());
                assert!(near(&sum, &d50), "{index}: {sum:?}");
            }
            let _ = (numbers(&icc, b"desc", 0), numbers(&icc, b"cprt", 0));
        }
        // IEC 61966-2-1 as ICC publishes it.
        let red = numbers(&srgb().expect("encodes"), b"rXYZ", 3);
        assert!(red.iter().zip([0.4360, 0.2225, 0.0139]).all(|(a, b)| (a - b).abs() < 3e-4), "{red:?}");
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
