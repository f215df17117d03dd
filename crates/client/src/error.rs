//! What can go wrong between us and a server.

use std::path::PathBuf;

/// An error, with what the user can do.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server does not answer.
    #[error("{server} does not answer ({why}): is the address right, and is the server running?")]
    Unreachable {
        /// Its address.
        server: String,
        /// What the network says.
        why: String,
    },
    /// The server refuses.
    #[error("the server says {status}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Its own words.
        message: String,
    },
    /// Nobody is signed in.
    #[error("nobody is signed in at {0}: run `atelier login` first")]
    NotSignedIn(String),
    /// The refresh token does not count any more.
    #[error("the sign-in at {0} does not count any more: run `atelier login` again")]
    SignedOut(String),
    /// The device was declined or nobody decided.
    #[error("the request was {0}: run `atelier login` again")]
    NotConfirmed(&'static str),
    /// An answer that makes no sense.
    #[error("the server gave an answer that this program does not understand ({0})")]
    Garbled(String),
    /// A file cannot be read or written.
    #[error("{path}: {why}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Another run works with the same folder of results.
    #[error("{} is in use by another `atelier process` or `watch`: wait for it, or name another --out-dir", .0.display())]
    Busy(PathBuf),
    /// The address of a server makes no sense.
    #[error("\"{0}\" is no address of a server: write it like https://retouch.example.org")]
    BadAddress(String),
}

impl ClientError {
    pub(crate) fn file(path: &std::path::Path, error: impl std::fmt::Display) -> Self {
        Self::File { path: path.to_owned(), why: error.to_string() }
    }

    /// True when no picture can be gone on with: the same would be said of each.
    pub(crate) fn ends_all(&self) -> bool {
        match self {
            Self::NotSignedIn(_) | Self::SignedOut(_) => true,
            Self::File { path, .. } => path.ends_with(crate::journal::NAME),
            _ => false,
        }
    }

    /// True when the same again may well succeed: the network, a busy or restarting server.
    pub fn passes(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }
}
