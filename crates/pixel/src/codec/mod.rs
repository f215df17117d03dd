//! Pictures in and out: bytes of JPEG, PNG, TIFF and WebP files to [`Picture`] and back.
//!
//! Nothing here opens a file. The type is told by content, limits are checked from the header
//! before pixel memory is taken, and what a format cannot hold is left out as documented at
//! [`encode`].

mod cmyk;
mod error;
mod exif_block;
mod ifd;
mod jpeg;
mod jpeg_segments;
mod layer_png;
mod own_profile;
mod photoshop;
mod png;
mod png_text;
mod psd;
mod thumbnail;
mod tiff;
mod tiff_jpeg;
mod webp;
mod xmp;

#[cfg(test)]
mod tests;

pub use error::{DecodeError, DecodeNote, EncodeError, EncodeNote};
pub use exif_block::ExifBlock;
pub use layer_png::{LayerChannels, LayerPng};
pub use psd::{
    PSD_EXTENSION, PSD_MIME_TYPE, PsdBlend, PsdChannel, PsdDocument, PsdLayer, PsdRaster, write_psd,
};
pub use thumbnail::{drop_thumbnails, renew_thumbnails};

use crate::colour::profile::ColourSpace;
use crate::geometry::{Orientation, Size};
use crate::picture::{Metadata, Picture, Samples};

/// The file formats that can be read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG: 8 bits, no alpha.
    Jpeg,
    /// PNG: 8 or 16 bits, alpha.
    Png,
    /// TIFF: 8 or 16 bits, alpha.
    Tiff,
    /// WebP: 8 bits, alpha; written lossless.
    WebP,
}

impl Format {
    /// The four formats.
    pub const ALL: [Format; 4] = [Self::Jpeg, Self::Png, Self::Tiff, Self::WebP];

    /// Media type as registered with IANA.
    pub fn mime_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Tiff => "image/tiff",
            Self::WebP => "image/webp",
        }
    }

    /// The usual file extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Tiff => "tif",
            Self::WebP => "webp",
        }
    }

    /// Longest side that the format can store, in pixels.
    pub fn max_side(self) -> usize {
        match self {
            Self::Jpeg => 65_500,
            Self::WebP => 16_384,
            Self::Png | Self::Tiff => i32::MAX as usize,
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Tiff => "TIFF",
            Self::WebP => "WebP",
        })
    }
}

/// The format that the first bytes of a file show, whatever its name says.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(Format::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(Format::Png),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Format::Tiff),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::WebP),
        _ => None,
    }
}

/// What is refused before any pixel memory is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// Largest picture, in pixels (width times height).
    pub max_pixels: u64,
}

impl Default for Limits {
    /// 100 MiB and 250 megapixels.
    fn default() -> Self {
        Self { max_bytes: 100 * 1_048_576, max_pixels: 250_000_000 }
    }
}

impl Limits {
    /// Checks a size that a header claims.
    fn admit(&self, width: u64, height: u64) -> Result<Size, DecodeError> {
        if width == 0 || height == 0 {
            return Err(DecodeError::ZeroSize);
        }
        match width.checked_mul(height) {
            Some(pixels) if pixels <= self.max_pixels => Ok(Size::new(width as usize, height as usize)),
            _ => Err(DecodeError::TooManyPixels { width, height, limit: self.max_pixels }),
        }
    }
}

/// Bits of one sample in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// 8 bits; files with fewer bits a sample are widened.
    Eight,
    /// 16 bits.
    Sixteen,
}

impl Depth {
    /// 8 or 16.
    pub fn bits(self) -> u32 {
        match self {
            Self::Eight => 8,
            Self::Sixteen => 16,
        }
    }
}

/// What the file stores for each pixel; a palette counts as what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channels {
    /// One channel.
    Grey,
    /// One channel and alpha.
    GreyAlpha,
    /// Three channels.
    Rgb,
    /// Three channels and alpha.
    Rgba,
    /// Four inks; decoded to sRGB.
    Cmyk,
}

/// What can be told about a file without decoding its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Format by content.
    pub format: Format,
    /// Stored size.
    pub size: Size,
    /// Bits of a decoded sample.
    pub depth: Depth,
    /// Channels of the file.
    pub channels: Channels,
    /// How the stored pixels must be turned to stand upright.
    pub orientation: Orientation,
}

/// A decoded file.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// Pixels and metadata.
    pub picture: Picture,
    /// Format of the file.
    pub format: Format,
    /// What differs from the file, for the report.
    pub notes: Vec<DecodeNote>,
}

/// How to write a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// JPEG quality, 1 to 100 (clamped); chroma is never subsampled.
    pub jpeg_quality: u8,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self { jpeg_quality: 95 }
    }
}

/// Reads the header of a file and checks it against `limits`.
///
/// # Errors
/// When the format is not known, a limit is exceeded or the header is damaged.
pub fn probe(bytes: &[u8], limits: &Limits) -> Result<Header, DecodeError> {
    match admit_file(bytes, limits)? {
        Format::Jpeg => jpeg::probe(bytes, limits),
        Format::Png => png::probe(bytes, limits),
        Format::Tiff => tiff::probe(bytes, limits),
        Format::WebP => webp::probe(bytes, limits),
    }
}

/// Decodes a file. RGB comes in the space of its own ICC profile; CMYK is converted to sRGB.
///
/// # Errors
/// When the format is not known, a limit is exceeded, or the file is damaged, cut short or of a
/// kind that is not supported. A picture is never returned in part.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, DecodeError> {
    let format = admit_file(bytes, limits)?;
    let (picture, notes) = match format {
        Format::Jpeg => jpeg::decode(bytes, limits, 0)?,
        Format::Png => png::decode(bytes, limits)?,
        Format::Tiff => tiff::decode(bytes, limits)?,
        Format::WebP => webp::decode(bytes, limits)?,
    };
    Ok(Decoded::new(picture, format, notes))
}

/// Decodes a file at 1 / 2^`halvings` of its size (1 to 3), each side rounded up, where that is much quicker than
/// decoding all of it: a JPEG of grey or RGB. `None` for every other file.
///
/// The inverse DCT is done on fewer coefficients, which keeps every mean and little that would alias. Stored pixel
/// (0, 0) covers the full picture's first 2^`halvings` columns and rows.
///
/// # Errors
/// As [`decode`].
pub fn decode_reduced(bytes: &[u8], limits: &Limits, halvings: u8) -> Result<Option<Decoded>, DecodeError> {
    let format = admit_file(bytes, limits)?;
    if format != Format::Jpeg || !(1..=3).contains(&halvings) || !jpeg::scales(bytes)? {
        return Ok(None);
    }
    let (picture, notes) = jpeg::decode(bytes, limits, halvings)?;
    Ok(Some(Decoded::new(picture, format, notes)))
}

/// A JPEG of interleaved 8-bit sRGB without metadata, chroma in full: for showing, not for keeping.
///
/// # Errors
/// When a side is 0 or longer than a JPEG allows, or `rgb` does not hold 3 samples a pixel.
pub fn encode_shown(rgb: &[u8], size: Size, quality: u8) -> Result<Vec<u8>, EncodeError> {
    let format = Format::Jpeg;
    if size.area() == 0 {
        return Err(EncodeError::ZeroSize);
    }
    if size.long_edge() > format.max_side() {
        return Err(EncodeError::TooLarge { format, width: size.width, height: size.height });
    }
    if rgb.len() != 3 * size.area() {
        return Err(EncodeError::SampleCount);
    }
    jpeg::encode_bare(rgb, size, quality)
}

impl Decoded {
    fn new(picture: Picture, format: Format, mut notes: Vec<DecodeNote>) -> Self {
        if let Some(icc) = &picture.metadata.icc
            && !notes.contains(&DecodeNote::BrokenProfile)
            && ColourSpace::from_icc(icc).is_err()
        {
            notes.push(DecodeNote::BrokenProfile);
        }
        Self { picture, format, notes }
    }
}

/// Writes a picture as a file of `format`, metadata included.
///
/// Depth, alpha and grey are kept where the format has them. Otherwise: JPEG and WebP get 8 bits, JPEG gets transparent
/// parts laid over white, WebP stores grey as equal RGB, and so does PNG where the profile is of RGB. A JPEG segment holds
/// 64 KiB, so EXIF beyond that (never from a JPEG) is cut down in a JPEG and XMP left out, which [`left_out`] tells;
/// extended XMP is written to JPEG only, the textual chunks of a PNG to PNG only, IPTC and Photoshop resources not to WebP.
///
/// # Errors
/// When a side is longer than the format allows, or the codec fails.
pub fn encode(picture: &Picture, format: Format, options: &EncodeOptions) -> Result<Vec<u8>, EncodeError> {
    let size = picture.size;
    if size.area() == 0 {
        return Err(EncodeError::ZeroSize);
    }
    if size.long_edge() > format.max_side() {
        return Err(EncodeError::TooLarge { format, width: size.width, height: size.height });
    }
    let alpha_len = picture.alpha.as_ref().map_or(size.area(), Samples::len);
    if picture.rgb.len() != 3 * size.area() || alpha_len != size.area() {
        return Err(EncodeError::SampleCount);
    }
    match format {
        Format::Jpeg => jpeg::encode(picture, options.jpeg_quality),
        Format::Png => png::encode(picture),
        Format::Tiff => tiff::encode(picture),
        Format::WebP => webp::encode(picture),
    }
}

/// What [`encode`] leaves out of the picture's metadata because it is too long for `format`, for the report.
pub fn left_out(picture: &Picture, format: Format) -> Vec<EncodeNote> {
    if format == Format::Jpeg { jpeg::left_out(picture) } else { Vec::new() }
}

fn admit_file(bytes: &[u8], limits: &Limits) -> Result<Format, DecodeError> {
    if bytes.len() as u64 > limits.max_bytes {
        return Err(DecodeError::FileTooLarge { bytes: bytes.len() as u64, limit: limits.max_bytes });
    }
    sniff(bytes).ok_or(DecodeError::UnknownFormat)
}

/// The EXIF block to write: the picture's own, or a minimal one when only the orientation would be lost.
fn exif_to_write(metadata: &Metadata, orientation: Orientation) -> Option<Vec<u8>> {
    match &metadata.exif {
        Some(exif) => Some(exif.clone()),
        None if orientation != Orientation::Upright => Some(ifd::orientation_only(orientation)),
        None => None,
    }
}

/// 16-bit samples to 8 bits, rounded to nearest.
fn narrow(samples: &[u16]) -> Vec<u8> {
    samples.iter().map(|&v| ((u32::from(v) * 255 + 32_767) / 65_535) as u8).collect()
}

/// Row `y` of a picture with its alpha beside the colour; grey gives one colour sample a pixel.
fn interleave_row<T: Copy>(
    rgb: &[T],
    alpha: Option<&[T]>,
    grey: bool,
    width: usize,
    y: usize,
    out: &mut [T],
) {
    let colour = &rgb[3 * width * y..3 * width * (y + 1)];
    let kept = if grey { 1 } else { 3 };
    let Some(alpha) = alpha else {
        for (out, pixel) in out.chunks_exact_mut(kept).zip(colour.chunks_exact(3)) {
            out.copy_from_slice(&pixel[..kept]);
        }
        return;
    };
    let pixels = colour.chunks_exact(3).zip(&alpha[width * y..]);
    for (out, (pixel, &alpha)) in out.chunks_exact_mut(kept + 1).zip(pixels) {
        out[..kept].copy_from_slice(&pixel[..kept]);
        out[kept] = alpha;
    }
}

/// Takes the fourth channel out of interleaved samples, which keep the other three.
fn split_alpha<T: Copy>(pixels: &mut Vec<T>) -> Vec<T> {
    let area = pixels.len() / 4;
    let alpha = pixels.iter().skip(3).step_by(4).copied().collect();
    for index in 1..area {
        pixels.copy_within(4 * index..4 * index + 3, 3 * index);
    }
    pixels.truncate(3 * area);
    pixels.shrink_to_fit();
    alpha
}
