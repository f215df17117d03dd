//! Versions of the schema.

use sqlx::Connection as _;
use store::{DatabaseUrl, Store, StoreError};

async fn pretend_a_newer_version(path: &std::path::Path) {
    let url = format!("sqlite://{}", path.display());
    let mut conn = sqlx::SqliteConnection::connect(&url).await.expect("a connection");
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (999, 'from the future', TRUE, x'00', 0)",
    )
    .execute(&mut conn)
    .await
    .expect("a row");
}

#[tokio::test]
async fn a_database_is_opened_twice_but_not_when_it_is_newer() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("atelier.db");
    let url = DatabaseUrl::Sqlite(path.clone());
    for _ in 0..2 {
        let store = Store::open(&url).await.expect("an open database");
        store.ping().await.expect("a sign of life");
        store.close().await;
    }
    pretend_a_newer_version(&path).await;
    let refused = Store::open(&url).await.map(drop);
    assert!(matches!(refused, Err(StoreError::Newer { found: 999, known: 6 })), "{refused:?}");
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_says_so() {
    let refused = Store::open(&DatabaseUrl::Sqlite("/dev/null/atelier.db".into())).await.map(drop);
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
}
