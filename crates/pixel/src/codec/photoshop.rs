//! Photoshop's image resources, as JPEG, TIFF and PSD files hold them: numbered blocks one behind the other.
//!
//! Adobe Photoshop File Formats Specification, "Image Resource Blocks".

use std::borrow::Cow;

use super::jpeg_segments;
use crate::picture::Metadata;

/// Number of the IPTC record.
const IPTC: u16 = 1028;

/// Numbers of the thumbnail: as Photoshop 4 wrote it, and as all later ones do.
const THUMBNAILS: [u16; 2] = [1033, 1036];

/// One block.
struct Resource<'a> {
    id: u16,
    /// The block with head and padding.
    whole: &'a [u8],
    data: &'a [u8],
}

/// The blocks of a list, up to where it is damaged.
fn blocks(mut rest: &[u8]) -> impl Iterator<Item = Resource<'_>> {
    std::iter::from_fn(move || {
        let [b'8', b'B', b'I', b'M', high, low, name, ..] = *rest else { return None };
        let start = 6 + (usize::from(name) + 1).next_multiple_of(2);
        let length: [u8; 4] = rest.get(start..start + 4)?.try_into().ok()?;
        let end = (start + 4).checked_add(u32::from_be_bytes(length) as usize)?;
        let data = rest.get(start + 4..end)?;
        // The padding of the last block may be missing.
        let whole = rest.get(..end.next_multiple_of(2)).unwrap_or(rest);
        rest = &rest[whole.len()..];
        Some(Resource { id: u16::from_be_bytes([high, low]), whole, data })
    })
}

/// The IPTC record in a list.
pub(super) fn iptc(resources: &[u8]) -> Option<&[u8]> {
    blocks(resources).find(|block| block.id == IPTC).map(|block| block.data)
}

/// All resources of a picture: Photoshop's block as it stood, or one around the bare IPTC record and the resources of a
/// TIFF.
pub(super) fn resources(metadata: &Metadata) -> Cow<'_, [u8]> {
    let apart = metadata.photoshop.as_deref();
    match metadata.iptc.as_deref() {
        None => Cow::Borrowed(apart.unwrap_or_default()),
        Some(iptc) => match iptc.strip_prefix(jpeg_segments::PHOTOSHOP) {
            Some(resources) => Cow::Borrowed(resources),
            None => Cow::Owned(with_iptc(apart.unwrap_or_default(), iptc)),
        },
    }
}

/// The list without thumbnails; `None` when there is none. What is damaged behind one is left out.
pub(super) fn without_thumbnails(resources: &[u8]) -> Option<Vec<u8>> {
    let is_thumbnail = |block: &Resource<'_>| THUMBNAILS.contains(&block.id);
    blocks(resources).any(|block| is_thumbnail(&block)).then(|| {
        let others = blocks(resources).filter(|block| !is_thumbnail(block));
        others.flat_map(|block| block.whole).copied().collect()
    })
}

/// The list with `iptc` as its IPTC record.
fn with_iptc(resources: &[u8], iptc: &[u8]) -> Vec<u8> {
    let mut list = b"8BIM\x04\x04\0\0".to_vec();
    list.extend_from_slice(&(iptc.len() as u32).to_be_bytes());
    list.extend_from_slice(iptc);
    if !iptc.len().is_multiple_of(2) {
        list.push(0);
    }
    let others = blocks(resources).filter(|block| block.id != IPTC);
    others.for_each(|block| list.extend_from_slice(block.whole));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &[u8] = b"8BIM\x07\xd0\x05outer\0\0\0\x04path";
    const RECORD: &[u8] = b"\x1c\x02\x05\0\x03abc";

    #[test]
    fn the_record_is_replaced_and_all_other_blocks_stay() {
        let list = with_iptc(PATH, RECORD);
        assert_eq!(iptc(&list), Some(RECORD));
        assert!(list.ends_with(PATH));
        let odd = with_iptc(&list, b"abc");
        assert_eq!(odd, [b"8BIM\x04\x04\0\0\0\0\0\x03abc\0", PATH].concat());
    }

    #[test]
    fn damaged_lists_end_where_they_are_damaged() {
        let list = [PATH, with_iptc(&[], RECORD).as_slice()].concat();
        for length in 0..list.len() {
            assert_eq!(iptc(&list[..length]), None);
            let _ = with_iptc(&list[..length], RECORD);
        }
        assert_eq!(iptc(b"8BIM\x04\x04\0\0\xff\xff\xff\xff"), None);
    }
}
