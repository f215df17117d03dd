//! What must be changed in metadata when pixels are turned, resized or replaced: in place, nothing else is touched.

use pixel::codec::{ExifBlock, drop_thumbnails};
use pixel::picture::{Density, DensityUnit, Metadata};

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const ORIENTATION: u16 = 274;
const X_RESOLUTION: u16 = 282;
const Y_RESOLUTION: u16 = 283;
const RESOLUTION_UNIT: u16 = 296;
const EXIF_DIRECTORY: u16 = 0x8769;
const PIXEL_WIDTH: u16 = 0xA002;
const PIXEL_HEIGHT: u16 = 0xA003;

fn edit(metadata: &mut Metadata, change: impl FnOnce(&mut ExifBlock<'_>, usize)) {
    if let Some(mut block) = metadata.exif.as_mut().and_then(ExifBlock::open) {
        let first = block.first();
        change(&mut block, first);
    }
}

/// Says in EXIF and XMP that the pixels stand upright.
pub(super) fn set_upright(metadata: &mut Metadata) {
    edit(metadata, |block, first| block.set(first, ORIENTATION, 1));
    if let Some(xmp) = &mut metadata.xmp {
        set_number(xmp, "tiff:Orientation", 1);
    }
}

/// Says in EXIF and XMP how large the picture is now, and takes out the thumbnails, which show what it was.
pub(super) fn set_size(metadata: &mut Metadata, width: usize, height: usize) {
    drop_thumbnails(metadata);
    edit(metadata, |block, first| {
        let (width, height) = (width as u32, height as u32);
        block.set(first, WIDTH, width);
        block.set(first, HEIGHT, height);
        if let Some(exif) = block.child(first, EXIF_DIRECTORY) {
            block.set(exif, PIXEL_WIDTH, width);
            block.set(exif, PIXEL_HEIGHT, height);
        }
    });
    if let Some(xmp) = &mut metadata.xmp {
        for (name, value) in [
            ("exif:PixelXDimension", width),
            ("exif:PixelYDimension", height),
            ("tiff:ImageWidth", width),
            ("tiff:ImageLength", height),
        ] {
            set_number(xmp, name, value);
        }
    }
}

/// Sets a whole number of an XMP packet that is there already.
fn set_number(xmp: &mut Vec<u8>, name: &str, value: usize) {
    for start in [format!("{name}=\""), format!("{name}='"), format!("<{name}>")] {
        let Some(found) = xmp.windows(start.len()).position(|part| part == start.as_bytes()) else {
            continue;
        };
        let at = found + start.len();
        let digits = xmp[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 0 {
            xmp.splice(at..at + digits, value.to_string().into_bytes());
        }
    }
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
        let xmp =
            Some(b"<x tiff:Orientation=\"6\" exif:PixelXDimension='6000'><tiff:ImageLength>4</x>".to_vec());
        let mut metadata = Metadata { exif: Some(block()), xmp, ..Metadata::default() };
        set_upright(&mut metadata);
        set_size(&mut metadata, 10, 20);
        let exif = metadata.exif.expect("still there");
        assert_eq!(exif[19], 1);
        assert_eq!(exif[22..26], [0; 4]);
        assert_eq!(exif[56..59], [0; 3]);
        assert_eq!(
            metadata.xmp.expect("still there"),
            b"<x tiff:Orientation=\"1\" exif:PixelXDimension='10'><tiff:ImageLength>20</x>"
        );
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
