//! What can go wrong, or must be told, when a file is read or written.

use super::Format;

/// Why a file cannot be decoded. Each message is one line that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The content is none of the known formats.
    #[error("not a JPEG, PNG, TIFF or WebP picture; export it in one of these formats")]
    UnknownFormat,
    /// The file exceeds [`super::Limits::max_bytes`].
    #[error("the file has {bytes} bytes and at most {limit} are accepted; send a smaller file")]
    FileTooLarge {
        /// Size of the file.
        bytes: u64,
        /// Largest size accepted.
        limit: u64,
    },
    /// The picture exceeds [`super::Limits::max_pixels`].
    #[error("the picture is {width} × {height} and at most {limit} pixels are accepted; scale it down")]
    TooManyPixels {
        /// Width that the header claims.
        width: u64,
        /// Height that the header claims.
        height: u64,
        /// Most pixels accepted.
        limit: u64,
    },
    /// Width or height is 0.
    #[error("the picture has no pixels; export it again")]
    ZeroSize,
    /// The file ends before the picture does.
    #[error("the {format} file is cut short; copy or export it again")]
    Truncated {
        /// Format of the file.
        format: Format,
    },
    /// The content breaks the rules of its format.
    #[error("the {format} file is damaged ({detail}); export it again")]
    Corrupt {
        /// Format of the file.
        format: Format,
        /// What the decoder met.
        detail: String,
    },
    /// A camera raw file, which is a TIFF inside: read as one, its thumbnail would pass for the picture.
    #[error("camera raw files are not read; develop it to TIFF or JPEG first")]
    CameraRaw,
    /// A valid file of a kind that is not read.
    #[error("{what} in a {format} file is not supported; save it as 8 or 16 bit RGB")]
    Unsupported {
        /// Format of the file.
        format: Format,
        /// What is not supported.
        what: String,
    },
}

impl DecodeError {
    pub(super) fn corrupt(format: Format, detail: impl std::fmt::Display) -> Self {
        let one_line = detail.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self::Corrupt { format, detail: one_line }
    }

    pub(super) fn unsupported(format: Format, what: impl Into<String>) -> Self {
        Self::Unsupported { format, what: what.into() }
    }
}

/// What differs between a file and the picture decoded from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecodeNote {
    /// CMYK inks were converted to sRGB through the embedded profile.
    CmykConverted,
    /// CMYK inks without a usable profile were converted by plain multiplication.
    CmykConvertedWithoutProfile,
    /// The ICC profile cannot be used and the samples count as sRGB. It is carried over, unless segments of a JPEG
    /// do not make up one profile.
    BrokenProfile,
    /// Only the first picture of an animation, a multi-page or a multi-picture file is kept.
    FirstPictureOnly,
    /// The HDR gain map behind the picture is dropped; so is what its XMP said of it.
    GainMapDropped,
    /// Colours multiplied by alpha were divided by it.
    AlphaMadeStraight,
    /// Channels beyond colour and alpha were dropped.
    ExtraChannelsDropped,
    /// All pixels are there but the file breaks a rule or ends early behind them.
    MinorDamage,
}

impl std::fmt::Display for DecodeNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::CmykConverted => "CMYK was converted to sRGB through the embedded profile",
            Self::CmykConvertedWithoutProfile => {
                "CMYK without a usable profile was converted to sRGB plainly"
            }
            Self::BrokenProfile => "the colour profile cannot be used, colours count as sRGB",
            Self::FirstPictureOnly => "only the first picture of the file is kept",
            Self::GainMapDropped => "the HDR gain map is lost, the picture is kept in standard range",
            Self::AlphaMadeStraight => "premultiplied alpha was made straight",
            Self::ExtraChannelsDropped => "extra channels were dropped",
            Self::MinorDamage => "the file is slightly damaged, its pixels are whole",
        })
    }
}

/// What of a picture's metadata a file cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EncodeNote {
    /// The EXIF block is too long; its thumbnail and, as far as needed, the maker's note and long values are left out.
    ExifShortened,
    /// The XMP packet is too long and left out.
    XmpLeftOut,
}

impl std::fmt::Display for EncodeNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ExifShortened => {
                "EXIF is too long for the file, its thumbnail and longest entries are left out"
            }
            Self::XmpLeftOut => "XMP is too long for the file and left out",
        })
    }
}

/// Why a picture cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Width or height is 0.
    #[error("a picture without pixels cannot be written; give it a size")]
    ZeroSize,
    /// Samples do not fit the size.
    #[error("the number of samples does not fit the picture's size; fill all channels")]
    SampleCount,
    /// The format has no room for such a picture or block.
    #[error("{format} cannot hold a picture of {width} × {height}; choose PNG or TIFF, or scale it down")]
    TooLarge {
        /// Format asked for.
        format: Format,
        /// Width of the picture.
        width: usize,
        /// Height of the picture.
        height: usize,
    },
    /// A layered document has no room for such a picture.
    #[error("a Photoshop document cannot hold a picture of {width} × {height}; scale it down")]
    DocumentTooLarge {
        /// Width of the picture.
        width: usize,
        /// Height of the picture.
        height: usize,
    },
    /// The codec refused.
    #[error("the {format} encoder failed ({detail}); try another format")]
    Codec {
        /// Format asked for.
        format: Format,
        /// What the encoder said.
        detail: String,
    },
}
