//! Rows of a layer or a channel, compressed while they are pushed.

use crate::codec::Depth;
use crate::codec::layer_png::in_memory;
use crate::picture::Samples;

/// How the samples of a channel are coded; the numbers are those of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Raw = 0,
    PackBits = 1,
    PredictedZip = 3,
}

/// Interleaved rows on their way into a document, held as compressed channels.
pub struct PsdRaster {
    width: usize,
    depth: Depth,
    coding: Coding,
    pub(super) rows: usize,
    pub(super) channels: Vec<Channel>,
    line: Vec<u8>,
}

/// One channel of a raster.
pub(super) struct Channel {
    data: Data,
    /// Compressed bytes of each row; only for PackBits.
    counts: Vec<u32>,
}

enum Data {
    Plain(Vec<u8>),
    Zip(fdeflate::Compressor<Vec<u8>>),
}

impl PsdRaster {
    /// A layer of so many columns. 8 bits are coded as PackBits, 16 bits as deflate over differences: what Photoshop
    /// itself writes for each.
    pub fn layer(width: usize, channels: usize, depth: Depth) -> Self {
        let coding = match depth {
            Depth::Eight => Coding::PackBits,
            Depth::Sixteen => Coding::PredictedZip,
        };
        Self::new(width, channels, depth, coding)
    }

    /// Channels of the merged picture, or one more channel beside it. 16 bits are not compressed there, as few
    /// programs expect it.
    pub fn merged(width: usize, channels: usize, depth: Depth) -> Self {
        let coding = match depth {
            Depth::Eight => Coding::PackBits,
            Depth::Sixteen => Coding::Raw,
        };
        Self::new(width, channels, depth, coding)
    }

    fn new(width: usize, channels: usize, depth: Depth, coding: Coding) -> Self {
        let channel = || Channel {
            data: match coding {
                Coding::PredictedZip => Data::Zip(in_memory(fdeflate::Compressor::new(Vec::new()))),
                Coding::Raw | Coding::PackBits => Data::Plain(Vec::new()),
            },
            counts: Vec::new(),
        };
        let channels = (0..channels).map(|_| channel()).collect();
        Self { width, depth, coding, rows: 0, channels, line: Vec::new() }
    }

    pub(super) fn coding(&self) -> Coding {
        self.coding
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn depth(&self) -> Depth {
        self.depth
    }

    /// Appends whole rows of interleaved samples, as many a pixel as there are channels; 8-bit samples are widened
    /// for a raster of 16 bits.
    ///
    /// # Panics
    /// When `samples` is not a whole number of rows, or has 16 bits while the raster has 8.
    pub fn push_rows(&mut self, samples: &Samples) {
        let length = self.width * self.channels.len();
        if length == 0 {
            return;
        }
        assert!(samples.len().is_multiple_of(length), "whole rows");
        match (samples, self.depth) {
            (Samples::U8(samples), Depth::Eight) => {
                samples.chunks_exact(length).for_each(|row| self.push_8(row));
            }
            (Samples::U8(samples), Depth::Sixteen) => {
                let wide = |row: &[u8]| row.iter().map(|&v| u16::from(v) * 257).collect::<Vec<u16>>();
                samples.chunks_exact(length).for_each(|row| self.push_16(&wide(row)));
            }
            (Samples::U16(samples), Depth::Sixteen) => {
                samples.chunks_exact(length).for_each(|row| self.push_16(row));
            }
            (Samples::U16(_), Depth::Eight) => panic!("8-bit rows for an 8-bit raster"),
        }
    }

    fn push_8(&mut self, row: &[u8]) {
        let count = self.channels.len();
        for (c, channel) in self.channels.iter_mut().enumerate() {
            self.line.clear();
            self.line.extend(row.iter().skip(c).step_by(count));
            channel.push(&self.line, self.coding);
        }
        self.rows += 1;
    }

    fn push_16(&mut self, row: &[u16]) {
        let count = self.channels.len();
        for (c, channel) in self.channels.iter_mut().enumerate() {
            self.line.clear();
            let mut before = 0u16;
            for &sample in row.iter().skip(c).step_by(count) {
                let value =
                    if self.coding == Coding::PredictedZip { sample.wrapping_sub(before) } else { sample };
                self.line.extend_from_slice(&value.to_be_bytes());
                before = sample;
            }
            channel.push(&self.line, self.coding);
        }
        self.rows += 1;
    }
}

impl Channel {
    fn push(&mut self, row: &[u8], coding: Coding) {
        match &mut self.data {
            Data::Zip(zip) => in_memory(zip.write_data(row)),
            Data::Plain(data) if coding == Coding::PackBits => {
                let start = data.len();
                pack_bits(row, data);
                self.counts.push((data.len() - start) as u32);
            }
            Data::Plain(data) => data.extend_from_slice(row),
        }
    }

    /// The compressed rows and the bytes of each.
    pub fn finish(self) -> (Vec<u8>, Vec<u32>) {
        let data = match self.data {
            Data::Plain(data) => data,
            Data::Zip(zip) => in_memory(zip.finish()),
        };
        (data, self.counts)
    }
}

/// Appends a row as PackBits (TIFF 6.0, section 9): runs of three and more, literals of up to 128 bytes.
pub(super) fn pack_bits(row: &[u8], out: &mut Vec<u8>) {
    const LONGEST: usize = 128;
    let run_at = |at: usize| {
        let rest = &row[at..row.len().min(at + LONGEST)];
        rest.iter().position(|&v| v != rest[0]).unwrap_or(rest.len())
    };
    let mut at = 0;
    while at < row.len() {
        let run = run_at(at);
        if run >= 3 || (run == 2 && at + run == row.len()) {
            out.extend_from_slice(&[(257 - run) as u8, row[at]]);
            at += run;
            continue;
        }
        let start = at;
        at += 1;
        while at < row.len() && at - start < LONGEST && !starts_run(&row[at..]) {
            at += 1;
        }
        out.push((at - start - 1) as u8);
        out.extend_from_slice(&row[start..at]);
    }
}

/// True when three equal bytes follow, for which a literal is worth ending.
fn starts_run(rest: &[u8]) -> bool {
    matches!(rest, [a, b, c, ..] if a == b && b == c)
}
