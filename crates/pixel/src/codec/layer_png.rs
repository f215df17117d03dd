//! PNG written row by row, very fast where rows are empty: for layers and for results.
//!
//! The IDAT stream is fdeflate's fixed-code deflate; a row that is zero, below a zero row, is not
//! filtered at all. PNG specification, third edition, sections 9 and 11.

use std::io::Write;

use super::{Depth, EncodeError, Format, ifd, own_profile};
use crate::geometry::{Orientation, Size};

const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A];

/// Largest PNG chunk.
const MAX_CHUNK: usize = (1 << 31) - 1;

/// Colour types that a layer can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LayerChannels {
    /// One channel.
    Grey,
    /// Three channels and straight alpha.
    Rgba,
}

/// A PNG of which all rows are pushed from top to bottom.
pub struct LayerPng {
    rows: RowWriter,
    depth: Depth,
}

impl LayerPng {
    /// Starts a layer of `size`. `icc` is the profile of the picture that it lies on; `None` means sRGB.
    ///
    /// A profile of the other kind than `channels` may not stand in the file: RGB layers over a grey picture get an
    /// RGB profile of its tone curve, grey layers over an RGB picture none.
    ///
    /// Rows are pushed as the picture is stored; `orientation` says how to turn them upright, as the picture does, so
    /// that programs that turn both or none lay them alike.
    pub fn new(
        size: Size,
        depth: Depth,
        channels: LayerChannels,
        orientation: Orientation,
        icc: Option<&[u8]>,
    ) -> Self {
        let colour = match channels {
            LayerChannels::Grey => ColourType::Grey,
            LayerChannels::Rgba => ColourType::Rgba,
        };
        let mut chunks = ChunkList::new(size, depth, colour);
        if let Some(icc) = icc.and_then(|icc| own_profile::of_kind(icc, channels == LayerChannels::Grey)) {
            chunks.push_profile(&icc);
        }
        if orientation != Orientation::Upright {
            chunks.push(b"eXIf", &ifd::orientation_only(orientation));
        }
        Self { rows: chunks.start_rows(), depth }
    }

    /// Appends one or more whole rows of 8-bit samples.
    ///
    /// # Panics
    /// When the layer has 16 bits, when `samples` is not a whole number of rows, or when there are too many.
    pub fn push_rows(&mut self, samples: &[u8]) {
        assert_eq!(self.depth, Depth::Eight, "8-bit rows for an 8-bit layer");
        assert!(samples.len().is_multiple_of(self.rows.row_bytes), "whole rows");
        samples.chunks_exact(self.rows.row_bytes).for_each(|row| self.rows.push(row));
    }

    /// Appends one or more whole rows of 16-bit samples.
    ///
    /// # Panics
    /// When the layer has 8 bits, when `samples` is not a whole number of rows, or when there are too many.
    pub fn push_rows_16(&mut self, samples: &[u16]) {
        assert_eq!(self.depth, Depth::Sixteen, "16-bit rows for a 16-bit layer");
        assert!(samples.len().is_multiple_of(self.rows.row_bytes / 2), "whole rows");
        let mut bytes = vec![0u8; self.rows.row_bytes];
        for row in samples.chunks_exact(self.rows.row_bytes / 2) {
            to_big_endian(row, &mut bytes);
            self.rows.push(&bytes);
        }
    }

    /// Appends `count` rows in which every sample is 0.
    ///
    /// # Panics
    /// When there are too many rows.
    pub fn push_empty_rows(&mut self, count: usize) {
        let empty = vec![0u8; self.rows.row_bytes];
        (0..count).for_each(|_| self.rows.push(&empty));
    }

    /// The finished file.
    ///
    /// # Errors
    /// When the file would exceed what one PNG chunk can hold (2 GiB compressed).
    ///
    /// # Panics
    /// When rows are missing.
    pub fn finish(self) -> Result<Vec<u8>, EncodeError> {
        self.rows.finish()
    }
}

/// Samples as PNG stores them.
pub(super) fn to_big_endian(samples: &[u16], bytes: &mut [u8]) {
    for (pair, sample) in bytes.chunks_exact_mut(2).zip(samples) {
        pair.copy_from_slice(&sample.to_be_bytes());
    }
}

/// PNG colour types that are written.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum ColourType {
    Grey = 0,
    Rgb = 2,
    GreyAlpha = 4,
    Rgba = 6,
}

impl ColourType {
    pub fn samples(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// The chunks in front of the pixels.
pub(super) struct ChunkList {
    file: Vec<u8>,
    size: Size,
    pixel_bytes: usize,
}

impl ChunkList {
    /// Signature and IHDR.
    pub fn new(size: Size, depth: Depth, colour: ColourType) -> Self {
        let mut chunks = Self {
            file: SIGNATURE.to_vec(),
            size,
            pixel_bytes: colour.samples() * depth.bits() as usize / 8,
        };
        let mut header = [0u8; 13];
        header[..4].copy_from_slice(&(size.width as u32).to_be_bytes());
        header[4..8].copy_from_slice(&(size.height as u32).to_be_bytes());
        header[8] = depth.bits() as u8;
        header[9] = colour as u8;
        chunks.push(b"IHDR", &header);
        chunks
    }

    /// Appends a chunk.
    pub fn push(&mut self, name: &[u8; 4], data: &[u8]) {
        push_chunk(&mut self.file, name, data);
    }

    /// Appends an ICC profile.
    pub fn push_profile(&mut self, icc: &[u8]) {
        let head: &[u8] = b"ICC profile\0\0";
        self.push(b"iCCP", &[head, &fdeflate::compress_to_vec(icc)].concat());
    }

    /// Opens the pixel data.
    pub fn start_rows(mut self) -> RowWriter {
        let idat = self.file.len();
        self.file.extend_from_slice(&[0; 4]);
        self.file.extend_from_slice(b"IDAT");
        let row_bytes = self.size.width * self.pixel_bytes;
        let deflate = in_memory(fdeflate::Compressor::new(GrowingFile(self.file)));
        RowWriter {
            deflate,
            idat,
            pixel_bytes: self.pixel_bytes,
            row_bytes,
            rows_left: self.size.height,
            above: vec![0; row_bytes],
            above_is_zero: true,
            candidates: [(); FILTERS.len()].map(|()| vec![0; 1 + row_bytes]),
        }
    }
}

fn push_chunk(file: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    file.extend_from_slice(&(data.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend_from_slice(name);
    file.extend_from_slice(data);
    let checksum = crc32fast::hash(&file[start..]);
    file.extend_from_slice(&checksum.to_be_bytes());
}

/// A file in memory; writing to it cannot fail.
struct GrowingFile(Vec<u8>);

impl Write for GrowingFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The value of an operation that only writes to a [`GrowingFile`].
pub(super) fn in_memory<T>(result: std::io::Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => unreachable!("writing into memory failed: {error}"),
    }
}

/// Filter types that are tried on rows with content.
const FILTERS: [u8; 3] = [1, 2, 4];

/// Takes rows in PNG's byte order, filters and compresses them.
pub(super) struct RowWriter {
    deflate: fdeflate::Compressor<GrowingFile>,
    idat: usize,
    pixel_bytes: usize,
    pub row_bytes: usize,
    rows_left: usize,
    above: Vec<u8>,
    above_is_zero: bool,
    candidates: [Vec<u8>; FILTERS.len()],
}

impl RowWriter {
    /// Appends one row.
    pub fn push(&mut self, row: &[u8]) {
        assert!(self.rows_left > 0, "no more rows than the picture has");
        self.rows_left -= 1;
        let zero = is_zero(row);
        let best = if zero && self.above_is_zero { self.plain(row) } else { self.filtered(row) };
        in_memory(self.deflate.write_data(&self.candidates[best]));
        if !(zero && self.above_is_zero) {
            self.above.copy_from_slice(row);
        }
        self.above_is_zero = zero;
    }

    fn plain(&mut self, row: &[u8]) -> usize {
        self.candidates[0][0] = 0;
        self.candidates[0][1..].copy_from_slice(row);
        0
    }

    /// Tries the filters and picks the one with the smallest residuals (PNG specification, 12.7).
    fn filtered(&mut self, row: &[u8]) -> usize {
        let pixel = self.pixel_bytes.min(row.len());
        let above = self.above.as_slice();
        let mut best = (0, u64::MAX);
        for (index, (&filter, out)) in FILTERS.iter().zip(&mut self.candidates).enumerate() {
            out[0] = filter;
            let out = &mut out[1..];
            match filter {
                1 => {
                    out[..pixel].copy_from_slice(&row[..pixel]);
                    subtract(&row[pixel..], &row[..row.len() - pixel], &mut out[pixel..]);
                }
                2 => subtract(row, above, out),
                _ => {
                    subtract(&row[..pixel], &above[..pixel], &mut out[..pixel]);
                    subtract_paeth(row, above, pixel, out);
                }
            }
            let weight = residual_weight(out);
            if weight < best.1 {
                best = (index, weight);
            }
        }
        best.0
    }

    /// Closes the pixel data and the file.
    pub fn finish(self) -> Result<Vec<u8>, EncodeError> {
        assert_eq!(self.rows_left, 0, "all rows are there");
        let GrowingFile(mut file) = in_memory(self.deflate.finish());
        let len = file.len() - self.idat - 8;
        if len > MAX_CHUNK {
            let detail = "more than 2 GiB of compressed pixels".to_owned();
            return Err(EncodeError::Codec { format: Format::Png, detail });
        }
        file[self.idat..self.idat + 4].copy_from_slice(&(len as u32).to_be_bytes());
        let checksum = crc32fast::hash(&file[self.idat + 4..]);
        file.extend_from_slice(&checksum.to_be_bytes());
        push_chunk(&mut file, b"IEND", &[]);
        Ok(file)
    }
}

fn is_zero(row: &[u8]) -> bool {
    row.chunks(256).all(|part| part.iter().fold(0, |bits, &byte| bits | byte) == 0)
}

fn subtract(row: &[u8], prediction: &[u8], out: &mut [u8]) {
    for ((out, &value), &predicted) in out.iter_mut().zip(row).zip(prediction) {
        *out = value.wrapping_sub(predicted);
    }
}

fn subtract_paeth(row: &[u8], above: &[u8], pixel: usize, out: &mut [u8]) {
    let left = &row[..row.len() - pixel];
    let corner = &above[..row.len() - pixel];
    let values = row[pixel..].iter().zip(left).zip(&above[pixel..]).zip(corner);
    for (out, (((&value, &left), &up), &corner)) in out[pixel..].iter_mut().zip(values) {
        *out = value.wrapping_sub(paeth(left, up, corner));
    }
}

/// The Paeth predictor (PNG specification, 9.4).
#[inline]
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let (to_left, to_up, to_corner) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    let vertical = if to_up <= to_corner { up } else { corner };
    if to_left <= to_up && to_left <= to_corner { left } else { vertical }
}

fn residual_weight(residuals: &[u8]) -> u64 {
    residuals
        .chunks(128)
        .map(|part| u64::from(part.iter().map(|&r| u16::from((r as i8).unsigned_abs())).sum::<u16>()))
        .sum()
}
