//! Thumbnails in a picture's metadata: file browsers show them, so they must not show a picture that is no more.
//!
//! EXIF 2.32, 4.5.5: a JPEG in the second directory; Photoshop's resources 1033 and 1036; `xmp:Thumbnails`.

use super::exif_block::ExifBlock;
use super::jpeg_segments::PHOTOSHOP;
use super::{Limits, jpeg, photoshop, xmp};
use crate::geometry::Size;
use crate::picture::{Metadata, Picture};

/// JPEG qualities that are tried until the new thumbnail is not longer than the old one.
const QUALITIES: [u8; 4] = [90, 80, 65, 50];

/// Longest EXIF block of a JPEG: a thumbnail that made it longer would cost more than it is worth.
const MAX_BLOCK: usize = 65_527;

/// Largest thumbnail in pixels.
const MAX_AREA: u64 = 1 << 20;

/// Pixels along each side of what one pixel of the thumbnail stands for that are looked at; all of a large photograph would
/// cost more than decoding it.
const LOOKED_AT: usize = 8;

/// Makes the EXIF thumbnail anew from the pixels, as large as it was, and takes out those of Photoshop and XMP, of which
/// programs make new ones. What cannot be made anew is taken out.
pub fn renew_thumbnails(picture: &mut Picture) {
    drop_copies(&mut picture.metadata);
    let Some(mut exif) = picture.metadata.exif.take() else { return };
    let length = exif.len();
    if let Some(mut block) = ExifBlock::open(&mut exif) {
        match block.thumbnail().and_then(|old| remade(picture, old, MAX_BLOCK.saturating_sub(length + 1))) {
            Some(jpeg) => block.set_thumbnail(&jpeg),
            None => block.drop_thumbnail(),
        }
    }
    picture.metadata.exif = Some(exif);
}

/// Takes all thumbnails out.
pub fn drop_thumbnails(metadata: &mut Metadata) {
    drop_copies(metadata);
    if let Some(mut block) = metadata.exif.as_mut().and_then(ExifBlock::open) {
        block.drop_thumbnail();
    }
}

fn drop_copies(metadata: &mut Metadata) {
    if let Some(resources) = metadata.photoshop.as_deref().and_then(photoshop::without_thumbnails) {
        metadata.photoshop = Some(resources);
    }
    let block = metadata.iptc.as_deref().and_then(|block| block.strip_prefix(PHOTOSHOP));
    if let Some(resources) = block.and_then(photoshop::without_thumbnails) {
        metadata.iptc = Some([PHOTOSHOP, &resources].concat());
    }
    if let Some(packet) = metadata.xmp.as_deref().and_then(xmp::without_thumbnails) {
        metadata.xmp = Some(packet);
    }
}

/// The picture in the size of the old thumbnail, not longer than that if possible, and with at most `room` more bytes.
fn remade(picture: &Picture, old: &[u8], room: usize) -> Option<Vec<u8>> {
    let limits = Limits { max_pixels: MAX_AREA, ..Limits::default() };
    let size = jpeg::probe(old, &limits).ok()?.size;
    let rgb = shrunk(picture, size);
    let mut longer = None;
    for quality in QUALITIES {
        let Ok(jpeg) = jpeg::encode_bare(&rgb, size, quality) else { continue };
        if jpeg.len() <= old.len() {
            return Some(jpeg);
        }
        if longer.is_none() && jpeg.len() <= room {
            longer = Some(jpeg);
        }
    }
    longer
}

/// The stored pixels at `size`, over white where they are transparent, with black bars where the shapes differ, as
/// cameras have them.
fn shrunk(picture: &Picture, size: Size) -> Vec<u8> {
    let full = picture.size;
    let inner = fitted(full, size);
    let (left, top) = ((size.width - inner.width) / 2, (size.height - inner.height) / 2);
    let mut out = vec![0; 3 * size.area()];
    for y in 0..inner.height {
        let rows = span(y, inner.height, full.height);
        for x in 0..inner.width {
            let (mut sum, mut count) = ([0.0f32; 3], 0.0);
            let columns = span(x, inner.width, full.width);
            let step = |range: &std::ops::Range<usize>| range.len().div_ceil(LOOKED_AT);
            for row in rows.clone().step_by(step(&rows)) {
                for index in columns.clone().step_by(step(&columns)).map(|column| row * full.width + column) {
                    count += 1.0;
                    let alpha = picture.alpha.as_ref().map_or(1.0, |alpha| alpha.unit(index));
                    for (channel, sum) in sum.iter_mut().enumerate() {
                        *sum += picture.rgb.unit(3 * index + channel) * alpha + 1.0 - alpha;
                    }
                }
            }
            let at = 3 * ((top + y) * size.width + left + x);
            out[at..at + 3].copy_from_slice(&sum.map(|sum| (sum / count * 255.0 + 0.5) as u8));
        }
    }
    out
}

/// The pixels of `full` that pixel `index` of `small` stands for; one at the least.
fn span(index: usize, small: usize, full: usize) -> std::ops::Range<usize> {
    let start = (index * full / small).min(full - 1);
    start..((index + 1) * full / small).max(start + 1)
}

/// The largest size of the shape of `full` within `size`; all of it where hardly a pixel is missing.
fn fitted(full: Size, size: Size) -> Size {
    let width = (size.height * full.width).div_ceil(full.height).clamp(1, size.width);
    let height = (size.width * full.height).div_ceil(full.width).clamp(1, size.height);
    if size.width - width <= 1 && size.height - height <= 1 { size } else { Size::new(width, height) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests::gradient;

    /// Big-endian EXIF with a maker's note behind the thumbnail, which has `length` bytes of room.
    fn block(thumbnail: &[u8], length: usize) -> Vec<u8> {
        let mut bytes = b"MM\0*\0\0\0\x08\0\x01".to_vec();
        bytes.extend([1, 18, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]);
        bytes.extend(26u32.to_be_bytes());
        bytes.extend([0, 2, 2, 1, 0, 4, 0, 0, 0, 1, 0, 0, 0, 56]);
        bytes.extend([2, 2, 0, 4, 0, 0, 0, 1]);
        bytes.extend((length as u32).to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(thumbnail);
        bytes.resize(56 + length, 0);
        bytes.extend(b"note");
        bytes
    }

    fn thumbnail(exif: &mut Vec<u8>) -> Vec<u8> {
        ExifBlock::open(exif).expect("a block").thumbnail().expect("a thumbnail").to_vec()
    }

    #[test]
    fn the_thumbnail_shows_the_picture_in_the_size_it_had() {
        let size = Size::new(40, 30);
        let black = jpeg::encode_bare(&vec![0; 3 * size.area()], size, 90).expect("encodes");
        for length in [black.len(), 9000] {
            let mut picture = gradient(Size::new(400, 300), false);
            let before = block(&black, length);
            picture.metadata.exif = Some(before.clone());
            renew_thumbnails(&mut picture);
            let mut exif = picture.metadata.exif.clone().expect("still there");
            assert_eq!(exif[..34], before[..34]);
            assert_eq!(exif[56 + length..60 + length], *b"note", "nothing moves");
            assert_eq!(exif.len() == before.len(), length == 9000, "only a longer one is put behind");
            let made =
                crate::codec::decode(&thumbnail(&mut exif), &Limits::default()).expect("a JPEG").picture;
            assert_eq!(made.size, size);
            let wanted = gradient(size, false);
            assert!(crate::codec::tests::worst_difference(&made.rgb, &wanted.rgb) < 12.0);
        }
    }

    #[test]
    fn a_thumbnail_that_cannot_be_made_anew_goes() {
        let jpeg = jpeg::encode_bare(&[0; 300], Size::new(10, 10), 90).expect("encodes");
        for exif in
            [block(b"no picture", 10), block(&jpeg, 20), [block(&jpeg, jpeg.len()), vec![0; 65_000]].concat()]
        {
            let mut picture = gradient(Size::new(99, 40), false);
            picture.metadata.exif = Some(exif);
            renew_thumbnails(&mut picture);
            let mut exif = picture.metadata.exif.expect("still there");
            assert!(exif[22..26] == [0; 4] || exif.len() < 65_527 && thumbnail(&mut exif).len() > 20);
        }
        let whole = block(b"no picture", 10);
        for length in 0..whole.len() {
            let mut picture = gradient(Size::new(9, 4), false);
            picture.metadata.exif = Some(whole[..length].to_vec());
            renew_thumbnails(&mut picture);
            assert_eq!(picture.metadata.exif.map(|exif| exif.len()), Some(length));
        }
    }

    #[test]
    fn other_shapes_get_bars() {
        assert_eq!(fitted(Size::new(6000, 4000), Size::new(160, 120)), Size::new(160, 107));
        assert_eq!(fitted(Size::new(4000, 6000), Size::new(160, 120)), Size::new(80, 120));
        assert_eq!(fitted(Size::new(4001, 3000), Size::new(160, 120)), Size::new(160, 120));
        assert_eq!(fitted(Size::new(1, 70_000), Size::new(160, 120)), Size::new(1, 120));
        let bars = shrunk(&gradient(Size::new(40, 10), false), Size::new(20, 20));
        assert!(bars[..3 * 20].iter().all(|&v| v == 0) && bars[3 * 20 * 10..][..3].iter().all(|&v| v > 0));
    }

    #[test]
    fn copies_of_photoshop_and_xmp_go_and_all_else_stays() {
        let (path, thumb) = (&b"8BIM\x07\xd0\0\0\0\0\0\x04path"[..], &b"8BIM\x04\x0c\0\0\0\0\0\x03abc\0"[..]);
        let mut metadata = Metadata {
            iptc: Some([PHOTOSHOP, thumb, path].concat()),
            photoshop: Some([path, thumb].concat()),
            xmp: Some(
                b"<x xmlns:x='http://ns.adobe.com/xap/1.0/'><x:Thumbnails><a/></x:Thumbnails><x:Rating/></x>"
                    .to_vec(),
            ),
            ..Metadata::default()
        };
        drop_thumbnails(&mut metadata);
        assert_eq!(metadata.iptc, Some([PHOTOSHOP, path].concat()));
        assert_eq!(metadata.photoshop.as_deref(), Some(path));
        assert_eq!(
            metadata.xmp.as_deref(),
            Some(&b"<x xmlns:x='http://ns.adobe.com/xap/1.0/'><x:Rating/></x>"[..])
        );
    }
}
