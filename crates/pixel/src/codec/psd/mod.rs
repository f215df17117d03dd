//! Layered Photoshop documents, written from compressed rasters (Adobe Photoshop File Formats Specification, 2019).
//!
//! Rows of all layers are pushed side by side, so no layer is ever held as pixels. A document that the format has no
//! room for (30 000 pixels a side, 2 GiB) is written in its large form (PSB), which differs in the width of lengths.

mod raster;
mod resources;

#[cfg(test)]
mod tests;

pub use raster::PsdRaster;

use super::{Depth, EncodeError};
use crate::geometry::{Rect, Size};
use crate::picture::Metadata;
use raster::{Channel, Coding};
use resources::{pascal, unicode};

/// Media type of layered documents, as registered with IANA.
pub const PSD_MIME_TYPE: &str = "image/vnd.adobe.photoshop";

/// The usual file extension, without the dot.
pub const PSD_EXTENSION: &str = "psd";

/// Longest side of an ordinary document, and of a large one.
const MAX_SIDE: usize = 30_000;
const MAX_LARGE_SIDE: usize = 300_000;

/// Bytes up to which programs read an ordinary document.
const MAX_BYTES: usize = 1 << 31;

/// How a layer is laid over those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PsdBlend {
    /// Its colour replaces what lies below.
    Normal,
    /// Soft light.
    SoftLight,
    /// Sum.
    LinearDodge,
    /// Product.
    Multiply,
    /// Inverted product of inverted values.
    Screen,
}

impl PsdBlend {
    /// The key in the file.
    fn key(self) -> &'static [u8; 4] {
        match self {
            Self::Normal => b"norm",
            Self::SoftLight => b"sLit",
            Self::LinearDodge => b"lddg",
            Self::Multiply => b"mul ",
            Self::Screen => b"scrn",
        }
    }
}

/// What a document says about all its layers.
#[derive(Clone, Debug)]
pub struct PsdDocument {
    /// Width and height; pixels stand upright.
    pub size: Size,
    /// Depth of every channel.
    pub depth: Depth,
    /// One colour channel instead of three.
    pub grey: bool,
    /// Profile, resolution and everything else that is carried over.
    pub metadata: Metadata,
}

/// One layer.
pub struct PsdLayer {
    /// Name, in any script.
    pub name: String,
    /// How it is laid.
    pub blend: PsdBlend,
    /// 255 is opaque.
    pub opacity: u8,
    /// False for a layer that is switched off.
    pub visible: bool,
    /// True when it shows only where the next unclipped layer below it does.
    pub clipped: bool,
    /// The part of the document that its raster covers.
    pub rect: Rect,
    /// Its pixels: colour channels, and then alpha if there is one. A bottom layer without alpha that covers
    /// everything and is called "Background" becomes the background that editors lock.
    pub raster: PsdRaster,
}

/// A channel beside the colours: a stored selection.
pub struct PsdChannel {
    /// Name, in any script.
    pub name: String,
    /// One channel as large as the document.
    pub raster: PsdRaster,
}

/// Writes a document: layers from bottom to top, the merged picture (colour channels, and then its transparency if
/// it has any), and stored selections.
///
/// # Errors
/// When there is no pixel, a side is longer than 300 000, or a raster has not the size that is said of it.
pub fn write_psd(
    document: &PsdDocument,
    layers: Vec<PsdLayer>,
    merged: PsdRaster,
    selections: Vec<PsdChannel>,
) -> Result<Vec<u8>, EncodeError> {
    let colours = if document.grey { 1 } else { 3 };
    let size = document.size;
    check(document, &layers, &merged, &selections, colours)?;
    let has_alpha = merged.channels.len() > colours;
    let names = if has_alpha { Some("Transparency".to_owned()) } else { None };
    let names: Vec<String> = names.into_iter().chain(selections.iter().map(|s| s.name.clone())).collect();
    let channel_count = merged.channels.len() + selections.len();
    let resources = resources::resources(&document.metadata, &names);

    let layers: Vec<Finished> = layers.into_iter().map(|layer| Finished::new(layer, colours)).collect();
    let coding = merged.coding();
    let merged = merged.channels.into_iter().chain(selections.into_iter().flat_map(|s| s.raster.channels));
    let merged: Vec<(Vec<u8>, Vec<u32>)> = merged.map(Channel::finish).collect();

    let pixels: usize = layers.iter().map(Finished::bytes).sum::<usize>()
        + merged.iter().map(|(data, counts)| data.len() + 4 * counts.len()).sum::<usize>();
    let large = size.long_edge() > MAX_SIDE || pixels + resources.len() > MAX_BYTES;
    let mut file = File { bytes: Vec::with_capacity(pixels + resources.len() + (1 << 16)), large };
    file.header(document, channel_count);
    be::push_u32(&mut file.bytes, 0);
    be::push_u32(&mut file.bytes, resources.len());
    file.bytes.extend_from_slice(&resources);
    file.layers(document.depth, layers, has_alpha);
    file.merged(coding, merged);
    Ok(file.bytes)
}

fn check(
    document: &PsdDocument,
    layers: &[PsdLayer],
    merged: &PsdRaster,
    selections: &[PsdChannel],
    colours: usize,
) -> Result<(), EncodeError> {
    let size = document.size;
    if size.area() == 0 {
        return Err(EncodeError::ZeroSize);
    }
    if size.long_edge() > MAX_LARGE_SIDE {
        return Err(EncodeError::DocumentTooLarge { width: size.width, height: size.height });
    }
    let fits = |raster: &PsdRaster, size: Size, channels: std::ops::RangeInclusive<usize>| {
        let whole = raster.width() == size.width && (raster.rows == size.height || size.area() == 0);
        whole && channels.contains(&raster.channels.len()) && raster.depth() == document.depth
    };
    let layers = layers.iter().all(|layer| {
        let inside = layer.rect.right() <= size.width && layer.rect.bottom() <= size.height;
        inside && fits(&layer.raster, layer.rect.size(), colours..=colours + 1)
    });
    let selections = selections.iter().all(|s| fits(&s.raster, size, 1..=1));
    if layers && selections && fits(merged, size, colours..=colours + 1) {
        Ok(())
    } else {
        Err(EncodeError::SampleCount)
    }
}

/// A layer whose channels have been compressed.
struct Finished {
    name: String,
    blend: PsdBlend,
    opacity: u8,
    visible: bool,
    clipped: bool,
    rect: Rect,
    coding: Coding,
    /// Number in the file (-1 is alpha), rows and the bytes of each row.
    channels: Vec<(i16, Vec<u8>, Vec<u32>)>,
}

impl Finished {
    fn new(layer: PsdLayer, colours: usize) -> Self {
        let PsdLayer { name, blend, opacity, visible, clipped, rect, raster } = layer;
        let coding = if rect.is_empty() { Coding::Raw } else { raster.coding() };
        let finished = raster.channels.into_iter().enumerate().map(|(index, channel)| {
            let number = if index == colours { -1 } else { index as i16 };
            let (data, counts) = channel.finish();
            // A layer without pixels has channels of no bytes.
            let data = if rect.is_empty() { Vec::new() } else { data };
            (number, data, counts)
        });
        let mut channels: Vec<_> = finished.collect();
        channels.sort_by_key(|(number, ..)| *number);
        Self { name, blend, opacity, visible, clipped, rect, coding, channels }
    }

    fn bytes(&self) -> usize {
        self.channels.iter().map(|(_, data, counts)| data.len() + 4 * counts.len() + 2).sum::<usize>()
    }

    fn is_background(&self) -> bool {
        self.name == "Background" && self.channels.iter().all(|(number, ..)| *number >= 0)
    }
}

/// A document that is being written.
struct File {
    bytes: Vec<u8>,
    /// The large form: lengths of sections, channels and rows are twice as wide.
    large: bool,
}

impl File {
    fn header(&mut self, document: &PsdDocument, channels: usize) {
        let out = &mut self.bytes;
        out.extend_from_slice(b"8BPS");
        be::push_u16(out, if self.large { 2 } else { 1 });
        out.extend_from_slice(&[0; 6]);
        be::push_u16(out, channels as u16);
        be::push_u32(out, document.size.height);
        be::push_u32(out, document.size.width);
        be::push_u16(out, document.depth.bits() as u16);
        be::push_u16(out, if document.grey { 1 } else { 3 });
    }

    /// The section of layers. With 16 bits they stand in a block of their own behind an empty list.
    fn layers(&mut self, depth: Depth, layers: Vec<Finished>, has_alpha: bool) {
        let section = self.begin();
        if depth == Depth::Eight {
            let list = self.begin();
            self.layer_list(layers, has_alpha);
            self.end(list);
            be::push_u32(&mut self.bytes, 0);
        } else {
            self.begin();
            be::push_u32(&mut self.bytes, 0);
            self.bytes.extend_from_slice(b"8BIMLr16");
            let list = self.begin();
            self.layer_list(layers, has_alpha);
            self.end(list);
        }
        self.end(section);
    }

    fn layer_list(&mut self, layers: Vec<Finished>, has_alpha: bool) {
        // A negative count says that the merged picture's first extra channel is its transparency.
        let count = layers.len() as i16;
        self.bytes.extend_from_slice(&(if has_alpha { -count } else { count }).to_be_bytes());
        for (index, layer) in layers.iter().enumerate() {
            self.layer_record(layer, index);
        }
        for layer in layers {
            for (_, data, counts) in layer.channels {
                be::push_u16(&mut self.bytes, layer.coding as u16);
                self.push_counts(&counts);
                self.bytes.extend_from_slice(&data);
            }
        }
    }

    fn layer_record(&mut self, layer: &Finished, index: usize) {
        let rect = layer.rect;
        let edges = if rect.is_empty() { [0; 4] } else { [rect.y, rect.x, rect.bottom(), rect.right()] };
        edges.iter().for_each(|&edge| be::push_u32(&mut self.bytes, edge));
        be::push_u16(&mut self.bytes, layer.channels.len() as u16);
        for (number, data, counts) in &layer.channels {
            self.bytes.extend_from_slice(&number.to_be_bytes());
            let count_bytes = if self.large { 4 } else { 2 };
            self.push_length(2 + count_bytes * counts.len() + data.len());
        }
        let out = &mut self.bytes;
        out.extend_from_slice(b"8BIM");
        out.extend_from_slice(layer.blend.key());
        let protected = u8::from(layer.is_background());
        // Bit 3 says that bit 4 means something, as it has since Photoshop 5.
        let flags = protected | (u8::from(!layer.visible) << 1) | (1 << 3);
        out.extend_from_slice(&[layer.opacity, u8::from(layer.clipped), flags, 0]);
        let mut extra = vec![0; 8];
        extra.extend(pascal(&layer.name, 4));
        push_block(&mut extra, b"luni", &unicode(&layer.name));
        push_block(&mut extra, b"lyid", &(index as u32 + 1).to_be_bytes());
        be::push_u32(out, extra.len());
        out.extend_from_slice(&extra);
    }

    /// The merged picture and the channels beside it: all row lengths, then all rows.
    fn merged(&mut self, coding: Coding, channels: Vec<(Vec<u8>, Vec<u32>)>) {
        be::push_u16(&mut self.bytes, coding as u16);
        channels.iter().for_each(|(_, counts)| self.push_counts(counts));
        for (data, _) in channels {
            self.bytes.extend_from_slice(&data);
        }
    }

    fn push_counts(&mut self, counts: &[u32]) {
        for &count in counts {
            if self.large {
                self.bytes.extend_from_slice(&count.to_be_bytes());
            } else {
                self.bytes.extend_from_slice(&(count as u16).to_be_bytes());
            }
        }
    }

    fn push_length(&mut self, length: usize) {
        if self.large {
            self.bytes.extend_from_slice(&(length as u64).to_be_bytes());
        } else {
            be::push_u32(&mut self.bytes, length);
        }
    }

    /// Leaves room for a length, which is 0 until the section is ended; gives the place behind it.
    fn begin(&mut self) -> usize {
        self.push_length(0);
        self.bytes.len()
    }

    /// Pads the section that began at `start` and says how long it is.
    fn end(&mut self, start: usize) {
        be::pad(&mut self.bytes, start, 4);
        let length = self.bytes.len() - start;
        if self.large {
            self.bytes[start - 8..start].copy_from_slice(&(length as u64).to_be_bytes());
        } else {
            self.bytes[start - 4..start].copy_from_slice(&(length as u32).to_be_bytes());
        }
    }
}

fn push_block(out: &mut Vec<u8>, key: &[u8; 4], data: &[u8]) {
    out.extend_from_slice(b"8BIM");
    out.extend_from_slice(key);
    be::push_u32(out, data.len().next_multiple_of(4));
    let start = out.len();
    out.extend_from_slice(data);
    be::pad(out, start, 4);
}

/// Numbers as the format has them, big end first.
mod be {
    pub fn push_u16(out: &mut Vec<u8>, value: u16) {
        out.extend_from_slice(&value.to_be_bytes());
    }

    /// Values that do not fit have been refused before: sides and lengths are limited.
    pub fn push_u32(out: &mut Vec<u8>, value: usize) {
        out.extend_from_slice(&(value as u32).to_be_bytes());
    }

    /// Appends zeros until what began at `start` is a multiple of `multiple` long.
    pub fn pad(out: &mut Vec<u8>, start: usize, multiple: usize) {
        let length = (out.len() - start).next_multiple_of(multiple);
        out.resize(start + length, 0);
    }
}
