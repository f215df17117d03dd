//! An upload is never held whole in memory, however fast it comes.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use http_doors::{HttpSettings, ServeLimits, router, serve, voices};
use service::{Blobs, Service, Settings, Store, SystemClock};
use store::DatabaseUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const MEGABYTE: usize = 1024 * 1024;
const UPLOAD: usize = 96 * MEGABYTE;

/// Most memory this process has held so far, in bytes; none where the system does not tell.
fn peak() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<usize>().ok()? * 1024)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_upload_leaves_the_memory_flat() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = DatabaseUrl::parse(&format!("sqlite://{}", folder.path().join("a.db").display()));
    let store = Store::open(&database.expect("an address")).await.expect("a database");
    let blobs = Blobs::disk(&folder.path().join("blobs")).expect("a folder");
    let settings = Settings { spool_dir: folder.path().join("spool"), ..Settings::default() };
    let service = Service::new(store, blobs, Arc::new(SystemClock), settings, voices());
    let first = service.first_start().await.expect("a start").expect("an empty house");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = router(service, HttpSettings::default(), axum::Router::new());
    tokio::spawn(serve(listener, router, CancellationToken::new(), ServeLimits::default()));

    let before = peak();
    let began = Instant::now();
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = "--b\r\nContent-Disposition: form-data; name=\"payload\"\r\n\r\n\
        {\"mode\":\"facefeatures\"}\r\n\
        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n";
    let end = "\r\n--b--\r\n";
    let request = format!(
        "POST /api/v1/retoucher/start HTTP/1.1\r\nHost: h\r\nX-Retouch-Token: {}\r\nContent-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nConnection: close\r\n\r\n{head}",
        first.token,
        head.len() + UPLOAD + end.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    // Carriage returns are the worst case for a parser that looks for the end of the part.
    let piece = vec![b'\r'; MEGABYTE];
    for _ in 0..UPLOAD / MEGABYTE {
        stream.write_all(&piece).await.expect("sent");
    }
    stream.write_all(end.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("picture"), "{answer}");
    let taken = began.elapsed().as_secs_f64();
    println!("{:.0} MB/s", UPLOAD as f64 / 1e6 / taken);
    if let (Some(before), Some(after)) = (before, peak()) {
        println!("{:.1} MB more memory", (after - before) as f64 / 1e6);
        assert!(after - before < 24 * MEGABYTE, "{} bytes more", after - before);
    }
}
