//! Whether a picture that lies on a disk is all there, as far as its own bytes say.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// How much of a file's end is looked at: cameras and programs append things behind the picture.
const TAIL: u64 = 64 * 1024;

/// False when the file is a picture that has been cut off, or is still being written. Files that do not say where they
/// end count as whole.
pub(crate) fn looks_whole(path: &Path) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut head = Vec::new();
    file.by_ref().take(12).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    Ok(is_whole(&head, &tail, length))
}

fn is_whole(head: &[u8], tail: &[u8], length: u64) -> bool {
    let holds = |mark: &[u8]| tail.windows(mark.len()).any(|part| part == mark);
    match head {
        [0xff, 0xd8, 0xff, ..] => holds(&[0xff, 0xd9]),
        [0x89, b'P', b'N', b'G', ..] => holds(b"IEND\xae\x42\x60\x82"),
        [b'R', b'I', b'F', b'F', a, b, c, d, b'W', b'E', b'B', b'P'] => {
            length >= u64::from(u32::from_le_bytes([*a, *b, *c, *d])) + 8
        }
        // The list of what a TIFF holds lies anywhere in it, usually at the end.
        [b'I', b'I', 42, 0, a, b, c, d, ..] => length > u64::from(u32::from_le_bytes([*a, *b, *c, *d])),
        [b'M', b'M', 0, 42, a, b, c, d, ..] => length > u64::from(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_are_cut_off_are_told() {
        let png = b"\x89PNG\r\n\x1a\n and so on IEND\xae\x42\x60\x82";
        let jpeg = b"\xff\xd8\xff\xe0 and so on \xff\xd9 and a trailer";
        let webp = b"RIFF\x0c\0\0\0WEBP12345678";
        let tiff = b"II*\0\x10\0\0\0 pixels, then the list";
        for picture in [&png[..], jpeg, webp, tiff] {
            let check = |bytes: &[u8]| is_whole(&bytes[..bytes.len().min(12)], bytes, bytes.len() as u64);
            assert!(check(picture));
            assert!(!check(&picture[..13]), "{picture:?}");
        }
        assert!(is_whole(b"no picture", b"no picture", 10));
    }

    #[test]
    fn files_are_read_at_both_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jpg");
        let mut bytes = vec![0x55; 300_000];
        bytes[..3].copy_from_slice(&[0xff, 0xd8, 0xff]);
        std::fs::write(&path, &bytes).expect("written");
        assert!(!looks_whole(&path).expect("read"));
        bytes.extend([0xff, 0xd9]);
        std::fs::write(&path, &bytes).expect("written");
        assert!(looks_whole(&path).expect("read"));
    }
}
