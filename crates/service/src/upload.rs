//! The spool: an upload is written to a file and hashed while it arrives, never held whole in memory.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use store::ContentHash;
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use crate::Service;

/// Pieces are gathered until it is worth writing them.
const GATHER: usize = 256 * 1024;
/// How the files of the spool begin.
const PREFIX: &str = "upload-";
/// What nobody has written to for so long was left behind by a process that died.
const ABANDONED: Duration = Duration::from_secs(3_600);

/// An upload on its way. Dropped before it is finished, it is gone.
pub struct Spool {
    path: TempPath,
    file: File,
    gathered: Vec<u8>,
    hasher: Sha256,
    bytes: u64,
    limit: u64,
}

/// An upload that is whole. Dropped, it is gone.
#[derive(Debug)]
pub struct Upload {
    path: TempPath,
    /// Names its content.
    pub hash: ContentHash,
    /// Its size.
    pub bytes: u64,
}

/// Why an upload could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Larger than accepted.
    #[error("the file is too large: send a smaller one")]
    TooLarge,
    /// The disk is full.
    #[error("there is no room for the file on the server: try again later")]
    NoRoom,
    /// The disk made trouble.
    #[error("the file could not be written on the server ({0}): try again")]
    Io(std::io::Error),
}

impl From<std::io::Error> for SpoolError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::NoRoom,
            _ => Self::Io(error),
        }
    }
}

impl Service {
    /// Begins to take an upload.
    ///
    /// # Errors
    /// When the spool cannot be written.
    pub async fn spool(&self) -> Result<Spool, SpoolError> {
        let folder = self.settings().spool_dir.clone();
        let made = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder)?;
            tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder)
        });
        let (file, path) = made.await.map_err(std::io::Error::other)??.into_parts();
        Ok(Spool {
            path,
            file: File::from_std(file),
            gathered: Vec::new(),
            hasher: Sha256::new(),
            bytes: 0,
            limit: self.settings().limits.max_bytes,
        })
    }

    /// Removes what processes that died left in the spool; gives how many files. Files somebody writes to stay.
    ///
    /// # Errors
    /// When the folder cannot be read; fine when there is none.
    pub fn clear_spool(&self) -> std::io::Result<usize> {
        let entries = match std::fs::read_dir(&self.settings().spool_dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            entries => entries?,
        };
        let now = SystemTime::now();
        let mut removed = 0;
        for entry in entries {
            let entry = entry?;
            let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
            let age = entry.metadata().and_then(|facts| facts.modified()).map(|at| now.duration_since(at));
            if is_ours
                && matches!(age, Ok(Ok(age)) if age > ABANDONED)
                && std::fs::remove_file(entry.path()).is_ok()
            {
                removed += 1;
            }
        }
        Ok(removed)
    }
}

impl Spool {
    /// Takes the next piece.
    ///
    /// # Errors
    /// [`SpoolError::TooLarge`] as soon as the limit is passed.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), SpoolError> {
        self.bytes += piece.len() as u64;
        if self.bytes > self.limit {
            return Err(SpoolError::TooLarge);
        }
        self.hasher.update(piece);
        self.gathered.extend_from_slice(piece);
        if self.gathered.len() >= GATHER {
            self.file.write_all(&self.gathered).await?;
            self.gathered.clear();
        }
        Ok(())
    }

    /// The upload is whole. Making it last is left to whoever stores it.
    ///
    /// # Errors
    /// When the last bytes cannot be written.
    pub async fn finish(mut self) -> Result<Upload, SpoolError> {
        self.file.write_all(&self.gathered).await?;
        self.file.flush().await?;
        let hash = ContentHash::from_digest(self.hasher.finalize().into());
        Ok(Upload { path: self.path, hash, bytes: self.bytes })
    }
}

impl Upload {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
