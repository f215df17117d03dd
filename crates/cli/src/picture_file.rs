//! Picture files: what a file is by its name and its first bytes, and its whole content in memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use pixel::codec::{self, Format};

use crate::delivery::advice;

/// Bytes of a mebibyte, the unit of `--max-file-mb`.
pub const MEBIBYTE: u64 = 1 << 20;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused.
    #[error("cannot be read: {}", advice(.0))]
    Refused(#[from] io::Error),
    /// The file is longer than what may be read.
    #[error("the file has {bytes} bytes, more than the {} MiB that are read; give --max-file-mb {} to read it",
        .limit / MEBIBYTE, .bytes.div_ceil(MEBIBYTE))]
    TooLarge {
        /// Its length.
        bytes: u64,
        /// Most bytes that are read.
        limit: u64,
    },
    /// What has no length of its own, like a pipe, did not end in time.
    #[error("it goes on beyond the {} MiB that are read; give a larger --max-file-mb", .limit / MEBIBYTE)]
    Endless {
        /// Most bytes that are read.
        limit: u64,
    },
}

/// Reads a whole file of at most `limit` bytes. A longer one is refused by its length, before any of it is read.
///
/// # Errors
/// [`ReadError`] when it is longer, or the operating system refuses.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > limit {
        return Err(ReadError::TooLarge { bytes: length, limit });
    }
    let mut bytes = Vec::with_capacity(length.saturating_add(1) as usize);
    // A pipe shows no length, and a file may grow while it is read.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::Endless { limit });
    }
    Ok(bytes)
}

/// The format that a file name promises by its extension, in any case.
pub fn format_by_name(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" | "jpe" | "jfif" => Some(Format::Jpeg),
        "png" | "apng" => Some(Format::Png),
        "tif" | "tiff" => Some(Format::Tiff),
        "webp" => Some(Format::WebP),
        _ => None,
    }
}

/// The format that a file's first bytes show.
pub fn format_by_content(path: &Path) -> Option<Format> {
    let mut head = [0; 12];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).ok()?;
    codec::sniff(&head)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_beyond_the_limit_is_refused_by_its_true_length() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.tif");
        // The 16-bit picture of a camera with 24 megapixels; the file takes no room on the disk.
        File::create(&path).and_then(|file| file.set_len(144_000_000)).expect("made");
        let error = read(&path, 100 * MEBIBYTE).expect_err("refused");
        let text = error.to_string();
        assert!(text.contains("144000000 bytes") && text.contains("--max-file-mb 138 "), "{text}");

        fs::write(&path, b"12345").expect("written");
        assert_eq!(read(&path, 5).expect("read"), b"12345");
        assert!(matches!(read(&path, 4), Err(ReadError::TooLarge { bytes: 5, limit: 4 })));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_has_no_length_is_read_up_to_the_limit() {
        assert!(matches!(read(Path::new("/dev/zero"), 100), Err(ReadError::Endless { limit: 100 })));
    }
}
