//! The servers start, answer and go. Being here, this test also has cargo build the S3 server for all others.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn the_s3_server_answers_as_a_process_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = testbed::free_port().expect("a port");
    let mut server = Command::new(env!("CARGO_BIN_EXE_s3-server"))
        .arg(folder.path())
        .arg(port.to_string())
        .spawn()
        .expect("a process");
    let begun = Instant::now();
    let mut stream = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => break stream,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    stream.write_all(b"GET /atelier HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    server.kill().expect("ended");
    server.wait().expect("ended");
    assert!(answer.starts_with("HTTP/1.1 403"), "strangers are refused: {answer}");
    assert!(folder.path().join(testbed::BUCKET).is_dir());
}
