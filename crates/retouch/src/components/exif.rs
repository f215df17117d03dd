//! What must be changed in metadata when pixels are turned, resized or replaced: in place, nothing else is touched.

use pixel::picture::{Density, DensityUnit, Metadata};

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const ORIENTATION: u16 = 274;
const X_RESOLUTION: u16 = 282;
const Y_RESOLUTION: u16 = 283;
const RESOLUTION_UNIT: u16 = 296;
const THUMBNAIL_START: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;
const EXIF_DIRECTORY: u16 = 0x8769;
const PIXEL_WIDTH: u16 = 0xA002;
const PIXEL_HEIGHT: u16 = 0xA003;

const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

/// An EXIF block that is edited in place.
struct Block<'a> {
    bytes: &'a mut [u8],
    little: bool,
}

impl<'a> Block<'a> {
    fn open(bytes: &'a mut [u8]) -> Option<Self> {
        let little = match bytes.get(..4)? {
            [b'I', b'I', 42, 0] => true,
            [b'M', b'M', 0, 42] => false,
            _ => return None,
        };
        Some(Self { bytes, little })
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
    fn set(&mut self, start: usize, tag: u16, value: u32) {
        let Some(at) = self.entry(start, tag) else { return };
        match self.short(at + 2) {
            Some(SHORT) => self.put(at + 8, &(value.min(65_535) as u16).to_le_bytes()),
            Some(LONG) => self.put(at + 8, &value.to_le_bytes()),
            _ => {}
        }
    }

    /// Sets a rational entry that is there already.
    fn set_ratio(&mut self, start: usize, tag: u16, value: u32) {
        let Some(at) = self.entry(start, tag) else { return };
        if let (Some(RATIONAL), Some(place)) = (self.short(at + 2), self.long(at + 8)) {
            self.put(place, &value.to_le_bytes());
            self.put(place + 4, &1u32.to_le_bytes());
        }
    }

    /// Takes the thumbnail out: it shows the picture as it was.
    fn drop_thumbnail(&mut self, start: usize) {
        let Some(count) = self.short(start) else { return };
        let link = start + 2 + 12 * usize::from(count);
        let Some(second) = self.long(link).filter(|second| *second != 0) else { return };
        let value = |block: &Self, tag| block.entry(second, tag).and_then(|at| block.long(at + 8));
        if let (Some(at), Some(length)) = (value(self, THUMBNAIL_START), value(self, THUMBNAIL_LENGTH))
            && let Some(thumbnail) = at.checked_add(length).and_then(|end| self.bytes.get_mut(at..end))
        {
            thumbnail.fill(0);
        }
        self.put(link, &[0; 4]);
    }
}

fn edit(metadata: &mut Metadata, change: impl FnOnce(&mut Block<'_>, usize)) {
    let Some(bytes) = metadata.exif.as_deref_mut() else { return };
    if let Some(mut block) = Block::open(bytes)
        && let Some(first) = block.long(4)
    {
        change(&mut block, first);
    }
}

/// Says in EXIF and XMP that the pixels stand upright.
pub(super) fn set_upright(metadata: &mut Metadata) {
    edit(metadata, |block, first| block.set(first, ORIENTATION, 1));
    if let Some(xmp) = &mut metadata.xmp {
        for name in [&b"tiff:Orientation=\""[..], b"tiff:Orientation='", b"<tiff:Orientation>"] {
            let found = xmp.windows(name.len()).position(|part| part == name);
            if let Some(digit) = found.and_then(|at| xmp.get_mut(at + name.len()))
                && digit.is_ascii_digit()
            {
                *digit = b'1';
            }
        }
    }
}

/// Says in EXIF how large the picture is now, and takes out the thumbnail, which shows what it was.
pub(super) fn set_size(metadata: &mut Metadata, width: usize, height: usize) {
    edit(metadata, |block, first| {
        let (width, height) = (width as u32, height as u32);
        block.drop_thumbnail(first);
        block.set(first, WIDTH, width);
        block.set(first, HEIGHT, height);
        if let Some(exif) = block.entry(first, EXIF_DIRECTORY).and_then(|at| block.long(at + 8)) {
            block.set(exif, PIXEL_WIDTH, width);
            block.set(exif, PIXEL_HEIGHT, height);
        }
    });
}

/// Takes out the thumbnail, which shows what the picture was.
pub(super) fn drop_thumbnail(metadata: &mut Metadata) {
    edit(metadata, |block, first| block.drop_thumbnail(first));
}

/// Sets the resolution in pixels an inch, in the file's header and in EXIF where that has it.
pub(super) fn set_dpi(metadata: &mut Metadata, dpi: u32) {
    let value = f64::from(dpi);
    metadata.density = Some(Density { x: value, y: value, unit: DensityUnit::Inch });
    edit(metadata, |block, first| {
        block.set_ratio(first, X_RESOLUTION, dpi);
        block.set_ratio(first, Y_RESOLUTION, dpi);
        block.set(first, RESOLUTION_UNIT, 2);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Big-endian EXIF with an orientation of 6 and a thumbnail of three bytes.
    fn block() -> Vec<u8> {
        let mut bytes = b"MM\0*\0\0\0\x08\0\x01".to_vec();
        bytes.extend([1, 18, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]);
        bytes.extend(26u32.to_be_bytes());
        bytes.extend([0, 2]);
        bytes.extend([2, 1, 0, 4, 0, 0, 0, 1, 0, 0, 0, 56]);
        bytes.extend([2, 2, 0, 4, 0, 0, 0, 1, 0, 0, 0, 3]);
        bytes.extend([0; 4]);
        bytes.extend([7, 7, 7]);
        bytes
    }

    #[test]
    fn orientation_is_reset_and_the_thumbnail_gone() {
        let xmp = Some(b"<x tiff:Orientation=\"6\"/>".to_vec());
        let mut metadata = Metadata { exif: Some(block()), xmp, ..Metadata::default() };
        set_upright(&mut metadata);
        set_size(&mut metadata, 10, 20);
        let exif = metadata.exif.expect("still there");
        assert_eq!(exif[19], 1);
        assert_eq!(exif[22..26], [0; 4]);
        assert_eq!(exif[56..59], [0; 3]);
        assert_eq!(metadata.xmp.expect("still there"), b"<x tiff:Orientation=\"1\"/>");
    }

    #[test]
    fn damaged_blocks_are_left_alone() {
        for length in 0..block().len() {
            let mut metadata = Metadata { exif: Some(block()[..length].to_vec()), ..Metadata::default() };
            set_upright(&mut metadata);
            set_size(&mut metadata, 1, 1);
            set_dpi(&mut metadata, 300);
            assert_eq!(metadata.exif.map(|exif| exif.len()), Some(length));
        }
    }
}
