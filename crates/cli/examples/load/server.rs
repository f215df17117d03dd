//! The server under load: the real program with a data folder of its own.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use store::{DatabaseUrl, JobFilter, JobState, Store};

use crate::Outcome;

/// Flags that let one client ask as fast as it can.
pub const NO_RATES: [&str; 6] = ["--rate-per-token", "0", "--rate-per-address", "0", "--rate-per-job", "0"];

/// The server process with a data folder of its own.
pub struct Server {
    process: Child,
    folder: tempfile::TempDir,
    base: String,
    program: PathBuf,
}

impl Server {
    /// Starts with these flags more.
    pub fn start(flags: &[&str]) -> Outcome<Self> {
        let here = std::env::current_exe()?;
        let program = here.parent().and_then(Path::parent).ok_or("no folder")?.join("atelier");
        let folder = tempfile::tempdir()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let process = Command::new(&program)
            .args(["serve", "--listen", &address, "--log-level", "warn"])
            .args(flags)
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self { process, folder, base: format!("http://{address}"), program })
    }

    /// What `atelier admin` prints.
    pub fn admin(&self, arguments: &[&str]) -> Outcome<String> {
        let data = self.folder.path().join("data");
        let output =
            Command::new(&self.program).arg("admin").args(arguments).arg("--data-dir").arg(data).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Waits until it can work.
    pub async fn is_ready(&self) -> Outcome<()> {
        let http = reqwest::Client::new();
        while http.get(format!("{}/health/ready", self.base)).send().await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Where it is asked.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Milliseconds from acceptance to start of the newest jobs, sorted.
    pub async fn waits(&self, newest: usize) -> Outcome<Vec<i64>> {
        let path = self.folder.path().join("data/atelier.db");
        let store = Store::open(&DatabaseUrl::parse(&format!("sqlite://{}", path.display()))?).await?;
        let jobs = store.jobs(&JobFilter { limit: i64::try_from(newest)?, ..JobFilter::default() }).await?;
        if jobs.iter().any(|job| job.state != JobState::Completed) {
            return Err("not every job was completed".into());
        }
        let mut waits: Vec<i64> =
            jobs.iter().filter_map(|job| Some(job.started_at?.0 - job.created_at.0)).collect();
        waits.sort_unstable();
        store.close().await;
        Ok(waits)
    }

    /// A figure of the process's memory in MiB.
    pub fn memory(&self, name: &str) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find(|line| line.starts_with(name)).ok_or("no such figure")?;
        let kib: u64 = line.split_whitespace().nth(1).ok_or("no figure")?.parse()?;
        Ok(kib / 1024)
    }

    /// Ends it.
    pub fn stop(&mut self) -> Outcome<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been stopped before.
        let _ = self.stop();
    }
}
