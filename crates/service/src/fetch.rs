//! Pictures that a client only names: fetched from public addresses into the spool.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::LOCATION;
use tokio::sync::OnceCell;
use url::Url;

use crate::hook::{Permission, host_name, permission};
use crate::outbound::{Outbound, OutboundError};
use crate::{Service, SpoolError, Upload};

/// Time for the whole of a picture, redirects counted.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most redirects that are followed; each target is checked like the first.
const REDIRECTS: usize = 5;

/// The way out, made when it is first needed.
#[derive(Default)]
pub(crate) struct Fetcher(OnceCell<Outbound>);

/// Why a picture could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not an address of the web.
    #[error("it is no http or https address")]
    NotWeb,
    /// It leads inside.
    #[error(
        "it leads to a private or reserved network: the operator may allow it with atelier admin hook-host allow HOST --private"
    )]
    Private,
    /// Nothing, or not all of it, came in time.
    #[error("no answer within {0:?}")]
    TooLate(Duration),
    /// Another answer than 200.
    #[error("its server answered {0}")]
    Answered(u16),
    /// From one place to the next without end.
    #[error("it is redirected more than {REDIRECTS} times")]
    TooManyRedirects,
    /// The connection failed.
    #[error("{0}")]
    Failed(String),
    /// It could not be kept.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The allow list cannot be read.
    #[error(transparent)]
    Unavailable(#[from] store::StoreError),
}

impl From<OutboundError> for FetchError {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::NotWeb => Self::NotWeb,
            OutboundError::Private => Self::Private,
            OutboundError::TooLate(time) => Self::TooLate(time),
            OutboundError::Failed(text) => Self::Failed(text),
        }
    }
}

impl Service {
    /// Fetches a file from a public address, or from a private one that the allow list names.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn fetch_picture(&self, address: &str) -> Result<Upload, FetchError> {
        match tokio::time::timeout(PATIENCE, self.fetch(address)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(FetchError::TooLate(PATIENCE)),
        }
    }

    async fn fetch(&self, address: &str) -> Result<Upload, FetchError> {
        let mut response = self.answer_of(address).await?;
        let mut spool = self.spool().await?;
        let broken =
            |error: reqwest::Error| FetchError::Failed(format!("it broke off: {}", error.without_url()));
        while let Some(piece) = response.chunk().await.map_err(broken)? {
            spool.write(&piece).await?;
        }
        Ok(spool.finish().await?)
    }

    async fn answer_of(&self, address: &str) -> Result<Response, FetchError> {
        let unusable = |error: reqwest::Error| FetchError::Failed(error.to_string());
        let way =
            self.fetcher().0.get_or_try_init(async || Outbound::new(PATIENCE).map_err(unusable)).await?;
        let list = self.store().allowed_hosts().await?;
        let mut url = Url::parse(address).map_err(|_| FetchError::NotWeb)?;
        for _ in 0..=REDIRECTS {
            let host = host_name(&url).unwrap_or_default();
            let allowed = permission(&host, &list).unwrap_or(Permission { private: false });
            let response = way.get(&url, allowed).await?;
            let status = response.status();
            let target = response.headers().get(LOCATION).and_then(|target| target.to_str().ok());
            match target {
                Some(target) if status.is_redirection() => {
                    url = url.join(target).map_err(|_| FetchError::NotWeb)?;
                }
                _ if status.is_success() => return Ok(response),
                _ => return Err(FetchError::Answered(status.as_u16())),
            }
        }
        Err(FetchError::TooManyRedirects)
    }
}
