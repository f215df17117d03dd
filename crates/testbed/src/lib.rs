//! Real servers for tests: a throw-away PostgreSQL cluster, an S3 server on a folder. Nothing of this is shipped.

mod postgres;
mod s3;

pub use postgres::{Postgres, database_at, execute};
pub use s3::{ACCESS_KEY, BUCKET, S3Server, SECRET_KEY, serve_s3};

/// A port that was free a moment ago.
///
/// # Errors
/// When the machine has none.
pub fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
