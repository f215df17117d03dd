//! The spool: a folder of this run for uploads on their way; those of dead runs are cleared away.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Where uploads lie until they are whole. Gone with the run.
pub struct SpoolFolder {
    folder: PathBuf,
    /// Held while the run lives, so that no other run takes the folder for abandoned.
    _lock: File,
}

const LOCK: &str = "lock";

impl SpoolFolder {
    /// Makes a folder for this run below `parent`, after clearing away those whose run is dead.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        clear(parent);
        // The lock is held before the folder gets its name: no moment in which another run could clear it.
        let draft = tempfile::Builder::new().prefix("new-").tempdir_in(parent)?;
        let lock = File::create(draft.path().join(LOCK))?;
        lock.lock()?;
        let draft = draft.keep();
        let name = draft.file_name().map(|name| name.to_string_lossy().replacen("new-", "run-", 1));
        let folder = parent.join(name.unwrap_or_else(|| "run".to_owned()));
        fs::rename(&draft, &folder)?;
        Ok(Self { folder, _lock: lock })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for SpoolFolder {
    fn drop(&mut self) {
        // What stays is cleared away by the next run.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn clear(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for folder in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("run-")) {
        let lock = File::open(folder.path().join(LOCK));
        let alive = lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
        if !alive {
            let _ = fs::remove_dir_all(folder.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clears_what_dead_runs_left_and_leaves_live_ones_alone() {
        let parent = tempfile::tempdir().expect("a folder");
        let alive = SpoolFolder::open(parent.path()).expect("a spool");
        fs::write(alive.path().join("upload"), b"x").expect("written");
        let dead = parent.path().join("run-dead");
        fs::create_dir(&dead).expect("made");
        fs::write(dead.join(LOCK), b"").expect("written");
        fs::write(dead.join("upload"), b"x").expect("written");

        let second = SpoolFolder::open(parent.path()).expect("a second spool");
        assert!(!dead.exists());
        assert!(alive.path().join("upload").exists());
        let path = second.path().to_owned();
        drop(second);
        assert!(!path.exists());
    }
}
