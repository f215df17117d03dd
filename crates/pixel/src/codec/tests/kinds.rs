//! Kinds of files that this crate does not write itself.

use std::io::Cursor;

use ::tiff::encoder::{Compression, DeflateLevel, TiffEncoder, colortype};
use turbojpeg::{Colorspace, Compressor, Image, PixelFormat, Subsamp};

use super::*;

fn jpeg(
    pixels: &[u8],
    size: Size,
    format: PixelFormat,
    set: impl Fn(&mut Compressor) -> turbojpeg::Result<()>,
) -> Vec<u8> {
    let mut compressor = Compressor::new().expect("compressor");
    compressor.set_quality(97).expect("quality");
    set(&mut compressor).expect("parameters");
    let image =
        Image { pixels, width: size.width, pitch: size.width * format.size(), height: size.height, format };
    compressor.compress_to_vec(image).expect("compresses")
}

fn bytes_of(picture: &Picture) -> &[u8] {
    match &picture.rgb {
        Samples::U8(rgb) => rgb,
        Samples::U16(_) => panic!("8 bits expected"),
    }
}

#[test]
fn every_jpeg_sampling_and_coding_is_read() {
    let original = gradient(Size::new(53, 37), false);
    let subsamplings = [
        Subsamp::None,
        Subsamp::Sub2x1,
        Subsamp::Sub2x2,
        Subsamp::Sub1x2,
        Subsamp::Sub4x1,
        Subsamp::Sub1x4,
        Subsamp::Gray,
    ];
    for subsampling in subsamplings {
        for (progressive, arithmetic) in [(false, false), (true, false), (false, true), (true, true)] {
            let bytes = jpeg(bytes_of(&original), original.size, PixelFormat::RGB, |c| {
                c.set_subsamp(subsampling)?;
                c.set_progressive(progressive)?;
                c.set_arithmetic(arithmetic)
            });
            let decoded = open(&bytes).picture;
            assert_eq!(decoded.grey, subsampling == Subsamp::Gray);
            let tolerance = if decoded.grey { 20.0 } else { 6.0 };
            let difference = worst_difference(&decoded.rgb, &original.rgb);
            assert!(difference < tolerance, "{subsampling:?} {progressive} {arithmetic}: {difference}");
        }
    }
}

#[test]
fn an_rgb_coded_jpeg_is_read() {
    let original = gradient(Size::new(30, 20), false);
    let bytes =
        jpeg(bytes_of(&original), original.size, PixelFormat::RGB, |c| c.set_colorspace(Colorspace::RGB));
    assert!(worst_difference(&open(&bytes).picture.rgb, &original.rgb) < 6.0);
}

#[test]
fn adobe_cmyk_is_turned_round_and_becomes_srgb() {
    let size = Size::new(32, 32);
    for colourspace in [Colorspace::CMYK, Colorspace::YCCK] {
        // Adobe stores 255 for no ink: cyan 100 %, rest none.
        let inks = [0u8, 255, 255, 255].repeat(size.area());
        let bytes = jpeg(&inks, size, PixelFormat::CMYK, |c| c.set_colorspace(colourspace));
        assert_eq!(probe(&bytes, &Limits::default()).expect("probes").channels, Channels::Cmyk);
        let decoded = open(&bytes);
        assert_eq!(decoded.notes, [DecodeNote::CmykConvertedWithoutProfile]);
        let rgb = bytes_of(&decoded.picture);
        assert!(rgb[0] < 4 && rgb[1] > 251 && rgb[2] > 251, "{:?}", &rgb[..3]);
        let icc = decoded.picture.metadata.icc.expect("profile");
        assert!(ColourSpace::from_icc(&icc).expect("usable").is_srgb());
    }
}

#[test]
fn a_broken_profile_is_noted_and_carried() {
    let mut original = gradient(Size::new(8, 8), false);
    original.metadata.icc = Some(vec![1, 2, 3, 4]);
    for format in [Format::Jpeg, Format::Png, Format::Tiff, Format::WebP] {
        let decoded = open(&write(&original, format));
        assert_eq!(decoded.notes, [DecodeNote::BrokenProfile], "{format}");
        assert_eq!(decoded.picture.metadata.icc, original.metadata.icc, "{format}");
    }
}

#[test]
fn stray_bytes_in_front_of_the_jpeg_end_are_forgiven() {
    let original = gradient(Size::new(40, 40), false);
    let mut bytes = write(&original, Format::Jpeg);
    let end = bytes.split_off(bytes.len() - 2);
    bytes.extend([0u8; 16]);
    bytes.extend(end);
    let decoded = open(&bytes);
    assert!(worst_difference(&decoded.picture.rgb, &original.rgb) < 4.0);
}

/// A PNG assembled chunk by chunk.
fn png(size: Size, bits: u8, colour: u8, interlaced: u8, extra: &[(&[u8; 4], &[u8])], raw: &[u8]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut push = |name: &[u8; 4], data: &[u8]| {
        file.extend((data.len() as u32).to_be_bytes());
        let body = [name.as_slice(), data].concat();
        file.extend(&body);
        file.extend(crc32fast::hash(&body).to_be_bytes());
    };
    let sides = [(size.width as u32).to_be_bytes(), (size.height as u32).to_be_bytes()].concat();
    push(b"IHDR", &[sides.as_slice(), &[bits, colour, 0, 0, interlaced]].concat());
    extra.iter().for_each(|(name, data)| push(name, data));
    push(b"IDAT", &fdeflate::compress_to_vec(raw));
    push(b"IEND", &[]);
    file
}

#[test]
fn narrow_grey_png_is_widened() {
    for (bits, packed, expected) in [
        (1, vec![0, 0b1010_0000], vec![255, 0, 255]),
        (2, vec![0, 0b0001_1011], vec![0, 85, 170]),
        (4, vec![0, 0x0F, 0x80], vec![0, 255, 136]),
    ] {
        let decoded = open(&png(Size::new(3, 1), bits, 0, 0, &[], &packed)).picture;
        let grey: Vec<u8> = bytes_of(&decoded).iter().step_by(3).copied().collect();
        assert_eq!(grey, expected, "{bits} bits");
        assert!(decoded.grey && decoded.alpha.is_none());
    }
}

#[test]
fn palette_png_with_transparency_becomes_rgba() {
    let palette: &[u8] = &[10, 20, 30, 200, 100, 50];
    let bytes = png(Size::new(2, 1), 8, 3, 0, &[(b"PLTE", palette), (b"tRNS", &[7])], &[0, 1, 0]);
    assert_eq!(probe(&bytes, &Limits::default()).expect("probes").channels, Channels::Rgba);
    let decoded = open(&bytes).picture;
    assert_eq!(decoded.rgb, Samples::U8(vec![200, 100, 50, 10, 20, 30]));
    assert_eq!(decoded.alpha, Some(Samples::U8(vec![255, 7])));
    assert!(!decoded.grey);
}

#[test]
fn code_points_of_a_png_become_a_profile() {
    let bytes = png(Size::new(1, 1), 8, 2, 0, &[(b"cICP", &[12, 13, 0, 1])], &[0, 1, 2, 3]);
    let icc = open(&bytes).picture.metadata.icc.expect("profile");
    assert!(!ColourSpace::from_icc(&icc).expect("usable").is_srgb());
}

#[test]
fn code_points_of_a_png_overrule_a_profile_that_contradicts_them() {
    let profile = |profile: moxcms::ColorProfile| profile.encode().expect("encodes");
    let icc = |points: [u8; 4], own: &[u8]| {
        let packed = [b"ICC profile\0\0".as_slice(), &fdeflate::compress_to_vec(own)].concat();
        let chunks: [(&[u8; 4], &[u8]); 2] = [(b"cICP", &points), (b"iCCP", &packed)];
        open(&png(Size::new(1, 1), 8, 2, 0, &chunks, &[0, 1, 2, 3])).picture.metadata.icc
    };
    let p3 = profile(moxcms::ColorProfile::new_display_p3());
    let adobe = profile(moxcms::ColorProfile::new_adobe_rgb());
    assert_eq!(icc([12, 13, 0, 1], &p3).as_ref(), Some(&p3), "the same: carried as it is");
    assert_eq!(icc([1, 13, 0, 1], &p3), None, "sRGB");
    assert_eq!(icc([12, 13, 0, 1], &adobe), own_profile::from_code_points(12, 13, false));
    assert_eq!(icc([9, 16, 0, 1], &p3).as_ref(), Some(&p3), "the plain picture of one in HDR");
    assert_eq!(icc([2, 2, 0, 1], &adobe).as_ref(), Some(&adobe), "unspecified");
}

#[test]
fn gamma_of_a_png_becomes_a_profile_where_nothing_better_is_known() {
    let gamma = |value: u32| (b"gAMA", value.to_be_bytes().to_vec());
    let linear = || gamma(100_000);
    let icc = |chunks: &[(&[u8; 4], Vec<u8>)]| {
        let chunks: Vec<_> = chunks.iter().map(|(name, data)| (*name, data.as_slice())).collect();
        let bytes = png(Size::new(1, 1), 8, 2, 0, &chunks, &[0, 1, 2, 3]);
        let decoded = open(&bytes);
        assert_eq!(decoded.notes, []);
        let again = open(&write(&decoded.picture, Format::Png)).picture;
        assert_eq!(again.metadata.icc, decoded.picture.metadata.icc, "the result looks as the upload");
        decoded.picture.metadata.icc
    };
    let half = |icc: &[u8]| ColourSpace::from_icc(icc).expect("usable").to_linear([0.5; 3])[1];
    let found = icc(&[linear()]).expect("a profile");
    assert!((half(&found) - 0.5).abs() < 1e-3);
    assert_eq!(icc(&[gamma(45_455)]), None);
    assert_eq!(icc(&[linear(), (b"sRGB", vec![0])]), None);
    assert_eq!(icc(&[linear(), (b"cICP", vec![1, 13, 0, 1])]), None);
    let wide = [31_270u32, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000];
    let wide = wide.iter().flat_map(|v| v.to_be_bytes()).collect();
    let found = icc(&[gamma(45_455), (b"cHRM", wide)]).expect("a profile");
    assert!(!ColourSpace::from_icc(&found).expect("usable").is_srgb());
}

#[test]
fn interlaced_png_is_put_in_order() {
    let size = Size::new(11, 9);
    let value = |x: usize, y: usize| (17 * x + 5 * y) as u8;
    let passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
    let mut raw = Vec::new();
    for (x0, y0, dx, dy) in passes {
        for y in (y0..size.height).step_by(dy) {
            raw.push(0);
            raw.extend((x0..size.width).step_by(dx).map(|x| value(x, y)));
        }
    }
    let decoded = open(&png(size, 8, 0, 1, &[], &raw)).picture;
    for y in 0..size.height {
        for x in 0..size.width {
            assert_eq!(bytes_of(&decoded)[3 * (y * size.width + x)], value(x, y), "{x} {y}");
        }
    }
}

#[test]
fn compressed_tiffs_are_read() {
    let original = picture(Size::new(33, 21), Depth::Eight, false, false, 5);
    let compressions = [
        Compression::Uncompressed,
        Compression::Lzw,
        Compression::Deflate(DeflateLevel::Fast),
        Compression::Packbits,
    ];
    for compression in compressions {
        let mut bytes = Vec::new();
        let mut encoder =
            TiffEncoder::new(Cursor::new(&mut bytes)).expect("starts").with_compression(compression);
        encoder.write_image::<colortype::RGB8>(33, 21, bytes_of(&original)).expect("writes");
        assert_eq!(open(&bytes).picture.rgb, original.rgb);
    }
}

#[test]
fn a_big_endian_free_bigtiff_and_pages_are_read() {
    let original = picture(Size::new(7, 5), Depth::Eight, false, false, 6);
    let mut bytes = Vec::new();
    let mut encoder = TiffEncoder::new_big(Cursor::new(&mut bytes)).expect("starts");
    encoder.write_image::<colortype::RGB8>(7, 5, bytes_of(&original)).expect("writes");
    encoder.write_image::<colortype::Gray8>(2, 2, &[1, 2, 3, 4]).expect("writes");
    let decoded = open(&bytes);
    assert_eq!(decoded.picture.rgb, original.rgb);
    assert_eq!(decoded.notes, [DecodeNote::FirstPictureOnly]);
}

#[test]
fn cmyk_tiff_becomes_srgb() {
    let mut bytes = Vec::new();
    let mut encoder = TiffEncoder::new(Cursor::new(&mut bytes)).expect("starts");
    encoder.write_image::<colortype::CMYK8>(2, 1, &[0, 255, 255, 0, 0, 0, 0, 255]).expect("writes");
    let decoded = open(&bytes);
    assert_eq!(decoded.picture.rgb, Samples::U8(vec![255, 0, 0, 0, 0, 0]));
    assert_eq!(decoded.notes, [DecodeNote::CmykConvertedWithoutProfile]);
}

/// A TIFF of one uncompressed strip.
fn plain_tiff(size: Size, bits: u16, samples: u16, extra: Vec<ifd::Entry>, pixels: &[u8]) -> Vec<u8> {
    let mut file = b"II\x2a\0\0\0\0\0".to_vec();
    file.extend(pixels);
    file.resize(file.len().next_multiple_of(2), 0);
    let offset = (file.len() as u32).to_le_bytes();
    file[4..8].copy_from_slice(&offset);
    let mut entries = vec![
        ifd::Entry::long(256, &[size.width as u32]),
        ifd::Entry::long(257, &[size.height as u32]),
        ifd::Entry::short(258, &vec![bits; usize::from(samples)]),
        ifd::Entry::short(259, &[1]),
        ifd::Entry::long(273, &[8]),
        ifd::Entry::short(277, &[samples]),
        ifd::Entry::long(278, &[size.height as u32]),
        ifd::Entry::long(279, &[pixels.len() as u32]),
    ];
    entries.extend(extra);
    ifd::Directory { entries, children: vec![] }.append_to(&mut file);
    file
}

#[test]
fn white_is_zero_and_one_bit_tiffs_are_read() {
    let bytes = plain_tiff(Size::new(3, 2), 8, 1, vec![ifd::Entry::short(262, &[0])], &[255, 0, 1, 2, 3, 4]);
    let grey = open(&bytes).picture;
    assert_eq!(bytes_of(&grey)[..9], [0, 0, 0, 255, 255, 255, 254, 254, 254]);
    let bytes = plain_tiff(Size::new(9, 1), 1, 1, vec![ifd::Entry::short(262, &[1])], &[0b1000_0001, 0x80]);
    let bits: Vec<u8> = bytes_of(&open(&bytes).picture).iter().step_by(3).copied().collect();
    assert_eq!(bits, [255, 0, 0, 0, 0, 0, 0, 255, 255]);
}

#[test]
fn premultiplied_tiff_alpha_is_made_straight() {
    let extra = vec![ifd::Entry::short(262, &[2]), ifd::Entry::short(338, &[1])];
    let decoded = open(&plain_tiff(Size::new(2, 1), 8, 4, extra, &[50, 100, 0, 128, 9, 9, 9, 0]));
    assert_eq!(decoded.notes, [DecodeNote::AlphaMadeStraight]);
    assert_eq!(decoded.picture.rgb, Samples::U8(vec![100, 199, 0, 0, 0, 0]));
    assert_eq!(decoded.picture.alpha, Some(Samples::U8(vec![128, 0])));
}

#[test]
fn texts_of_a_png_stay_and_metadata_in_digits_gets_its_place() {
    let digits = |kind: &str, bytes: &[u8]| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("\n{kind}\n{:8}\n{hex}\n", bytes.len()).into_bytes()
    };
    let raw = |kind: &str, bytes: &[u8]| {
        [format!("Raw profile type {kind}\0").as_bytes(), &digits(kind, bytes)].concat()
    };
    let exif = ifd::orientation_only(Orientation::Turn90);
    let iptc = b"8BIM\x04\x04\0\0\0\0\0\x08\x1c\x02\x50\0\x03abc";
    let packed =
        [b"Raw profile type iptc\0\0".as_slice(), &fdeflate::compress_to_vec(&digits("iptc", iptc))].concat();
    let (exif_chunk, xmp) = (raw("exif", &[b"Exif\0\0", &exif[..]].concat()), raw("xmp", b"<x/>"));
    let chunks: [(&[u8; 4], &[u8]); 7] = [
        (b"tEXt", b"Author\0Someone"),
        (b"iTXt", b"Copyright\0\0\0\0\0\xc2\xa9 Someone"),
        (b"tIME", &[7, 234, 1, 1, 0, 0, 0]),
        (b"tEXt", &exif_chunk),
        (b"zTXt", &packed),
        (b"tEXt", &xmp),
        (b"tEXt", b"Raw profile type icc\0?"),
    ];
    let file = png(Size::new(1, 2), 8, 2, 0, &chunks, &[0, 1, 2, 3, 0, 4, 5, 6]);
    assert_eq!(probe(&file, &Limits::default()).expect("probes").orientation, Orientation::Turn90);
    let upload = open(&file).picture;
    assert_eq!(upload.orientation, Orientation::Turn90);
    assert_eq!(upload.metadata.exif.as_ref(), Some(&exif));
    assert_eq!(upload.metadata.xmp.as_deref(), Some(&b"<x/>"[..]));
    let written = write(&upload, Format::Png);
    assert_eq!(open(&written).picture, upload);
    let has = |part: &[u8]| memchr::memmem::find(&written, part).is_some();
    assert!(
        has(b"tEXtAuthor\0Someone") && has(b"iTXtCopyright") && has(b"eXIf") && has(b"iTXtXML:com.adobe.xmp")
    );
    assert!(!has(b"tIME") && !has(b"type exif") && !has(b"type xmp") && !has(b"type icc"));
    let jpeg = open(&write(&upload, Format::Jpeg)).picture.metadata;
    assert_eq!(jpeg.iptc, Some([b"Photoshop 3.0\0", &iptc[..]].concat()));

    let own = ifd::orientation_only(Orientation::Turn180);
    let chunks: [(&[u8; 4], &[u8]); 2] = [(b"eXIf", &own), (b"tEXt", &exif_chunk)];
    let file = png(Size::new(1, 1), 8, 2, 0, &chunks, &[0, 1, 2, 3]);
    assert_eq!(open(&file).picture.metadata.exif, Some(own));
}

#[test]
fn a_gain_map_is_lost_with_a_note_and_the_result_no_longer_speaks_of_it() {
    let packet = |attribute: &str| {
        let spaces = "xmlns:h='http://ns.adobe.com/hdr-gain-map/1.0/' \
            xmlns:C='http://ns.google.com/photos/1.0/container/'";
        format!("<x><d {spaces}{attribute} a='b'><C:Directory>1</C:Directory></d></x>").into_bytes()
    };
    let upload = |xmp: Option<Vec<u8>>, body: &[u8]| {
        let mut picture = gradient(Size::new(16, 16), false);
        picture.metadata.xmp = xmp;
        let mut file = write(&picture, Format::Jpeg);
        let segment = [&[0xFF, 0xE2, 0, body.len() as u8 + 2], body].concat();
        file.splice(2..2, segment);
        open(&file)
    };
    for (gain_map, note) in
        [(" h:Version='1.0'", DecodeNote::GainMapDropped), ("", DecodeNote::FirstPictureOnly)]
    {
        let Decoded { picture, notes, .. } = upload(Some(packet(gain_map)), b"MPF\0MM\0*");
        assert_eq!(notes, [note]);
        let result = open(&write(&picture, Format::Jpeg));
        assert_eq!(result.picture.metadata.xmp.as_deref(), Some(&b"<x><d a='b'></d></x>"[..]));
        assert_eq!(result.notes, []);
    }
    assert_eq!(upload(None, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0").notes, [DecodeNote::GainMapDropped]);
    let plain = b"<x xmlns:h='http://ns.adobe.com/other/'>".to_vec();
    assert_eq!(upload(Some(plain.clone()), b"").picture.metadata.xmp, Some(plain));
}

#[test]
fn dropped_channels_of_a_tiff_are_noted() {
    const SELECTION: u16 = 0;
    const ALPHA: u16 = 2;
    let open = |photometric, extras: &[u16], pixels: &[u8]| {
        let extra = vec![ifd::Entry::short(262, &[photometric]), ifd::Entry::short(338, extras)];
        let file = plain_tiff(Size::new(1, 1), 8, pixels.len() as u16, extra, pixels);
        let Decoded { picture, notes, .. } = open(&file);
        (picture.rgb, picture.alpha, notes)
    };
    let colour = || Samples::U8(vec![1, 2, 3]);
    let dropped = || vec![DecodeNote::ExtraChannelsDropped];
    let alpha = || Some(Samples::U8(vec![4]));
    assert_eq!(open(2, &[SELECTION], &[1, 2, 3, 4]), (colour(), None, dropped()));
    assert_eq!(open(2, &[ALPHA, SELECTION], &[1, 2, 3, 4, 5]), (colour(), alpha(), dropped()));
    assert_eq!(open(2, &[ALPHA], &[1, 2, 3, 4]), (colour(), alpha(), vec![]));
    let (_, _, notes) = open(5, &[SELECTION], &[0, 0, 0, 0, 9]);
    assert_eq!(notes, [DecodeNote::ExtraChannelsDropped, DecodeNote::CmykConvertedWithoutProfile]);
    assert_eq!(open(1, &[SELECTION], &[7, 9]), (Samples::U8(vec![7; 3]), None, dropped()));
}

#[test]
fn camera_raw_files_are_refused_and_pyramids_are_not() {
    const REDUCED: u32 = 1;
    let rgb = || ifd::Entry::short(262, &[2]);
    let subfile = |kind| ifd::Entry::long(254, &[kind]);
    let below = || ifd::Entry::long(330, &[8]);
    let tiff = |extra| plain_tiff(Size::new(2, 1), 8, 3, extra, &[1, 2, 3, 4, 5, 6]);
    let refused = |bytes: &[u8]| {
        let error = decode(bytes, &Limits::default()).err();
        assert_eq!(probe(bytes, &Limits::default()).err(), error);
        error == Some(DecodeError::CameraRaw)
    };
    let mut canon = b"II\x2a\0\x10\0\0\0CR\x02\0\0\0\0\0".to_vec();
    let entries = vec![ifd::Entry::long(256, &[2]), ifd::Entry::long(257, &[1])];
    ifd::Directory { entries, children: vec![] }.append_to(&mut canon);
    assert!(refused(&canon), "CR2");
    assert!(
        refused(&tiff(vec![rgb(), subfile(REDUCED), below()])),
        "a thumbnail first, as NEF and ARW have it"
    );
    assert!(refused(&tiff(vec![rgb(), ifd::Entry::octets(50_706, &[1, 4, 0, 0])])), "DNG");
    assert!(refused(&tiff(vec![ifd::Entry::short(262, &[32_803])])), "a sensor's pixels");

    assert!(!refused(&tiff(vec![rgb(), subfile(0), below()])), "a pyramid");
    assert!(!refused(&tiff(vec![rgb(), subfile(REDUCED)])), "nothing but a reduced picture");
    assert!(!refused(&plain_tiff(Size::new(2, 1), 8, 3, vec![rgb()], b"CR\x02\0\0\0")), "pixels like a mark");
}

#[test]
fn planar_tiffs_are_interleaved() {
    let mut file = b"II\x2a\0\x0e\0\0\0\x01\x02\x0a\x14\x64\xc8".to_vec();
    let entries = vec![
        ifd::Entry::long(256, &[2]),
        ifd::Entry::long(257, &[1]),
        ifd::Entry::short(258, &[8, 8, 8]),
        ifd::Entry::short(259, &[1]),
        ifd::Entry::short(262, &[2]),
        ifd::Entry::long(273, &[8, 10, 12]),
        ifd::Entry::short(277, &[3]),
        ifd::Entry::long(278, &[1]),
        ifd::Entry::long(279, &[2, 2, 2]),
        ifd::Entry::short(284, &[2]),
    ];
    ifd::Directory { entries, children: vec![] }.append_to(&mut file);
    assert_eq!(open(&file).picture.rgb, Samples::U8(vec![1, 10, 100, 2, 20, 200]));
}

#[test]
fn jpeg_tiles_in_a_tiff_are_put_together() {
    let original = gradient(Size::new(20, 24), false);
    for (colourspace, photometric) in [(Colorspace::YCbCr, 6u16), (Colorspace::RGB, 2)] {
        let mut file = b"II\x2a\0\0\0\0\0".to_vec();
        let (mut offsets, mut counts) = (Vec::new(), Vec::new());
        for (x0, y0) in [(0, 0), (16, 0), (0, 16), (16, 16)] {
            let tile: Vec<u8> = (0..16 * 16)
                .flat_map(|i| {
                    let (x, y) = ((x0 + i % 16).min(19), (y0 + i / 16).min(23));
                    bytes_of(&original)[3 * (20 * y + x)..][..3].to_vec()
                })
                .collect();
            let coded = jpeg(&tile, Size::new(16, 16), PixelFormat::RGB, |c| c.set_colorspace(colourspace));
            offsets.push(file.len() as u32);
            counts.push(coded.len() as u32);
            file.extend(coded);
        }
        file.resize(file.len().next_multiple_of(2), 0);
        let directory_offset = (file.len() as u32).to_le_bytes();
        file[4..8].copy_from_slice(&directory_offset);
        let entries = vec![
            ifd::Entry::long(256, &[20]),
            ifd::Entry::long(257, &[24]),
            ifd::Entry::short(258, &[8, 8, 8]),
            ifd::Entry::short(259, &[7]),
            ifd::Entry::short(262, &[photometric]),
            ifd::Entry::short(277, &[3]),
            ifd::Entry::short(322, &[16]),
            ifd::Entry::short(323, &[16]),
            ifd::Entry::long(324, &offsets),
            ifd::Entry::long(325, &counts),
        ];
        ifd::Directory { entries, children: vec![] }.append_to(&mut file);
        let difference = worst_difference(&open(&file).picture.rgb, &original.rgb);
        assert!(difference < 5.0, "photometric {photometric}: {difference}");
    }
}
