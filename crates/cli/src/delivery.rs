//! Delivery: a file appears under its name whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::standard::{self, is_standard};

/// Unfinished files begin with this and end with [`DRAFT_SUFFIX`], so that a later run can clear away those that a
/// killed run left.
const DRAFT_PREFIX: &str = ".atelier-";
const DRAFT_SUFFIX: &str = ".part";
/// Writing one picture takes seconds at most; an unfinished file of this age has no writer any more.
const DRAFT_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Why a file could not be delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The target exists and is a folder, a device or a pipe.
    #[error("{0} is a folder or a device, not a file: choose another name, or --out-dir for a folder")]
    NotAFile(PathBuf),
    /// The target names no file.
    #[error("{0} has no file name: choose another output name")]
    NoName(PathBuf),
    /// Standard output takes no more.
    #[error("cannot write to standard output: {source}; what reads from it must read to the end")]
    NotSent {
        /// The refusal.
        source: io::Error,
    },
    /// The operating system refused.
    #[error("cannot write {path}: {}", advice(.source))]
    Refused {
        /// What was to be written.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
}

/// Says in half a line what an input or output error means and what to do about it.
pub fn advice(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist; check the path".into(),
        io::ErrorKind::PermissionDenied => {
            "permission denied; choose another place or change its permissions".into()
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "the disk is full or the file too large for it; free some space and run the same command again"
                .into()
        }
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only; choose another place".into(),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a part of the path is a file, not a folder; check the path".into()
        }
        io::ErrorKind::IsADirectory => "it is a folder, not a file; name a file".into(),
        io::ErrorKind::InvalidFilename => "the file name is too long or not allowed; choose another".into(),
        _ => format!("{error}; check the disk and try again"),
    }
}

/// Writes `bytes` to `target`, creating its folder when needed: first to an unnamed draft in the same folder, flushed
/// to the disk, then renamed. Whatever happens in between, `target` holds its old content or the new, never a part. `-` is
/// standard output.
///
/// # Errors
/// [`DeliveryError`] when the target is no regular file or the operating system refuses; the draft is removed.
pub fn deliver(target: &Path, bytes: &[u8]) -> Result<(), DeliveryError> {
    if is_standard(target) {
        let refused = |source| DeliveryError::NotSent { source };
        return standard::send(bytes).map_err(refused);
    }
    let target = &follow(target)?;
    let refused = |source| DeliveryError::Refused { path: target.clone(), source };
    let folder = folder_of(target);
    fs::create_dir_all(folder).map_err(refused)?;

    let mut builder = tempfile::Builder::new();
    builder.prefix(DRAFT_PREFIX).suffix(DRAFT_SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A draft is private by default; the finished file follows the user's umask like any other.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut draft = builder.tempfile_in(folder).map_err(refused)?;
    draft.write_all(bytes).map_err(refused)?;
    draft.as_file().sync_all().map_err(refused)?;
    draft.persist(target).map_err(|error| refused(error.error))?;
    // The rename itself survives a power cut only once the folder is on the disk; not every file system can do that.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Creates `folder` when it is missing, and [probes](probe) it.
///
/// # Errors
/// [`DeliveryError::Refused`] naming the folder.
pub fn prepare(folder: &Path) -> Result<(), DeliveryError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    fs::create_dir_all(folder)
        .map_err(|source| DeliveryError::Refused { path: folder.to_owned(), source })?;
    probe(folder)
}

/// Finds out before any work is done whether files can be created in `folder`, and clears away drafts that a killed
/// run left there.
///
/// # Errors
/// [`DeliveryError::Refused`] naming the folder.
pub fn probe(folder: &Path) -> Result<(), DeliveryError> {
    let refused = |source| DeliveryError::Refused { path: folder.to_owned(), source };
    clear_abandoned_drafts(folder);
    tempfile::Builder::new()
        .prefix(DRAFT_PREFIX)
        .suffix(DRAFT_SUFFIX)
        .tempfile_in(folder)
        .map(drop)
        .map_err(refused)
}

/// The folder that holds `path`; the current one for a bare file name.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Resolves a link to the file it stands for, and refuses what a rename would destroy: folders, devices, pipes. Standard
/// output is no file and taken as it is.
///
/// # Errors
/// [`DeliveryError::NotAFile`] and [`DeliveryError::NoName`].
pub fn follow(target: &Path) -> Result<PathBuf, DeliveryError> {
    if is_standard(target) {
        return Ok(target.to_owned());
    }
    if target.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(DeliveryError::NotAFile(target.to_owned()));
    }
    if target.file_name().is_none() {
        return Err(DeliveryError::NoName(target.to_owned()));
    }
    match fs::metadata(target) {
        Ok(found) if !found.is_file() => Err(DeliveryError::NotAFile(target.to_owned())),
        Ok(_) => Ok(fs::canonicalize(target).unwrap_or_else(|_| target.to_owned())),
        Err(_) => Ok(target.to_owned()),
    }
}

fn clear_abandoned_drafts(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with(DRAFT_PREFIX) || !name.ends_with(DRAFT_SUFFIX) {
            continue;
        }
        let age = entry
            .metadata()
            .and_then(|found| found.modified())
            .ok()
            .and_then(|modified| SystemTime::now().duration_since(modified).ok());
        if age.is_some_and(|age| age > DRAFT_LIFETIME) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    #[test]
    fn delivers_into_a_new_folder_and_replaces_what_was_there() {
        let folder = folder();
        let target = folder.path().join("a/b/picture.jpg");
        deliver(&target, b"first").expect("delivered");
        deliver(&target, b"second").expect("delivered again");
        assert_eq!(fs::read(&target).expect("readable"), b"second");
        assert_eq!(fs::read_dir(folder.path().join("a/b")).expect("listed").count(), 1, "no draft is left");
    }

    #[test]
    fn refuses_a_folder_as_target_and_leaves_it_alone() {
        let folder = folder();
        let error = deliver(folder.path(), b"x").expect_err("a folder is no file");
        assert!(matches!(error, DeliveryError::NotAFile(_)), "{error}");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 0);
    }

    #[test]
    fn says_what_to_do_when_a_part_of_the_path_is_a_file() {
        let folder = folder();
        let file = folder.path().join("file");
        fs::write(&file, b"x").expect("written");
        let error = prepare(&file.join("out")).expect_err("no folder below a file");
        assert!(error.to_string().contains("a part of the path is a file"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn writes_through_a_link_and_keeps_it() {
        let folder = folder();
        let (real, link) = (folder.path().join("real.jpg"), folder.path().join("link.jpg"));
        fs::write(&real, b"old").expect("written");
        std::os::unix::fs::symlink(&real, &link).expect("linked");
        deliver(&link, b"new").expect("delivered");
        assert_eq!(fs::read(&real).expect("readable"), b"new");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    }

    #[test]
    fn clears_old_drafts_only() {
        let folder = folder();
        let (old, young) = (folder.path().join(".atelier-old.part"), folder.path().join(".atelier-new.part"));
        let own = folder.path().join("keep.part");
        for path in [&old, &young, &own] {
            fs::write(path, b"x").expect("written");
        }
        let long_ago = SystemTime::now() - DRAFT_LIFETIME * 2;
        for path in [&old, &own] {
            File::options()
                .write(true)
                .open(path)
                .and_then(|file| file.set_modified(long_ago))
                .expect("aged");
        }
        prepare(folder.path()).expect("prepared");
        assert!(!old.exists() && young.exists() && own.exists());
    }
}
