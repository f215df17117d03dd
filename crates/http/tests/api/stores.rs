//! What the tests stand on: SQLite and a folder; and, once more, PostgreSQL and S3.

use std::path::Path;
use std::process::Command;

use service::{Blobs, Store};
use store::{DatabaseUrl, S3Place};
use testbed::{ACCESS_KEY, BUCKET, Postgres, S3Server, SECRET_KEY, database_at};

/// Names the port of a PostgreSQL cluster; with [`S3`] all tests run on these.
const POSTGRES: &str = "ATELIER_TEST_POSTGRES";
/// Names the address of an S3 server.
const S3: &str = "ATELIER_TEST_S3";

/// Database and store of one test.
pub async fn open(folder: &Path) -> (Store, Blobs) {
    let Ok(port) = std::env::var(POSTGRES) else {
        let database = DatabaseUrl::Sqlite(folder.join("a.db"));
        let store = Store::open(&database).await.expect("a database");
        return (store, Blobs::disk(&folder.join("blobs")).expect("a folder"));
    };
    // The folder's name is as good as any: no other test has it.
    let name = folder.file_name().expect("a name").to_string_lossy().replace('.', "t").to_lowercase();
    let unique = format!("{name}_{}", std::process::id());
    let url = database_at(port.parse().expect("a port"), &unique).expect("a database");
    let store = Store::open(&DatabaseUrl::parse(&url).expect("an address")).await.expect("a database");
    let place = S3Place {
        bucket: BUCKET.to_owned(),
        prefix: unique,
        endpoint: Some(std::env::var(S3).expect("an S3 server")),
        region: "us-east-1".to_owned(),
        access_key: ACCESS_KEY.to_owned(),
        secret_key: SECRET_KEY.to_owned(),
    };
    (store, Blobs::s3(&place).expect("a bucket"))
}

/// Every other test of this program, on one cluster and one server: statuses, errors, states and key sets are the same.
#[test]
fn all_of_this_holds_with_postgres_and_s3() {
    let postgres = Postgres::start().expect("a cluster");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let s3 = runtime.block_on(S3Server::start()).expect("a server");
    let program = std::env::current_exe().expect("this program");
    let mut tests = Command::new(program);
    tests.args(["--skip", "all_of_this_holds_with_postgres_and_s3", "--test-threads", "4"]);
    tests.env(POSTGRES, postgres.port().to_string()).env(S3, s3.endpoint());
    // What the test runner tells its own tests is none of these.
    tests.env_remove("NEXTEST").env_remove("NEXTEST_EXECUTION_MODE");
    let output = tests.output().expect("the tests run");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let passed = told.lines().find_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next());
    let passed: usize = passed.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{told}"));
    assert!(passed > 40, "{told}");
}
