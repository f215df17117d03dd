//! The published Python client, as it comes from PyPI, against the real program: device flow, pictures, a folder of fifty
//! with its two hundred threads, refresh, revocation.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::browser::Browser;
use super::house::House;
use super::pictures::tiny;
use super::shop::{PASSWORD, person};

const PACKAGE: &str = "autoretouch==0.3.0";
const COPIES: usize = 50;

/// An interpreter that has the package: made once, kept beside the build for the next runs. `ATELIER_PYTHON` may name
/// one that has it already.
fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("ATELIER_PYTHON") {
        return python.into();
    }
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGE);
    let python = kept.join("bin/python");
    if has_package(&python) {
        return python;
    }
    let draft = tempfile::Builder::new().prefix("python-").tempdir_in(env!("CARGO_TARGET_TMPDIR"));
    let draft = draft.expect("a folder").keep();
    run(
        Command::new("python3").args(["-m", "venv"]).arg(&draft),
        "scripts/setup tests installs what is missing",
    );
    run(
        Command::new(draft.join("bin/python")).args(["-m", "pip", "install", "--quiet", PACKAGE]),
        "PyPI must be reachable once; or name an interpreter that has the package with ATELIER_PYTHON",
    );
    // Another test process may have been quicker: then its environment is as good.
    if fs::rename(&draft, &kept).is_err() {
        fs::remove_dir_all(if has_package(&python) { &draft } else { &kept }).expect("removed");
        if !has_package(&python) {
            fs::rename(&draft, &kept).expect("renamed");
        }
    }
    assert!(has_package(&python), "no usable Python environment at {}", kept.display());
    python
}

fn has_package(python: &Path) -> bool {
    let found = Command::new(python).args(["-c", "import autoretouch.api_client.client"]).output();
    found.is_ok_and(|output| output.status.success())
}

fn run(command: &mut Command, advice: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; {advice}"));
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "THE PUBLISHED CLIENT WAS NOT TESTED. {command:?}: {trouble}\n{advice}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_python_client_does_all_it_can_with_sqlite_and_disk() {
    all_it_can(House::embedded(&[])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_python_client_does_all_it_can_with_postgres_and_s3() {
    all_it_can(House::networked(&[])).await;
}

async fn all_it_can(mut house: House) {
    let python = python();
    house.serve();
    let (email, _) = person(&house, "north", 1_000);
    let (folder, picture) = (house.path("client"), house.path("picture.png"));
    fs::create_dir(&folder).expect("a folder");
    fs::write(&picture, tiny(1)).expect("written");
    let mut script = tokio::process::Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/published.py"))
        .arg(house.base())
        .args([&picture, &folder])
        .arg(COPIES.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the script");
    let mut lines = BufReader::new(script.stdout.take().expect("its words")).lines();
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await.expect("a line") {
        match line.strip_prefix("confirm ") {
            Some(address) => {
                let page = Browser::new(&house.base()).decide(address, &email, PASSWORD, "approve").await;
                assert!(page.contains("Approved"), "{page}");
            }
            None => said.push(line),
        }
    }
    assert!(script.wait().await.expect("an end").success(), "{said:?}");
    assert_eq!(said, ["signed in", "executed", "folder done", "done"]);
    let results = fs::read_dir(folder.join("results")).expect("results").count();
    assert_eq!(results, COPIES);
}
