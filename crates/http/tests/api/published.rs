//! The published Python client against the doors. It comes from PyPI, so this runs only when asked for:
//! `cargo test -p atelier-http --test api -- --ignored published`. `ATELIER_PYTHON` may name an interpreter that has
//! `autoretouch` 0.3.0 already.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use store::{Claim, WorkerId};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::desk::{Desk, PIXEL};

/// An interpreter with the package, in an environment of its own that goes with the folder.
fn python(folder: &Path) -> PathBuf {
    if let Some(python) = std::env::var_os("ATELIER_PYTHON") {
        return python.into();
    }
    let environment = folder.join("python");
    let made = Command::new("python3").args(["-m", "venv"]).arg(&environment).status();
    assert!(made.expect("python3").success(), "a Python environment");
    let python = environment.join("bin/python");
    let got = Command::new(&python).args(["-m", "pip", "install", "--quiet", "autoretouch==0.3.0"]).status();
    assert!(got.expect("pip").success(), "the package");
    python
}

/// Takes jobs and gives results until told to stop.
async fn work(desk: &Desk, stop: &AtomicBool) {
    let worker = WorkerId::random();
    desk.store.register_worker(&worker, "test", 1 << 30, desk.now()).await.expect("registered");
    while !stop.load(Ordering::SeqCst) {
        let until = desk.now().plus(Duration::from_secs(60));
        match desk.store.claim(&worker, None, desk.now(), until).await.expect("a claim") {
            Claim::Job(job) => desk.made(&job, format!("result of {}", job.id).as_bytes()).await,
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "installs a package from PyPI"]
async fn the_published_client_does_all_it_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let python = python(folder.path());
    let desk = Arc::new(Desk::open().await);
    let shop = desk.shop("north", 10_000).await;
    let picture = folder.path().join("picture.png");
    std::fs::write(&picture, PIXEL).expect("written");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/published.py");
    let mut child = tokio::process::Command::new(python)
        .arg(script)
        .arg(&desk.url)
        .args([&picture, &folder.path().to_owned()])
        .arg("50")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the script");
    let stop = Arc::new(AtomicBool::new(false));
    let worker = tokio::spawn({
        let (desk, stop) = (desk.clone(), stop.clone());
        async move { work(&desk, &stop).await }
    });
    let mut lines = BufReader::new(child.stdout.take().expect("its words")).lines();
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await.expect("a line") {
        if let Some(code) = line.strip_prefix("confirm ").and_then(|uri| uri.rsplit_once("user_code=")) {
            let grant = desk.service.device_request(code.1, "test").await.expect("asked").expect("a request");
            desk.service
                .decide_device(&grant, &shop.account, Some(&shop.organization.id))
                .await
                .expect("decided");
        } else {
            said.push(line);
        }
    }
    assert!(child.wait().await.expect("an end").success(), "{said:?}");
    assert_eq!(said, ["signed in", "executed", "folder done", "done"]);
    stop.store(true, Ordering::SeqCst);
    worker.await.expect("the worker");
    assert_eq!(desk.spooled(), 0);
}
