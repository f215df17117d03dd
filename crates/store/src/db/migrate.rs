//! Versions of the schema: applied at start, refused when the database is newer than the program.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::PgPool;
use sqlx::{SqlSafeStr as _, SqliteConnection};

use crate::StoreError;

/// All versions, oldest first. A version that was released is never changed; a change is a new version.
const VERSIONS: [(i64, &str, &str); 6] = [
    (1, "house", include_str!("../../migrations/0001_house.sql")),
    (2, "catalogue", include_str!("../../migrations/0002_catalogue.sql")),
    (3, "review", include_str!("../../migrations/0003_review.sql")),
    (4, "people", include_str!("../../migrations/0004_people.sql")),
    (5, "traces", include_str!("../../migrations/0005_traces.sql")),
    (6, "reach", include_str!("../../migrations/0006_reach.sql")),
];

pub(super) async fn postgres(pool: &PgPool) -> Result<(), StoreError> {
    migrator().run(pool).await.map_err(refusal)
}

pub(super) async fn sqlite(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    migrator().run(conn).await.map_err(refusal)
}

fn migrator() -> Migrator {
    let versions = VERSIONS.map(|(version, name, sql)| {
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(versions.to_vec())
}

fn refusal(error: MigrateError) -> StoreError {
    let known = VERSIONS[VERSIONS.len() - 1].0;
    match error {
        MigrateError::VersionMissing(found) | MigrateError::VersionTooNew(found, _) => {
            StoreError::Newer { found, known }
        }
        MigrateError::Execute(error) => error.into(),
        error => StoreError::Corrupt(error.to_string()),
    }
}
