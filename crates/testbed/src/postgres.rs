//! A PostgreSQL cluster of its own in a temporary folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail};

/// A running cluster; it stops and its files go when this is dropped.
pub struct Postgres {
    folder: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
    databases: AtomicUsize,
}

impl Postgres {
    /// Makes and starts a cluster.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("atelier-postgres-").tempdir()?;
        let programs = programs()?;
        let cluster = Self { folder, programs, port: crate::free_port()?, databases: AtomicUsize::new(0) };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(cluster.folder.path()))?;
        }
        let data = cluster.data();
        run(cluster
            .command("initdb")
            .args(["--auth=trust", "--username=atelier", "--encoding=UTF8", "--no-sync", "-D"])
            .arg(data))?;
        cluster.resume()?;
        Ok(cluster)
    }

    /// The URL of a new, empty database.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn database(&self) -> Result<String> {
        let name = format!("atelier_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        database_at(self.port, &name)
    }

    /// Where it listens, for [`database_at`].
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops the server at once, as a crash would; its data stay.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn pause(&self) -> Result<()> {
        run(self
            .command("pg_ctl")
            .args(["stop", "--wait", "--silent", "--mode=immediate", "-D"])
            .arg(self.data()))
    }

    /// Starts the server, for the first time or again.
    ///
    /// # Errors
    /// When it does not start.
    pub fn resume(&self) -> Result<()> {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_connections=300",
            self.port
        );
        run(self
            .command("pg_ctl")
            .args(["start", "--wait", "--silent", "-D"])
            .arg(self.data())
            .arg("-l")
            .arg(self.folder.path().join("log"))
            .arg("-o")
            .arg(options))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// PostgreSQL refuses to run as root; then its own user does.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A cluster that is paused already cannot be stopped again; that is fine.
        let _ = self.pause();
    }
}

/// Has the database at a URL carry out SQL statements.
///
/// # Errors
/// When it refuses.
pub fn execute(url: &str, sql: &str) -> Result<()> {
    let mut psql = Command::new(programs()?.join("psql"));
    run(psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", sql]).arg(url))
}

/// The URL of a new, empty database of a cluster that somebody else has started.
///
/// # Errors
/// When it cannot be made.
pub fn database_at(port: u16, name: &str) -> Result<String> {
    let mut create = Command::new(programs()?.join("createdb"));
    create.args(["--username=atelier", "--host=127.0.0.1"]).arg(format!("--port={port}")).arg(name);
    run(&mut create)?;
    Ok(format!("postgres://atelier@127.0.0.1:{port}/{name}"))
}

/// Where the server's programs are: Debian keeps them off the path, one folder a version.
fn programs() -> Result<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.splice(0..0, std::env::split_paths(&path));
    let with_server = found.into_iter().rev().find(|folder| folder.join("initdb").is_file());
    with_server.context("PostgreSQL is not installed: run scripts/setup tests")
}

fn is_root() -> bool {
    let owner = |path: &Path| {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata(path).map(|facts| facts.uid())
    };
    owner(Path::new("/proc/self")).is_ok_and(|uid| uid == 0)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!(
            "{command:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
