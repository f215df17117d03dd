//! Bytes in an S3 bucket.

use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::signer::Signer as _;
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, GetRange, ObjectStore as _, ObjectStoreExt as _, RetryConfig,
};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Client, Method};
use tokio::time::{Instant, sleep};

use super::{CHUNK, Pieces, S3Place, pieces_of};
use crate::{ContentHash, StoreError};

/// Files up to this size are read whole before they go up; larger ones pass by piece by piece.
const WHOLE: u64 = 16 * 1024 * 1024;
/// How long after it was signed a request may arrive.
const SIGNED_FOR: Duration = Duration::from_secs(15 * 60);
/// Pause before a large file is sent once more.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a connection may take to come about.
const CONNECTED: Duration = Duration::from_secs(5);
/// How long a server that is gone is waited for before the caller is told.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a server may send nothing. There is no limit for a whole answer: it goes on to a client at the client's pace,
/// who may stand still for a minute at a time.
const SILENCE: Duration = Duration::from_secs(120);

pub(super) struct Bucket {
    store: AmazonS3,
    prefix: Path,
    /// For what goes up piece by piece.
    http: Client,
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
                    .with_connect_timeout(CONNECTED)
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
        let http = Client::builder().connect_timeout(CONNECTED).build();
        let http = http.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { store: builder.build()?, prefix: Path::from(place.prefix.as_str()), http })
    }

    fn key(&self, hash: &ContentHash) -> Path {
        let name = hash.hex();
        Path::from_iter(self.prefix.parts().map(|part| part.as_ref().to_owned()).chain([name]))
    }

    pub(super) async fn put(&self, hash: &ContentHash, bytes: Bytes) -> Result<(), StoreError> {
        let length = bytes.len() as u64;
        if length > WHOLE {
            return self.send(hash, length, || Ok(pieces_of_bytes(bytes.clone()))).await;
        }
        self.store.put(&self.key(hash), bytes.into()).await?;
        Ok(())
    }

    pub(super) async fn put_file(&self, hash: &ContentHash, file: &FilePath) -> Result<(), StoreError> {
        let length = tokio::fs::metadata(file).await?.len();
        if length > WHOLE {
            return self
                .send(hash, length, || Ok(pieces_of(std::fs::File::open(file)?.into(), length)))
                .await;
        }
        self.put(hash, tokio::fs::read(file).await?.into()).await
    }

    /// Sends any length as one request. An upload in parts that is cut off, by a process that dies or a server that is
    /// away, leaves its parts in the bucket, in no list and paid for, until somebody clears them away.
    async fn send(
        &self,
        hash: &ContentHash,
        length: u64,
        pieces: impl Fn() -> Result<Pieces, StoreError>,
    ) -> Result<(), StoreError> {
        let began = Instant::now();
        loop {
            let address = self.store.signed_url(Method::PUT, &self.key(hash), SIGNED_FOR).await?;
            let moved = Arc::new(AtomicU64::new(0));
            let counted = moved.clone();
            let body = pieces()?.inspect_ok(move |piece| {
                counted.fetch_add(piece.len() as u64, Ordering::Relaxed);
            });
            // Without its length a stream would be sent in chunks, which S3 does not take.
            let request = self.http.put(address).header(CONTENT_LENGTH, length).body(Body::wrap_stream(body));
            let answer = tokio::select! {
                answer = request.send() => answer,
                () = stands_still(&moved) => {
                    return Err(StoreError::Unavailable("the bucket's server takes no more".to_owned()));
                }
            };
            let why = match answer {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) if answer.status().is_client_error() => {
                    return Err(refused(&answer.status().to_string()));
                }
                Ok(answer) => refused(&answer.status().to_string()),
                Err(error) => StoreError::Unavailable(error.without_url().to_string()),
            };
            if began.elapsed() >= PATIENCE {
                return Err(why);
            }
            sleep(PAUSE).await;
        }
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

fn refused(status: &str) -> StoreError {
    StoreError::Unavailable(format!("the bucket's server answered {status}"))
}

/// Ends when nothing has been taken for too long.
async fn stands_still(moved: &AtomicU64) {
    loop {
        let before = moved.load(Ordering::Relaxed);
        sleep(SILENCE).await;
        if moved.load(Ordering::Relaxed) == before {
            return;
        }
    }
}

fn pieces_of_bytes(bytes: Bytes) -> Pieces {
    let size = usize::try_from(CHUNK).unwrap_or(usize::MAX);
    stream::unfold(bytes, move |mut left| async move {
        let piece = left.split_to(size.min(left.len()));
        (!piece.is_empty()).then_some((Ok(piece), left))
    })
    .boxed()
}
