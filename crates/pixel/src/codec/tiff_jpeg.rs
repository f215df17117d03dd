//! JPEG inside TIFF (TIFF Technical Note 2), strip by strip or tile by tile through libjpeg-turbo.

use turbojpeg::{PixelFormat, ScalingFactor};

use super::ifd::{Directory, Entry};
use super::jpeg_segments::{self as segments, Extent};
use super::{DecodeError, DecodeNote, Format, jpeg};
use crate::geometry::{Rect, Size};

const PHOTOMETRIC: u16 = 262;
const SAMPLES_PER_PIXEL: u16 = 277;
const PLANAR_CONFIGURATION: u16 = 284;
const TABLES: u16 = 347;
/// Offsets and byte counts.
const STRIPS: (u16, u16) = (273, 279);
const TILES: (u16, u16) = (324, 325);
const ROWS_PER_STRIP: u16 = 278;
const TILE_SIDES: (u16, u16) = (322, 323);

const WHITE_IS_ZERO: u32 = 0;
const RGB: u32 = 2;
const CMYK: u32 = 5;
const YCBCR: u32 = 6;

/// Interleaved samples: grey, RGB (YCbCr is turned into RGB) or inks, 8 bits each.
pub(super) fn read(
    bytes: &[u8],
    directory: &Directory,
    size: Size,
    notes: &mut Vec<DecodeNote>,
) -> Result<Vec<u8>, DecodeError> {
    let number = |tag, default| directory.get(tag).and_then(Entry::number).unwrap_or(default);
    let photometric = number(PHOTOMETRIC, YCBCR);
    let format = match (number(SAMPLES_PER_PIXEL, 1), photometric) {
        (1, _) => PixelFormat::GRAY,
        (3, RGB | YCBCR) => PixelFormat::RGB,
        (4, CMYK) => PixelFormat::CMYK,
        _ => return Err(DecodeError::unsupported(Format::Tiff, "JPEG compression of these channels")),
    };
    if number(PLANAR_CONFIGURATION, 1) != 1 {
        return Err(DecodeError::unsupported(Format::Tiff, "JPEG compression of separate planes"));
    }
    let tables = directory.get(TABLES).map_or(&[][..], Entry::value);
    let mut samples = vec![0u8; format.size() * size.area()];
    for (place, coded) in chunks(bytes, directory, size)? {
        let stream = whole_stream(coded, tables, photometric == YCBCR);
        let mut decoded = decode_chunk(&stream, place.1, format, notes)?;
        if photometric == WHITE_IS_ZERO {
            decoded.iter_mut().for_each(|v| *v = 255 - *v);
        }
        paste(&decoded, place.1.width, place.0, format.size(), &mut samples, size);
    }
    Ok(samples)
}

/// Where a chunk lies in the picture, cut to it, and the size that it has as stored.
type Place = (Rect, Size);

fn chunks<'a>(
    bytes: &'a [u8],
    directory: &Directory,
    size: Size,
) -> Result<Vec<(Place, &'a [u8])>, DecodeError> {
    let numbers = |tag| directory.get(tag).map(Entry::numbers).unwrap_or_default();
    let side = |tag| directory.get(tag).and_then(Entry::number).map(|v| v as usize);
    let tiled = directory.get(TILES.0).is_some();
    let stored = if tiled {
        Size::new(side(TILE_SIDES.0).unwrap_or(0), side(TILE_SIDES.1).unwrap_or(0))
    } else {
        Size::new(size.width, side(ROWS_PER_STRIP).unwrap_or(size.height).min(size.height))
    };
    let tags = if tiled { TILES } else { STRIPS };
    let (offsets, counts) = (numbers(tags.0), numbers(tags.1));
    let limit = size.area().max(1 << 24);
    if stored.width == 0 || stored.height == 0 || stored.width.saturating_mul(stored.height) > limit {
        return Err(DecodeError::corrupt(Format::Tiff, "impossible strips or tiles"));
    }
    let across = size.width.div_ceil(stored.width);
    let wanted = across * size.height.div_ceil(stored.height);
    if offsets.len() < wanted || counts.len() < wanted {
        return Err(DecodeError::corrupt(Format::Tiff, "too few strips or tiles"));
    }
    let mut found = Vec::with_capacity(wanted);
    for (index, (&offset, &count)) in offsets.iter().zip(&counts).take(wanted).enumerate() {
        let (x, y) = (index % across * stored.width, index / across * stored.height);
        let rect = Rect { x, y, width: stored.width, height: stored.height }.intersect(size.rect());
        let stored = if tiled { stored } else { rect.size() };
        let coded = bytes.get(offset as usize..offset as usize + count as usize);
        found.push(((rect, stored), coded.ok_or(DecodeError::Truncated { format: Format::Tiff })?));
    }
    Ok(found)
}

/// A JPEG stream with the shared tables and an Adobe marker that says whether colours are YCbCr:
/// without one, libjpeg guesses, and takes plain RGB for YCbCr. A marker of the chunk's own wins.
fn whole_stream(coded: &[u8], tables: &[u8], ycbcr: bool) -> Vec<u8> {
    let adobe = [0xFF, 0xEE, 0, 14, b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, u8::from(ycbcr)];
    let tables = tables.strip_prefix(&[0xFF, 0xD8]).unwrap_or(tables);
    let tables = tables.strip_suffix(&[0xFF, 0xD9]).unwrap_or(tables);
    [&[0xFF, 0xD8], adobe.as_slice(), tables, coded.get(2..).unwrap_or_default()].concat()
}

fn decode_chunk(
    stream: &[u8],
    stored: Size,
    format: PixelFormat,
    notes: &mut Vec<DecodeNote>,
) -> Result<Vec<u8>, DecodeError> {
    let frame = segments::read(stream, Extent::Header)?.frame;
    let fits = frame.is_some_and(|frame| {
        Size::new(usize::from(frame.width), usize::from(frame.height)) == stored
            && usize::from(frame.components) == format.size()
    });
    if !fits {
        return Err(DecodeError::corrupt(Format::Tiff, "a strip or tile has the wrong size"));
    }
    jpeg::read_pixels(stream, stored, format, ScalingFactor::ONE, notes).map_err(|error| match error {
        DecodeError::Truncated { .. } => DecodeError::Truncated { format: Format::Tiff },
        error => DecodeError::corrupt(Format::Tiff, error),
    })
}

fn paste(decoded: &[u8], stored_width: usize, rect: Rect, channels: usize, samples: &mut [u8], size: Size) {
    for row in 0..rect.height {
        let from = channels * row * stored_width;
        let to = channels * ((rect.y + row) * size.width + rect.x);
        let len = channels * rect.width;
        samples[to..to + len].copy_from_slice(&decoded[from..from + len]);
    }
}
