//! Bytes in an S3 bucket.

use std::ops::Range;
use std::path::Path as FilePath;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, GetRange, ObjectStore as _, ObjectStoreExt as _, RetryConfig,
    WriteMultipart,
};
use tokio::io::AsyncReadExt as _;

use super::S3Place;
use crate::{ContentHash, StoreError};

/// Files beyond this go up in parts.
const ONE_PART: u64 = 16 * 1024 * 1024;
/// How long a server that is gone is waited for before the caller is told.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a server may send nothing. There is no limit for a whole answer: it goes on to a client at the client's pace,
/// who may stand still for a minute at a time.
const SILENCE: Duration = Duration::from_secs(120);

pub(super) struct Bucket {
    store: AmazonS3,
    prefix: Path,
}

impl Bucket {
    pub(super) fn open(place: &S3Place) -> Result<Self, StoreError> {
        let plain = place.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&place.bucket)
            .with_region(&place.region)
            .with_access_key_id(&place.access_key)
            .with_secret_access_key(&place.secret_key)
            .with_client_options(
                ClientOptions::new()
                    .with_allow_http(plain)
                    .with_connect_timeout(Duration::from_secs(5))
                    .with_timeout_disabled()
                    .with_read_timeout(SILENCE),
            )
            .with_retry(RetryConfig {
                max_retries: 5,
                retry_timeout: PATIENCE,
                backoff: BackoffConfig { max_backoff: Duration::from_secs(2), ..BackoffConfig::default() },
            });
        if let Some(endpoint) = &place.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        Ok(Self { store: builder.build()?, prefix: Path::from(place.prefix.as_str()) })
    }

    fn key(&self, hash: &ContentHash) -> Path {
        let name = hash.hex();
        Path::from_iter(self.prefix.parts().map(|part| part.as_ref().to_owned()).chain([name]))
    }

    pub(super) async fn put(&self, hash: &ContentHash, bytes: Bytes) -> Result<(), StoreError> {
        if bytes.len() as u64 > ONE_PART {
            let upload = self.store.put_multipart(&self.key(hash)).await?;
            let mut writer = WriteMultipart::new(upload);
            writer.put(bytes);
            writer.finish().await?;
        } else {
            self.store.put(&self.key(hash), bytes.into()).await?;
        }
        Ok(())
    }

    pub(super) async fn put_file(&self, hash: &ContentHash, file: &FilePath) -> Result<(), StoreError> {
        let mut source = tokio::fs::File::open(file).await?;
        if source.metadata().await?.len() <= ONE_PART {
            let mut bytes = Vec::new();
            source.read_to_end(&mut bytes).await?;
            return self.put(hash, bytes.into()).await;
        }
        let upload = self.store.put_multipart(&self.key(hash)).await?;
        let mut writer = WriteMultipart::new(upload);
        if let Err(error) = copy(&mut source, &mut writer).await {
            // Parts that are never put together would lie in the bucket, unseen and paid for.
            let _ = writer.abort().await;
            return Err(error);
        }
        writer.finish().await?;
        Ok(())
    }

    pub(super) async fn read(&self, hash: &ContentHash) -> Result<Bytes, StoreError> {
        Ok(self.store.get(&self.key(hash)).await?.bytes().await?)
    }

    pub(super) async fn stream(
        &self,
        hash: &ContentHash,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static, StoreError> {
        let whole = range.start == 0 && range.end == 0;
        let options =
            GetOptions { range: (!whole).then_some(GetRange::Bounded(range)), ..GetOptions::default() };
        let found = self.store.get_opts(&self.key(hash), options).await?;
        Ok(found.into_stream().map_err(StoreError::from))
    }

    pub(super) async fn size(&self, hash: &ContentHash) -> Result<Option<u64>, StoreError> {
        match self.store.head(&self.key(hash)).await {
            Ok(facts) => Ok(Some(facts.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn delete(&self, hash: &ContentHash) -> Result<(), StoreError> {
        match self.store.delete(&self.key(hash)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn list(&self) -> Result<Vec<ContentHash>, StoreError> {
        let mut objects = self.store.list(Some(&self.prefix));
        let mut found = Vec::new();
        while let Some(object) = objects.next().await {
            found.extend(object?.location.filename().and_then(ContentHash::from_hex));
        }
        Ok(found)
    }
}

async fn copy(source: &mut tokio::fs::File, writer: &mut WriteMultipart) -> Result<(), StoreError> {
    let mut piece = vec![0; 1024 * 1024];
    loop {
        let read = source.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        // Parts in flight are bounded, so a large file never lies in memory whole.
        writer.wait_for_capacity(4).await?;
        writer.write(&piece[..read]);
    }
}
