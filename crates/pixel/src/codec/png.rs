//! PNG in (the `png` crate) and out (own row writer).

use std::borrow::Cow;
use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Reader, Transformations, Unit};

use super::layer_png::{ChunkList, ColourType, to_big_endian};
use super::png_text::{self, XMP_KEYWORD};
use super::{
    Channels, DecodeError, DecodeNote, Depth, EncodeError, Format, Header, Limits, ifd, own_profile,
    photoshop,
};
use crate::geometry::{Orientation, Size};
use crate::picture::{Density, DensityUnit, Metadata, Picture, Samples};

/// Most memory for compressed text, profiles and other chunks beside the pixels.
const MAX_CHUNK_MEMORY: usize = 64 << 20;

/// Deflate never packs more than 1032 bytes into one (RFC 1951: 258 bytes for two bits).
const MAX_DEFLATE_RATIO: u64 = 1032;

type PngReader<'a> = Reader<Cursor<&'a [u8]>>;

pub(super) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header, DecodeError> {
    let reader = open(bytes, limits)?;
    let info = reader.info();
    let exif = info.exif_metadata.as_deref().map(<[u8]>::to_vec).or_else(|| png_text::read(bytes).exif);
    Ok(Header {
        format: Format::Png,
        size: Size::new(info.width as usize, info.height as usize),
        depth: if info.bit_depth == BitDepth::Sixteen { Depth::Sixteen } else { Depth::Eight },
        channels: match reader.output_color_type().0 {
            ColorType::Grayscale => Channels::Grey,
            ColorType::GrayscaleAlpha => Channels::GreyAlpha,
            ColorType::Rgba => Channels::Rgba,
            ColorType::Rgb | ColorType::Indexed => Channels::Rgb,
        },
        orientation: exif.as_deref().map(ifd::orientation).unwrap_or_default(),
    })
}

/// Reads the chunks up to the pixels, limits checked on IHDR alone first.
fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<PngReader<'a>, DecodeError> {
    let (Some(width), Some(height)) = (big_endian(bytes, 16), big_endian(bytes, 20)) else {
        return Err(DecodeError::Truncated { format: Format::Png });
    };
    let size = limits.admit(u64::from(width), u64::from(height))?;
    let row_memory = 32 * size.width;
    let mut decoder =
        Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: MAX_CHUNK_MEMORY + row_memory });
    decoder.set_transformations(Transformations::EXPAND);
    let reader = decoder.read_info().map_err(explain)?;
    let info = reader.info();
    if (info.width, info.height) != (width, height) {
        return Err(DecodeError::corrupt(Format::Png, "the first chunk is not IHDR"));
    }
    Ok(reader)
}

fn big_endian(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at + 4)?;
    Some(field.iter().fold(0, |value, &byte| value << 8 | u32::from(byte)))
}

fn explain(error: DecodingError) -> DecodeError {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format: Format::Png }
        }
        error => DecodeError::corrupt(Format::Png, error),
    }
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<(Picture, Vec<DecodeNote>), DecodeError> {
    let mut reader = open(bytes, limits)?;
    let info = reader.info();
    let size = Size::new(info.width as usize, info.height as usize);
    if info.raw_row_length() as u64 * size.height as u64 / MAX_DEFLATE_RATIO > bytes.len() as u64 {
        return Err(DecodeError::Truncated { format: Format::Png });
    }
    let mut notes = Vec::new();
    if info.is_animated() {
        notes.push(DecodeNote::FirstPictureOnly);
    }
    let (colour, depth) = reader.output_color_type();
    let mut pixels = PixelSink::new(size, colour, depth);
    if reader.info().interlaced {
        read_interlaced(&mut reader, &mut pixels)?;
    } else {
        while let Some(row) = reader.next_row().map_err(explain)? {
            pixels.push(row.data());
        }
    }
    if pixels.rgb.len() != 3 * size.area() {
        return Err(DecodeError::Truncated { format: Format::Png });
    }
    if reader.finish().is_err() {
        notes.push(DecodeNote::MinorDamage);
    }
    let metadata = metadata(reader.info(), png_text::read(bytes));
    let orientation = metadata.exif.as_deref().map_or(Orientation::Upright, ifd::orientation);
    let grey = matches!(colour, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    let picture = Picture { size, rgb: pixels.rgb, alpha: pixels.alpha, grey, orientation, metadata };
    Ok((picture, notes))
}

fn read_interlaced(reader: &mut PngReader<'_>, pixels: &mut PixelSink) -> Result<(), DecodeError> {
    let Some(len) = reader.output_buffer_size() else {
        return Err(DecodeError::corrupt(Format::Png, "the picture does not fit into memory"));
    };
    let mut frame = vec![0; len];
    let layout = reader.next_frame(&mut frame).map_err(explain)?;
    frame.chunks_exact(layout.line_size).for_each(|row| pixels.push(row));
    Ok(())
}

/// Takes rows as the decoder gives them and splits colour from alpha.
struct PixelSink {
    rgb: Samples,
    alpha: Option<Samples>,
    channels: usize,
}

impl PixelSink {
    fn new(size: Size, colour: ColorType, depth: BitDepth) -> Self {
        let samples = |len| match depth {
            BitDepth::Sixteen => Samples::U16(Vec::with_capacity(len)),
            _ => Samples::U8(Vec::with_capacity(len)),
        };
        let channels = colour.samples();
        Self {
            rgb: samples(3 * size.area()),
            alpha: channels.is_multiple_of(2).then(|| samples(size.area())),
            channels,
        }
    }

    fn push(&mut self, row: &[u8]) {
        match (&mut self.rgb, &mut self.alpha) {
            (Samples::U8(rgb), None) => split(row.iter().copied(), self.channels, rgb, None),
            (Samples::U8(rgb), Some(Samples::U8(alpha))) => {
                split(row.iter().copied(), self.channels, rgb, Some(alpha));
            }
            (Samples::U16(rgb), alpha) => {
                let alpha = match alpha {
                    Some(Samples::U16(alpha)) => Some(alpha),
                    _ => None,
                };
                let wide = row.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                split(wide, self.channels, rgb, alpha);
            }
            (Samples::U8(_), Some(Samples::U16(_))) => {}
        }
    }
}

fn split<T: Copy>(
    mut row: impl Iterator<Item = T>,
    channels: usize,
    rgb: &mut Vec<T>,
    alpha: Option<&mut Vec<T>>,
) {
    match (channels, alpha) {
        (3, _) => rgb.extend(row),
        (4, Some(alpha)) => {
            while let (Some(r), Some(g), Some(b), Some(a)) = (row.next(), row.next(), row.next(), row.next())
            {
                rgb.extend([r, g, b]);
                alpha.push(a);
            }
        }
        (2, Some(alpha)) => {
            while let (Some(v), Some(a)) = (row.next(), row.next()) {
                rgb.extend([v, v, v]);
                alpha.push(a);
            }
        }
        _ => row.for_each(|v| rgb.extend([v, v, v])),
    }
}

fn metadata(info: &Info<'_>, texts: png_text::Texts) -> Metadata {
    let xmp = info.utf8_text.iter().find(|chunk| chunk.keyword == XMP_KEYWORD).and_then(|chunk| {
        let mut chunk = chunk.clone();
        chunk.decompress_text_with_limit(MAX_CHUNK_MEMORY).ok()?;
        chunk.get_text().ok()
    });
    Metadata {
        icc: profile(info),
        exif: info.exif_metadata.as_deref().map(<[u8]>::to_vec).or(texts.exif),
        xmp: xmp.map(String::into_bytes).or(texts.xmp),
        iptc: texts.iptc,
        text: texts.kept,
        density: info.pixel_dims.map(|dims| Density {
            x: f64::from(dims.xppu),
            y: f64::from(dims.yppu),
            unit: match dims.unit {
                Unit::Meter => DensityUnit::Metre,
                Unit::Unspecified => DensityUnit::AspectOnly,
            },
        }),
        ..Metadata::default()
    }
}

/// The profile that the chunks describe, in their order of precedence (third edition, 4.3).
///
/// Code points come first, but an ICC profile beside them is kept where it says the same, so that it is carried over
/// as it is, and where they name a curve of video, for which the profile is what a plain screen shows.
fn profile(info: &Info<'_>) -> Option<Vec<u8>> {
    let grey = matches!(info.color_type, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    let own = info.icc_profile.as_deref();
    if let Some(points) = info
        .coding_independent_code_points
        .filter(|points| points.matrix_coefficients == 0 && points.is_video_full_range_image)
    {
        let (primaries, transfer) = (points.color_primaries, points.transfer_function);
        let named = own_profile::from_code_points(primaries, transfer, grey);
        let known = named.is_some() || (primaries, transfer) == own_profile::SRGB;
        let kept =
            |own| !own_profile::is_of_stills(transfer) || own_profile::are_alike(own, named.as_deref());
        if known && !own.is_some_and(kept) {
            return named;
        }
    }
    if own.is_some() || info.srgb.is_some() {
        return own.map(<[u8]>::to_vec);
    }
    let chromaticities = info.chrm_chunk.map(|given| {
        [given.white, given.red, given.green, given.blue].map(|(x, y)| (x.into_value(), y.into_value()))
    });
    own_profile::from_gamma(info.gama_chunk.map(png::ScaledFloat::into_value), chromaticities, grey)
}

pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>, EncodeError> {
    let grey = stays_grey(picture);
    let colour = match (grey, &picture.alpha) {
        (true, None) => ColourType::Grey,
        (true, Some(_)) => ColourType::GreyAlpha,
        (false, None) => ColourType::Rgb,
        (false, Some(_)) => ColourType::Rgba,
    };
    let depth = match picture.rgb {
        Samples::U8(_) => Depth::Eight,
        Samples::U16(_) => Depth::Sixteen,
    };
    let mut chunks = ChunkList::new(picture.size, depth, colour);
    push_metadata(&mut chunks, picture);
    let mut rows = chunks.start_rows();
    let mut row = vec![0u8; rows.row_bytes];
    match (&picture.rgb, &picture.alpha) {
        (Samples::U8(rgb), None) if colour == ColourType::Rgb => {
            rgb.chunks_exact(rows.row_bytes).for_each(|row| rows.push(row));
        }
        (Samples::U8(rgb), alpha) => {
            let alpha = match alpha {
                Some(Samples::U8(alpha)) => Some(alpha.as_slice()),
                Some(Samples::U16(_)) => return Err(EncodeError::SampleCount),
                None => None,
            };
            for y in 0..picture.size.height {
                super::interleave_row(rgb, alpha, grey, picture.size.width, y, &mut row);
                rows.push(&row);
            }
        }
        (Samples::U16(rgb), alpha) => {
            let alpha = match alpha {
                Some(Samples::U16(alpha)) => Some(alpha.as_slice()),
                Some(Samples::U8(_)) => return Err(EncodeError::SampleCount),
                None => None,
            };
            let mut wide = vec![0u16; rows.row_bytes / 2];
            for y in 0..picture.size.height {
                super::interleave_row(rgb, alpha, grey, picture.size.width, y, &mut wide);
                to_big_endian(&wide, &mut row);
                rows.push(&row);
            }
        }
    }
    rows.finish()
}

/// Whether a picture is written as grey. With an RGB profile, as grey JPEG files often have it, it is not: PNG forbids
/// the two together, and readers would ignore the profile.
fn stays_grey(picture: &Picture) -> bool {
    picture.grey && !picture.metadata.icc.as_deref().is_some_and(own_profile::is_rgb)
}

fn push_metadata(chunks: &mut ChunkList, picture: &Picture) {
    let metadata = &picture.metadata;
    if let Some(icc) = &metadata.icc {
        let icc = if stays_grey(picture) { Cow::Borrowed(icc.as_slice()) } else { own_profile::for_rgb(icc) };
        chunks.push_profile(&icc);
    }
    if let Some(density) = metadata.density {
        chunks.push(b"pHYs", &physical_dimensions(density));
    }
    if let Some(exif) = super::exif_to_write(metadata, picture.orientation) {
        chunks.push(b"eXIf", &exif);
    }
    if let Some(xmp) = &metadata.xmp {
        chunks.push(b"iTXt", &[XMP_KEYWORD.as_bytes(), &[0; 5], xmp].concat());
    }
    let resources = photoshop::resources(metadata);
    if !resources.is_empty() {
        chunks.push(b"zTXt", &png_text::iptc_chunk(&resources));
    }
    for text in &metadata.text {
        chunks.push(&text.name, &text.data);
    }
}

fn physical_dimensions(density: Density) -> [u8; 9] {
    let (scale, unit) = match density.unit {
        DensityUnit::AspectOnly => (1.0, 0),
        DensityUnit::Inch => (1.0 / 0.0254, 1),
        DensityUnit::Centimetre => (100.0, 1),
        DensityUnit::Metre => (1.0, 1),
    };
    let mut field = [0; 9];
    field[..4].copy_from_slice(&((density.x * scale).round() as u32).to_be_bytes());
    field[4..8].copy_from_slice(&((density.y * scale).round() as u32).to_be_bytes());
    field[8] = unit;
    field
}
