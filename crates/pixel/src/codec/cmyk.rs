//! CMYK inks to sRGB, through the embedded profile where it can be used.

use moxcms::{ColorProfile, DataColorSpace, Layout, RenderingIntent, TransformOptions};
use rayon::prelude::*;

use super::DecodeNote;

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
    // Inks hold fewer dark tones than sRGB; the perceptual table is made for that way.
    let options = TransformOptions { rendering_intent: RenderingIntent::Perceptual, ..Default::default() };
    let transform =
        profile.create_transform_8bit(Layout::Rgba, &ColorProfile::new_srgb(), Layout::Rgb, options).ok()?;
    rgb.par_chunks_mut(3 * BLOCK_PIXELS)
        .zip(inks.par_chunks(4 * BLOCK_PIXELS))
        .try_for_each(|(rgb, inks)| transform.transform(inks, rgb).ok())
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
        for (a, b) in through_profile.iter().zip(&plain) {
            assert!(a.abs_diff(*b) <= 8, "{a} {b}");
        }
    }
}
