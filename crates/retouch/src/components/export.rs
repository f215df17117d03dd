//! `export`: writes the result as JPEG, PNG, WebP or TIFF, as large a file as is wanted.

use std::borrow::Cow;

use pixel::Size;
use pixel::codec::{EncodeOptions, Format, encode, left_out};
use pixel::picture::{Metadata, Picture, Samples};

use super::Component;
use super::declaration::{Declaration, Kind, Setting, Values};
use super::exif;
use super::flatten::{flattened, to_srgb};
use super::input::fitting;
use super::run::WorkflowFault;
use super::scale::scaled;
use super::work::Work;
use crate::engine::{Step, check};

/// The component.
pub(super) struct Export;

static DECLARATION: Declaration = Declaration {
    kind: Cow::Borrowed("export"),
    label: "Export",
    about: "Writes the result in a format, with a quality, colour profile, depth, resolution and size.",
    never: "Enlarges, invents depth, or gives a file larger than the target.",
    settings: Cow::Borrowed(&[
        Setting {
            key: "format",
            label: "Format",
            meaning: "keep writes the upload's format, or PNG where that cannot hold transparency",
            kind: Kind::Choice { options: &["keep", "jpeg", "png", "webp", "tiff"], default: "keep" },
        },
        Setting {
            key: "quality",
            label: "Quality",
            meaning: "of a JPEG, 1 to 100; the other formats lose nothing",
            kind: Kind::Whole { min: 1, max: 100, default: 92 },
        },
        Setting {
            key: "profile",
            label: "Colour profile",
            meaning: "keep the upload's, or convert the colours to sRGB",
            kind: Kind::Choice { options: &["keep", "srgb"], default: "keep" },
        },
        Setting {
            key: "depth",
            label: "Bit depth",
            meaning: "bits of a channel; JPEG and WebP always hold 8, and 8 are never widened",
            kind: Kind::Choice { options: &["keep", "8"], default: "keep" },
        },
        Setting {
            key: "dpi",
            label: "DPI",
            meaning: "pixels an inch to write down; 0 keeps the upload's",
            kind: Kind::Whole { min: 0, max: 2400, default: 0 },
        },
        Setting {
            key: "largestEdge",
            label: "Largest edge",
            meaning: "longest side of the result in pixels; 0 keeps it, nothing is enlarged",
            kind: Kind::Whole { min: 0, max: 30_000, default: 0 },
        },
        Setting {
            key: "fileSize",
            label: "File size",
            meaning: "most kilobytes (1000 bytes); a JPEG gives up quality first, then all formats size; 0 is no limit",
            kind: Kind::Whole { min: 0, max: 1_000_000, default: 0 },
        },
        Setting {
            key: "metadata",
            label: "Metadata",
            meaning: "keep the upload's, or write none but the colour profile",
            kind: Kind::Choice { options: &["keep", "none"], default: "keep" },
        },
        Setting {
            key: "layers",
            label: "Layers",
            meaning: "gives a ZIP with every retouching step as a layer; only while nothing is cut out or resized",
            kind: Kind::Switch { default: false },
        },
    ]),
};

/// Quality below which a JPEG is made smaller instead.
const LEAST_QUALITY: u8 = 50;
/// Factor on the longest side from one try to the next.
const SMALLER: f64 = 0.9;
/// Pixels of the longest side at which the search for a smaller file is given up.
const LEAST_EDGE: usize = 32;

impl Component for Export {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn apply(&self, work: &mut Work<'_>, values: &Values) -> Result<(), WorkflowFault> {
        if values.is_on("layers") {
            return Ok(());
        }
        let mut picture = flattened(work);
        let edge = values.whole("largestEdge");
        if edge > 0 && picture.size.long_edge() > edge {
            picture = scaled(&picture, fitting(picture.size, edge));
        }
        if values.word("profile") == "srgb" {
            to_srgb(&mut picture);
        }
        if values.word("depth") == "8" {
            narrow(&mut picture);
        }
        if values.word("metadata") == "none" {
            // The orientation says how the pixels lie; it is written anew without the block.
            picture.metadata = Metadata { icc: picture.metadata.icc.take(), ..Metadata::default() };
        }
        if let dpi @ 1.. = values.whole("dpi") {
            exif::set_dpi(&mut picture.metadata, dpi as u32);
        }
        let format = format(values.word("format"), work.format, picture.alpha.is_some());
        work.notes.extend(left_out(&picture, format).iter().map(ToString::to_string));
        work.watch.step(Step::Encoding);
        let quality = values.whole("quality").clamp(1, 100) as u8;
        let written = match values.whole("fileSize") * 1000 {
            0 => Written { bytes: write(&picture, format, quality)?, quality, size: picture.size },
            most => fit(&picture, format, quality, most, &|| check(work.watch).map_err(Into::into))?,
        };
        work.found("bytes", written.bytes.len() as f64);
        if format == Format::Jpeg {
            work.found("quality", f64::from(written.quality));
        }
        picture.size = written.size;
        // Only size and orientation are asked of the work from here on.
        work.picture = Picture { rgb: Samples::U8(Vec::new()), alpha: None, ..picture };
        work.result = Some((written.bytes, format));
        Ok(())
    }
}

/// A written file.
struct Written {
    bytes: Vec<u8>,
    quality: u8,
    size: Size,
}

fn write(picture: &Picture, format: Format, quality: u8) -> Result<Vec<u8>, WorkflowFault> {
    Ok(encode(picture, format, &EncodeOptions { jpeg_quality: quality })?)
}

/// The best file of at most `most` bytes: the highest quality not above `quality`, in the largest size.
fn fit(
    picture: &Picture,
    format: Format,
    quality: u8,
    most: usize,
    check: &dyn Fn() -> Result<(), WorkflowFault>,
) -> Result<Written, WorkflowFault> {
    let mut small;
    let mut picture = picture;
    let full = picture.size;
    let mut edge = full.long_edge() as f64;
    loop {
        check()?;
        let lowest = if format == Format::Jpeg { quality.min(LEAST_QUALITY) } else { quality };
        let bytes = write(picture, format, lowest)?;
        let size = picture.size;
        if bytes.len() > most && size.long_edge() <= LEAST_EDGE {
            return Err(WorkflowFault::FileSize { most });
        }
        if bytes.len() <= most {
            return search(picture, format, [lowest, quality], most, bytes, check);
        }
        // The file grows about with the pixels; the factor makes sure that each try is smaller than the last.
        let guess = (most as f64 / bytes.len() as f64).sqrt().clamp(0.25, 1.0);
        edge = (edge * guess.min(SMALLER)).max(LEAST_EDGE as f64);
        small = scaled(picture, fitting(full, edge.round() as usize));
        picture = &small;
    }
}

/// Halves the qualities between one that fits (`fitting` is its file) and the wanted one.
fn search(
    picture: &Picture,
    format: Format,
    [lowest, wanted]: [u8; 2],
    most: usize,
    fitting: Vec<u8>,
    check: &dyn Fn() -> Result<(), WorkflowFault>,
) -> Result<Written, WorkflowFault> {
    let mut best = Written { bytes: fitting, quality: lowest, size: picture.size };
    let (mut low, mut high) = (lowest, wanted);
    while low < high {
        check()?;
        let middle = low + (high - low).div_ceil(2);
        let bytes = write(picture, format, middle)?;
        if bytes.len() <= most {
            best = Written { bytes, quality: middle, ..best };
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(best)
}

fn format(word: &str, upload: Format, transparent: bool) -> Format {
    match word {
        "jpeg" => Format::Jpeg,
        "png" => Format::Png,
        "webp" => Format::WebP,
        "tiff" => Format::Tiff,
        _ if transparent && upload == Format::Jpeg => Format::Png,
        _ => upload,
    }
}

/// The picture with 8 bits a channel.
fn narrow(picture: &mut Picture) {
    picture.rgb = eight(&picture.rgb);
    picture.alpha = picture.alpha.as_ref().map(eight);
}

/// 16-bit samples as 8 bits, rounded to nearest.
fn eight(samples: &Samples) -> Samples {
    match samples {
        Samples::U8(samples) => Samples::U8(samples.clone()),
        Samples::U16(samples) => {
            Samples::U8(samples.iter().map(|&v| ((u32::from(v) * 255 + 32_767) / 65_535) as u8).collect())
        }
    }
}
