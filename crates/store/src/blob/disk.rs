//! Bytes in a folder: written beside, flushed, then renamed into place.

use std::io::{ErrorKind, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::io::AsyncSeekExt as _;

use super::{Pieces, pieces_of};
use crate::{ContentHash, StoreError};

/// Writing one file takes minutes at most; a draft of this age has no writer any more.
const DRAFT_LIFETIME: std::time::Duration = std::time::Duration::from_secs(3_600);

pub(super) struct Disk {
    folder: PathBuf,
}

impl Disk {
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder)?;
        may_write(folder)?;
        clear_abandoned_drafts(folder);
        Ok(Self { folder: folder.to_owned() })
    }

    /// Two levels of folders keep each one short.
    fn path(&self, hash: &ContentHash) -> PathBuf {
        let name = hash.hex();
        self.folder.join(&name[..2]).join(&name[2..4]).join(name)
    }

    pub(super) async fn flush(&self, file: &Path) -> Result<(), StoreError> {
        let file = file.to_owned();
        blocking(move || std::fs::File::open(&file)?.sync_all()).await
    }

    pub(super) async fn take(&self, hash: &ContentHash, file: &Path) -> Result<(), StoreError> {
        let (root, to, from) = (self.folder.clone(), self.path(hash), file.to_owned());
        blocking(move || {
            std::fs::File::open(&from)?.sync_all()?;
            settle(&root, &from, &to)
        })
        .await
    }

    pub(super) async fn put(&self, hash: &ContentHash, bytes: Bytes) -> Result<(), StoreError> {
        let (root, to) = (self.folder.clone(), self.path(hash));
        let draft = root.join(format!(".{}", uuid::Uuid::new_v4()));
        blocking(move || {
            let written = std::fs::File::create_new(&draft).and_then(|mut file| {
                file.write_all(&bytes)?;
                file.sync_all()
            });
            let settled = written.and_then(|()| settle(&root, &draft, &to));
            if settled.is_err() {
                let _ = std::fs::remove_file(&draft);
            }
            settled
        })
        .await
    }

    pub(super) async fn read(&self, hash: &ContentHash) -> Result<Bytes, StoreError> {
        Ok(tokio::fs::read(self.path(hash)).await?.into())
    }

    pub(super) async fn stream(&self, hash: &ContentHash, range: Range<u64>) -> Result<Pieces, StoreError> {
        let mut file = tokio::fs::File::open(self.path(hash)).await?;
        file.seek(SeekFrom::Start(range.start)).await?;
        let left = range.end.saturating_sub(range.start);
        Ok(pieces_of(file, left))
    }

    pub(super) async fn size(&self, hash: &ContentHash) -> Result<Option<u64>, StoreError> {
        // A missing folder above all blobs is an unmounted disk, not a missing blob.
        match tokio::fs::metadata(self.path(hash)).await {
            Ok(facts) => Ok(Some(facts.len())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                tokio::fs::metadata(&self.folder)
                    .await
                    .map_err(|error| StoreError::Unavailable(error.to_string()))?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn delete(&self, hash: &ContentHash) -> Result<(), StoreError> {
        match tokio::fs::remove_file(self.path(hash)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    pub(super) async fn list(&self) -> Result<Vec<ContentHash>, StoreError> {
        let folder = self.folder.clone();
        blocking(move || {
            let mut found = Vec::new();
            let mut folders = vec![folder];
            while let Some(folder) = folders.pop() {
                for entry in std::fs::read_dir(folder)? {
                    let entry = entry?;
                    if entry.file_type()?.is_dir() {
                        folders.push(entry.path());
                    } else {
                        found.extend(entry.file_name().to_str().and_then(ContentHash::from_hex));
                    }
                }
            }
            Ok(found)
        })
        .await
    }
}

/// A folder that came back from a backup under another owner is found when the server starts, not by the first upload.
fn may_write(folder: &Path) -> std::io::Result<()> {
    let draft = folder.join(format!(".{}", uuid::Uuid::new_v4()));
    match std::fs::File::create_new(&draft).and_then(|_| std::fs::remove_file(&draft)) {
        // A full disk still gives out what it has.
        Err(error) if !matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            Err(error)
        }
        _ => Ok(()),
    }
}

/// A killed process leaves the draft it was writing. Another process may be writing one just now, so only old ones go.
fn clear_abandoned_drafts(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with('.')) {
        let written = entry.metadata().and_then(|facts| facts.modified()).ok();
        let age = written.and_then(|written| written.elapsed().ok());
        if age.is_some_and(|age| age > DRAFT_LIFETIME) {
            // What cannot be removed now is tried again at the next start.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Gives a flushed file its name, and flushes the folder so that the name lasts too. Where the file lies on another disk,
/// a copy gets the name; it is drafted in `root`, where abandoned drafts are looked for.
fn settle(root: &Path, draft: &Path, to: &Path) -> std::io::Result<()> {
    let folder = to.parent().unwrap_or(root);
    make_lasting(root, folder)?;
    match std::fs::rename(draft, to) {
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
            let copy = root.join(format!(".{}", uuid::Uuid::new_v4()));
            let settled = std::fs::copy(draft, &copy)
                .and_then(|_| std::fs::File::open(&copy)?.sync_all())
                .and_then(|()| std::fs::rename(&copy, to));
            if settled.is_err() {
                // A full disk is the usual reason; half a copy would keep it full.
                let _ = std::fs::remove_file(&copy);
            }
            settled?;
            std::fs::remove_file(draft)?;
        }
        other => other?,
    }
    std::fs::File::open(folder)?.sync_all()
}

/// Makes a folder below `root` where it is missing. A new folder's own name must be flushed too, or a power cut takes it
/// with all that was stored in it.
fn make_lasting(root: &Path, folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    for above in folder.ancestors().skip(1).take_while(|above| above.starts_with(root)) {
        std::fs::File::open(above)?.sync_all()?;
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(StoreError::Corrupt("writing a file panicked".into())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    /// A folder on another file system, where the machine has one to write to.
    fn elsewhere(than: &Path) -> Option<tempfile::TempDir> {
        let other = tempfile::tempdir_in("/dev/shm").ok()?;
        let device = |folder: &Path| std::fs::metadata(folder).map(|facts| facts.dev()).ok();
        (device(other.path()) != device(than)).then_some(other)
    }

    fn files(folder: &Path) -> usize {
        let count = |entry: std::fs::DirEntry| if entry.path().is_dir() { files(&entry.path()) } else { 1 };
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(count).sum()
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_refused_when_it_is_opened() {
        // The one folder in which not even root may make a file.
        assert!(Disk::open(Path::new("/proc/self")).is_err());
        let folder = tempfile::tempdir().expect("a folder");
        assert!(Disk::open(folder.path()).is_ok());
        assert_eq!(files(folder.path()), 0);
    }

    #[tokio::test]
    async fn a_copy_from_another_disk_that_gets_no_name_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let Some(other) = elsewhere(folder.path()) else { return };
        let disk = Disk::open(folder.path()).expect("a store");
        let (hash, upload) = (ContentHash::of(b"abc"), other.path().join("upload"));
        std::fs::write(&upload, b"abc").expect("written");
        // A folder in the place of the file: the copy is written, then cannot be renamed.
        std::fs::create_dir_all(disk.path(&hash).join("x")).expect("made");
        assert!(disk.take(&hash, &upload).await.is_err());
        assert_eq!((files(folder.path()), upload.exists()), (0, true));

        std::fs::remove_dir_all(disk.path(&hash)).expect("removed");
        disk.take(&hash, &upload).await.expect("taken");
        assert_eq!((files(folder.path()), upload.exists()), (1, false));
        assert_eq!(disk.read(&hash).await.expect("read"), Bytes::from_static(b"abc"));
    }
}
