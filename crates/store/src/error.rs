//! Why the store could not do what was asked.

/// An error of the database or of the blob store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database or the blob store cannot be reached just now.
    #[error("the store is not available just now ({0}): try again")]
    Unavailable(String),
    /// The disk is full.
    #[error("there is no room left on the disk: free some, or set another data folder")]
    NoRoom,
    /// The database was written by a newer program.
    #[error("the database has schema {found}, this program knows {known}: start the newer Atelier")]
    Newer {
        /// Schema of the database.
        found: i64,
        /// Newest schema this program knows.
        known: i64,
    },
    /// Something with this name exists already.
    #[error("{0} exists already")]
    Conflict(&'static str),
    /// What the request refers to does not exist.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// The bytes were taken away between being stored and being referred to: store them again.
    #[error("the stored bytes are gone: store them again")]
    BlobGone,
    /// What is stored cannot be understood, or the program and its tables disagree.
    #[error("the store holds something unexpected ({0}): please report it")]
    Corrupt(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => {
                Self::Conflict("an entry like this")
            }
            sqlx::Error::Database(inner) if inner.is_foreign_key_violation() => Self::Missing("entry"),
            // SQLITE_FULL and PostgreSQL's disk_full.
            sqlx::Error::Database(inner) if matches!(inner.code().as_deref(), Some("13" | "53100")) => {
                Self::NoRoom
            }
            // Schema trouble is a defect of the program, everything else passes when the server is back.
            sqlx::Error::Database(inner)
                if matches!(
                    inner.code().as_deref(),
                    Some("1") | Some("42P01") | Some("42703") | Some("42601")
                ) =>
            {
                Self::Corrupt(error.to_string())
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) | sqlx::Error::Decode(_) => {
                Self::Corrupt(error.to_string())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull
            | std::io::ErrorKind::QuotaExceeded
            | std::io::ErrorKind::FileTooLarge => Self::NoRoom,
            std::io::ErrorKind::NotFound => Self::Missing("file"),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing("file"),
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl StoreError {
    /// Names what exists already.
    pub(crate) fn named(self, what: &'static str) -> Self {
        match self {
            Self::Conflict(_) => Self::Conflict(what),
            other => other,
        }
    }
}
