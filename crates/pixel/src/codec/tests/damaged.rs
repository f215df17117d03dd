//! Files that are cut, changed, lying or huge: an error that says what to do, never a panic.

use super::*;

fn samples() -> Vec<(Format, Vec<u8>)> {
    let mut rich = gradient(Size::new(40, 30), false);
    rich.metadata = rich_metadata();
    Format::ALL.into_iter().map(|format| (format, write(&rich, format))).collect()
}

fn refuse(bytes: &[u8]) -> DecodeError {
    decode(bytes, &Limits::default()).expect_err("refused")
}

#[test]
fn content_decides_the_format() {
    for (format, bytes) in samples() {
        assert_eq!(sniff(&bytes), Some(format));
    }
    for bytes in [b"".as_slice(), b"GIF89a", b"<svg", b"\xFF\xD8", b"RIFF0000WAVE"] {
        assert_eq!(refuse(bytes), DecodeError::UnknownFormat);
    }
}

#[test]
fn every_cut_of_a_file_is_refused_or_whole() {
    for (format, bytes) in samples() {
        let whole = open(&bytes).picture;
        for len in (0..bytes.len()).rev() {
            match decode(&bytes[..len], &Limits::default()) {
                Err(_) => {}
                // Only bytes behind the pixels may be missing.
                Ok(decoded) => assert_eq!(decoded.picture.rgb, whole.rgb, "{format} cut at {len}"),
            }
        }
    }
}

#[test]
fn a_jpeg_without_its_second_half_is_truncated() {
    let bytes = write(&gradient(Size::new(200, 200), false), Format::Jpeg);
    assert_eq!(refuse(&bytes[..bytes.len() / 2]), DecodeError::Truncated { format: Format::Jpeg });
    let mut patched = bytes[..bytes.len() * 2 / 3].to_vec();
    patched.extend([0xFF, 0xD9]);
    assert_eq!(refuse(&patched), DecodeError::Truncated { format: Format::Jpeg });
}

#[test]
fn limits_hold_before_pixels_are_touched() {
    for (_, bytes) in samples() {
        let few = Limits { max_pixels: 1199, ..Limits::default() };
        let refused = Err(DecodeError::TooManyPixels { width: 40, height: 30, limit: 1199 });
        assert_eq!(probe(&bytes, &few), refused);
        assert_eq!(decode(&bytes, &few).map(|_| ()), refused.map(|_| ()));
        let small = Limits { max_bytes: 100, ..Limits::default() };
        assert!(matches!(decode(&bytes, &small), Err(DecodeError::FileTooLarge { limit: 100, .. })));
    }
}

/// The sample files with the sizes in their headers replaced by 15 000 × 15 000, within the limits.
fn lying(format: Format, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    match format {
        Format::Jpeg => {
            let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).expect("frame header");
            bytes[frame + 5..frame + 9].copy_from_slice(&[0x3A, 0x98, 0x3A, 0x98]);
        }
        Format::Png => {
            bytes[16..24].copy_from_slice(&[0, 0, 0x3A, 0x98, 0, 0, 0x3A, 0x98]);
            let checksum = crc32fast::hash(&bytes[12..29]).to_be_bytes();
            bytes[29..33].copy_from_slice(&checksum);
        }
        Format::Tiff => {
            for tag in [256u16, 257] {
                let entry = [&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0]].concat();
                let at = bytes.windows(8).position(|field| field == entry).expect("size tag");
                bytes[at + 8..at + 12].copy_from_slice(&15_000u32.to_le_bytes());
            }
        }
        Format::WebP => {
            let canvas = bytes.windows(4).position(|name| name == b"VP8X").expect("canvas") + 12;
            bytes[canvas..canvas + 6].copy_from_slice(&[0x97, 0x3A, 0, 0x97, 0x3A, 0]);
        }
    }
    bytes
}

#[test]
fn headers_that_lie_about_the_size_are_found_out() {
    for (format, bytes) in samples() {
        let error = refuse(&lying(format, &bytes));
        assert!(
            matches!(error, DecodeError::Truncated { .. } | DecodeError::Corrupt { .. }),
            "{format}: {error:?}"
        );
    }
}

#[test]
fn giant_and_empty_sizes_are_refused_from_the_header() {
    for (width, height) in [(0u32, 5u32), (5, 0), (i32::MAX as u32, i32::MAX as u32), (20_000, 20_000)] {
        let mut bytes = samples().swap_remove(1).1;
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let expected_zero = width == 0 || height == 0;
        match probe(&bytes, &Limits::default()) {
            Err(DecodeError::ZeroSize) => assert!(expected_zero),
            Err(DecodeError::TooManyPixels { .. }) => assert!(!expected_zero),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn messages_are_one_line_without_full_stop() {
    let mut errors: Vec<DecodeError> = samples()
        .iter()
        .flat_map(|(format, bytes)| [refuse(&lying(*format, bytes)), refuse(&bytes[..bytes.len() / 3])])
        .collect();
    errors.push(refuse(b"nothing"));
    for error in errors {
        let message = error.to_string();
        assert!(!message.contains('\n') && !message.ends_with('.') && message.contains(';'), "{message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn random_bytes_never_panic(format in 0usize..4, tail in proptest::collection::vec(any::<u8>(), 0..400)) {
        let heads: [&[u8]; 4] = [b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1a\n", b"II\x2a\0", b"RIFF\x40\0\0\0WEBPVP8X"];
        let bytes = [heads[format], &tail].concat();
        let _ = probe(&bytes, &Limits::default());
        let _ = decode(&bytes, &Limits::default());
    }

    #[test]
    fn changed_bytes_never_panic(
        format in 0usize..4, changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = samples().swap_remove(format).1;
        for (place, value) in changes {
            let at = place.index(bytes.len());
            bytes[at] = value;
        }
        // A changed size may be large but honest about it; keep the test quick.
        let limits = Limits { max_pixels: 4_000_000, ..Limits::default() };
        if let Ok(decoded) = decode(&bytes, &limits) {
            prop_assert_eq!(decoded.picture.rgb.len(), 3 * decoded.picture.size.area());
            prop_assert!(probe(&bytes, &limits).is_ok());
        }
    }
}
