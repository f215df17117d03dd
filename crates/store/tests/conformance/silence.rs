//! A database that takes a question and never answers.

use std::time::{Duration, Instant};

use sqlx::Connection as _;
use store::{DatabaseUrl, Store};

use crate::setting::{NOON, open};

/// More questions than the store has connections.
const QUESTIONS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_ever_for_a_database_that_is_silent() {
    let cluster = testbed::Postgres::start().expect("a PostgreSQL cluster");
    let url = cluster.database().expect("a database");
    let store = open(&url).await;
    let mut other = sqlx::PgConnection::connect(&url).await.expect("a connection");
    let mut lock = other.begin().await.expect("a transaction");
    sqlx::query("LOCK TABLE audit IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.expect("a lock");

    let began = Instant::now();
    let asked = (0..QUESTIONS).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            if number % 2 == 0 {
                store.audit("ada", "door.knock", "", "", NOON).await.is_err()
            } else {
                store.audit_log(1).await.is_err()
            }
        })
    });
    for asked in asked.collect::<Vec<_>>() {
        assert!(asked.await.expect("an end"), "no answer is an error");
    }
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());

    // The connections that were given up are nobody's any more: others are served at once.
    let began = Instant::now();
    store.ping().await.expect("a sign of life");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    lock.rollback().await.expect("let go");
    store.audit("ada", "door.knock", "", "", NOON).await.expect("written");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_opened_says_why() {
    let cluster = testbed::Postgres::start().expect("a PostgreSQL cluster");
    let nowhere = testbed::free_port().expect("a port");
    for (port, wanted) in [(nowhere, "refused"), (cluster.port(), "\"missing\" does not exist")] {
        let url = DatabaseUrl::Postgres(format!("postgres://atelier@127.0.0.1:{port}/missing"));
        let trouble = Store::open(&url).await.err().expect("an error").to_string();
        assert!(trouble.contains(wanted), "{trouble}");
    }
}
