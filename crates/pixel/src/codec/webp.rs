//! WebP in and out; what is written is lossless, since there is no lossy encoder in pure Rust.

use std::io::Cursor;

use image_webp::{ColorType, DecodingError, WebPDecoder, WebPEncoder};

use super::{
    Channels, DecodeError, DecodeNote, Depth, EncodeError, Format, Header, Limits, ifd, own_profile,
};
use crate::geometry::Size;
use crate::picture::{Metadata, Picture, Samples};

type Source<'a> = WebPDecoder<Cursor<&'a [u8]>>;

pub(super) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header, DecodeError> {
    let (mut decoder, size) = open(bytes, limits)?;
    let exif = exif(&mut decoder);
    Ok(Header {
        format: Format::WebP,
        size,
        depth: Depth::Eight,
        channels: if decoder.has_alpha() { Channels::Rgba } else { Channels::Rgb },
        orientation: exif.as_deref().map(ifd::orientation).unwrap_or_default(),
    })
}

fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<(Source<'a>, Size), DecodeError> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(explain)?;
    let (width, height) = decoder.dimensions();
    let size = limits.admit(u64::from(width), u64::from(height))?;
    decoder.set_memory_limit(bytes.len().max(8 * size.area()));
    Ok((decoder, size))
}

fn explain(error: DecodingError) -> DecodeError {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format: Format::WebP }
        }
        error => DecodeError::corrupt(Format::WebP, error),
    }
}

/// The EXIF chunk without the JPEG prefix that some writers put in front.
fn exif(decoder: &mut Source<'_>) -> Option<Vec<u8>> {
    let block = decoder.exif_metadata().ok()??;
    Some(block.strip_prefix(b"Exif\0\0").map(<[u8]>::to_vec).unwrap_or(block))
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<(Picture, Vec<DecodeNote>), DecodeError> {
    let (mut decoder, size) = open(bytes, limits)?;
    let mut notes = Vec::new();
    if decoder.is_animated() {
        notes.push(DecodeNote::FirstPictureOnly);
    }
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let mut pixels = vec![0u8; channels * size.area()];
    decoder.read_image(&mut pixels).map_err(explain)?;
    let alpha = (channels == 4).then(|| Samples::U8(super::split_alpha(&mut pixels)));
    let metadata = Metadata {
        icc: decoder.icc_profile().ok().flatten(),
        exif: exif(&mut decoder),
        xmp: decoder.xmp_metadata().ok().flatten(),
        ..Metadata::default()
    };
    let orientation = metadata.exif.as_deref().map(ifd::orientation).unwrap_or_default();
    let picture = Picture { size, rgb: Samples::U8(pixels), alpha, grey: false, orientation, metadata };
    Ok((picture, notes))
}

pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>, EncodeError> {
    let Size { width, height } = picture.size;
    let metadata = &picture.metadata;
    let mut file = Vec::new();
    let mut encoder = WebPEncoder::new(&mut file);
    if let Some(icc) = &metadata.icc {
        encoder.set_icc_profile(own_profile::for_rgb(icc).into_owned());
    }
    if let Some(exif) = super::exif_to_write(metadata, picture.orientation) {
        encoder.set_exif_metadata(exif);
    }
    if let Some(xmp) = &metadata.xmp {
        encoder.set_xmp_metadata(xmp.clone());
    }
    let narrowed;
    let rgb = match &picture.rgb {
        Samples::U8(rgb) => rgb.as_slice(),
        Samples::U16(rgb) => {
            narrowed = super::narrow(rgb);
            narrowed.as_slice()
        }
    };
    let written = match &picture.alpha {
        None => encoder.encode(rgb, width as u32, height as u32, ColorType::Rgb8),
        Some(alpha) => {
            let alpha = match alpha {
                Samples::U8(alpha) => alpha.clone(),
                Samples::U16(alpha) => super::narrow(alpha),
            };
            let joined: Vec<u8> =
                rgb.chunks_exact(3).zip(alpha).flat_map(|(p, a)| [p[0], p[1], p[2], a]).collect();
            encoder.encode(&joined, width as u32, height as u32, ColorType::Rgba8)
        }
    };
    match written {
        Ok(()) => Ok(file),
        Err(error) => Err(EncodeError::Codec { format: Format::WebP, detail: error.to_string() }),
    }
}
