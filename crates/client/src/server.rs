//! One server: its address, our access token, and the calls this program makes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;
use tokio::sync::Mutex;
use url::Url;

use crate::wire::{ByReference, Image, Page, Refusal, Tokens};
use crate::{ClientError, Execution, Organization, Profile, Workflow};

/// The client id that servers of this API know.
const CLIENT_ID: &str = "V8EkfbxtBi93cAySTVWAecEum4d6pt4J";
/// A token is renewed so long before it ends.
const EARLY: Duration = Duration::from_secs(60);
/// Entries asked for at a time.
const PAGE: u64 = 100;

/// A server, and who we are there. Cheap to clone.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    address: String,
    http: reqwest::Client,
    profile: Option<Profile>,
    access: Mutex<Option<(String, Instant)>>,
}

impl Server {
    /// A server by its address; `profile` is the sign-in kept for it.
    ///
    /// # Errors
    /// [`ClientError::BadAddress`].
    pub fn new(address: &str, profile: Option<Profile>) -> Result<Self, ClientError> {
        let bad = || ClientError::BadAddress(address.to_owned());
        let url = Url::parse(address.trim()).map_err(|_| bad())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(bad());
        }
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(300))
            .user_agent(concat!("atelier/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ClientError::Garbled(error.to_string()))?;
        let address = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self(Arc::new(Inner { address, http, profile, access: Mutex::default() })))
    }

    /// Its address, without a final slash.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    pub(crate) fn client_id(&self) -> &'static str {
        CLIENT_ID
    }

    /// All organizations we belong to.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn organizations(&self) -> Result<Vec<Organization>, ClientError> {
        self.pages("organization", &[]).await
    }

    /// All workflows of an organization.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn workflows(&self, organization: Option<&str>) -> Result<Vec<Workflow>, ClientError> {
        let query: Vec<_> = organization.map(|id| ("organization", id.to_owned())).into_iter().collect();
        self.pages("workflow", &query).await
    }

    /// Credits of an organization.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn balance(&self, organization: Option<&str>) -> Result<i64, ClientError> {
        let answer = self.send(|| self.ask(Method::GET, "organization/balance", organization)).await?;
        self.json(answer).await
    }

    /// Uploads a file; gives its content hash. A file that the server has already is not sent.
    ///
    /// # Errors
    /// When the file cannot be read, the server cannot be reached or refuses.
    pub async fn upload(&self, path: &Path, organization: Option<&str>) -> Result<String, ClientError> {
        let hash = hash_of(path).await?;
        if self.has(&hash, organization).await? {
            return Ok(hash);
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let bytes = Bytes::from(tokio::fs::read(path).await.map_err(|error| ClientError::file(path, error))?);
        let answer = self
            .send(|| {
                let part = Part::stream(bytes.clone()).file_name(name.clone());
                self.ask(Method::POST, "upload", organization).multipart(Form::new().part("file", part))
            })
            .await?;
        self.text(answer).await
    }

    async fn has(&self, hash: &str, organization: Option<&str>) -> Result<bool, ClientError> {
        let query = [("contentHash", hash)];
        match self.send(|| self.ask(Method::HEAD, "upload", organization).query(&query)).await {
            Ok(_) => Ok(true),
            Err(ClientError::Refused { status: 404, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes an uploaded picture through a workflow; gives the name of the execution.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn execute(
        &self,
        workflow: &str,
        organization: Option<&str>,
        name: &str,
        hash: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<String, ClientError> {
        let body = ByReference { image: Image { name, content_hash: hash, content_type: None }, labels };
        // Never sent twice: every call makes an execution, and costs.
        let token = self.access_token().await?;
        let request = self
            .ask(Method::POST, "workflow/execution/create", organization)
            .query(&[("workflow", workflow)])
            .json(&body);
        self.text(self.answer(request.bearer_auth(token)).await?).await
    }

    /// An execution as it stands.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn execution(&self, id: &str, organization: Option<&str>) -> Result<Execution, ClientError> {
        let path = format!("workflow/execution/{id}");
        self.json(self.send(|| self.ask(Method::GET, &path, organization)).await?).await
    }

    /// The executions that carry a label.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn labelled(
        &self,
        key: &str,
        value: &str,
        organization: Option<&str>,
    ) -> Result<Vec<Execution>, ClientError> {
        let mut query = vec![(format!("label[{key}]"), value.to_owned())];
        query.extend(organization.map(|id| ("organization".to_owned(), id.to_owned())));
        let query: Vec<(&str, String)> =
            query.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        self.pages("workflow/execution", &query).await
    }

    /// Asks for an execution to be run again.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn retry(&self, id: &str, organization: Option<&str>) -> Result<(), ClientError> {
        let path = format!("workflow/execution/{id}/retry");
        self.send(|| self.ask(Method::POST, &path, organization)).await.map(drop)
    }

    /// The bytes of a result.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses, or the bytes are not those it promised.
    pub async fn download(
        &self,
        execution: &Execution,
        organization: Option<&str>,
    ) -> Result<Bytes, ClientError> {
        let missing = || ClientError::Garbled("a completed execution without a result".into());
        let path = execution.result_path.as_deref().ok_or_else(missing)?.trim_start_matches('/');
        let answer = self.send(|| self.ask(Method::GET, path, organization)).await?;
        let bytes = self.body(answer).await?;
        match &execution.result_content_hash {
            Some(promised) if *promised != hex(&Sha256::digest(&bytes)) => {
                Err(ClientError::Garbled("the result arrived damaged".into()))
            }
            _ => Ok(bytes),
        }
    }

    /// Ends our sign-in on the server.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn revoke(&self) -> Result<(), ClientError> {
        let Some(profile) = &self.0.profile else { return Ok(()) };
        let body = serde_json::json!({ "client_id": CLIENT_ID, "token": profile.refresh_token });
        let url = format!("{}/oauth/revoke", self.0.address);
        self.answer(self.0.http.post(url).json(&body)).await.map(drop)
    }

    /// Sends a form to the authorization server.
    pub(crate) async fn form<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &[(&str, &str)],
    ) -> Result<T, ClientError> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let url = format!("{}/{path}", self.0.address);
        let request =
            self.0.http.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        self.json(self.answer(request).await?).await
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Vec<T>, ClientError> {
        let mut all = Vec::new();
        loop {
            let paging = [("limit", PAGE), ("offset", all.len() as u64)];
            let request = || self.ask(Method::GET, path, None).query(query).query(&paging);
            let page: Page<T> = self.json(self.send(request).await?).await?;
            let ended = page.entries.is_empty();
            all.extend(page.entries);
            if ended || all.len() as u64 >= page.total {
                return Ok(all);
            }
        }
    }

    fn ask(&self, method: Method, path: &str, organization: Option<&str>) -> RequestBuilder {
        let request = self.0.http.request(method, format!("{}/v1/{path}", self.0.address));
        match organization {
            Some(id) => request.query(&[("organization", id)]),
            None => request,
        }
    }

    /// Sends a request that may safely be sent again, with our token; a few times when the trouble is one that passes.
    async fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Response, ClientError> {
        let mut pause = Duration::from_millis(500);
        for _ in 0..4 {
            let token = self.access_token().await?;
            match self.answer(request().bearer_auth(token)).await {
                Err(error) if error.passes() => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                // A token may end earlier than it said: then another is got, once.
                Err(ClientError::Refused { status: 401, .. }) => *self.0.access.lock().await = None,
                other => return other,
            }
        }
        self.answer(request().bearer_auth(self.access_token().await?)).await
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body = answer.bytes().await.unwrap_or_default();
        let told: Refusal = serde_json::from_slice(&body).unwrap_or_default();
        let message = match (told.message.is_empty(), told.error_description.is_empty()) {
            (false, _) => told.message,
            (true, false) => format!("{}: {}", told.error, told.error_description),
            (true, true) if !told.error.is_empty() => told.error,
            _ => status.canonical_reason().unwrap_or("no reason given").to_owned(),
        };
        Err(ClientError::Refused { status: status.as_u16(), message })
    }

    /// An access token that still lives for a while.
    async fn access_token(&self) -> Result<String, ClientError> {
        let signed_in = || ClientError::NotSignedIn(self.0.address.clone());
        let profile = self.0.profile.as_ref().ok_or_else(signed_in)?;
        let mut access = self.0.access.lock().await;
        if let Some((token, until)) = &*access
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", profile.refresh_token.as_str()),
            ("client_id", CLIENT_ID),
        ];
        let tokens: Tokens = match self.form("oauth/token", &form).await {
            Err(ClientError::Refused { status: 400 | 401 | 403, .. }) => {
                return Err(ClientError::SignedOut(self.0.address.clone()));
            }
            other => other?,
        };
        let until = Instant::now() + Duration::from_secs(tokens.expires_in).saturating_sub(EARLY);
        *access = Some((tokens.access_token.clone(), until));
        Ok(tokens.access_token)
    }

    async fn json<T: DeserializeOwned>(&self, answer: Response) -> Result<T, ClientError> {
        let body = self.body(answer).await?;
        serde_json::from_slice(&body).map_err(|error| ClientError::Garbled(error.to_string()))
    }

    async fn text(&self, answer: Response) -> Result<String, ClientError> {
        let body = self.body(answer).await?;
        Ok(String::from_utf8_lossy(&body).trim().trim_matches('"').to_owned())
    }

    /// All of an answer. One that was cut off is trouble of the network, which passes.
    async fn body(&self, answer: Response) -> Result<Bytes, ClientError> {
        answer.bytes().await.map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &reqwest::Error) -> ClientError {
        let mut why: &dyn std::error::Error = error;
        while let Some(deeper) = why.source() {
            why = deeper;
        }
        ClientError::Unreachable { server: self.0.address.clone(), why: why.to_string() }
    }
}

/// SHA-256 of a file in hexadecimal digits, read piece by piece.
pub(crate) async fn hash_of(path: &Path) -> Result<String, ClientError> {
    let failed = |error: std::io::Error| ClientError::file(path, error);
    let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut piece).await.map_err(failed)?;
        if read == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&piece[..read]);
    }
}

fn hex(digest: &[u8]) -> String {
    use std::fmt::Write as _;
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[test]
    fn addresses_are_web_addresses() {
        let tidy = Server::new(" https://retouch.example.org/ ", None).expect("a server");
        assert_eq!(tidy.address(), "https://retouch.example.org");
        for wrong in ["", "retouch.example.org", "ftp://a", "http://"] {
            assert!(Server::new(wrong, None).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn without_a_sign_in_nothing_is_asked() {
        let server = Server::new("http://127.0.0.1:1", None).expect("a server");
        assert!(matches!(server.organizations().await, Err(ClientError::NotSignedIn(_))));
    }

    #[tokio::test]
    async fn an_answer_that_is_cut_off_is_trouble_that_passes() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.expect("a guest");
            let _ = socket.read(&mut [0; 4096]).await;
            let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\":";
            socket.write_all(half).await.expect("written");
        });
        let server = Server::new(&address, None).expect("a server");
        let trouble = server.form::<Tokens>("oauth/token", &[]).await.expect_err("an error");
        assert!(trouble.passes(), "{trouble}");
    }
}
