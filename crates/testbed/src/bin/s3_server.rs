//! The S3 server as a process of its own: `s3-server FOLDER PORT`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().context("usage: s3-server FOLDER PORT")?);
    let port: u16 = arguments.next().context("usage: s3-server FOLDER PORT")?.parse()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    testbed::serve_s3(listener, &folder).await
}
