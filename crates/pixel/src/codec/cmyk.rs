//! CMYK inks to sRGB, through the embedded profile where it can be used.

use moxcms::{ColorProfile, DataColorSpace, Layout, RenderingIntent, TransformOptions};
use rayon::prelude::*;

use super::DecodeNote;
use crate::colour::{linear_to_srgb, srgb_to_linear};

const BLOCK_PIXELS: usize = 16 * 1024;

/// RGB samples in sRGB and the note that says how they came about.
///
/// `inks` holds C M Y K for each pixel, 255 meaning full ink; `icc` is the file's profile. Without a
/// usable CMYK profile each channel is `(1 - ink) * (1 - black)`, as the PDF specification (ISO
/// 32000-1, 10.3.5, multiplicative form) and most viewers do for DeviceCMYK.
pub(super) fn to_srgb(inks: &[u8], icc: Option<&[u8]>) -> (Vec<u8>, DecodeNote) {
    let mut rgb = vec![0u8; inks.len() / 4 * 3];
    if let Some(icc) = icc
        && convert_by_profile(inks, icc, &mut rgb).is_some()
    {
        return (rgb, DecodeNote::CmykConverted);
    }
    rgb.par_chunks_mut(3 * BLOCK_PIXELS).zip(inks.par_chunks(4 * BLOCK_PIXELS)).for_each(|(rgb, inks)| {
        for (rgb, ink) in rgb.chunks_exact_mut(3).zip(inks.chunks_exact(4)) {
            let light = 255 - u32::from(ink[3]);
            for (channel, &ink) in rgb.iter_mut().zip(ink) {
                *channel = (((255 - u32::from(ink)) * light + 127) / 255) as u8;
            }
        }
    });
    (rgb, DecodeNote::CmykConvertedWithoutProfile)
}

fn convert_by_profile(inks: &[u8], icc: &[u8], rgb: &mut [u8]) -> Option<()> {
    let profile = ColorProfile::new_from_slice(icc).ok()?;
    if profile.color_space != DataColorSpace::Cmyk {
        return None;
    }
    let options = TransformOptions { rendering_intent: RenderingIntent::Perceptual, ..Default::default() };
    let srgb = ColorProfile::new_srgb();
    let to_rgb = profile.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgb, options).ok()?;
    let mut black = [0u8; 3];
    to_rgb.transform(&[255; 4], &mut black).ok()?;
    let curve = black_point_compensation(black);
    rgb.par_chunks_mut(3 * BLOCK_PIXELS).zip(inks.par_chunks(4 * BLOCK_PIXELS)).try_for_each(|(rgb, inks)| {
        to_rgb.transform(inks, rgb).ok()?;
        rgb.iter_mut().for_each(|v| *v = curve[usize::from(*v)]);
        Some(())
    })
}

/// The curve that makes all inks together black: light is stretched so that `black` (encoded sRGB)
/// falls on 0 and white stays. Without it dark tones of print look washed out on a screen.
fn black_point_compensation(black: [u8; 3]) -> [u8; 256] {
    let light = |v: u8| srgb_to_linear(f32::from(v) / 255.0);
    let floor = 0.2126 * light(black[0]) + 0.7152 * light(black[1]) + 0.0722 * light(black[2]);
    // A profile whose darkest ink is not dark is no print profile to be stretched.
    let floor = if floor > 0.1 { 0.0 } else { floor };
    std::array::from_fn(|v| {
        let stretched = ((light(v as u8) - floor) / (1.0 - floor)).clamp(0.0, 1.0);
        (linear_to_srgb(stretched) * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::profile::table_profile::table_profile;

    #[test]
    fn plain_conversion_maps_paper_and_black() {
        let (rgb, note) = to_srgb(&[0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0], None);
        assert_eq!(rgb, [255, 255, 255, 0, 0, 0, 0, 255, 255]);
        assert_eq!(note, DecodeNote::CmykConvertedWithoutProfile);
    }

    #[test]
    fn the_darkest_ink_becomes_black_and_white_stays() {
        let curve = black_point_compensation([40, 38, 42]);
        assert!(curve[38] <= 6, "{}", curve[38]);
        assert_eq!((curve[0], curve[255]), (0, 255));
        assert!(curve.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(black_point_compensation([0; 3]).iter().enumerate().all(|(v, &c)| v == usize::from(c)));
    }

    #[test]
    fn an_rgb_profile_is_not_taken_for_inks() {
        let icc = super::super::own_profile::srgb().expect("sRGB profile encodes");
        assert_eq!(to_srgb(&[0; 4], Some(&icc)).1, DecodeNote::CmykConvertedWithoutProfile);
    }

    #[test]
    fn an_embedded_profile_is_followed() {
        let icc = table_profile(4, |ink| [0, 1, 2].map(|c| f64::from((1.0 - ink[c]) * (1.0 - ink[3]))));
        let inks: Vec<u8> = (0..=255u8).flat_map(|v| [v, v / 2, 255 - v, v / 4]).collect();
        let (through_profile, note) = to_srgb(&inks, Some(&icc));
        assert_eq!(note, DecodeNote::CmykConverted);
        let (plain, _) = to_srgb(&inks, None);
        // The coarse table does not reach black; what it lacks, the compensation takes off dark tones.
        for (a, b) in through_profile.iter().zip(&plain) {
            let bound = if *b < 32 { 16 } else { 8 };
            assert!(a.abs_diff(*b) <= bound, "{a} {b}");
        }
    }
}
