//! The house under test: the real program with its own folder and stores, started, killed and asked.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use store::{Blobs, DatabaseUrl, S3Place, Store};

use testbed::{ACCESS_KEY, BUCKET, Postgres, SECRET_KEY};

use super::bucket::Bucket;
use super::wire::Client;

/// Credits given to the token of the tests.
pub const CREDITS: i64 = 100_000;
/// How long a process may take to be ready, on a machine that builds something else besides.
const READY: Duration = Duration::from_secs(60);

/// The program's processes with what they stand on.
pub struct House {
    folder: tempfile::TempDir,
    address: SocketAddr,
    flags: Vec<String>,
    server: Option<Child>,
    workers: Vec<Child>,
    database: Option<String>,
    /// The database server, when it is not a file.
    pub postgres: Option<Postgres>,
    /// The store, when it is not a folder.
    pub bucket: Option<Bucket>,
}

impl House {
    /// SQLite and disk. Nothing is started yet.
    pub fn embedded(flags: &[&str]) -> Self {
        Self::new(flags, None, None, None)
    }

    /// PostgreSQL and S3. Only these are started yet.
    pub fn networked(flags: &[&str]) -> Self {
        let postgres = Postgres::start().expect("a cluster");
        let database = postgres.database().expect("a database");
        Self::new(flags, Some(database), Some(postgres), Some(Bucket::start()))
    }

    fn new(
        flags: &[&str],
        database: Option<String>,
        postgres: Option<Postgres>,
        bucket: Option<Bucket>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        Self {
            folder,
            address: free_address(),
            flags,
            server: None,
            workers: Vec::new(),
            database,
            postgres,
            bucket,
        }
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A path beside the data folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the server is asked.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The program in the house's folder, without settings of this machine.
    pub fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atelier"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ATELIER_")) {
            command.env_remove(name);
        }
        command.current_dir(self.folder.path());
        command
    }

    /// Has the database carry out SQL statements.
    pub fn sql(&self, statements: &str) {
        let database = self.database.as_ref().expect("a database server");
        testbed::execute(database, statements).expect("carried out");
    }

    /// The flags that tell `admin` where the data is.
    pub fn reach(&self) -> Vec<String> {
        let mut flags = vec!["--data-dir".to_owned(), self.data().display().to_string()];
        if let Some(database) = &self.database {
            flags.extend(["--database-url".to_owned(), database.clone()]);
        }
        flags
    }

    fn settings(&self) -> Vec<String> {
        let mut flags = self.reach();
        if let Some(bucket) = &self.bucket {
            let (store, endpoint) = (format!("s3://{BUCKET}/test"), bucket.endpoint());
            let pairs = [
                ("--store", store.as_str()),
                ("--store-endpoint", &endpoint),
                ("--store-access-key", ACCESS_KEY),
                ("--store-secret-key", SECRET_KEY),
            ];
            flags.extend(pairs.iter().flat_map(|(flag, value)| [(*flag).to_owned(), (*value).to_owned()]));
        }
        flags.extend(self.flags.iter().cloned());
        flags
    }

    /// `atelier serve` with the house's settings; standard output and error go to files.
    pub fn serve_command(&self) -> Command {
        let mut command = self.program();
        command.arg("serve").args(self.settings()).args(["--listen", &self.address.to_string()]);
        self.with_files(&mut command);
        command
    }

    fn with_files(&self, command: &mut Command) {
        let open =
            |name: &str| File::options().create(true).append(true).open(self.path(name)).expect("a file");
        command.stdin(Stdio::null()).stdout(open("stdout")).stderr(open("log"));
    }

    /// Starts the server and waits until it is ready.
    pub fn serve(&mut self) {
        let command = self.serve_command();
        self.serve_with(command);
    }

    /// Starts the server by a command of one's own and waits until it is ready.
    pub fn serve_with(&mut self, mut command: Command) {
        self.server = Some(command.spawn().expect("the server starts"));
        let deadline = Instant::now() + READY;
        while !self.answers("/health/ready") {
            if let Some(end) = self.server.as_mut().and_then(|server| server.try_wait().expect("a state")) {
                panic!("the server ended with {end}:\n{}", self.log());
            }
            assert!(Instant::now() < deadline, "the server is not ready:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// True when a path is answered with 200.
    pub fn answers(&self, path: &str) -> bool {
        let url = format!("{}{path}", self.base());
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--fail", "--max-time", "5", "--output", "/dev/null", &url]);
        curl.status().expect("curl runs").success()
    }

    /// Starts one worker process more.
    pub fn hire(&mut self) {
        let mut command = self.program();
        command.arg("worker").args(self.settings());
        self.with_files(&mut command);
        self.workers.push(command.spawn().expect("the worker starts"));
    }

    /// Asks all workers to end, and waits for them.
    pub fn dismiss(&mut self) {
        for mut worker in self.workers.drain(..) {
            send("TERM", worker.id());
            let deadline = Instant::now() + READY;
            while worker.try_wait().expect("a state").is_none() {
                assert!(Instant::now() < deadline, "a worker does not end");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// Kills a worker without a warning, and its number is free.
    pub fn kill_worker(&mut self, number: usize) {
        end_now(self.workers.remove(number));
    }

    /// The process number of a worker.
    pub fn worker_id(&self, number: usize) -> u32 {
        self.workers[number].id()
    }

    /// Kills the server without a warning.
    pub fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            end_now(server);
        }
    }

    /// Sends the server a signal.
    pub fn signal(&self, name: &str) {
        send(name, self.server.as_ref().expect("a server").id());
    }

    /// Waits for the server's end.
    pub fn wait(&mut self, longest: Duration) -> ExitStatus {
        let mut server = self.server.take().expect("a server");
        let deadline = Instant::now() + longest;
        loop {
            if let Some(end) = server.try_wait().expect("a state") {
                return end;
            }
            if Instant::now() >= deadline {
                end_now(server);
                panic!("the server did not end in {longest:?}:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// All that was logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// All that was written on standard output.
    pub fn stdout(&self) -> String {
        fs::read_to_string(self.path("stdout")).unwrap_or_default()
    }

    /// What became of `atelier admin` with these arguments.
    pub fn try_admin(&self, arguments: &[&str]) -> Output {
        let mut command = self.program();
        command.arg("admin").args(arguments).args(self.reach()).stdin(Stdio::null());
        command.output().expect("the program runs")
    }

    /// What `atelier admin` prints, without its line end.
    pub fn admin(&self, arguments: &[&str]) -> String {
        let output = self.try_admin(arguments);
        let trouble = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "admin {arguments:?}: {trouble}");
        String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
    }

    /// A client with a token of its own and more credits than a test needs. The organization is `Test`.
    pub fn client(&self) -> Client {
        self.admin(&["account", "create", "test@example.org", "--organization", "Test"]);
        self.admin(&["credits", "add", "--organization", "Test", &CREDITS.to_string()]);
        let token = self.admin(&["token", "create", "--account", "test@example.org"]);
        Client::new(self.base(), token)
    }

    /// The database, opened beside the running server.
    pub async fn store(&self) -> Store {
        let own = || format!("sqlite://{}", self.data().join("atelier.db").display());
        let url = self.database.clone().unwrap_or_else(own);
        Store::open(&DatabaseUrl::parse(&url).expect("a database")).await.expect("opened")
    }

    /// The pictures, opened beside the running server.
    pub fn blobs(&self) -> Blobs {
        let Some(bucket) = &self.bucket else {
            return Blobs::disk(&self.data().join("blobs")).expect("opened");
        };
        let place = S3Place {
            bucket: BUCKET.to_owned(),
            prefix: "test".to_owned(),
            endpoint: Some(bucket.endpoint()),
            region: "us-east-1".to_owned(),
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
        };
        Blobs::s3(&place).expect("opened")
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.server.take().into_iter().chain(self.workers.drain(..)).for_each(end_now);
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("the end of the log:\n{}", lines[lines.len().saturating_sub(60)..].join("\n"));
        }
    }
}

/// Sends a signal to a process that the test started.
pub fn send(signal: &str, process: u32) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &process.to_string()]).status();
    assert!(sent.expect("kill runs").success(), "no process {process}");
}

fn end_now(mut process: Child) {
    // It may have ended by itself.
    let _ = process.kill();
    let _ = process.wait();
}

/// An address nobody listens on just now.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

/// True when this process may do what only root may.
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    id.stdout.starts_with(b"0\n")
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}
