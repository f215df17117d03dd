//! The marker segments of a JPEG file: what they say before anything is decoded (ITU-T T.81, annex B).

use super::{DecodeError, Format};
use crate::picture::{Density, DensityUnit, Metadata};

pub(super) const EXIF: &[u8] = b"Exif\0\0";
pub(super) const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
pub(super) const XMP_EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
pub(super) const ICC: &[u8] = b"ICC_PROFILE\0";
pub(super) const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
const JFIF: &[u8] = b"JFIF\0";
const ADOBE: &[u8] = b"Adobe";
const MULTI_PICTURE: &[u8] = b"MPF\0";
/// Says that a gain map of ISO 21496-1 lies behind the picture.
const GAIN_MAP: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";

/// The frame header.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub width: u16,
    pub height: u16,
    pub precision: u8,
    pub components: u8,
    pub lossless: bool,
    pub arithmetic: bool,
}

/// What the segments of a file say.
#[derive(Debug, Default)]
pub(super) struct Segments {
    pub frame: Option<Frame>,
    pub metadata: Metadata,
    /// The Adobe marker is there: CMYK is stored inverted.
    pub adobe: bool,
    /// The end-of-image marker was met.
    pub complete: bool,
    /// ICC segments are there but do not make up one profile.
    pub broken_profile: bool,
    /// The file announces further pictures behind the first.
    pub more_pictures: bool,
    /// One of them is a gain map.
    pub gain_map: bool,
    icc: Vec<(u8, u8, Vec<u8>)>,
}

/// How far to read.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Extent {
    /// To the first scan.
    Header,
    /// To the end of the picture, over all scans.
    Whole,
}

/// Walks over the markers from the start of the file; stops quietly where the file ends.
pub(super) fn read(bytes: &[u8], extent: Extent) -> Result<Segments, DecodeError> {
    let mut segments = Segments::default();
    let mut at = 2;
    while let Some((marker, after)) = next_marker(bytes, at) {
        at = after;
        match marker {
            0xD9 => {
                segments.complete = true;
                break;
            }
            0x01 | 0xD0..=0xD8 => continue,
            0xDA if extent == Extent::Header => break,
            _ => {}
        }
        let Some(body) = body(bytes, at) else { break };
        at += 2 + body.len();
        match marker {
            0xDA => at = end_of_scan(bytes, at),
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => segments.add_frame(marker, body)?,
            0xE0..=0xEF => segments.add_application(marker, body),
            _ => {}
        }
    }
    segments.join_profile();
    Ok(segments)
}

/// The next marker code from `at` on and the place behind it.
fn next_marker(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let mut at = at + memchr::memchr(0xFF, bytes.get(at..)?)?;
    loop {
        match bytes.get(at + 1)? {
            0xFF => at += 1,
            0 => at += 2 + memchr::memchr(0xFF, bytes.get(at + 2..)?)?,
            &marker => return Some((marker, at + 2)),
        }
    }
}

fn body(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let len = usize::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    bytes.get(at + 2..at.checked_add(len.max(2))?)
}

/// Where the entropy-coded data that starts at `at` ends: at a marker other than a restart.
fn end_of_scan(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(0xFF, rest)) {
        at += found;
        match bytes.get(at + 1) {
            Some(0 | 0xD0..=0xD7) => at += 2,
            Some(0xFF) => at += 1,
            Some(_) => return at,
            None => break,
        }
    }
    bytes.len()
}

impl Segments {
    fn add_frame(&mut self, marker: u8, body: &[u8]) -> Result<(), DecodeError> {
        let [precision, h1, h0, w1, w0, components, ..] = *body else {
            return Err(DecodeError::Truncated { format: Format::Jpeg });
        };
        if self.frame.is_some() {
            return Err(DecodeError::unsupported(Format::Jpeg, "more than one frame"));
        }
        self.frame = Some(Frame {
            width: u16::from_be_bytes([w1, w0]),
            height: u16::from_be_bytes([h1, h0]),
            precision,
            components,
            lossless: marker & 3 == 3,
            arithmetic: marker > 0xC8,
        });
        Ok(())
    }

    fn add_application(&mut self, marker: u8, body: &[u8]) {
        let metadata = &mut self.metadata;
        let after = |prefix: &[u8]| body.strip_prefix(prefix).map(<[u8]>::to_vec);
        match marker {
            0xE0 if body.starts_with(JFIF) && metadata.density.is_none() => {
                metadata.density = body.get(7..12).and_then(jfif_density);
            }
            0xE1 if body.starts_with(EXIF) && metadata.exif.is_none() => metadata.exif = after(EXIF),
            0xE1 if body.starts_with(XMP) && metadata.xmp.is_none() => metadata.xmp = after(XMP),
            0xE1 if body.starts_with(XMP_EXTENSION) => metadata.xmp_extension.extend(after(XMP_EXTENSION)),
            0xE2 if body.starts_with(MULTI_PICTURE) => self.more_pictures = true,
            0xE2 if body.starts_with(GAIN_MAP) => self.gain_map = true,
            0xE2 => {
                if let Some([number, count, data @ ..]) = body.strip_prefix(ICC) {
                    self.icc.push((*number, *count, data.to_vec()));
                }
            }
            0xED if body.starts_with(PHOTOSHOP) => match &mut metadata.iptc {
                Some(block) => block.extend_from_slice(&body[PHOTOSHOP.len()..]),
                None => metadata.iptc = Some(body.to_vec()),
            },
            0xEE if body.starts_with(ADOBE) => self.adobe = true,
            _ => {}
        }
    }

    /// Joins the ICC segments by their numbers (ICC.1:2022, annex B.4).
    fn join_profile(&mut self) {
        self.icc.sort_by_key(|part| part.0);
        let count = self.icc.len();
        let whole =
            self.icc.iter().zip(1..).all(|(part, number)| part.0 == number && usize::from(part.1) == count);
        if whole && count > 0 {
            self.metadata.icc = Some(self.icc.drain(..).flat_map(|part| part.2).collect());
        }
        self.broken_profile = !whole;
    }
}

fn jfif_density(field: &[u8]) -> Option<Density> {
    let [unit, x1, x0, y1, y0] = *field else { return None };
    let (x, y) = (u16::from_be_bytes([x1, x0]), u16::from_be_bytes([y1, y0]));
    let unit = match unit {
        0 => DensityUnit::AspectOnly,
        1 => DensityUnit::Inch,
        2 => DensityUnit::Centimetre,
        _ => return None,
    };
    (x > 0 && y > 0).then(|| Density { x: f64::from(x), y: f64::from(y), unit })
}
