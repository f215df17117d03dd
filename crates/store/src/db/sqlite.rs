//! SQLite with one writer that commits in groups.
//!
//! A commit that survives a power cut costs a flush of the disk. Writers therefore queue up at one connection; whatever
//! has queued up while the last flush was under way is written as one transaction, each unit in a savepoint of its own,
//! and all are answered after the one flush they share. Nobody is answered before their change is durable.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::mpsc;

use super::{ACQUIRE, Conn, migrate};
use crate::StoreError;

/// Units that share one commit at most, so that nobody waits long for others.
const GROUP: usize = 64;
/// Units that may wait before callers are held back.
const QUEUE: usize = 1024;
/// Connections for reading; they never wait for the writer.
const READERS: u32 = 8;

/// How a unit ends: its caller is told once the outcome is settled.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// A unit of writing; true when it succeeded and is to be kept.
type Unit = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, (bool, Answer)> + Send>;

/// A database file.
#[derive(Clone)]
pub(crate) struct SqliteDb {
    readers: SqlitePool,
    writer: mpsc::Sender<Unit>,
}

impl SqliteDb {
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // A transaction of some size needs a place for its savepoints, and where everything but the data folder is
            // read-only there is no /tmp.
            .pragma("temp_store", "MEMORY")
            .busy_timeout(Duration::from_secs(10));
        let mut connection = options.clone().disable_statement_logging().connect().await?;
        migrate::sqlite(&mut connection).await?;
        may_write(&mut connection).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE)
            .connect_with(options.disable_statement_logging())
            .await?;
        let (writer, units) = mpsc::channel(QUEUE);
        tokio::spawn(write_groups(connection, units));
        Ok(Self { readers, writer })
    }

    pub(super) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(Conn<'c>) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        let (tell, told) = tokio::sync::oneshot::channel();
        let unit: Unit = Box::new(move |conn| {
            Box::pin(async move {
                let outcome = AssertUnwindSafe(work(Conn::Sqlite(conn))).catch_unwind().await;
                let outcome =
                    outcome.unwrap_or_else(|_| Err(StoreError::Corrupt("a transaction panicked".into())));
                let kept = outcome.is_ok();
                // The caller may be gone; the unit counts all the same.
                let answer: Answer = Box::new(move |settled| {
                    let _ = tell.send(settled.and(outcome));
                });
                (kept, answer)
            })
        });
        self.writer.send(unit).await.map_err(|_| closed())?;
        told.await.map_err(|_| closed())?
    }

    /// Ends after what was queued is written.
    pub(super) async fn close(&self) {
        let _ = self.write(|_| Box::pin(async { Ok(()) })).await;
        self.readers.close().await;
    }
}

/// SQLite opens a file that it may only read without a word, and a server on it would refuse every upload. No row is
/// meant and nothing written: a full disk must not keep a server from giving out what it has.
async fn may_write(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("UPDATE queue_turn SET turn = turn WHERE one = 0").execute(conn).await?;
    Ok(())
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database is closed".into())
}

async fn write_groups(mut conn: SqliteConnection, mut units: mpsc::Receiver<Unit>) {
    while let Some(first) = units.recv().await {
        let mut answers = Vec::new();
        let settled = write_group(&mut conn, first, &mut units, &mut answers).await;
        if settled.is_err() {
            // Whatever state the failed commit left behind, the next group begins outside a transaction.
            let _ = sqlx::query("ROLLBACK").execute(&mut conn).await;
        }
        for answer in answers {
            answer(settled.as_ref().map_err(repeat).copied());
        }
    }
    let _ = conn.close().await;
}

async fn write_group(
    conn: &mut SqliteConnection,
    first: Unit,
    units: &mut mpsc::Receiver<Unit>,
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    let begun = sqlx::query("BEGIN IMMEDIATE").execute(&mut *conn).await;
    let mut next = Some(first);
    if let Err(error) = begun {
        // Nobody's work can run: every caller that is already here hears why.
        while let Some(unit) = next.take().or_else(|| units.try_recv().ok()) {
            answers.push(refuse(unit));
            if answers.len() == GROUP {
                break;
            }
        }
        return Err(error.into());
    }
    while let Some(unit) = next.take().or_else(|| units.try_recv().ok()) {
        sqlx::query("SAVEPOINT unit").execute(&mut *conn).await?;
        let (kept, answer) = unit(&mut *conn).await;
        answers.push(answer);
        if !kept {
            sqlx::query("ROLLBACK TO unit").execute(&mut *conn).await?;
        }
        sqlx::query("RELEASE unit").execute(&mut *conn).await?;
        if answers.len() == GROUP {
            break;
        }
    }
    sqlx::query("COMMIT").execute(&mut *conn).await?;
    Ok(())
}

/// Drops a unit unrun; its caller sees the channel close.
fn refuse(unit: Unit) -> Answer {
    drop(unit);
    Box::new(|_| ())
}

fn repeat(error: &StoreError) -> StoreError {
    match error {
        StoreError::NoRoom => StoreError::NoRoom,
        StoreError::Corrupt(why) => StoreError::Corrupt(why.clone()),
        error => StoreError::Unavailable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_folder_for_temporary_files_is_needed() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = SqliteDb::open(&folder.path().join("a.db")).await.expect("a database");
        let ask = |conn| sqlx::query_scalar::<_, i64>("PRAGMA temp_store").fetch_one(conn);
        let mut reader = db.readers().acquire().await.expect("a reader");
        assert_eq!(ask(&mut *reader).await.expect("a setting"), 2);
        let writer = db.write(|conn| {
            Box::pin(async move {
                let Conn::Sqlite(conn) = conn else { return Ok(0) };
                Ok(sqlx::query_scalar::<_, i64>("PRAGMA temp_store").fetch_one(conn).await?)
            })
        });
        assert_eq!(writer.await.expect("a setting"), 2);
    }

    #[tokio::test]
    async fn a_file_that_may_only_be_read_is_told_from_one_that_may_be_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let options =
            SqliteConnectOptions::new().filename(folder.path().join("a.db")).create_if_missing(true);
        let mut own = options.clone().connect().await.expect("made");
        migrate::sqlite(&mut own).await.expect("tables");
        may_write(&mut own).await.expect("writable");
        let mut foreign = options.read_only(true).connect().await.expect("opened");
        assert!(matches!(may_write(&mut foreign).await, Err(StoreError::Unavailable(_))));
    }
}
