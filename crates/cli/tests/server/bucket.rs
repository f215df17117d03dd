//! A throw-away S3: a server process over a temporary folder that can be stopped and started again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The server process with its folder.
pub struct Bucket {
    folder: tempfile::TempDir,
    address: SocketAddr,
    process: Option<Child>,
}

impl Bucket {
    /// Starts with an empty bucket.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut bucket = Self { folder, address: super::house::free_address(), process: None };
        bucket.resume();
        bucket
    }

    /// Where it listens.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends the process; what is stored stays.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("killed");
            process.wait().expect("ended");
        }
    }

    /// Starts the process again on the same address.
    pub fn resume(&mut self) {
        let mut command = Command::new(program());
        command.arg(self.folder.path()).arg(self.address.port().to_string());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut process = command.spawn().expect("the S3 server starts");
        while std::net::TcpStream::connect(self.address).is_err() {
            // The address may be held for a moment by the connections of the process before.
            if process.try_wait().expect("a state").is_some() {
                process = command.spawn().expect("the S3 server starts");
            }
            assert!(Instant::now() < deadline, "the S3 server did not start on {}", self.address);
            std::thread::sleep(Duration::from_millis(50));
        }
        self.process = Some(process);
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The program is built with the workspace's tests; where only these were asked for, it is built now.
fn program() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_atelier")).parent().expect("a folder");
    let program = folder.join("s3-server");
    if !program.exists() {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "--package", "atelier-testbed", "--bin", "s3-server"]);
        assert!(build.status().expect("cargo runs").success(), "cargo build --bin s3-server failed");
    }
    program
}
