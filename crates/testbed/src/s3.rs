//! An S3 server that keeps its objects in a folder.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;

/// The bucket every server has.
pub const BUCKET: &str = "atelier";
/// Who may use it.
pub const ACCESS_KEY: &str = "testbed";
/// How they prove it.
pub const SECRET_KEY: &str = "testbed-secret";

/// A server in this process; it ends with the runtime it was started on, or when this is dropped.
pub struct S3Server {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
    folder: tempfile::TempDir,
}

impl S3Server {
    /// Starts a server on a free port and an empty folder.
    ///
    /// # Errors
    /// When the port or the folder cannot be had.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("atelier-s3-").tempdir()?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let root = folder.path().to_owned();
        let task = tokio::spawn(async move {
            // A server that fails shows in every request of the test that uses it.
            let _ = serve_s3(listener, &root).await;
        });
        Ok(Self { address, task, folder })
    }

    /// Where it listens, `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it keeps its objects, and beside them what is not an object yet.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves S3 on a folder until the process ends; the bucket is made when it is missing.
///
/// # Errors
/// When the folder cannot be used.
pub async fn serve_s3(listener: TcpListener, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder.join(BUCKET))?;
    let files = s3s_fs::FileSystem::new(folder).ok().context("the folder cannot be served")?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = service.build();
    loop {
        let (socket, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            let http = Builder::new(TokioExecutor::new());
            // A client that goes away in mid-request is no trouble of the server's.
            let _ = http.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}
