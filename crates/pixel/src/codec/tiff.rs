//! TIFF in (the `tiff` crate for pixels, own directory reader for tags) and out (uncompressed strips).

use std::io::Cursor;

use tiff::decoder::{Decoder, DecodingResult};
use tiff::{ColorType, TiffError, TiffUnsupportedError};

use super::ifd::{self, Directory, Entry};
use super::{
    Channels, DecodeError, DecodeNote, Depth, EncodeError, Format, Header, Limits, cmyk, own_profile,
    tiff_jpeg,
};
use crate::geometry::Size;
use crate::picture::{Density, DensityUnit, Metadata, Picture, Samples};

mod tag {
    pub const NEW_SUBFILE_TYPE: u16 = 254;
    pub const WIDTH: u16 = 256;
    pub const HEIGHT: u16 = 257;
    pub const BITS_PER_SAMPLE: u16 = 258;
    pub const COMPRESSION: u16 = 259;
    pub const PHOTOMETRIC: u16 = 262;
    pub const STRIP_OFFSETS: u16 = 273;
    pub const SAMPLES_PER_PIXEL: u16 = 277;
    pub const ROWS_PER_STRIP: u16 = 278;
    pub const STRIP_BYTE_COUNTS: u16 = 279;
    pub const X_RESOLUTION: u16 = 282;
    pub const Y_RESOLUTION: u16 = 283;
    pub const PLANAR_CONFIGURATION: u16 = 284;
    pub const RESOLUTION_UNIT: u16 = 296;
    pub const SUB_DIRECTORIES: u16 = 330;
    pub const EXTRA_SAMPLES: u16 = 338;
    pub const XMP: u16 = 700;
    pub const IPTC: u16 = 33723;
    pub const PHOTOSHOP: u16 = 34377;
    pub const ICC: u16 = 34675;
    pub const DNG_VERSION: u16 = 50706;
}

const NO_COMPRESSION: u32 = 1;
const JPEG_COMPRESSION: u32 = 7;

/// Photometric interpretations of sensor data.
const COLOUR_FILTER_ARRAY: u32 = 32_803;
const LINEAR_RAW: u32 = 34_892;

/// Most bytes that one compressed byte can stand for: LZW's 12-bit codes stand for up to 4 KiB,
/// deflate reaches 1032. The fax codes 2 to 4 have no such bound.
const MAX_RATIO: u64 = 3000;

const ASSOCIATED_ALPHA: u32 = 1;
const UNASSOCIATED_ALPHA: u32 = 2;

type Source<'a> = Decoder<Cursor<&'a [u8]>>;

/// Everything that is known before the pixels are read.
struct Opened<'a> {
    decoder: Source<'a>,
    directory: Directory,
    size: Size,
    layout: Layout,
}

/// What the samples of a pixel are.
#[derive(Clone, Copy)]
struct Layout {
    channels: Channels,
    depth: Depth,
    /// Bits as stored: 1, 2, 4 (grey only), 8 or 16.
    bits: u8,
    /// Colour samples are multiplied by alpha.
    premultiplied: bool,
}

pub(super) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header, DecodeError> {
    let Opened { directory, size, layout, .. } = open(bytes, limits)?;
    Ok(Header {
        format: Format::Tiff,
        size,
        depth: layout.depth,
        channels: layout.channels,
        orientation: directory.orientation(),
    })
}

fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Opened<'a>, DecodeError> {
    let Some(directory) = ifd::read(bytes) else {
        return Err(DecodeError::Truncated { format: Format::Tiff });
    };
    if is_camera_raw(bytes, &directory) {
        return Err(DecodeError::CameraRaw);
    }
    let number = |tag| directory.get(tag).and_then(Entry::number);
    if let (Some(width), Some(height)) = (number(tag::WIDTH), number(tag::HEIGHT)) {
        limits.admit(u64::from(width), u64::from(height))?;
    }
    let mut own_limits = tiff::decoder::Limits::default();
    let most_samples = usize::try_from(limits.max_pixels).unwrap_or(usize::MAX).saturating_mul(10);
    own_limits.decoding_buffer_size = most_samples;
    own_limits.intermediate_buffer_size = most_samples;
    own_limits.ifd_value_size = bytes.len();
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(explain)?.with_limits(own_limits);
    let (width, height) = decoder.dimensions().map_err(explain)?;
    let size = limits.admit(u64::from(width), u64::from(height))?;
    let layout = layout(&directory, decoder.colortype().map_err(explain)?)?;
    let samples = u64::from(number(tag::SAMPLES_PER_PIXEL).unwrap_or(1));
    let raw = size.area() as u64 * samples * u64::from(layout.bits) / 8;
    let ratio = match number(tag::COMPRESSION).unwrap_or(NO_COMPRESSION) {
        NO_COMPRESSION => 1,
        2..=4 => u64::MAX,
        _ => MAX_RATIO,
    };
    if raw / ratio > bytes.len() as u64 {
        return Err(DecodeError::Truncated { format: Format::Tiff });
    }
    Ok(Opened { decoder, directory, size, layout })
}

/// Whether the pixels that matter are a sensor's: DNG by its version, Canon's CR2 and Phase One's IIQ by their marks,
/// and all others, Nikon's NEF and Sony's ARW among them, by a first directory that is a reduced picture with the
/// sensor's in sub-directories. Pyramids have theirs the other way round.
fn is_camera_raw(bytes: &[u8], directory: &Directory) -> bool {
    let number = |tag| directory.get(tag).and_then(Entry::number);
    let reduced = number(tag::NEW_SUBFILE_TYPE).is_some_and(|kind| kind & 1 == 1);
    let sensor = matches!(number(tag::PHOTOMETRIC), Some(COLOUR_FILTER_ARRAY | LINEAR_RAW));
    // Where a TIFF has its marks may lie pixels; a directory at 16 leaves hardly any room for those.
    let marked = match bytes.get(4..16) {
        Some([16, 0, 0, 0, b'C', b'R', ..] | [0, 0, 0, 16, b'C', b'R', ..]) => true,
        Some(&[_, _, _, _, a, b, c, d, _, b'w', b'a', b'R']) => [a, b, c, d] == *b"IIII",
        Some(&[_, _, _, _, a, b, c, d, b'R', b'a', b'w', _]) => [a, b, c, d] == *b"MMMM",
        _ => false,
    };
    marked
        || sensor
        || directory.get(tag::DNG_VERSION).is_some()
        || reduced && directory.get(tag::SUB_DIRECTORIES).is_some()
}

fn layout(directory: &Directory, colour: ColorType) -> Result<Layout, DecodeError> {
    let alpha_kind = directory.get(tag::EXTRA_SAMPLES).and_then(Entry::number);
    let has_alpha = matches!(alpha_kind, Some(ASSOCIATED_ALPHA | UNASSOCIATED_ALPHA));
    let (channels, bits) = match colour {
        ColorType::Gray(bits) => (Channels::Grey, bits),
        ColorType::GrayA(bits) => (Channels::GreyAlpha, bits),
        ColorType::Multiband { bit_depth, num_samples } if has_alpha && num_samples >= 2 => {
            (Channels::GreyAlpha, bit_depth)
        }
        ColorType::Multiband { bit_depth, .. } => (Channels::Grey, bit_depth),
        ColorType::RGBA(bits) if has_alpha => (Channels::Rgba, bits),
        ColorType::RGB(bits) | ColorType::RGBA(bits) | ColorType::YCbCr(bits) => (Channels::Rgb, bits),
        ColorType::CMYK(bits) | ColorType::CMYKA(bits) => (Channels::Cmyk, bits),
        other => return Err(DecodeError::unsupported(Format::Tiff, format!("the colour type {other:?}"))),
    };
    let ycbcr = matches!(colour, ColorType::YCbCr(_));
    let jpeg = directory.get(tag::COMPRESSION).and_then(Entry::number) == Some(JPEG_COMPRESSION);
    if ycbcr && !jpeg {
        return Err(DecodeError::unsupported(Format::Tiff, "YCbCr without JPEG compression"));
    }
    let narrow_grey = channels == Channels::Grey && matches!(colour, ColorType::Gray(1 | 2 | 4));
    let only_eight = jpeg || channels == Channels::Cmyk;
    if !(bits == 8 || bits == 16 && !only_eight || narrow_grey) {
        return Err(DecodeError::unsupported(Format::Tiff, format!("{bits} bits a sample in {colour:?}")));
    }
    let depth = if bits == 16 { Depth::Sixteen } else { Depth::Eight };
    Ok(Layout { channels, depth, bits, premultiplied: alpha_kind == Some(ASSOCIATED_ALPHA) })
}

fn explain(error: TiffError) -> DecodeError {
    match error {
        TiffError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format: Format::Tiff }
        }
        TiffError::UnsupportedError(TiffUnsupportedError::UnsupportedCompressionMethod(method)) => {
            DecodeError::unsupported(Format::Tiff, format!("{method:?} compression"))
        }
        TiffError::UnsupportedError(_) => DecodeError::unsupported(Format::Tiff, "this layout of colours"),
        error => DecodeError::corrupt(Format::Tiff, error),
    }
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<(Picture, Vec<DecodeNote>), DecodeError> {
    let Opened { mut decoder, directory, size, layout } = open(bytes, limits)?;
    let mut notes = Vec::new();
    if decoder.more_images() {
        notes.push(DecodeNote::FirstPictureOnly);
    }
    let compression = directory.get(tag::COMPRESSION).and_then(Entry::number);
    let mut samples = if compression == Some(JPEG_COMPRESSION) {
        Samples::U8(tiff_jpeg::read(bytes, &directory, size, &mut notes)?)
    } else {
        read_samples(&mut decoder, size, layout)?
    };
    drop(decoder);
    let wanted = match layout.channels {
        Channels::Grey => 1,
        Channels::GreyAlpha => 2,
        Channels::Rgb => 3,
        Channels::Rgba | Channels::Cmyk => 4,
    };
    samples = take_channels(samples, size, wanted)?;
    // The tiff crate leaves channels out by itself, so the samples that came do not tell.
    let stored = directory.get(tag::SAMPLES_PER_PIXEL).and_then(Entry::number);
    if stored.is_some_and(|stored| stored as usize > wanted) {
        notes.push(DecodeNote::ExtraChannelsDropped);
    }
    let mut metadata = metadata(&directory);
    let orientation = directory.orientation();
    if layout.channels == Channels::Cmyk {
        let Samples::U8(inks) = samples else {
            return Err(DecodeError::unsupported(Format::Tiff, "16-bit CMYK"));
        };
        let (rgb, note) = cmyk::to_srgb(&inks, metadata.icc.as_deref());
        notes.push(note);
        metadata.icc = own_profile::srgb();
        let picture =
            Picture { size, rgb: Samples::U8(rgb), alpha: None, grey: false, orientation, metadata };
        return Ok((picture, notes));
    }
    let grey = wanted < 3;
    let (mut rgb, alpha) = match samples {
        Samples::U8(samples) => {
            let (rgb, alpha) = separate(samples, wanted);
            (Samples::U8(rgb), alpha.map(Samples::U8))
        }
        Samples::U16(samples) => {
            let (rgb, alpha) = separate(samples, wanted);
            (Samples::U16(rgb), alpha.map(Samples::U16))
        }
    };
    if let (Some(alpha), true) = (&alpha, layout.premultiplied) {
        divide_by_alpha(&mut rgb, alpha);
        notes.push(DecodeNote::AlphaMadeStraight);
    }
    Ok((Picture { size, rgb, alpha, grey, orientation, metadata }, notes))
}

/// All samples, interleaved, widened to 8 bits where they are narrower.
fn read_samples(decoder: &mut Source<'_>, size: Size, layout: Layout) -> Result<Samples, DecodeError> {
    let mut result = DecodingResult::U8(Vec::new());
    let buffer = decoder.read_image_to_buffer(&mut result).map_err(explain)?;
    let planes = buffer.planes.max(1);
    match result {
        DecodingResult::U8(samples) if layout.bits < 8 => {
            let stride = buffer.row_stride.map_or(samples.len(), usize::from);
            Ok(Samples::U8(widen(&samples, stride, size, layout.bits)))
        }
        DecodingResult::U8(samples) => Ok(Samples::U8(interleave_planes(samples, planes))),
        DecodingResult::U16(samples) => Ok(Samples::U16(interleave_planes(samples, planes))),
        _ => Err(DecodeError::unsupported(Format::Tiff, "a signed, 32-bit or floating sample")),
    }
}

fn widen(packed: &[u8], stride: usize, size: Size, bits: u8) -> Vec<u8> {
    let (per_byte, ceiling) = (8 / usize::from(bits), (1u16 << bits) - 1);
    let mut samples = Vec::with_capacity(size.area());
    for row in packed.chunks_exact(stride).take(size.height) {
        samples.extend((0..size.width).map(|x| {
            let shift = 8 - usize::from(bits) * (x % per_byte + 1);
            let value = u16::from(row.get(x / per_byte).copied().unwrap_or(0) >> shift) & ceiling;
            (value * 255 / ceiling) as u8
        }));
    }
    samples
}

fn interleave_planes<T: Copy>(samples: Vec<T>, planes: usize) -> Vec<T> {
    if planes == 1 || !samples.len().is_multiple_of(planes) {
        return samples;
    }
    let area = samples.len() / planes;
    (0..samples.len()).map(|index| samples[index % planes * area + index / planes]).collect()
}

/// Keeps the first `wanted` channels of each pixel.
fn take_channels(samples: Samples, size: Size, wanted: usize) -> Result<Samples, DecodeError> {
    let stored = samples.len() / size.area();
    if stored < wanted || stored * size.area() != samples.len() {
        return Err(DecodeError::corrupt(Format::Tiff, "samples do not fit the picture's size"));
    }
    if stored == wanted {
        return Ok(samples);
    }
    Ok(match samples {
        Samples::U8(samples) => {
            Samples::U8(samples.chunks_exact(stored).flat_map(|pixel| &pixel[..wanted]).copied().collect())
        }
        Samples::U16(samples) => {
            Samples::U16(samples.chunks_exact(stored).flat_map(|pixel| &pixel[..wanted]).copied().collect())
        }
    })
}

/// Colour as three channels, and alpha if there is any.
fn separate<T: Copy>(mut samples: Vec<T>, channels: usize) -> (Vec<T>, Option<Vec<T>>) {
    match channels {
        3 => (samples, None),
        4 => {
            let alpha = super::split_alpha(&mut samples);
            (samples, Some(alpha))
        }
        _ => {
            let rgb = samples.chunks_exact(channels).flat_map(|pixel| [pixel[0]; 3]).collect();
            let alpha = (channels == 2).then(|| samples.chunks_exact(2).map(|pixel| pixel[1]).collect());
            (rgb, alpha)
        }
    }
}

fn divide_by_alpha(rgb: &mut Samples, alpha: &Samples) {
    fn divide<T: Copy + Into<u32> + TryFrom<u32>>(rgb: &mut [T], alpha: &[T], ceiling: u32) {
        for (pixel, &alpha) in rgb.chunks_exact_mut(3).zip(alpha) {
            let alpha: u32 = alpha.into();
            for sample in pixel {
                let value: u32 = (*sample).into();
                let straight = (u64::from(value) * u64::from(ceiling) + u64::from(alpha / 2))
                    .checked_div(u64::from(alpha))
                    .unwrap_or(0);
                if let Ok(straight) = T::try_from(straight.min(u64::from(ceiling)) as u32) {
                    *sample = straight;
                }
            }
        }
    }
    match (rgb, alpha) {
        (Samples::U8(rgb), Samples::U8(alpha)) => divide(rgb, alpha, 255),
        (Samples::U16(rgb), Samples::U16(alpha)) => divide(rgb, alpha, 65_535),
        _ => {}
    }
}

fn metadata(directory: &Directory) -> Metadata {
    let block = |tag| directory.get(tag).map(|entry| entry.value().to_vec());
    // IPTC is often declared as 32-bit numbers although it is bytes, so it is taken as it lay in the file.
    let iptc = directory.get(tag::IPTC).map(Entry::stored_value);
    let (iptc, photoshop) = match (iptc, block(tag::PHOTOSHOP)) {
        (None, Some(resources)) => (Some([super::jpeg_segments::PHOTOSHOP, &resources].concat()), None),
        both => both,
    };
    let descriptive = ifd::descriptive(directory.clone());
    let describes = !descriptive.children.is_empty() || !descriptive.entries.is_empty();
    Metadata {
        icc: block(tag::ICC),
        exif: describes.then(|| ifd::to_exif_block(&descriptive)),
        xmp: block(tag::XMP),
        iptc,
        photoshop,
        density: density(directory),
        ..Metadata::default()
    }
}

fn density(directory: &Directory) -> Option<Density> {
    let x = directory.get(tag::X_RESOLUTION)?.fraction()?;
    let y = directory.get(tag::Y_RESOLUTION)?.fraction()?;
    let unit = match directory.get(tag::RESOLUTION_UNIT).and_then(Entry::number) {
        Some(1) => DensityUnit::AspectOnly,
        Some(3) => DensityUnit::Centimetre,
        _ => DensityUnit::Inch,
    };
    Some(Density { x, y, unit })
}

pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>, EncodeError> {
    let Size { width, height } = picture.size;
    let channels = if picture.grey { 1 } else { 3 } + usize::from(picture.alpha.is_some());
    let depth = match picture.rgb {
        Samples::U8(_) => Depth::Eight,
        Samples::U16(_) => Depth::Sixteen,
    };
    let pixel_bytes = width * height * channels * depth.bits() as usize / 8;
    if pixel_bytes as u64 + (256 << 20) > u64::from(u32::MAX) {
        return Err(EncodeError::TooLarge { format: Format::Tiff, width, height });
    }
    let mut file = Vec::with_capacity(pixel_bytes + (1 << 16));
    file.extend_from_slice(&[b'I', b'I', 42, 0, 0, 0, 0, 0]);
    append_pixels(&mut file, picture, channels)?;
    if !file.len().is_multiple_of(2) {
        file.push(0);
    }
    let directory_offset = (file.len() as u32).to_le_bytes();
    file[4..8].copy_from_slice(&directory_offset);
    directory(picture, channels, depth, pixel_bytes).append_to(&mut file);
    Ok(file)
}

fn append_pixels(file: &mut Vec<u8>, picture: &Picture, channels: usize) -> Result<(), EncodeError> {
    let Size { width, height } = picture.size;
    match (&picture.rgb, &picture.alpha) {
        (Samples::U8(rgb), None) if channels == 3 => file.extend_from_slice(rgb),
        (Samples::U8(rgb), None) => append_rows(file, rgb, None, picture.grey, width, height, |v| [v]),
        (Samples::U16(rgb), None) => {
            append_rows(file, rgb, None, picture.grey, width, height, u16::to_le_bytes)
        }
        (Samples::U8(rgb), Some(Samples::U8(alpha))) => {
            append_rows(file, rgb, Some(alpha), picture.grey, width, height, |v| [v]);
        }
        (Samples::U16(rgb), Some(Samples::U16(alpha))) => {
            append_rows(file, rgb, Some(alpha), picture.grey, width, height, u16::to_le_bytes);
        }
        _ => return Err(EncodeError::SampleCount),
    }
    Ok(())
}

fn append_rows<T: Copy + Default, const N: usize>(
    file: &mut Vec<u8>,
    rgb: &[T],
    alpha: Option<&[T]>,
    grey: bool,
    width: usize,
    height: usize,
    bytes: impl Fn(T) -> [u8; N],
) {
    let channels = if grey { 1 } else { 3 } + usize::from(alpha.is_some());
    let mut row = vec![T::default(); width * channels];
    for y in 0..height {
        super::interleave_row(rgb, alpha, grey, width, y, &mut row);
        file.extend(row.iter().flat_map(|&sample| bytes(sample)));
    }
}

/// One strip, chunky, with all metadata.
fn directory(picture: &Picture, channels: usize, depth: Depth, pixel_bytes: usize) -> Directory {
    let metadata = &picture.metadata;
    let exif = super::exif_to_write(metadata, picture.orientation).and_then(|block| ifd::read(&block));
    let mut directory = exif.map(ifd::descriptive).unwrap_or_default();
    directory.entries.retain(|entry| entry.tag != ifd::ORIENTATION);
    directory.entries.extend([
        Entry::long(tag::WIDTH, &[picture.size.width as u32]),
        Entry::long(tag::HEIGHT, &[picture.size.height as u32]),
        Entry::short(tag::BITS_PER_SAMPLE, &vec![depth.bits() as u16; channels]),
        Entry::short(tag::COMPRESSION, &[NO_COMPRESSION as u16]),
        Entry::short(tag::PHOTOMETRIC, &[if picture.grey { 1 } else { 2 }]),
        Entry::long(tag::STRIP_OFFSETS, &[8]),
        Entry::short(ifd::ORIENTATION, &[picture.orientation.exif() as u16]),
        Entry::short(tag::SAMPLES_PER_PIXEL, &[channels as u16]),
        Entry::long(tag::ROWS_PER_STRIP, &[picture.size.height as u32]),
        Entry::long(tag::STRIP_BYTE_COUNTS, &[pixel_bytes as u32]),
        Entry::short(tag::PLANAR_CONFIGURATION, &[1]),
    ]);
    if picture.alpha.is_some() {
        directory.entries.push(Entry::short(tag::EXTRA_SAMPLES, &[UNASSOCIATED_ALPHA as u16]));
    }
    if let Some(density) = metadata.density {
        directory.entries.extend(resolution(density));
    }
    if let Some(icc) = &metadata.icc {
        directory.entries.push(Entry::bytes(tag::ICC, icc));
    }
    if let Some(xmp) = &metadata.xmp {
        directory.entries.push(Entry::octets(tag::XMP, xmp));
    }
    if let Some(iptc) = &metadata.iptc {
        directory.entries.push(match iptc.strip_prefix(super::jpeg_segments::PHOTOSHOP) {
            Some(resources) => Entry::octets(tag::PHOTOSHOP, resources),
            None => Entry::bytes(tag::IPTC, iptc),
        });
    }
    if let Some(resources) = &metadata.photoshop {
        directory.entries.push(Entry::octets(tag::PHOTOSHOP, resources));
    }
    directory
}

fn resolution(density: Density) -> [Entry; 3] {
    let (scale, unit) = match density.unit {
        DensityUnit::AspectOnly => (1.0, 1),
        DensityUnit::Inch => (1.0, 2),
        DensityUnit::Centimetre => (1.0, 3),
        DensityUnit::Metre => (0.01, 3),
    };
    let fraction = |tag, value: f64| {
        let value = value * scale;
        let denominator = if value.fract() == 0.0 || value > 400_000.0 { 1 } else { 10_000 };
        Entry::rational(tag, (value * f64::from(denominator)).round() as u32, denominator)
    };
    [
        fraction(tag::X_RESOLUTION, density.x),
        fraction(tag::Y_RESOLUTION, density.y),
        Entry::short(tag::RESOLUTION_UNIT, &[unit]),
    ]
}
