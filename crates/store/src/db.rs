//! One database behind two engines: connections, transactions, migrations.

mod bind;
mod migrate;
mod sqlite;

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, Postgres, Sqlite, SqliteConnection};

use crate::{StoreError, Timestamp};
pub(crate) use bind::Bind;
use sqlite::SqliteDb;

/// How long a request waits for a connection before it is told that the database is gone.
const ACQUIRE: Duration = Duration::from_secs(5);
/// Connections a process opens to PostgreSQL at most.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long PostgreSQL may take over a transaction, or one statement beside any. A machine that dies, or a network that
/// swallows, says nothing: without this bound whoever asked would wait until the kernel gives up, a quarter of an hour
/// later, or for ever.
pub(crate) const ANSWER: Duration = Duration::from_secs(20);

/// How long connections to PostgreSQL are waited for when all are closed. A listener that begins to wait in the very moment
/// in which its pool is closed does not hear of it, and would be waited for without end. Transactions under way have ended
/// by then.
const GOODBYE: Duration = ANSWER.saturating_add(Duration::from_secs(5));

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file on this machine; made when it is missing.
    Sqlite(PathBuf),
    /// A PostgreSQL server, as a connection URL.
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads `sqlite:PATH`, `sqlite://PATH`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// A text that says what is accepted.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let options = text.parse::<PgConnectOptions>();
            return options.map(|_| Self::Postgres(text.to_owned())).map_err(|error| error.to_string());
        }
        let path = text.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
        match path {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            _ => Err(format!(
                "\"{text}\" is no database: use sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME"
            )),
        }
    }
}

/// The engine in use.
#[derive(Clone)]
pub(crate) enum Db {
    Sqlite(SqliteDb),
    Postgres(PgPool),
}

/// One connection, inside a transaction or for reading.
pub(crate) enum Conn<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(PgConn<'c>),
}

/// A connection to PostgreSQL, and whether it owes an answer.
pub(crate) struct PgConn<'c> {
    pub(crate) conn: &'c mut PgConnection,
    owes: &'c mut bool,
}

impl PgConn<'_> {
    /// Begins to wait for an answer. Ended by [`PgConn::heard`]; a wait that is given up leaves the connection in debt.
    pub(crate) fn asks(&mut self) {
        *self.owes = true;
    }

    /// Passes an answer on, if one came in time.
    pub(crate) fn heard<T>(
        &mut self,
        answer: Result<Result<T, sqlx::Error>, tokio::time::error::Elapsed>,
    ) -> Result<T, StoreError> {
        let answer = answer.map_err(|_| silent())?;
        *self.owes = false;
        Ok(answer?)
    }
}

/// A borrowed connection for reading.
pub(crate) enum ReadConn {
    Sqlite(PoolConnection<Sqlite>),
    Postgres { conn: PoolConnection<Postgres>, owes: bool },
}

impl ReadConn {
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Postgres { conn, owes } => Conn::Postgres(PgConn { conn, owes }),
        }
    }
}

impl Drop for ReadConn {
    fn drop(&mut self) {
        // The pool would ask it for a sign of life, without end where nobody answers.
        if let Self::Postgres { conn, owes: true } = self {
            conn.close_on_drop();
        }
    }
}

/// Knocks once. A pool tries until its time is over and then speaks of its time, not of what is wrong.
async fn reachable(options: &PgConnectOptions) -> Result<(), StoreError> {
    let answer = tokio::time::timeout(ACQUIRE, PgConnection::connect_with(options)).await;
    Ok(answer.map_err(|_| silent())??.close().await?)
}

impl Db {
    pub(crate) async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        match url {
            DatabaseUrl::Sqlite(path) => Ok(Self::Sqlite(SqliteDb::open(path).await?)),
            DatabaseUrl::Postgres(url) => {
                let options: PgConnectOptions = url.parse()?;
                reachable(&options).await?;
                let pool = PgPoolOptions::new()
                    .max_connections(POSTGRES_CONNECTIONS)
                    .acquire_timeout(ACQUIRE)
                    .connect_with(options)
                    .await?;
                migrate::postgres(&pool).await?;
                Ok(Self::Postgres(pool))
            }
        }
    }

    pub(crate) fn postgres(&self) -> Option<&PgPool> {
        match self {
            Self::Postgres(pool) => Some(pool),
            Self::Sqlite(_) => None,
        }
    }

    /// Runs `work` as one transaction: all of it is written, or nothing. It is finished even when the caller goes
    /// away meanwhile.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(Conn<'c>) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        match self {
            Self::Sqlite(db) => db.write(work).await,
            Self::Postgres(pool) => {
                let pool = pool.clone();
                let unit = async move {
                    let mut conn = pool.acquire().await?;
                    match tokio::time::timeout(ANSWER, transact(&mut conn, work)).await {
                        Ok(outcome) => outcome,
                        Err(_) => {
                            drop(conn.detach());
                            Err(silent())
                        }
                    }
                };
                tokio::spawn(unit).await.map_err(|_| StoreError::Corrupt("a transaction panicked".into()))?
            }
        }
    }

    pub(crate) async fn read(&self) -> Result<ReadConn, StoreError> {
        Ok(match self {
            Self::Sqlite(db) => ReadConn::Sqlite(db.readers().acquire().await?),
            Self::Postgres(pool) => ReadConn::Postgres { conn: pool.acquire().await?, owes: false },
        })
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let mut conn = self.read().await?;
        value!(i64, &mut conn.conn(), "SELECT turn FROM queue_turn WHERE one = 1").map(drop)
    }

    pub(crate) async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut conn = self.read().await?;
        match conn.conn() {
            Conn::Sqlite(_) => Ok(None),
            mut conn => value!(
                Timestamp,
                &mut conn,
                "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)"
            ),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(db) => db.close().await,
            Self::Postgres(pool) => drop(tokio::time::timeout(GOODBYE, pool.close()).await),
        }
    }
}

async fn transact<T, F>(conn: &mut PgConnection, work: F) -> Result<T, StoreError>
where
    F: for<'c> FnOnce(Conn<'c>) -> BoxFuture<'c, Result<T, StoreError>> + Send,
{
    let mut transaction = conn.begin().await?;
    let mut owes = false;
    let answer = work(Conn::Postgres(PgConn { conn: &mut transaction, owes: &mut owes })).await?;
    transaction.commit().await?;
    Ok(answer)
}

fn silent() -> StoreError {
    StoreError::Unavailable("the database does not answer".into())
}

/// Waits for PostgreSQL's answer, but not for ever.
macro_rules! answered {
    ($conn:expr, $asked:expr) => {{
        $conn.asks();
        let answer = tokio::time::timeout($crate::db::ANSWER, $asked).await;
        $conn.heard(answer)
    }};
}

/// Runs one statement on either engine; gives the number of rows it changed.
macro_rules! execute {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $conn {
            $crate::db::Conn::Sqlite(conn) => sqlx::query::<sqlx::Sqlite>($sql)
                $(.bind($crate::db::Bind::bound($bind)))*
                .execute(&mut **conn)
                .await
                .map(|done| done.rows_affected())
                .map_err($crate::StoreError::from),
            $crate::db::Conn::Postgres(conn) => $crate::db::answered!(
                conn,
                sqlx::query::<sqlx::Postgres>($sql)$(.bind($crate::db::Bind::bound($bind)))*.execute(&mut *conn.conn)
            )
            .map(|done| done.rows_affected()),
        }
    };
}

/// Runs one statement on either engine; gives all rows.
macro_rules! rows {
    ($row:ty, $conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $conn {
            $crate::db::Conn::Sqlite(conn) => sqlx::query_as::<sqlx::Sqlite, $row>($sql)
                $(.bind($crate::db::Bind::bound($bind)))*
                .fetch_all(&mut **conn)
                .await
                .map_err($crate::StoreError::from),
            $crate::db::Conn::Postgres(conn) => $crate::db::answered!(
                conn,
                sqlx::query_as::<sqlx::Postgres, $row>($sql)$(.bind($crate::db::Bind::bound($bind)))*.fetch_all(&mut *conn.conn)
            ),
        }
    };
}

/// Runs one statement on either engine; gives the first row, if there is one.
macro_rules! row {
    ($row:ty, $conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $conn {
            $crate::db::Conn::Sqlite(conn) => sqlx::query_as::<sqlx::Sqlite, $row>($sql)
                $(.bind($crate::db::Bind::bound($bind)))*
                .fetch_optional(&mut **conn)
                .await
                .map_err($crate::StoreError::from),
            $crate::db::Conn::Postgres(conn) => $crate::db::answered!(
                conn,
                sqlx::query_as::<sqlx::Postgres, $row>($sql)$(.bind($crate::db::Bind::bound($bind)))*.fetch_optional(&mut *conn.conn)
            ),
        }
    };
}

/// Runs one statement on either engine; gives the first column of the first row, if there is one.
macro_rules! value {
    ($type:ty, $conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::db::row!(($type,), $conn, $sql $(, $bind)*).map(|found| found.map(|(value,)| value))
    };
}

pub(crate) use {answered, execute, row, rows, value};

/// Lets a text column be read as an enum that has `from_text`.
macro_rules! text_column {
    ($name:ident) => {
        impl<DB: sqlx::Database> sqlx::Type<DB> for $name
        where
            str: sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <str as sqlx::Type<DB>>::type_info()
            }

            fn compatible(info: &DB::TypeInfo) -> bool {
                <str as sqlx::Type<DB>>::compatible(info)
            }
        }

        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $name
        where
            &'r str: sqlx::Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                let text = <&str as sqlx::Decode<'r, DB>>::decode(value)?;
                Self::from_text(text).ok_or_else(|| format!("{text} is no {}", stringify!($name)).into())
            }
        }
    };
}

pub(crate) use text_column;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_urls_are_told_apart() {
        assert_eq!(DatabaseUrl::parse("sqlite:///a/b.db"), Ok(DatabaseUrl::Sqlite("/a/b.db".into())));
        assert_eq!(DatabaseUrl::parse("sqlite:b.db"), Ok(DatabaseUrl::Sqlite("b.db".into())));
        assert!(matches!(
            DatabaseUrl::parse("postgres://me@localhost/atelier"),
            Ok(DatabaseUrl::Postgres(_))
        ));
        for wrong in ["", "mysql://x", "sqlite:", "b.db"] {
            assert!(DatabaseUrl::parse(wrong).is_err(), "{wrong}");
        }
    }
}
