//! Documents read back by a small reader of the test's own, byte by byte as the published format says.

use proptest::prelude::*;

use super::raster::pack_bits;
use super::*;
use crate::picture::{Density, DensityUnit, Samples};

/// Reads big-endian numbers from the front.
struct Reader<'a> {
    rest: &'a [u8],
    large: bool,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (part, rest) = self.rest.split_at(count);
        self.rest = rest;
        part
    }

    fn number(&mut self, bytes: usize) -> usize {
        self.take(bytes).iter().fold(0, |value, &byte| value << 8 | usize::from(byte))
    }

    fn length(&mut self) -> usize {
        let bytes = if self.large { 8 } else { 4 };
        self.number(bytes)
    }

    fn part(&mut self, length: usize) -> Reader<'a> {
        Reader { rest: self.take(length), large: self.large }
    }
}

#[derive(Debug)]
struct ReadLayer {
    rect: [usize; 4],
    name: String,
    key: Vec<u8>,
    opacity: usize,
    clipped: usize,
    flags: usize,
    /// Number of the channel and its samples.
    channels: Vec<(i16, Vec<u16>)>,
}

struct ReadDocument {
    version: usize,
    channels: usize,
    size: Size,
    bits: usize,
    mode: usize,
    resources: Vec<(usize, Vec<u8>)>,
    layers: Vec<ReadLayer>,
    merged_alpha: bool,
    merged: Vec<Vec<u16>>,
}

fn unpack(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let head = data[at] as i8;
        match head {
            -128 => at += 1,
            0.. => {
                let end = at + 2 + head as usize;
                out.extend_from_slice(&data[at + 1..end]);
                at = end;
            }
            _ => {
                out.extend(std::iter::repeat_n(data[at + 1], (1 - isize::from(head)) as usize));
                at += 2;
            }
        }
    }
    out
}

fn samples(bytes: &[u8], bits: usize) -> Vec<u16> {
    match bits {
        8 => bytes.iter().map(|&v| u16::from(v)).collect(),
        _ => bytes.chunks_exact(2).map(|b| u16::from_be_bytes([b[0], b[1]])).collect(),
    }
}

fn rows(reader: &mut Reader<'_>, counts: &[usize], width: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for &count in counts {
        let row = unpack(reader.take(count));
        assert_eq!(row.len(), width);
        out.extend(row);
    }
    out
}

fn channel(mut reader: Reader<'_>, size: Size, bits: usize) -> Vec<u16> {
    let count_bytes = if reader.large { 4 } else { 2 };
    let coding = reader.number(2);
    let read = match coding {
        0 => samples(reader.take(size.area() * bits / 8), bits),
        1 => {
            let counts: Vec<usize> = (0..size.height).map(|_| reader.number(count_bytes)).collect();
            samples(&rows(&mut reader, &counts, size.width * bits / 8), bits)
        }
        3 => {
            let raw = fdeflate::decompress_to_vec(reader.rest).expect("a zlib stream");
            reader.rest = &[];
            let mut values = samples(&raw, bits);
            for row in values.chunks_exact_mut(size.width) {
                (1..row.len()).for_each(|x| row[x] = row[x].wrapping_add(row[x - 1]));
            }
            values
        }
        _ => panic!("coding {coding}"),
    };
    assert!(reader.rest.is_empty(), "the channel is as long as it says");
    assert_eq!(read.len(), size.area());
    read
}

fn layer_list(mut reader: Reader<'_>, bits: usize) -> (Vec<ReadLayer>, bool) {
    let count = reader.number(2) as u16 as i16;
    let mut layers = Vec::new();
    let mut lengths = Vec::new();
    for _ in 0..count.unsigned_abs() {
        let rect = [0; 4].map(|_| reader.number(4));
        let channels: Vec<(i16, usize)> =
            (0..reader.number(2)).map(|_| (reader.number(2) as u16 as i16, reader.length())).collect();
        assert_eq!(reader.take(4), b"8BIM");
        let key = reader.take(4).to_vec();
        let (opacity, clipped, flags) = (reader.number(1), reader.number(1), reader.number(1));
        assert_eq!(reader.number(1), 0);
        let length = reader.number(4);
        let mut extra = reader.part(length);
        assert_eq!((extra.number(4), extra.number(4)), (0, 0), "no mask, no ranges");
        let pascal = extra.number(1);
        extra.take((pascal + 1).next_multiple_of(4) - 1);
        let mut name = String::new();
        while !extra.rest.is_empty() {
            assert_eq!(extra.take(4), b"8BIM");
            let block = extra.take(4).to_vec();
            let length = extra.number(4);
            let mut data = extra.part(length);
            if block == b"luni" {
                let units: Vec<u16> = (0..data.number(4)).map(|_| data.number(2) as u16).collect();
                name = String::from_utf16(&units).expect("UTF-16");
            }
        }
        lengths.push(channels);
        layers.push(ReadLayer { rect, name, key, opacity, clipped, flags, channels: Vec::new() });
    }
    for (layer, lengths) in layers.iter_mut().zip(lengths) {
        let [top, left, bottom, right] = layer.rect;
        for (number, length) in lengths {
            let data = reader.part(length);
            layer.channels.push((number, channel(data, Size::new(right - left, bottom - top), bits)));
        }
    }
    assert!(reader.rest.len() < 4 && reader.rest.iter().all(|&b| b == 0), "nothing but padding is left");
    (layers, count < 0)
}

fn read(bytes: &[u8]) -> ReadDocument {
    let mut reader = Reader { rest: bytes, large: false };
    assert_eq!(reader.take(4), b"8BPS");
    let version = reader.number(2);
    reader.large = version == 2;
    reader.take(6);
    let channels = reader.number(2);
    let (height, width) = (reader.number(4), reader.number(4));
    let size = Size::new(width, height);
    let (bits, mode) = (reader.number(2), reader.number(2));
    assert_eq!(reader.number(4), 0);
    let length = reader.number(4);
    let mut part = reader.part(length);
    let mut resources = Vec::new();
    while !part.rest.is_empty() {
        assert_eq!(part.take(4), b"8BIM");
        let id = part.number(2);
        assert_eq!(part.number(2), 0);
        let length = part.number(4);
        resources.push((id, part.take(length).to_vec()));
        part.take(length % 2);
    }
    let length = reader.length();
    let mut section = reader.part(length);
    let length = section.length();
    let list = section.part(length);
    assert_eq!(section.number(4), 0, "no global mask");
    let (layers, merged_alpha) = if bits == 8 {
        layer_list(list, bits)
    } else {
        assert!(list.rest.is_empty());
        assert_eq!(section.take(8), b"8BIMLr16");
        let length = section.length();
        layer_list(section.part(length), bits)
    };
    assert!(section.rest.len() < 4);
    let coding = reader.number(2);
    let row = size.width * bits / 8;
    let count_bytes = if reader.large { 4 } else { 2 };
    let counts: Vec<usize> = match coding {
        1 => (0..channels * size.height).map(|_| reader.number(count_bytes)).collect(),
        _ => Vec::new(),
    };
    let merged = (0..channels).map(|c| match coding {
        1 => samples(&rows(&mut reader, &counts[c * size.height..(c + 1) * size.height], row), bits),
        _ => samples(reader.take(row * size.height), bits),
    });
    let merged = merged.collect();
    assert!(reader.rest.is_empty(), "nothing stands behind the picture");
    ReadDocument { version, channels, size, bits, mode, resources, layers, merged_alpha, merged }
}

const SIZE: Size = Size::new(37, 23);

fn noise(index: usize) -> usize {
    index.wrapping_mul(2_654_435_761) >> 7
}

/// Interleaved samples with flat places and noise.
fn pixels(area: usize, channels: usize, depth: Depth) -> Samples {
    let value = |i: usize| if (i / 60).is_multiple_of(2) { 77 } else { noise(i) };
    match depth {
        Depth::Eight => Samples::U8((0..area * channels).map(|i| value(i) as u8).collect()),
        Depth::Sixteen => Samples::U16((0..area * channels).map(|i| value(i) as u16).collect()),
    }
}

fn filled(mut raster: PsdRaster, pixels: &Samples) -> PsdRaster {
    raster.push_rows(pixels);
    raster
}

fn plane(samples: &Samples, channels: usize, channel: usize) -> Vec<u16> {
    let wide: Vec<u16> = match samples {
        Samples::U8(samples) => samples.iter().map(|&v| u16::from(v)).collect(),
        Samples::U16(samples) => samples.clone(),
    };
    wide.into_iter().skip(channel).step_by(channels).collect()
}

/// A document of a background, a layer inside it, one without pixels and a selection.
fn document(depth: Depth, grey: bool, alpha: bool) -> (Vec<u8>, Samples, Samples) {
    let colours = if grey { 1 } else { 3 };
    let all = colours + usize::from(alpha);
    let whole = pixels(SIZE.area(), all, depth);
    let rect = Rect { x: 5, y: 3, width: 21, height: 11 };
    let part = pixels(rect.size().area(), colours + 1, depth);
    let layer = |name: &str, blend, rect: Rect, raster| PsdLayer {
        name: name.to_owned(),
        blend,
        opacity: 200,
        visible: name != "Heal",
        clipped: alpha,
        rect,
        raster,
    };
    let nowhere = Rect::from_edges(0, 0, 0, 0);
    let background = filled(PsdRaster::layer(SIZE.width, all, depth), &whole);
    let layers = vec![
        PsdLayer {
            opacity: 255,
            clipped: false,
            ..layer("Background", PsdBlend::Normal, SIZE.rect(), background)
        },
        layer(
            "Heal",
            PsdBlend::Normal,
            rect,
            filled(PsdRaster::layer(rect.width, colours + 1, depth), &part),
        ),
        layer("Müdigkeit 疲れ", PsdBlend::SoftLight, nowhere, PsdRaster::layer(0, colours + 1, depth)),
    ];
    let merged = filled(PsdRaster::merged(SIZE.width, all, depth), &whole);
    let mask = Samples::U8((0..SIZE.area()).map(|i| (i / SIZE.width * 9) as u8).collect());
    let selection = PsdChannel {
        name: "Skin Mask".to_owned(),
        raster: filled(PsdRaster::merged(SIZE.width, 1, depth), &mask),
    };
    let metadata = Metadata {
        icc: Some(vec![9; 131]),
        exif: Some(b"II*\0rest".to_vec()),
        xmp: Some(b"<xmp/>".to_vec()),
        iptc: Some(
            [b"Photoshop 3.0\0", &b"8BIM\x03\xED\0\0\0\0\0\x018\0"[..], b"8BIM\x04\x04\0\0\0\0\0\x03abc\0"]
                .concat(),
        ),
        density: Some(Density { x: 118.11, y: 118.11, unit: DensityUnit::Centimetre }),
        ..Metadata::default()
    };
    let description = PsdDocument { size: SIZE, depth, grey, metadata };
    let bytes = write_psd(&description, layers, merged, vec![selection]).expect("writes");
    (bytes, whole, part)
}

#[test]
fn documents_are_read_as_they_were_written() {
    for (depth, grey, alpha) in [
        (Depth::Eight, false, false),
        (Depth::Sixteen, false, false),
        (Depth::Eight, true, true),
        (Depth::Sixteen, false, true),
    ] {
        let (bytes, whole, part) = document(depth, grey, alpha);
        let read = read(&bytes);
        let colours = if grey { 1 } else { 3 };
        let all = colours + usize::from(alpha);
        assert_eq!((read.version, read.size, read.bits), (1, SIZE, depth.bits() as usize));
        assert_eq!((read.mode, read.channels), (if grey { 1 } else { 3 }, all + 1));
        assert_eq!(read.merged_alpha, alpha);
        for c in 0..all {
            assert_eq!(read.merged[c], plane(&whole, all, c), "merged channel {c}");
        }
        let widened = if depth == Depth::Eight { 1 } else { 257 };
        assert_eq!(read.merged[all][4 * SIZE.width], 36 * widened, "the selection");

        let [background, heal, empty] = read.layers.as_slice() else { panic!("three layers") };
        assert_eq!(
            (background.name.as_str(), background.rect),
            ("Background", [0, 0, SIZE.height, SIZE.width])
        );
        assert_eq!((background.flags & 3, background.opacity), (usize::from(!alpha), 255));
        assert_eq!((heal.rect, heal.opacity, heal.flags & 2), ([3, 5, 14, 26], 200, 2));
        assert_eq!((heal.clipped, heal.key.as_slice()), (usize::from(alpha), b"norm".as_slice()));
        for (number, samples) in &heal.channels {
            let index = if *number < 0 { colours } else { *number as usize };
            assert_eq!(*samples, plane(&part, colours + 1, index), "channel {number}");
        }
        assert_eq!(heal.channels.len(), colours + 1);
        assert_eq!((empty.name.as_str(), empty.rect), ("Müdigkeit 疲れ", [0; 4]));
        assert_eq!(empty.key, b"sLit");

        let resource =
            |id: usize| read.resources.iter().find(|(own, _)| *own == id).map(|(_, data)| data.as_slice());
        assert_eq!(resource(1005).expect("resolution")[..4], (300u32 << 16).wrapping_sub(39).to_be_bytes());
        assert_eq!(resource(1028), Some(b"abc".as_slice()), "the IPTC record alone");
        assert_eq!(
            (resource(1039).map(<[u8]>::len), resource(1060)),
            (Some(131), Some(b"<xmp/>".as_slice()))
        );
        assert_eq!(resource(1058), Some(b"II*\0rest".as_slice()));
        assert!(resource(1006).expect("names").ends_with(b"\x09Skin Mask"));
        assert_eq!(resource(1006).expect("names").starts_with(b"\x0cTransparency"), alpha);
    }
}

#[test]
fn sides_beyond_30_000_make_a_large_document() {
    let size = Size::new(30_001, 2);
    let whole = pixels(size.area(), 3, Depth::Eight);
    let raster = || filled(PsdRaster::layer(size.width, 3, Depth::Eight), &whole);
    let layer = PsdLayer {
        name: "Background".to_owned(),
        blend: PsdBlend::Normal,
        opacity: 255,
        visible: true,
        clipped: false,
        rect: size.rect(),
        raster: raster(),
    };
    let description = PsdDocument { size, depth: Depth::Eight, grey: false, metadata: Metadata::default() };
    let read = read(&write_psd(&description, vec![layer], raster(), Vec::new()).expect("writes"));
    assert_eq!((read.version, read.layers.len(), read.channels), (2, 1, 3));
    assert_eq!(read.merged[2], plane(&whole, 3, 2));
    assert_eq!(read.layers[0].channels[1].1, plane(&whole, 3, 1));
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let description =
        |size| PsdDocument { size, depth: Depth::Eight, grey: false, metadata: Metadata::default() };
    let merged =
        || filled(PsdRaster::merged(SIZE.width, 3, Depth::Eight), &pixels(SIZE.area(), 3, Depth::Eight));
    let write = |size, merged| write_psd(&description(size), Vec::new(), merged, Vec::new());
    assert!(write(SIZE, merged()).is_ok());
    assert_eq!(write(Size::new(0, 3), merged()), Err(EncodeError::ZeroSize));
    assert_eq!(write(Size::new(SIZE.width, 24), merged()), Err(EncodeError::SampleCount));
    let huge = Size::new(300_001, 1);
    assert!(matches!(write(huge, merged()), Err(EncodeError::DocumentTooLarge { .. })));
}

proptest! {
    #[test]
    fn packed_rows_unpack_to_themselves_and_hardly_grow(
        row in prop::collection::vec(prop::sample::select(vec![0u8, 0, 0, 1, 255]), 0..700),
    ) {
        let mut packed = Vec::new();
        pack_bits(&row, &mut packed);
        prop_assert!(packed.len() <= row.len() + row.len().div_ceil(128));
        prop_assert_eq!(unpack(&packed), row);
    }
}
