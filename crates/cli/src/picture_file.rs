//! Picture files: what a file is by its name and its first bytes, and its whole content in memory.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use pixel::codec::{self, Format};

use crate::delivery::advice;
use crate::standard::{self, is_standard};

/// Bytes of a mebibyte, the unit of `--max-file-mb`.
pub const MEBIBYTE: u64 = 1 << 20;

/// Extensions of the raw files of cameras. `raw` is not among them: too many things are called so.
const RAW_EXTENSIONS: [&str; 25] = [
    "3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "gpr", "iiq", "kdc", "mef", "mos", "mrw",
    "nef", "nrw", "orf", "pef", "raf", "rw2", "rwl", "sr2", "srw", "x3f",
];

/// Extensions of other pictures that are not read.
const OTHER_EXTENSIONS: [&str; 18] = [
    "avif", "bmp", "dib", "exr", "gif", "heic", "heif", "hif", "j2k", "jp2", "jpx", "jxl", "jxr", "psb",
    "psd", "qoi", "tga", "xcf",
];

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused.
    #[error("cannot be read: {}", advice(.0))]
    Refused(#[from] io::Error),
    /// It is what a camera's sensor saw, and no picture yet.
    #[error("it is a camera raw file; develop it first, and give the picture, a 16-bit TIFF for instance")]
    CameraRaw,
    /// A folder where a picture was asked for.
    #[error("it is a folder; name a picture in it")]
    Folder,
    /// Nothing is in it.
    #[error("the file is empty; copy it anew from where it came")]
    Empty,
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

/// Reads a whole file of at most `limit` bytes, or standard input for `-`. A longer file is refused by its length, before
/// any of it is read.
///
/// # Errors
/// [`ReadError`] when it is longer, empty, a folder, a raw file of a camera, or the operating system refuses.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    if is_standard(path) {
        return read_to_end(standard::input(), 0, limit);
    }
    let file = File::open(path)?;
    let found = file.metadata()?;
    if found.is_dir() {
        return Err(ReadError::Folder);
    }
    let length = found.len();
    if length > 0 && is_camera_raw(path) {
        return Err(ReadError::CameraRaw);
    }
    if length > limit {
        return Err(ReadError::TooLarge { bytes: length, limit });
    }
    read_to_end(file, length, limit)
}

/// Reads to the end of what seems to be `length` bytes long: a pipe shows no length, and a file may grow while it is read.
fn read_to_end(source: impl Read, length: u64, limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::with_capacity(length.saturating_add(1) as usize);
    source.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::Endless { limit });
    }
    if bytes.is_empty() {
        return Err(ReadError::Empty);
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

/// The kind of picture that a file name promises and that is not read: its extension in lower case.
pub fn unread_kind(path: &Path) -> Option<String> {
    let kind = path.extension()?.to_str()?.to_ascii_lowercase();
    (RAW_EXTENSIONS.contains(&kind.as_str()) || OTHER_EXTENSIONS.contains(&kind.as_str())).then_some(kind)
}

/// A file name as its stem and its extension, which is one only if pictures have it: other dots belong to the name.
pub fn stem_and_extension(path: &Path) -> (&OsStr, Option<&OsStr>) {
    match (path.file_stem(), path.extension()) {
        (Some(stem), Some(own)) if format_by_name(path).is_some() || unread_kind(path).is_some() => {
            (stem, Some(own))
        }
        _ => (path.file_name().unwrap_or_default(), None),
    }
}

/// The format that a file's first bytes show.
pub fn format_by_content(path: &Path) -> Option<Format> {
    let mut head = [0; 12];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).ok()?;
    codec::sniff(&head)
}

/// True for a raw file of a camera. Most begin like a TIFF but hold only a thumbnail that a TIFF decoder could read, so
/// the name decides; a finished picture under such a name is known by its content.
pub fn is_camera_raw(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    extension.is_some_and(|extension| RAW_EXTENSIONS.contains(&extension.as_str()))
        && matches!(format_by_content(path), None | Some(Format::Tiff))
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

    #[test]
    fn a_camera_raw_file_is_to_be_developed_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, bytes: &[u8]| {
            fs::write(folder.path().join(name), bytes).expect("written");
            read(&folder.path().join(name), 100)
        };
        for name in ["a.NEF", "a.dng", "a.kdc", "a.sr2", "a.fff", "a.mos"] {
            let error = put(name, b"II*\0 what a sensor saw").expect_err("refused");
            assert!(matches!(error, ReadError::CameraRaw) && error.to_string().contains("develop it first"));
        }
        assert!(matches!(put("a.raf", b"FUJIFILMCCD-RAW"), Err(ReadError::CameraRaw)));
        assert!(put("a.tif", b"II*\0 a picture").is_ok());
        assert!(put("b.nef", b"\xff\xd8\xff a picture under this name").is_ok());
        let missing = read(&folder.path().join("none.nef"), 100).expect_err("refused");
        assert!(matches!(missing, ReadError::Refused(_)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_has_no_length_is_read_up_to_the_limit() {
        assert!(matches!(read(Path::new("/dev/zero"), 100), Err(ReadError::Endless { limit: 100 })));
    }
}
