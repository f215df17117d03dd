//! An EXIF block that is edited in place, so that all that is not meant keeps its bytes and its place.
//!
//! Makers' notes count their offsets from the start of the block: laying it anew would break them.

use std::ops::Range;

const THUMBNAIL_START: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;

const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

/// An EXIF block; places are counted from its TIFF header.
pub struct ExifBlock<'a> {
    bytes: &'a mut Vec<u8>,
    little: bool,
    first: usize,
}

impl<'a> ExifBlock<'a> {
    /// The block in these bytes; `None` without a TIFF header.
    pub fn open(bytes: &'a mut Vec<u8>) -> Option<Self> {
        let little = match bytes.get(..4)? {
            [b'I', b'I', 42, 0] => true,
            [b'M', b'M', 0, 42] => false,
            _ => return None,
        };
        let mut block = Self { bytes, little, first: 0 };
        block.first = block.long(4)?;
        Some(block)
    }

    /// Place of the first directory.
    pub fn first(&self) -> usize {
        self.first
    }

    /// Place of the directory that an entry of the directory at `start` names.
    pub fn child(&self, start: usize, tag: u16) -> Option<usize> {
        self.entry(start, tag).and_then(|at| self.long(at + 8))
    }

    fn short(&self, at: usize) -> Option<u16> {
        let two: [u8; 2] = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    }

    fn long(&self, at: usize) -> Option<usize> {
        let four: [u8; 4] = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        let value = if self.little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) };
        usize::try_from(value).ok()
    }

    fn put(&mut self, at: usize, little: &[u8]) {
        let Some(place) = at.checked_add(little.len()).and_then(|end| self.bytes.get_mut(at..end)) else {
            return;
        };
        place.copy_from_slice(little);
        if !self.little {
            place.reverse();
        }
    }

    /// Place of the 12 bytes of an entry of the directory at `start`.
    fn entry(&self, start: usize, tag: u16) -> Option<usize> {
        let count = usize::from(self.short(start)?);
        (0..count).map(|n| start + 2 + 12 * n).find(|at| self.short(*at) == Some(tag))
    }

    /// Sets a whole-number entry that is there already.
    pub fn set(&mut self, start: usize, tag: u16, value: u32) {
        let Some(at) = self.entry(start, tag) else { return };
        match self.short(at + 2) {
            Some(SHORT) => self.put(at + 8, &(value.min(65_535) as u16).to_le_bytes()),
            Some(LONG) => self.put(at + 8, &value.to_le_bytes()),
            _ => {}
        }
    }

    /// Sets a rational entry that is there already.
    pub fn set_ratio(&mut self, start: usize, tag: u16, value: u32) {
        let Some(at) = self.entry(start, tag) else { return };
        if let (Some(RATIONAL), Some(place)) = (self.short(at + 2), self.long(at + 8)) {
            self.put(place, &value.to_le_bytes());
            self.put(place + 4, &1u32.to_le_bytes());
        }
    }

    /// Place of the link to the second directory, which is the thumbnail's, and that directory.
    fn second(&self) -> Option<(usize, usize)> {
        let link = self.first + 2 + 12 * usize::from(self.short(self.first)?);
        self.long(link).filter(|second| *second != 0).map(|second| (link, second))
    }

    /// Place of the thumbnail's JPEG.
    fn thumbnail_place(&self) -> Option<Range<usize>> {
        let (_, second) = self.second()?;
        let value = |tag| {
            let at = self.entry(second, tag)?;
            if self.short(at + 2)? == LONG { self.long(at + 8) } else { None }
        };
        let start = value(THUMBNAIL_START)?;
        let place = start..start.checked_add(value(THUMBNAIL_LENGTH)?)?;
        self.bytes.get(place.clone()).map(|_| place)
    }

    /// The thumbnail, a JPEG.
    pub fn thumbnail(&self) -> Option<&[u8]> {
        self.bytes.get(self.thumbnail_place()?)
    }

    /// Puts another JPEG where the thumbnail is: in its place, or at the end of the block if it is longer.
    pub fn set_thumbnail(&mut self, jpeg: &[u8]) {
        let (Some((_, second)), Some(old)) = (self.second(), self.thumbnail_place()) else { return };
        let start = if jpeg.len() <= old.len() { old.start } else { self.bytes.len().next_multiple_of(2) };
        self.bytes[old].fill(0);
        if self.bytes.len() < start + jpeg.len() {
            self.bytes.resize(start + jpeg.len(), 0);
        }
        self.bytes[start..start + jpeg.len()].copy_from_slice(jpeg);
        self.set(second, THUMBNAIL_START, start as u32);
        self.set(second, THUMBNAIL_LENGTH, jpeg.len() as u32);
    }

    /// Takes the thumbnail out.
    pub fn drop_thumbnail(&mut self) {
        let Some((link, _)) = self.second() else { return };
        if let Some(place) = self.thumbnail_place() {
            self.bytes[place].fill(0);
        }
        self.put(link, &[0; 4]);
    }
}
