//! A decoded picture: interleaved RGB samples as stored, and all that must survive beside them.

use crate::geometry::{Orientation, Size};

/// Interleaved samples in the depth of the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// 8 bits a sample.
    U8(Vec<u8>),
    /// 16 bits a sample.
    U16(Vec<u16>),
}

impl Samples {
    /// Number of samples (pixels times channels).
    pub fn len(&self) -> usize {
        match self {
            Self::U8(samples) => samples.len(),
            Self::U16(samples) => samples.len(),
        }
    }

    /// True when there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The largest value a sample can hold: 255 or 65535.
    pub fn ceiling(&self) -> f32 {
        match self {
            Self::U8(_) => 255.0,
            Self::U16(_) => 65535.0,
        }
    }

    /// Sample number `index` as a share of [`Samples::ceiling`], 0 to 1.
    #[inline]
    pub fn unit(&self, index: usize) -> f32 {
        match self {
            Self::U8(samples) => f32::from(samples[index]) / 255.0,
            Self::U16(samples) => f32::from(samples[index]) / 65535.0,
        }
    }
}

/// A textual chunk of a PNG: author, copyright, description and the like.
#[derive(Clone, Debug, PartialEq)]
pub struct TextChunk {
    /// `tEXt`, `zTXt` or `iTXt`.
    pub name: [u8; 4],
    /// The chunk's data: keyword and text in the encoding of that kind.
    pub data: Vec<u8>,
}

/// Metadata blocks carried over from the upload to the result: unchanged, but for thumbnails and what no longer holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// ICC profile of the RGB or grey samples; `None` means sRGB.
    pub icc: Option<Vec<u8>>,
    /// EXIF block, starting with the TIFF header (`II*\0` or `MM\0*`).
    pub exif: Option<Vec<u8>>,
    /// XMP packet.
    pub xmp: Option<Vec<u8>>,
    /// Extended XMP of a JPEG: each APP1 payload after its namespace (GUID, full length, offset, data).
    pub xmp_extension: Vec<Vec<u8>>,
    /// IPTC block as it stood in the file (for JPEG: the whole Photoshop APP13 payload).
    pub iptc: Option<Vec<u8>>,
    /// Photoshop's image resources (clipping paths, guides and more) of a TIFF that holds its IPTC apart from them.
    pub photoshop: Option<Vec<u8>>,
    /// Textual chunks of a PNG as they stood in the file, XMP and blocks of metadata in digits not among them.
    pub text: Vec<TextChunk>,
    /// Resolution of the file's own header (JFIF density, pHYs, TIFF tags), not EXIF's.
    pub density: Option<Density>,
}

/// Resolution as the file states it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Density {
    /// Pixels a unit, horizontally.
    pub x: f64,
    /// Pixels a unit, vertically.
    pub y: f64,
    /// What the numbers count against.
    pub unit: DensityUnit,
}

/// Unit of a [`Density`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DensityUnit {
    /// Only the ratio of x to y means something.
    AspectOnly,
    /// Pixels an inch.
    Inch,
    /// Pixels a centimetre.
    Centimetre,
    /// Pixels a metre.
    Metre,
}

/// A picture in memory. RGB samples lie interleaved in stored orientation; a grey file is held as
/// three equal channels and remembered as grey.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Stored size.
    pub size: Size,
    /// `3 * size.area()` samples, R G B R G B and so on, in the space of `metadata.icc`.
    pub rgb: Samples,
    /// `size.area()` samples of straight alpha, if the file had any, in the same depth as `rgb`.
    pub alpha: Option<Samples>,
    /// True when the file was grey: the three channels are equal and must stay so.
    pub grey: bool,
    /// How to turn the stored samples upright.
    pub orientation: Orientation,
    /// What is carried over unchanged.
    pub metadata: Metadata,
}

impl Picture {
    /// Size of the picture as a person sees it.
    pub fn upright_size(&self) -> Size {
        self.orientation.turn_size(self.size)
    }
}
