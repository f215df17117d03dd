//! JPEG in and out: libjpeg-turbo for the pixels, own segment handling for everything beside them.

use turbojpeg::{
    Colorspace, Compressor, Decompressor, Image, OutputBuf, PixelFormat, ScalingFactor, Subsamp,
};

use super::jpeg_segments::{self as segments, Extent, Frame, Segments};
use super::{
    Channels, DecodeError, DecodeNote, Depth, EncodeError, EncodeNote, Format, Header, Limits, cmyk, ifd,
    own_profile, photoshop, xmp,
};
use crate::geometry::{Orientation, Size};
use crate::picture::{Density, DensityUnit, Metadata, Picture, Samples};

/// Progressive files have about ten scans; thousands are a known way to burn CPU time.
const MAX_SCANS: u32 = 200;

/// Length limit of a segment's payload, the two length bytes taken off.
const MAX_SEGMENT: usize = 65_533;
const MAX_EXIF: usize = MAX_SEGMENT - segments::EXIF.len();
const MAX_XMP: usize = MAX_SEGMENT - segments::XMP.len();

pub(super) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header, DecodeError> {
    let segments = segments::read(bytes, Extent::Header)?;
    let (frame, size) = admit_frame(&segments, limits)?;
    Ok(Header {
        format: Format::Jpeg,
        size,
        depth: Depth::Eight,
        channels: match frame.components {
            1 => Channels::Grey,
            3 => Channels::Rgb,
            _ => Channels::Cmyk,
        },
        orientation: segments.metadata.exif.as_deref().map(ifd::orientation).unwrap_or_default(),
    })
}

fn admit_frame(segments: &Segments, limits: &Limits) -> Result<(Frame, Size), DecodeError> {
    let frame = segments.frame.ok_or(DecodeError::Truncated { format: Format::Jpeg })?;
    let size = limits.admit(u64::from(frame.width), u64::from(frame.height))?;
    if frame.precision != 8 {
        return Err(DecodeError::unsupported(Format::Jpeg, format!("{} bits a sample", frame.precision)));
    }
    if !matches!(frame.components, 1 | 3 | 4) {
        return Err(DecodeError::unsupported(
            Format::Jpeg,
            format!("{} colour components", frame.components),
        ));
    }
    Ok((frame, size))
}

/// Whether [`decode`] can leave pixels out while it decodes.
pub(super) fn scales(bytes: &[u8]) -> Result<bool, DecodeError> {
    let frame = segments::read(bytes, Extent::Header)?.frame;
    Ok(frame.is_some_and(|frame| !frame.lossless && frame.components != 4))
}

/// The picture at 1 / 2^`halvings` of its size (0 to 3; more than 0 only where [`scales`] says so), rounded up.
pub(super) fn decode(
    bytes: &[u8],
    limits: &Limits,
    halvings: u8,
) -> Result<(Picture, Vec<DecodeNote>), DecodeError> {
    let segments = segments::read(bytes, Extent::Whole)?;
    let (frame, size) = admit_frame(&segments, limits)?;
    if !segments.complete || is_implausibly_short(bytes, &frame) {
        return Err(DecodeError::Truncated { format: Format::Jpeg });
    }
    let mut notes = Vec::new();
    if segments.broken_profile {
        notes.push(DecodeNote::BrokenProfile);
    }
    let scaling = ScalingFactor::new(1, 1 << halvings.min(3));
    let adobe = segments.adobe;
    let mut metadata = segments.metadata;
    let mut gain_map = segments.gain_map;
    let mut more = segments.more_pictures;
    if let Some(alone) = metadata.xmp.as_deref().and_then(xmp::alone) {
        metadata.xmp = Some(alone.xmp);
        gain_map |= alone.gain_map;
        more = true;
    }
    if gain_map {
        notes.push(DecodeNote::GainMapDropped);
    } else if more {
        notes.push(DecodeNote::FirstPictureOnly);
    }
    let rgb = if frame.components == 4 {
        let mut inks = read_pixels(bytes, size, PixelFormat::CMYK, ScalingFactor::ONE, &mut notes)?;
        if adobe {
            inks.iter_mut().for_each(|ink| *ink = 255 - *ink);
        }
        let (rgb, note) = cmyk::to_srgb(&inks, metadata.icc.as_deref());
        notes.push(note);
        metadata.icc = own_profile::srgb();
        rgb
    } else {
        read_pixels(bytes, size, PixelFormat::RGB, scaling, &mut notes)?
    };
    let orientation = metadata.exif.as_deref().map(ifd::orientation).unwrap_or_default();
    let picture = Picture {
        size: Size::new(scaling.scale(size.width), scaling.scale(size.height)),
        rgb: Samples::U8(rgb),
        alpha: None,
        grey: frame.components == 1,
        orientation,
        metadata,
    };
    Ok((picture, notes))
}

/// Every block costs at least one bit of Huffman code in its first scan, so a file that has fewer
/// bits than blocks lies about its size. Arithmetic coding has no such floor.
fn is_implausibly_short(bytes: &[u8], frame: &Frame) -> bool {
    let blocks = usize::from(frame.width).div_ceil(8) * usize::from(frame.height).div_ceil(8);
    !frame.arithmetic && bytes.len() < blocks / 8
}

/// The samples of a JPEG stream that must have exactly this size, scaled while they are decoded.
pub(super) fn read_pixels(
    bytes: &[u8],
    size: Size,
    format: PixelFormat,
    scaling: ScalingFactor,
    notes: &mut Vec<DecodeNote>,
) -> Result<Vec<u8>, DecodeError> {
    let fail = |error: turbojpeg::Error| DecodeError::corrupt(Format::Jpeg, error);
    let mut decompressor = Decompressor::new().map_err(fail)?;
    decompressor.set_scan_limit(MAX_SCANS).map_err(fail)?;
    let header = decompressor.read_header(bytes).map_err(fail)?;
    let inks = matches!(header.colorspace, Colorspace::CMYK | Colorspace::YCCK);
    if (header.width, header.height) != (size.width, size.height) || inks != (format == PixelFormat::CMYK) {
        return Err(DecodeError::corrupt(Format::Jpeg, "contradictory headers"));
    }
    decompressor.set_scaling_factor(scaling).map_err(fail)?;
    let (width, height) = (scaling.scale(size.width), scaling.scale(size.height));
    let pitch = width * format.size();
    let mut pixels = vec![0u8; pitch * height];
    let image = Image { pixels: pixels.as_mut_slice(), width, pitch, height, format };
    match decompressor.decompress(bytes, image) {
        Ok(()) => Ok(pixels),
        Err(turbojpeg::Error::TurboJpegError(message)) if is_harmless(&message) => {
            notes.push(DecodeNote::MinorDamage);
            Ok(pixels)
        }
        Err(turbojpeg::Error::TurboJpegError(message))
            if message.to_lowercase().contains("premature end") =>
        {
            Err(DecodeError::Truncated { format: Format::Jpeg })
        }
        Err(error) => Err(fail(error)),
    }
}

/// Warnings of libjpeg after which all pixels are right: stray bytes in front of the end marker,
/// wrong but unused scan parameters, an odd JFIF version or Adobe transform.
fn is_harmless(warning: &str) -> bool {
    (warning.contains("extraneous bytes before marker") && warning.contains("0xd9"))
        || warning.contains("Invalid SOS parameters")
        || warning.contains("JFIF revision")
        || warning.contains("Unknown Adobe color transform")
}

pub(super) fn encode(picture: &Picture, quality: u8) -> Result<Vec<u8>, EncodeError> {
    let flattened;
    let rgb = match (&picture.rgb, &picture.alpha) {
        (Samples::U8(rgb), None) => rgb.as_slice(),
        (Samples::U16(rgb), None) => {
            flattened = super::narrow(rgb);
            flattened.as_slice()
        }
        (rgb, Some(alpha)) => {
            flattened = over_white(rgb, alpha);
            flattened.as_slice()
        }
    };
    let coded = compress(rgb, picture.size, picture.grey, quality)
        .map_err(|error| EncodeError::Codec { format: Format::Jpeg, detail: error.to_string() })?;
    assemble(&coded, picture)
}

/// Colours over white, in encoded values as browsers do, 8 bits.
fn over_white(rgb: &Samples, alpha: &Samples) -> Vec<u8> {
    (0..rgb.len())
        .map(|index| {
            let a = alpha.unit(index / 3);
            ((rgb.unit(index) * a + 1.0 - a) * 255.0 + 0.5) as u8
        })
        .collect()
}

/// A bare JPEG of interleaved 8-bit RGB, chroma in full, without any metadata.
pub(super) fn encode_bare(rgb: &[u8], size: Size, quality: u8) -> Result<Vec<u8>, EncodeError> {
    let coded = compress(rgb, size, false, quality)
        .map_err(|error| EncodeError::Codec { format: Format::Jpeg, detail: error.to_string() })?;
    Ok(coded.to_vec())
}

fn compress(rgb: &[u8], size: Size, grey: bool, quality: u8) -> turbojpeg::Result<OutputBuf<'static>> {
    let mut compressor = Compressor::new()?;
    compressor.set_quality(i32::from(quality.clamp(1, 100)))?;
    compressor.set_subsamp(if grey { Subsamp::Gray } else { Subsamp::None })?;
    let Size { width, height } = size;
    let mut coded = OutputBuf::new_owned();
    let image = Image { pixels: rgb, width, pitch: 3 * width, height, format: PixelFormat::RGB };
    compressor.compress(image, &mut coded)?;
    Ok(coded)
}

/// The file: JFIF header with the density, the metadata segments, then what libjpeg wrote behind its own.
fn assemble(coded: &[u8], picture: &Picture) -> Result<Vec<u8>, EncodeError> {
    let metadata = &picture.metadata;
    let tables = skip_jfif(coded);
    let mut file = Vec::with_capacity(coded.len() + (1 << 16));
    file.extend_from_slice(&[0xFF, 0xD8]);
    push_segment(&mut file, 0xE0, &[&jfif_header(metadata.density)]);
    if let Some(exif) = super::exif_to_write(metadata, picture.orientation) {
        let exif = if exif.len() > MAX_EXIF { shortened(&exif, picture.orientation) } else { exif };
        push_segment(&mut file, 0xE1, &[segments::EXIF, &exif]);
    }
    if let Some(xmp) = &metadata.xmp {
        push_segment(&mut file, 0xE1, &[segments::XMP, xmp]);
    }
    for part in &metadata.xmp_extension {
        push_segment(&mut file, 0xE1, &[segments::XMP_EXTENSION, part]);
    }
    if let Some(icc) = &metadata.icc {
        push_profile(&mut file, icc)?;
    }
    push_photoshop(&mut file, metadata);
    file.extend_from_slice(tables);
    Ok(file)
}

/// A block that fits, with the orientation at the least: without it the picture would lie on its side.
fn shortened(exif: &[u8], orientation: Orientation) -> Vec<u8> {
    ifd::reduced(exif, MAX_EXIF).unwrap_or_else(|| ifd::orientation_only(orientation))
}

/// The metadata that is too long for a segment.
pub(super) fn left_out(picture: &Picture) -> Vec<EncodeNote> {
    let metadata = &picture.metadata;
    let longer = |block: &Option<Vec<u8>>, most| block.as_ref().is_some_and(|block| block.len() > most);
    let exif = longer(&metadata.exif, MAX_EXIF).then_some(EncodeNote::ExifShortened);
    let xmp = longer(&metadata.xmp, MAX_XMP).then_some(EncodeNote::XmpLeftOut);
    exif.into_iter().chain(xmp).collect()
}

/// What follows start-of-image and the JFIF segment.
fn skip_jfif(coded: &[u8]) -> &[u8] {
    match coded {
        [0xFF, 0xD8, 0xFF, 0xE0, high, low, ..] => {
            coded.get(4 + usize::from(u16::from_be_bytes([*high, *low]))..).unwrap_or_default()
        }
        _ => coded.get(2..).unwrap_or_default(),
    }
}

fn jfif_header(density: Option<Density>) -> [u8; 14] {
    let (unit, x, y) = match density {
        None => (0, 1.0, 1.0),
        Some(Density { x, y, unit }) => match unit {
            DensityUnit::AspectOnly => (0, x, y),
            DensityUnit::Inch => (1, x, y),
            DensityUnit::Centimetre => (2, x, y),
            DensityUnit::Metre => (1, x * 0.0254, y * 0.0254),
        },
    };
    let field = |v: f64| (v.round().clamp(1.0, 65_535.0) as u16).to_be_bytes();
    let ([x1, x0], [y1, y0]) = (field(x), field(y));
    [b'J', b'F', b'I', b'F', 0, 1, 1, unit, x1, x0, y1, y0, 0, 0]
}

/// Appends a segment; one that is too long for JPEG is left out.
fn push_segment(file: &mut Vec<u8>, marker: u8, parts: &[&[u8]]) {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    if len > MAX_SEGMENT {
        return;
    }
    file.extend_from_slice(&[0xFF, marker]);
    file.extend_from_slice(&(len as u16 + 2).to_be_bytes());
    parts.iter().for_each(|part| file.extend_from_slice(part));
}

fn push_profile(file: &mut Vec<u8>, icc: &[u8]) -> Result<(), EncodeError> {
    let parts = icc.chunks(MAX_SEGMENT - segments::ICC.len() - 2);
    let count = u8::try_from(parts.len()).map_err(|_| EncodeError::Codec {
        format: Format::Jpeg,
        detail: "the colour profile is larger than 16 MB".to_owned(),
    })?;
    for (number, part) in (1..=count).zip(parts) {
        push_segment(file, 0xE2, &[segments::ICC, &[number, count], part]);
    }
    Ok(())
}

fn push_photoshop(file: &mut Vec<u8>, metadata: &Metadata) {
    let resources = photoshop::resources(metadata);
    for part in resources.chunks(MAX_SEGMENT - segments::PHOTOSHOP.len()) {
        push_segment(file, 0xED, &[segments::PHOTOSHOP, part]);
    }
}
