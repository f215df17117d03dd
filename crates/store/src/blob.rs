//! Bytes under the name of their content, on a disk or in an S3 bucket.

mod bucket;
mod disk;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio::io::AsyncReadExt as _;

use crate::{ContentHash, StoreError};
use bucket::Bucket;
use disk::Disk;

/// Bytes read at a time.
const CHUNK: u64 = 256 * 1024;

/// Bytes on their way.
type Pieces = BoxStream<'static, Result<Bytes, StoreError>>;

/// The next `left` bytes of a file, as they are read.
fn pieces_of(file: tokio::fs::File, left: u64) -> Pieces {
    stream::try_unfold((file, left), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; usize::try_from(left.min(CHUNK)).unwrap_or(0)];
        let read = file.read(&mut piece).await?;
        if read == 0 {
            return Err(StoreError::Corrupt("a stored file is shorter than it should be".into()));
        }
        piece.truncate(read);
        Ok(Some((Bytes::from(piece), (file, left - read as u64))))
    })
    .boxed()
}

/// A home for bytes. What is stored under a hash is whole or not there at all, and never changes.
#[derive(Clone)]
pub struct Blobs(Home);

#[derive(Clone)]
enum Home {
    Disk(Arc<Disk>),
    Bucket(Arc<Bucket>),
}

/// An S3 bucket and how to reach it.
#[derive(Clone, Debug)]
pub struct S3Place {
    /// The bucket.
    pub bucket: String,
    /// Put before every key; may be empty.
    pub prefix: String,
    /// The server, unless it is Amazon's.
    pub endpoint: Option<String>,
    /// `us-east-1` where the server has none.
    pub region: String,
    /// Who we are.
    pub access_key: String,
    /// How we prove it.
    pub secret_key: String,
}

impl Blobs {
    /// Bytes in a folder, which is made when it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn disk(folder: &Path) -> Result<Self, StoreError> {
        Ok(Self(Home::Disk(Arc::new(Disk::open(folder)?))))
    }

    /// Bytes in a bucket. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// When the place makes no sense.
    pub fn s3(place: &S3Place) -> Result<Self, StoreError> {
        Ok(Self(Home::Bucket(Arc::new(Bucket::open(place)?))))
    }

    /// Makes the bytes of a file that was written beside last, so that putting it has less to wait for.
    ///
    /// # Errors
    /// [`StoreError::NoRoom`] or [`StoreError::Unavailable`].
    pub async fn flush_file(&self, file: &Path) -> Result<(), StoreError> {
        match &self.0 {
            Home::Disk(disk) => disk.flush(file).await,
            // A bucket gets a copy; this file need not last.
            Home::Bucket(_) => Ok(()),
        }
    }

    /// Stores a file that was written beside; the file is used up. Storing what is there already changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NoRoom`] or [`StoreError::Unavailable`].
    pub async fn put_file(&self, hash: &ContentHash, file: &Path) -> Result<(), StoreError> {
        match &self.0 {
            Home::Disk(disk) => disk.take(hash, file).await,
            Home::Bucket(bucket) => {
                bucket.put_file(hash, file).await?;
                tokio::fs::remove_file(file).await?;
                Ok(())
            }
        }
    }

    /// Stores bytes from memory.
    ///
    /// # Errors
    /// [`StoreError::NoRoom`] or [`StoreError::Unavailable`].
    pub async fn put(&self, hash: &ContentHash, bytes: Bytes) -> Result<(), StoreError> {
        match &self.0 {
            Home::Disk(disk) => disk.put(hash, bytes).await,
            Home::Bucket(bucket) => bucket.put(hash, bytes).await,
        }
    }

    /// All bytes.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when they are not there.
    pub async fn read(&self, hash: &ContentHash) -> Result<Bytes, StoreError> {
        match &self.0 {
            Home::Disk(disk) => disk.read(hash).await,
            Home::Bucket(bucket) => bucket.read(hash).await,
        }
    }

    /// Some of the bytes, piece by piece.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when they are not there.
    pub async fn stream(&self, hash: &ContentHash, range: Range<u64>) -> Result<Pieces, StoreError> {
        match &self.0 {
            Home::Disk(disk) => disk.stream(hash, range).await,
            Home::Bucket(bucket) => Ok(bucket.stream(hash, range).await?.boxed()),
        }
    }

    /// How many bytes there are; nothing when they are not there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn size(&self, hash: &ContentHash) -> Result<Option<u64>, StoreError> {
        match &self.0 {
            Home::Disk(disk) => disk.size(hash).await,
            Home::Bucket(bucket) => bucket.size(hash).await,
        }
    }

    /// Deletes bytes; fine when they are not there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delete(&self, hash: &ContentHash) -> Result<(), StoreError> {
        match &self.0 {
            Home::Disk(disk) => disk.delete(hash).await,
            Home::Bucket(bucket) => bucket.delete(hash).await,
        }
    }

    /// Everything that is stored.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self) -> Result<Vec<ContentHash>, StoreError> {
        match &self.0 {
            Home::Disk(disk) => disk.list().await,
            Home::Bucket(bucket) => bucket.list().await,
        }
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.size(&ContentHash::of(b"a sign of life")).await.map(drop)
    }
}
