//! The file of a result: where it lies, and that it comes whole and replaces nothing.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::{ClientError, Item};

/// The place of a result below the folder of results: the picture's own folder, the name the server gave. A server
/// names a file, never a path.
pub(crate) fn result_place(item: &Item, name: Option<&str>) -> PathBuf {
    let own = item.relative.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let given = name
        .map(|name| name.replace(['/', '\\', '\0'], "_"))
        .filter(|name| !matches!(name.as_str(), "" | "." | ".."));
    item.relative.with_file_name(given.unwrap_or(own))
}

/// Writes a result below `folder` so that it is there whole or not at all, and gives its place. Cameras count from one
/// again, and of `a.jpg` and `a.tif` both results may be called `a.jpg`: where another file lies already, a number is put
/// behind the name. The same bytes are the same result, whose note was cut off.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn keep(folder: &Path, wanted: &Path, bytes: &[u8]) -> Result<PathBuf, ClientError> {
    let path = folder.join(wanted);
    let failed = |error: io::Error| ClientError::file(&path, error);
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed)?;
    let mut draft = tempfile::Builder::new().prefix(".atelier-").tempfile_in(parent).map_err(failed)?;
    draft.write_all(bytes).map_err(failed)?;
    draft.as_file().sync_all().map_err(failed)?;
    let mut number = 1;
    loop {
        let place = numbered(wanted, number);
        let path = folder.join(&place);
        if holds(&path, bytes) {
            return Ok(place);
        }
        match draft.persist_noclobber(&path) {
            Ok(_) => return Ok(place),
            Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => draft = taken.file,
            Err(other) => return Err(ClientError::file(&path, other.error)),
        }
        number += 1;
    }
}

/// `a.jpg`, `a-2.jpg`, `a-3.jpg`.
fn numbered(place: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return place.to_owned();
    }
    let mut name = place.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = place.extension() {
        name.push(".");
        name.push(extension);
    }
    place.with_file_name(name)
}

fn holds(path: &Path, bytes: &[u8]) -> bool {
    let has_length = fs::metadata(path).is_ok_and(|facts| facts.len() == bytes.len() as u64);
    has_length && fs::read(path).is_ok_and(|there| there == bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_lie_where_their_pictures_lay_and_nowhere_else() {
        let item = Item { path: "in/a/b.jpg".into(), relative: "a/b.jpg".into() };
        assert_eq!(result_place(&item, Some("b.png")), PathBuf::from("a/b.png"));
        assert_eq!(result_place(&item, None), PathBuf::from("a/b.jpg"));
        assert_eq!(result_place(&item, Some("../../etc/passwd")), PathBuf::from("a/.._.._etc_passwd"));
        assert_eq!(result_place(&item, Some("..")), PathBuf::from("a/b.jpg"));
    }

    #[test]
    fn a_result_replaces_no_other_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = |bytes: &[u8]| keep(folder.path(), Path::new("day/a.b.jpg"), bytes).expect("kept");
        assert_eq!(kept(b"one"), PathBuf::from("day/a.b.jpg"));
        assert_eq!(kept(b"two"), PathBuf::from("day/a.b-2.jpg"));
        assert_eq!(kept(b"three"), PathBuf::from("day/a.b-3.jpg"));
        assert_eq!(kept(b"two"), PathBuf::from("day/a.b-2.jpg"), "the same once more");
        assert_eq!(fs::read(folder.path().join("day/a.b.jpg")).expect("read"), b"one");
        let files = fs::read_dir(folder.path().join("day")).expect("listed").count();
        assert_eq!(files, 3, "no draft is left");
    }
}
