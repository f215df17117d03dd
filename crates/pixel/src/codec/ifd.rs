//! TIFF directories: what EXIF blocks and TIFF files keep their tags in, read and written.
//!
//! TIFF 6.0, section 2; BigTIFF as libtiff reads it; EXIF 2.32, section 4.6. Values are held in
//! little-endian order whatever the source had.

use std::cell::Cell;

use crate::geometry::Orientation;

pub(super) const ORIENTATION: u16 = 274;
pub(super) const EXIF_DIRECTORY: u16 = 0x8769;
pub(super) const GPS_DIRECTORY: u16 = 0x8825;
const INTEROP_DIRECTORY: u16 = 0xA005;
const MAKER_NOTE: u16 = 0x927C;

/// Longest value that a block keeps when it must be cut down to the basic tags: a caption, no table or preview.
const BASIC_VALUE: usize = 1024;

const BYTE: u16 = 1;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;
const UNDEFINED: u16 = 7;

/// Tags of a TIFF's main directory that describe the picture and not its storage: description,
/// camera, orientation, software, date, artist, host, copyright, rating, the names of the Windows
/// shell, and the print-image block of cameras.
const DESCRIPTIVE: [u16; 17] = [
    270,
    271,
    272,
    ORIENTATION,
    305,
    306,
    315,
    316,
    18246,
    18249,
    33432,
    0x9C9B,
    0x9C9C,
    0x9C9D,
    0x9C9E,
    0x9C9F,
    0xC4A5,
];

/// One tag: its number, type, and its value as little-endian bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub tag: u16,
    kind: u16,
    value: Vec<u8>,
    /// The value came from a big-endian source and its numbers were swapped.
    swapped: bool,
}

impl Entry {
    /// A tag of one or more 16-bit numbers.
    pub fn short(tag: u16, values: &[u16]) -> Self {
        Self {
            tag,
            kind: SHORT,
            value: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            swapped: false,
        }
    }

    /// A tag of one or more 32-bit numbers.
    pub fn long(tag: u16, values: &[u32]) -> Self {
        Self { tag, kind: LONG, value: values.iter().flat_map(|v| v.to_le_bytes()).collect(), swapped: false }
    }

    /// A tag that holds a fraction.
    pub fn rational(tag: u16, numerator: u32, denominator: u32) -> Self {
        let value = [numerator.to_le_bytes(), denominator.to_le_bytes()].concat();
        Self { tag, kind: RATIONAL, value, swapped: false }
    }

    /// A tag that holds bytes without further meaning to TIFF.
    pub fn bytes(tag: u16, value: &[u8]) -> Self {
        Self { tag, kind: UNDEFINED, value: value.to_vec(), swapped: false }
    }

    /// A tag of 8-bit numbers.
    pub fn octets(tag: u16, value: &[u8]) -> Self {
        Self { kind: BYTE, ..Self::bytes(tag, value) }
    }

    /// The value's bytes.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The value's bytes in the order of the source, for blocks that only claim to be numbers.
    pub fn stored_value(&self) -> Vec<u8> {
        let mut value = self.value.clone();
        if self.swapped {
            value.chunks_exact_mut(swap_size(self.kind)).for_each(<[u8]>::reverse);
        }
        value
    }

    /// The first number, if the tag holds whole numbers.
    pub fn number(&self) -> Option<u32> {
        self.numbers().first().copied()
    }

    /// All numbers of a tag of 8, 16, 32 or (BigTIFF) 64-bit numbers; those beyond 32 bits count as the largest.
    pub fn numbers(&self) -> Vec<u32> {
        if !matches!(self.kind, BYTE | SHORT | LONG | 13 | 16..=18) {
            return Vec::new();
        }
        let number = |item: &[u8]| item.iter().rev().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
        let items = self.value.chunks_exact(item_size(self.kind));
        items.map(|item| u32::try_from(number(item)).unwrap_or(u32::MAX)).collect()
    }

    /// The first fraction as a number, if the tag holds unsigned fractions.
    pub fn fraction(&self) -> Option<f64> {
        let [a, b, c, d, e, f, g, h, ..] = *self.value.as_slice() else { return None };
        let denominator = u32::from_le_bytes([e, f, g, h]);
        (self.kind == RATIONAL && denominator != 0)
            .then(|| f64::from(u32::from_le_bytes([a, b, c, d])) / f64::from(denominator))
    }
}

/// Bytes of one item of a TIFF type; 0 for unknown types.
fn item_size(kind: u16) -> usize {
    match kind {
        BYTE | 2 | 6 | UNDEFINED => 1,
        SHORT | 8 => 2,
        LONG | 9 | 11 | 13 => 4,
        RATIONAL | 10 | 12 | 16..=18 => 8,
        _ => 0,
    }
}

/// Bytes that are swapped together when the byte order changes.
fn swap_size(kind: u16) -> usize {
    if matches!(kind, RATIONAL | 10) { 4 } else { item_size(kind) }
}

/// A directory with the directories that hang below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Directory {
    pub entries: Vec<Entry>,
    pub children: Vec<(u16, Directory)>,
}

impl Directory {
    /// The tag's entry.
    pub fn get(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }

    /// The orientation tag; upright when there is none.
    pub fn orientation(&self) -> Orientation {
        self.get(ORIENTATION)
            .and_then(Entry::number)
            .map_or_else(Orientation::default, Orientation::from_exif)
    }

    /// Keeps the entries that `keeps` is true for, in all directories.
    fn retain(&mut self, keeps: fn(&Entry) -> bool) {
        self.entries.retain(keeps);
        self.children.iter_mut().for_each(|(_, child)| child.retain(keeps));
    }

    /// Appends the directory, its values and its children to `out`; offsets count from the start of `out`.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let mut items: Vec<Result<&Entry, &(u16, Directory)>> =
            self.entries.iter().map(Ok).chain(self.children.iter().map(Err)).collect();
        items.sort_by_key(|item| item.map_or_else(|child| child.0, |entry| entry.tag));
        out.resize(start + 2 + 12 * items.len() + 4, 0);
        out[start..start + 2].copy_from_slice(&(items.len() as u16).to_le_bytes());
        for (index, item) in items.into_iter().enumerate() {
            let (tag, kind, count, field) = match item {
                Ok(entry) => {
                    let count = entry.value.len() / item_size(entry.kind).max(1);
                    (entry.tag, entry.kind, count as u32, append_value(out, &entry.value))
                }
                Err((tag, child)) => {
                    pad_to_even(out);
                    let offset = out.len() as u32;
                    child.append_to(out);
                    (*tag, LONG, 1, offset.to_le_bytes())
                }
            };
            let at = start + 2 + 12 * index;
            out[at..at + 2].copy_from_slice(&tag.to_le_bytes());
            out[at + 2..at + 4].copy_from_slice(&kind.to_le_bytes());
            out[at + 4..at + 8].copy_from_slice(&count.to_le_bytes());
            out[at + 8..at + 12].copy_from_slice(&field);
        }
    }
}

fn pad_to_even(out: &mut Vec<u8>) {
    if !out.len().is_multiple_of(2) {
        out.push(0);
    }
}

fn append_value(out: &mut Vec<u8>, value: &[u8]) -> [u8; 4] {
    let mut field = [0; 4];
    if value.len() <= 4 {
        field[..value.len()].copy_from_slice(value);
        return field;
    }
    pad_to_even(out);
    field = (out.len() as u32).to_le_bytes();
    out.extend_from_slice(value);
    field
}

/// A TIFF header and the bytes that its offsets count in.
struct Source<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    big_tiff: bool,
    /// Bytes that may still be visited: entries of honest files do not overlap, so reading much more
    /// than the file's length means that its offsets are made to waste time and memory.
    budget: Cell<usize>,
}

impl Source<'_> {
    fn spend(&self, bytes: usize) -> Option<()> {
        self.budget.set(self.budget.get().checked_sub(bytes)?);
        Some(())
    }

    fn unsigned(&self, at: usize, len: usize) -> Option<u64> {
        let field = self.bytes.get(at..at.checked_add(len)?)?;
        let push = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Some(if self.big_endian { field.iter().fold(0, push) } else { field.iter().rev().fold(0, push) })
    }

    /// The directory at `at`; entries whose values lie outside the file are left out.
    fn directory(&self, at: usize, depth: u32) -> Option<Directory> {
        let (head, stride, inline) = if self.big_tiff { (8, 20, 8) } else { (2, 12, 4) };
        let count = (self.unsigned(at, head)? as usize).min(4096);
        let mut directory = Directory::default();
        for index in 0..count {
            let place = at.checked_add(head + stride * index)?;
            self.spend(stride)?;
            let (Some(tag), Some(kind), Some(items)) =
                (self.unsigned(place, 2), self.unsigned(place + 2, 2), self.unsigned(place + 4, inline))
            else {
                break;
            };
            let (tag, kind, field) = (tag as u16, kind as u16, place + 4 + inline);
            if matches!(tag, EXIF_DIRECTORY | GPS_DIRECTORY | INTEROP_DIRECTORY) {
                let child = self.unsigned(field, inline).and_then(|offset| usize::try_from(offset).ok());
                if depth > 0
                    && let Some(child) = child.and_then(|offset| self.directory(offset, depth - 1))
                {
                    directory.children.push((tag, child));
                }
                continue;
            }
            if let Some(value) = self.value(kind, items, field, inline) {
                directory.entries.push(Entry { tag, kind, value, swapped: self.big_endian });
            }
        }
        Some(directory)
    }

    fn value(&self, kind: u16, items: u64, field: usize, inline: usize) -> Option<Vec<u8>> {
        let len = usize::try_from(items).ok()?.checked_mul(item_size(kind)).filter(|&len| len > 0)?;
        let at = if len <= inline { field } else { usize::try_from(self.unsigned(field, inline)?).ok()? };
        let found = self.bytes.get(at..at.checked_add(len)?)?;
        self.spend(len)?;
        let mut value = found.to_vec();
        if self.big_endian {
            value.chunks_exact_mut(swap_size(kind)).for_each(<[u8]>::reverse);
        }
        Some(value)
    }
}

/// Reads the main directory of a TIFF file or EXIF block, with its EXIF, GPS and interoperability
/// directories. `None` when there is no TIFF header or no directory behind it.
pub(super) fn read(bytes: &[u8]) -> Option<Directory> {
    let (big_endian, big_tiff) = match bytes.get(..4)? {
        [b'I', b'I', 42, 0] => (false, false),
        [b'M', b'M', 0, 42] => (true, false),
        [b'I', b'I', 43, 0] => (false, true),
        [b'M', b'M', 0, 43] => (true, true),
        _ => return None,
    };
    let source = Source { bytes, big_endian, big_tiff, budget: Cell::new(2 * bytes.len() + 4096) };
    let start = if big_tiff { source.unsigned(8, 8)? } else { source.unsigned(4, 4)? };
    source.directory(usize::try_from(start).ok()?, 2)
}

/// The orientation that an EXIF block states; upright when it states none.
pub(super) fn orientation(exif: &[u8]) -> Orientation {
    read(exif).map_or_else(Orientation::default, |directory| directory.orientation())
}

/// A little-endian EXIF block around a directory.
pub(super) fn to_exif_block(directory: &Directory) -> Vec<u8> {
    let mut block = vec![b'I', b'I', 42, 0, 8, 0, 0, 0];
    directory.append_to(&mut block);
    block
}

/// The smallest EXIF block that states an orientation.
pub(super) fn orientation_only(orientation: Orientation) -> Vec<u8> {
    let entry = Entry::short(ORIENTATION, &[orientation.exif() as u16]);
    to_exif_block(&Directory { entries: vec![entry], children: Vec::new() })
}

/// An EXIF block cut down to at most `most` bytes: without the thumbnail, then without the maker's note, then without
/// all long values. `None` when even that is longer, or the block cannot be read.
pub(super) fn reduced(block: &[u8], most: usize) -> Option<Vec<u8>> {
    // The thumbnail has a directory of its own, which is not read.
    let mut directory = read(block)?;
    let steps: [fn(&Entry) -> bool; 3] =
        [|_| true, |entry| entry.tag != MAKER_NOTE, |entry| entry.value.len() <= BASIC_VALUE];
    steps.into_iter().find_map(|keeps| {
        directory.retain(keeps);
        let block = to_exif_block(&directory);
        (block.len() <= most).then_some(block)
    })
}

/// The part of a directory that describes the picture, not its storage.
pub(super) fn descriptive(mut directory: Directory) -> Directory {
    directory.entries.retain(|entry| DESCRIPTIVE.contains(&entry.tag));
    directory.children.retain(|(tag, _)| matches!(*tag, EXIF_DIRECTORY | GPS_DIRECTORY));
    directory
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Directory {
        let gps = Directory { entries: vec![Entry::bytes(29, b"2026:11:22\0")], children: vec![] };
        Directory {
            entries: vec![
                Entry::rational(282, 300, 1),
                Entry::short(ORIENTATION, &[6]),
                Entry::bytes(271, b"ok\0"),
                Entry::long(256, &[70_000, 2]),
            ],
            children: vec![(GPS_DIRECTORY, gps)],
        }
    }

    #[test]
    fn a_written_directory_reads_back() {
        let read_back = read(&to_exif_block(&sample())).expect("reads");
        let mut expected = sample();
        expected.entries.sort_by_key(|entry| entry.tag);
        assert_eq!(read_back, expected);
        assert_eq!(read_back.get(282).and_then(Entry::fraction), Some(300.0));
        assert_eq!(read_back.get(256).and_then(Entry::number), Some(70_000));
    }

    #[test]
    fn big_endian_blocks_are_understood() {
        let block = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0";
        assert_eq!(orientation(block), Orientation::Turn270);
    }

    #[test]
    fn all_orientations_survive_a_minimal_block() {
        for turn in Orientation::ALL {
            assert_eq!(orientation(&orientation_only(turn)), turn);
        }
    }

    #[test]
    fn storage_tags_are_not_descriptive() {
        let kept = descriptive(sample());
        assert_eq!(kept.entries.iter().map(|e| e.tag).collect::<Vec<_>>(), [ORIENTATION, 271]);
        assert_eq!(kept.children.len(), 1);
    }

    #[test]
    fn a_long_block_loses_its_thumbnail_first_and_its_long_values_last() {
        let block = |maker_note: usize, comment: usize| {
            let long = |tag, len| Entry::bytes(tag, &vec![7; len]);
            let exif = Directory {
                entries: vec![
                    Entry::short(0x8827, &[100]),
                    long(MAKER_NOTE, maker_note),
                    long(0x9286, comment),
                ],
                children: vec![],
            };
            let mut directory = sample();
            directory.children.push((EXIF_DIRECTORY, exif));
            to_exif_block(&directory)
        };
        let long_tags = |block: &[u8]| {
            let directory = read(block).expect("reads");
            assert_eq!(directory.orientation(), Orientation::Turn90);
            let exif = directory.children.iter().find(|(tag, _)| *tag == EXIF_DIRECTORY).expect("kept");
            assert_eq!(exif.1.get(0x8827).and_then(Entry::number), Some(100));
            [MAKER_NOTE, 0x9286].map(|tag| exif.1.get(tag).is_some())
        };
        let thumbnail = [block(3000, 3000), vec![9; 9000]].concat();
        assert_eq!(reduced(&thumbnail, 8000).map(|b| long_tags(&b)), Some([true, true]));
        assert_eq!(reduced(&block(9000, 3000), 8000).map(|b| long_tags(&b)), Some([false, true]));
        assert_eq!(reduced(&block(9000, 9000), 8000).map(|b| long_tags(&b)), Some([false, false]));
        assert_eq!(reduced(&block(9000, 9000), 50), None);
        assert_eq!(reduced(b"no block", 8000), None);
    }

    #[test]
    fn cut_blocks_and_loops_do_not_hurt() {
        let whole = to_exif_block(&sample());
        for len in 0..whole.len() {
            let _ = read(&whole[..len]);
        }
        let own_child = b"II\x2a\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\0\0\0\0";
        assert!(read(own_child).is_some());
    }
}
