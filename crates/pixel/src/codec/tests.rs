//! Round trips, damaged files and odd kinds of files, all made here.

use proptest::prelude::*;

use super::*;
use crate::picture::{Density, DensityUnit};

mod damaged;
mod kinds;

pub(super) fn open(bytes: &[u8]) -> Decoded {
    decode(bytes, &Limits::default()).expect("decodes")
}

pub(super) fn write(picture: &Picture, format: Format) -> Vec<u8> {
    encode(picture, format, &EncodeOptions::default()).expect("encodes")
}

/// Repeatable samples without pattern.
pub(super) fn noise(len: usize, seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..len).map(move |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    })
}

pub(super) fn picture(size: Size, depth: Depth, grey: bool, alpha: bool, seed: u64) -> Picture {
    let area = size.area();
    let values: Vec<u16> = noise(3 * area, seed).map(|v| v as u16).collect();
    let wide = |index: usize| if grey { values[index / 3] } else { values[index] };
    let samples = |len: usize| match depth {
        Depth::Eight => Samples::U8((0..len).map(|i| wide(i) as u8).collect()),
        Depth::Sixteen => Samples::U16((0..len).map(wide).collect()),
    };
    Picture {
        size,
        rgb: samples(3 * area),
        alpha: alpha.then(|| samples(area)),
        grey,
        orientation: Orientation::Upright,
        metadata: Metadata::default(),
    }
}

/// A smooth picture that JPEG reproduces closely.
pub(super) fn gradient(size: Size, grey: bool) -> Picture {
    let rgb = (0..3 * size.area())
        .map(|i| {
            let (x, y, c) = (i / 3 % size.width, i / 3 / size.width, if grey { 0 } else { i % 3 });
            (40 + 150 * x / size.width + 40 * y / size.height + 10 * c) as u8
        })
        .collect();
    Picture { rgb: Samples::U8(rgb), ..picture(size, Depth::Eight, grey, false, 1) }
}

pub(super) fn worst_difference(a: &Samples, b: &Samples) -> f32 {
    assert_eq!(a.len(), b.len());
    (0..a.len()).map(|i| (a.unit(i) - b.unit(i)).abs() * 255.0).fold(0.0, f32::max)
}

fn rich_metadata() -> Metadata {
    let icc = moxcms::ColorProfile::new_display_p3().encode().expect("profile encodes");
    Metadata {
        icc: Some(icc),
        exif: Some(ifd::orientation_only(Orientation::Turn90)),
        xmp: Some(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>caf\xC3\xA9</x:xmpmeta>".to_vec()),
        ..Metadata::default()
    }
}

#[test]
fn the_profile_is_of_the_kind_of_the_samples_where_the_format_asks_for_it() {
    let rgb = moxcms::ColorProfile::new_adobe_rgb().encode().expect("encodes");
    let grey = moxcms::ColorProfile::new_gray_with_gamma(1.8).encode().expect("encodes");
    let written = |is_grey: bool, icc: &[u8], depth, format| {
        let mut original = picture(Size::new(5, 3), depth, is_grey, true, 3);
        original.metadata.icc = Some(icc.to_vec());
        let result = open(&write(&original, format)).picture;
        assert_eq!((&result.rgb, &result.alpha), (&original.rgb, &original.alpha));
        (result.grey, result.metadata.icc.expect("a profile"))
    };
    for depth in [Depth::Eight, Depth::Sixteen] {
        assert_eq!(written(true, &rgb, depth, Format::Png), (false, rgb.clone()));
        assert_eq!(written(true, &grey, depth, Format::Png), (true, grey.clone()));
    }
    for (is_grey, format) in [(false, Format::Png), (true, Format::WebP), (false, Format::WebP)] {
        let (_, icc) = written(is_grey, &grey, Depth::Eight, format);
        assert_eq!(Some(icc), own_profile::of_kind(&grey, false).map(|icc| icc.into_owned()), "{format}");
    }
    assert_eq!(written(false, b"no profile", Depth::Eight, Format::Png).1, b"no profile");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn lossless_formats_give_back_every_sample(
        width in 1usize..40, height in 1usize..40, wide: bool, grey: bool, alpha: bool, seed: u64,
    ) {
        let depth = if wide { Depth::Sixteen } else { Depth::Eight };
        let original = picture(Size::new(width, height), depth, grey, alpha, seed);
        for format in [Format::Png, Format::Tiff] {
            let bytes = write(&original, format);
            let header = probe(&bytes, &Limits::default()).expect("probes");
            let decoded = open(&bytes);
            prop_assert_eq!(header.size, original.size);
            prop_assert_eq!(header.depth, depth);
            prop_assert_eq!(decoded.format, format);
            prop_assert!(decoded.notes.is_empty());
            prop_assert_eq!(&decoded.picture.rgb, &original.rgb);
            prop_assert_eq!(&decoded.picture.alpha, &original.alpha);
            prop_assert_eq!(decoded.picture.grey, grey);
        }
    }

    #[test]
    fn webp_gives_back_every_8_bit_sample(
        width in 1usize..40, height in 1usize..40, grey: bool, alpha: bool, seed: u64,
    ) {
        let original = picture(Size::new(width, height), Depth::Eight, grey, alpha, seed);
        let decoded = open(&write(&original, Format::WebP)).picture;
        prop_assert_eq!(&decoded.rgb, &original.rgb);
        prop_assert_eq!(&decoded.alpha, &original.alpha);
    }

    #[test]
    fn any_metadata_survives(
        xmp in "[ -~]{1,200}", tail in proptest::collection::vec(any::<u8>(), 0..300), x in 1u16.., y in 1u16..,
    ) {
        let mut original = gradient(Size::new(5, 3), false);
        original.metadata.xmp = Some(xmp.into_bytes());
        original.metadata.exif = Some([ifd::orientation_only(Orientation::Upright), tail.clone()].concat());
        original.metadata.iptc = Some([b"Photoshop 3.0\0".as_slice(), &tail].concat());
        original.metadata.xmp_extension = vec![tail.clone(), vec![7; 50]];
        original.metadata.density =
            Some(Density { x: f64::from(x), y: f64::from(y), unit: DensityUnit::Centimetre });
        let decoded = open(&write(&original, Format::Jpeg)).picture.metadata;
        if tail.is_empty() {
            prop_assert_eq!(decoded.iptc, None);
        } else {
            prop_assert_eq!(decoded, original.metadata);
        }
    }
}

#[test]
fn metadata_survives_in_every_format() {
    for format in Format::ALL {
        let mut original = gradient(Size::new(9, 7), false);
        original.metadata = rich_metadata();
        original.orientation = Orientation::Turn90;
        let decoded = open(&write(&original, format)).picture;
        assert_eq!(decoded.metadata.icc, original.metadata.icc, "{format}");
        assert_eq!(decoded.metadata.xmp, original.metadata.xmp, "{format}");
        assert_eq!(decoded.metadata.exif, original.metadata.exif, "{format}");
        assert_eq!(decoded.orientation, Orientation::Turn90, "{format}");
    }
}

#[test]
fn all_orientations_are_read_and_written() {
    for format in Format::ALL {
        for orientation in Orientation::ALL {
            let mut original = gradient(Size::new(6, 4), false);
            original.orientation = orientation;
            let bytes = write(&original, format);
            assert_eq!(open(&bytes).picture.orientation, orientation, "{format}");
            assert_eq!(
                probe(&bytes, &Limits::default()).expect("probes").orientation,
                orientation,
                "{format}"
            );
            assert_eq!(open(&bytes).picture.size, original.size, "stored pixels are not turned");
        }
    }
}

#[test]
fn a_tiff_keeps_iptc_and_density() {
    let mut original = gradient(Size::new(4, 4), false);
    original.metadata.iptc = Some(b"\x1c\x02\x05\0\x03abc".to_vec());
    original.metadata.density = Some(Density { x: 300.0, y: 240.5, unit: DensityUnit::Inch });
    let decoded = open(&write(&original, Format::Tiff)).picture.metadata;
    assert_eq!((decoded.iptc, decoded.density), (original.metadata.iptc, original.metadata.density));
}

#[test]
fn clipping_paths_stay_beside_the_iptc_of_a_tiff() {
    let path: &[u8] = b"8BIM\x07\xd0\x05outer\0\0\0\x04path";
    let record: &[u8] = b"\x1c\x02\x05\0\x03abc";
    let mut original = gradient(Size::new(4, 4), false);
    original.metadata.iptc = Some(record.to_vec());
    original.metadata.photoshop = Some(path.to_vec());
    let tiff = open(&write(&original, Format::Tiff)).picture.metadata;
    assert_eq!(
        (tiff.iptc, tiff.photoshop),
        (original.metadata.iptc.clone(), original.metadata.photoshop.clone())
    );

    let jpeg = open(&write(&original, Format::Jpeg)).picture.metadata.iptc.expect("block");
    assert!(jpeg.ends_with(path));
    assert_eq!(photoshop::iptc(&jpeg[b"Photoshop 3.0\0".len()..]), Some(record));
}

#[test]
fn bare_iptc_becomes_a_photoshop_block_in_jpeg() {
    let mut original = gradient(Size::new(4, 4), false);
    original.metadata.iptc = Some(b"\x1c\x02\x05\0\x03abc".to_vec());
    let iptc = open(&write(&original, Format::Jpeg)).picture.metadata.iptc.expect("block");
    assert_eq!(iptc, b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x08\x1c\x02\x05\0\x03abc");
}

#[test]
fn exif_that_is_too_long_for_jpeg_keeps_the_orientation_and_the_basic_tags() {
    let mut original = gradient(Size::new(4, 4), false);
    original.orientation = Orientation::Turn90;
    let tags = vec![
        ifd::Entry::short(ifd::ORIENTATION, &[6]),
        ifd::Entry::bytes(271, b"Camera\0"),
        ifd::Entry::bytes(0xEA1C, &[0; 70_000]),
    ];
    let block = ifd::to_exif_block(&ifd::Directory { entries: tags, children: vec![] });
    for (exif, camera) in [(block, Some(&b"Camera\0"[..])), (vec![7; 70_000], None)] {
        original.metadata.exif = Some(exif);
        let decoded = open(&write(&original, Format::Jpeg)).picture;
        assert_eq!(decoded.orientation, Orientation::Turn90);
        let kept = decoded.metadata.exif.as_deref().and_then(ifd::read).expect("a block");
        assert_eq!(kept.get(271).map(ifd::Entry::value), camera);
        assert_eq!(left_out(&original, Format::Jpeg), [EncodeNote::ExifShortened]);
        assert_eq!(left_out(&original, Format::Png), []);
    }
    original.metadata = Metadata { xmp: Some(vec![b' '; 70_000]), ..Metadata::default() };
    assert_eq!(open(&write(&original, Format::Jpeg)).picture.metadata.xmp, None);
    assert_eq!(left_out(&original, Format::Jpeg), [EncodeNote::XmpLeftOut]);
    original.metadata = rich_metadata();
    assert_eq!(left_out(&original, Format::Jpeg), []);
}

#[test]
fn density_is_translated_between_units() {
    let mut original = gradient(Size::new(4, 4), false);
    original.metadata.density = Some(Density { x: 300.0, y: 300.0, unit: DensityUnit::Inch });
    let png = open(&write(&original, Format::Png)).picture;
    assert_eq!(png.metadata.density, Some(Density { x: 11_811.0, y: 11_811.0, unit: DensityUnit::Metre }));
    assert_eq!(open(&write(&png, Format::Jpeg)).picture.metadata.density, original.metadata.density);
}

#[test]
fn a_profile_of_several_segments_survives() {
    let mut original = gradient(Size::new(4, 4), false);
    let mut icc = moxcms::ColorProfile::new_adobe_rgb().encode().expect("encodes");
    icc.extend(noise(200_000, 3).map(|v| v as u8));
    original.metadata.icc = Some(icc);
    let decoded = open(&write(&original, Format::Jpeg));
    assert_eq!(decoded.picture.metadata.icc, original.metadata.icc);
}

#[test]
fn jpeg_is_close_and_grey_stays_grey() {
    for grey in [false, true] {
        let original = gradient(Size::new(61, 43), grey);
        let bytes = write(&original, Format::Jpeg);
        let decoded = open(&bytes).picture;
        assert!(worst_difference(&decoded.rgb, &original.rgb) <= 3.0);
        assert_eq!(decoded.grey, grey);
        let channels = if grey { Channels::Grey } else { Channels::Rgb };
        assert_eq!(probe(&bytes, &Limits::default()).expect("probes").channels, channels);
    }
}

#[test]
fn jpeg_does_not_subsample_chroma() {
    let original = Picture {
        rgb: Samples::U8(
            (0..64 * 64).flat_map(|i| if i % 2 == 0 { [220, 40, 60] } else { [60, 160, 40] }).collect(),
        ),
        ..gradient(Size::new(64, 64), false)
    };
    assert!(worst_difference(&open(&write(&original, Format::Jpeg)).picture.rgb, &original.rgb) < 16.0);
}

#[test]
fn every_flat_grey_survives_jpeg_exactly() {
    for level in 0..=255u8 {
        let original = Picture { rgb: Samples::U8(vec![level; 3 * 64]), ..gradient(Size::new(8, 8), true) };
        let options = EncodeOptions { jpeg_quality: 100 };
        let bytes = encode(&original, Format::Jpeg, &options).expect("encodes");
        assert_eq!(open(&bytes).picture.rgb, original.rgb);
    }
}

#[test]
fn jpeg_lays_transparent_parts_over_white() {
    let mut original = gradient(Size::new(8, 8), false);
    original.alpha = Some(Samples::U8(vec![0; 64]));
    let Samples::U8(rgb) = open(&write(&original, Format::Jpeg)).picture.rgb else { panic!("8 bits") };
    assert!(rgb.iter().all(|&v| v >= 254));
}

#[test]
fn sixteen_bits_are_rounded_where_a_format_has_eight() {
    assert_eq!(narrow(&[0, 128, 129, 65_535, 32_896]), [0, 0, 1, 255, 128]);
}

#[test]
fn layers_decode_to_what_was_pushed() {
    for channels in [LayerChannels::Grey, LayerChannels::Rgba] {
        let samples = if channels == LayerChannels::Rgba { 4 } else { 1 };
        let row = 37 * samples;
        let profile = match channels {
            LayerChannels::Grey => moxcms::ColorProfile::new_gray_with_gamma(1.8),
            LayerChannels::Rgba => moxcms::ColorProfile::new_display_p3(),
        };
        let icc = profile.encode().expect("encodes");
        let mut wide: Vec<u16> = noise(5 * row, 9).map(|v| v as u16).collect();
        wide[2 * row..3 * row].fill(0);
        let narrow: Vec<u8> = wide.iter().map(|&v| v as u8).collect();
        let size = Size::new(37, 12);

        let mut layer = LayerPng::new(size, Depth::Eight, channels, Orientation::Turn90, Some(&icc));
        layer.push_empty_rows(4);
        layer.push_rows(&narrow);
        layer.push_empty_rows(3);
        let eight = open(&layer.finish().expect("finishes")).picture;
        assert_eq!(eight.metadata.icc.as_ref(), Some(&icc));
        assert_eq!(eight.orientation, Orientation::Turn90);

        let mut layer = LayerPng::new(size, Depth::Sixteen, channels, Orientation::Upright, None);
        layer.push_empty_rows(4);
        layer.push_rows_16(&wide);
        layer.push_empty_rows(3);
        let sixteen = open(&layer.finish().expect("finishes")).picture;
        assert_eq!((&sixteen.metadata.exif, sixteen.orientation), (&None, Orientation::Upright));

        for y in 0..12 {
            for x in 0..37 {
                for c in 0..samples {
                    let inside = (4..9).contains(&y).then(|| (y - 4) * row + x * samples + c);
                    let at = |picture: &Picture| match (c, &picture.alpha) {
                        (3, Some(alpha)) => alpha.unit(y * 37 + x),
                        _ => picture.rgb.unit(3 * (y * 37 + x) + c),
                    };
                    assert_eq!(at(&eight), inside.map_or(0.0, |i| f32::from(narrow[i]) / 255.0));
                    assert_eq!(at(&sixteen), inside.map_or(0.0, |i| f32::from(wide[i]) / 65_535.0));
                }
            }
        }
    }
}

#[test]
fn an_empty_layer_is_small() {
    let size = Size::new(1000, 1000);
    let mut layer = LayerPng::new(size, Depth::Eight, LayerChannels::Rgba, Orientation::Upright, None);
    layer.push_empty_rows(1000);
    assert!(layer.finish().expect("finishes").len() < 25_000);
}

#[test]
fn a_picture_that_does_not_fit_is_refused() {
    let mut broken = gradient(Size::new(4, 4), false);
    broken.rgb = Samples::U8(vec![0; 5]);
    let refused = encode(&broken, Format::Png, &EncodeOptions::default());
    assert_eq!(refused, Err(EncodeError::SampleCount));
    let long = gradient(Size::new(16_385, 1), false);
    assert!(matches!(
        encode(&long, Format::WebP, &EncodeOptions::default()),
        Err(EncodeError::TooLarge { format: Format::WebP, .. })
    ));
}
